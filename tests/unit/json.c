#include "json.h"

#include "arena.h"
#include "error.h"
#include "suite.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* In memory of just its length, so that a sanitizer sees a look beyond it. */
static int parse(const char *text, size_t length, struct cJSON **ret, const char **ret_reason) {
        char *exact = malloc(length > 0 ? length : 1);
        ck_assert_ptr_nonnull(exact);
        memcpy(exact, text, length);
        int r = json_parse(exact, length, ret, ret_reason);
        free(exact);
        return r;
}

static void assert_taken(const char *text, size_t length) {
        struct cJSON *root;
        const char *reason = "";

        int r = parse(text, length, &root, &reason);
        ck_assert_msg(r == 0, "%.*s: %s", (int) length, text, reason);
        json_free(root);
}

static void assert_refused(const char *text, size_t length, const char *expected) {
        struct cJSON *root = NULL;
        const char *reason = NULL;

        int r = parse(text, length, &root, &reason);
        ck_assert_msg(r == -ERROR_MALFORMED, "taken: %.*s", (int) length, text);
        ck_assert_ptr_null(root);
        ck_assert_msg(strcmp(reason, expected) == 0, "%.*s: %s", (int) length, text, reason);
}

#define TEXT(literal) literal, sizeof(literal) - 1

START_TEST(what_rfc_8259_allows_is_taken) {
        static const struct {
                const char *text;
                size_t length;
        } texts[] = {
                {TEXT("{}")},
                {TEXT("[]")},
                {TEXT("null")},
                {TEXT("true")},
                {TEXT("false")},
                {TEXT("0")},
                {TEXT("-0")},
                {TEXT("-1")},
                {TEXT("10")},
                {TEXT("0.5")},
                {TEXT("-0.0e-0")},
                {TEXT("1E+2")},
                {TEXT("1e308")},
                {TEXT("1e-999")},
                {TEXT("9007199254740991")},
                {TEXT("123456789012345678901234567890123456789012345678901234567890123")},
                {TEXT("\"\"")},
                {TEXT("\"\x7f\"")},
                {TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")},
                {TEXT("\"\\u0001\\u00e4\\uAbCd\\uFFFF\"")},
                {TEXT("\"\\ud800\\udc00\\uDBFF\\uDFFF\"")},
                {TEXT(" \t\r\n{ \t\r\n} \t\r\n")},
                {TEXT("[ 1 , 2 ]")},
                {TEXT("{ \"a\" : 1 , \"b\" : [ { } , [ ] ] }")},
                {TEXT("{\"a\":1,\"A\":1,\"\":1,\"aa\":1}")},
                {TEXT("[{\"a\":1},{\"a\":1}]")},
                {TEXT("{\"a\":{\"a\":{\"a\":1}}}")},
                {TEXT("{\"aaaaaaaa\":1,\"aaaaaaaab\":1,\"aaaaaaa\":1}")},
        };

        for (size_t i = 0; i < COUNT(texts); i++)
                assert_taken(texts[i].text, texts[i].length);
}
END_TEST

#define ENDS     "it ends too early"
#define VALUE    "a value is missing, or is none"
#define DIGITS   "a number without its digits"
#define WORD     "a word that is no JSON value"
#define NAME     "a member without a name in quotes"
#define COLON    "a member without a colon"
#define COMMA    "a comma or a closing bracket is missing"
#define FOLLOWS  "something follows the value"
#define ESCAPE   "an escape that JSON does not have"
#define CONTROL  "a control character in a string"
#define OPEN     "a string that does not end"
#define UTF8     "a string that is not UTF-8"
#define HALF     "half of a surrogate pair"
#define NUL      "a NUL in a string"
#define TWICE    "an object has a member twice"
#define TOO_LONG "a number too long"
#define INFINITE "a number is too large"

START_TEST(what_is_no_json_is_refused) {
        static const struct {
                const char *text;
                size_t length;
                const char *reason;
        } texts[] = {
                {TEXT(""), ENDS},
                {TEXT(" "), ENDS},
                {TEXT("\0"), VALUE},
                {TEXT("{}\0"), FOLLOWS},
                {TEXT("{"), NAME},
                {TEXT("{\"a\""), COLON},
                {TEXT("{\"a\":"), ENDS},
                {TEXT("{\"a\":1"), ENDS},
                {TEXT("{\"a\":1,"), NAME},
                {TEXT("{\"a\":1,}"), NAME},
                {TEXT("{\"a\":,}"), VALUE},
                {TEXT("{\"a\" 1}"), COLON},
                {TEXT("{\"a\"}"), COLON},
                {TEXT("{,}"), NAME},
                {TEXT("{a:1}"), NAME},
                {TEXT("{'a':1}"), NAME},
                {TEXT("{1:1}"), NAME},
                {TEXT("{\"a\":1]"), COMMA},
                {TEXT("{\"a\":1 \"b\":2}"), COMMA},
                {TEXT("["), ENDS},
                {TEXT("[1"), ENDS},
                {TEXT("[1,"), ENDS},
                {TEXT("[1,]"), VALUE},
                {TEXT("[,1]"), VALUE},
                {TEXT("[1}"), COMMA},
                {TEXT("[1 2]"), COMMA},
                {TEXT("]"), VALUE},
                {TEXT("}"), VALUE},
                {TEXT("{}{}"), FOLLOWS},
                {TEXT("{}]"), FOLLOWS},
                {TEXT("{} x"), FOLLOWS},
                {TEXT("{},"), FOLLOWS},
                {TEXT("\v{}"), VALUE},
                {TEXT("{}\v"), FOLLOWS},
                {TEXT("[1,\f2]"), VALUE},
                {TEXT("[\xc2\xa0]"), VALUE},
                {TEXT("\xef\xbb\xbf{}"), VALUE},
                {TEXT("/* */ {}"), VALUE},
                {TEXT("nul"), WORD},
                {TEXT("nulL"), WORD},
                {TEXT("True"), VALUE},
                {TEXT("truefalse"), FOLLOWS},
                {TEXT("NaN"), VALUE},
                {TEXT("Infinity"), VALUE},
                {TEXT("-Infinity"), DIGITS},

                {TEXT("01"), FOLLOWS},
                {TEXT("-01"), FOLLOWS},
                {TEXT("[00]"), COMMA},
                {TEXT("+1"), VALUE},
                {TEXT("-"), DIGITS},
                {TEXT("--1"), DIGITS},
                {TEXT("1."), DIGITS},
                {TEXT("1.e1"), DIGITS},
                {TEXT(".1"), VALUE},
                {TEXT("1e"), DIGITS},
                {TEXT("1e+"), DIGITS},
                {TEXT("1e1.5"), FOLLOWS},
                {TEXT("0x10"), FOLLOWS},
                {TEXT("1_000"), FOLLOWS},
                {TEXT("1e309"), INFINITE},
                {TEXT("-1e400"), INFINITE},
                {TEXT("{\"a\":[1e999]}"), INFINITE},
                {TEXT("1234567890123456789012345678901234567890123456789012345678901234"),
                 TOO_LONG},

                {TEXT("\""), OPEN},
                {TEXT("\"a"), OPEN},
                {TEXT("\"\\\""), OPEN},
                {TEXT("\"\\"), ESCAPE},
                {TEXT("\"\\a\""), ESCAPE},
                {TEXT("\"\\'\""), ESCAPE},
                {TEXT("\"\\\0\""), ESCAPE},
                {TEXT("\"\\u\""), ESCAPE},
                {TEXT("\"\\u12\""), ESCAPE},
                {TEXT("\"\\u123"), ESCAPE},
                {TEXT("\"\\u12g4\""), ESCAPE},
                {TEXT("\"\\U0041\""), ESCAPE},
                {TEXT("\"\\u0000\""), NUL},
                {TEXT("\"a\\u0000b\""), NUL},
                {TEXT("{\"a\\u0000b\":1}"), NUL},
                {TEXT("\"\\ud800\""), HALF},
                {TEXT("\"\\udc00\""), HALF},
                {TEXT("\"\\udc00\\udc00\""), HALF},
                {TEXT("\"\\u1234"), OPEN},
                {TEXT("\"\\ud800\\udc00"), OPEN},
                {TEXT("\"\\ud800\\u0041\""), HALF},
                {TEXT("\"\\ud800\\ud800\""), HALF},
                {TEXT("\"\\ud800\\ue000\""), HALF},
                {TEXT("\"\\ud800\\n\\n\\n\""), HALF},
                {TEXT("\"\\ud800\\udc0"), HALF},
                {TEXT("\"\\ud800\\udc0x\""), HALF},
                {TEXT("\"\n\""), CONTROL},
                {TEXT("\"a\0b\""), CONTROL},
                {TEXT("\"abcdefghijkl\x1f\""), CONTROL},
                {TEXT("\"\xff\""), UTF8},
                {TEXT("\"\x80\""), UTF8},
                {TEXT("\"\xc0\x80\""), UTF8},
                {TEXT("\"\xc3\""), UTF8},
                {TEXT("\"\xe0\x9f\xbf\""), UTF8},
                {TEXT("\"\xed\xa0\x80\""), UTF8},
                {TEXT("\"\xf0\x8f\xbf\xbf\""), UTF8},
                {TEXT("\"\xf4\x90\x80\x80\""), UTF8},
                {TEXT("\"\xf0\x9f\x92"), UTF8},

                {TEXT("{\"a\":1,\"a\":1}"), TWICE},
                {TEXT("{\"\":1,\"\":1}"), TWICE},
                {TEXT("{\"a\":1,\"b\":2,\"\\u0061\":1}"), TWICE},
                {TEXT("{\"/\":1,\"\\/\":1}"), TWICE},
                {TEXT("{\"\xc3\xa4\":1,\"\\u00e4\":1}"), TWICE},
                {TEXT("[1,{\"a\":{\"b\":null,\"b\":null}}]"), TWICE},
                {TEXT("{\"aaaaaaaa\":1,\"aaaaaaaa\":1}"), TWICE},
                {TEXT("{\"aaaaaaaab\":1,\"aaaaaaaac\":1,\"aaaaaaaab\":1}"), TWICE},
        };

        for (size_t i = 0; i < COUNT(texts); i++)
                assert_refused(texts[i].text, texts[i].length, texts[i].reason);
}
END_TEST

START_TEST(values_are_read_as_they_are_written) {
        static const char text[] = "{\"b\":[true,false,null],\"n\":-1.5e1,"
                                   "\"s\":\"\\u00e4\\ud83d\\ude00\\/\\n\",\"i\":9007199254740991}";
        struct cJSON *root;
        const char *reason;

        ck_assert_int_eq(parse(text, sizeof(text) - 1, &root, &reason), 0);
        const struct cJSON *member = root->child;
        ck_assert_str_eq(member->string, "b");
        ck_assert_int_eq(member->child->type, cJSON_True);
        ck_assert_int_eq(member->child->next->type, cJSON_False);
        ck_assert_int_eq(member->child->next->next->type, cJSON_NULL);
        member = member->next;
        ck_assert_double_eq(member->valuedouble, -15);
        member = member->next;
        ck_assert_str_eq(member->valuestring, "\xc3\xa4\xf0\x9f\x98\x80/\n");
        member = member->next;
        ck_assert_double_eq(member->valuedouble, 9007199254740991.0);
        ck_assert_ptr_null(member->next);
        json_free(root);
}
END_TEST

/* begin * count, middle, end * count */
static char *nested(const char *begin, const char *middle, const char *end, size_t count) {
        char *text = malloc(strlen(middle) + count * (strlen(begin) + strlen(end)) + 1), *at = text;
        ck_assert_ptr_nonnull(text);
        for (size_t i = 0; i < count; i++)
                at = stpcpy(at, begin);
        at = stpcpy(at, middle);
        for (size_t i = 0; i < count; i++)
                at = stpcpy(at, end);
        return text;
}

START_TEST(nesting_has_a_bound) {
        static const struct {
                const char *begin, *middle, *end;
        } kinds[] = {{"[", "", "]"}, {"[", "1", "]"}, {"{\"a\":", "1", "}"}};

        for (size_t i = 0; i < COUNT(kinds); i++) {
                for (size_t depth = 1; depth <= 1000; depth++) {
                        char *text = nested(kinds[i].begin, kinds[i].middle, kinds[i].end, depth);
                        if (depth <= JSON_DEPTH_MAX)
                                assert_taken(text, strlen(text));
                        else
                                assert_refused(text, strlen(text), "it is nested too deeply");
                        free(text);
                }
        }
        assert_refused(TEXT("{\"a\":[{\"a\":[{\"a\":[{\"a\":[{}]}]}]}]}"),
                       "it is nested too deeply");
        assert_taken(TEXT("[[[[[[[[]],[[]]]]]]],[[[[[[[]]]]]]]]"));
}
END_TEST

START_TEST(the_number_of_values_has_a_bound) {
        /* the array is a value too */
        for (size_t count = JSON_VALUES_MAX - 2; count <= JSON_VALUES_MAX + 1; count++) {
                char *text = nested("1,", "[", "", count);
                size_t length = 2 * count + 1;
                memmove(text + 1, text, length - 1);
                text[0] = '[';
                text[length - 1] = ']';
                if (count + 1 <= JSON_VALUES_MAX)
                        assert_taken(text, length);
                else
                        assert_refused(text, length, "it has too many values");
                free(text);
        }
}
END_TEST

/* {"key of 0":0,...}, whose member `twin` has the name of member 0; none where it is 0 */
static char *members(const char *format, size_t count, size_t twin) {
        char *text = malloc(count * 64 + 3), *at = text;

        ck_assert_ptr_nonnull(text);
        for (size_t i = 0; i < count; i++) {
                *at++ = i == 0 ? '{' : ',';
                at += sprintf(at, format, i == twin ? 0 : i);
        }
        strcpy(at, "}");
        return text;
}

START_TEST(a_name_twice_is_found_in_objects_of_any_size) {
        static const char *const formats[] = {
                "\"%zu\":0",
                "\"%zx\":{\"a\":0,\"b\":0}",
                "\"same first bytes %zu\":0",
                "\"%06zu\":0",
        };
        static const size_t counts[] = {2, 3, 31, 32, 33, 34, 100, 1000, 3000};

        for (size_t f = 0; f < COUNT(formats); f++) {
                for (size_t c = 0; c < COUNT(counts); c++) {
                        size_t twins[] = {0, 1, counts[c] / 2, counts[c] - 1};
                        for (size_t t = 0; t < COUNT(twins); t++) {
                                char *text = members(formats[f], counts[c], twins[t]);
                                if (twins[t] == 0)
                                        assert_taken(text, strlen(text));
                                else
                                        assert_refused(text, strlen(text), TWICE);
                                free(text);
                        }
                }
        }
}
END_TEST

static const char sample[] = " {\"method\":\"io.shmbroker.Create\",\"parameters\":{\"name\":"
                             "\"cam/\\u00e4\\ud83d\\ude00\xc3\xa4\xf0\x9f\x98\x80\","
                             "\"size\":-12.5e+3,\"labels\":{\"a\":\"\\\\\\n\",\"b\":\"\"},"
                             "\"x\":[true,false,null,[],{}]}} ";

START_TEST(no_beginning_of_a_text_is_a_text) {
        size_t length = sizeof(sample) - 1;

        assert_taken(sample, length);
        assert_taken(sample, length - 1);
        for (size_t shorter = 0; shorter < length - 1; shorter++) {
                struct cJSON *root;
                const char *reason;
                ck_assert_int_eq(parse(sample, shorter, &root, &reason), -ERROR_MALFORMED);
        }
}
END_TEST

/* -------------------------------------------------------- want of memory */

static size_t allocations_left, allocations_held;

static void *allocate(size_t size) {
        if (allocations_left == 0)
                return NULL;
        allocations_left--;
        allocations_held++;
        return malloc(size);
}

static void give_back(void *memory) {
        allocations_held -= memory != NULL;
        free(memory);
}

START_TEST(each_allocation_may_fail) {
        char *many = members("\"%zu\":0", 40, 0);
        const char *texts[] = {sample, many};

        cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = allocate, .free_fn = give_back});
        for (size_t i = 0; i < COUNT(texts); i++) {
                for (size_t count = 0;; count++) {
                        struct cJSON *root = NULL;
                        const char *reason = NULL;
                        allocations_left = count;
                        int r = json_parse(texts[i], strlen(texts[i]), &root, &reason);
                        if (r == 0) {
                                ck_assert_uint_gt(count, 20);
                                json_free(root);
                                ck_assert_uint_eq(allocations_held, 0);
                                break;
                        }
                        ck_assert_int_eq(r, -ERROR_NO_MEMORY);
                        ck_assert_str_eq(reason, "out of memory");
                        ck_assert_ptr_null(root);
                        ck_assert_uint_eq(allocations_held, 0);
                }
        }
        free(many);
}
END_TEST

