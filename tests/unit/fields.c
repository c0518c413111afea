#include "fields.h"

#include "buffer.h"
#include "error.h"
#include "json.h"
#include "shmbroker-segment.h"
#include "suite.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* One member of each kind. */
struct inner {
        int64_t number;
        const char *text;
};

struct sample {
        const char *string;
        int8_t i8;
        uint8_t u8;
        int16_t i16;
        uint16_t u16;
        int32_t i32;
        uint32_t u32;
        int64_t i64;
        uint64_t u64;
        bool boolean;
        int choice;
        struct labels labels;
        const char *const *strings;
        struct inner inner;
        const struct inner *pointer;
        const struct cJSON *object;
};

static const char *const colours[] = {"red", "green", NULL};

static const struct field inner_items[] = {
        INTEGER_FIELD(struct inner, number, "number", FIELD_REQUIRED, -5, 5),
        STRING_FIELD(struct inner, text, "text", FIELD_OPTIONAL),
};
static const struct fields inner_fields = FIELDS(inner_items);

#define SAMPLE        struct sample
#define SAFE_INTEGERS -FIELD_INTEGER_MAX, FIELD_INTEGER_MAX
static const struct field sample_items[] = {
        STRING_FIELD(SAMPLE, string, "string", FIELD_REQUIRED),
        INTEGER_FIELD(SAMPLE, i8, "i8", FIELD_OPTIONAL, INT8_MIN, INT8_MAX),
        INTEGER_FIELD(SAMPLE, u8, "u8", FIELD_OPTIONAL, 0, UINT8_MAX),
        INTEGER_FIELD(SAMPLE, i16, "i16", FIELD_OPTIONAL, INT16_MIN, INT16_MAX),
        INTEGER_FIELD(SAMPLE, u16, "u16", FIELD_OPTIONAL, 0, UINT16_MAX),
        INTEGER_FIELD(SAMPLE, i32, "i32", FIELD_OPTIONAL, INT32_MIN, INT32_MAX),
        INTEGER_FIELD(SAMPLE, u32, "u32", FIELD_OPTIONAL, 0, UINT32_MAX),
        INTEGER_FIELD(SAMPLE, i64, "i64", FIELD_OPTIONAL, SAFE_INTEGERS),
        INTEGER_FIELD(SAMPLE, u64, "u64", FIELD_OPTIONAL, 0, FIELD_INTEGER_MAX),
        BOOLEAN_FIELD(SAMPLE, boolean, "boolean", FIELD_OPTIONAL),
        CHOICE_FIELD(SAMPLE, choice, "choice", FIELD_OPTIONAL, colours),
        LABELS_FIELD(SAMPLE, labels, "labels", FIELD_OPTIONAL),
        STRINGS_FIELD(SAMPLE, strings, "strings", FIELD_OPTIONAL),
        RECORD_FIELD(SAMPLE, inner, "inner", FIELD_OPTIONAL, &inner_fields),
        POINTER_FIELD(SAMPLE, pointer, "pointer", FIELD_OPTIONAL, &inner_fields),
        OBJECT_FIELD(SAMPLE, object, "object", FIELD_OPTIONAL),
};
static const struct fields sample_fields = FIELDS(sample_items);

static struct cJSON *parsed(const char *text) {
        struct cJSON *root;
        const char *reason = "";
        int r = json_parse(text, strlen(text), &root, &reason);

        ck_assert_msg(r == 0, "%s: %s", text, reason);
        return root;
}

/* What a decoding borrows from. */
struct room {
        struct cJSON *document;
        struct shmb_label labels[LABELS_MAX];
        struct inner inner;
};

static void decode(const char *text, struct sample *ret, struct room *room) {
        struct decoding decoding = {.labels = room->labels, .record = &room->inner};

        room->document = parsed(text);
        int r = fields_decode(&sample_fields, room->document, true, ret, &decoding);
        ck_assert_msg(r == 0, "%s: %s", text, decoding.parameter);
}

