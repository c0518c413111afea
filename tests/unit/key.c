#include "key.h"

#include "suite.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/ipc.h>

#define NAMES    50000
#define ATTEMPTS 64

static void nothing(void) {
}

/* A name keeps its key over boots and versions. */
START_TEST(a_name_has_always_had_this_key) {
        ck_assert_uint_eq((uint32_t) key_derive("cam/still", 0), 0xb34dba52);
        ck_assert_uint_eq((uint32_t) key_derive("cam/still", 1), 0xa593be45);
}
END_TEST

static int compare(const void *a, const void *b) {
        key_t left = *(const key_t *) a, right = *(const key_t *) b;

        return (left > right) - (left < right);
}

static size_t count_repeated(key_t *keys, size_t count) {
        size_t repeated = 0;

        qsort(keys, count, sizeof(*keys), compare);
        for (size_t i = 1; i < count; i++)
                repeated += keys[i] == keys[i - 1];
        return repeated;
}

START_TEST(names_that_are_alike_have_different_keys) {
        static key_t keys[NAMES];
        char name[32];

        for (int i = 0; i < NAMES; i++) {
                snprintf(name, sizeof(name), "frame/%d", i);
                keys[i] = key_derive(name, 0);
                ck_assert_int_ne(keys[i], IPC_PRIVATE);
        }
        /* NAMES^2 / 2^33: 0.3 are to be expected. */
        ck_assert_uint_le(count_repeated(keys, NAMES), 4);
}
END_TEST

START_TEST(every_attempt_has_a_key_of_its_own) {
        key_t keys[ATTEMPTS];

        for (unsigned i = 0; i < ATTEMPTS; i++)
                keys[i] = key_derive("a", i);
        ck_assert_uint_eq(count_repeated(keys, ATTEMPTS), 0);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {a_name_has_always_had_this_key},
                {names_that_are_alike_have_different_keys},
                {every_attempt_has_a_key_of_its_own},
        };

        return suite_run("key", nothing, nothing, SUITE_ROWS(rows));
}