/* --------------------------------------------------------------- the arena */

START_TEST(documents_come_and_go_in_the_arena) {
        char *large = members("\"%zu\":0", 5000, 0);
        char *twice = members("\"%zu\":0", 5000, 4999);

        json_use_arena();
        for (size_t i = 0; i < 100; i++) {
                struct cJSON *root;
                const char *reason;
                ck_assert_int_eq(json_parse(large, strlen(large), &root, &reason), 0);
                ck_assert_str_eq(root->child->next->string, "1");
                json_free(root);
                ck_assert_int_eq(json_parse(twice, strlen(twice), &root, &reason),
                                 -ERROR_MALFORMED);
                ck_assert_int_eq(json_parse("{\"a\":\"b\"}", 9, &root, &reason), 0);
                ck_assert_str_eq(root->child->valuestring, "b");
                json_free(NULL);
                ck_assert_str_eq(root->child->string, "a");
                json_free(root);
        }
        json_release_arena();
        free(large);
        free(twice);
}
END_TEST

/* Whatever was parsed before it, a text is what it is. */
START_TEST(texts_that_come_again_are_read_as_at_first) {
        enum { TEXTS = 2000, ROUNDS = 4 };

        json_use_arena();
        for (int i = 0; i < TEXTS; i++) { /* more than are kept, so that they share places */
                for (int round = 0; round < ROUNDS; round++) {
                        int number = round % 2 == 0 ? i : i / 2;
                        char text[64];
                        struct cJSON *root;
                        const char *reason;
                        int length = snprintf(text, sizeof(text), "{\"n\":%d,\"s\":[\"%d\"]}",
                                              number, number);
                        ck_assert_int_eq(json_parse(text, (size_t) length, &root, &reason), 0);
                        ck_assert_str_eq(root->child->string, "n");
                        ck_assert_double_eq(root->child->valuedouble, number);
                        snprintf(text, sizeof(text), "%d", number);
                        ck_assert_str_eq(root->child->next->child->valuestring, text);
                        ck_assert_ptr_null(root->child->next->next);
                        json_free(root);
                }
        }
        json_release_arena();
}
END_TEST

