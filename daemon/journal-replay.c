#include "journal-replay.h"

#include "journal-record.h"
#include "log.h"

#include "proto/error.h"

#include <stdlib.h>
#include <string.h>

static int refuse(const char **ret_reason, const char *reason) {
        *ret_reason = reason;
        return -ERROR_MALFORMED;
}

struct applying {
        struct registry *registry;
        struct record_tally *tally;
        struct journal_intent *intent;
        const char **ret_reason;
};

static void drop(const struct applying *to, struct entry *entry) {
        record_tally_forget(to->tally, entry);
        registry_take(to->registry, entry);
        entry_free(entry);
}

/* Somebody else has it from now on. What it named keeps its place by its id. */
static void free_name(const struct applying *to, const char *name, const struct entry *except) {
        struct entry *holder = name == NULL ? NULL : registry_find_name(to->registry, name);

        if (holder == NULL || holder == except)
                return;
        registry_take(to->registry, holder);
        free(holder->name);
        holder->name = NULL;
        registry_add(to->registry, holder);
}

static int entry_of_record(const struct record *record, struct entry **ret) {
        struct entry *entry;

        if (entry_new(&entry, record->name) < 0)
                return -ERROR_NO_MEMORY;
        entry->identity = (struct segment_identity){
                .id = (int) record->id,
                .key = (key_t) record->key,
                .size_bytes = (uint64_t) record->size,
                .cpid = (pid_t) record->cpid,
                .cuid = (uid_t) record->cuid,
        };
        entry->adopted = ((record->state + 1) & RECORD_ADOPTED) != 0;
        entry->removed = ((record->state + 1) & RECORD_REMOVED) != 0;
        entry->creator_uid = (uid_t) record->uid;
        entry->creator_gid = (gid_t) record->gid;
        entry->creator_pid = (pid_t) record->pid;
        entry->created_at = record->created_at;
        entry->lifetime = record->lifetime < 0 ? SHMB_PERSISTENT : record->lifetime;
        entry->page_size = record->page_size;
        entry->token_uid = (uid_t) record->token_uid;
        if (entry_set_string(&entry->creator_command, record->command) < 0 ||
            entry_set_string(&entry->creator_unit, record->unit) < 0 ||
            entry_set_string(&entry->token, record->token) < 0 ||
            entry_set_labels(entry, &record->labels) < 0) {
                entry_free(entry);
                return -ERROR_NO_MEMORY;
        }
        *ret = entry;
        return 0;
}

static int apply_create(const struct record *record, struct entry *entry,
                        const struct applying *to) {
        *to->intent = (struct journal_intent){
                .kind = INTENT_CREATE,
                .key = (key_t) record->key,
                .size_bytes = (uint64_t) record->size,
                .cpid = (pid_t) record->cpid,
                .at = record->created_at,
        };
        return 0;
}

static int apply_segment(const struct record *record, struct entry *older,
                         const struct applying *to) {
        struct entry *entry;
        int r = entry_of_record(record, &entry);

        if (r < 0)
                return r;
        if (older != NULL)
                drop(to, older);
        if (!entry->removed)
                free_name(to, entry->name, NULL);
        registry_add(to->registry, entry);
        to->tally->entries++;
        record_tally_entry(to->tally, entry);
        return 0;
}

static int apply_rename(const struct record *record, struct entry *entry,
                        const struct applying *to) {
        struct entry *replaced = NULL;
        char *name = NULL, *token = NULL;

        if (entry->removed || entry->name == NULL)
                return refuse(to->ret_reason, "it renames a segment that has no name");
        if (record->replaces != FIELD_ABSENT)
                replaced = registry_find_id(to->registry, (int) record->replaces);
        if (entry_set_string(&name, record->name) < 0 ||
            entry_set_string(&token, record->token) < 0) {
                free(name);
                return -ERROR_NO_MEMORY;
        }
        if (replaced != NULL && replaced != entry)
                registry_retire(to->registry, replaced);
        free_name(to, name, entry);
        registry_rename(to->registry, entry, name);
        if (token != NULL)
                registry_set_token(to->registry, entry, (uid_t) record->token_uid, token);
        record_tally_entry(to->tally, entry);
        return 0;
}

