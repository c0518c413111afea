#include "message.h"

#include "buffer.h"
#include "error.h"
#include "fields.h"
#include "json.h"
#include "suite.h"

#include <stdint.h>
#include <string.h>

static struct cJSON *parsed(const char *text) {
        struct cJSON *root;
        const char *reason = "";
        int r = json_parse(text, strlen(text), &root, &reason);

        ck_assert_msg(r == 0, "%s: %s", text, reason);
        return root;
}

START_TEST(calls_are_read) {
        static const struct {
                const char *text, *method;
                bool parameters, oneway, more, upgrade;
        } cases[] = {
                {"{\"method\":\"a.B\"}", "a.B", false, false, false, false},
                {"{\"method\":\"\"}", "", false, false, false, false},
                {"{\"method\":\"a.B\",\"parameters\":{}}", "a.B", true, false, false, false},
                {"{\"parameters\":{\"x\":1},\"method\":\"a.B\"}", "a.B", true, false, false, false},
                {"{\"method\":\"a.B\",\"parameters\":null,\"oneway\":null,\"more\":null,"
                 "\"upgrade\":null}",
                 "a.B", false, false, false, false},
                {"{\"method\":\"a.B\",\"oneway\":true}", "a.B", false, true, false, false},
                {"{\"method\":\"a.B\",\"more\":true}", "a.B", false, false, true, false},
                {"{\"method\":\"a.B\",\"upgrade\":true}", "a.B", false, false, false, true},
                {"{\"method\":\"a.B\",\"more\":false,\"other\":[1]}", "a.B", false, false, false,
                 false},
        };

        for (size_t i = 0; i < COUNT(cases); i++) {
                struct cJSON *document = parsed(cases[i].text);
                struct call call;
                const char *reason = "";
                ck_assert_msg(call_read(document, &call, &reason) == 0, "%s", cases[i].text);
                ck_assert_str_eq(call.method, cases[i].method);
                ck_assert_int_eq(call.parameters != NULL, cases[i].parameters);
                ck_assert_int_eq(call.oneway, cases[i].oneway);
                ck_assert_int_eq(call.more, cases[i].more);
                ck_assert_int_eq(call.upgrade, cases[i].upgrade);
                json_free(document);
        }
}
END_TEST

START_TEST(what_is_no_call_is_refused) {
        static const char *const texts[] = {
                "[]",
                "1",
                "null",
                "\"method\"",
                "[{\"method\":\"a.B\"}]",
                "{}",
                "{\"Method\":\"a.B\"}",
                "{\"method\":null}",
                "{\"method\":1}",
                "{\"method\":[\"a.B\"]}",
                "{\"method\":\"a.B\",\"parameters\":[]}",
                "{\"method\":\"a.B\",\"parameters\":\"{}\"}",
                "{\"method\":\"a.B\",\"parameters\":false}",
                "{\"method\":\"a.B\",\"oneway\":1}",
                "{\"method\":\"a.B\",\"more\":\"true\"}",
                "{\"method\":\"a.B\",\"upgrade\":{}}",
        };

        for (size_t i = 0; i < COUNT(texts); i++) {
                struct cJSON *document = parsed(texts[i]);
                struct call call;
                const char *reason = NULL;
                ck_assert_msg(call_read(document, &call, &reason) == -ERROR_MALFORMED, "%s",
                              texts[i]);
                ck_assert_ptr_nonnull(reason);
                json_free(document);
        }
}
END_TEST

START_TEST(replies_are_read) {
        static const struct {
                const char *text, *error;
                bool parameters, continues;
        } cases[] = {
                {"{}", NULL, false, false},
                {"{\"parameters\":{}}", NULL, true, false},
                {"{\"parameters\":{},\"continues\":true}", NULL, true, true},
                {"{\"error\":\"a.B\"}", "a.B", false, false},
                {"{\"error\":\"a.B\",\"parameters\":{\"x\":1}}", "a.B", true, false},
                {"{\"error\":null,\"other\":1}", NULL, false, false},
        };
        static const char *const none[] = {
                "[]",
                "true",
                "{\"error\":1}",
                "{\"error\":{}}",
                "{\"parameters\":[]}",
                "{\"parameters\":1}",
                "{\"continues\":0}",
        };

        for (size_t i = 0; i < COUNT(cases); i++) {
                struct cJSON *document = parsed(cases[i].text);
                struct reply reply;
                const char *reason = "";
                ck_assert_msg(reply_read(document, &reply, &reason) == 0, "%s", cases[i].text);
                ck_assert_pstr_eq(reply.error, cases[i].error);
                ck_assert_int_eq(reply.parameters != NULL, cases[i].parameters);
                ck_assert_int_eq(reply.continues, cases[i].continues);
                json_free(document);
        }
        for (size_t i = 0; i < COUNT(none); i++) {
                struct cJSON *document = parsed(none[i]);
                struct reply reply;
                const char *reason = NULL;
                ck_assert_msg(reply_read(document, &reply, &reason) == -ERROR_MALFORMED, "%s",
                              none[i]);
                ck_assert_ptr_nonnull(reason);
                json_free(document);
        }
}
END_TEST

