/* The room that a journal has and leaves: reserved, refused, given back. */
#include "journal-record.h"
#include "opened-journal.h"

#include "proto/buffer.h"
#include "proto/error.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <time.h>

/* ------------------------------------------------------------------ its limits */

/* The longest of everything, with every byte escaped that can be. */
static struct entry *make_longest(int id) {
        static char key[LABELS_MAX][LABEL_KEY_BYTES_MAX + 1], value[LABEL_VALUE_BYTES_MAX + 1];
        static char name[256], token[65], text[256];
        struct shmb_label labels[LABELS_MAX];
        struct entry *entry;

        memset(name, 'n', 255);
        snprintf(name, 12, "%011d", id);
        name[11] = 'n';
        memset(token, 1, 64);
        memset(text, '"', 255);
        memset(value, '\\', LABEL_VALUE_BYTES_MAX);
        for (int i = 0; i < LABELS_MAX; i++) {
                memset(key[i], 'k', LABEL_KEY_BYTES_MAX);
                key[i][0] = (char) ('a' + i);
                labels[i] = (struct shmb_label){key[i], value};
        }
        entry = entry_make(name, id, INT32_MIN, 9007199254740991);
        entry->identity.cpid = INT32_MAX;
        entry->creator_uid = entry->creator_gid = UINT32_MAX - 1;
        entry->creator_pid = INT32_MAX;
        entry->page_size = entry->created_at = 9007199254740991;
        entry->lifetime = SHMB_ATTACHED;
        entry->adopted = true;
        entry_give(entry, &entry->creator_command, text);
        entry_give(entry, &entry->creator_unit, text);
        entry_give(entry, &entry->token, token);
        entry->token_uid = (uid_t) id;
        entry_label(entry, labels, LABELS_MAX);
        return entry;
}

/* What takes most of a journal_reserve(): a Rename, and the undoing of it. */
static void add_longest(struct opened *opened, int id) {
        struct entry *entry = make_longest(id);
        char to[256];

        journal_intend_create(opened->journal, entry->identity.key, entry->identity.size_bytes);
        opened_add(opened, entry);
        opened_reserve(opened);
        memset(to, 't', 255);
        to[255] = '\0';
        journal_renamed(opened->journal, entry, to, UINT32_MAX - 1, entry->token, entry);
        journal_created(opened->journal, entry);
        journal_created(opened->journal, entry);
}

START_TEST(the_longest_records_fit_into_what_is_reserved) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;
        char *before, *after;

        directory_make(directory, sizeof(directory));
        opened = opened_in(directory);
        for (int id = 1; id < 20; id++) {
                opened_reserve(&opened);
                add_longest(&opened, id);
        }
        before = registry_tell(opened.registry);
        opened_close(&opened);
        opened = opened_in(directory);
        after = registry_tell(opened.registry);
        ck_assert_str_eq(before, after);
        opened_close(&opened);
        directory_remove(directory);
        free(before);
        free(after);
}
END_TEST

