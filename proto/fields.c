#include "fields.h"

#include "buffer.h"
#include "error.h"
#include "shmbroker-segment.h"
#include "writer.h"

#include <cjson/cJSON.h>
#include <string.h>

/* --------------------------------------------------------------- integers */

/* As far as JSON holds it exactly. */
static int64_t saturated(int64_t value) {
        if (value > FIELD_INTEGER_MAX)
                return FIELD_INTEGER_MAX;
        return value < -FIELD_INTEGER_MAX ? -FIELD_INTEGER_MAX : value;
}

static int64_t integer_read(const struct field *field, const void *where) {
        switch (field->width_bytes) {
        case sizeof(int64_t):
                if (!field->is_signed && *(const uint64_t *) where > INT64_MAX)
                        return FIELD_INTEGER_MAX;
                return saturated(*(const int64_t *) where);
        case sizeof(int32_t):
                if (!field->is_signed)
                        return *(const uint32_t *) where;
                return *(const int32_t *) where;
        case sizeof(int16_t):
                return field->is_signed ? *(const int16_t *) where : *(const uint16_t *) where;
        default:
                return field->is_signed ? *(const int8_t *) where : *(const uint8_t *) where;
        }
}

/* The table's bounds lie within the width. */
static void integer_write(const struct field *field, void *where, int64_t value) {
        switch (field->width_bytes) {
        case sizeof(int64_t):
                *(int64_t *) where = value;
                return;
        case sizeof(int32_t):
                *(int32_t *) where = (int32_t) value;
                return;
        case sizeof(int16_t):
                *(int16_t *) where = (int16_t) value;
                return;
        default:
                *(int8_t *) where = (int8_t) value;
                return;
        }
}

static bool integer_can_be_absent(const struct field *field) {
        return field->width_bytes == sizeof(int64_t) && field->is_signed;
}

/* --------------------------------------------------------------- decoding */

/* The value of what is absent. */
static void clear(const struct field *field, void *where) {
        switch (field->type) {
        case FIELD_STRING:
                *(const char **) where = NULL;
                return;
        case FIELD_INTEGER:
                integer_write(field, where, integer_can_be_absent(field) ? FIELD_ABSENT : 0);
                return;
        case FIELD_BOOLEAN:
                *(bool *) where = false;
                return;
        case FIELD_CHOICE:
                *(int *) where = -1;
                return;
        case FIELD_LABELS:
                *(struct labels *) where = (struct labels){0};
                return;
        case FIELD_STRINGS:
                *(const char *const **) where = NULL;
                return;
        case FIELD_RECORD:
                for (size_t i = 0; i < field->record->count; i++)
                        clear(&field->record->items[i],
                              (char *) where + field->record->items[i].offset_bytes);
                return;
        case FIELD_POINTER:
                *(void **) where = NULL;
                return;
        case FIELD_OBJECT:
                *(const struct cJSON **) where = NULL;
                return;
        }
}

static int type_of(const struct cJSON *value) {
        return value->type & 0xff;
}

static bool decode_integer(const struct field *field, const struct cJSON *value, void *where) {
        double number = value->valuedouble;

        /* Both bounds are exact in a double; the cast comes after them, so it is defined. */
        if (!(number >= (double) field->range.minimum && number <= (double) field->range.maximum))
                return false;
        int64_t integer = (int64_t) number;
        if ((double) integer != number)
                return false;
        integer_write(field, where, integer);
        return true;
}

static bool decode_choice(const struct field *field, const struct cJSON *value, int *ret) {
        for (int i = 0; field->choices[i]; i++) {
                if (strcmp(field->choices[i], value->valuestring) == 0) {
                        *ret = i;
                        return true;
                }
        }
        return false;
}

static bool decode_labels(const struct cJSON *object, struct labels *ret,
                          struct decoding *decoding) {
        size_t count = 0;

        for (const struct cJSON *value = object->child; value; value = value->next) {
                if (count == LABELS_MAX || type_of(value) != cJSON_String)
                        return false;
                decoding->labels[count++] = (struct shmb_label){
                        .key = value->string,
                        .value = value->valuestring,
                };
        }
        *ret = (struct labels){.items = decoding->labels, .count = count};
        return true;
}

static bool decode_value(const struct field *field, const struct cJSON *value, bool strict,
                         void *where, struct decoding *decoding) {
        int type = type_of(value);

        switch (field->type) {
        case FIELD_STRING:
                if (type != cJSON_String)
                        return false;
                *(const char **) where = value->valuestring;
                return true;
        case FIELD_INTEGER:
                return type == cJSON_Number && decode_integer(field, value, where);
        case FIELD_BOOLEAN:
                *(bool *) where = type == cJSON_True;
                return type == cJSON_True || type == cJSON_False;
        case FIELD_CHOICE:
                return type == cJSON_String && decode_choice(field, value, where);
        case FIELD_LABELS:
                return type == cJSON_Object && decode_labels(value, where, decoding);
        case FIELD_STRINGS:
                return type == cJSON_Array;
        case FIELD_OBJECT:
                *(const struct cJSON **) where = value;
                return type == cJSON_Object;
        case FIELD_POINTER:
                *(void **) where = decoding->record;
                where = decoding->record;
                __attribute__((fallthrough));
        case FIELD_RECORD:
                return type == cJSON_Object &&
                       fields_decode(field->record, value, strict, where, decoding) == 0;
        }
        return false;
}

