/*
 * Every allocation and every shmget(2) and shmctl(2) of a method fails once, one at a
 * time: the method does what it is for, or is refused and nothing is changed. The
 * linker puts the __wrap_ functions in the place of those they are named after.
 */
#include "broker-fixture.h"

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
char *__real_strdup(const char *text);
int __real_shmget(key_t key, size_t size, int flags);
int __real_shmctl(int id, int command, struct shmid_ds *ds);

void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
char *__wrap_strdup(const char *text);
int __wrap_shmget(key_t key, size_t size, int flags);
int __wrap_shmctl(int id, int command, struct shmid_ds *ds);

enum fault {
        FAULT_NONE,
        FAULT_MEMORY,
        FAULT_EPERM, /* of the two system calls */
        FAULT_ENOMEM,
        FAULTS,
        FAULT_EIDRM, /* no fault: how the kernel tells that a segment has just gone */
};

static enum fault wanted, armed;
static int countdown; /* the how-manieth call fails; it did where this is not above 0 */

static bool fails(enum fault fault) {
        return armed == fault && --countdown == 0;
}

static bool call_fails(void) {
        if (fails(FAULT_EPERM))
                errno = EPERM;
        else if (fails(FAULT_ENOMEM))
                errno = ENOMEM;
        else if (fails(FAULT_EIDRM))
                errno = EIDRM;
        else
                return false;
        return true;
}

void *__wrap_malloc(size_t bytes) {
        return fails(FAULT_MEMORY) ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes) {
        return fails(FAULT_MEMORY) ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes) {
        return fails(FAULT_MEMORY) ? NULL : __real_realloc(memory, bytes);
}

char *__wrap_strdup(const char *text) {
        return fails(FAULT_MEMORY) ? NULL : __real_strdup(text);
}

int __wrap_shmget(key_t key, size_t size, int flags) {
        return call_fails() ? -1 : __real_shmget(key, size, flags);
}

int __wrap_shmctl(int id, int command, struct shmid_ds *ds) {
        return call_fails() ? -1 : __real_shmctl(id, command, ds);
}

/* ---------------------------------------------------------------------- the state */

static int tell_segment(int id, const struct shmid_ds *ds, void *context) {
        fprintf(context, "  %zu bytes, mode %o, %u:%u\n", ds->shm_segsz, ds->shm_perm.mode,
                ds->shm_perm.uid, ds->shm_perm.gid);
        return 0;
}

static void tell_charges(FILE *to, uid_t uid) {
        struct user *user;

        ck_assert_int_eq(users_get(broker->users, uid, &user), 0);
        fprintf(to, "%u is charged %lld, %lld bytes\n", uid,
                (long long) user_charged(user, CHARGE_SEGMENTS),
                (long long) user_charged(user, CHARGE_SIZE));
        user_unref(user);
}

