#include "journal-file.h"
#include "opened-journal.h"

#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

/* --------------------------------------------------- what is done to a journal */

typedef void (*step_function)(struct opened *opened, void *context);

static const struct shmb_label rich_labels[] = {
        {"op", "done"},
        {"quoted", "\"\\\" {\"op\":\"done\"} \xc3\xa9\xe2\x82\xac"},
        {"empty", ""},
};
static const struct shmb_label other_label = {"other", "one"};

static void step_create(struct opened *opened, struct entry *take_entry, step_function step,
                        void *context) {
        opened_reserve(opened);
        journal_intend_create(opened->journal, take_entry->identity.key,
                              take_entry->identity.size_bytes);
        opened->intent = (struct journal_intent){
                .kind = INTENT_CREATE,
                .key = take_entry->identity.key,
                .size_bytes = take_entry->identity.size_bytes,
        };
        step(opened, context);
        opened_add(opened, take_entry);
        opened->intent.kind = INTENT_NONE;
        step(opened, context);
}

static void step_rename(struct opened *opened, const char *name, const char *to, const char *token,
                        const char *replaced, step_function step, void *context) {
        struct entry *entry = registry_find_name(opened->registry, name);
        struct entry *other =
                replaced != NULL ? registry_find_name(opened->registry, replaced) : NULL;

        uid_t uid = token != NULL && strcmp(token, "own") == 0 ? entry->creator_uid : 77;

        opened_reserve(opened);
        journal_renamed(opened->journal, entry, to, uid, token, other);
        if (other != NULL)
                registry_retire(opened->registry, other);
        registry_rename(opened->registry, entry, strdup(to));
        if (token != NULL)
                registry_set_token(opened->registry, entry, uid, strdup(token));
        step(opened, context);
}

static void step_set(struct opened *opened, struct entry *entry, const struct shmb_label *label,
                     uid_t uid, gid_t gid, mode_t mode, step_function step, void *context) {
        opened_reserve(opened);
        entry_label(entry, label, label != NULL);
        journal_intend_set(opened->journal, entry, uid, gid, mode);
        opened->intent = (struct journal_intent){
                .kind = INTENT_SET,
                .id = entry->identity.id,
                .uid = uid,
                .gid = gid,
                .mode = mode,
        };
        step(opened, context);
        journal_done(opened->journal);
        opened->intent.kind = INTENT_NONE;
        step(opened, context);
}

/* Of the labels alone: nothing is begun that would have to be completed. */
static void step_label(struct opened *opened, struct entry *entry, const struct shmb_label *label,
                       step_function step, void *context) {
        opened_reserve(opened);
        entry_label(entry, label, label != NULL);
        journal_intend_set(opened->journal, entry, -1, -1, -1);
        journal_done(opened->journal);
        step(opened, context);
}

/* Every record there is. `step` is called when one is written and done to the registry. */
static void script(struct opened *opened, step_function step, void *context) {
        struct entry *entry = entry_make("cam/still", 0, -5, 5368709120);

        entry_give(entry, &entry->creator_command, "pro\"ducer");
        entry_give(entry, &entry->creator_unit, "cam\\x2d1.service");
        entry_give(entry, &entry->token, "\x01 token");
        entry->token_uid = 77;
        entry->lifetime = SHMB_UNIT;
        entry_label(entry, rich_labels, sizeof(rich_labels) / sizeof(*rich_labels));
        step(opened, context);
        step_create(opened, entry, step, context);

        /* what could not be made leaves nothing behind */
        opened_reserve(opened);
        journal_intend_create(opened->journal, 1, 8192);
        opened->intent =
                (struct journal_intent){.kind = INTENT_CREATE, .key = 1, .size_bytes = 8192};
        step(opened, context);
        journal_done(opened->journal);
        opened->intent.kind = INTENT_NONE;
        step(opened, context);

        step_create(opened, entry_make(NULL, 2147483647, 0, 1), step, context);
        entry = entry_make("adopted", 65538, 12, 4096);
        entry->adopted = true;
        entry->identity.cuid = 4000000000;
        opened_reserve(opened);
        opened_add(opened, entry);
        step(opened, context);

        step_rename(opened, "cam/still", "cam/moving", NULL, NULL, step, context);
        step_rename(opened, "cam/moving", "cam/again", "other", NULL, step, context);
        step_rename(opened, "cam/again", "cam/again", "own", NULL, step, context);
        step_set(opened, registry_find_id(opened->registry, 0), &other_label, 4294967294, 0, 0,
                 step, context);
        step_set(opened, registry_find_id(opened->registry, 0), NULL, -1, -1, 0777, step, context);
        step_label(opened, registry_find_id(opened->registry, 2147483647), &other_label, step,
                   context);
        entry = entry_make("b", 3, 2147483647, 9007199254740991);
        entry->page_size = 2 << 20;
        entry_give(entry, &entry->token, "b's");
        entry->token_uid = entry->creator_uid;
        step_create(opened, entry, step, context);
        step_rename(opened, "b", "cam/again", NULL, "cam/again", step, context);

        entry = registry_find_id(opened->registry, 65538);
        journal_intend_remove(opened->journal, entry);
        registry_retire(opened->registry, entry);
        step(opened, context);
        opened_forget(opened, entry);
        step(opened, context);
        opened_forget(opened, registry_find_id(opened->registry, 0));
        step(opened, context);

        /* forgetting something else leaves the intent open */
        opened_reserve(opened);
        journal_intend_create(opened->journal, 99, 4096);
        opened->intent =
                (struct journal_intent){.kind = INTENT_CREATE, .key = 99, .size_bytes = 4096};
        step(opened, context);
        opened_forget(opened, registry_find_id(opened->registry, 2147483647));
        step(opened, context);
}

