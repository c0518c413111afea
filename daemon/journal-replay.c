#include "journal-replay.h"

#include "journal-record.h"
#include "log.h"

#include "proto/error.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct replay {
        uid_t uid; /* whose journal it is */
        struct registry *registry;
        struct record_tally *tally;
        struct journal_intent intent;
        const char *reason; /* why a line was refused */
};

static int refuse(struct replay *to, const char *reason) {
        to->reason = reason;
        return -ERROR_MALFORMED;
}

static void drop(struct replay *to, struct entry *entry) {
        record_tally_forget(to->tally, entry);
        registry_take(to->registry, entry);
        entry_free(entry);
}

/* Somebody else has its name from now on. What it named keeps its place by its id. */
static void lose_name(struct replay *to, struct entry *entry) {
        registry_take(to->registry, entry);
        entry_release(entry, entry->name);
        entry->name = NULL;
        (void) registry_add(to->registry, entry);
}

/* The later record counts: whoever has the entry's id or name gives way. */
static void add(struct replay *to, struct entry *entry) {
        struct entry *holder;

        while ((holder = registry_add(to->registry, entry)) != NULL)
                if (holder->identity.id == entry->identity.id)
                        drop(to, holder);
                else
                        lose_name(to, holder);
        record_tally_entry(to->tally, entry);
}

static int64_t present_or(int64_t value, int64_t otherwise) {
        return value != FIELD_ABSENT ? value : otherwise;
}

static int entry_of_record(const struct replay *to, const struct record *record,
                           struct entry **ret) {
        struct entry *entry;
        int r = entry_new(&entry, &(struct entry_texts){
                                          .name = record->name,
                                          .creator_command = record->command,
                                          .creator_unit = record->unit,
                                          .token = record->token,
                                          .labels = record->labels,
                                  });

        if (r < 0)
                return r;
        entry->identity = (struct segment_identity){
                .id = (int) record->id,
                .key = (key_t) record->key,
                .size_bytes = (uint64_t) record->size,
                .cpid = (pid_t) record->cpid,
                .cuid = (uid_t) present_or(record->cuid, to->uid),
        };
        entry->adopted = ((record->state + 1) & RECORD_ADOPTED) != 0;
        entry->removed = ((record->state + 1) & RECORD_REMOVED) != 0;
        entry->creator_uid = (uid_t) record->uid;
        entry->creator_gid = (gid_t) record->gid;
        entry->creator_pid = (pid_t) record->pid;
        entry->created_at = record->created_at;
        entry->lifetime = record->lifetime < 0 ? SHMB_PERSISTENT : record->lifetime;
        entry->page_size = present_or(record->page_size, sysconf(_SC_PAGESIZE));
        entry->token_uid = (uid_t) present_or(record->token_uid, record->uid);
        *ret = entry;
        return 0;
}

static int apply_create(const struct record *record, struct entry *entry, struct replay *to) {
        to->intent = (struct journal_intent){
                .kind = INTENT_CREATE,
                .key = (key_t) record->key,
                .size_bytes = (uint64_t) record->size,
                .cpid = (pid_t) record->cpid,
                .at = record->created_at,
        };
        return 0;
}

static int apply_segment(const struct record *record, struct entry *entry, struct replay *to) {
        struct entry *new;
        int r = entry_of_record(to, record, &new);

        if (r < 0)
                return r;
        add(to, new);
        return 0;
}

static int apply_rename(const struct record *record, struct entry *entry, struct replay *to) {
        struct entry *replaced = NULL, *holder;
        char *name = NULL, *token = NULL;

        if (entry->removed || entry->name == NULL)
                return refuse(to, "it renames a segment that has no name");
        if (record->replaces != FIELD_ABSENT)
                replaced = registry_find_id(to->registry, (int) record->replaces);
        if (entry_copy_string(&name, record->name) < 0 ||
            entry_copy_string(&token, record->token) < 0) {
                free(name);
                return -ERROR_NO_MEMORY;
        }
        if (replaced != NULL && replaced != entry)
                registry_retire(to->registry, replaced);
        holder = registry_find_name(to->registry, name);
        if (holder != NULL && holder != entry)
                lose_name(to, holder);
        registry_rename(to->registry, entry, name);
        if (token != NULL)
                registry_set_token(to->registry, entry,
                                   (uid_t) present_or(record->token_uid, entry->creator_uid),
                                   token);
        record_tally_entry(to->tally, entry);
        return 0;
}

