/*
 * A file of lines that is mapped into memory and longer than what is used of it: the
 * rest is empty lines, written out ahead, so that adding a line is a copy that can't
 * fail and that is there wholly or not at all, at whatever instant we die. It knows
 * nothing of what the lines say.
 *
 * Functions that can fail return 0 or a negated errno, and leave the file and its
 * content as they were.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct journal_file {
        int fd;            /* -1: none */
        char *bytes;       /* mapped, shared; NULL while there is nothing to map */
        size_t size_bytes; /* of the file and the mapping */
        size_t used_bytes; /* whole lines, from the first byte on */
};

#define JOURNAL_FILE_NONE ((struct journal_file){.fd = -1})

/* Opens and maps it; flags as open(2), O_CREAT | O_EXCL for a new one. Nothing of it
 * is used yet: that is for the caller to find out. */
int journal_file_open(struct journal_file *ret, int directory_fd, const char *name, int flags);
void journal_file_close(struct journal_file *file); /* takes none, and is none afterwards */

/* Of a new file that is not mapped yet: adds whole lines behind those used, or empty ones
 * up to `size_bytes`, and then maps it. */
int journal_file_write(struct journal_file *file, const char *lines, size_t length_bytes);
int journal_file_lengthen(struct journal_file *file, size_t size_bytes);
int journal_file_map(struct journal_file *file);

/* Grows it to `size_bytes`. */
int journal_file_extend(struct journal_file *file, size_t size_bytes);

/* Cuts off what is behind `size_bytes`, at least those used of a file that is in use; where
 * that fails, it stays. */
void journal_file_trim(struct journal_file *file, size_t size_bytes);

/* Adds a line, its newline included, for which there must be room, and which must not
 * begin with a newline. */
void journal_file_append(struct journal_file *file, const char *line, size_t length_bytes);

/* Takes the last line back, length_bytes with its newline, as if it had never been. */
void journal_file_take_back(struct journal_file *file, size_t length_bytes);

/* Is there nothing but empty lines behind the used ones? */
bool journal_file_ends(const struct journal_file *file);

/* Empties what is behind the used lines: a line that was not finished. Returns how many
 * bytes that were. */
size_t journal_file_wipe(struct journal_file *file);