/* ------------------------------------------------------- what it must be then */

struct snapshot {
        size_t used_bytes;
        char *registry;
        char *intent;
};

struct history {
        struct snapshot at[64];
        size_t count;
};

static void remember(struct opened *opened, void *context) {
        struct history *history = context;
        struct snapshot now = {
                .used_bytes = journal_size_bytes(opened->journal),
                .registry = registry_tell(opened->registry),
                .intent = intent_tell(&opened->intent),
        };

        ck_assert_uint_lt(history->count, sizeof(history->at) / sizeof(*history->at));
        history->at[history->count++] = now;
}

static void history_free(struct history *history) {
        for (size_t i = 0; i < history->count; i++) {
                free(history->at[i].registry);
                free(history->at[i].intent);
        }
}

/* Records the script, and what each record led to. */
static struct bytes record(struct history *ret) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;
        struct bytes file;

        *ret = (struct history){0};
        directory_make(directory, sizeof(directory));
        opened = opened_in(directory);
        script(&opened, remember, ret);
        file = file_read(directory, "journal");
        ck_assert_uint_gt(file.count, journal_size_bytes(opened.journal));
        file.count = journal_size_bytes(opened.journal);
        opened_close(&opened);
        directory_remove(directory);
        return file;
}

static bool is_at(const struct opened *opened, const struct snapshot *snapshot, bool with_intent) {
        char *registry = registry_tell(opened->registry);
        char *intent = intent_tell(&opened->intent);
        bool same = strcmp(registry, snapshot->registry) == 0 &&
                    (!with_intent || strcmp(intent, snapshot->intent) == 0);

        free(registry);
        free(intent);
        return same;
}

static void assert_at(const struct opened *opened, const struct snapshot *snapshot) {
        char *registry = registry_tell(opened->registry);
        char *intent = intent_tell(&opened->intent);

        ck_assert_str_eq(registry, snapshot->registry);
        ck_assert_str_eq(intent, snapshot->intent);
        free(registry);
        free(intent);
}

/* The last snapshot whose records lie within the first `count` bytes of the final file.
 * Those of records that were taken back do not lie in it. */
static const struct snapshot *last_within(const struct history *history, size_t count) {
        const struct snapshot *last = NULL;
        size_t below = SIZE_MAX;

        for (size_t i = history->count; i > 0; i--)
                if (history->at[i - 1].used_bytes < below) {
                        below = history->at[i - 1].used_bytes;
                        if (below <= count && last == NULL)
                                last = &history->at[i - 1];
                }
        return last;
}

/* ----------------------------------------------------------------- its records */

START_TEST(every_record_is_read_back_as_it_was_written) {
        struct history history;
        struct bytes file = record(&history);
        char directory[DIRECTORY_BYTES];
        struct opened opened;

        directory_make(directory, sizeof(directory));
        for (size_t i = 0; i < history.count; i++) {
                const struct snapshot *snapshot = last_within(&history, history.at[i].used_bytes);

                file_write(directory, "journal", file.bytes, snapshot->used_bytes);
                opened = opened_in(directory);
                assert_at(&opened, snapshot);
                opened_close(&opened);
        }
        directory_remove(directory);
        free(file.bytes);
        history_free(&history);
}
END_TEST

