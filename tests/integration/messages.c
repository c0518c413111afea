/* What passes over the wire: messages whole, cut and pipelined, and what is none. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---------------------------------------------------------------- envelopes */

START_TEST(a_thousand_calls_in_one_write_are_answered_in_order) {
        static char text[1000 * 80];
        size_t length = 0;
        int fd = connect_daemon();

        for (int i = 0; i < 1000; i++) {
                int n = snprintf(
                        text + length, sizeof(text) - length,
                        "{\"method\":\"io.shmbroker.%s\",\"parameters\":{\"name\":\"n%d\"}}",
                        i % 3 == 0 ? "Open" : "Stat", i);
                length += (size_t) n + 1;
        }
        wire_send_bytes(fd, text, length);
        for (int i = 0; i < 1000; i++) {
                char expected[32];
                snprintf(expected, sizeof(expected), "name=n%d", i);
                expect_error(wire_receive(fd), "NotFound", expected);
        }
        expect_success(wire_call(fd, "GetStatus", " "));
        close(fd);
}
END_TEST

START_TEST(oneway_is_done_and_not_answered) {
        int fd = connect_daemon();

        wire_send(fd, "{'method':'io.shmbroker.Create','parameters':{'name':'a','size':1},"
                      "'oneway':true}");
        wire_send(fd,
                  "{'method':'io.shmbroker.Stat','parameters':{'name':'nobody'},'oneway':true}");
        wire_send(fd, "{'method':'io.shmbroker.List','more':true,'oneway':true}");
        wire_send(fd, "{'method':'io.shmbroker.Remove','parameters':{'name':'a'},'oneway':true}");
        wire_send(fd, "{'method':'io.shmbroker.Create','parameters':{'name':'b','size':1048576},"
                      "'oneway':true}");
        wire_send(fd, "{'method':'io.shmbroker.Remove','parameters':{'name':'b'},'oneway':true}");
        cJSON *reply = wire_call(fd, "GetStatus", " ");
        ck_assert_int_eq(reply_integer(reply, "segments"), 0);
        ck_assert_int_eq(reply_integer(reply, "errors"), 1);
        cJSON_Delete(reply);
        close(fd);
}
END_TEST

START_TEST(more_is_no_harm_to_other_methods) {
        int fd = connect_daemon();

        wire_send(fd, "{'method':'io.shmbroker.GetStatus','more':true}");
        cJSON *reply = wire_receive(fd);
        ck_assert(!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reply, "continues")));
        expect_success(reply);
        close(fd);
}
END_TEST

START_TEST(a_message_may_come_byte_by_byte) {
        static const char text[] = "{ \"method\" :\t\"io.shmbroker.Create\",\r\n\"parameters\":"
                                   "{\"name\":\"caf\\u0065\",\"size\":1}}";
        int fd = connect_daemon(), other = connect_daemon();

        for (size_t i = 0; i < sizeof(text); i++) {
                wire_send_bytes(fd, text + i, 1);
                if (i % 16 == 0)
                        expect_success(wire_call(other, "GetStatus", " "));
        }
        cJSON *reply = wire_receive(fd);
        ck_assert_str_eq(reply_string(reply, "segment.name"), "cafe");
        cJSON_Delete(reply);
        close(fd);
        close(other);
}
END_TEST

START_TEST(messages_may_be_cut_anywhere) {
        static const char one[] = "{\"method\":\"io.shmbroker.GetStatus\"}";
        char text[3 * sizeof(one)];
        int fd = connect_daemon(), other = connect_daemon();

        for (size_t i = 0; i < 3; i++)
                memcpy(text + i * sizeof(one), one, sizeof(one));
        for (size_t cut = 1; cut < sizeof(text); cut++) {
                wire_send_bytes(fd, text, cut);
                /* Answered behind what was sent before it: so the broker has seen the first part.
                 */
                expect_success(wire_call(other, "GetStatus", " "));
                wire_send_bytes(fd, text + cut, sizeof(text) - cut);
                for (size_t i = 0; i < 3; i++)
                        expect_success(wire_receive(fd));
        }
        close(fd);
        close(other);
}
END_TEST

