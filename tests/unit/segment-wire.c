#include "proto/segment.h"

#include "buffer.h"
#include "error.h"
#include "json.h"
#include "suite.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const struct shmb_label two_labels[] = {{"role", "left"}, {"app/version", "1 \xc3\xa4"}};

static const struct shmb_segment sample = {
        .name = "camera/left",
        .id = INT_MAX,
        .key = UINT32_MAX,
        .size = UINT64_C(5) << 30,
        .mode = 0640,
        .uid = UINT32_MAX - 1,
        .gid = 1001,
        .cuid = 998,
        .cgid = 997,
        .seq = 7,
        .atime = 1763875001,
        .dtime = 1763875002,
        .ctime = 1763875003,
        .cpid = 812,
        .lpid = 41234,
        .nattch = 3,
        .locked = true,
        .removed = false,
        .page_size = 2 << 20,
        .lifetime = SHMB_ATTACHED,
        .creator = {1002, 1003, 4242, "driver", "camera.service"},
        .created_at = 1763875004,
        .adopted = true,
        .labels = {two_labels, COUNT(two_labels)},
};

static const char sample_text[] =
        "{\"name\":\"camera/left\",\"id\":2147483647,\"key\":4294967295,\"size\":5368709120,"
        "\"mode\":416,\"uid\":4294967294,\"gid\":1001,\"cuid\":998,\"cgid\":997,\"seq\":7,"
        "\"atime\":1763875001,\"dtime\":1763875002,\"ctime\":1763875003,\"cpid\":812,"
        "\"lpid\":41234,\"nattch\":3,\"locked\":true,\"removed\":false,\"pageSize\":2097152,"
        "\"lifetime\":\"attached\",\"creator\":{\"uid\":1002,\"gid\":1003,\"pid\":4242,"
        "\"command\":\"driver\",\"unit\":\"camera.service\"},\"createdAt\":1763875004,"
        "\"adopted\":true,\"labels\":{\"role\":\"left\",\"app/version\":\"1 \xc3\xa4\"}}";

static void assert_encoded(const struct shmb_segment *segment, const char *expected) {
        struct buffer buffer;

        buffer_init(&buffer, 65536);
        fields_encode(&buffer, &segment_fields, segment);
        buffer_append_byte(&buffer, '\0');
        ck_assert_int_eq(buffer_error(&buffer), 0);
        ck_assert_str_eq(buffer.bytes, expected);
        buffer_free(&buffer);
}

static struct cJSON *parsed(const char *text) {
        struct cJSON *root;
        const char *reason = "";
        int r = json_parse(text, strlen(text), &root, &reason);

        ck_assert_msg(r == 0, "%s: %s", text, reason);
        return root;
}

/* As a client keeps it. */
static int decode(const struct cJSON *object, struct shmb_segment **ret) {
        struct shmb_label labels[LABELS_MAX];
        struct decoding decoding = {.labels = labels};
        struct shmb_segment segment;

        int r = fields_decode(&segment_fields, object, false, &segment, &decoding);
        return r < 0 ? r : segment_copy(&segment, ret);
}

START_TEST(a_segment_is_encoded) {
        assert_encoded(&sample, sample_text);
}
END_TEST

START_TEST(a_private_one_has_no_name) {
        struct shmb_segment private = {.id = 0, .lifetime = SHMB_PERSISTENT};

        assert_encoded(&private,
                       "{\"id\":0,\"key\":0,\"size\":0,\"mode\":0,\"uid\":0,\"gid\":0,\"cuid\":0,"
                       "\"cgid\":0,\"seq\":0,\"atime\":0,\"dtime\":0,\"ctime\":0,\"cpid\":0,"
                       "\"lpid\":0,\"nattch\":0,\"locked\":false,\"removed\":false,\"pageSize\":0,"
                       "\"lifetime\":\"persistent\",\"creator\":{\"uid\":0,\"gid\":0,\"pid\":0},"
                       "\"createdAt\":0,\"adopted\":false,\"labels\":{}}");
}
END_TEST

START_TEST(a_copy_lives_without_its_document) {
        struct cJSON *document = parsed(sample_text);
        struct shmb_segment *segment;

        ck_assert_int_eq(decode(document, &segment), 0);
        json_free(document);
        assert_encoded(segment, sample_text);
        ck_assert_int_eq(segment->lifetime, SHMB_ATTACHED);
        ck_assert_uint_eq(segment->labels.count, 2);

        struct shmb_segment *again;
        ck_assert_int_eq(segment_copy(segment, &again), 0);
        free(segment);
        assert_encoded(again, sample_text);
        free(again);
}
END_TEST

START_TEST(what_may_be_missing_is_null) {
        struct shmb_segment private = {.id = 0, .lifetime = SHMB_PERSISTENT};
        struct shmb_segment *copy;
        struct buffer buffer;

        buffer_init(&buffer, 65536);
        fields_encode(&buffer, &segment_fields, &private);
        buffer_append_byte(&buffer, '\0');
        struct cJSON *document = parsed(buffer.bytes);
        ck_assert_int_eq(decode(document, &copy), 0);
        json_free(document);
        buffer_free(&buffer);
        ck_assert_ptr_null(copy->name);
        ck_assert_ptr_null(copy->creator.command);
        ck_assert_ptr_null(copy->creator.unit);
        ck_assert_uint_eq(copy->labels.count, 0);
        free(copy);
}
END_TEST