START_TEST(every_prefix_of_the_file_is_the_state_after_its_last_whole_record) {
        struct history history;
        struct bytes file = record(&history);
        char directory[DIRECTORY_BYTES];
        struct opened opened;

        directory_make(directory, sizeof(directory));
        for (size_t count = history.at[0].used_bytes; count <= file.count; count++) {
                /* only a newline may be missing */
                const struct snapshot *snapshot = last_within(&history, count + 1);
                bool whole = count <= snapshot->used_bytes;

                file_write(directory, "journal", file.bytes, count);
                opened = opened_in(directory);
                ck_assert(is_at(&opened, snapshot, whole));
                /* Half a line was not left by us: it may be the intent's outcome. */
                if (!whole)
                        ck_assert_int_eq(opened.intent.kind, INTENT_NONE);
                if (count % 8 == 0)
                        assert_goes_on(&opened);
                opened_close(&opened);
        }
        directory_remove(directory);
        free(file.bytes);
        history_free(&history);
}
END_TEST

static void assert_empty_behind(const struct opened *opened) {
        struct bytes file = file_read(opened->directory, "journal");

        for (size_t i = journal_size_bytes(opened->journal); i < file.count; i++)
                ck_assert_int_eq(file.bytes[i], '\n');
        free(file.bytes);
}

START_TEST(a_record_without_its_first_byte_was_never_made) {
        struct history history;
        struct bytes file = record(&history);
        char directory[DIRECTORY_BYTES];
        struct opened opened;

        directory_make(directory, sizeof(directory));
        for (size_t i = 0; i < history.count; i++) {
                const struct snapshot *snapshot = last_within(&history, history.at[i].used_bytes);
                const char *record = file.bytes + snapshot->used_bytes;
                const char *end = strchr(record, '\n');
                size_t length = end == NULL ? 0 : (size_t) (end - record);

                /* its body copied up to here, or from here on */
                for (size_t part = 1; part < 2 * length; part += 3) {
                        char *torn = malloc(file.count + 1);

                        ck_assert_ptr_nonnull(torn);
                        memcpy(torn, file.bytes, file.count);
                        memset(torn + snapshot->used_bytes, '\n',
                               file.count - snapshot->used_bytes);
                        if (part < length)
                                memcpy(torn + snapshot->used_bytes + 1, record + 1, part);
                        else
                                memcpy(torn + snapshot->used_bytes + part - length + 1,
                                       record + part - length + 1, 2 * length - part);
                        file_write(directory, "journal", torn, file.count);
                        free(torn);
                        opened = opened_in(directory);
                        assert_at(&opened, snapshot);
                        if (part % 16 == 1) {
                                assert_empty_behind(&opened);
                                assert_goes_on(&opened);
                        }
                        opened_close(&opened);
                }
        }
        directory_remove(directory);
        free(file.bytes);
        history_free(&history);
}
END_TEST

/* ------------------------------------------------------------- every instant */

static void no_step(struct opened *opened, void *context) {
}

/* Stops before and behind whatever changes the lines of a file, where it is traced. */
static bool traced;

static void stop(void) {
        if (traced)
                raise(SIGSTOP);
}

void __real_journal_file_append(struct journal_file *file, const char *line, size_t length_bytes);
void __wrap_journal_file_append(struct journal_file *file, const char *line, size_t length_bytes);
void __wrap_journal_file_append(struct journal_file *file, const char *line, size_t length_bytes) {
        stop();
        __real_journal_file_append(file, line, length_bytes);
        stop();
}

void __real_journal_file_take_back(struct journal_file *file, size_t length_bytes);
void __wrap_journal_file_take_back(struct journal_file *file, size_t length_bytes);
void __wrap_journal_file_take_back(struct journal_file *file, size_t length_bytes) {
        stop();
        __real_journal_file_take_back(file, length_bytes);
        stop();
}

static void run_traced(const char *directory) {
        struct opened opened = opened_in(directory);

        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
                _exit(EXIT_FAILURE);
        traced = true;
        stop();
        script(&opened, no_step, NULL);
        _exit(EXIT_SUCCESS);
}

/* What a broker that is killed now leaves behind is what the history has at `*at`, or one
 * step later. */
