/*
 * Standard input as something with a size that is known before a byte of it goes
 * anywhere: a regular file has one, everything else is read to its end first.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct ctl;

#define INPUT_UNSIZED_BYTES_MAX (UINT64_C(1) << 30)

struct input {
        uint64_t size; /* bytes */
        char *bytes;   /* NULL: still to be read */
};

/* Refuses what has more than `maximum` bytes, and of what is no file more than
 * `expected` or INPUT_UNSIZED_BYTES_MAX of them, the larger one: it is held in memory.
 * `subject` is the segment that it is for, in messages. False after it said why not. */
bool input_open(const struct ctl *ctl, const char *subject, uint64_t maximum, uint64_t expected,
                struct input *ret);

/* Copies all of it, once. False after it said why not: part of it may be there then. */
bool input_copy(const struct ctl *ctl, struct input *input, char *to);

void input_close(struct input *input);