/* What is written until the file system is full; how much of it there is depends. */
static void fill_up(const char *directory) {
        static const char bytes[512];
        int fd = open(path_in(directory, "filler"), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        ck_assert_int_ge(fd, 0);
        while (write(fd, bytes, sizeof(bytes)) > 0)
                ;
        ck_assert_int_eq(errno, ENOSPC);
        close(fd);
}

static void give_back(const char *directory, off_t bytes) {
        struct stat st;

        ck_assert_int_eq(stat(path_in(directory, "filler"), &st), 0);
        ck_assert_int_eq(truncate(path_in(directory, "filler"), st.st_size - bytes), 0);
}

static bool mount_small(const char *directory) {
        return unshare(CLONE_NEWNS) == 0 &&
               mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
               mount("none", directory, "tmpfs", 0, "size=512k") == 0;
}

static void assert_refused(struct opened *opened) {
        struct bytes before = file_read(opened->directory, "journal");
        struct bytes after;

        errno = 0;
        ck_assert_int_eq(journal_reserve(opened->journal, opened->registry), -ERROR_SYSTEM);
        ck_assert_int_eq(errno, ENOSPC);
        after = file_read(opened->directory, "journal");
        ck_assert_uint_eq(before.count, after.count);
        ck_assert_mem_eq(before.bytes, after.bytes, before.count);
        free(before.bytes);
        free(after.bytes);
}

START_TEST(a_full_file_system_refuses_records_and_keeps_what_there_is) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;
        struct entry *entry, *next;
        int id = 0;

        directory_make(directory, sizeof(directory));
        if (!mount_small(directory)) {
                fprintf(stderr, "skipped: this process may not mount\n");
                rmdir(directory);
                return;
        }
        opened = opened_in(directory);
        fill_up(directory);
        while (journal_reserve(opened.journal, opened.registry) == 0) {
                journal_intend_create(opened.journal, ++id, 1);
                opened_add(&opened, make_longest(id));
                ck_assert_int_lt(id, 100);
        }
        ck_assert_int_gt(id, 0);
        assert_refused(&opened);
        /* what is missing now is less than one record, and a little is used as well */
        give_back(directory, RECORD_BYTES_MAX / 4096 * 4096 + 4096);
        opened_reserve(&opened);
        journal_intend_create(opened.journal, ++id, 1);
        opened_add(&opened, make_longest(id));
        assert_refused(&opened);
        opened_again(&opened);
        assert_refused(&opened);

        /* giving up needs no room that is not there already */
        for (entry = registry_first_id(opened.registry); entry != NULL; entry = next) {
                next = registry_after_id(opened.registry, entry->identity.id);
                journal_intend_remove(opened.journal, entry);
                registry_retire(opened.registry, entry);
                if (entry->identity.id % 2 == 0)
                        opened_forget(&opened, entry);
        }
        assert_refused(&opened);
        opened_again(&opened);
        assert_refused(&opened);

        ck_assert_int_eq(unlink(path_in(directory, "filler")), 0);
        opened_reserve(&opened);
        opened_add(&opened, make_longest(500));
        opened_again(&opened);
        opened_close(&opened);
        ck_assert_int_eq(umount(directory), 0);
        ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

START_TEST(a_file_system_without_any_room_is_told) {
        char directory[DIRECTORY_BYTES], reason[256] = "";
        struct registry *registry;
        struct journal_intent intent;
        struct journal *journal;

        directory_make(directory, sizeof(directory));
        if (!mount_small(directory)) {
                fprintf(stderr, "skipped: this process may not mount\n");
                rmdir(directory);
                return;
        }
        fill_up(directory);
        ck_assert_int_eq(registry_new(&registry), 0);
        ck_assert_int_eq(
                journal_open(&journal, directory, registry, &intent, reason, sizeof(reason)),
                -ERROR_SYSTEM);
        ck_assert_ptr_nonnull(strstr(reason, directory));
        ck_assert_ptr_nonnull(strstr(reason, strerror(ENOSPC)));
        ck_assert_int_ne(access(path_in(directory, "journal"), F_OK), 0);
        ck_assert_int_ne(access(path_in(directory, "journal.new"), F_OK), 0);
        registry_free(registry);
        ck_assert_int_eq(umount(directory), 0);
        ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

/* ------------------------------------------------------------------- compaction */

#define SMALL_BYTES (256 * 1024) /* below, it is not worth it */
#define AHEAD_BYTES (128 * 1024) /* room that is reserved, at most, where little is used */
#define CHURNS      4000         /* that take more than SMALL_BYTES, and half as much again */

/* Bytes that the records of the same registry take anew. */
static uint64_t bytes_anew(const struct opened *opened) {
        struct entry *entry;
        struct buffer buffer;
        uint64_t bytes;

        buffer_init(&buffer, SIZE_MAX);
        for (entry = registry_first_id(opened->registry); entry != NULL;
             entry = registry_after_id(opened->registry, entry->identity.id)) {
                struct record record;

                record_of_entry(&record, entry);
                record_write(&buffer, &record);
        }
        ck_assert_int_eq(buffer_error(&buffer), 0);
        bytes = buffer.length_bytes;
        buffer_free(&buffer);
        return bytes;
}

static void assert_small(const struct opened *opened) {
        uint64_t used = journal_size_bytes(opened->journal);
        struct stat st;

        if (used > SMALL_BYTES)
                ck_assert_uint_le(used, 5 * bytes_anew(opened));
        ck_assert_int_eq(stat(path_in(opened->directory, "journal"), &st), 0);
        ck_assert_uint_le((uint64_t) st.st_size, 2 * used + AHEAD_BYTES);
}

static void label_all(struct opened *opened, const struct shmb_label *label) {
        struct entry *entry;

        for (entry = registry_first_id(opened->registry); entry != NULL;
             entry = registry_after_id(opened->registry, entry->identity.id)) {
                opened_reserve(opened);
                entry_label(entry, label, 1);
                journal_intend_set(opened->journal, entry, -1, -1, -1);
                journal_done(opened->journal);
        }
        opened_reserve(opened);
}

START_TEST(its_size_stays_within_a_small_multiple_of_what_it_holds) {
        static char long_value[LABEL_VALUE_BYTES_MAX + 1];
        const struct shmb_label long_label = {"value", long_value};
        const struct shmb_label short_label = {"value", ""};
        char directory[DIRECTORY_BYTES], name[64];
        struct opened opened;
        struct entry *entry, *next;

        memset(long_value, 'v', LABEL_VALUE_BYTES_MAX);
        directory_make(directory, sizeof(directory));
        opened = opened_in(directory);

        /* many that stay */
        for (int id = 0; id < 1000; id++) {
                snprintf(name, sizeof(name), "stays/%d", id);
                opened_reserve(&opened);
                opened_add(&opened, entry_make(name, id, id + 1, 4096));
        }
        assert_small(&opened);
        /* more that come and go */
        for (int id = 1000; id < 20000; id++) {
                opened_reserve(&opened);
                journal_intend_create(opened.journal, 0, 4096);
                opened_add(&opened, entry_make(NULL, id, 0, 4096));
                opened_forget(&opened, registry_find_id(opened.registry, id));
        }
        assert_small(&opened);
        opened_again(&opened);
        /* labels that grow, and shrink */
        for (int i = 0; i < 20; i++) {
                label_all(&opened, &long_label);
                assert_small(&opened);
        }
        label_all(&opened, &short_label);
        assert_small(&opened);
        opened_again(&opened);
        /* all of them gone */
        for (entry = registry_first_id(opened.registry); entry != NULL; entry = next) {
                next = registry_after_id(opened.registry, entry->identity.id);
                if (entry->identity.id != 500)
                        opened_forget(&opened, entry);
        }
        opened_reserve(&opened);
        assert_small(&opened);
        opened_again(&opened);
        ck_assert_int_ne(access(path_in(directory, "journal.new"), F_OK), 0);
        opened_close(&opened);
        directory_remove(directory);
}
END_TEST

static void churn(struct opened *opened, int times) {
        for (int i = 0; i < times; i++) {
                opened_reserve(opened);
                opened_add(opened, entry_make("comes/and/goes", 7, 7, 7));
                opened_forget(opened, registry_find_id(opened->registry, 7));
        }
}

START_TEST(where_it_can_not_be_compacted_it_goes_on_as_it_is) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;

        directory_make(directory, sizeof(directory));
        opened = opened_in(directory);
        opened_reserve(&opened);
        opened_add(&opened, entry_make("stays", 1, 1, 1));
        ck_assert_int_eq(mkdir(path_in(directory, "journal.new"), 0700), 0);
        churn(&opened, CHURNS);
        ck_assert_uint_gt(journal_size_bytes(opened.journal), SMALL_BYTES + SMALL_BYTES / 2);
        opened_again(&opened);
        ck_assert_int_eq(rmdir(path_in(directory, "journal.new")), 0);
        opened_reserve(&opened);
        ck_assert_uint_lt(journal_size_bytes(opened.journal), 1024);
        opened_again(&opened);
        opened_close(&opened);
        directory_remove(directory);
}
END_TEST

START_TEST(what_could_not_be_read_is_not_compacted_away) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;
        struct bytes file;
        char *header = header_now(), *text;

        ck_assert_int_gt(asprintf(&text, "%sunreadable\n" SEGMENT_LINE, header), 0);
        directory_make(directory, sizeof(directory));
        file_write(directory, "journal", text, strlen(text));
        opened = opened_in(directory);
        churn(&opened, CHURNS);
        file = file_read(directory, "journal.stale");
        ck_assert_mem_eq(file.bytes, text, strlen(text));
        free(file.bytes);
        file = file_read(directory, "journal");
        ck_assert_ptr_null(strstr(file.bytes, "unreadable"));
        ck_assert_ptr_nonnull(registry_find_name(opened.registry, "a"));
        free(file.bytes);
        opened_again(&opened);
        /* once */
        file_write(directory, "journal.stale", "", 0);
        churn(&opened, CHURNS);
        file = file_read(directory, "journal.stale");
        ck_assert_uint_eq(file.count, 0);
        opened_close(&opened);
        directory_remove(directory);
        free(file.bytes);
        free(header);
        free(text);
}
END_TEST