START_TEST(members_are_decoded) {
        struct sample sample;
        struct room room;

        decode("{\"object\":{\"x\":1},\"pointer\":{\"number\":-5,\"text\":\"p\"},"
               "\"inner\":{\"text\":\"t\",\"number\":5},\"labels\":{\"k\":\"v\",\"l\":\"\"},"
               "\"choice\":\"green\",\"boolean\":true,\"u64\":9007199254740991,"
               "\"i64\":-9007199254740991,\"u32\":4294967295,\"i32\":-2147483648,"
               "\"u16\":65535,\"i16\":-32768,\"u8\":255,\"i8\":-128,\"string\":\"s\"}",
               &sample, &room);
        ck_assert_str_eq(sample.string, "s");
        ck_assert_int_eq(sample.i8, INT8_MIN);
        ck_assert_uint_eq(sample.u8, UINT8_MAX);
        ck_assert_int_eq(sample.i16, INT16_MIN);
        ck_assert_uint_eq(sample.u16, UINT16_MAX);
        ck_assert_int_eq(sample.i32, INT32_MIN);
        ck_assert_uint_eq(sample.u32, UINT32_MAX);
        ck_assert_int_eq(sample.i64, -FIELD_INTEGER_MAX);
        ck_assert_uint_eq(sample.u64, FIELD_INTEGER_MAX);
        ck_assert(sample.boolean);
        ck_assert_int_eq(sample.choice, 1);
        ck_assert_uint_eq(sample.labels.count, 2);
        ck_assert_ptr_eq(sample.labels.items, room.labels);
        ck_assert_str_eq(room.labels[0].key, "k");
        ck_assert_str_eq(room.labels[0].value, "v");
        ck_assert_str_eq(room.labels[1].key, "l");
        ck_assert_str_eq(room.labels[1].value, "");
        ck_assert_int_eq(sample.inner.number, 5);
        ck_assert_str_eq(sample.inner.text, "t");
        ck_assert_ptr_eq(sample.pointer, &room.inner);
        ck_assert_int_eq(sample.pointer->number, -5);
        ck_assert_str_eq(sample.pointer->text, "p");
        ck_assert_ptr_nonnull(sample.object);
        json_free(room.document);
}
END_TEST

static void assert_all_absent(const struct sample *sample) {
        ck_assert_int_eq(sample->i8, 0);
        ck_assert_uint_eq(sample->u32, 0);
        ck_assert_int_eq(sample->i64, FIELD_ABSENT);
        ck_assert_uint_eq(sample->u64, 0);
        ck_assert(!sample->boolean);
        ck_assert_int_eq(sample->choice, -1);
        ck_assert_ptr_null(sample->labels.items);
        ck_assert_uint_eq(sample->labels.count, 0);
        ck_assert_ptr_null(sample->strings);
        ck_assert_int_eq(sample->inner.number, FIELD_ABSENT);
        ck_assert_ptr_null(sample->inner.text);
        ck_assert_ptr_null(sample->pointer);
        ck_assert_ptr_null(sample->object);
}

START_TEST(absent_members_have_their_absent_value) {
        static const char *const texts[] = {
                "{\"string\":\"\"}",
                "{\"i8\":null,\"u32\":null,\"i64\":null,\"u64\":null,\"boolean\":null,"
                "\"choice\":null,\"labels\":null,\"strings\":null,\"inner\":null,"
                "\"pointer\":null,\"object\":null,\"string\":\"\"}",
        };

        for (size_t i = 0; i < COUNT(texts); i++) {
                struct sample sample;
                struct room room;
                memset(&sample, 0x55, sizeof(sample));
                decode(texts[i], &sample, &room);
                assert_all_absent(&sample);
                json_free(room.document);
        }
}
END_TEST

START_TEST(an_empty_set_of_labels_is_not_an_absent_one) {
        struct sample sample;
        struct room room;

        decode("{\"string\":\"\",\"labels\":{}}", &sample, &room);
        ck_assert_ptr_nonnull(sample.labels.items);
        ck_assert_uint_eq(sample.labels.count, 0);
        json_free(room.document);
}
END_TEST