static int compare_lines(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Ids and their order are never the same. Takes the text, gives another one. */
static char *sort_lines(char *text) {
        char *lines[64], *sorted = calloc(1, strlen(text) + 2), *at = sorted, *rest = text;
        size_t count = 0;

        ck_assert_ptr_nonnull(sorted);
        for (char *line; (line = strsep(&rest, "\n")) != NULL && count < COUNT(lines); count++)
                lines[count] = line;
        qsort(lines, count, sizeof(*lines), compare_lines);
        for (size_t i = 0; i < count; i++) {
                at = stpcpy(at, lines[i]);
                at = stpcpy(at, "\n");
        }
        free(text);
        return sorted;
}

/* What is held, by whom, and what the kernel has. From malloc(3). */
static char *state(void) {
        struct entry *entry;
        char *text = NULL;
        size_t bytes;
        FILE *to = open_memstream(&text, &bytes);

        ck_assert_ptr_nonnull(to);
        broker_sweep(broker, 100);
        for (entry = registry_first_id(broker->registry); entry != NULL;
             entry = registry_after_id(broker->registry, entry->identity.id)) {
                ck_assert_uint_eq(entry->works, 0);
                fprintf(to, "%s for %u%s%s token %s labels",
                        entry->name != NULL ? entry->name : "-", entry->creator_uid,
                        entry->removed ? " removed" : "", entry->adopted ? " adopted" : "",
                        entry->token != NULL ? entry->token : "-");
                for (size_t i = 0; i < entry->labels_count; i++)
                        fprintf(to, " %s=%s", entry->labels[i].key, entry->labels[i].value);
                fputc('\n', to);
        }
        for (entry = registry_first(broker->registry); entry != NULL;
             entry = registry_next(broker->registry, entry))
                fprintf(to, "%s ", entry->name != NULL ? entry->name : "-");
        fprintf(to, "\n");
        tell_charges(to, UID_CREATOR);
        ck_assert_int_eq(segment_scan(tell_segment, to), 0);
        ck_assert_int_eq(fclose(to), 0);
        return sort_lines(text);
}

/* --------------------------------------------------------------------- operations */

/* As CALL(), and only the broker's own calls fail. */
#define TRY(method, peer, request)                                                                 \
        (armed = wanted, try_end(broker_##method(broker, peer, request, &outcome, &error)))

static int try_end(int r) {
        struct work work = outcome.work;

        if (r == BROKER_WORK) {
                work_run(&work);
                r = broker_finish(broker, &work, &outcome, &error);
        }
        armed = FAULT_NONE;
        return call_end(r);
}

static int foreign, attached, private;
static void *at;

/* What all operations find: "a" and the large "b", a private one, one that is removed but
 * attached, and one made elsewhere. */
static void prepare(void) {
        const struct shmb_label items[] = {{"k", "old"}};
        struct create_request request = to_create("a", SIZE);

        request.token = "first";
        request.labels = (struct labels){items, 1};
        ACCEPTED(create, &creator, &request);
        create(&creator, "b", LARGE, 0600);
        create(&creator, "c", SIZE, 0600);
        private = create(&creator, NULL, SIZE, 0600);
        attached = create(&creator, "d", SIZE, 0600);
        at = attach_as(UID_CREATOR, attached);
        ACCEPTED_BY_NAME(remove, &creator, "d");
        foreign = shmget(IPC_PRIVATE, 3 * SIZE, 0640);
        ck_assert_int_ge(foreign, 0);
}

static const struct shmb_label new_labels[] = {{"k", "new"}, {"l", ""}};

static int do_create(void) {
        struct create_request request = to_create("new", SIZE);

        request.token = "t";
        request.labels = (struct labels){new_labels, 2};
        return TRY(create, &creator, &request);
}

static int do_create_private(void) {
        struct create_request request = to_create(NULL, SIZE);

        return TRY(create, &creator, &request);
}

static int do_find(void) {
        struct create_request request = to_create("a", SIZE);

        return TRY(create, &creator, &request);
}

static int do_open(void) {
        struct open_request request = to_open("a");

        return TRY(open, &creator, &request);
}

static int do_adopt(void) {
        struct adopt_request request = to_adopt_id("new", foreign);

        request.token = "t";
        request.labels = (struct labels){new_labels, 2};
        return TRY(adopt, &root, &request);
}

static int do_set(void) {
        struct set_request request = to_set("a");

        request.uid = UID_OWNER;
        request.labels = (struct labels){new_labels, 2};
        return TRY(set, &creator, &request);
}

static int do_set_labels(void) {
        struct set_request request = to_set("a");

        request.labels = (struct labels){new_labels, 2};
        return TRY(set, &creator, &request);
}

static int do_set_removed(void) {
        struct set_request request = to_set(NULL);

        request.id = attached;
        request.mode = 0644;
        return TRY(set, &creator, &request);
}

static int do_lock(void) {
        struct segment_request request = by_name("a");

        return TRY(lock, &creator, &request);
}

static int do_rename(void) {
        struct rename_request request = {.name = "a", .to = "new", .token = "t"};

        return TRY(rename, &creator, &request);
}

static int do_replace(void) {
        struct rename_request request = {.name = "b", .to = "c", .replace = true, .token = "t"};

        return TRY(rename, &creator, &request);
}

static int do_replace_large(void) {
        struct rename_request request = {.name = "c", .to = "b", .replace = true, .token = "t"};

        return TRY(rename, &creator, &request);
}

static int do_remove(void) {
        struct segment_request request = by_name("a");

        return TRY(remove, &creator, &request);
}

static int do_remove_large(void) {
        struct segment_request request = by_name("b");

        return TRY(remove, &creator, &request);
}

static int do_remove_private(void) {
        struct segment_request request = by_id(private);

        return TRY(remove, &creator, &request);
}

static const struct {
        const char *what;
        int (*run)(void);
} operations[] = {
        {"create", do_create},
        {"create a private one", do_create_private},
        {"create what exists", do_find},
        {"open", do_open},
        {"adopt", do_adopt},
        {"set", do_set},
        {"set labels", do_set_labels},
        {"set a removed one", do_set_removed},
        {"lock", do_lock},
        {"rename", do_rename},
        {"replace", do_replace},
        {"replace a large one", do_replace_large},
        {"remove", do_remove},
        {"remove a large one", do_remove_large},
        {"remove a private one", do_remove_private},
};

/* The state behind an operation of which the nth call fails; from malloc(3). False in
 * ret_fired: it makes fewer. */
static char *run(int operation, enum fault fault, int nth, bool *ret_fired) {
        const char *what = operations[operation].what;
        char *before, *after, *again;
        int code;

        broker_setup();
        prepare();
        before = state();
        wanted = fault;
        countdown = nth;
        code = operations[operation].run();
        *ret_fired = countdown <= 0;
        after = state();
        ck_assert_msg(code == 0 || *ret_fired, "%s: %s", what, error_text());
        if (code != 0)
                ck_assert_msg(strcmp(before, after) == 0,
                              "%s was refused (%s), at call %d, and is not as before:\n%s----\n%s",
                              what, error_text(), nth, before, after);
        if (code != 0 && fault == FAULT_MEMORY)
                ck_assert_int_eq(code, ERROR_NO_MEMORY);
        broker_restart();
        again = state();
        ck_assert_msg(strcmp(after, again) == 0, "%s, at call %d, after a restart:\n%s----\n%s",
                      what, nth, after, again);
        ck_assert_int_eq(shmdt(at), 0);
        broker_teardown();
        free(before);
        free(again);
        if (code != 0) {
                free(after);
                return NULL;
        }
        return after;
}

START_TEST(an_operation_is_done_or_changes_nothing) {
        bool fired;
        char *done = run(_i, FAULT_NONE, 1, &fired);

        for (enum fault fault = FAULT_MEMORY; fault < FAULTS; fault++) {
                int nth = 0;

                do {
                        char *after = run(_i, fault, ++nth, &fired);

                        ck_assert_msg(after == NULL || strcmp(after, done) == 0,
                                      "%s, at call %d, is done otherwise:\n%s----\n%s",
                                      operations[_i].what, nth, done, after);
                        free(after);
                } while (fired);
                ck_assert(fault == FAULT_MEMORY || nth > 1); /* all of them call the kernel */
        }
        free(done);
}
END_TEST

START_TEST(a_broker_starts_or_says_that_there_is_no_memory) {
        char reason[256], *before, *after;
        int nth = 0, r;

        broker_setup();
        prepare();
        before = state();
        do {
                struct limits limits = broker->limits;

                broker_free(broker);
                broker = NULL;
                reason[0] = '\0';
                armed = FAULT_MEMORY;
                countdown = ++nth;
                r = broker_new(&broker, state_directory, &limits, reason, sizeof(reason));
                armed = FAULT_NONE;
                if (r < 0) {
                        ck_assert_int_eq(r, -ERROR_NO_MEMORY);
                        ck_assert_str_ne(reason, "");
                        broker_start(&limits);
                }
        } while (r < 0);
        ck_assert_int_gt(nth, 5);
        after = state();
        ck_assert_str_eq(before, after);
        ck_assert_int_eq(shmdt(at), 0);
        broker_teardown();
        free(before);
        free(after);
}
END_TEST

/* A name that somebody has by then is not taken from them. */
START_TEST(a_removal_that_fails_late_gives_the_name_back_where_it_is_free) {
        struct segment_request a = by_name("a");
        struct work work;
        int id;

        broker_setup();
        id = create(&creator, "a", LARGE, 0600);
        ck_assert_int_eq(broker_remove(broker, &creator, &a, &outcome, &error), BROKER_WORK);
        work = outcome.work;
        if (_i == 1)
                create(&creator, "a", SIZE, 0600);
        armed = FAULT_EPERM;
        countdown = 1;
        work_run(&work);
        armed = FAULT_NONE;
        ck_assert_int_eq(broker_finish(broker, &work, &outcome, &error), -ERROR_SYSTEM);
        ck_assert_int_eq(error.number, EPERM);
        ACCEPTED_BY_NAME(stat, &creator, "a");
        ck_assert_int_eq(outcome.segment.id == id, _i == 0);
        ACCEPTED_BY_ID(remove, &creator, id);
        ck_assert(!exists(id));
        broker_teardown();
}
END_TEST

START_TEST(one_that_is_just_going_is_gone) {
        struct segment_request a = by_name("a");

        broker_setup();
        create(&creator, "a", SIZE, 0600);
        wanted = FAULT_EIDRM;
        countdown = 1;
        ck_assert_int_eq(TRY(stat, &creator, &a), ERROR_NOT_FOUND);
        ck_assert_str_eq(list(&root, NULL), "");

        create(&creator, "a", SIZE, 0600);
        countdown = 2; /* IPC_STAT, IPC_RMID */
        ck_assert_int_eq(TRY(remove, &creator, &a), 0);
        broker_teardown();
}
END_TEST

static void nothing(void) {
}

int main(void) {
        const struct suite_row rows[] = {
                {an_operation_is_done_or_changes_nothing, COUNT(operations)},
                {a_broker_starts_or_says_that_there_is_no_memory},
                {a_removal_that_fails_late_gives_the_name_back_where_it_is_free, 2},
                {one_that_is_just_going_is_gone},
        };

        if (!ipc_enter_namespace())
                return IPC_SKIPPED;
        return suite_run("broker-faults", nothing, nothing, SUITE_ROWS(rows));
}
