#include "journal-record.h"

#include "journal-canonical.h"

#include "proto/buffer.h"
#include "proto/error.h"
#include "proto/json.h"
#include "proto/segment.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

/* -------------------------------------------------------------- the members */

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define UID_MOST (UINT32_MAX - 1) /* -1 is none */

#define RECORD struct record
#define INTEGER(structure, member, wire, most)                                                     \
        INTEGER_FIELD(structure, member, wire, FIELD_OPTIONAL, 0, most)

static const char *const operations[] = {
        [RECORD_CREATE] = "create", [RECORD_SEGMENT] = "segment",
        [RECORD_RENAME] = "rename", [RECORD_SET] = "set",
        [RECORD_REMOVE] = "remove", [RECORD_FORGET] = "forget",
        [RECORD_DONE] = "done",     NULL,
};

static const char *const states[] = {
        [RECORD_ADOPTED - 1] = "adopted",
        [RECORD_REMOVED - 1] = "removed",
        [(RECORD_ADOPTED | RECORD_REMOVED) - 1] = "adopted and removed",
        NULL,
};

static const struct field record_items[] = {
        CHOICE_FIELD(RECORD, op, "op", FIELD_REQUIRED, operations),
        INTEGER(RECORD, id, "id", INT_MAX),
        STRING_FIELD(RECORD, name, "name", FIELD_OPTIONAL),
        INTEGER(RECORD, key, "key", UINT32_MAX),
        INTEGER(RECORD, size, "size", FIELD_INTEGER_MAX),
        INTEGER(RECORD, cpid, "cpid", INT_MAX),
        INTEGER(RECORD, cuid, "cuid", UID_MOST),
        INTEGER(RECORD, uid, "uid", UID_MOST),
        INTEGER(RECORD, gid, "gid", UID_MOST),
        INTEGER(RECORD, mode, "mode", 0777),
        INTEGER(RECORD, pid, "pid", INT_MAX),
        STRING_FIELD(RECORD, command, "command", FIELD_OPTIONAL),
        STRING_FIELD(RECORD, unit, "unit", FIELD_OPTIONAL),
        INTEGER_FIELD(RECORD, created_at, "createdAt", FIELD_OPTIONAL, -FIELD_INTEGER_MAX,
                      FIELD_INTEGER_MAX),
        CHOICE_FIELD(RECORD, lifetime, "lifetime", FIELD_OPTIONAL, segment_lifetimes),
        INTEGER(RECORD, page_size, "pageSize", FIELD_INTEGER_MAX),
        CHOICE_FIELD(RECORD, state, "state", FIELD_OPTIONAL, states),
        STRING_FIELD(RECORD, token, "token", FIELD_OPTIONAL),
        INTEGER(RECORD, token_uid, "tokenUid", UID_MOST),
        INTEGER(RECORD, replaces, "replaces", INT_MAX),
        LABELS_FIELD(RECORD, labels, "labels", FIELD_OPTIONAL),
};
static const struct fields record_fields = FIELDS(record_items);
/* Most operations say no more than which entry. */
static const struct fields brief_fields = {.items = record_items, .count = 2};

/* ------------------------------------------------------------------ writing */

void record_init(struct record *ret, enum record_op op) {
        *ret = (struct record){
                .op = op,
                .id = FIELD_ABSENT,
                .key = FIELD_ABSENT,
                .size = FIELD_ABSENT,
                .cpid = FIELD_ABSENT,
                .cuid = FIELD_ABSENT,
                .uid = FIELD_ABSENT,
                .gid = FIELD_ABSENT,
                .pid = FIELD_ABSENT,
                .mode = FIELD_ABSENT,
                .created_at = FIELD_ABSENT,
                .lifetime = -1,
                .page_size = FIELD_ABSENT,
                .state = -1,
                .token_uid = FIELD_ABSENT,
                .replaces = FIELD_ABSENT,
        };
}

static bool text_fits(const char *text) {
        return text == NULL || strlen(text) <= RECORD_TEXT_BYTES_MAX;
}

void record_set_token(struct record *record, const struct entry *entry, uid_t uid,
                      const char *token) {
        record->token = token;
        if (uid != entry->creator_uid)
                record->token_uid = uid;
}

void record_of_entry(struct record *ret, const struct entry *entry) {
        record_init(ret, RECORD_SEGMENT);
        ret->id = entry->identity.id;
        ret->name = entry->name;
        ret->key = (uint32_t) entry->identity.key;
        ret->size = (int64_t) entry->identity.size_bytes;
        ret->cpid = entry->identity.cpid;
        if (entry->adopted)
                ret->cuid = entry->identity.cuid;
        ret->uid = entry->creator_uid;
        ret->gid = entry->creator_gid;
        ret->pid = entry->creator_pid;
        ret->command = text_fits(entry->creator_command) ? entry->creator_command : NULL;
        ret->unit = text_fits(entry->creator_unit) ? entry->creator_unit : NULL;
        ret->created_at = entry->created_at;
        ret->lifetime = entry->lifetime == SHMB_PERSISTENT ? -1 : entry->lifetime;
        if (entry->page_size != sysconf(_SC_PAGESIZE))
                ret->page_size = entry->page_size;
        ret->state =
                ((entry->adopted ? RECORD_ADOPTED : 0) | (entry->removed ? RECORD_REMOVED : 0)) - 1;
        if (entry->token != NULL)
                record_set_token(ret, entry, entry->token_uid, entry->token);
        if (entry->labels_count > 0)
                ret->labels = (struct labels){entry->labels, entry->labels_count};
}

