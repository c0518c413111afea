/*
 * One declared segment, understood: what its declaration says in words has become
 * sizes, users and modes, and it can be held against the segment that there is.
 */
#pragma once

#include "ctl.h"

#include "proto/fields.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct declaration;
struct shmb_changes;
struct shmb_segment;

struct wanted {
        const char *name;
        uint64_t size;           /* bytes */
        uint64_t huge_page_size; /* bytes; 0: normal pages, 1: the system's default */
        uid_t uid;               /* -1: not declared */
        gid_t gid;               /* likewise */
        mode_t mode;             /* likewise */
        int lifetime;            /* enum shmb_lifetime */
        bool no_reserve, lock;
        struct labels labels; /* items NULL: not declared */
};

/* Strings are borrowed from the declaration. False, with the member and a few words
 * about its value, where it can't be. */
bool wanted_read(const struct declaration *declaration, struct wanted *ret, const char **ret_member,
                 const char **ret_reason);

/* What can't be changed in a segment that exists. NULL where it fits, else what does not,
 * in a few words put into `text`. */
#define WANTED_TEXT_BYTES 256
const char *wanted_mismatch(const struct wanted *wanted, const struct shmb_segment *segment,
                            char text[WANTED_TEXT_BYTES]);

/* What can. True where anything differs. */
bool wanted_changes(const struct wanted *wanted, const struct shmb_segment *segment,
                    struct shmb_changes *ret);
