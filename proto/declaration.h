/*
 * Declared segments: the files that say which ones there shall be,
 *
 *     {"segments": [{"name": "cam/left", "size": "64M", "mode": "0660", ...}, ...]}
 *
 * It knows their members and types, nothing of what the values mean to whoever
 * applies them.
 */
#pragma once

#include "fields.h"

#include <stdbool.h>
#include <stddef.h>

/* Strings are borrowed from the file's text. Those of figures are as people type them:
 * a number in the file has become one, a mode in octal. NULL: not declared. */
struct declaration {
        const char *name;
        const char *size;
        const char *mode;
        const char *owner;
        const char *group;
        const char *huge_page_size;
        int lifetime; /* enum shmb_lifetime, -1: not declared */
        bool no_reserve;
        bool lock;
        struct labels labels;
};

struct declarations;

/* Reads a whole file, of which length_bytes belong to it; the byte behind must be
 * readable. ret_reason says in a few words why it was refused.
 * Errors: ERROR_MALFORMED, ERROR_NO_MEMORY. */
int declarations_open(struct declarations **ret, const char *text, size_t length_bytes,
                      const char **ret_reason);
void declarations_close(struct declarations *declarations); /* takes NULL */

/* The next one: 1, or 0 at the end. ret is good until the next call. Errors, after which
 * the ones behind it can still be had: ERROR_INVALID_PARAMETER (ret_member is the one that
 * is missing, unknown or of the wrong type, NULL where it is no object at all),
 * ERROR_NO_MEMORY. */
int declarations_next(struct declarations *declarations, struct declaration *ret,
                      const char **ret_member);
