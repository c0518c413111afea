/* replay FOLDER: gives every file of a corpus to the target, without a fuzzer. */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void fail(const char *what) {
        fprintf(stderr, "%s: %s\n", what, strerror(errno));
        exit(EXIT_FAILURE);
}

/* In memory of just its length, so that a sanitizer sees a look beyond it. */
static void replay(int folder, const char *name) {
        struct stat stat;
        int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &stat) < 0)
                fail(name);

        size_t length = (size_t) stat.st_size;
        uint8_t *bytes = malloc(length > 0 ? length : 1);
        if (!bytes || read(fd, bytes, length) != stat.st_size)
                fail(name);
        fprintf(stderr, "%s\n", name); /* the last one is the one that crashed */
        LLVMFuzzerTestOneInput(bytes, length);
        free(bytes);
        close(fd);
}

int main(int argc, char **argv) {
        size_t count = 0;

        if (argc != 2) {
                fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
                return 2;
        }
        DIR *folder = opendir(argv[1]);
        if (!folder)
                fail(argv[1]);
        for (struct dirent *entry; (entry = readdir(folder));) {
                if (entry->d_name[0] == '.')
                        continue;
                replay(dirfd(folder), entry->d_name);
                count++;
        }
        closedir(folder);
        fprintf(stderr, "%zu files\n", count);
        return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
