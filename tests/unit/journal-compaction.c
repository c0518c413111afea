/* The journal written anew while it is written to: both files, at every step. */
#include "journal-file.h"
#include "journal-replay.h"
#include "opened-journal.h"

#include <limits.h>
#include <stdbool.h>

#define ENTRIES 800  /* 200 KB of records, a dozen slices */
#define IDS     1200 /* that entries have, so that there are gaps */
#define CHURNS  4000 /* more than make it worth it */
#define STEPS   1000 /* more than a compaction has */

/* At most what one step may add to the new file: a slice, a record, some room. */
#define STEP_BYTES (96 * 1024)

static struct opened opened;
static char directory[DIRECTORY_BYTES];
static unsigned seed;
static int border; /* the highest id that was in the new file */

static void setup(void) {
        directory_make(directory, sizeof(directory));
        opened = opened_in(directory);
}

static void teardown(void) {
        opened_close(&opened);
        ck_assert_int_ne(access(path_in(directory, "journal.new"), F_OK), 0);
        directory_remove(directory);
}

static int draw(int below) {
        return rand_r(&seed) % below;
}

/* ------------------------------------------------------------------- the files */

/* From malloc(3): what is held with ids up to this one. */
static char *tell(const struct registry *registry, int last_id) {
        struct entry *entry = registry_first_id(registry);
        char *text = NULL;
        size_t bytes;
        FILE *to = open_memstream(&text, &bytes);

        ck_assert_ptr_nonnull(to);
        for (; entry != NULL && entry->identity.id <= last_id;
             entry = registry_next_id(registry, entry))
                entry_tell(to, entry);
        ck_assert_int_eq(fclose(to), 0);
        return text;
}

static int highest_id(const struct registry *registry) {
        int id = -1;

        for (struct entry *entry = registry_first_id(registry); entry != NULL;
             entry = registry_next_id(registry, entry))
                id = entry->identity.id;
        return id;
}

/* Every line of the file can be read, no intent is open, and what it says of entries up to
 * the highest one that it has (of all where it is the one in use) is so. */
static void assert_right(const char *name, bool in_use) {
        struct record_tally tally = {0};
        struct journal_intent intent;
        struct journal_file file;
        struct registry *registry;
        char *expected, *found;
        int fd, last_id;

        fd = open(directory, O_RDONLY | O_DIRECTORY);
        ck_assert_int_eq(registry_new(&registry), 0);
        ck_assert_int_eq(journal_file_open(&file, fd, name, 0), 0);
        ck_assert_int_eq(journal_replay(&file, (size_t) (strchr(file.bytes, '\n') + 1 - file.bytes),
                                        geteuid(), registry, &tally, &intent),
                         0);
        ck_assert_int_eq(intent.kind, INTENT_NONE);
        last_id = INT_MAX;
        if (!in_use)
                border = last_id = highest_id(registry);
        expected = tell(opened.registry, last_id);
        found = tell(registry, INT_MAX);
        ck_assert_str_eq(found, expected);
        free(expected);
        free(found);
        registry_free(registry);
        journal_file_close(&file);
        close(fd);
}

static off_t new_bytes(void) {
        struct stat st;

        return stat(path_in(directory, "journal.new"), &st) == 0 ? st.st_size : 0;
}

/* ----------------------------------------------------------- what goes on meanwhile */

/* Every other one is near the border, or is what stands there. */
static struct entry *any(void) {
        int id = draw(2) == 0 ? draw(IDS) : border - 3 + draw(4);
        struct entry *entry = registry_after_id(opened.registry, id);

        return entry != NULL ? entry : registry_first_id(opened.registry);
}

static struct entry *any_held(void) {
        struct entry *entry;

        do
                entry = any();
        while (entry->removed);
        return entry;
}

static void new_name(char ret[32]) {
        static unsigned number;

        snprintf(ret, 32, "name/%u/%u", draw(1000), number++);
}

static void create(void) {
        char name[32];
        int id;

        do
                id = draw(IDS);
        while (registry_find_id(opened.registry, id) != NULL);
        new_name(name);
        journal_intend_create(opened.journal, id, 4096);
        opened_add(&opened, entry_make(draw(8) == 0 ? NULL : name, id, id, 4096));
}

static void fail_to_create(void) {
        journal_intend_create(opened.journal, 1, 4096);
        journal_done(opened.journal);
}

static void rename_any(struct entry *replaced) {
        struct entry *entry;
        char name[32], token[64];

        do
                entry = any_held();
        while (entry == replaced || entry->name == NULL);
        new_name(name);
        snprintf(token, sizeof(token), "of %s", name);
        if (replaced != NULL && replaced->name != NULL)
                snprintf(name, sizeof(name), "%s", replaced->name);
        else
                replaced = NULL;
        journal_renamed(opened.journal, entry, name, 77, token, replaced);
        if (replaced != NULL)
                registry_retire(opened.registry, replaced);
        registry_rename(opened.registry, entry, strdup(name));
        registry_set_token(opened.registry, entry, 77, strdup(token));
}

