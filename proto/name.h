/*
 * The grammar of names, and globs over them. 1 to 255 bytes of A-Z a-z 0-9 . _ - :
 * @ + and /, which divides components; no component is empty, "." or "..".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define NAME_BYTES_MAX    255
#define PATTERN_BYTES_MAX 255
#define GLOB_STARS_MAX    8

/* NULL for a good name, else why it is none, in a few words for people. */
const char *name_reason(const char *name);

/* NULL for a good pattern, else why it is none (too long, "[" without "]", more than
 * eight "*" ...: what keeps matching cheap). */
const char *glob_reason(const char *pattern);

/* glob(7) over the whole name: `*`, `?` and `[...]` stay inside a component, `**` is any
 * bytes at all, slashes too; `[!...]` (or `[^...]`) negates, a backslash quotes (but not
 * between brackets), a leading dot is a byte like others. Time is bounded by
 * length(pattern) * length(name), never exponential. No bad pattern matches. */
bool glob_match(const char *pattern, const char *name);

/* How many of the pattern's first bytes every match begins with: where in the order
 * of names to begin and to stop. */
size_t glob_prefix_bytes(const char *pattern);