static void assert_instant(const char *directory, const char *bytes, size_t count,
                           const struct history *history, size_t *at) {
        struct opened opened;

        file_write(directory, "journal", bytes, count);
        opened = opened_in(directory);
        if (!is_at(&opened, &history->at[*at], true)) {
                (*at)++;
                ck_assert_uint_lt(*at, history->count);
                assert_at(&opened, &history->at[*at]);
        }
        opened_close(&opened);
}

/* The file as the traced process has it, as it was seen last, and where in the history
 * that is. */
struct tracing {
        const char *mapped;
        char *seen;
        size_t count;
        char directory[DIRECTORY_BYTES]; /* where copies of it are opened */
        const struct history *history;
        size_t at;
        unsigned long instants;
};

/* An instruction at a time, up to the next stop. */
static void step_through(struct tracing *tracing, pid_t child) {
        int status;

        do {
                ck_assert_int_eq(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
                ck_assert_int_eq(waitpid(child, &status, 0), child);
                ck_assert(WIFSTOPPED(status));
                if (memcmp(tracing->mapped, tracing->seen, tracing->count) == 0)
                        continue;
                tracing->instants++;
                memcpy(tracing->seen, tracing->mapped, tracing->count);
                assert_instant(tracing->directory, tracing->seen, tracing->count, tracing->history,
                               &tracing->at);
        } while (WSTOPSIG(status) == SIGTRAP);
        ck_assert_int_eq(WSTOPSIG(status), SIGSTOP);
}

static void trace(struct tracing *tracing, pid_t child) {
        for (int status;;) {
                ck_assert_int_eq(ptrace(PTRACE_CONT, child, NULL, NULL), 0);
                ck_assert_int_eq(waitpid(child, &status, 0), child);
                /* Nobody else writes to it. */
                ck_assert_mem_eq(tracing->mapped, tracing->seen, tracing->count);
                if (!WIFSTOPPED(status)) {
                        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
                        return;
                }
                step_through(tracing, child);
        }
}

START_TEST(at_no_instruction_is_it_anything_but_before_or_after_a_record) {
        struct history history;
        struct bytes file = record(&history), before;
        struct tracing tracing = {.history = &history};
        char directory[DIRECTORY_BYTES];
        int status, fd;
        pid_t child;

        directory_make(directory, sizeof(directory));
        directory_make(tracing.directory, sizeof(tracing.directory));
        child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0)
                run_traced(directory);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        if (!WIFSTOPPED(status)) {
                fprintf(stderr, "skipped: this process may not trace another\n");
                return;
        }
        before = file_read(directory, "journal");
        tracing.seen = before.bytes;
        tracing.count = before.count;
        fd = open(path_in(directory, "journal"), O_RDONLY | O_CLOEXEC);
        tracing.mapped = mmap(NULL, before.count, PROT_READ, MAP_SHARED, fd, 0);
        ck_assert_ptr_ne(tracing.mapped, MAP_FAILED);
        close(fd);
        trace(&tracing, child);
        ck_assert_uint_eq(tracing.at, history.count - 1);
        ck_assert_uint_gt(tracing.instants, 2 * history.count);
        directory_remove(directory);
        directory_remove(tracing.directory);
        free(before.bytes);
        free(file.bytes);
        history_free(&history);
}
END_TEST

/* ------------------------------------------------------------ what can't be read */

#define OTHER_LINE                                                                                 \
        "{\"op\":\"segment\",\"id\":2,\"name\":\"b\",\"key\":2,\"size\":1,\"cpid\":1,"             \
        "\"uid\":1,\"gid\":1,\"pid\":1,\"createdAt\":1,\"pageSize\":4096}\n"
#define INTENT_LINE "{\"op\":\"create\",\"key\":3,\"size\":1,\"cpid\":1,\"createdAt\":1}\n"

static struct opened opened_with(char *directory, size_t bytes, const char *lines) {
        char *header = header_now(), *text;

        directory_make(directory, bytes);
        ck_assert_int_gt(asprintf(&text, "%s%s", header, lines), 0);
        file_write(directory, "journal", text, strlen(text));
        free(header);
        free(text);
        return opened_in(directory);
}

