/*
 * The files that declare segments, in /etc, /run and /usr/lib below shmbroker.d: a file
 * in the earlier place hides the one of its name in the later one, as tmpfiles.d(5)
 * has it.
 */
#pragma once

#include <stddef.h>

struct ctl;

struct dropin {
        char *path;
        const char *name; /* the last component of path */
};

struct dropins {
        struct dropin *items;
        size_t count;
};

/* NAME.json in the order of names. An exit code; to be freed on failure as well. */
int dropins_find(const struct ctl *ctl, struct dropins *ret);
void dropins_free(struct dropins *dropins);

/* The whole file and a NUL, from malloc(3). An exit code. */
int dropins_read(const struct ctl *ctl, const char *path, char **ret, size_t *ret_length_bytes);
