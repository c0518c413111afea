#include "buffer.h"

#include "error.h"
#include "json.h"
#include "suite.h"
#include "writer.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void assert_holds(const struct buffer *buffer, const char *bytes, size_t length) {
        ck_assert_int_eq(buffer_error(buffer), 0);
        ck_assert_uint_eq(buffer->length_bytes, length);
        if (length > 0)
                ck_assert_mem_eq(buffer->bytes, bytes, length);
}

START_TEST(what_is_appended_is_there) {
        struct buffer buffer;

        buffer_init(&buffer, 1000);
        assert_holds(&buffer, NULL, 0);
        ck_assert_ptr_null(buffer.bytes);
        buffer_append(&buffer, NULL, 0);
        ck_assert_ptr_null(buffer.bytes);
        buffer_append(&buffer, "a\0b", 3);
        buffer_append_byte(&buffer, 'c');
        memcpy(buffer_extend(&buffer, 2), "de", 2);
        assert_holds(&buffer, "a\0bcde", 6);
        buffer_truncate(&buffer, 4);
        assert_holds(&buffer, "a\0bc", 4);
        buffer_consume(&buffer, 2);
        assert_holds(&buffer, "bc", 2);
        buffer_clear(&buffer);
        assert_holds(&buffer, NULL, 0);
        ck_assert_ptr_nonnull(buffer.bytes);
        buffer_free(&buffer);
        assert_holds(&buffer, NULL, 0);
        ck_assert_ptr_null(buffer.bytes);
        buffer_append(&buffer, "again", 5);
        assert_holds(&buffer, "again", 5);
        buffer_free(&buffer);
        buffer_free(&buffer);
}
END_TEST

START_TEST(it_takes_its_maximum_and_no_byte_more) {
        static const size_t maxima[] = {0, 1, 100, 512, 513, 4096, 65536};

        for (size_t i = 0; i < COUNT(maxima); i++) {
                struct buffer buffer;
                buffer_init(&buffer, maxima[i]);
                for (size_t n = 0; n < maxima[i]; n++)
                        buffer_append_byte(&buffer, 'x');
                ck_assert_int_eq(buffer_error(&buffer), 0);
                ck_assert_uint_le(buffer.capacity_bytes, maxima[i]);
                buffer_append_byte(&buffer, 'x');
                ck_assert_int_eq(buffer_error(&buffer), -ERROR_TOO_LARGE);
                ck_assert_uint_eq(buffer.length_bytes, maxima[i]);
                buffer_free(&buffer);
        }
}
END_TEST

START_TEST(the_first_failure_sticks) {
        struct buffer buffer;

        buffer_init(&buffer, 600);
        buffer_append(&buffer, "ab", 2);
        ck_assert_int_eq(buffer_reserve(&buffer, SIZE_MAX), -ERROR_TOO_LARGE);
        ck_assert_ptr_null(buffer_extend(&buffer, 1));
        buffer_append(&buffer, "c", 1);
        buffer_append_byte(&buffer, 'c');
        writer_string(&buffer, "c");
        writer_integer(&buffer, 1);
        writer_boolean(&buffer, true);
        ck_assert_int_eq(buffer_reserve(&buffer, 0), -ERROR_TOO_LARGE);
        ck_assert_int_eq(buffer_error(&buffer), -ERROR_TOO_LARGE);
        ck_assert_uint_eq(buffer.length_bytes, 2);

        buffer_truncate(&buffer, 1);
        buffer_append(&buffer, "c", 1);
        assert_holds(&buffer, "ac", 2);
        buffer_reserve(&buffer, 599);
        buffer_clear(&buffer);
        assert_holds(&buffer, NULL, 0);
        buffer_free(&buffer);
}
END_TEST

START_TEST(reserved_room_stays_where_it_is) {
        struct buffer buffer;

        buffer_init(&buffer, 100000);
        ck_assert_int_eq(buffer_reserve(&buffer, 50000), 0);
        ck_assert_int_eq(buffer_reserve(&buffer, 50000), 0);
        const char *bytes = buffer.bytes;
        for (size_t i = 0; i < 50000; i++)
                buffer_append_byte(&buffer, 'x');
        ck_assert_ptr_eq(buffer.bytes, bytes);
        /* and room that was consumed serves again */
        buffer_consume(&buffer, 40000);
        ck_assert_int_eq(buffer_reserve(&buffer, buffer.capacity_bytes), 0);
        assert_holds(&buffer, buffer.bytes, 10000);
        buffer_free(&buffer);
}
END_TEST

