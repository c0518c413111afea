#include "proto/documents.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct documents *documents;
static char roots[2]; /* nothing looks inside */

static void setup(void) {
        documents = calloc(1, sizeof(*documents));
        ck_assert_ptr_nonnull(documents);
}

static void teardown(void) {
        free(documents);
}

static struct document *expect_none(const char *text) {
        struct document *place;

        ck_assert_ptr_null(documents_find(documents, text, strlen(text), &place));
        return place;
}

static void keep(struct document *place, const char *text, void *root) {
        ck_assert_ptr_nonnull(place);
        memcpy(place->text, text, strlen(text));
        place->length_bytes = strlen(text);
        place->root = root;
}

static void expect(const char *text, const void *root) {
        struct document *place;

        ck_assert_ptr_eq(documents_find(documents, text, strlen(text), &place), root);
        ck_assert_ptr_null(place);
}

START_TEST(what_comes_twice_is_to_be_kept) {
        ck_assert_ptr_null(expect_none("{\"a\":1}"));
        keep(expect_none("{\"a\":1}"), "{\"a\":1}", &roots[0]);
        expect("{\"a\":1}", &roots[0]);
        expect_none("{\"a\":2}");
        expect_none("{\"a\":1} ");
        expect_none("{\"a\":1");
        expect("{\"a\":1}", &roots[0]);
}
END_TEST

START_TEST(texts_share_places) {
        char first[32], other[32];
        struct document *place;

        snprintf(first, sizeof(first), "{\"name\":\"0\"}");
        expect_none(first);
        place = expect_none(first);
        keep(place, first, &roots[0]);
        int number = 0;
        do {
                snprintf(other, sizeof(other), "{\"name\":\"%d\"}", ++number);
                expect_none(other);
        } while (expect_none(other) != place);
        ck_assert_int_gt(number, 1); /* they do not all have one */
        expect(first, &roots[0]);    /* until the other one is kept */
        keep(place, other, &roots[1]);
        expect(other, &roots[1]);
        expect_none(first);
        ck_assert_ptr_eq(expect_none(first), place);
}
END_TEST

START_TEST(a_long_text_has_no_place) {
        char text[DOCUMENT_TEXT_BYTES_MAX + 2];

        memset(text, ' ', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        for (int i = 0; i < 3; i++)
                ck_assert_ptr_null(expect_none(text));
        text[DOCUMENT_TEXT_BYTES_MAX] = '\0';
        expect_none(text);
        ck_assert_ptr_nonnull(expect_none(text));
        for (int i = 0; i < 3; i++)
                ck_assert_ptr_null(expect_none(""));
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {what_comes_twice_is_to_be_kept},
                {texts_share_places},
                {a_long_text_has_no_place},
        };

        return suite_run("documents", setup, teardown, SUITE_ROWS(rows));
}
