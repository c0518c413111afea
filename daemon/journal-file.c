#include "journal-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE   0600
#define BLANK_BYTES 16384 /* written by one call */

static int map(struct journal_file *file, size_t size_bytes) {
        void *bytes =
                file->bytes == NULL
                        ? mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0)
                        : mremap(file->bytes, file->size_bytes, size_bytes, MREMAP_MAYMOVE);

        if (bytes == MAP_FAILED)
                return -errno;
        file->bytes = bytes;
        file->size_bytes = size_bytes;
        return 0;
}

int journal_file_open(struct journal_file *ret, int directory_fd, const char *name, int flags) {
        struct journal_file file = JOURNAL_FILE_NONE;
        struct stat st;
        int r = 0;

        file.fd = TEMP_FAILURE_RETRY(
                openat(directory_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, FILE_MODE));
        if (file.fd < 0)
                return -errno;
        if (fstat(file.fd, &st) < 0)
                r = -errno;
        else if (st.st_size > 0)
                r = map(&file, (size_t) st.st_size);
        if (r < 0) {
                journal_file_close(&file);
                return r;
        }
        *ret = file;
        return 0;
}

void journal_file_close(struct journal_file *file) {
        if (file->bytes != NULL)
                munmap(file->bytes, file->size_bytes);
        if (file->fd >= 0)
                close(file->fd);
        *file = JOURNAL_FILE_NONE;
}

static int write_at(int fd, size_t at, const char *bytes, size_t length_bytes) {
        while (length_bytes > 0) {
                ssize_t written = TEMP_FAILURE_RETRY(pwrite(fd, bytes, length_bytes, (off_t) at));

                if (written <= 0)
                        return written < 0 ? -errno : -ENOSPC;
                at += (size_t) written;
                bytes += written;
                length_bytes -= (size_t) written;
        }
        return 0;
}

int journal_file_write(struct journal_file *file, const char *lines, size_t length_bytes) {
        int r = write_at(file->fd, file->used_bytes, lines, length_bytes);

        if (r < 0)
                return r;
        file->used_bytes += length_bytes;
        if (file->size_bytes < file->used_bytes)
                file->size_bytes = file->used_bytes;
        return 0;
}

/* Writing is what makes the file system find the room, on those without fallocate(2) as
 * well, and the file has nothing but lines in it at any instant. */
static int write_empty_lines(int fd, size_t from, size_t to) {
        char blank[BLANK_BYTES];

        memset(blank, '\n', sizeof(blank));
        for (size_t piece; from < to; from += piece) {
                int r;

                piece = to - from < sizeof(blank) ? to - from : sizeof(blank);
                r = write_at(fd, from, blank, piece);
                if (r < 0)
                        return r;
        }
        return 0;
}

int journal_file_lengthen(struct journal_file *file, size_t size_bytes) {
        int r = write_empty_lines(file->fd, file->size_bytes, size_bytes);

        if (r >= 0)
                file->size_bytes = size_bytes;
        return r;
}

int journal_file_map(struct journal_file *file) {
        return map(file, file->size_bytes);
}

int journal_file_extend(struct journal_file *file, size_t size_bytes) {
        int r = write_empty_lines(file->fd, file->size_bytes, size_bytes);

        if (r >= 0)
                r = map(file, size_bytes);
        if (r < 0)
                journal_file_trim(file, file->size_bytes);
        return r;
}

void journal_file_trim(struct journal_file *file, size_t size_bytes) {
        if (TEMP_FAILURE_RETRY(ftruncate(file->fd, (off_t) size_bytes)) == 0 &&
            size_bytes < file->size_bytes)
                map(file, size_bytes);
}

/* The store that makes a line one, or none: before it, everything that the line says. */
static void store_first_byte(char *line, char byte) {
        __atomic_store_n(line, byte, __ATOMIC_RELEASE);
}

void journal_file_append(struct journal_file *file, const char *line, size_t length_bytes) {
        char *at = file->bytes + file->used_bytes;

        memcpy(at + 1, line + 1, length_bytes - 1);
        store_first_byte(at, line[0]);
        file->used_bytes += length_bytes;
}

void journal_file_take_back(struct journal_file *file, size_t length_bytes) {
        file->used_bytes -= length_bytes;
        store_first_byte(file->bytes + file->used_bytes, '\n');
        memset(file->bytes + file->used_bytes, '\n', length_bytes);
}

bool journal_file_ends(const struct journal_file *file) {
        size_t bytes = file->size_bytes - file->used_bytes;
        const char *rest;

        if (bytes == 0)
                return true;
        /* One pass of memcmp(3), since it may be megabytes. */
        rest = file->bytes + file->used_bytes;
        return rest[0] == '\n' && memcmp(rest, rest + 1, bytes - 1) == 0;
}

size_t journal_file_wipe(struct journal_file *file) {
        size_t end = file->size_bytes;

        if (journal_file_ends(file))
                return 0;
        while (file->bytes[end - 1] == '\n')
                end--;
        memset(file->bytes + file->used_bytes, '\n', end - file->used_bytes);
        return end - file->used_bytes;
}