START_TEST(content_is_seldom_moved) {
        struct buffer buffer;
        size_t moves = 0;

        buffer_init(&buffer, 1 << 20);
        for (size_t i = 0; i < 1 << 20; i++) {
                size_t capacity = buffer.capacity_bytes;
                buffer_append_byte(&buffer, 'x');
                moves += buffer.capacity_bytes != capacity;
        }
        ck_assert_uint_le(moves, 12);

        /* each as large as the last, so that one is consumed for one that is appended */
        buffer_consume(&buffer, 1 << 19);
        moves = 0;
        for (size_t i = 0; i < 1 << 18; i++) {
                const char *bytes = buffer.bytes;
                buffer_append_byte(&buffer, 'x');
                moves += buffer.bytes != bytes;
                bytes = buffer.bytes;
                buffer_consume(&buffer, 1);
                moves += buffer.bytes != bytes + 1;
        }
        ck_assert_uint_le(moves, 2);
        buffer_free(&buffer);
}
END_TEST

START_TEST(memory_shrinks_when_it_is_not_needed) {
        struct buffer buffer;

        buffer_init(&buffer, 1 << 20);
        memset(buffer_extend(&buffer, 1 << 20), 'x', 1 << 20);
        buffer_consume(&buffer, (1 << 20) - 3);
        assert_holds(&buffer, "xxx", 3);
        ck_assert_uint_le(buffer.capacity_bytes + buffer.consumed_bytes, 8192);
        buffer_consume(&buffer, 3);
        assert_holds(&buffer, NULL, 0);
        buffer_free(&buffer);
}
END_TEST

START_TEST(memory_that_is_kept_serves_every_message) {
        struct buffer buffer;

        buffer_init(&buffer, 1 << 20);
        ck_assert_int_eq(buffer_reserve(&buffer, BUFFER_KEPT_BYTES), 0);
        const char *bytes = buffer.bytes;
        for (int i = 0; i < 10; i++) {
                memset(buffer_extend(&buffer, 400), 'x', 400);
                buffer_consume(&buffer, 400);
                ck_assert_uint_eq(buffer.capacity_bytes, BUFFER_KEPT_BYTES);
                ck_assert_int_eq(buffer_reserve(&buffer, BUFFER_KEPT_BYTES), 0);
                ck_assert_ptr_eq(buffer.bytes, bytes);
        }
        buffer_free(&buffer);
}
END_TEST

/* Appended in runs, consumed in others, against what was counted. */
START_TEST(it_is_a_queue) {
        static const size_t steps[] = {1, 3, 100, 511, 512, 513, 5000, 70, 2};
        enum { MAXIMUM = 20000, ROUNDS = 3000 };
        struct buffer buffer;
        unsigned char written = 0, read = 0;

        buffer_init(&buffer, MAXIMUM);
        for (size_t i = 0; i < ROUNDS; i++) {
                size_t more = steps[i % COUNT(steps)], less = steps[(i / 7) % COUNT(steps)];
                if (more <= MAXIMUM - buffer.length_bytes) {
                        char *where = buffer_extend(&buffer, more);
                        for (size_t n = 0; n < more; n++)
                                where[n] = (char) written++;
                }
                if (less > buffer.length_bytes)
                        less = buffer.length_bytes;
                for (size_t n = 0; n < less; n++)
                        if ((unsigned char) buffer.bytes[n] != read++)
                                ck_abort_msg("round %zu, byte %zu", i, n);
                buffer_consume(&buffer, less);
                ck_assert_int_eq(buffer_error(&buffer), 0);
                ck_assert_uint_le(buffer.capacity_bytes + buffer.consumed_bytes, MAXIMUM);
        }
        ck_assert_uint_eq((unsigned char) (written - read), buffer.length_bytes % 256);
        buffer_consume(&buffer, buffer.length_bytes);
        ck_assert_uint_eq(buffer.consumed_bytes, 0);
        buffer_free(&buffer);
}
END_TEST

/* ------------------------------------------------------------------ writer */

static void assert_written(struct buffer *buffer, const char *expected) {
        assert_holds(buffer, expected, strlen(expected));
        buffer_clear(buffer);
}

