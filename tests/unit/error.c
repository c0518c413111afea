#include "error.h"

#include "buffer.h"
#include "fields.h"
#include "json.h"
#include "message.h"
#include "suite.h"

#include <errno.h>
#include <string.h>

#define SERVICE(name)   "org.varlink.service." name
#define SHMBROKER(name) "io.shmbroker." name

/* Every error, filled as the broker fills it, and its four faces. */
static const struct row {
        struct error error;
        const char *wire; /* the whole reply; NULL: it never goes there */
        int errno_value;
        const char *sentence;
} rows[] = {
        {{ERROR_INTERFACE_NOT_FOUND, .name = "a.b", .id = FIELD_ABSENT},
         "{\"error\":\"" SERVICE("InterfaceNotFound") "\",\"parameters\":{\"interface\":\"a.b\"}}",
         ENOSYS,
         "the broker has no interface \"a.b\""},
        {{ERROR_METHOD_NOT_FOUND, .name = "a.B", .id = FIELD_ABSENT},
         "{\"error\":\"" SERVICE("MethodNotFound") "\",\"parameters\":{\"method\":\"a.B\"}}",
         ENOSYS,
         "the broker has no method \"a.B\""},
        {{ERROR_METHOD_NOT_IMPLEMENTED, .name = "a.B", .id = FIELD_ABSENT},
         "{\"error\":\"" SERVICE("MethodNotImplemented") "\",\"parameters\":{\"method\":\"a.B\"}}",
         EOPNOTSUPP,
         "the broker does not implement \"a.B\""},
        {{ERROR_INVALID_PARAMETER, .parameter = "mode", .id = FIELD_ABSENT},
         "{\"error\":\"" SERVICE("InvalidParameter") "\",\"parameters\":{\"parameter\":\"mode\"}}",
         EINVAL,
         "parameter \"mode\" is missing, unknown, of the wrong type or out of range"},
        {{ERROR_PERMISSION_DENIED, .id = FIELD_ABSENT},
         "{\"error\":\"" SERVICE("PermissionDenied") "\",\"parameters\":{}}",
         EACCES,
         "the broker does not let this user do that"},
        {{ERROR_EXPECTED_MORE, .id = FIELD_ABSENT},
         "{\"error\":\"" SERVICE("ExpectedMore") "\",\"parameters\":{}}",
         EPROTO,
         "the method has many replies: call it with \"more\""},

        {{ERROR_NOT_FOUND, .name = "cam/still", .id = FIELD_ABSENT},
         "{\"error\":\"" SHMBROKER("NotFound") "\",\"parameters\":{\"name\":\"cam/still\"}}",
         ENOENT,
         "there is no segment \"cam/still\""},
        {{ERROR_NOT_FOUND, .id = 0},
         "{\"error\":\"" SHMBROKER("NotFound") "\",\"parameters\":{\"id\":0}}",
         EINVAL,
         "there is no segment with id 0"},
        {{ERROR_NOT_FOUND, .id = FIELD_ABSENT},
         "{\"error\":\"" SHMBROKER("NotFound") "\",\"parameters\":{}}",
         ENOENT,
         "there is no such segment"},
        {{ERROR_EXISTS, .name = "a", .id = FIELD_ABSENT},
         "{\"error\":\"" SHMBROKER("Exists") "\",\"parameters\":{\"name\":\"a\"}}",
         EEXIST,
         "segment \"a\" exists already"},
        {{ERROR_INVALID_NAME, .name = "a//b", .reason = "it has two / in a row",
          .id = FIELD_ABSENT},
         "{\"error\":\"" SHMBROKER("InvalidName") "\",\"parameters\":{\"name\":\"a//b\","
                                                  "\"reason\":\"it has two / in a row\"}}",
         EINVAL,
         "\"a//b\" is not a valid name: it has two / in a row"},
        {{ERROR_INVALID_SIZE, .size = 8192, .minimum = 0, .maximum = 4096, .id = FIELD_ABSENT},
         "{\"error\":\"" SHMBROKER("InvalidSize") "\",\"parameters\":{\"size\":8192,"
                                                  "\"minimum\":0,\"maximum\":4096}}",
         EINVAL,
         "8192 bytes are not possible: the segment exists and has 4096"},
        {{ERROR_INVALID_SIZE, .size = 0, .minimum = 1, .maximum = 4096, .id = FIELD_ABSENT},
         "{\"error\":\"" SHMBROKER("InvalidSize") "\",\"parameters\":{\"size\":0,"
                                                  "\"minimum\":1,\"maximum\":4096}}",
         EINVAL,
         "0 bytes are not possible: at least 1, at most 4096"},
        {{ERROR_ACCESS_DENIED, .name = "a", .id = FIELD_ABSENT},
         "{\"error\":\"" SHMBROKER("AccessDenied") "\",\"parameters\":{\"name\":\"a\"}}",
         EACCES,
         "the mode of segment \"a\" does not give this user the access asked for"},
        {{ERROR_NOT_OWNER, .id = 7},
         "{\"error\":\"" SHMBROKER("NotOwner") "\",\"parameters\":{\"id\":7}}",
         EPERM,
         "segment with id 7 is another user's: only its owner, its creator and root may do that"},
        {{ERROR_ADOPTED, .name = "a", .id = FIELD_ABSENT},
         "{\"error\":\"" SHMBROKER("Adopted") "\",\"parameters\":{\"name\":\"a\"}}",
         EPERM,
         "segment \"a\" was made elsewhere: its owner can do that, with shmctl(2)"},
        {{ERROR_NAME_RESERVED, .name = "a", .id = FIELD_ABSENT},
         "{\"error\":\"" SHMBROKER("NameReserved") "\",\"parameters\":{\"name\":\"a\"}}",
         EACCES,
         "the name \"a\" is reserved: the broker's policy keeps it from this user"},
        {{ERROR_LIMIT_EXCEEDED, .limit = "segmentsPerUser", .used = 64, .maximum = 64,
          .id = FIELD_ABSENT},
         "{\"error\":\"" SHMBROKER("LimitExceeded") "\",\"parameters\":{\"limit\":"
                                                    "\"segmentsPerUser\",\"used\":64,"
                                                    "\"maximum\":64}}",
         ENOSPC,
         "the limit segmentsPerUser is reached: 64 of 64 are in use"},
        {{ERROR_NO_MEMORY, .id = FIELD_ABSENT},
         "{\"error\":\"" SHMBROKER("NoMemory") "\",\"parameters\":{}}",
         ENOMEM,
         "out of memory"},
        {{ERROR_TIMED_OUT, .name = "a", .id = FIELD_ABSENT},
         "{\"error\":\"" SHMBROKER("TimedOut") "\",\"parameters\":{\"name\":\"a\"}}",
         ETIMEDOUT,
         "waiting for segment \"a\" took too long"},
        {{ERROR_SYSTEM, .number = ENOSPC, .message = "the state directory takes no record",
          .id = FIELD_ABSENT},
         "{\"error\":\"" SHMBROKER("SystemError") "\",\"parameters\":{\"errno\":28,\"message\":"
                                                  "\"the state directory takes no record\"}}",
         ENOSPC,
         "the state directory takes no record: No space left on device"},

        {{ERROR_MALFORMED, .reason = "it ends too early", .id = FIELD_ABSENT},
         NULL,
         EBADMSG,
         "not a Varlink message: it ends too early"},
        {{ERROR_TOO_LARGE, .id = FIELD_ABSENT}, NULL, EMSGSIZE, "a message is too large"},
        {{ERROR_UNKNOWN, .message = "io.other.Error", .id = FIELD_ABSENT},
         NULL,
         EPROTO,
         "an error that is not known here: io.other.Error"},
};

