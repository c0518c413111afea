#include "segment.h"

#include "error.h"
#include "text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

const char *const segment_lifetimes[] = {
        [SHMB_PERSISTENT] = "persistent",
        [SHMB_PROCESS] = "process",
        [SHMB_UNIT] = "unit",
        [SHMB_ATTACHED] = "attached",
        NULL,
};

#define SEGMENT struct shmb_segment
#define CREATOR __typeof__(((struct shmb_segment *) 0)->creator)

static const struct field creator_items[] = {
        INTEGER_FIELD(CREATOR, uid, "uid", FIELD_REQUIRED, 0, UINT32_MAX),
        INTEGER_FIELD(CREATOR, gid, "gid", FIELD_REQUIRED, 0, UINT32_MAX),
        INTEGER_FIELD(CREATOR, pid, "pid", FIELD_REQUIRED, 0, INT_MAX),
        STRING_FIELD(CREATOR, command, "command", FIELD_OPTIONAL),
        STRING_FIELD(CREATOR, unit, "unit", FIELD_OPTIONAL),
};
static const struct fields creator_fields = FIELDS(creator_items);

#define SEGMENT_ID      INTEGER_FIELD(SEGMENT, id, "id", FIELD_REQUIRED, 0, INT_MAX)
#define SEGMENT_KEY     INTEGER_FIELD(SEGMENT, key, "key", FIELD_REQUIRED, 0, UINT32_MAX)
#define SEGMENT_SIZE    INTEGER_FIELD(SEGMENT, size, "size", FIELD_REQUIRED, 0, FIELD_INTEGER_MAX)
#define SEGMENT_CUID    INTEGER_FIELD(SEGMENT, cuid, "cuid", FIELD_REQUIRED, 0, UINT32_MAX)
#define SEGMENT_ADOPTED BOOLEAN_FIELD(SEGMENT, adopted, "adopted", FIELD_REQUIRED)

static const struct field segment_items[] = {
        STRING_FIELD(SEGMENT, name, "name", FIELD_OPTIONAL),
        SEGMENT_ID,
        SEGMENT_KEY,
        SEGMENT_SIZE,
        INTEGER_FIELD(SEGMENT, mode, "mode", FIELD_REQUIRED, 0, 0777),
        INTEGER_FIELD(SEGMENT, uid, "uid", FIELD_REQUIRED, 0, UINT32_MAX),
        INTEGER_FIELD(SEGMENT, gid, "gid", FIELD_REQUIRED, 0, UINT32_MAX),
        SEGMENT_CUID,
        INTEGER_FIELD(SEGMENT, cgid, "cgid", FIELD_REQUIRED, 0, UINT32_MAX),
        INTEGER_FIELD(SEGMENT, seq, "seq", FIELD_REQUIRED, 0, UINT32_MAX),
        INTEGER_FIELD(SEGMENT, atime, "atime", FIELD_REQUIRED, 0, FIELD_INTEGER_MAX),
        INTEGER_FIELD(SEGMENT, dtime, "dtime", FIELD_REQUIRED, 0, FIELD_INTEGER_MAX),
        INTEGER_FIELD(SEGMENT, ctime, "ctime", FIELD_REQUIRED, 0, FIELD_INTEGER_MAX),
        INTEGER_FIELD(SEGMENT, cpid, "cpid", FIELD_REQUIRED, 0, INT_MAX),
        INTEGER_FIELD(SEGMENT, lpid, "lpid", FIELD_REQUIRED, 0, INT_MAX),
        INTEGER_FIELD(SEGMENT, nattch, "nattch", FIELD_REQUIRED, 0, FIELD_INTEGER_MAX),
        BOOLEAN_FIELD(SEGMENT, locked, "locked", FIELD_REQUIRED),
        BOOLEAN_FIELD(SEGMENT, removed, "removed", FIELD_REQUIRED),
        INTEGER_FIELD(SEGMENT, page_size, "pageSize", FIELD_REQUIRED, 0, FIELD_INTEGER_MAX),
        CHOICE_FIELD(SEGMENT, lifetime, "lifetime", FIELD_REQUIRED, segment_lifetimes),
        RECORD_FIELD(SEGMENT, creator, "creator", FIELD_REQUIRED, &creator_fields),
        INTEGER_FIELD(SEGMENT, created_at, "createdAt", FIELD_REQUIRED, 0, FIELD_INTEGER_MAX),
        SEGMENT_ADOPTED,
        LABELS_FIELD(SEGMENT, labels, "labels", FIELD_REQUIRED),
};
const struct fields segment_fields = FIELDS(segment_items);

