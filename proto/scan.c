#include "scan.h"

#include "json.h"
#include "text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* cJSON copies a number into a buffer of 64 bytes, NUL included, and splits it there. */
#define NUMBER_BYTES_MAX 63

/* Each function begins at `at` and moves it behind what it read, or names a reason. */
struct scan {
        const char *at, *end;
        const char *reason;
};

static bool refuse(struct scan *scan, const char *reason) {
        scan->reason = reason;
        return false;
}

static void skip_blanks(struct scan *scan) {
        while (scan->at < scan->end &&
               (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\t' || *scan->at == '\r'))
                scan->at++;
}

static bool is_digit(char byte) {
        return byte >= '0' && byte <= '9';
}

/* The four digits of \uXXXX, -1 where they are none. */
static int32_t scan_hex(struct scan *scan) {
        int32_t code = 0;

        if (scan->end - scan->at < 4)
                return -1;
        for (int i = 0; i < 4; i++) {
                char byte = *scan->at++;
                if (is_digit(byte))
                        code = code << 4 | (byte - '0');
                else if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
                        code = code << 4 | ((byte | 0x20) - 'a' + 10);
                else
                        return -1;
        }
        return code;
}

static bool is_surrogate(int32_t code) {
        return code >= 0xd800 && code <= 0xdfff;
}

/* Behind the backslash. */
static bool scan_escape(struct scan *scan) {
        if (scan->at == scan->end || !strchr("\"\\/bfnrtu", *scan->at) || *scan->at == '\0')
                return refuse(scan, "an escape that JSON does not have");
        if (*scan->at++ != 'u')
                return true;

        int32_t code = scan_hex(scan);
        if (code < 0)
                return refuse(scan, "an escape that JSON does not have");
        if (code == 0)
                return refuse(scan, "a NUL in a string");
        if (!is_surrogate(code))
                return true;

        if (code >= 0xdc00 || scan->end - scan->at < 6 || memcmp(scan->at, "\\u", 2) != 0)
                return refuse(scan, "half of a surrogate pair");
        scan->at += 2;
        code = scan_hex(scan);
        if (code < 0xdc00 || !is_surrogate(code))
                return refuse(scan, "half of a surrogate pair");
        return true;
}

/* Behind the opening quote. */
static bool scan_string(struct scan *scan) {
        for (;;) {
                scan->at += text_plain_bytes(scan->at, (size_t) (scan->end - scan->at));
                if (scan->at == scan->end)
                        return refuse(scan, "a string that does not end");

                unsigned char byte = (unsigned char) *scan->at;
                if (byte == '"') {
                        scan->at++;
                        return true;
                }
                if (byte == '\\') {
                        scan->at++;
                        if (!scan_escape(scan))
                                return false;
                } else if (byte < 0x20) {
                        return refuse(scan, "a control character in a string");
                } else {
                        size_t left = (size_t) (scan->end - scan->at);
                        size_t length = text_character_bytes(scan->at, left);
                        if (length == 0)
                                return refuse(scan, "a string that is not UTF-8");
                        scan->at += length;
                }
        }
}

static bool scan_digits(struct scan *scan) {
        const char *begin = scan->at;

        while (scan->at < scan->end && is_digit(*scan->at))
                scan->at++;
        return scan->at > begin ? true : refuse(scan, "a number without its digits");
}

static bool scan_number(struct scan *scan) {
        const char *begin = scan->at;

        if (*scan->at == '-')
                scan->at++;
        if (scan->at < scan->end && *scan->at == '0')
                scan->at++; /* and no digit may follow: neither does a value end there */
        else if (!scan_digits(scan))
                return false;
        if (scan->at < scan->end && *scan->at == '.') {
                scan->at++;
                if (!scan_digits(scan))
                        return false;
        }
        if (scan->at < scan->end && (*scan->at | 0x20) == 'e') {
                scan->at++;
                if (scan->at < scan->end && (*scan->at == '+' || *scan->at == '-'))
                        scan->at++;
                if (!scan_digits(scan))
                        return false;
        }
        return scan->at - begin <= NUMBER_BYTES_MAX ? true : refuse(scan, "a number too long");
}

static bool scan_word(struct scan *scan, const char *word) {
        size_t length = strlen(word);

        if ((size_t) (scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0)
                return refuse(scan, "a word that is no JSON value");
        scan->at += length;
        return true;
}

/* Anything but an object or an array. */
static bool scan_scalar(struct scan *scan) {
        switch (*scan->at) {
        case '"':
                scan->at++;
                return scan_string(scan);
        case 't':
                return scan_word(scan, "true");
        case 'f':
                return scan_word(scan, "false");
        case 'n':
                return scan_word(scan, "null");
        default:
                if (*scan->at == '-' || is_digit(*scan->at))
                        return scan_number(scan);
                return refuse(scan, "a value is missing, or is none");
        }
}

/* A member's name and the colon behind it. */
static bool scan_name(struct scan *scan) {
        if (scan->at == scan->end || *scan->at != '"')
                return refuse(scan, "a member without a name in quotes");
        scan->at++;
        if (!scan_string(scan))
                return false;
        skip_blanks(scan);
        if (scan->at == scan->end || *scan->at != ':')
                return refuse(scan, "a member without a colon");
        scan->at++;
        skip_blanks(scan);
        return true;
}

static bool scan_value(struct scan *scan) {
        char closers[JSON_DEPTH_MAX]; /* of what is open now */
        size_t depth = 0;

        for (size_t values = 1;; values++) {
                if (scan->at == scan->end)
                        return refuse(scan, "it ends too early");
                if (values > JSON_VALUES_MAX)
                        return refuse(scan, "it has too many values");

                if (*scan->at == '{' || *scan->at == '[') {
                        if (depth == JSON_DEPTH_MAX)
                                return refuse(scan, "it is nested too deeply");
                        char closer = *scan->at++ == '{' ? '}' : ']';
                        skip_blanks(scan);
                        if (scan->at == scan->end || *scan->at != closer) {
                                closers[depth++] = closer;
                                if (closer == '}' && !scan_name(scan))
                                        return false;
                                continue;
                        }
                        scan->at++; /* empty, and done with */
                } else if (!scan_scalar(scan)) {
                        return false;
                }

                /* Behind a value: a comma and the next one, or the ends of what is open. */
                for (;;) {
                        if (depth == 0)
                                return true;
                        skip_blanks(scan);
                        if (scan->at == scan->end)
                                return refuse(scan, "it ends too early");
                        if (*scan->at == ',')
                                break;
                        if (*scan->at != closers[depth - 1])
                                return refuse(scan, "a comma or a closing bracket is missing");
                        scan->at++;
                        depth--;
                }
                scan->at++;
                skip_blanks(scan);
                if (closers[depth - 1] == '}' && !scan_name(scan))
                        return false;
        }
}

const char *scan_text(const char *text, size_t length_bytes, size_t *ret_begin, size_t *ret_end) {
        struct scan scan = {.at = text, .end = text + length_bytes};

        skip_blanks(&scan);
        const char *begin = scan.at;
        if (!scan_value(&scan))
                return scan.reason;
        const char *end = scan.at;
        skip_blanks(&scan);
        if (scan.at != scan.end)
                return "something follows the value";

        *ret_begin = (size_t) (begin - text);
        *ret_end = (size_t) (end - text);
        return NULL;
}