START_TEST(what_is_wrong_is_refused_by_name) {
        static const struct {
                const char *text, *parameter;
                bool even_when_lenient;
        } cases[] = {
                {"{}", "string", true},
                {"{\"string\":null}", "string", true},
                {"{\"string\":1}", "string", true},
                {"{\"string\":true}", "string", true},
                {"{\"string\":[]}", "string", true},
                {"{\"string\":{}}", "string", true},
                {"{\"string\":\"\",\"other\":1}", "other", false},
                {"{\"string\":\"\",\"other\":null}", "other", false},
                {"{\"string\":\"\",\"String\":\"\"}", "String", false},
                {"{\"string\":\"\",\"\":\"\"}", "", false},
                {"{\"other\":1}", "other", true},

                {"{\"string\":\"\",\"i8\":-129}", "i8", true},
                {"{\"string\":\"\",\"i8\":128}", "i8", true},
                {"{\"string\":\"\",\"u8\":-1}", "u8", true},
                {"{\"string\":\"\",\"u8\":256}", "u8", true},
                {"{\"string\":\"\",\"i16\":32768}", "i16", true},
                {"{\"string\":\"\",\"u16\":65536}", "u16", true},
                {"{\"string\":\"\",\"i32\":2147483648}", "i32", true},
                {"{\"string\":\"\",\"u32\":4294967296}", "u32", true},
                {"{\"string\":\"\",\"i64\":9007199254740992}", "i64", true},
                {"{\"string\":\"\",\"i64\":9007199254740993}", "i64", true},
                {"{\"string\":\"\",\"i64\":-9007199254740992}", "i64", true},
                {"{\"string\":\"\",\"i64\":-9223372036854775808}", "i64", true},
                {"{\"string\":\"\",\"i64\":18446744073709551617}", "i64", true},
                {"{\"string\":\"\",\"u64\":1e300}", "u64", true},
                {"{\"string\":\"\",\"u64\":-1}", "u64", true},
                {"{\"string\":\"\",\"i8\":1.5}", "i8", true},
                {"{\"string\":\"\",\"i8\":1e-5}", "i8", true},
                {"{\"string\":\"\",\"i64\":0.1}", "i64", true},
                {"{\"string\":\"\",\"i8\":\"1\"}", "i8", true},
                {"{\"string\":\"\",\"i8\":true}", "i8", true},
                {"{\"string\":\"\",\"i8\":[1]}", "i8", true},

                {"{\"string\":\"\",\"boolean\":1}", "boolean", true},
                {"{\"string\":\"\",\"boolean\":\"true\"}", "boolean", true},
                {"{\"string\":\"\",\"choice\":\"blue\"}", "choice", true},
                {"{\"string\":\"\",\"choice\":\"Red\"}", "choice", true},
                {"{\"string\":\"\",\"choice\":\"\"}", "choice", true},
                {"{\"string\":\"\",\"choice\":0}", "choice", true},
                {"{\"string\":\"\",\"labels\":[]}", "labels", true},
                {"{\"string\":\"\",\"labels\":\"a\"}", "labels", true},
                {"{\"string\":\"\",\"labels\":{\"a\":1}}", "labels", true},
                {"{\"string\":\"\",\"labels\":{\"a\":null}}", "labels", true},
                {"{\"string\":\"\",\"labels\":{\"a\":{}}}", "labels", true},
                {"{\"string\":\"\",\"labels\":{\"0\":\"\",\"1\":\"\",\"2\":\"\",\"3\":\"\","
                 "\"4\":\"\",\"5\":\"\",\"6\":\"\",\"7\":\"\",\"8\":\"\",\"9\":\"\",\"10\":\"\","
                 "\"11\":\"\",\"12\":\"\",\"13\":\"\",\"14\":\"\",\"15\":\"\",\"16\":\"\"}}",
                 "labels", true},
                {"{\"string\":\"\",\"strings\":\"a\"}", "strings", true},
                {"{\"string\":\"\",\"inner\":[]}", "inner", true},
                {"{\"string\":\"\",\"inner\":{}}", "inner", true},
                {"{\"string\":\"\",\"inner\":{\"number\":6}}", "inner", true},
                {"{\"string\":\"\",\"inner\":{\"number\":1,\"text\":1}}", "inner", true},
                {"{\"string\":\"\",\"inner\":{\"number\":1,\"other\":1}}", "inner", false},
                {"{\"string\":\"\",\"pointer\":1}", "pointer", true},
                {"{\"string\":\"\",\"pointer\":{}}", "pointer", true},
                {"{\"string\":\"\",\"pointer\":{\"number\":1,\"other\":1}}", "pointer", false},
                {"{\"string\":\"\",\"object\":[]}", "object", true},
                {"{\"string\":\"\",\"object\":1}", "object", true},
        };

        for (size_t i = 0; i < COUNT(cases); i++) {
                struct cJSON *document = parsed(cases[i].text);
                struct room room;
                struct decoding decoding = {.labels = room.labels, .record = &room.inner};
                struct sample sample;

                ck_assert_msg(fields_decode(&sample_fields, document, true, &sample, &decoding) ==
                                      -ERROR_INVALID_PARAMETER,
                              "taken: %s", cases[i].text);
                ck_assert_str_eq(decoding.parameter, cases[i].parameter);

                int lenient = fields_decode(&sample_fields, document, false, &sample, &decoding);
                ck_assert_msg(lenient ==
                                      (cases[i].even_when_lenient ? -ERROR_INVALID_PARAMETER : 0),
                              "%s", cases[i].text);
                json_free(document);
        }
}
END_TEST