static const struct field segment_handle_items[] = {
        SEGMENT_ID, SEGMENT_KEY, SEGMENT_SIZE, SEGMENT_CUID, SEGMENT_ADOPTED,
};
const struct fields segment_handle_fields = FIELDS(segment_handle_items);

/* ------------------------------------------------------------------ labels */

static const char *key_reason(const char *key) {
        size_t length = strspn(key, "abcdefghijklmnopqrstuvwxyz"
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789._-/");

        if (key[length] != '\0')
                return "a key has a character other than A-Z a-z 0-9 . _ - /";
        if (length == 0)
                return "a key is empty";
        return length > LABEL_KEY_BYTES_MAX ? "a key is longer than 64 bytes" : NULL;
}

static const char *value_reason(const char *value) {
        size_t left = strnlen(value, LABEL_VALUE_BYTES_MAX + 1);

        if (left > LABEL_VALUE_BYTES_MAX)
                return "a value is longer than 256 bytes";
        while (left > 0) {
                size_t length = text_character_bytes(value, left);
                if (length == 0)
                        return "a value is not UTF-8";
                if (text_is_control(value))
                        return "a value has a control character";
                value += length;
                left -= length;
        }
        return NULL;
}

const char *segment_labels_reason(const struct labels *labels) {
        if (labels->count > LABELS_MAX)
                return "more than 16 of them";
        for (size_t i = 0; i < labels->count; i++) {
                const char *reason = key_reason(labels->items[i].key);
                if (!reason)
                        reason = value_reason(labels->items[i].value);
                if (reason)
                        return reason;
                for (size_t j = 0; j < i; j++) {
                        if (strcmp(labels->items[i].key, labels->items[j].key) == 0)
                                return "a key occurs twice";
                }
        }
        return NULL;
}

/* ------------------------------------------------------------- the one block */

static size_t string_bytes(const char *string) {
        return string ? strlen(string) + 1 : 0;
}

/* Moves *at behind the copy. */
static const char *string_copy(char **at, const char *string) {
        if (!string)
                return NULL;
        char *copy = *at;
        *at = stpcpy(copy, string) + 1;
        return copy;
}

int segment_copy(const struct shmb_segment *segment, struct shmb_segment **ret) {
        const struct shmb_label *from = segment->labels.items;
        size_t count = segment->labels.count;
        size_t strings = string_bytes(segment->name) + string_bytes(segment->creator.command) +
                         string_bytes(segment->creator.unit);
        for (size_t i = 0; i < count; i++)
                strings += string_bytes(from[i].key) + string_bytes(from[i].value);

        /* The struct, its labels, then all strings. */
        struct shmb_segment *copy = malloc(sizeof(*copy) + count * sizeof(*from) + strings);
        if (!copy)
                return -ERROR_NO_MEMORY;
        struct shmb_label *labels = (struct shmb_label *) (copy + 1);
        char *at = (char *) (labels + count);

        *copy = *segment;
        copy->name = string_copy(&at, segment->name);
        copy->creator.command = string_copy(&at, segment->creator.command);
        copy->creator.unit = string_copy(&at, segment->creator.unit);
        for (size_t i = 0; i < count; i++) {
                labels[i].key = string_copy(&at, from[i].key);
                labels[i].value = string_copy(&at, from[i].value);
        }
        copy->labels.items = labels;
        *ret = copy;
        return 0;
}
