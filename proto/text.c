#include "text.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define EVERY_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Sets the top bit of every byte that is not plain. A byte below 0x80 gets it by a borrow
 * alone, which makes it wrong for bytes above such a one, never for the lowest. */
static inline uint64_t bytes_not_plain(uint64_t word) {
        uint64_t control = word - EVERY_BYTE(0x20);
        uint64_t quote = (word ^ EVERY_BYTE('"')) - EVERY_BYTE(1);
        uint64_t backslash = (word ^ EVERY_BYTE('\\')) - EVERY_BYTE(1);

        return (word | control | quote | backslash) & EVERY_BYTE(0x80);
}

size_t text_plain_bytes(const char *text, size_t length_bytes) {
        size_t plain = 0;

        for (uint64_t word; length_bytes - plain >= sizeof(word); plain += sizeof(word)) {
                memcpy(&word, text + plain, sizeof(word));
                word = le64toh(word); /* its lowest byte is the first one */
                uint64_t special = bytes_not_plain(word);
                if (special != 0)
                        return plain + (size_t) __builtin_ctzll(special) / 8;
        }
        while (plain < length_bytes && text_is_plain((unsigned char) text[plain]))
                plain++;
        return plain;
}

static bool is_between(unsigned char byte, unsigned char low, unsigned char high) {
        return byte >= low && byte <= high;
}

/* The second byte tells overlong forms and surrogates: table 3-7 of the Unicode standard. */
size_t text_character_bytes(const char *text, size_t left_bytes) {
        const unsigned char *at = (const unsigned char *) text;
        unsigned char lead = at[0], low = 0x80, high = 0xbf;
        size_t length;

        if (lead < 0x80)
                return 1;
        if (is_between(lead, 0xc2, 0xdf)) {
                length = 2;
        } else if (is_between(lead, 0xe0, 0xef)) {
                length = 3;
                low = lead == 0xe0 ? 0xa0 : 0x80;
                high = lead == 0xed ? 0x9f : 0xbf;
        } else if (is_between(lead, 0xf0, 0xf4)) {
                length = 4;
                low = lead == 0xf0 ? 0x90 : 0x80;
                high = lead == 0xf4 ? 0x8f : 0xbf;
        } else {
                return 0;
        }

        if (left_bytes < length || !is_between(at[1], low, high))
                return 0;
        for (size_t i = 2; i < length; i++) {
                if (!is_between(at[i], 0x80, 0xbf))
                        return 0;
        }
        return length;
}
