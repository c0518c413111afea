/*
 * The state directory: found or made, and locked for one broker alone.
 */
#pragma once

#include <stddef.h>

struct state_directory {
        int fd;      /* -1: none */
        int lock_fd; /* of the file `lock` in it */
};

#define STATE_DIRECTORY_NONE ((struct state_directory){.fd = -1, .lock_fd = -1})

/* Makes the last directory of `path` (0700) where it is missing; what exists keeps its
 * mode. ret_reason: a sentence for people on failure. Errors: -ERROR_SYSTEM. */
int state_directory_open(struct state_directory *ret, const char *path, char *ret_reason,
                         size_t reason_bytes);
void state_directory_close(struct state_directory *directory); /* takes none */
