/*
 * Writes JSON values into a buffer. It exists because cJSON 1.7 prints every
 * number through "%1.15g" and sscanf: slow, and wrong from 2^53 - 1 on. It keeps
 * no state: commas and braces are the caller's (fields.c, mostly).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;

void writer_raw(struct buffer *out, const char *text); /* as it is */

/* Quoted and escaped; NULL is null. What is no UTF-8 (a process' name may hold any
 * bytes) becomes U+FFFD: the result is valid JSON whatever comes. */
void writer_string(struct buffer *out, const char *text);

void writer_integer(struct buffer *out, int64_t value);
/* The same for whoever makes the room: how many bytes it takes, and writing them, the
 * last one in front of `end`. */
size_t writer_integer_bytes(int64_t value);
void writer_put_integer(char *end, int64_t value);
void writer_boolean(struct buffer *out, bool value);