static int apply_set(const struct record *record, struct entry *entry, const struct applying *to) {
        bool for_kernel = record->uid != FIELD_ABSENT || record->gid != FIELD_ABSENT ||
                          record->mode != FIELD_ABSENT;

        if (entry_set_labels(entry, &record->labels) < 0)
                return -ERROR_NO_MEMORY;
        record_tally_entry(to->tally, entry);
        if (for_kernel)
                *to->intent = (struct journal_intent){
                        .kind = INTENT_SET,
                        .id = (int) record->id,
                        .uid = record->uid == FIELD_ABSENT ? (uid_t) -1 : (uid_t) record->uid,
                        .gid = record->gid == FIELD_ABSENT ? (gid_t) -1 : (gid_t) record->gid,
                        .mode = record->mode == FIELD_ABSENT ? (mode_t) -1 : (mode_t) record->mode,
                };
        return 0;
}

static int apply_remove(const struct record *record, struct entry *entry,
                        const struct applying *to) {
        registry_retire(to->registry, entry);
        return 0;
}

static int apply_forget(const struct record *record, struct entry *entry,
                        const struct applying *to) {
        drop(to, entry);
        return 0;
}

static int apply_done(const struct record *record, struct entry *entry, const struct applying *to) {
        return 0;
}

/* Sets the intent to what the record leaves open. Errors: -ERROR_MALFORMED: it is about
 * what no record before it tells of, -ERROR_NO_MEMORY. */
static int apply(const struct record *record, struct registry *registry, struct record_tally *tally,
                 struct journal_intent *intent, const char **ret_reason) {
        static const struct {
                int (*apply)(const struct record *, struct entry *, const struct applying *);
                bool of_entry;      /* of one that is known */
                bool leaves_intent; /* open, if there is one: it is another's */
        } meanings[] = {
                [RECORD_CREATE] = {apply_create, false, false},
                [RECORD_SEGMENT] = {apply_segment, false, false},
                [RECORD_RENAME] = {apply_rename, true, false},
                [RECORD_SET] = {apply_set, true, false},
                [RECORD_REMOVE] = {apply_remove, true, true},
                [RECORD_FORGET] = {apply_forget, true, true},
                [RECORD_DONE] = {apply_done, false, false},
        };
        const struct applying to = {registry, tally, intent, ret_reason};
        struct entry *entry =
                record->id == FIELD_ABSENT ? NULL : registry_find_id(registry, (int) record->id);

        if (!meanings[record->op].leaves_intent)
                *intent = (struct journal_intent){.kind = INTENT_NONE};
        if (entry == NULL && meanings[record->op].of_entry)
                return refuse(ret_reason, "it is about a segment that no line tells of");
        return meanings[record->op].apply(record, entry, &to);
}

/* ---------------------------------------------------------------- the lines */

static int replay_line(const char *line, size_t length_bytes, struct registry *registry,
                       struct record_tally *tally, struct journal_intent *intent,
                       const char **ret_reason) {
        struct record_line read;
        int r = record_read(&read, line, length_bytes, ret_reason);

        if (r < 0)
                return r;
        r = apply(&read.record, registry, tally, intent, ret_reason);
        record_line_free(&read);
        return r;
}

int journal_replay(struct journal_file *file, size_t begin, struct registry *registry,
                   struct record_tally *tally, struct journal_intent *ret_intent) {
        struct journal_intent intent = {.kind = INTENT_NONE};
        struct log_limit unreadable = {0};
        size_t at = begin;

        for (unsigned long number = 2; at < file->size_bytes && file->bytes[at] != '\n'; number++) {
                const char *line = file->bytes + at;
                const char *end = memchr(line, '\n', file->size_bytes - at);
                const char *reason = "it does not end";
                size_t length = end != NULL ? (size_t) (end - line) : file->size_bytes - at;
                int r = end == NULL ? -ERROR_MALFORMED
                                    : replay_line(line, length, registry, tally, &intent, &reason);

                if (r == -ERROR_NO_MEMORY)
                        return r;
                if (r < 0) {
                        /* It may have been the outcome of the intent before it, so that
                         * nothing may be undone any more. */
                        intent.kind = INTENT_NONE;
                        log_limited(&unreadable, LOG_WARNING,
                                    "line %lu of the journal is passed over: %s", number, reason);
                }
                at += length + 1;
        }
        file->used_bytes = at;
        *ret_intent = intent;
        return 0;
}
