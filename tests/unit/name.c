#include "name.h"

#include "suite.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

static const char *a_run(char byte, size_t length) {
        static char text[1024];

        memset(text, byte, length);
        text[length] = '\0';
        return text;
}

/* ------------------------------------------------------------------- names */

START_TEST(good_names_are_names) {
        static const char *const names[] = {
                "a",
                "Z",
                "0",
                "-",
                "_",
                "@",
                "+",
                ":",
                "...",
                ".a",
                "a.",
                "..a",
                "a..",
                "a/...",
                ".../a",
                "a/.b",
                "a/b./c",
                "a/..b/c",
                "camera/left/frame-000123",
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:@+",
        };

        for (size_t i = 0; i < COUNT(names); i++) {
                const char *reason = name_reason(names[i]);
                ck_assert_msg(reason == NULL, "%s: %s", names[i], reason);
        }
        ck_assert_ptr_null(name_reason(a_run('a', NAME_BYTES_MAX)));
}
END_TEST

#define EMPTY     "it is empty"
#define LONG      "it is longer than 255 bytes"
#define BYTE      "it has a character other than A-Z a-z 0-9 . _ - : @ + /"
#define BEGINS    "it begins with /"
#define ENDS      "it ends with /"
#define TWO       "it has two / in a row"
#define DOTS      "it has a component . or .."
#define UNCLOSED  "a [ has no ]"
#define BACKSLASH "nothing follows the last \\"
#define STARS     "it has more than eight *"
#define SLASH     "a [...] has a /, which it cannot match"
#define BACKWARDS "a range in a [...] runs backwards"
#define NAMED     "a [...] has a class with a name, like [:alpha:]"

START_TEST(others_are_none_for_a_reason) {
        static const struct {
                const char *name, *reason;
        } cases[] = {
                {"", EMPTY},      {" ", BYTE},    {"a b", BYTE},      {"a\n", BYTE},
                {"a*", BYTE},     {"a\\b", BYTE}, {"\xc3\xa4", BYTE}, {"a\x7f", BYTE},
                {"a~", BYTE},     {"a,b", BYTE},  {"a#b", BYTE},      {"/", BEGINS},
                {"/a", BEGINS},   {"//", BEGINS}, {"a/", ENDS},       {"a//b", TWO},
                {"a/b//c", TWO},  {".", DOTS},    {"..", DOTS},       {"./a", DOTS},
                {"../a", DOTS},   {"a/.", DOTS},  {"a/..", DOTS},     {"a/./b", DOTS},
                {"a/../b", DOTS},
        };

        for (size_t i = 0; i < COUNT(cases); i++) {
                const char *reason = name_reason(cases[i].name);
                ck_assert_msg(reason != NULL, "taken: %s", cases[i].name);
                ck_assert_str_eq(reason, cases[i].reason);
        }
        ck_assert_str_eq(name_reason(a_run('a', NAME_BYTES_MAX + 1)), LONG);
        ck_assert_str_eq(name_reason(a_run('a', 1000)), LONG);
}
END_TEST

START_TEST(every_byte_is_in_a_name_or_is_not) {
        static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789._-:@+/";

        for (int byte = 1; byte < 256; byte++) {
                char name[] = {'a', (char) byte, 'b', '\0'};
                ck_assert_int_eq(name_reason(name) == NULL, strchr(good, byte) != NULL);
        }
}
END_TEST

/* ------------------------------------------------------------------- globs */

