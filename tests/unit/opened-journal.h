/*
 * A journal in a directory of its own, for tests: opened, and told as a text.
 */
#pragma once

#include "journal.h"
#include "log.h"

#include "entries.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY_BYTES 96

struct opened {
        char directory[DIRECTORY_BYTES];
        struct journal *journal;
        struct registry *registry;
        struct journal_intent intent;
};

static inline void directory_make(char *ret, size_t size_bytes) {
        snprintf(ret, size_bytes, "/tmp/journal-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(ret));
}

static inline char *path_in(const char *directory, const char *name) {
        static char path[128];

        snprintf(path, sizeof(path), "%s/%s", directory, name);
        return path;
}

static inline void directory_remove(const char *directory) {
        static const char *const names[] = {"journal", "journal.new", "journal.stale", "lock"};

        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
                unlink(path_in(directory, names[i]));
        ck_assert_int_eq(rmdir(directory), 0);
}

static inline struct opened opened_in(const char *directory) {
        struct opened opened = {0};
        char reason[256] = "";
        int r;

        snprintf(opened.directory, sizeof(opened.directory), "%s", directory);
        ck_assert_int_eq(registry_new(&opened.registry), 0);
        r = journal_open(&opened.journal, directory, opened.registry, &opened.intent, reason,
                         sizeof(reason));
        ck_assert_msg(r == 0, "%s", reason);
        return opened;
}

static inline void opened_close(struct opened *opened) {
        journal_close(opened->journal);
        registry_free(opened->registry);
}

static inline void opened_reserve(struct opened *opened) {
        ck_assert_int_eq(journal_reserve(opened->journal, opened->registry), 0);
}

/* As the broker would: recorded, then held. */
static inline void opened_add(struct opened *opened, struct entry *take_entry) {
        journal_created(opened->journal, take_entry);
        ck_assert_ptr_null(registry_add(opened->registry, take_entry));
}

static inline void opened_forget(struct opened *opened, struct entry *entry) {
        journal_forgotten(opened->journal, entry);
        registry_take(opened->registry, entry);
        entry_free(entry);
}

/* From malloc(3). */
static inline char *intent_tell(const struct journal_intent *intent) {
        char *text = NULL;
        int r = -1;

        switch (intent->kind) {
        case INTENT_NONE:
                r = asprintf(&text, "no intent\n");
                break;
        case INTENT_CREATE:
                r = asprintf(&text, "to create key %d size %llu\n", intent->key,
                             (unsigned long long) intent->size_bytes);
                break;
        case INTENT_SET:
                r = asprintf(&text, "to set %d to %d %d %#o\n", intent->id, (int) intent->uid,
                             (int) intent->gid, intent->mode);
                break;
        }
        ck_assert_int_ge(r, 0);
        return text;
}

struct bytes {
        char *bytes;
        size_t count;
};

/* From malloc(3), with an additional NUL. */
static inline struct bytes file_read(const char *directory, const char *name) {
        struct bytes file = {0};
        struct stat st;
        int fd = open(path_in(directory, name), O_RDONLY);

        ck_assert_msg(fd >= 0, "there is no %s", path_in(directory, name));
        ck_assert_int_eq(fstat(fd, &st), 0);
        file.count = (size_t) st.st_size;
        file.bytes = calloc(1, file.count + 1);
        ck_assert_ptr_nonnull(file.bytes);
        ck_assert_int_eq(read(fd, file.bytes, file.count), (ssize_t) file.count);
        close(fd);
        return file;
}

static inline void file_write(const char *directory, const char *name, const char *bytes,
                              size_t count) {
        int fd = open(path_in(directory, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, bytes, count), (ssize_t) count);
        close(fd);
}

/* Closed and opened again, it is as it was. */
static inline void opened_again(struct opened *opened) {
        char *before = registry_tell(opened->registry), *after;
        char directory[DIRECTORY_BYTES];

        memcpy(directory, opened->directory, sizeof(directory));
        opened_close(opened);
        *opened = opened_in(directory);
        after = registry_tell(opened->registry);
        ck_assert_str_eq(before, after);
        free(before);
        free(after);
}

/* What is recorded behind it counts, and nothing of what was there comes back. */
static inline void assert_goes_on(struct opened *opened) {
        char directory[DIRECTORY_BYTES];
        char *before, *after;

        memcpy(directory, opened->directory, sizeof(directory));
        opened_reserve(opened);
        opened_add(opened, entry_make("went/on", 12345, 6, 7));
        before = registry_tell(opened->registry);
        opened_close(opened);
        *opened = opened_in(directory);
        after = registry_tell(opened->registry);
        ck_assert_str_eq(before, after);
        ck_assert_int_eq(opened->intent.kind, INTENT_NONE);
        free(before);
        free(after);
}

/* The first line of a journal that was begun here and now, with its newline. */
static inline char *header_now(void) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;
        struct bytes file;

        directory_make(directory, sizeof(directory));
        opened = opened_in(directory);
        opened_close(&opened);
        file = file_read(directory, "journal");
        directory_remove(directory);
        strchr(file.bytes, '\n')[1] = '\0';
        return file.bytes;
}

/* A line of a segment with the id 1 and the name "a". */
#define SEGMENT_LINE                                                                               \
        "{\"op\":\"segment\",\"id\":1,\"name\":\"a\",\"key\":1,\"size\":1,\"cpid\":1,"             \
        "\"uid\":1,\"gid\":1,\"pid\":1,\"createdAt\":1,\"pageSize\":4096}\n"

#define ADD_LOOP(tests, test, cases)                                                               \
        tcase_add_loop_test(tests, test, 0, (int) (sizeof(cases) / sizeof(*(cases))))

static inline int suite_run(Suite *suite) {
        SRunner *runner = srunner_create(suite);
        int failed;

        log_set_level(LOG_ERR); /* what is passed over is warned of */
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
