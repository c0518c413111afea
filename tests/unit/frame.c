#include "frame.h"

#include "error.h"
#include "suite.h"

#include <string.h>

START_TEST(messages_end_with_a_nul) {
        static const struct {
                const char *bytes;
                size_t length;
                int expected;
                size_t message_bytes;
        } cases[] = {
                {"", 0, 0, 0},  {"a", 1, 0, 0},        {"abc", 3, 0, 0},        {"", 1, 1, 0},
                {"a", 2, 1, 1}, {"abc\0def", 7, 1, 3}, {"abc\0def\0", 8, 1, 3}, {"\0\0", 2, 1, 0},
        };

        for (size_t i = 0; i < COUNT(cases); i++) {
                size_t searched = 0, message = 77;
                ck_assert_int_eq(frame_next(cases[i].bytes, cases[i].length, &searched, &message),
                                 cases[i].expected);
                ck_assert_uint_eq(message, cases[i].expected == 1 ? cases[i].message_bytes : 77);
        }
}
END_TEST

START_TEST(bytes_that_trickle_in_are_looked_at_once) {
        char text[] = "abcdef";
        size_t searched = 0, message;

        for (size_t length = 0; length < 6; length++) {
                ck_assert_int_eq(frame_next(text, length, &searched, &message), 0);
                ck_assert_uint_eq(searched, length);
                memset(text, '\0', length); /* would be found if it looked again */
        }
        ck_assert_int_eq(frame_next(text, 7, &searched, &message), 1);
        ck_assert_uint_eq(message, 6);
        ck_assert_uint_eq(searched, 0);
}
END_TEST

START_TEST(the_largest_message_is_64_kib_with_its_nul) {
        static char bytes[2 * MESSAGE_BYTES_MAX];
        size_t searched = 0, message;

        memset(bytes, 'x', sizeof(bytes));
        ck_assert_int_eq(frame_next(bytes, MESSAGE_BYTES_MAX - 1, &searched, &message), 0);
        ck_assert_int_eq(frame_next(bytes, MESSAGE_BYTES_MAX, &searched, &message),
                         -ERROR_TOO_LARGE);
        searched = 0;
        ck_assert_int_eq(frame_next(bytes, sizeof(bytes), &searched, &message), -ERROR_TOO_LARGE);

        bytes[MESSAGE_BYTES_MAX] = '\0';
        searched = 0;
        ck_assert_int_eq(frame_next(bytes, sizeof(bytes), &searched, &message), -ERROR_TOO_LARGE);

        bytes[MESSAGE_BYTES_MAX - 1] = '\0';
        searched = 0;
        ck_assert_int_eq(frame_next(bytes, sizeof(bytes), &searched, &message), 1);
        ck_assert_uint_eq(message, MESSAGE_BYTES_MAX - 1);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {messages_end_with_a_nul},
                {bytes_that_trickle_in_are_looked_at_once},
                {the_largest_message_is_64_kib_with_its_nul},
        };
        return suite_run("frame", NULL, NULL, SUITE_ROWS(rows));
}