static const char *const unreadable[] = {
        "garbage\n",
        "{\n",
        "{}\n",
        " \n",
        "[]\n",
        "[1]\n",
        "7\n",
        "{\"op\":\"explode\",\"id\":1}\n",
        "{\"op\":\"remove\"}\n",
        "{\"op\":\"remove\",\"id\":1.5}\n",
        "{\"op\":\"remove\",\"id\":-1}\n",
        "{\"op\":\"remove\",\"id\":1,\"id\":1}\n",
        "{\"op\":\"remove\",\"id\":1,\"more\":1}\n",
        "{\"op\":\"forget\",\"id\":3}\n",
        "{\"op\":\"set\",\"id\":1,\"uid\":1}\n",
        "{\"op\":\"rename\",\"id\":1,\"name\":\"../x\"}\n",
        "{\"op\":\"set\",\"id\":1,\"labels\":{\"a b\":\"\"}}\n",
        "{\"op\":\"create\",\"key\":3,\"size\":1}\n",
        "{\"op\":\"segment\",\"id\":1}\n",
};

START_TEST(a_line_that_can_not_be_read_is_passed_over) {
        char directory[DIRECTORY_BYTES], *lines;
        struct opened opened;

        ck_assert_int_gt(asprintf(&lines, "%s%s%s", SEGMENT_LINE, unreadable[_i], OTHER_LINE), 0);
        opened = opened_with(directory, sizeof(directory), lines);
        ck_assert_int_eq(registry_find_name(opened.registry, "a")->identity.id, 1);
        ck_assert_int_eq(registry_find_name(opened.registry, "b")->identity.id, 2);
        ck_assert_int_eq(registry_count(opened.registry), 2);
        assert_goes_on(&opened);
        opened_close(&opened);
        directory_remove(directory);
        free(lines);
}
END_TEST

START_TEST(nothing_is_undone_behind_a_line_that_can_not_be_read) {
        char directory[DIRECTORY_BYTES], *lines;
        struct opened opened;

        ck_assert_int_gt(asprintf(&lines, "%s%s", INTENT_LINE, unreadable[_i]), 0);
        opened = opened_with(directory, sizeof(directory), INTENT_LINE);
        ck_assert_int_eq(opened.intent.kind, INTENT_CREATE);
        opened_close(&opened);
        directory_remove(directory);

        opened = opened_with(directory, sizeof(directory), lines);
        ck_assert_int_eq(opened.intent.kind, INTENT_NONE);
        /* not at the next start either */
        opened_again(&opened);
        ck_assert_int_eq(opened.intent.kind, INTENT_NONE);
        opened_close(&opened);
        directory_remove(directory);
        free(lines);
}
END_TEST

START_TEST(whoever_takes_a_name_or_an_id_last_has_it) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;

        opened = opened_with(directory, sizeof(directory),
                             SEGMENT_LINE OTHER_LINE
                             "{\"op\":\"rename\",\"id\":2,\"name\":\"a\"}\n");
        ck_assert_int_eq(registry_find_name(opened.registry, "a")->identity.id, 2);
        ck_assert_ptr_null(registry_find_id(opened.registry, 1)->name);
        ck_assert(!registry_find_id(opened.registry, 1)->removed);
        opened_again(&opened);
        opened_close(&opened);
        directory_remove(directory);

        opened = opened_with(directory, sizeof(directory),
                             SEGMENT_LINE
                             "{\"op\":\"segment\",\"id\":1,\"key\":9,\"size\":9,\"cpid\":1,"
                             "\"uid\":1,\"gid\":1,\"pid\":1,\"createdAt\":1,"
                             "\"pageSize\":4096,\"state\":\"adopted and removed\"}\n");
        ck_assert_ptr_null(registry_find_name(opened.registry, "a"));
        ck_assert_int_eq(registry_find_id(opened.registry, 1)->identity.key, 9);
        ck_assert(registry_find_id(opened.registry, 1)->adopted);
        ck_assert(registry_find_id(opened.registry, 1)->removed);
        opened_again(&opened);
        opened_close(&opened);
        directory_remove(directory);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("journal");
        TCase *tests = tcase_create("journal");

        tcase_set_timeout(tests, 300);
        tcase_add_test(tests, every_record_is_read_back_as_it_was_written);
        tcase_add_test(tests, every_prefix_of_the_file_is_the_state_after_its_last_whole_record);
        tcase_add_test(tests, a_record_without_its_first_byte_was_never_made);
        tcase_add_test(tests, at_no_instruction_is_it_anything_but_before_or_after_a_record);
        ADD_LOOP(tests, a_line_that_can_not_be_read_is_passed_over, unreadable);
        ADD_LOOP(tests, nothing_is_undone_behind_a_line_that_can_not_be_read, unreadable);
        tcase_add_test(tests, whoever_takes_a_name_or_an_id_last_has_it);
        suite_add_tcase(suite, tests);
        return suite_run(suite);
}