void record_write(struct buffer *out, const struct record *record) {
        bool is_brief = record->op == RECORD_REMOVE || record->op == RECORD_FORGET ||
                        record->op == RECORD_DONE;

        fields_encode(out, is_brief ? &brief_fields : &record_fields, record);
        buffer_append_byte(out, '\n');
}

/* ------------------------------------------------------------------ reading */

static bool all_present(const int64_t *const *values) {
        while (*values != NULL && **values != FIELD_ABSENT)
                values++;
        return *values == NULL;
}
#define ALL_PRESENT(...) all_present((const int64_t *const[]){__VA_ARGS__, NULL})

/* Does it have what its operation needs? */
static bool is_whole(const struct record *record) {
        switch ((enum record_op) record->op) {
        case RECORD_CREATE:
                return ALL_PRESENT(&record->key, &record->size, &record->cpid, &record->created_at);
        case RECORD_SEGMENT:
                return ALL_PRESENT(&record->id, &record->key, &record->size, &record->cpid,
                                   &record->uid, &record->gid, &record->pid, &record->created_at);
        case RECORD_RENAME:
                return record->id != FIELD_ABSENT && record->name != NULL;
        case RECORD_SET:
                return record->id != FIELD_ABSENT && record->labels.items != NULL;
        case RECORD_REMOVE:
        case RECORD_FORGET:
                return record->id != FIELD_ABSENT;
        case RECORD_DONE:
                return true;
        }
        return false;
}

/* Why what was decoded is no record after all, NULL where it is one. */
static const char *why_refused(const struct record *record) {
        if (!is_whole(record))
                return "members are missing";
        if (record->name != NULL && name_reason(record->name) != NULL)
                return "its name is none";
        if (record->labels.items != NULL && segment_labels_reason(&record->labels) != NULL)
                return "its labels are none";
        if (!text_fits(record->command) || !text_fits(record->unit))
                return "a text is too long";
        if (record->token != NULL && strlen(record->token) > RECORD_TOKEN_BYTES_MAX)
                return "its token is none";
        return NULL;
}

static int parse(struct record_line *ret, const char *line, size_t length_bytes,
                 const char **ret_reason) {
        struct decoding decoding = {.labels = ret->labels};
        int r;

        if (length_bytes == 0 || line[0] != '{') {
                *ret_reason = "it is no JSON object";
                return -ERROR_MALFORMED;
        }
        r = json_parse(line, length_bytes, &ret->document, ret_reason);
        if (r < 0)
                return r;
        r = fields_decode(&record_fields, ret->document, true, &ret->record, &decoding);
        if (r == 0)
                return 0;
        record_line_free(ret);
        *ret_reason = "it has other members than a record";
        return -ERROR_MALFORMED;
}

int record_read(struct record_line *ret, const char *line, size_t length_bytes,
                const char **ret_reason) {
        const char *reason;

        if (length_bytes >= RECORD_BYTES_MAX) {
                *ret_reason = "it is too long";
                return -ERROR_MALFORMED;
        }
        ret->document = NULL;
        memcpy(ret->text, line, length_bytes);
        record_init(&ret->record, RECORD_DONE);
        if (!journal_canonical_read(&record_fields, ret->text, length_bytes, ret->labels,
                                    &ret->record)) {
                int r = parse(ret, line, length_bytes, ret_reason);
                if (r < 0)
                        return r;
        }
        reason = why_refused(&ret->record);
        if (reason == NULL)
                return 0;
        record_line_free(ret);
        *ret_reason = reason;
        return -ERROR_MALFORMED;
}

void record_line_free(struct record_line *line) {
        if (line->document != NULL)
                json_free(line->document);
}

/* ---------------------------------------------------------------- the tally */

/* What a record takes beside its texts: names of members, numbers of usual length. */
#define RECORD_USUAL_BYTES 160

static uint32_t estimate_bytes(const struct entry *entry) {
        const char *const texts[] = {entry->name, entry->creator_command, entry->creator_unit,
                                     entry->token};
        size_t bytes = RECORD_USUAL_BYTES;

        for (size_t i = 0; i < COUNT(texts); i++)
                if (texts[i] != NULL)
                        bytes += strlen(texts[i]);
        for (size_t i = 0; i < entry->labels_count; i++)
                bytes += strlen(entry->labels[i].key) + strlen(entry->labels[i].value) + 6;
        return (uint32_t) bytes;
}

void record_tally_entry(struct record_tally *tally, struct entry *entry) {
        if (entry->record_bytes == 0)
                tally->entries++;
        tally->bytes -= entry->record_bytes;
        entry->record_bytes = estimate_bytes(entry);
        tally->bytes += entry->record_bytes;
}

void record_tally_forget(struct record_tally *tally, const struct entry *entry) {
        tally->bytes -= entry->record_bytes;
        tally->entries--;
}