START_TEST(what_comes_again_may_be_malformed_long_or_large) {
        static const char malformed[] = "{\"a\":1,\"a\":1}";
        char *longer = members("\"%040zu\":0", 10, 0), *larger = nested("1,", "1", "", 100);
        struct cJSON *root;
        const char *reason;

        larger = realloc(larger, 300);
        ck_assert_ptr_nonnull(larger);
        size_t length = strlen(larger);
        memmove(larger + 1, larger, length);
        larger[0] = '[';
        larger[length + 1] = ']';
        json_use_arena();
        for (int round = 0; round < 4; round++) {
                ck_assert_int_eq(json_parse(malformed, sizeof(malformed) - 1, &root, &reason),
                                 -ERROR_MALFORMED);
                ck_assert_int_eq(json_parse(longer, strlen(longer), &root, &reason), 0);
                ck_assert_double_eq(root->child->next->valuedouble, 0);
                json_free(root);
                ck_assert_int_eq(json_parse(larger, length + 2, &root, &reason), 0);
                int count = 0;
                for (const struct cJSON *value = root->child; value; value = value->next)
                        count++;
                ck_assert_int_eq(count, 101);
                json_free(root);
        }
        json_release_arena();
        free(longer);
        free(larger);
}
END_TEST

START_TEST(the_arena_hands_out_memory_of_its_own) {
        static const size_t sizes[] = {1, 7, 16, 64, 1000, 16 * 1024, 100000, 3};
        struct arena arena = {0};

        for (size_t round = 0; round < 3; round++) {
                char *pieces[COUNT(sizes)];
                for (size_t i = 0; i < COUNT(sizes); i++) {
                        pieces[i] = arena_allocate(&arena, sizes[i]);
                        ck_assert_ptr_nonnull(pieces[i]);
                        ck_assert_uint_eq((uintptr_t) pieces[i] % _Alignof(max_align_t), 0);
                        memset(pieces[i], (int) i, sizes[i]);
                }
                for (size_t i = 0; i < COUNT(sizes); i++)
                        for (size_t at = 0; at < sizes[i]; at++)
                                ck_assert_int_eq(pieces[i][at], (int) i);
                arena_reset(&arena);
        }
        arena_release(&arena);
}
END_TEST