START_TEST(patterns_match_whole_names) {
        static const struct {
                const char *pattern, *name;
                bool matches;
        } cases[] = {
                {"a", "a", true},
                {"a", "b", false},
                {"a", "ab", false},
                {"ab", "a", false},
                {"a/b", "a/b", true},

                {"?", "a", true},
                {"?", "", false},
                {"?", "ab", false},
                {"?", "/", false},
                {"a?b", "a/b", false},
                {"a?b", "axb", true},
                {"???", "abc", true},

                {"*", "", true},
                {"*", "a", true},
                {"*", "abc", true},
                {"*", ".a", true},
                {"*", "a/b", false},
                {"a*", "a", true},
                {"a*", "abc", true},
                {"*a", "aaa", true},
                {"*a", "aab", false},
                {"a*b*c", "axxbxxc", true},
                {"a*b*c", "abc", true},
                {"a*b*c", "axxcxxb", false},
                {"*/*", "a/b", true},
                {"*/*", "a/b/c", false},
                {"*/*/*", "a/b/c", true},
                {"a/*", "a", false},
                {"a/*", "a/b", true},
                {"a/*", "a/b/c", false},
                {"a*/c", "ab/c", true},
                {"a*/c", "a/b/c", false},
                {"*b/*", "ab/cb/", false},
                {"a*a*a*a", "aaa", false},
                {"a*a*a*a", "aaaa", true},

                {"**", "", true},
                {"**", "a", true},
                {"**", "a/b/c", true},
                {"***", "a/b/c", true},
                {"****", "a/b/c", true},
                {"a**", "a/b", true},
                {"a**", "ab/c/d", true},
                {"**c", "a/b/c", true},
                {"**c", "a/b/cd", false},
                {"a**c", "a/b/c", true},
                {"a**c", "ac", true},
                {"a/**", "a/b/c", true},
                {"a/**", "a", false},
                {"a/**/c", "a/b/c", true},
                {"a/**/c", "a/x/y/c", true},
                {"a/**/c", "a/c", false},
                {"**/c", "c", false},
                {"**/c", "a/c", true},
                {"**/c", "a/b/c", true},
                {"**/c", "a/bc", false},

                /* a * that has to be tried behind another end of ** */
                {"**/*.c", "a/b/x.c", true},
                {"**/*.c", "a.c/b", false},
                {"**a*/b", "xa/c/yaz/b", true},
                {"**a*/b", "xa/c/yz/b", false},
                {"**x*y", "x/y/x-y", true},
                {"**x*y", "x/y/x/y", false},
                {"*/**/*", "a/b/c", true},
                {"*/**/*", "a/b", false},
                {"*a**b*", "xax/y/bx", true},
                {"*a**b*", "x/ax/bx", false},
                {"a*b**c*d", "axbx/xcxd", true},
                {"a*b**c*d", "a/b/c/d", false},

                {"[abc]", "b", true},
                {"[abc]", "d", false},
                {"[abc]", "ab", false},
                {"[a-c]", "b", true},
                {"[a-c]", "d", false},
                {"[a-cx-z]", "y", true},
                {"[a-cx-z]", "m", false},
                {"[a-a]", "a", true},
                {"[!a]", "b", true},
                {"[!a]", "a", false},
                {"[^a]", "b", true},
                {"[^a]", "a", false},
                {"[!a-c]", "d", true},
                {"[!a-c]", "b", false},
                {"[!a]", "/", false},
                {"[^a]", "/", false},
                {"[+-0]", "/", false},
                {"[+-0]", ".", true},
                {"a[!b]c", "a/c", false},
                {"[]]", "]", true},
                {"[]a]", "a", true},
                {"[]a]", "b", false},
                {"[!]a]", "b", true},
                {"[!]a]", "a", false},
                {"[!]a]", "]", false},
                {"[a-]", "-", true},
                {"[a-]", "a", true},
                {"[a-]", "b", false},
                {"[-a]", "-", true},
                {"[-a]", "b", false},
                {"[!-a]", "-", false},
                {"[a-c-e]", "b", true},
                {"[a-c-e]", "-", true},
                {"[a-c-e]", "d", false},
                {"[a!]", "!", true},
                {"[a^]", "^", true},
                {"[[]", "[", true},
                {"[*]", "*", true},
                {"[*]", "a", false},
                {"[?]", "a", false},
                {"[\\]", "\\", true},
                {"[\\a]", "a", true},
                {"[a]", "]", false},
                {"[a]b]", "ab]", true},
                {"[a][b]", "ab", true},
                {"[0-9][0-9]*", "12", true},
                {"[0-9][0-9]*", "1", false},
                {"*[0-9]", "frame-3", true},
                {"cam/[lr]*/f-[0-9]", "cam/left/f-3", true},
                {"cam/[lr]*/f-[0-9]", "cam/mid/f-3", false},

                {"\\a", "a", true},
                {"\\a", "\\a", false},
                {"\\*", "*", true},
                {"\\*", "a", false},
                {"\\?", "a", false},
                {"\\[a]", "[a]", true},
                {"\\[a]", "a", false},
                {"\\\\", "\\", true},
                {"a\\/b", "a/b", true},
                {"*\\*", "a*", true},
                {"\\**", "*a", true},
                {"]", "]", true},
                {"a]", "a]", true},
                {"-", "-", true},
                {"!", "!", true},
        };

        for (size_t i = 0; i < COUNT(cases); i++) {
                const char *reason = glob_reason(cases[i].pattern);
                ck_assert_msg(reason == NULL, "%s: %s", cases[i].pattern, reason);
                ck_assert_msg(glob_match(cases[i].pattern, cases[i].name) == cases[i].matches,
                              "%s %s", cases[i].pattern, cases[i].name);
        }
}
END_TEST

