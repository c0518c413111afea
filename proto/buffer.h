/*
 * A growing run of bytes with a maximum. Appending never fails on the spot: the
 * first failure sticks, later appends do nothing, and whoever uses the bytes asks
 * buffer_error() once. It refuses to grow beyond its maximum.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buffer {
        char *bytes;
        size_t length_bytes;
        size_t capacity_bytes;
        size_t maximum_bytes;
        int error; /* 0, -ERROR_NO_MEMORY or -ERROR_TOO_LARGE */
};

void buffer_init(struct buffer *buffer, size_t maximum_bytes); /* allocates nothing */
void buffer_free(struct buffer *buffer);                       /* and is as after buffer_init */
void buffer_clear(struct buffer *buffer);                      /* keeps the memory, forgets the error */

/* Makes room for `more` bytes behind the content. 0 or the buffer's error. */
int buffer_reserve(struct buffer *buffer, size_t more_bytes);

void buffer_append(struct buffer *buffer, const void *bytes, size_t length_bytes);
void buffer_append_byte(struct buffer *buffer, char byte);

/* Forgets the first `length` bytes; the memory shrinks when much of it is free. */
void buffer_consume(struct buffer *buffer, size_t length_bytes);

/* Goes back to an earlier length, after a record that could not be finished; the
 * error is forgotten. */
void buffer_truncate(struct buffer *buffer, size_t length_bytes);

static inline int buffer_error(const struct buffer *buffer) {
        return buffer->error;
}