START_TEST(integers_are_written_to_the_last_digit) {
        struct buffer buffer;
        char expected[32];

        buffer_init(&buffer, 100);
        for (uint64_t power = 1;; power *= 10) {
                for (int64_t off = -2; off <= 2; off++) {
                        int64_t values[] = {(int64_t) (power + (uint64_t) off),
                                            -(int64_t) (power + (uint64_t) off),
                                            (int64_t) (3 * power + (uint64_t) off)};
                        for (size_t i = 0; i < COUNT(values); i++) {
                                writer_integer(&buffer, values[i]);
                                sprintf(expected, "%" PRId64, values[i]);
                                assert_written(&buffer, expected);
                        }
                }
                if (power == 1000000000000000000)
                        break;
        }
        for (unsigned bit = 0; bit < 64; bit++) {
                writer_integer(&buffer, (int64_t) (UINT64_C(1) << bit));
                sprintf(expected, "%" PRId64, (int64_t) (UINT64_C(1) << bit));
                assert_written(&buffer, expected);
        }
        writer_integer(&buffer, INT64_MAX);
        assert_written(&buffer, "9223372036854775807");
        writer_integer(&buffer, INT64_MIN);
        assert_written(&buffer, "-9223372036854775808");
        buffer_free(&buffer);
}
END_TEST

START_TEST(strings_are_quoted_and_escaped) {
        static const struct {
                const char *text, *written;
        } cases[] = {
                {NULL, "null"},
                {"", "\"\""},
                {"camera/left", "\"camera/left\""},
                {"\"", "\"\\\"\""},
                {"\\", "\"\\\\\""},
                {"\b\t\n\f\r", "\"\\b\\t\\n\\f\\r\""},
                {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
                {"12345678\n", "\"12345678\\n\""},
                {"a\"b\\c/d", "\"a\\\"b\\\\c/d\""},
                {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
                 "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
                {"\xff", "\"\xef\xbf\xbd\""},
                {"a\xc3", "\"a\xef\xbf\xbd\""},
                {"\xc3z", "\"\xef\xbf\xbdz\""},
                {"\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
                {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
                {"\xf0\x9f\x98", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        };
        struct buffer buffer;

        buffer_init(&buffer, 100);
        for (size_t i = 0; i < COUNT(cases); i++) {
                writer_string(&buffer, cases[i].text);
                assert_written(&buffer, cases[i].written);
        }
        writer_boolean(&buffer, true);
        assert_written(&buffer, "true");
        writer_boolean(&buffer, false);
        assert_written(&buffer, "false");
        writer_raw(&buffer, "{}");
        assert_written(&buffer, "{}");
        buffer_free(&buffer);
}
END_TEST

START_TEST(what_is_written_reads_the_same) {
        char text[256 + 1] = {0};
        struct buffer buffer;
        struct cJSON *root;
        const char *reason;

        /* all of ASCII, at every distance from the beginning that a word may have */
        buffer_init(&buffer, 4096);
        for (int shift = 0; shift < 16; shift++) {
                for (int i = 0; i < 127; i++)
                        text[i] = (char) (1 + (i + shift * 8) % 127);
                writer_string(&buffer, text);
                ck_assert_int_eq(json_parse(buffer.bytes, buffer.length_bytes, &root, &reason), 0);
                ck_assert_str_eq(root->valuestring, text);
                json_free(root);
                buffer_clear(&buffer);
        }
        buffer_free(&buffer);
}
END_TEST

/* However little fits, a sanitizer finds no byte beyond it. */
START_TEST(values_that_do_not_fit_fail) {
        static const char text[] = "abcdefgh\x01\"\\\xc3\xa4\xff";

        for (size_t maximum = 0; maximum < 64; maximum++) {
                struct buffer buffer;
                buffer_init(&buffer, maximum);
                writer_string(&buffer, text);
                size_t length = 2 + 8 + 6 + 2 + 2 + 2 + 3;
                ck_assert_int_eq(buffer_error(&buffer), maximum < length ? -ERROR_TOO_LARGE : 0);
                buffer_clear(&buffer);
                writer_integer(&buffer, -1234567890123456789);
                ck_assert_int_eq(buffer_error(&buffer), maximum < 20 ? -ERROR_TOO_LARGE : 0);
                buffer_free(&buffer);
        }
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {what_is_appended_is_there},
                {it_takes_its_maximum_and_no_byte_more},
                {the_first_failure_sticks},
                {reserved_room_stays_where_it_is},
                {content_is_seldom_moved},
                {memory_shrinks_when_it_is_not_needed},
                {memory_that_is_kept_serves_every_message},
                {it_is_a_queue},
                {integers_are_written_to_the_last_digit},
                {strings_are_quoted_and_escaped},
                {what_is_written_reads_the_same},
                {values_that_do_not_fit_fail},
        };
        return suite_run("buffer", NULL, NULL, SUITE_ROWS(rows));
}