START_TEST(bad_patterns_are_none_for_a_reason) {
        static const struct {
                const char *pattern, *reason;
        } cases[] = {
                {"", EMPTY},
                {"[", UNCLOSED},
                {"[]", UNCLOSED},
                {"[!]", UNCLOSED},
                {"[^]", UNCLOSED},
                {"[a", UNCLOSED},
                {"a[b]c[", UNCLOSED},
                {"[a-", UNCLOSED},
                {"\\", BACKSLASH},
                {"a\\", BACKSLASH},
                {"\\\\\\", BACKSLASH},
                {"[a/b]", SLASH},
                {"[/]", SLASH},
                {"[!/]", SLASH},
                {"[z-a]", BACKWARDS},
                {"[a-cz-x]", BACKWARDS},
                {"[[:alpha:]]", NAMED},
                {"[a[:digit:]]", NAMED},
                {"[[.a.]]", NAMED},
                {"[[=a=]]", NAMED},
                {"*a*a*a*a*a*a*a*a*", STARS},
                {"**a**a**a**a**a**a**a**a*", STARS},
        };

        for (size_t i = 0; i < COUNT(cases); i++) {
                const char *reason = glob_reason(cases[i].pattern);
                ck_assert_msg(reason != NULL, "taken: %s", cases[i].pattern);
                ck_assert_msg(strcmp(reason, cases[i].reason) == 0, "%s: %s", cases[i].pattern,
                              reason);
        }
        ck_assert_ptr_null(glob_reason("*a*a*a*a*a*a*a*"));
        ck_assert_ptr_null(glob_reason(a_run('*', PATTERN_BYTES_MAX)));
        ck_assert_ptr_null(glob_reason(a_run('?', PATTERN_BYTES_MAX)));
        ck_assert_str_eq(glob_reason(a_run('?', PATTERN_BYTES_MAX + 1)), LONG);
}
END_TEST

START_TEST(no_bad_pattern_matches) {
        ck_assert(!glob_match("[", "["));
        ck_assert(!glob_match("[a", "[a"));
        ck_assert(!glob_match("a\\", "a\\"));
        ck_assert(!glob_match("a\\", "a"));
        ck_assert(!glob_match("", "a"));
        ck_assert(!glob_match("**", a_run('a', NAME_BYTES_MAX + 1)));
}
END_TEST

/* Writes the number-th text of `length` bytes over the alphabet. */
static void nth_text(char *ret, const char *alphabet, size_t length, size_t number) {
        size_t letters = strlen(alphabet);

        for (size_t i = 0; i < length; i++, number /= letters)
                ret[i] = alphabet[number % letters];
        ret[length] = '\0';
}

static size_t power(size_t base, size_t exponent) {
        return exponent == 0 ? 1 : base * power(base, exponent - 1);
}

