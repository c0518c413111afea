/*
 * The first line of a journal: whose segments it tells of. Ids mean nothing in another
 * boot or another IPC namespace, and another user's are not ours to act on.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buffer;

struct journal_header {
        int64_t format;
        const char *boot; /* /proc/sys/kernel/random/boot_id */
        int64_t ipc;      /* inode of the IPC namespace */
        int64_t uid;      /* the broker's */
        char boot_text[40];
};

/* What a journal that is begun now has. 0 or a negated errno: /proc does not tell. */
int journal_header_init(struct journal_header *ret);

/* Appends it as a line; a failure sticks to the buffer. */
void journal_header_write(struct buffer *out, const struct journal_header *header);

/* NULL where the line (without its newline, the byte behind readable) is this header,
 * else in a few words what it is instead. */
const char *journal_header_mismatch(const struct journal_header *ours, const char *line,
                                    size_t length_bytes);
