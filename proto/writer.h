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

void writer_boolean(struct buffer *out, bool value);

void writer_integer(struct buffer *out, int64_t value);
/* The same for whoever made the room. Returns the byte behind it. */
char *writer_put_integer(char *at, int64_t value);
#define WRITER_INTEGER_BYTES_MAX 20