START_TEST(a_fixed_arena_has_no_more_than_it_was_given) {
        _Alignas(max_align_t) char memory[128];
        struct arena arena;

        arena_init_fixed(&arena, memory, sizeof(memory));
        ck_assert_ptr_eq(arena_allocate(&arena, 100), memory);
        ck_assert_ptr_eq(arena_allocate(&arena, 16), memory + 112);
        ck_assert_ptr_null(arena_allocate(&arena, 1));
}
END_TEST

START_TEST(the_arena_is_bounded_and_shrinks) {
        struct arena arena = {0};

        ck_assert_ptr_nonnull(arena_allocate(&arena, 64));
        size_t small = arena.held_bytes;
        for (size_t size = 64; size <= ARENA_BYTES_MAX; size *= 4) {
                size_t total = 0;
                while (arena_allocate(&arena, size))
                        total += size;
                ck_assert_uint_le(total, ARENA_BYTES_MAX);
                ck_assert_uint_le(arena.held_bytes, ARENA_BYTES_MAX);
                ck_assert_uint_ge(total + size, ARENA_BYTES_MAX - ARENA_BYTES_MAX / 4);
                arena_reset(&arena);
                ck_assert_uint_eq(arena.held_bytes, small);
        }
        ck_assert_ptr_null(arena_allocate(&arena, ARENA_BYTES_MAX + 1));
        ck_assert_ptr_null(arena_allocate(&arena, SIZE_MAX));
        ck_assert_ptr_nonnull(arena_allocate(&arena, 1));
        arena_release(&arena);
        ck_assert_uint_eq(arena.held_bytes, 0);
}
END_TEST

