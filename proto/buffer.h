/*
 * A growing run of bytes with a maximum. Appending never fails on the spot: the
 * first failure sticks, later appends do nothing, and whoever uses the bytes asks
 * buffer_error() once. It refuses to grow beyond its maximum.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct buffer {
        char *bytes;
        size_t length_bytes;
        size_t capacity_bytes; /* from `bytes` on */
        size_t maximum_bytes;
        int error;             /* 0, -ERROR_NO_MEMORY or -ERROR_TOO_LARGE */
        size_t consumed_bytes; /* in front of `bytes`: buffer.c's alone */
};

void buffer_init(struct buffer *buffer, size_t maximum_bytes); /* allocates nothing */
void buffer_free(struct buffer *buffer);                       /* and is as after buffer_init */
void buffer_clear(struct buffer *buffer); /* keeps the memory, forgets the error */

/* Makes room for `more` bytes behind the content. 0 or the buffer's error. */
int buffer_reserve(struct buffer *buffer, size_t more_bytes);

/* Forgets the first `length` bytes; the memory shrinks when much of it is free, but not
 * below this. */
#define BUFFER_KEPT_BYTES 4096
void buffer_consume(struct buffer *buffer, size_t length_bytes);

/* Goes back to an earlier length, after a record that could not be finished; the
 * error is forgotten. */
void buffer_truncate(struct buffer *buffer, size_t length_bytes);

static inline int buffer_error(const struct buffer *buffer) {
        return buffer->error;
}

/* Room for `more` bytes behind the content, of which the caller writes as many as it
 * needs and then tells buffer_end(). Returns where, or NULL when the buffer failed. */
static inline char *buffer_begin(struct buffer *buffer, size_t more_bytes) {
        if (buffer->error != 0 || more_bytes > buffer->capacity_bytes - buffer->length_bytes) {
                if (buffer_reserve(buffer, more_bytes) < 0)
                        return NULL;
        }
        return buffer->bytes + buffer->length_bytes;
}

/* `end`: behind the last byte that was written. */
static inline void buffer_end(struct buffer *buffer, const char *end) {
        buffer->length_bytes = (size_t) (end - buffer->bytes);
}

/* Makes the content longer by `more` bytes, which the caller writes at once. Returns
 * where, or NULL when the buffer failed. */
static inline char *buffer_extend(struct buffer *buffer, size_t more_bytes) {
        char *where = buffer_begin(buffer, more_bytes);

        if (where)
                buffer_end(buffer, where + more_bytes);
        return where;
}

static inline void buffer_append(struct buffer *buffer, const void *bytes, size_t length_bytes) {
        if (length_bytes == 0)
                return;

        char *where = buffer_extend(buffer, length_bytes);
        if (where)
                memcpy(where, bytes, length_bytes);
}

static inline void buffer_append_byte(struct buffer *buffer, char byte) {
        char *where = buffer_extend(buffer, 1);
        if (where)
                *where = byte;
}