static int apply_set(const struct record *record, struct entry *entry, struct replay *to) {
        bool for_kernel = record->uid != FIELD_ABSENT || record->gid != FIELD_ABSENT ||
                          record->mode != FIELD_ABSENT;

        if (entry_set_labels(entry, &record->labels) < 0)
                return -ERROR_NO_MEMORY;
        record_tally_entry(to->tally, entry);
        if (for_kernel)
                to->intent = (struct journal_intent){
                        .kind = INTENT_SET,
                        .id = (int) record->id,
                        .uid = (uid_t) present_or(record->uid, -1),
                        .gid = (gid_t) present_or(record->gid, -1),
                        .mode = (mode_t) present_or(record->mode, -1),
                };
        return 0;
}

static int apply_remove(const struct record *record, struct entry *entry, struct replay *to) {
        registry_retire(to->registry, entry);
        return 0;
}

static int apply_forget(const struct record *record, struct entry *entry, struct replay *to) {
        drop(to, entry);
        return 0;
}

static int apply_done(const struct record *record, struct entry *entry, struct replay *to) {
        return 0;
}

/* Errors: -ERROR_MALFORMED: it is about what no record before it tells of,
 * -ERROR_NO_MEMORY. */
static int apply(struct replay *to, const struct record *record) {
        static const struct {
                int (*apply)(const struct record *, struct entry *, struct replay *);
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
        struct entry *entry = NULL;

        if (!meanings[record->op].leaves_intent)
                to->intent.kind = INTENT_NONE;
        if (meanings[record->op].of_entry) {
                entry = registry_find_id(to->registry, (int) record->id);
                if (entry == NULL)
                        return refuse(to, "it is about a segment that no line tells of");
        }
        return meanings[record->op].apply(record, entry, to);
}

/* ---------------------------------------------------------------- the lines */

static int replay_line(struct replay *to, const char *line, size_t length_bytes) {
        struct record_line read;
        int r = record_read(&read, line, length_bytes, &to->reason);

        if (r < 0)
                return r;
        r = apply(to, &read.record);
        record_line_free(&read);
        return r;
}

static bool begins_with(const char *at, const char *end, const char *text) {
        size_t bytes = strlen(text);

        return (size_t) (end - at) >= bytes && memcmp(at, text, bytes) == 0;
}

/* Most intents are closed by the very next line, and then mean nothing: half of a journal
 * need not be parsed. */
static bool is_closed_creation(const char *line, const char *next, const char *end) {
        return begins_with(line, end, "{\"op\":\"create\",") &&
               begins_with(next, end, "{\"op\":\"segment\",");
}

int journal_replay(struct journal_file *file, size_t begin, uid_t uid, struct registry *registry,
                   struct record_tally *tally, struct journal_intent *ret_intent) {
        struct replay to = {.uid = uid, .registry = registry, .tally = tally};
        const char *line = file->bytes + begin, *end = file->bytes + file->size_bytes, *next;
        struct log_limit limit = {0};
        int unreadable = 0;

        for (unsigned long number = 2; line < end && *line != '\n'; number++, line = next) {
                int r;

                next = (const char *) memchr(line, '\n', (size_t) (end - line)) + 1;
                if (is_closed_creation(line, next, end))
                        continue;
                r = replay_line(&to, line, (size_t) (next - 1 - line));
                if (r == -ERROR_NO_MEMORY)
                        return r;
                if (r < 0) {
                        /* It may have been the outcome of the intent before it, so that
                         * nothing may be undone any more. */
                        to.intent.kind = INTENT_NONE;
                        unreadable++;
                        log_limited(&limit, LOG_WARNING,
                                    "line %lu of the journal is passed over: %s", number,
                                    to.reason);
                }
        }
        file->used_bytes = (size_t) (line - file->bytes);
        *ret_intent = to.intent;
        return unreadable;
}
