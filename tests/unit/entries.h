/*
 * Entries for tests of what becomes of them, and a text of all that a registry holds, to
 * be compared as one.
 */
#pragma once

#include "registry.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Without labels, command and unit; the creator's ids are made of the segment's. */
static inline struct entry *entry_make(const char *name, int id, key_t key, uint64_t size_bytes) {
        struct entry *entry;

        ck_assert_int_eq(entry_new(&entry, &(struct entry_texts){.name = name}), 0);
        entry->identity = (struct segment_identity){
                .id = id,
                .key = key,
                .size_bytes = size_bytes,
                .cpid = 4711,
                .cuid = geteuid(),
        };
        entry->creator_uid = 1000 + (uid_t) id;
        entry->creator_gid = 2000 + (gid_t) id;
        entry->creator_pid = id / 2;
        entry->created_at = 1700000000 - (int64_t) id;
        entry->page_size = 4096;
        return entry;
}

/* A string of the entry's, `where` is in it. */
static inline void entry_give(struct entry *entry, char **where, const char *value) {
        entry_release(entry, *where);
        ck_assert_int_eq(entry_copy_string(where, value), 0);
}

static inline void entry_label(struct entry *entry, const struct shmb_label *items, size_t count) {
        struct labels labels = {items, count};

        ck_assert_int_eq(entry_set_labels(entry, &labels), 0);
}

static inline void entry_tell(FILE *to, const struct entry *entry) {
        fprintf(to, "%d %s key %d size %llu cpid %d cuid %u%s%s\n", entry->identity.id,
                entry->name != NULL ? entry->name : "-", entry->identity.key,
                (unsigned long long) entry->identity.size_bytes, entry->identity.cpid,
                entry->identity.cuid, entry->removed ? " removed" : "",
                entry->adopted ? " adopted" : "");
        fprintf(to, "  for %u %u %d %s %s at %lld lifetime %d pages %lld\n", entry->creator_uid,
                entry->creator_gid, entry->creator_pid,
                entry->creator_command != NULL ? entry->creator_command : "-",
                entry->creator_unit != NULL ? entry->creator_unit : "-",
                (long long) entry->created_at, entry->lifetime, (long long) entry->page_size);
        if (entry->token != NULL)
                fprintf(to, "  token %s of %u\n", entry->token, entry->token_uid);
        for (size_t i = 0; i < entry->labels_count; i++)
                fprintf(to, "  label %s=%s\n", entry->labels[i].key, entry->labels[i].value);
}

/* From malloc(3): every entry, and by which names and tokens they are found. */
static inline char *registry_tell(const struct registry *registry) {
        struct entry *entry;
        char *text = NULL;
        size_t bytes;
        FILE *to = open_memstream(&text, &bytes);

        ck_assert_ptr_nonnull(to);
        for (entry = registry_first_id(registry); entry != NULL;
             entry = registry_after_id(registry, entry->identity.id))
                entry_tell(to, entry);
        for (entry = registry_first(registry); entry != NULL;
             entry = registry_next(registry, entry)) {
                fprintf(to, "%s is %d\n", entry->name != NULL ? entry->name : "-",
                        entry->identity.id);
                if (entry->token != NULL)
                        ck_assert_ptr_eq(
                                registry_find_token(registry, entry->token_uid, entry->token),
                                entry);
        }
        ck_assert_int_eq(fclose(to), 0);
        return text;
}