START_TEST(the_largest_document_fits_into_the_arena) {
        /* names and strings of two bytes each, as many as a message holds */
        size_t count = JSON_VALUES_MAX - 1;
        char *text = malloc(count * 16 + 2), *at = text;

        json_use_arena();
        *at++ = '[';
        for (size_t i = 0; i < count; i++)
                at += sprintf(at, "%s{\"aa\":\"bb\"}", i == 0 ? "" : ",");
        *at++ = ']';
        assert_refused(text, (size_t) (at - text), "it has too many values");

        at = text + 1;
        for (size_t i = 0; i < count / 2; i++)
                at += sprintf(at, "%s{\"aa\":\"bb\"}", i == 0 ? "" : ",");
        *at++ = ']';
        assert_taken(text, (size_t) (at - text));
        json_release_arena();
        free(text);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {what_rfc_8259_allows_is_taken},
                {what_is_no_json_is_refused},
                {values_are_read_as_they_are_written},
                {nesting_has_a_bound},
                {the_number_of_values_has_a_bound},
                {a_name_twice_is_found_in_objects_of_any_size},
                {no_beginning_of_a_text_is_a_text},
                {each_allocation_may_fail},
                {documents_come_and_go_in_the_arena},
                {texts_that_come_again_are_read_as_at_first},
                {what_comes_again_may_be_malformed_long_or_large},
                {the_arena_hands_out_memory_of_its_own},
                {a_fixed_arena_has_no_more_than_it_was_given},
                {the_arena_is_bounded_and_shrinks},
                {the_largest_document_fits_into_the_arena},
        };
        return suite_run("json", NULL, NULL, SUITE_ROWS(rows));
}
