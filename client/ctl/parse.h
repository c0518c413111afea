/*
 * Values as people type them. Each returns NULL and fills what `ret` points to (the
 * type is in the comment), or says in a few words why the value is none; ret is
 * untouched then.
 */
#pragma once

#include "proto/fields.h"
#include "shmbroker.h"

#include <stddef.h>
#include <sys/types.h>

/* A set of labels as it grows by one --label after the other. Values are borrowed. */
struct parsed_labels {
        struct shmb_label items[LABELS_MAX];
        size_t count;
        char keys[LABELS_MAX][LABEL_KEY_BYTES_MAX + 1];
};

struct parsed_owner {
        uid_t uid; /* -1: not given */
        gid_t gid;
};

const char *parse_text(const char *value, void *ret); /* const char *, borrowed */
const char *parse_size(
        const char *value,
        void *ret); /* uint64_t: bytes, or with K, M, G, T: powers of 1024; NULL leaves it */
const char *parse_huge(const char *value, void *ret);     /* uint64_t: likewise; NULL is 1 */
const char *parse_mode(const char *value, void *ret);     /* mode_t: octal, 0 to 0777 */
const char *parse_user(const char *value, void *ret);     /* uid_t: a name, or a number */
const char *parse_group(const char *value, void *ret);    /* gid_t: likewise */
const char *parse_owner(const char *value, void *ret);    /* struct parsed_owner: USER[:GROUP] */
const char *parse_label(const char *value, void *ret);    /* struct parsed_labels: adds KEY=VALUE */
const char *parse_lifetime(const char *value, void *ret); /* int: enum shmb_lifetime */
const char *parse_id(const char *value, void *ret);       /* int: 0 or more */
const char *parse_key(const char *value, void *ret);      /* key_t: 0x..., or decimal; never 0 */