#define FOR_EACH_TEXT(text, alphabet, longest)                                                     \
        for (size_t text##_length = 0; text##_length <= (longest); text##_length++)                \
                for (size_t text##_number = 0;                                                     \
                     text##_number < power(strlen(alphabet), text##_length) &&                     \
                     (nth_text(text, alphabet, text##_length, text##_number), true);               \
                     text##_number++)

/* Another's implementation, where it means the same: it does not know ** and does not
 * mind what is no pattern. */
START_TEST(one_star_is_what_fnmatch_takes_it_for) {
        char pattern[8], name[8];
        size_t compared = 0;

        FOR_EACH_TEXT(pattern, "ab/*?[!]-", 5) {
                if (strstr(pattern, "**") || glob_reason(pattern) != NULL)
                        continue;
                FOR_EACH_TEXT(name, "ab/", 4) {
                        compared++;
                        bool expected = fnmatch(pattern, name, FNM_PATHNAME) == 0;
                        if (glob_match(pattern, name) != expected)
                                ck_abort_msg("%s %s", pattern, name);
                }
        }
        ck_assert_uint_gt(compared, 1000000);
}
END_TEST

/* The definition, without a thought for time. */
static bool matches_by_definition(const char *pattern, const char *name) {
        if (*pattern == '\0')
                return *name == '\0';
        if (*pattern == '*') {
                bool across = pattern[1] == '*';
                const char *rest = pattern + (across ? 2 : 1);
                for (const char *at = name;; at++) {
                        if (matches_by_definition(rest, at))
                                return true;
                        if (*at == '\0' || (*at == '/' && !across))
                                return false;
                }
        }
        if (*name == '\0' || (*pattern == '?' ? *name == '/' : *pattern != *name))
                return false;
        return matches_by_definition(pattern + 1, name + 1);
}

START_TEST(two_stars_cross_slashes) {
        char pattern[8], name[8];

        FOR_EACH_TEXT(pattern, "ab/*", 6) {
                if (pattern[0] == '\0' || strstr(pattern, "***"))
                        continue;
                FOR_EACH_TEXT(name, "ab/", 4) {
                        if (glob_match(pattern, name) != matches_by_definition(pattern, name))
                                ck_abort_msg("%s %s", pattern, name);
                }
        }
}
END_TEST

/* Trying one end of a star after the other would take longer than anybody waits. */
START_TEST(no_pattern_takes_long) {
        static const char *const patterns[] = {
                "*a*a*a*a*a*a*a*b",
                "**a**a**a**a**a**a**a**b",
                "**?**?**?**?**?**?**?**b",
                "**a*a**a*a**a*a**a*b",
                "*[a-z]*[a-z]*[a-z]*[a-z]*[a-z]*[a-z]*[a-z]*b",
        };

        for (size_t i = 0; i < COUNT(patterns); i++) {
                ck_assert_ptr_null(glob_reason(patterns[i]));
                for (size_t round = 0; round < 100; round++)
                        ck_assert(!glob_match(patterns[i], a_run('a', NAME_BYTES_MAX)));
        }
}
END_TEST

START_TEST(matches_begin_with_the_prefix) {
        static const struct {
                const char *pattern;
                size_t prefix;
        } cases[] = {
                {"", 0},   {"*", 0},     {"a", 1},      {"a/b", 3},  {"a/b*", 3}, {"a/b**", 3},
                {"a?", 1}, {"ab[c]", 2}, {"ab\\*c", 2}, {"[a]b", 0}, {"a]b*", 3}, {"-!^x?", 4},
        };

        for (size_t i = 0; i < COUNT(cases); i++)
                ck_assert_uint_eq(glob_prefix_bytes(cases[i].pattern), cases[i].prefix);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {good_names_are_names},
                {others_are_none_for_a_reason},
                {every_byte_is_in_a_name_or_is_not},
                {patterns_match_whole_names},
                {bad_patterns_are_none_for_a_reason},
                {no_bad_pattern_matches},
                {one_star_is_what_fnmatch_takes_it_for},
                {two_stars_cross_slashes},
                {no_pattern_takes_long},
                {matches_begin_with_the_prefix},
        };
        return suite_run("name", NULL, NULL, SUITE_ROWS(rows));
}