START_TEST(every_error_has_its_faces) {
        for (enum error_code code = ERROR_NONE + 1; code < ERROR_CODES; code++) {
                size_t found = 0;
                for (size_t i = 0; i < COUNT(rows); i++)
                        found += rows[i].error.code == code;
                ck_assert_msg(found > 0, "error %d is not in the test", (int) code);
        }
        for (size_t i = 0; i < COUNT(rows); i++) {
                char text[256];
                error_sentence(&rows[i].error, text, sizeof(text));
                ck_assert_str_eq(text, rows[i].sentence);
                ck_assert_msg(error_errno(&rows[i].error) == rows[i].errno_value, "%s", text);
                ck_assert_int_eq(error_wire_name(rows[i].error.code) != NULL, rows[i].wire != NULL);
        }
}
END_TEST

static void assert_same(const struct error *a, const struct error *b) {
        ck_assert_int_eq(a->code, b->code);
        ck_assert_pstr_eq(a->name, b->name);
        ck_assert_int_eq(a->id, b->id);
        ck_assert_pstr_eq(a->reason, b->reason);
        ck_assert_pstr_eq(a->parameter, b->parameter);
        ck_assert_pstr_eq(a->limit, b->limit);
        ck_assert_int_eq(a->used, b->used);
        ck_assert_int_eq(a->size, b->size);
        ck_assert_int_eq(a->minimum, b->minimum);
        ck_assert_int_eq(a->maximum, b->maximum);
        ck_assert_int_eq(a->number, b->number);
        ck_assert_pstr_eq(a->message, b->message);
}