START_TEST(an_open_intent_is_not_compacted_away) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;

        directory_make(directory, sizeof(directory));
        opened = opened_in(directory);
        for (int id = 0; id < 2000; id++) {
                opened_reserve(&opened);
                opened_add(&opened, entry_make(NULL, id, 0, 4096));
        }
        opened_reserve(&opened);
        journal_intend_create(opened.journal, 8, 9);
        for (int id = 0; id < 2000; id++) {
                opened_forget(&opened, registry_find_id(opened.registry, id));
                opened_reserve(&opened);
        }
        opened_again(&opened);
        ck_assert_int_eq(opened.intent.kind, INTENT_CREATE);
        ck_assert_int_eq(opened.intent.key, 8);
        ck_assert_uint_eq(opened.intent.size_bytes, 9);
        ck_assert_int_eq(opened.intent.cpid, getpid());
        ck_assert_int_le(opened.intent.at, time(NULL));
        ck_assert_int_gt(opened.intent.at, time(NULL) - 3600);
        journal_done(opened.journal);
        opened_again(&opened);
        ck_assert_int_eq(opened.intent.kind, INTENT_NONE);
        opened_reserve(&opened);
        assert_small(&opened);
        opened_close(&opened);
        directory_remove(directory);
}
END_TEST

START_TEST(what_a_broker_died_over_is_cleared_away) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;

        directory_make(directory, sizeof(directory));
        file_write(directory, "journal.new", "half", 4);
        opened = opened_in(directory);
        opened_reserve(&opened);
        opened_add(&opened, entry_make("a", 1, 1, 1));
        file_write(directory, "journal.new", "half", 4);
        opened_again(&opened);
        ck_assert_int_ne(access(path_in(directory, "journal.new"), F_OK), 0);
        opened_close(&opened);
        directory_remove(directory);
}
END_TEST