static void rename_free(void) {
        rename_any(NULL);
}

static void rename_and_replace(void) {
        rename_any(any_held());
}

static void set(void) {
        char value[LABEL_VALUE_BYTES_MAX + 1] = "";
        const struct shmb_label label = {"value", value};
        struct entry *entry = any();

        memset(value, 'v', (size_t) draw(LABEL_VALUE_BYTES_MAX));
        entry_label(entry, &label, 1);
        journal_intend_set(opened.journal, entry, draw(2) == 0 ? 1 : -1, -1, -1);
        journal_done(opened.journal);
}

static void lose_name(void) {
        struct entry *entry = any_held();

        journal_intend_remove(opened.journal, entry);
        registry_retire(opened.registry, entry);
}

static void forget(void) {
        opened_forget(&opened, any());
}

/* As where the kernel would not remove it. */
static void restore(void) {
        struct entry *entry = any();

        if (entry->removed && entry->name != NULL &&
            registry_find_name(opened.registry, entry->name) == NULL) {
                registry_take(opened.registry, entry);
                entry->removed = false;
                ck_assert_ptr_null(registry_add(opened.registry, entry));
        }
        journal_created(opened.journal, entry);
}

static void do_something(void) {
        static void (*const things[])(void) = {
                create, fail_to_create, rename_free, rename_and_replace,
                set,    lose_name,      forget,      restore,
        };

        things[draw(sizeof(things) / sizeof(*things))]();
}

/* ---------------------------------------------------------------------- the tests */

/* Up to the request with which a compaction begins. */
static void fill(void) {
        for (int id = 0; id < ENTRIES; id++) {
                char name[32];

                new_name(name);
                opened_reserve(&opened);
                opened_add(&opened, entry_make(name, id * IDS / ENTRIES, id, 4096));
        }
        for (int i = 0; new_bytes() == 0; i++) {
                ck_assert_int_lt(i, CHURNS);
                set();
                opened_reserve(&opened);
        }
}

START_TEST(both_files_are_right_at_every_step_and_nothing_is_lost) {
        uint64_t before;
        unsigned steps = 0;

        seed = (unsigned) _i;
        fill();
        before = journal_size_bytes(opened.journal);
        for (off_t bytes; (bytes = new_bytes()) > 0; steps++) {
                ck_assert_uint_lt(steps, STEPS);
                assert_right("journal.new", false);
                do_something();
                assert_right("journal", true);
                opened_reserve(&opened);
                if (new_bytes() > 0)
                        ck_assert_int_le(new_bytes() - bytes, STEP_BYTES);
        }
        ck_assert_uint_ge(steps, 8);
        ck_assert_uint_lt(journal_size_bytes(opened.journal), before / 2);
        assert_right("journal", true);
        for (int i = 0; i < 50; i++) {
                do_something();
                opened_reserve(&opened);
        }
        assert_right("journal", true);
        opened_again(&opened);
}
END_TEST

START_TEST(one_that_is_broken_off_is_begun_anew) {
        int steps = 0;

        seed = (unsigned) _i;
        fill();
        for (int i = 0; i < 4; i++) {
                do_something();
                opened_reserve(&opened);
        }
        ck_assert_int_gt(new_bytes(), 0);
        opened_again(&opened);
        ck_assert_int_eq(new_bytes(), 0);
        for (bool begun = false; !begun || new_bytes() > 0; begun = begun || new_bytes() > 0) {
                ck_assert_int_lt(steps++, CHURNS);
                do_something();
                opened_reserve(&opened);
        }
        assert_right("journal", true);
        ck_assert_uint_lt(journal_size_bytes(opened.journal), 512 * 1024);
}
END_TEST

START_TEST(an_open_intent_stops_it_until_it_is_closed) {
        off_t bytes;

        fill();
        journal_intend_create(opened.journal, 1, 4096);
        bytes = new_bytes();
        for (int i = 0; i < 100; i++)
                opened_reserve(&opened);
        ck_assert_int_eq(new_bytes(), bytes);
        journal_done(opened.journal);
        for (int i = 0; i < STEPS && new_bytes() > 0; i++)
                opened_reserve(&opened);
        ck_assert_int_eq(new_bytes(), 0);
        assert_right("journal", true);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("journal-compaction");
        TCase *tests = tcase_create("journal-compaction");

        tcase_set_timeout(tests, 300);
        tcase_add_checked_fixture(tests, setup, teardown);
        tcase_add_loop_test(tests, both_files_are_right_at_every_step_and_nothing_is_lost, 0, 20);
        tcase_add_loop_test(tests, one_that_is_broken_off_is_begun_anew, 0, 3);
        tcase_add_test(tests, an_open_intent_stops_it_until_it_is_closed);
        suite_add_tcase(suite, tests);
        return suite_run(suite);
}