static void read_error(struct error *ret, const char *text, struct cJSON **ret_document) {
        struct reply reply;
        const char *reason;

        ck_assert_int_eq(json_parse(text, strlen(text), ret_document, &reason), 0);
        ck_assert_int_eq(reply_read(*ret_document, &reply, &reason), 0);
        memset(ret, 0x55, sizeof(*ret));
        error_read(ret, reply.error, reply.parameters);
}

START_TEST(errors_pass_over_the_wire) {
        struct buffer buffer;

        buffer_init(&buffer, 1000);
        for (size_t i = 0; i < COUNT(rows); i++) {
                struct cJSON *document;
                struct error error;
                if (!rows[i].wire)
                        continue;
                error_write(&buffer, &rows[i].error);
                ck_assert_int_eq(buffer_error(&buffer), 0);
                ck_assert_str_eq(buffer.bytes, rows[i].wire);
                ck_assert_uint_eq(buffer.length_bytes, strlen(rows[i].wire) + 1);
                ck_assert_ptr_nonnull(strstr(buffer.bytes, error_wire_name(rows[i].error.code)));
                buffer_clear(&buffer);

                read_error(&error, rows[i].wire, &document);
                assert_same(&error, &rows[i].error);
                json_free(document);
        }
        buffer_free(&buffer);
}
END_TEST

START_TEST(an_error_that_lacks_something_is_still_that_error) {
        static const struct {
                const char *text;
                enum error_code code;
                const char *sentence;
        } cases[] = {
                {"{\"error\":\"io.shmbroker.Exists\"}", ERROR_EXISTS,
                 "such segment exists already"},
                {"{\"error\":\"io.shmbroker.InvalidName\",\"parameters\":{\"name\":7}}",
                 ERROR_INVALID_NAME, "\"\" is not a valid name: "},
                {"{\"error\":\"io.shmbroker.SystemError\",\"parameters\":{\"errno\":1}}",
                 ERROR_SYSTEM, ": Input/output error"},
                {"{\"error\":\"io.shmbroker.NotFound\",\"parameters\":{\"name\":\"a\",\"x\":1}}",
                 ERROR_NOT_FOUND, "there is no segment \"a\""},
                {"{\"error\":\"io.shmbroker.Nothing\"}", ERROR_UNKNOWN,
                 "an error that is not known here: io.shmbroker.Nothing"},
                {"{\"error\":\"NotFound\"}", ERROR_UNKNOWN,
                 "an error that is not known here: NotFound"},
                {"{\"error\":\"\"}", ERROR_UNKNOWN, "an error that is not known here: "},
        };

        for (size_t i = 0; i < COUNT(cases); i++) {
                struct cJSON *document;
                struct error error;
                char text[256];
                read_error(&error, cases[i].text, &document);
                ck_assert_int_eq(error.code, cases[i].code);
                error_sentence(&error, text, sizeof(text));
                ck_assert_str_eq(text, cases[i].sentence);
                ck_assert_int_gt(error_errno(&error), 0);
                json_free(document);
        }
}
END_TEST

START_TEST(limits_of_the_system_have_its_errno) {
        static const struct {
                const char *limit;
                int64_t maximum;
                int errno_value;
        } cases[] = {
                {"segments", 1, ENOSPC},  {"shmmni", 1, ENOSPC},    {"shmall", 1, ENOSPC},
                {"hugepages", 0, ENOMEM}, {"hugepages", 1, ENOMEM}, {"memlock", 1, ENOMEM},
                {"memlock", 0, EPERM},    {NULL, 0, ENOSPC},
        };

        for (size_t i = 0; i < COUNT(cases); i++) {
                struct error error = {.code = ERROR_LIMIT_EXCEEDED,
                                      .limit = cases[i].limit,
                                      .maximum = cases[i].maximum};
                ck_assert_int_eq(error_errno(&error), cases[i].errno_value);
        }
}
END_TEST

