/* A pattern, a newline, a name. */
#include "fuzz.h"

#include "proto/name.h"

#include <fnmatch.h>
#include <stdbool.h>
#include <string.h>

/* fnmatch(3) does not know **, and takes a backslash for a quote between brackets too. */
static bool fnmatch_agrees_on(const char *pattern) {
        return !strstr(pattern, "**") && !strchr(pattern, '\\');
}

static void check(const char *pattern, const char *name) {
        bool good_pattern = glob_reason(pattern) == NULL, good_name = name_reason(name) == NULL;
        bool matches = glob_match(pattern, name);

        PROMISE(!good_name || glob_match(name, name));
        PROMISE(!good_name || glob_reason(name) == NULL);
        PROMISE(!good_name || glob_match("**", name));
        PROMISE(!good_name || glob_match("*", name) == !strchr(name, '/'));
        if (matches)
                PROMISE(strncmp(pattern, name, glob_prefix_bytes(pattern)) == 0);
        if (good_pattern && good_name && fnmatch_agrees_on(pattern))
                PROMISE(matches == (fnmatch(pattern, name, FNM_PATHNAME) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes) {
        char *pattern = length_bytes > 0 ? strndup((const char *) bytes, length_bytes) : strdup("");
        if (!pattern)
                return 0;

        char *name = pattern + strcspn(pattern, "\n");
        if (*name == '\n')
                *name++ = '\0';
        check(pattern, name);
        free(pattern);
        return 0;
}
