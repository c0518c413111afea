#include "buffer.h"

#include "error.h"

#include <stdlib.h>

#define FIRST_BYTES 512 /* what is allocated first */

void buffer_init(struct buffer *buffer, size_t maximum_bytes) {
        *buffer = (struct buffer){.maximum_bytes = maximum_bytes};
}

void buffer_free(struct buffer *buffer) {
        if (buffer->bytes)
                free(buffer->bytes - buffer->consumed_bytes);
        buffer_init(buffer, buffer->maximum_bytes);
}

/* Content to the start of the memory, so that all that is free lies behind it. */
static void move_to_front(struct buffer *buffer) {
        if (buffer->consumed_bytes == 0)
                return;

        char *memory = buffer->bytes - buffer->consumed_bytes;
        memmove(memory, buffer->bytes, buffer->length_bytes);
        buffer->bytes = memory;
        buffer->capacity_bytes += buffer->consumed_bytes;
        buffer->consumed_bytes = 0;
}

void buffer_clear(struct buffer *buffer) {
        buffer->length_bytes = 0;
        buffer->error = 0;
        move_to_front(buffer);
}

static size_t larger(size_t a, size_t b) {
        return a > b ? a : b;
}

static size_t smaller(size_t a, size_t b) {
        return a < b ? a : b;
}

int buffer_reserve(struct buffer *buffer, size_t more_bytes) {
        if (buffer->error != 0)
                return buffer->error;
        if (more_bytes <= buffer->capacity_bytes - buffer->length_bytes)
                return 0;
        if (more_bytes > buffer->maximum_bytes - buffer->length_bytes)
                return buffer->error = -ERROR_TOO_LARGE;

        move_to_front(buffer);

        /* Room that was consumed is used again only where much of it is left after
         * that: content is not to be moved for every few bytes. */
        size_t capacity = buffer->capacity_bytes;
        size_t needed = buffer->length_bytes + more_bytes;
        size_t limit = capacity < buffer->maximum_bytes ? capacity - capacity / 4 : capacity;
        if (needed <= limit)
                return 0;

        size_t wanted = larger(needed, larger(FIRST_BYTES, 2 * capacity));
        wanted = smaller(wanted, buffer->maximum_bytes);
        char *bytes = realloc(buffer->bytes, wanted);
        if (!bytes)
                return buffer->error = -ERROR_NO_MEMORY;
        buffer->bytes = bytes;
        buffer->capacity_bytes = wanted;
        return 0;
}

void buffer_consume(struct buffer *buffer, size_t length_bytes) {
        if (length_bytes == 0)
                return;

        buffer->bytes += length_bytes;
        buffer->length_bytes -= length_bytes;
        buffer->capacity_bytes -= length_bytes;
        buffer->consumed_bytes += length_bytes;

        size_t memory_bytes = buffer->consumed_bytes + buffer->capacity_bytes;
        if (buffer->length_bytes == 0)
                move_to_front(buffer);
        if (memory_bytes <= BUFFER_KEPT_BYTES || buffer->length_bytes > memory_bytes / 4)
                return;

        move_to_front(buffer);
        size_t wanted = larger(BUFFER_KEPT_BYTES, 2 * buffer->length_bytes);
        char *bytes = realloc(buffer->bytes, wanted);
        if (!bytes)
                return; /* what is there is still good */
        buffer->bytes = bytes;
        buffer->capacity_bytes = wanted;
}

void buffer_truncate(struct buffer *buffer, size_t length_bytes) {
        buffer->length_bytes = length_bytes;
        buffer->error = 0;
}