START_TEST(a_segment_without_what_it_needs_is_none) {
        /* every member but name, one after the other under another name */
        for (size_t i = 1; i < segment_fields.count; i++) {
                struct shmb_segment *segment = NULL;
                char *text = strdup(sample_text);
                char key[64];
                sprintf(key, "\"%s\":", segment_fields.items[i].name);
                char *member = strstr(text, key);
                member[1] = 'X';
                struct cJSON *document = parsed(text);
                ck_assert_msg(decode(document, &segment) == -ERROR_INVALID_PARAMETER, "%s", key);
                ck_assert_ptr_null(segment);
                json_free(document);
                free(text);
        }
}
END_TEST

START_TEST(a_newer_brokers_members_are_passed_over) {
        char text[sizeof(sample_text) + 64];
        struct shmb_segment *segment;

        sprintf(text, "{\"shiny\":{\"new\":[1,2]},%s", sample_text + 1);
        struct cJSON *document = parsed(text);
        ck_assert_int_eq(decode(document, &segment), 0);
        json_free(document);
        assert_encoded(segment, sample_text);
        free(segment);
}
END_TEST

/* ------------------------------------------------------------------ labels */

static const char *repeated(char byte, size_t length) {
        static char text[4][512];
        static unsigned turn;
        char *at = text[turn++ % 4];

        memset(at, byte, length);
        at[length] = '\0';
        return at;
}

#define KEY_BYTE "a key has a character other than A-Z a-z 0-9 . _ - /"
#define CONTROL  "a value has a control character"

START_TEST(labels_keep_their_bounds) {
        const struct {
                struct shmb_label label;
                const char *reason;
        } cases[] = {
                {{"a", ""}, NULL},
                {{"A-Z.a_z/0-9", "any thing, even \"quotes\" and \xe2\x82\xac"}, NULL},
                {{repeated('k', LABEL_KEY_BYTES_MAX), ""}, NULL},
                {{repeated('k', LABEL_KEY_BYTES_MAX + 1), ""}, "a key is longer than 64 bytes"},
                {{"", ""}, "a key is empty"},
                {{"a b", ""}, KEY_BYTE},
                {{"a:b", ""}, KEY_BYTE},
                {{"\xc3\xa4", ""}, KEY_BYTE},
                {{"a\n", ""}, KEY_BYTE},
                {{"a", "\n"}, CONTROL},
                {{"a", "b\x1f"}, CONTROL},
                {{"a", "\x7f"}, CONTROL},
                {{"a", "\xc2\x80"}, CONTROL},
                {{"a", "\xc2\x9f"}, CONTROL},
                {{"a", "\xc2\xa0"}, NULL},
                {{"a", "\xff"}, "a value is not UTF-8"},
                {{"a", "\xc3"}, "a value is not UTF-8"},
                {{"a", repeated('v', LABEL_VALUE_BYTES_MAX)}, NULL},
                {{"a", repeated('v', LABEL_VALUE_BYTES_MAX + 1)},
                 "a value is longer than 256 bytes"},
        };

        for (size_t i = 0; i < COUNT(cases); i++) {
                const struct labels labels = {&cases[i].label, 1};
                ck_assert_pstr_eq(segment_labels_reason(&labels), cases[i].reason);
        }
}
END_TEST

START_TEST(there_are_at_most_sixteen_and_each_is_another) {
        struct shmb_label items[LABELS_MAX + 1];
        char keys[LABELS_MAX + 1][4];

        for (size_t i = 0; i < COUNT(items); i++) {
                sprintf(keys[i], "k%zu", i);
                items[i] = (struct shmb_label){keys[i], "v"};
        }
        ck_assert_ptr_null(segment_labels_reason(&(struct labels){NULL, 0}));
        ck_assert_ptr_null(segment_labels_reason(&(struct labels){items, LABELS_MAX}));
        ck_assert_pstr_eq(segment_labels_reason(&(struct labels){items, LABELS_MAX + 1}),
                          "more than 16 of them");
        items[LABELS_MAX - 1].key = "k0";
        ck_assert_pstr_eq(segment_labels_reason(&(struct labels){items, LABELS_MAX}),
                          "a key occurs twice");
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {a_segment_is_encoded},
                {a_private_one_has_no_name},
                {a_copy_lives_without_its_document},
                {what_may_be_missing_is_null},
                {a_segment_without_what_it_needs_is_none},
                {a_newer_brokers_members_are_passed_over},
                {labels_keep_their_bounds},
                {there_are_at_most_sixteen_and_each_is_another},
        };
        return suite_run("segment-wire", NULL, NULL, SUITE_ROWS(rows));
}
