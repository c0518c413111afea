/*
 * What the kernel cannot keep of a segment, found by name, by id and by token, in
 * the order of names. No system calls, no JSON, no rights; what the kernel knows is
 * not here, save for what identifies the segment.
 */
#pragma once

#include "index.h"
#include "segment.h"

#include "proto/fields.h"
#include "proto/shmbroker-segment.h"

#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct user;

/* One block of memory, with the texts that it was made with; those that it got later are
 * blocks of their own. */
struct entry {
        uint32_t block_bytes; /* all of it */
        /* Differs from every version there was of any entry whenever what a reply tells has
         * changed. */
        uint64_t version;
        struct segment_identity identity;
        bool removed; /* the name is given up; IPC_RMID follows, or the last detach */
        bool adopted;
        unsigned works; /* in flight on a helper thread: the entry must stay */

        struct user *user; /* who is charged: a reference; NULL: nobody yet */
        uid_t creator_uid;
        gid_t creator_gid;
        pid_t creator_pid;
        int lifetime;              /* enum shmb_lifetime */
        char *creator_command;     /* NULL: unknown */
        char *creator_unit;        /* NULL: unknown */
        int64_t created_at;        /* seconds since the epoch */
        int64_t page_size;         /* bytes */
        char *token;               /* of the last call that carried one, NULL: none */
        uid_t token_uid;           /* whose call that was */
        uint32_t record_bytes;     /* the journal's own: of a record of it, about; 0: it has none */
        struct shmb_label *labels; /* in one piece with their strings; NULL: none */
        size_t labels_count;

        struct index_link by_token; /* those with a token, not removed */
        RB_ENTRY(entry) by_id;      /* all */
        /* Together, since a name is sought through many entries. */
        RB_ENTRY(entry) by_name; /* those not removed */
        char *name; /* NULL: private. A removed one keeps it, for people, but is not found by it */
        char texts[];
};

/* What an entry is made with; NULL: it has none. */
struct entry_texts {
        const char *name, *creator_command, *creator_unit, *token;
        struct labels labels;
};

struct registry;

int registry_new(struct registry **ret);       /* -ERROR_NO_MEMORY, -ERROR_SYSTEM (errno) */
void registry_free(struct registry *registry); /* and every entry; takes NULL */

/* A zeroed entry, with copies of the texts. -ERROR_NO_MEMORY. */
int entry_new(struct entry **ret, const struct entry_texts *texts);
/* Takes NULL; not while it is in a registry. Gives the reference to its user back. */
void entry_free(struct entry *entry);
/* Replaces its copy; untouched on failure. -ERROR_NO_MEMORY. */
int entry_set_labels(struct entry *entry, const struct labels *labels);
/* Frees what the entry owned, unless it goes with its block. */
void entry_release(const struct entry *entry, void *owned);
/* A copy that an entry may take: from malloc(3), NULL of NULL. -ERROR_NO_MEMORY. */
int entry_copy_string(char **ret, const char *value);

/* Takes the entry, unless another one has its id, or, where it is not removed, its name:
 * that one is returned then, and nothing has changed. NULL: it is added. */
struct entry *registry_add(struct registry *registry, struct entry *entry);
/* Hands it back to the caller. */
void registry_take(struct registry *registry, struct entry *entry);

/* Gives `entry` the labels of `other`, which has nothing else, and `other` those of `entry`,
 * for entry_release(). */
void registry_swap_labels(struct registry *registry, struct entry *entry, struct entry *other);

struct entry *registry_find_name(const struct registry *registry, const char *name);
struct entry *registry_find_id(const struct registry *registry, int id);
struct entry *registry_find_token(const struct registry *registry, uid_t uid, const char *token);

/* Gives up the name: `removed` becomes true, and neither name nor token find it any more. */
void registry_retire(struct registry *registry, struct entry *entry);
/* take_name: from malloc(3), the entry's from here on; what it had is freed. It must be free. */
void registry_rename(struct registry *registry, struct entry *entry, char *take_name);
/* take_token: likewise. One user's tokens are distinct: an older holder loses it. */
void registry_set_token(struct registry *registry, struct entry *entry, uid_t uid,
                        char *take_token);

/* In the order of names (strcmp), then private ones by id; removed ones are left out.
 * NULL: the first one, the end. registry_after() takes a name, or NULL and an id, that
 * need not exist any more: what a walk goes on with that was interrupted. */
struct entry *registry_first(const struct registry *registry);
struct entry *registry_next(const struct registry *registry, struct entry *entry);
struct entry *registry_after(const struct registry *registry, const char *name, int id);

/* All of them, removed ones too, by id; for registry_after_id() it need not exist. */
struct entry *registry_first_id(const struct registry *registry);
struct entry *registry_next_id(const struct registry *registry, struct entry *entry);
struct entry *registry_after_id(const struct registry *registry, int id);

/* Those not removed. */
int64_t registry_count(const struct registry *registry);
uint64_t registry_size_bytes(const struct registry *registry);