START_TEST(integers_may_be_written_in_any_way) {
        static const char *const same[] = {"100", "1e2", "1E+2", "100.0", "1000e-1", "0.1e3"};

        for (size_t i = 0; i < COUNT(same); i++) {
                char text[64];
                struct sample sample;
                struct room room;
                sprintf(text, "{\"string\":\"\",\"u8\":%s,\"i64\":-%s}", same[i], same[i]);
                decode(text, &sample, &room);
                ck_assert_uint_eq(sample.u8, 100);
                ck_assert_int_eq(sample.i64, -100);
                json_free(room.document);
        }
}
END_TEST

START_TEST(no_object_is_an_empty_one) {
        struct inner inner = {.text = "x"};
        struct decoding decoding = {0};
        static const struct fields nothing;

        ck_assert_int_eq(fields_decode(&inner_fields, NULL, true, &inner, &decoding),
                         -ERROR_INVALID_PARAMETER);
        ck_assert_str_eq(decoding.parameter, "number");
        ck_assert_int_eq(fields_decode(&nothing, NULL, true, &inner, &decoding), 0);

        struct cJSON *document = parsed("{\"a\":1}");
        ck_assert_int_eq(fields_decode(&nothing, document, true, &inner, &decoding),
                         -ERROR_INVALID_PARAMETER);
        ck_assert_str_eq(decoding.parameter, "a");
        ck_assert_int_eq(fields_decode(&nothing, document, false, &inner, &decoding), 0);
        json_free(document);
}
END_TEST

/* --------------------------------------------------------------- encoding */

static void assert_encoded(const struct sample *sample, const char *expected) {
        struct buffer buffer;

        buffer_init(&buffer, 4096);
        fields_encode(&buffer, &sample_fields, sample);
        buffer_append_byte(&buffer, '\0');
        ck_assert_int_eq(buffer_error(&buffer), 0);
        ck_assert_str_eq(buffer.bytes, expected);
        buffer_free(&buffer);
}

START_TEST(members_are_encoded) {
        static const struct shmb_label labels[] = {{"k", "v"}, {"l\"", ""}};
        static const char *const strings[] = {"a", "b\n", NULL};
        static const struct inner pointed = {.number = 1, .text = NULL};
        const struct sample sample = {
                .string = "s",
                .i8 = INT8_MIN,
                .u8 = UINT8_MAX,
                .i16 = INT16_MIN,
                .u16 = UINT16_MAX,
                .i32 = INT32_MIN,
                .u32 = UINT32_MAX,
                .i64 = -FIELD_INTEGER_MAX,
                .u64 = UINT64_MAX,
                .boolean = true,
                .choice = 1,
                .labels = {labels, COUNT(labels)},
                .strings = strings,
                .inner = {.number = 5, .text = "t"},
                .pointer = &pointed,
        };

        assert_encoded(&sample,
                       "{\"string\":\"s\",\"i8\":-128,\"u8\":255,\"i16\":-32768,\"u16\":65535,"
                       "\"i32\":-2147483648,\"u32\":4294967295,\"i64\":-9007199254740991,"
                       "\"u64\":9007199254740991,\"boolean\":true,\"choice\":\"green\","
                       "\"labels\":{\"k\":\"v\",\"l\\\"\":\"\"},\"strings\":[\"a\",\"b\\n\"],"
                       "\"inner\":{\"number\":5,\"text\":\"t\"},\"pointer\":{\"number\":1}}");
}
END_TEST

