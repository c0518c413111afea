/*
 * Tables that say which JSON members a C struct has: one table serves both sides
 * and both directions. It knows types, ranges and what is required, and refuses
 * whatever a table does not name.
 */
#pragma once

#include "writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;
struct cJSON;
struct fields;
struct shmb_label;

/* An optional integer that is not there. No number on the wire reaches it: they all
 * lie within +-(2^53 - 1), what a JSON number holds exactly. */
#define FIELD_ABSENT      INT64_MIN
#define FIELD_INTEGER_MAX ((INT64_C(1) << 53) - 1)

#define LABELS_MAX            16
#define LABEL_KEY_BYTES_MAX   64
#define LABEL_VALUE_BYTES_MAX 256

enum field_type {
        FIELD_STRING,  /* const char *; NULL is absent */
        FIELD_INTEGER, /* any width, signed or not; absent only in an int64_t */
        FIELD_BOOLEAN, /* bool; absent is false */
        FIELD_CHOICE,  /* int, the index into choices; absent in an int is -1 */
        FIELD_LABELS,  /* struct labels; absent where items is NULL */
        FIELD_STRINGS, /* const char *const *, ends with NULL; NULL is absent; encoding only */
        FIELD_RECORD,  /* a struct inside the struct */
        FIELD_POINTER, /* a pointer to a struct, NULL is absent */
        FIELD_OBJECT,  /* const struct cJSON *, an object for somebody else's table; NULL is
                        * absent; decoding only */
};

/* Borrowed. An empty set has items that is not NULL and a count of 0. */
struct labels {
        const struct shmb_label *items;
        size_t count;
};

/* A longer name does not compile. */
#define FIELD_KEY_BYTES_MAX 24

/* Rows of tables are written with the macros below. */
struct field {
        char key[FIELD_KEY_BYTES_MAX + 1]; /* `,"name":` */
        uint8_t key_bytes;
        uint8_t width_bytes; /* FIELD_INTEGER */
        bool is_signed;      /* FIELD_INTEGER */
        /* Decoding refuses its absence; encoding one that is absent writes null, for labels an
         * empty object. */
        bool required;
        uint16_t offset_bytes;
        enum field_type type;
        const char *name;
        struct {
                int64_t minimum, maximum;
        } range;                     /* FIELD_INTEGER, decoding */
        const char *const *choices;  /* FIELD_CHOICE, ends with NULL */
        const struct fields *record; /* FIELD_RECORD, FIELD_POINTER */
};

#define FIELDS_MAX 64 /* of one table */

struct fields {
        const struct field *items;
        size_t count;
};

/* A row each, and the table around them. `structure` is a type, `member` one of its
 * members (or members of members, a.b), which must have the C type that belongs to the
 * field's; `wire` is its name in JSON, a literal. */
#define FIELD_OPTIONAL false
#define FIELD_REQUIRED true

#define STRING_FIELD(structure, member, wire, presence)                                            \
        { FIELD_TYPED(structure, member, wire, presence, const char *, FIELD_STRING) }
/* range: least, most */
#define INTEGER_FIELD(structure, member, wire, presence, ...)                                      \
        {                                                                                          \
                FIELD_COMMON(structure, member, wire, presence),                                   \
                        .type = FIELD_INTEGER,                                                     \
                        .width_bytes = sizeof(FIELD_MEMBER(structure, member)),                    \
                        .is_signed = (__typeof__(FIELD_MEMBER(structure, member))) -1 < 1,         \
                        .range = {                                                                 \
                                __VA_ARGS__                                                        \
                        }                                                                          \
        }
#define BOOLEAN_FIELD(structure, member, wire, presence)                                           \
        { FIELD_TYPED(structure, member, wire, presence, bool, FIELD_BOOLEAN) }
#define CHOICE_FIELD(structure, member, wire, presence, words)                                     \
        { FIELD_TYPED(structure, member, wire, presence, int, FIELD_CHOICE), .choices = words }
/* struct labels, or another with the same two members */
#define LABELS_FIELD(structure, member, wire, presence)                                            \
        {                                                                                          \
                FIELD_TYPED(structure, member.items, wire, presence, const struct shmb_label *,    \
                            FIELD_LABELS)                                                          \
        }
#define STRINGS_FIELD(structure, member, wire, presence)                                           \
        { FIELD_TYPED(structure, member, wire, presence, const char *const *, FIELD_STRINGS) }
#define RECORD_FIELD(structure, member, wire, presence, table)                                     \
        { FIELD_COMMON(structure, member, wire, presence), .type = FIELD_RECORD, .record = table }
#define POINTER_FIELD(structure, member, wire, presence, table)                                    \
        { FIELD_COMMON(structure, member, wire, presence), .type = FIELD_POINTER, .record = table }
#define OBJECT_FIELD(structure, member, wire, presence)                                            \
        { FIELD_TYPED(structure, member, wire, presence, const struct cJSON *, FIELD_OBJECT) }
#define FIELDS(array)                                                                              \
        { .items = array, .count = sizeof(array) / sizeof((array)[0]) }

#define FIELD_MEMBER(structure, member) (((structure *) 0)->member)
#define FIELD_COMMON(structure, member, wire, presence)                                            \
        .name = wire, .key = ",\"" wire "\":", .key_bytes = sizeof(",\"" wire "\":") - 1,          \
        .offset_bytes = offsetof(structure, member), .required = presence
/* Does not compile where the member is of another type. */
#define FIELD_TYPED(structure, member, wire, presence, c_type, field_type)                         \
        FIELD_COMMON(structure, member, wire, presence),                                           \
                .type = _Generic(FIELD_MEMBER(structure, member), c_type                           \
                                 : field_type)

/* Where decoding puts what the struct only points to, and says what was wrong. */
struct decoding {
        /* out: the member that was refused or is missing, borrowed from document or table */
        const char *parameter;
        /* in: room for LABELS_MAX of them; for the struct of a FIELD_POINTER. NULL where the
         * table has none. */
        struct shmb_label *labels;
        void *record;
};

/* Fills the struct from an object (NULL: an empty one). Absent members get their
 * absent value. Strings are borrowed from the document. A member that the table
 * does not have is refused where `strict`, else passed over (a client reading a
 * newer broker's reply). What is wrong inside a member that is an object itself is
 * that member's fault. Errors: ERROR_INVALID_PARAMETER. */
int fields_decode(const struct fields *fields, const struct cJSON *object, bool strict, void *ret,
                  struct decoding *decoding);

/* Appends the object, `{...}`. Absent members that are not required are left out;
 * integers beyond +-FIELD_INTEGER_MAX become that. What comes that near to the buffer's
 * maximum is refused although it would fit. */
#define FIELDS_SPARE_BYTES (FIELD_KEY_BYTES_MAX + WRITER_INTEGER_BYTES_MAX)
void fields_encode(struct buffer *out, const struct fields *fields, const void *from);
