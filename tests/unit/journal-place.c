/* Whose journal it is, and where. */
#include "opened-journal.h"

#include "proto/error.h"

#include <errno.h>

/* With one value of the header changed, and a segment that must not be acted on. */
static char *with_header(const char *member, const char *value) {
        char *header = header_now(), *at = strstr(header, member), *text;

        ck_assert_ptr_nonnull(at);
        at += strlen(member);
        ck_assert_int_gt(asprintf(&text, "%.*s%s%s" SEGMENT_LINE, (int) (at - header), header,
                                  value, at + strcspn(at, ",}")),
                         0);
        free(header);
        return text;
}

static void assert_set_aside(const char *text, size_t count) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;
        struct bytes stale;

        directory_make(directory, sizeof(directory));
        file_write(directory, "journal.stale", "an older one", 12);
        file_write(directory, "journal", text, count);
        opened = opened_in(directory);
        ck_assert_ptr_null(registry_first_id(opened.registry));
        ck_assert_int_eq(opened.intent.kind, INTENT_NONE);
        stale = file_read(directory, "journal.stale");
        ck_assert_uint_eq(stale.count, count);
        ck_assert_mem_eq(stale.bytes, text, count);
        assert_goes_on(&opened);
        opened_close(&opened);
        directory_remove(directory);
        free(stale.bytes);
}

static const struct {
        const char *member, *value;
} foreign_headers[] = {
        {"\"journal\":", "2"},
        {"\"journal\":", "0"},
        {"\"boot\":", "\"00000000-0000-0000-0000-000000000000\""},
        {"\"boot\":", "\"\""},
        {"\"boot\":", "7"},
        {"\"ipc\":", "1"},
        {"\"ipc\":", "-1"},
        {"\"uid\":", "4294967294"},
        {"\"uid\":", "null"},
};

START_TEST(one_of_another_boot_namespace_or_user_is_set_aside) {
        char *text = with_header(foreign_headers[_i].member, foreign_headers[_i].value);

        assert_set_aside(text, strlen(text));
        free(text);
}
END_TEST

START_TEST(one_without_a_header_is_set_aside) {
        static const char *const texts[] = {"x", "{}\n", "\n" SEGMENT_LINE, SEGMENT_LINE, "[1]\n"};

        for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
                assert_set_aside(texts[i], strlen(texts[i]));
        assert_set_aside("\0\0\0", 3);
}
END_TEST

START_TEST(a_torn_header_is_set_aside) {
        char *header = header_now();

        for (size_t count = 1; count < strlen(header); count++)
                assert_set_aside(header, count);
        free(header);
}
END_TEST

START_TEST(one_that_belongs_to_another_user_is_set_aside) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;

        if (geteuid() != 0) {
                fprintf(stderr, "skipped: only root gives a file away\n");
                return;
        }
        directory_make(directory, sizeof(directory));
        opened = opened_in(directory);
        opened_reserve(&opened);
        opened_add(&opened, entry_make("a", 1, 1, 1));
        opened_close(&opened);
        ck_assert_int_eq(chown(path_in(directory, "journal"), 4242, 4242), 0);
        opened = opened_in(directory);
        ck_assert_ptr_null(registry_first_id(opened.registry));
        ck_assert_int_eq(access(path_in(directory, "journal.stale"), F_OK), 0);
        opened_close(&opened);
        directory_remove(directory);
}
END_TEST

START_TEST(an_empty_one_is_new) {
        static const char *const texts[] = {"", "\n", "\n\n\n"};
        char directory[DIRECTORY_BYTES];
        struct opened opened;

        for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
                directory_make(directory, sizeof(directory));
                file_write(directory, "journal", texts[i], strlen(texts[i]));
                opened = opened_in(directory);
                ck_assert_int_ne(access(path_in(directory, "journal.stale"), F_OK), 0);
                assert_goes_on(&opened);
                opened_close(&opened);
                directory_remove(directory);
        }
}
END_TEST

/* --------------------------------------------------------------- its directory */

static void assert_not_opened(const char *directory, const char *why) {
        struct registry *registry;
        struct journal_intent intent;
        struct journal *journal;
        char reason[256] = "";

        ck_assert_int_eq(registry_new(&registry), 0);
        ck_assert_int_eq(
                journal_open(&journal, directory, registry, &intent, reason, sizeof(reason)),
                -ERROR_SYSTEM);
        ck_assert_msg(strstr(reason, why) != NULL && strstr(reason, directory) != NULL, "%s",
                      reason);
        registry_free(registry);
}

START_TEST(a_directory_has_one_broker_at_a_time) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;

        directory_make(directory, sizeof(directory));
        opened = opened_in(directory);
        opened_reserve(&opened);
        opened_add(&opened, entry_make("a", 1, 1, 1));
        assert_not_opened(directory, "another broker already uses the state directory");
        opened_again(&opened);
        opened_close(&opened);
        directory_remove(directory);
}
END_TEST

START_TEST(the_directory_is_made_and_nothing_is_for_others) {
        char parent[64], directory[DIRECTORY_BYTES];
        struct opened opened;
        struct stat st;

        umask(0);
        directory_make(parent, sizeof(parent));
        snprintf(directory, sizeof(directory), "%s/state", parent);
        opened = opened_in(directory);
        ck_assert_int_eq(stat(directory, &st), 0);
        ck_assert_int_eq(st.st_mode & 07777, 0700);
        ck_assert_int_eq(stat(path_in(directory, "journal"), &st), 0);
        ck_assert_int_eq(st.st_mode & 07777, 0600);
        ck_assert_int_eq(stat(path_in(directory, "lock"), &st), 0);
        ck_assert_int_eq(st.st_mode & 07777, 0600);
        opened_close(&opened);

        /* one that exists keeps its mode */
        ck_assert_int_eq(chmod(directory, 0755), 0);
        opened = opened_in(directory);
        ck_assert_int_eq(stat(directory, &st), 0);
        ck_assert_int_eq(st.st_mode & 07777, 0755);
        opened_close(&opened);
        directory_remove(directory);
        ck_assert_int_eq(rmdir(parent), 0);
}
END_TEST

START_TEST(a_directory_that_can_not_be_is_told) {
        char directory[DIRECTORY_BYTES], path[DIRECTORY_BYTES + 16];

        directory_make(directory, sizeof(directory));
        snprintf(path, sizeof(path), "%s/missing/state", directory);
        assert_not_opened(path, strerror(ENOENT));
        file_write(directory, "lock", "", 0);
        snprintf(path, sizeof(path), "%s/lock", directory);
        assert_not_opened(path, strerror(ENOTDIR));
        unlink(path_in(directory, "lock"));
        ck_assert_int_eq(symlink("elsewhere", path_in(directory, "journal")), 0);
        assert_not_opened(directory, strerror(ELOOP));
        directory_remove(directory);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("journal-place");
        TCase *tests = tcase_create("journal-place");

        tcase_set_timeout(tests, 60);
        ADD_LOOP(tests, one_of_another_boot_namespace_or_user_is_set_aside, foreign_headers);
        tcase_add_test(tests, one_without_a_header_is_set_aside);
        tcase_add_test(tests, a_torn_header_is_set_aside);
        tcase_add_test(tests, one_that_belongs_to_another_user_is_set_aside);
        tcase_add_test(tests, an_empty_one_is_new);
        tcase_add_test(tests, a_directory_has_one_broker_at_a_time);
        tcase_add_test(tests, the_directory_is_made_and_nothing_is_for_others);
        tcase_add_test(tests, a_directory_that_can_not_be_is_told);
        suite_add_tcase(suite, tests);
        return suite_run(suite);
}