/* Members mostly come in the table's order: the search begins behind the last one found. */
static const struct field *find(const struct fields *fields, const char *name, size_t *hint) {
        for (size_t i = 0; i < fields->count; i++) {
                size_t at = *hint;
                *hint = at + 1 < fields->count ? at + 1 : 0;
                if (strcmp(fields->items[at].name, name) == 0)
                        return &fields->items[at];
        }
        return NULL;
}

int fields_decode(const struct fields *fields, const struct cJSON *object, bool strict, void *ret,
                  struct decoding *decoding) {
        uint64_t found = 0; /* by their place in the table */
        size_t hint = 0;

        for (const struct cJSON *member = object ? object->child : NULL; member;
             member = member->next) {
                const struct field *field = find(fields, member->string, &hint);
                if (field ? type_of(member) == cJSON_NULL : !strict)
                        continue;
                if (!field || !decode_value(field, member, strict,
                                            (char *) ret + field->offset_bytes, decoding)) {
                        decoding->parameter = member->string;
                        return -ERROR_INVALID_PARAMETER;
                }
                found |= UINT64_C(1) << (field - fields->items);
        }

        for (size_t i = 0; i < fields->count; i++) {
                const struct field *field = &fields->items[i];
                if (found & UINT64_C(1) << i)
                        continue;
                if (field->required) {
                        decoding->parameter = field->name;
                        return -ERROR_INVALID_PARAMETER;
                }
                clear(field, (char *) ret + field->offset_bytes);
        }
        return 0;
}

/* --------------------------------------------------------------- encoding */

static bool is_absent(const struct field *field, const void *where) {
        switch (field->type) {
        case FIELD_STRING:
        case FIELD_STRINGS:
        case FIELD_POINTER:
                return *(const void *const *) where == NULL;
        case FIELD_CHOICE:
                return *(const int *) where < 0;
        case FIELD_LABELS:
                return ((const struct labels *) where)->items == NULL;
        case FIELD_BOOLEAN:
        case FIELD_INTEGER: /* encode_integer() */
        case FIELD_RECORD:
                return false;
        case FIELD_OBJECT:
                return true;
        }
        return true;
}

static void encode_labels(struct buffer *out, const struct labels *labels) {
        buffer_append_byte(out, '{');
        for (size_t i = 0; i < labels->count; i++) {
                if (i > 0)
                        buffer_append_byte(out, ',');
                writer_string(out, labels->items[i].key);
                buffer_append_byte(out, ':');
                writer_string(out, labels->items[i].value);
        }
        buffer_append_byte(out, '}');
}

static void encode_strings(struct buffer *out, const char *const *strings) {
        buffer_append_byte(out, '[');
        for (size_t i = 0; strings[i]; i++) {
                if (i > 0)
                        buffer_append_byte(out, ',');
                writer_string(out, strings[i]);
        }
        buffer_append_byte(out, ']');
}

static void encode_value(struct buffer *out, const struct field *field, const void *where) {
        switch (field->type) {
        case FIELD_STRING:
                writer_string(out, *(const char *const *) where);
                return;
        case FIELD_BOOLEAN:
                writer_boolean(out, *(const bool *) where);
                return;
        case FIELD_CHOICE:
                writer_string(out, field->choices[*(const int *) where]);
                return;
        case FIELD_LABELS:
                encode_labels(out, where);
                return;
        case FIELD_STRINGS:
                encode_strings(out, *(const char *const *const *) where);
                return;
        case FIELD_RECORD:
                fields_encode(out, field->record, where);
                return;
        case FIELD_POINTER:
                fields_encode(out, field->record, *(const void *const *) where);
                return;
        case FIELD_INTEGER:
        case FIELD_OBJECT:
                return;
        }
}

/* `begin` is where FIELDS_SPARE_BYTES are free. Returns the byte behind the key, with the
 * comma in front of it. */
static char *put_key(char *begin, const struct field *field) {
        memcpy(begin, field->key, FIELD_KEY_BYTES_MAX); /* of one length for all: no call */
        return begin + field->key_bytes;
}

/* Most members are integers. */
static void encode_integer(struct buffer *out, const struct field *field, const void *where) {
        bool absent = integer_can_be_absent(field) && *(const int64_t *) where == FIELD_ABSENT;
        if (absent && !field->required)
                return;

        char *at = buffer_begin(out, FIELDS_SPARE_BYTES);
        if (!at)
                return;
        at = put_key(at, field);
        buffer_end(out, absent ? mempcpy(at, "null", 4)
                               : writer_put_integer(at, integer_read(field, where)));
}

static void encode_member(struct buffer *out, const struct field *field, const void *where) {
        bool absent = is_absent(field, where);
        if (absent && !field->required)
                return;

        char *at = buffer_begin(out, FIELDS_SPARE_BYTES);
        if (!at)
                return;
        buffer_end(out, put_key(at, field));
        if (absent && field->type != FIELD_LABELS)
                buffer_append(out, "null", 4);
        else
                encode_value(out, field, where);
}

void fields_encode(struct buffer *out, const struct fields *fields, const void *from) {
        size_t start_bytes = out->length_bytes;

        for (size_t i = 0; i < fields->count; i++) {
                const struct field *field = &fields->items[i];
                const void *where = (const char *) from + field->offset_bytes;
                if (field->type == FIELD_INTEGER)
                        encode_integer(out, field, where);
                else
                        encode_member(out, field, where);
        }
        if (out->length_bytes > start_bytes)
                out->bytes[start_bytes] = '{'; /* in place of the first comma */
        else
                buffer_append_byte(out, '{');
        buffer_append_byte(out, '}');
}