START_TEST(the_largest_message_is_answered) {
        static char text[65536];
        static const char start[] = "{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"name\":\"";
        static const char end[] = "\"}}";
        int fd = connect_daemon();

        memset(text, 'n', sizeof(text));
        memcpy(text, start, strlen(start));
        memcpy(text + sizeof(text) - sizeof(end), end, sizeof(end));
        wire_send_bytes(fd, text, sizeof(text));
        expect_error(wire_receive(fd), "InvalidName", NULL);
        close(fd);
}
END_TEST

START_TEST(descriptors_that_are_sent_are_closed) {
        char text[] = "{\"method\":\"io.shmbroker.GetStatus\"}";
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(8 * sizeof(int))];
        } control = {.header = {.cmsg_len = CMSG_LEN(8 * sizeof(int)),
                                .cmsg_level = SOL_SOCKET,
                                .cmsg_type = SCM_RIGHTS}};
        struct iovec part = {text, sizeof(text)};
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof(control.bytes)};
        int fd = connect_daemon();

        expect_success(wire_call(fd, "GetStatus", " "));
        unsigned before = daemon_descriptors(&harness_daemon);
        memset(CMSG_DATA(&control.header), 0, 8 * sizeof(int)); /* standard input, eight times */
        for (int i = 0; i < 10; i++) {
                ck_assert_int_eq(sendmsg(fd, &message, 0), sizeof(text));
                expect_success(wire_receive(fd));
        }
        ck_assert_uint_eq(daemon_descriptors(&harness_daemon), before);
        close(fd);
}
END_TEST

/* ------------------------------------------------------------------ garbage */

#define CALL        "{\"method\":\"io.shmbroker.GetStatus\""
#define BYTES(text) text, sizeof(text) /* with its NUL */

static const struct {
        const char *what;
        const char *bytes;
        size_t length;
} garbage[] = {
        {"no JSON", BYTES("hello")},
        {"nothing", BYTES("")},
        {"blanks", BYTES("  ")},
        {"an array", BYTES("[]")},
        {"a number", BYTES("1")},
        {"a string", BYTES("\"x\"")},
        {"null", BYTES("null")},
        {"half an object", BYTES("{\"method\":")},
        {"no method", BYTES("{}")},
        {"a null for a method", BYTES("{\"method\":null}")},
        {"a number for a method", BYTES("{\"method\":1}")},
        {"a name twice", BYTES(CALL ",\"method\":\"io.shmbroker.GetStatus\"}")},
        {"a parameter twice",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"id\":1,\"id\":2}}")},
        {"a name twice, once escaped",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"id\":1,\"\\u0069d\":2}}")},
        {"a label twice",
         BYTES("{\"method\":\"io.shmbroker.Create\",\"parameters\":{\"name\":\"a\",\"size\":1,"
               "\"labels\":{\"k\":\"1\",\"k\":\"2\"}}}")},
        {"parameters of an array", BYTES(CALL ",\"parameters\":[]}")},
        {"parameters of a string", BYTES(CALL ",\"parameters\":\"\"}")},
        {"a string for oneway", BYTES(CALL ",\"oneway\":\"yes\"}")},
        {"a number for more", BYTES(CALL ",\"more\":1}")},
        {"a leading zero", BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"id\":01}}")},
        {"no digit behind a point",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"id\":1.}}")},
        {"a plus", BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"id\":+1}}")},
        {"a number beyond doubles",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"id\":1e400}}")},
        {"a hexadecimal number",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"id\":0x1}}")},
        {"NaN", BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"id\":NaN}}")},
        {"invalid UTF-8",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"name\":\"\xff\"}}")},
        {"overlong UTF-8",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"name\":\"\xc0\xaf\"}}")},
        {"a surrogate in UTF-8",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"name\":\"\xed\xa0\x80\"}}")},
        {"UTF-8 cut off",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"name\":\"\xc3\"}}")},
        {"a lone surrogate",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"name\":\"\\ud800\"}}")},
        {"an escaped NUL",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"name\":\"a\\u0000b\"}}")},
        {"an escaped NUL in a name",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"id\\u0000\":1}}")},
        {"a raw control character",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"name\":\"a\nb\"}}")},
        {"an unknown escape",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"name\":\"\\x41\"}}")},
        {"a byte order mark", BYTES("\xef\xbb\xbf" CALL "}")},
        {"bytes behind it", BYTES(CALL "} x")},
        {"two objects", BYTES(CALL "}" CALL "}")},
        {"a comma too many", BYTES(CALL ",}")},
        {"a comment", BYTES(CALL "/**/}")},
        {"single quotes", BYTES("{'method':'io.shmbroker.GetStatus'}")},
        {"a nesting of 9", BYTES(CALL ",\"x\":[[[[[[[[]]]]]]]]}")},
        {"a flood of opening brackets",
         BYTES("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[")},
        {"a flood of NULs",
         "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32},
};

