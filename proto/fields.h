/*
 * Tables that say which JSON members a C struct has: one table serves both sides
 * and both directions. It knows types, ranges and what is required, and refuses
 * whatever a table does not name.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;
struct cJSON;
struct fields;
struct shmb_label;

/* An optional integer that is not there. No number on the wire reaches it: they all
 * lie within +-(2^53 - 1), what a JSON number holds exactly. */
#define FIELD_ABSENT INT64_MIN
#define FIELD_INTEGER_MAX ((INT64_C(1) << 53) - 1)

#define LABELS_MAX 16
#define LABEL_KEY_BYTES_MAX 64
#define LABEL_VALUE_BYTES_MAX 256

enum field_type {
        FIELD_STRING,  /* const char *; NULL is absent */
        FIELD_INTEGER, /* any width, signed or not; absent only in an int64_t */
        FIELD_BOOLEAN, /* bool; absent is false */
        FIELD_CHOICE,  /* int, the index into choices; absent in an int is -1 */
        FIELD_LABELS,  /* struct labels; absent where items is NULL */
        FIELD_RECORD,  /* a struct inside the struct */
        FIELD_POINTER, /* a pointer to a struct, NULL is absent; encoding only */
};

/* Borrowed. An empty set has items that is not NULL and a count of 0. */
struct labels {
        const struct shmb_label *items;
        size_t count;
};

struct field {
        const char *name;
        enum field_type type;
        size_t offset_bytes;
        size_t width_bytes;  /* FIELD_INTEGER */
        bool is_signed;      /* FIELD_INTEGER */
        bool required;       /* decoding refuses its absence; encoding an absent one that is required writes null */
        int64_t minimum, maximum; /* FIELD_INTEGER, decoding */
        const char *const *choices;   /* FIELD_CHOICE, ends with NULL */
        const struct fields *record;  /* FIELD_RECORD, FIELD_POINTER */
};

struct fields {
        const struct field *items;
        size_t count;
};

/* Where decoding puts what the struct only points to, and says what was wrong. */
struct decoding {
        const char *parameter; /* the member that was refused, borrowed from the document */
        struct shmb_label *labels; /* room for LABELS_MAX of them */
};

/* Fills the struct from an object (NULL: an empty one). Absent members get their
 * absent value. Strings are borrowed from the document. A member that the table
 * does not have is refused where `strict`, else passed over (a client reading a
 * newer broker's reply). Errors: ERROR_INVALID_PARAMETER. */
int fields_decode(const struct fields *fields, const struct cJSON *object, bool strict,
                  void *ret, struct decoding *decoding);

/* Appends the object, `{...}`. Absent members that are not required are left out. */
void fields_encode(struct buffer *out, const struct fields *fields, const void *from);
