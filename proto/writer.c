#include "writer.h"

#include "buffer.h"
#include "text.h"

#include <string.h>

void writer_raw(struct buffer *out, const char *text) {
        buffer_append(out, text, strlen(text));
}

static void append_escaped(struct buffer *out, unsigned char byte) {
        static const char hex[] = "0123456789abcdef";
        /* of \b \t \n \f \r: the others have no letter */
        static const char letters[0x20] = {
                ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};

        if (byte >= 0x20 || letters[byte] != '\0') {
                char *where = buffer_extend(out, 2);
                if (where) {
                        where[0] = '\\';
                        where[1] = byte >= 0x20 ? (char) byte : letters[byte];
                }
                return;
        }

        char *where = buffer_extend(out, 6);
        if (where) {
                memcpy(where, "\\u00", 4);
                where[4] = hex[byte >> 4];
                where[5] = hex[byte & 0xf];
        }
}

/* From the first byte on that is not plain. */
static void append_specials(struct buffer *out, const char *text, size_t left_bytes) {
        while (left_bytes > 0) {
                unsigned char byte = (unsigned char) *text;
                size_t length = 1;

                if (byte >= 0x80) {
                        length = text_character_bytes(text, left_bytes);
                        if (length > 0)
                                buffer_append(out, text, length);
                        else
                                buffer_append(out, "\xef\xbf\xbd", 3);
                        length = length > 0 ? length : 1;
                } else if (!text_is_plain(byte)) {
                        append_escaped(out, byte);
                } else {
                        buffer_append_byte(out, *text);
                }
                text += length;
                left_bytes -= length;
        }
}

void writer_string(struct buffer *out, const char *text) {
        if (!text) {
                writer_raw(out, "null");
                return;
        }

        size_t length = strlen(text), plain = text_plain_bytes(text, length);

        char *where = buffer_extend(out, 1 + plain);
        if (!where)
                return;
        *where = '"';
        memcpy(where + 1, text, plain);
        append_specials(out, text + plain, length - plain);
        buffer_append_byte(out, '"');
}

static unsigned decimal_digits(uint64_t value) {
        static const uint64_t powers[] = {
                1,
                10,
                100,
                1000,
                10000,
                100000,
                1000000,
                10000000,
                100000000,
                1000000000,
                10000000000,
                100000000000,
                1000000000000,
                10000000000000,
                100000000000000,
                1000000000000000,
                10000000000000000,
                100000000000000000,
                1000000000000000000,
                10000000000000000000u,
        };
        /* 1233 / 4096 is a little more than log10(2): right, or one too few. */
        unsigned bits = 64 - (unsigned) __builtin_clzll(value | 1);
        unsigned digits = bits * 1233 >> 12;
        return digits + (value >= powers[digits] || value == 0);
}

static uint64_t magnitude(int64_t value) {
        return value < 0 ? -(uint64_t) value : (uint64_t) value;
}

char *writer_put_integer(char *at, int64_t value) {
        static const char pairs[] = "00010203040506070809"
                                    "10111213141516171819"
                                    "20212223242526272829"
                                    "30313233343536373839"
                                    "40414243444546474849"
                                    "50515253545556575859"
                                    "60616263646566676869"
                                    "70717273747576777879"
                                    "80818283848586878889"
                                    "90919293949596979899";
        uint64_t rest = magnitude(value);

        if (value < 0)
                *at++ = '-';
        if (rest < 10) {
                *at = (char) ('0' + rest);
                return at + 1;
        }

        char *end = at + decimal_digits(rest);
        for (at = end; rest >= 100; rest /= 100) {
                at -= 2;
                memcpy(at, pairs + 2 * (rest % 100), 2);
        }
        if (rest >= 10)
                memcpy(at - 2, pairs + 2 * rest, 2);
        else
                at[-1] = (char) ('0' + rest);
        return end;
}

void writer_integer(struct buffer *out, int64_t value) {
        char *at = buffer_begin(out, WRITER_INTEGER_BYTES_MAX);
        if (at)
                buffer_end(out, writer_put_integer(at, value));
}

void writer_boolean(struct buffer *out, bool value) {
        if (value)
                buffer_append(out, "true", 4);
        else
                buffer_append(out, "false", 5);
}