START_TEST(garbage_ends_its_own_connection_only) {
        int other = connect_daemon();

        expect_success(wire_call(other, "Create", "'name':'a','size':1"));
        for (size_t i = 0; i < sizeof(garbage) / sizeof(*garbage); i++) {
                int fd = connect_daemon();
                wire_send_bytes(fd, garbage[i].bytes, garbage[i].length);
                ck_assert_msg(wire_hung_up(fd), "%s was answered", garbage[i].what);
                close(fd);
                expect_success(wire_call(other, "Stat", "'name':'a'"));
        }
        close(other);
}
END_TEST

START_TEST(what_came_before_garbage_is_answered) {
        static const char text[] = CALL "}\0" CALL "}\0[]";
        int fd = connect_daemon();

        wire_send_bytes(fd, text, sizeof(text));
        expect_success(wire_receive(fd));
        expect_success(wire_receive(fd));
        ck_assert(wire_hung_up(fd));
        close(fd);
}
END_TEST

START_TEST(too_long_a_message_ends_its_connection) {
        static char text[65537];
        int other = connect_daemon();

        memset(text, ' ', sizeof(text));
        for (size_t length = 65536; length <= 65537; length++) {
                int fd = connect_daemon();
                memcpy(text, CALL "}", strlen(CALL "}"));
                text[length - 1] = length == 65537 ? '\0' : ' ';
                wire_send_bytes(fd, text, length);
                ck_assert(wire_hung_up(fd));
                close(fd);
        }
        expect_success(wire_call(other, "GetStatus", " "));
        close(other);
}
END_TEST

START_TEST(a_nesting_of_8_is_read) {
        int fd = connect_daemon();

        wire_send(fd, "{'method':'io.shmbroker.GetStatus','x':[[[[[[[]]]]]]]}");
        expect_success(wire_receive(fd));
        close(fd);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("messages");

        harness_test(suite, a_thousand_calls_in_one_write_are_answered_in_order);
        harness_test(suite, oneway_is_done_and_not_answered);
        harness_test(suite, more_is_no_harm_to_other_methods);
        harness_test(suite, a_message_may_come_byte_by_byte);
        harness_test(suite, messages_may_be_cut_anywhere);
        harness_test(suite, the_largest_message_is_answered);
        harness_test(suite, descriptors_that_are_sent_are_closed);
        harness_test(suite, garbage_ends_its_own_connection_only);
        harness_test(suite, what_came_before_garbage_is_answered);
        harness_test(suite, too_long_a_message_ends_its_connection);
        harness_test(suite, a_nesting_of_8_is_read);
        return harness_run(suite);
}