START_TEST(absent_members_are_left_out) {
        static const struct shmb_label none;
        static const char *const empty[] = {NULL};
        struct sample sample = {.i64 = FIELD_ABSENT, .choice = -1, .inner = {FIELD_ABSENT, NULL}};

        assert_encoded(&sample, "{\"string\":null,\"i8\":0,\"u8\":0,\"i16\":0,\"u16\":0,\"i32\":0,"
                                "\"u32\":0,\"u64\":0,\"boolean\":false,"
                                "\"inner\":{\"number\":null}}");
        sample.labels.items = &none;
        sample.strings = empty;
        sample.choice = 0;
        assert_encoded(&sample,
                       "{\"string\":null,\"i8\":0,\"u8\":0,\"i16\":0,\"u16\":0,\"i32\":0,"
                       "\"u32\":0,\"u64\":0,\"boolean\":false,\"choice\":\"red\",\"labels\":{},"
                       "\"strings\":[],\"inner\":{\"number\":null}}");
}
END_TEST

START_TEST(required_labels_that_are_absent_are_an_empty_set) {
        static const struct field items[] = {
                LABELS_FIELD(SAMPLE, labels, "labels", FIELD_REQUIRED)};
        static const struct fields fields = FIELDS(items);
        static const struct sample sample;
        struct buffer buffer;

        buffer_init(&buffer, 100);
        fields_encode(&buffer, &fields, &sample);
        ck_assert_uint_eq(buffer.length_bytes, strlen("{\"labels\":{}}"));
        ck_assert_mem_eq(buffer.bytes, "{\"labels\":{}}", buffer.length_bytes);
        buffer_free(&buffer);
}
END_TEST

START_TEST(integers_saturate_at_what_json_holds) {
        static const struct {
                int64_t value, written;
        } cases[] = {
                {FIELD_INTEGER_MAX, FIELD_INTEGER_MAX},
                {FIELD_INTEGER_MAX + 1, FIELD_INTEGER_MAX},
                {INT64_MAX, FIELD_INTEGER_MAX},
                {-FIELD_INTEGER_MAX, -FIELD_INTEGER_MAX},
                {-FIELD_INTEGER_MAX - 1, -FIELD_INTEGER_MAX},
                {INT64_MIN + 1, -FIELD_INTEGER_MAX},
        };

        for (size_t i = 0; i < COUNT(cases); i++) {
                struct inner inner = {.number = cases[i].value};
                struct buffer buffer;
                char expected[64];
                int length = sprintf(expected, "{\"number\":%" PRId64 "}", cases[i].written);

                buffer_init(&buffer, 100);
                fields_encode(&buffer, &inner_fields, &inner);
                ck_assert_uint_eq(buffer.length_bytes, length);
                ck_assert_mem_eq(buffer.bytes, expected, length);
                buffer_free(&buffer);
        }
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {members_are_decoded},
                {absent_members_have_their_absent_value},
                {an_empty_set_of_labels_is_not_an_absent_one},
                {what_is_wrong_is_refused_by_name},
                {integers_may_be_written_in_any_way},
                {no_object_is_an_empty_one},
                {members_are_encoded},
                {absent_members_are_left_out},
                {required_labels_that_are_absent_are_an_empty_set},
                {integers_saturate_at_what_json_holds},
        };
        return suite_run("fields", NULL, NULL, SUITE_ROWS(rows));
}
