#include "text.h"

#include "suite.h"

#include <stdint.h>
#include <string.h>

START_TEST(a_run_of_plain_bytes_ends_at_the_first_other_one) {
        char text[24];

        for (size_t length = 0; length <= sizeof(text); length++) {
                for (size_t at = 0; at < length; at++) {
                        for (int byte = 0; byte < 256; byte++) {
                                /* what stands behind it must not matter */
                                memset(text, at % 2 ? '!' : ' ', sizeof(text));
                                memset(text + at, byte, length - at);
                                bool plain = text_is_plain((unsigned char) byte);
                                ck_assert_uint_eq(text_plain_bytes(text, length),
                                                  plain ? length : at);
                                memset(text + at + 1, '~', length - at - 1);
                                ck_assert_uint_eq(text_plain_bytes(text, length),
                                                  plain ? length : at);
                        }
                }
        }
        ck_assert_uint_eq(text_plain_bytes("", 0), 0);
}
END_TEST

START_TEST(plain_is_what_json_takes_as_it_is) {
        for (int byte = 0; byte < 256; byte++) {
                bool plain = byte >= ' ' && byte <= 0x7f && byte != '"' && byte != '\\';
                ck_assert_int_eq(text_is_plain((unsigned char) byte), plain);
        }
}
END_TEST

static size_t encode(uint32_t point, char *ret) {
        size_t length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
        static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};

        for (size_t i = length - 1; i > 0; i--, point >>= 6)
                ret[i] = (char) (0x80 | (point & 0x3f));
        ret[0] = (char) (leads[length] | point);
        return length;
}

START_TEST(every_code_point_is_a_character) {
        for (uint32_t point = 0; point <= 0x10ffff; point++) {
                char text[4];
                size_t length = encode(point, text);
                size_t expected = point >= 0xd800 && point <= 0xdfff ? 0 : length;
                bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
                bool right = text_character_bytes(text, 4) == expected &&
                             (expected == 0 || text_is_control(text) == control);
                for (size_t left = 1; left < length; left++)
                        right = right && text_character_bytes(text, left) == 0;
                if (!right) /* a check for each would take seconds */
                        ck_abort_msg("U+%04X", (unsigned) point);
        }
}
END_TEST

/* Whatever follows the lead and its second byte: enough of it to tell. */
START_TEST(nothing_else_is_one) {
        static const unsigned char tails[] = {0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff};
        size_t found[5] = {0};

        for (unsigned lead = 0; lead < 256; lead++) {
                for (unsigned second = 0; second < 256; second++) {
                        for (size_t t = 0; t < COUNT(tails) * COUNT(tails); t++) {
                                char text[4] = {(char) lead, (char) second,
                                                (char) tails[t / COUNT(tails)],
                                                (char) tails[t % COUNT(tails)]};
                                found[text_character_bytes(text, sizeof(text))]++;
                        }
                }
        }
        /* code points of each length, less the bytes that are left out of the tails */
        ck_assert_uint_eq(found[1], 0x80 * 256 * 36);
        ck_assert_uint_eq(found[2], (0x800 - 0x80) * 36);
        ck_assert_uint_eq(found[3], (0x10000 - 0x800 - 0x800) / 64 * 2 * 6);
        ck_assert_uint_eq(found[4], 0x100000 / 64 / 64 * 4);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {a_run_of_plain_bytes_ends_at_the_first_other_one},
                {plain_is_what_json_takes_as_it_is},
                {every_code_point_is_a_character},
                {nothing_else_is_one},
        };
        return suite_run("text", NULL, NULL, SUITE_ROWS(rows));
}
