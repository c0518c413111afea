#include "known.h"
#include "shmbroker.h"

#include "suite.h"

static struct known known;

static void begin(void) {
        known_init(&known);
}

static void end(void) {
        known_destroy(&known);
}

static struct shmb_segment segment(int id) {
        return (struct shmb_segment){.id = id, .key = 0xf0000001, .size = 4096, .cuid = 999};
}

START_TEST(what_was_told_is_known) {
        struct known_segment found = {0};
        struct shmb_segment one = segment(0);

        ck_assert(!known_find(&known, 0, &found)); /* an id like any other */
        known_learn(&known, &one);
        ck_assert(known_find(&known, 0, &found));
        ck_assert_uint_eq(found.key, 0xf0000001);
        ck_assert_uint_eq(found.size_bytes, 4096);
        ck_assert_uint_eq(found.cuid, 999);
        one.size = 8192;
        one.adopted = true;
        known_learn(&known, &one);
        ck_assert(known_find(&known, 0, &found));
        ck_assert_uint_eq(found.size_bytes, 8192);
        ck_assert(found.adopted);
}
END_TEST

START_TEST(one_that_has_another_ones_place_is_not_taken_for_it) {
        struct known_segment found;
        struct shmb_segment one = segment(5), other = segment(5 + KNOWN_SEGMENTS);

        known_learn(&known, &one);
        ck_assert(!known_find(&known, other.id, &found));
        known_learn(&known, &other);
        ck_assert(known_find(&known, other.id, &found));
        ck_assert(!known_find(&known, one.id, &found));
}
END_TEST

START_TEST(key_size_and_creator_tell_them_apart) {
        static const struct {
                uint32_t key;
                size_t size;
                uid_t cuid;
                unsigned short mode;
                bool is;
        } rows[] = {
                {0xf0000001, 4096, 999, 0600, true},
                {0xf0000001, 4096, 999, 0600 | SHM_LOCKED, true},
                {0xf0000002, 4096, 999, 0600, false},
                {0xf0000001, 4097, 999, 0600, false},
                {0xf0000001, 4096, 998, 0600, false},
                /* Removed ones lose their key, and nothing else. */
                {0, 4096, 999, 0600 | SHM_DEST, true},
                {0, 4096, 999, 0600, false},
                {0, 4097, 999, 0600 | SHM_DEST, false},
                {0xf0000002, 4096, 999, 0600 | SHM_DEST, false},
                /* The broker's user as it looks from a user namespace without it. */
                {0xf0000001, 4096, 65534, 0600, true},
        };
        struct shmb_segment told = segment(1);
        struct known_segment expected = known_from(&told);

        known.overflow_uid = 65534;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct shmid_ds ds = {
                        .shm_perm.__key = (key_t) rows[i].key,
                        .shm_perm.cuid = rows[i].cuid,
                        .shm_perm.mode = rows[i].mode,
                        .shm_segsz = rows[i].size,
                };
                ck_assert_msg(known_is(&known, &expected, &ds) == rows[i].is, "row %zu", i);
        }
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {what_was_told_is_known},
                {one_that_has_another_ones_place_is_not_taken_for_it},
                {key_size_and_creator_tell_them_apart},
        };

        return suite_run("known", begin, end, SUITE_ROWS(rows));
}
