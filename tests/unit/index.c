#include "index.h"

#include "suite.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define THINGS 10000

struct thing {
        struct index_link link;
        char text[16];
};

static struct index table;
static struct thing *things;

static void setup(void) {
        ck_assert_int_eq(index_init(&table), 0);
        things = calloc(THINGS, sizeof(*things));
        ck_assert_ptr_nonnull(things);
        for (int i = 0; i < THINGS; i++)
                sprintf(things[i].text, "thing %d", i);
}

static void teardown(void) {
        index_release(&table);
        index_release(&table);
        free(things);
}

static void add(struct thing *thing) {
        index_add(&table, &thing->link, index_hash(&table, 0, thing->text));
}

static bool is_found(const struct thing *thing) {
        struct index_link *link = index_first(&table, index_hash(&table, 0, thing->text));

        while (link != NULL && link != &thing->link)
                link = index_next(link);
        return link != NULL;
}

/* Those of the reference implementation: key and text are the bytes 0, 1, 2 ... */
START_TEST(the_hash_is_siphash) {
        static const struct {
                size_t length_bytes;
                uint64_t hash;
        } rows[] = {
                {0, 0x726fdb47dd0e0e31},
                {1, 0x74f839c593dc67fd},
                {8, 0x93f5f5799a932462},
                {15, 0xa129ca6149be45e5},
        };
        static const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
        char text[16];

        for (size_t i = 0; i < sizeof(text); i++)
                text[i] = (char) i;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
                ck_assert_uint_eq(index_siphash(key, text, rows[i].length_bytes), rows[i].hash);
}
END_TEST

START_TEST(a_hash_depends_on_key_salt_and_text) {
        uint64_t hash = index_hash(&table, 1, "text");

        ck_assert_uint_eq(index_hash(&table, 1, "text"), hash);
        ck_assert_uint_ne(index_hash(&table, 2, "text"), hash);
        ck_assert_uint_ne(index_hash(&table, 1, "texts"), hash);
        table.key[0]++;
        ck_assert_uint_ne(index_hash(&table, 1, "text"), hash);
        table.key[0]--;
        table.key[1]++;
        ck_assert_uint_ne(index_hash(&table, 1, "text"), hash);
}
END_TEST

START_TEST(all_are_found_while_it_grows) {
        for (int i = 0; i < THINGS; i++) {
                ck_assert(!is_found(&things[i]));
                add(&things[i]);
                ck_assert(is_found(&things[i]));
                ck_assert(is_found(&things[i / 2]));
                ck_assert_uint_le(table.count, table.buckets_count);
                ck_assert_uint_le(table.buckets_count, table.buckets_room);
        }
        for (int i = 0; i < THINGS; i++)
                ck_assert(is_found(&things[i]));
}
END_TEST

START_TEST(chains_stay_short) {
        for (int i = 0; i < THINGS; i++)
                add(&things[i]);
        for (size_t i = 0; i < table.buckets_count; i++) {
                unsigned length = 0;

                for (struct index_link *link = table.buckets[i]; link != NULL; link = link->next)
                        length++;
                ck_assert_uint_le(length, 20);
        }
}
END_TEST

START_TEST(what_is_removed_is_not_found_and_the_rest_is) {
        for (int i = 0; i < THINGS; i++)
                add(&things[i]);
        for (int i = 0; i < THINGS; i += 3)
                index_remove(&table, &things[i].link);
        for (int i = 0; i < THINGS; i++)
                ck_assert(is_found(&things[i]) == (i % 3 != 0));
        for (int i = 0; i < THINGS; i += 3)
                add(&things[i]);
        for (int i = 0; i < THINGS; i++)
                ck_assert(is_found(&things[i]));
        ck_assert_uint_eq(table.count, THINGS);
}
END_TEST

START_TEST(those_of_one_hash_come_one_after_the_other) {
        struct index_link *link;
        unsigned count = 0;

        for (int i = 0; i < 1000; i++)
                index_add(&table, &things[i].link, i % 10 == 0 ? 42 : 42 + 1024 * (uint64_t) i);
        for (link = index_first(&table, 42); link != NULL; link = index_next(link))
                count++;
        ck_assert_uint_eq(count, 100);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {the_hash_is_siphash},
                {a_hash_depends_on_key_salt_and_text},
                {all_are_found_while_it_grows},
                {chains_stay_short},
                {what_is_removed_is_not_found_and_the_rest_is},
                {those_of_one_hash_come_one_after_the_other},
        };

        return suite_run("index", setup, teardown, SUITE_ROWS(rows));
}
