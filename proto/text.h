/*
 * Bytes of strings, as whoever reads or writes JSON looks at them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* May it stand in a JSON string as it is, whatever is around it? ASCII without control
 * characters, '"' and '\\'. */
static inline bool text_is_plain(unsigned char byte) {
        return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* How many such bytes `text` begins with. */
size_t text_plain_bytes(const char *text, size_t length_bytes);

/* Bytes of the UTF-8 character at `text`, of which at most left_bytes (at least 1) may
 * be looked at: 1 to 4, or 0 where there is no whole and valid one. As RFC 3629 has it:
 * no overlong forms, no surrogates, nothing beyond U+10FFFF. */
size_t text_character_bytes(const char *text, size_t left_bytes);

/* Is the valid character at `text` a control character (U+0000 to U+001F, U+007F to
 * U+009F)? What a terminal might obey. */
static inline bool text_is_control(const char *text) {
        unsigned char first = (unsigned char) text[0];
        return first < 0x20 || first == 0x7f || (first == 0xc2 && (unsigned char) text[1] < 0xa0);
}
