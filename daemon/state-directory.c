#include "state-directory.h"

#include "proto/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_NAME "lock"

/* Not the directory's own lock: whoever may read a directory could hold that. */
static int lock(struct state_directory *directory) {
        directory->lock_fd = TEMP_FAILURE_RETRY(
                openat(directory->fd, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (directory->lock_fd < 0)
                return -errno;
        return TEMP_FAILURE_RETRY(flock(directory->lock_fd, LOCK_EX | LOCK_NB)) < 0 ? -errno : 0;
}

int state_directory_open(struct state_directory *ret, const char *path, char *ret_reason,
                         size_t reason_bytes) {
        struct state_directory directory = STATE_DIRECTORY_NONE;
        const char *what = "make";
        int r = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;

        if (r == 0) {
                what = "open";
                directory.fd = TEMP_FAILURE_RETRY(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
                r = directory.fd < 0 ? -errno : 0;
        }
        if (r == 0) {
                what = "lock";
                r = lock(&directory);
        }
        if (r == 0) {
                *ret = directory;
                return 0;
        }
        state_directory_close(&directory);
        if (r == -EWOULDBLOCK)
                snprintf(ret_reason, reason_bytes,
                         "another broker already uses the state directory %s", path);
        else
                snprintf(ret_reason, reason_bytes, "can't %s the state directory %s: %s", what,
                         path, strerror(-r));
        return -ERROR_SYSTEM;
}

void state_directory_close(struct state_directory *directory) {
        if (directory->lock_fd >= 0)
                close(directory->lock_fd);
        if (directory->fd >= 0)
                close(directory->fd);
        *directory = STATE_DIRECTORY_NONE;
}
