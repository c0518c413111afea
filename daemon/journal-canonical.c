#include "journal-canonical.h"

#include "proto/fields.h"
#include "proto/shmbroker-segment.h"

#include <stdint.h>
#include <string.h>

/* Exact in a double, as the parser's numbers are. */
#define DIGITS_MAX 15

/* Each moves `at` behind what it read, or says that it can't. */
struct text {
        char *at;
        char *end; /* the byte there is readable and no part of it */
};

static bool take(struct text *text, const char *bytes, size_t length_bytes) {
        if ((size_t) (text->end - text->at) < length_bytes ||
            memcmp(text->at, bytes, length_bytes) != 0)
                return false;
        text->at += length_bytes;
        return true;
}

static bool take_byte(struct text *text, char byte) {
        return take(text, &byte, 1);
}

static bool read_integer(struct text *text, const struct field *field, int64_t *ret) {
        const char *begin = text->at;
        int64_t value = 0;

        while (text->at < text->end && *text->at >= '0' && *text->at <= '9' &&
               text->at - begin < DIGITS_MAX)
                value = 10 * value + (*text->at++ - '0');
        if (text->at == begin || (*begin == '0' && text->at - begin > 1) ||
            value < field->range.minimum || value > field->range.maximum)
                return false;
        *ret = value;
        return true;
}

/* The closing quote becomes the NUL. */
static bool read_string(struct text *text, const char **ret) {
        char *begin = text->at + 1;

        if (!take_byte(text, '"'))
                return false;
        while (text->at < text->end && *text->at != '"') {
                if (*text->at < ' ' || *text->at > '~' || *text->at == '\\')
                        return false;
                text->at++;
        }
        if (text->at == text->end)
                return false;
        *text->at++ = '\0';
        *ret = begin;
        return true;
}

static bool read_choice(struct text *text, const struct field *field, int *ret) {
        const char *word;

        if (!read_string(text, &word))
                return false;
        for (int i = 0; field->choices[i] != NULL; i++)
                if (strcmp(field->choices[i], word) == 0) {
                        *ret = i;
                        return true;
                }
        return false;
}

static bool read_label(struct text *text, struct shmb_label *items, size_t count) {
        struct shmb_label *label = &items[count];

        if (count == LABELS_MAX || !read_string(text, &label->key) || !take_byte(text, ':') ||
            !read_string(text, &label->value))
                return false;
        for (size_t i = 0; i < count; i++)
                if (strcmp(items[i].key, label->key) == 0)
                        return false;
        return true;
}

static bool read_labels(struct text *text, struct shmb_label *items, struct labels *ret) {
        size_t count = 0;

        if (!take_byte(text, '{'))
                return false;
        while (!take_byte(text, '}')) {
                if ((count > 0 && !take_byte(text, ',')) || !read_label(text, items, count))
                        return false;
                count++;
        }
        *ret = (struct labels){items, count};
        return true;
}

static bool read_value(struct text *text, const struct field *field, struct shmb_label *labels,
                       void *where) {
        switch (field->type) {
        case FIELD_INTEGER:
                return field->width_bytes == sizeof(int64_t) && read_integer(text, field, where);
        case FIELD_CHOICE:
                return read_choice(text, field, where);
        case FIELD_STRING:
                return read_string(text, where);
        case FIELD_LABELS:
                return read_labels(text, labels, where);
        default:
                return false;
        }
}

bool journal_canonical_read(const struct fields *fields, char *text, size_t length_bytes,
                            struct shmb_label *labels, void *ret) {
        struct text rest = {text, text + length_bytes};
        size_t comma = 1; /* that a key begins with, and the first one does not */

        if (!take_byte(&rest, '{'))
                return false;
        for (size_t i = 0; i < fields->count; i++) {
                const struct field *field = &fields->items[i];

                if (!take(&rest, field->key + comma, field->key_bytes - comma)) {
                        if (field->required)
                                return false;
                        continue;
                }
                comma = 0;
                if (!read_value(&rest, field, labels, (char *) ret + field->offset_bytes))
                        return false;
        }
        return take_byte(&rest, '}') && rest.at == rest.end;
}
