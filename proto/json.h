/*
 * Reading JSON: a strict check of the text, then cJSON's parser. cJSON takes much
 * that is no JSON (leading zeros, raw control characters, invalid UTF-8, NUL in
 * strings, trailing bytes, a name twice); all of that is refused here, before it
 * or right behind it, and so is what is nested or crowded beyond the bounds below.
 *
 * A node (struct cJSON) may be handed on, but only proto/ looks inside.
 */
#pragma once

#include <stddef.h>

struct cJSON;

#define JSON_DEPTH_MAX  8
#define JSON_VALUES_MAX (16 * 1024) /* of all kinds: 64 KiB could hold 32,000 numbers */

/* Makes cJSON take its memory from an arena that json_free() resets, and keeps what short
 * texts that come again were parsed to (documents.h): for a program of our own,
 * single-threaded in its use of JSON, and never for the library, since the hooks belong to
 * the whole process. One document may be alive at a time then. */
void json_use_arena(void);

/* Gives all that memory back, for leak checkers. */
void json_release_arena(void);

/* Parses one whole text; no byte behind it is looked at. ret_reason says in a few words
 * why it was refused.
 * Errors: ERROR_MALFORMED, ERROR_NO_MEMORY. */
int json_parse(const char *text, size_t length_bytes, struct cJSON **ret, const char **ret_reason);
void json_free(struct cJSON *root); /* takes NULL */