/* ----------------------------------------------------------------- writing */

struct numbers {
        int64_t a, b;
};
static const struct field number_items[] = {
        INTEGER_FIELD(struct numbers, a, "a", FIELD_OPTIONAL, 0, 9),
        INTEGER_FIELD(struct numbers, b, "b", FIELD_OPTIONAL, 0, 9),
};
static const struct fields number_fields = FIELDS(number_items);
static const struct numbers both = {1, 2};

static void assert_message(struct buffer *buffer, const char *expected) {
        ck_assert_int_eq(buffer_error(buffer), 0);
        ck_assert_uint_eq(buffer->length_bytes, strlen(expected) + 1);
        ck_assert_str_eq(buffer->bytes, expected);
        buffer_clear(buffer);
}

START_TEST(messages_are_written_with_their_nul) {
        struct buffer buffer;

        buffer_init(&buffer, 1000);
        call_write(&buffer, "a.B", NULL, NULL, false);
        assert_message(&buffer, "{\"method\":\"a.B\",\"parameters\":{}}");
        call_write(&buffer, "a.B", &number_fields, &both, true);
        assert_message(&buffer,
                       "{\"method\":\"a.B\",\"parameters\":{\"a\":1,\"b\":2},\"more\":true}");
        reply_write(&buffer, NULL, NULL, false);
        assert_message(&buffer, "{\"parameters\":{}}");
        reply_write(&buffer, &number_fields, &(struct numbers){FIELD_ABSENT, 3}, true);
        assert_message(&buffer, "{\"parameters\":{\"b\":3},\"continues\":true}");
        reply_begin(&buffer);
        buffer_append(&buffer, "{\"x\":[]}", 8);
        reply_end(&buffer, true);
        assert_message(&buffer, "{\"parameters\":{\"x\":[]},\"continues\":true}");
        buffer_free(&buffer);
}
END_TEST

START_TEST(messages_follow_each_other) {
        static const char expected[] =
                "{\"parameters\":{}}\0{\"method\":\"a.B\",\"parameters\":{}}";
        struct buffer buffer;

        buffer_init(&buffer, 1000);
        reply_write(&buffer, NULL, NULL, false);
        call_write(&buffer, "a.B", NULL, NULL, false);
        ck_assert_uint_eq(buffer.length_bytes, sizeof(expected));
        ck_assert_mem_eq(buffer.bytes, expected, sizeof(expected));
        buffer_free(&buffer);
}
END_TEST

START_TEST(a_message_that_does_not_fit_fails) {
        static const char whole[] = "{\"method\":\"a.B\",\"parameters\":{\"a\":1,\"b\":2},"
                                    "\"more\":true}";

        for (size_t maximum = 0; maximum <= sizeof(whole) + FIELDS_SPARE_BYTES; maximum++) {
                struct buffer buffer;
                buffer_init(&buffer, maximum);
                call_write(&buffer, "a.B", &number_fields, &both, true);
                if (maximum < sizeof(whole))
                        ck_assert_int_eq(buffer_error(&buffer), -ERROR_TOO_LARGE);
                else if (maximum >= sizeof(whole) + FIELDS_SPARE_BYTES || buffer.error == 0)
                        ck_assert_mem_eq(buffer.bytes, whole, sizeof(whole));
                buffer_free(&buffer);
        }
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {calls_are_read},
                {what_is_no_call_is_refused},
                {replies_are_read},
                {messages_are_written_with_their_nul},
                {messages_follow_each_other},
                {a_message_that_does_not_fit_fails},
        };
        return suite_run("message", NULL, NULL, SUITE_ROWS(rows));
}