START_TEST(a_closed_one_keeps_only_the_room_for_giving_up) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;
        struct bytes file;
        size_t used;

        directory_make(directory, sizeof(directory));
        opened = opened_in(directory);
        opened_reserve(&opened);
        opened_add(&opened, entry_make("a", 1, 1, 1));
        used = journal_size_bytes(opened.journal);
        opened_close(&opened);
        file = file_read(directory, "journal");
        ck_assert_uint_ge(file.count, used);
        ck_assert_uint_le(file.count, used + 128);
        for (size_t i = used; i < file.count; i++)
                ck_assert_int_eq(file.bytes[i], '\n');
        free(file.bytes);
        directory_remove(directory);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("journal-room");
        TCase *tests = tcase_create("journal-room");

        tcase_set_timeout(tests, 300);
        tcase_add_test(tests, the_longest_records_fit_into_what_is_reserved);
        tcase_add_test(tests, a_full_file_system_refuses_records_and_keeps_what_there_is);
        tcase_add_test(tests, a_file_system_without_any_room_is_told);
        tcase_add_test(tests, its_size_stays_within_a_small_multiple_of_what_it_holds);
        tcase_add_test(tests, where_it_can_not_be_compacted_it_goes_on_as_it_is);
        tcase_add_test(tests, what_could_not_be_read_is_not_compacted_away);
        tcase_add_test(tests, an_open_intent_is_not_compacted_away);
        tcase_add_test(tests, what_a_broker_died_over_is_cleared_away);
        tcase_add_test(tests, a_closed_one_keeps_only_the_room_for_giving_up);
        suite_add_tcase(suite, tests);
        return suite_run(suite);
}