START_TEST(only_an_errno_is_taken_for_one) {
        static const int64_t none[] = {0, -1, -EPERM, 4096, INT64_MAX, INT64_MIN};

        for (size_t i = 0; i < COUNT(none); i++) {
                struct error error = {.code = ERROR_SYSTEM, .number = none[i]};
                ck_assert_int_eq(error_errno(&error), EIO);
        }
        ck_assert_int_eq(error_errno(&(struct error){.code = ERROR_SYSTEM, .number = 4095}), 4095);
}
END_TEST

START_TEST(filling_returns_the_negated_code) {
        struct error error;

        ck_assert_int_eq(error_plain(&error, ERROR_NO_MEMORY), -ERROR_NO_MEMORY);
        assert_same(&error, &(struct error){ERROR_NO_MEMORY, .id = FIELD_ABSENT});
        ck_assert_int_eq(error_of_segment(&error, ERROR_ADOPTED, "a", 5), -ERROR_ADOPTED);
        assert_same(&error, &(struct error){ERROR_ADOPTED, .name = "a", .id = 5});
        ck_assert_int_eq(error_invalid_parameter(&error, "p"), -ERROR_INVALID_PARAMETER);
        assert_same(&error,
                    &(struct error){ERROR_INVALID_PARAMETER, .parameter = "p", .id = FIELD_ABSENT});
        ck_assert_int_eq(error_invalid_name(&error, "n", "r"), -ERROR_INVALID_NAME);
        assert_same(&error, &(struct error){ERROR_INVALID_NAME, .name = "n", .reason = "r",
                                            .id = FIELD_ABSENT});
        ck_assert_int_eq(error_invalid_size(&error, 1, 2, 3), -ERROR_INVALID_SIZE);
        assert_same(&error, &(struct error){ERROR_INVALID_SIZE, .size = 1, .minimum = 2,
                                            .maximum = 3, .id = FIELD_ABSENT});
        ck_assert_int_eq(error_limit(&error, "l", 1, 2), -ERROR_LIMIT_EXCEEDED);
        assert_same(&error, &(struct error){ERROR_LIMIT_EXCEEDED, .limit = "l", .used = 1,
                                            .maximum = 2, .id = FIELD_ABSENT});
        ck_assert_int_eq(error_system(&error, EIO, "m"), -ERROR_SYSTEM);
        assert_same(&error, &(struct error){ERROR_SYSTEM, .number = EIO, .message = "m",
                                            .id = FIELD_ABSENT});
}
END_TEST

START_TEST(a_sentence_ends_where_its_room_ends) {
        static const char whole[] = "there is no segment \"\xc3\xa4\xe2\x82\xac\"";
        const struct error error = {.code = ERROR_NOT_FOUND, .name = "\xc3\xa4\xe2\x82\xac"};

        for (size_t size = 1; size <= sizeof(whole) + 1; size++) {
                char *text = malloc(size); /* so that a sanitizer sees a byte beyond */
                memset(text, 'x', size);
                error_sentence(&error, text, size);
                ck_assert_uint_lt(strlen(text), size);
                ck_assert_int_eq(strncmp(text, whole, strlen(text)), 0);
                /* whole characters, and as many as fit */
                size_t cut = size - 1;
                if (cut > strlen(whole))
                        cut = strlen(whole);
                while (cut > 0 && ((unsigned char) whole[cut] & 0xc0) == 0x80)
                        cut--;
                ck_assert_uint_eq(strlen(text), cut);
                free(text);
        }
}
END_TEST

START_TEST(no_terminal_obeys_a_sentence) {
        const struct error error = {.code = ERROR_NOT_FOUND,
                                    .name = "\x1b[31m\n\x7f\xc2\x9b\xff\xc3\xa4"};
        char text[100];

        error_sentence(&error, text, sizeof(text));
        ck_assert_str_eq(text, "there is no segment \"?[31m????\xc3\xa4\"");
}
END_TEST

int main(void) {
        const struct suite_row tests[] = {
                {every_error_has_its_faces},
                {errors_pass_over_the_wire},
                {an_error_that_lacks_something_is_still_that_error},
                {limits_of_the_system_have_its_errno},
                {only_an_errno_is_taken_for_one},
                {filling_returns_the_negated_code},
                {a_sentence_ends_where_its_room_ends},
                {no_terminal_obeys_a_sentence},
        };
        return suite_run("error", NULL, NULL, SUITE_ROWS(tests));
}
