/* A call and its reply over a connection that breaks: what is repeated, what is not, and
 * what is said about it. */
#include "fake-broker.h"
#include "shmbroker.h"
#include "suite.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct shmb *connected(const struct fake_broker *fake) {
        struct shmb *b;
        int r = shmb_connect(&b, fake_address(fake));

        ck_assert_msg(r == 0, "%s", shmb_error(NULL));
        return b;
}

static void finish(struct shmb *b, struct fake_broker *fake) {
        shmb_close(b);
        fake_free(fake);
}

/* What a broker would say of this segment of the kernel's, save for its size. */
static void tell(char text[1024], int id, size_t size_bytes) {
        struct shmid_ds ds;

        ck_assert_int_eq(shmctl(id, IPC_STAT, &ds), 0);
        snprintf(text, 1024,
                 "{\"parameters\":{\"segment\":{\"id\":%d,\"key\":0,\"size\":%zu,\"mode\":384,"
                 "\"uid\":0,\"gid\":0,\"cuid\":%u,\"cgid\":0,\"seq\":0,\"atime\":0,\"dtime\":0,"
                 "\"ctime\":0,\"cpid\":1,\"lpid\":0,\"nattch\":0,\"locked\":false,"
                 "\"removed\":false,\"pageSize\":4096,\"lifetime\":\"persistent\","
                 "\"creator\":{\"uid\":0,\"gid\":0,\"pid\":1},\"createdAt\":1,\"adopted\":true,"
                 "\"labels\":{}}}}",
                 id, size_bytes, (unsigned) ds.shm_perm.cuid);
}

static const struct shmb_which by_name = {.name = "a"}, by_id = {.id = 7};

/* ------------------------------------------------------------ what is repeated */

START_TEST(a_call_whose_answer_was_lost_is_repeated) {
        struct fake_broker *fake =
                fake_broker({"Stat", NULL, true}, {"Stat", NULL, true}, {"Stat", FAKE_SEGMENT});
        struct shmb *b = connected(fake);
        struct shmb_segment *segment;

        ck_assert_int_eq(shmb_stat(b, by_name, &segment), 0);
        ck_assert_int_eq(segment->id, 7);
        shmb_segment_free(segment);
        ck_assert_uint_eq(fake_connections(fake), 3);
        finish(b, fake);
}
END_TEST

static void token_of(char token[33], const char *call) {
        const char *begin = strstr(call, "\"token\":\"");

        ck_assert_ptr_nonnull(begin);
        begin += strlen("\"token\":\"");
        ck_assert_uint_eq(strspn(begin, "0123456789abcdef"), 32);
        snprintf(token, 33, "%.32s", begin);
}

/* Create, Adopt and Rename: the repeat is told from another call by its token. */
START_TEST(a_repeat_has_the_same_token_and_the_next_call_another) {
        static const char *const methods[] = {"Create", "Rename", "Adopt"};

        for (size_t i = 0; i < 3; i++) {
                struct fake_broker *fake =
                        fake_broker({methods[i], NULL, true}, {methods[i], FAKE_CREATED, true},
                                    {methods[i], FAKE_CREATED});
                struct shmb *b = connected(fake);
                char first[33], repeat[33], next[33];
                for (int call = 0; call < 2; call++) {
                        int r = i == 0   ? shmb_create(b, "a", 1, NULL, NULL, NULL)
                                : i == 1 ? shmb_rename(b, "a", "b", 0, NULL)
                                         : shmb_adopt_id(b, "a", 7, NULL, 0, NULL);
                        ck_assert_int_eq(r, 0);
                }
                token_of(first, fake_call(fake, 0));
                token_of(repeat, fake_call(fake, 1));
                token_of(next, fake_call(fake, 2));
                ck_assert_str_eq(first, repeat);
                ck_assert_str_ne(first, next);
                finish(b, fake);
        }
}
END_TEST

START_TEST(a_connection_that_broke_while_idle_is_no_failure) {
        struct fake_broker *fake =
                fake_broker({"Stat", FAKE_SEGMENT, true}, {"Remove", FAKE_SEGMENT});
        struct shmb *b = connected(fake);

        ck_assert_int_eq(shmb_stat(b, by_name, NULL), 0);
        fake_leave(fake);
        fake_return(fake);
        /* It was not sent, so that it may be sent. */
        ck_assert_int_eq(shmb_remove(b, by_name, NULL), 0);
        finish(b, fake);
}
END_TEST

START_TEST(a_removal_by_name_is_not_repeated) {
        struct fake_broker *fake = fake_broker({"Remove", NULL, true}, {"Stat", FAKE_SEGMENT});
        struct shmb *b = connected(fake);
        struct shmb_segment *segment = NULL;

        ck_assert_int_eq(shmb_remove(b, by_name, &segment), -ECONNABORTED);
        ck_assert_ptr_null(segment);
        ck_assert_ptr_nonnull(strstr(shmb_error(b), "not known whether"));
        ck_assert_int_eq(shmb_stat(b, by_name, NULL), 0);
        finish(b, fake);
}
END_TEST

START_TEST(a_removal_by_id_is_repeated) {
        struct fake_broker *fake = fake_broker({"Remove", NULL, true}, {"Remove", FAKE_SEGMENT});
        struct shmb *b = connected(fake);

        ck_assert_int_eq(shmb_remove(b, by_id, NULL), 0);
        finish(b, fake);
}
END_TEST

START_TEST(a_removal_by_id_that_had_been_done_is_done) {
        struct fake_broker *fake = fake_broker({"Stat", FAKE_SEGMENT}, {"Remove", NULL, true},
                                               {"Remove", FAKE_ERROR("NotFound", "\"id\":7")});
        struct shmb *b = connected(fake);
        struct shmb_segment *segment = (struct shmb_segment *) b;

        ck_assert_int_eq(shmb_stat(b, by_id, NULL), 0);
        ck_assert_int_eq(shmb_remove(b, by_id, &segment), 0);
        ck_assert_ptr_null(segment); /* what it was, the broker can't tell any more */
        finish(b, fake);
}
END_TEST

START_TEST(a_removal_of_what_was_never_there_is_refused) {
        struct fake_broker *fake = fake_broker({"Remove", FAKE_ERROR("NotFound", "\"id\":7")},
                                               {"Remove", FAKE_ERROR("NotFound", "\"id\":7")});
        struct shmb *b = connected(fake);

        ck_assert_int_eq(shmb_remove(b, by_id, NULL), -EINVAL); /* as shmctl(2) has it */
        ck_assert_int_eq(shmb_rm(b, 7), -EINVAL);
        finish(b, fake);
}
END_TEST

START_TEST(an_adopted_one_is_destroyed_though_the_answer_was_lost) {
        int id = shmget(IPC_PRIVATE, 4096, 0600);
        char answer[1024], refusal[128];
        struct shmid_ds ds;

        ck_assert_int_ge(id, 0);
        tell(answer, id, 4096);
        snprintf(refusal, sizeof refusal, FAKE_ERROR("NotFound", "\"id\":%d"), id);
        struct fake_broker *fake =
                fake_broker({"Adopt", answer}, {"Remove", NULL, true}, {"Remove", refusal});
        struct shmb *b = connected(fake);

        ck_assert_int_eq(shmb_adopt_id(b, "a", id, NULL, 0, NULL), 0);
        ck_assert_int_eq(shmb_rm(b, id), 0);
        ck_assert_int_lt(shmctl(id, IPC_STAT, &ds), 0);
        finish(b, fake);
}
END_TEST

START_TEST(an_owner_who_gave_it_away_in_vain_or_not_is_told_so) {
        struct fake_broker *fake =
                fake_broker({"Set", NULL, true}, {"Set", FAKE_ERROR("NotOwner", "\"name\":\"a\"")},
                            {"Set", FAKE_ERROR("NotOwner", "\"name\":\"a\"")});
        struct shmb *b = connected(fake);
        struct shmb_changes changes = SHMB_NO_CHANGES;

        changes.uid = 1;
        ck_assert_int_eq(shmb_set(b, by_name, &changes, NULL), -ECONNABORTED);
        ck_assert_int_eq(shmb_set(b, by_name, &changes, NULL), -EPERM);
        finish(b, fake);
}
END_TEST

/* ---------------------------------------------------- brokers that are not there */

START_TEST(no_broker_at_first_is_told_at_once) {
        struct fake_broker *fake = fake_new(NULL, 0);
        struct shmb *b = NULL;

        fake_leave(fake);
        ck_assert_int_eq(shmb_connect(&b, fake_address(fake)), -ECONNREFUSED);
        ck_assert_ptr_null(b);
        ck_assert_ptr_nonnull(strstr(shmb_error(NULL), fake_address(fake)));
        fake_free(fake);
}
END_TEST

static void *come_back(void *context) {
        usleep(20000); /* the outcome is the same without it */
        fake_return(context);
        return NULL;
}

START_TEST(a_broker_that_comes_back_is_waited_for) {
        struct fake_broker *fake = fake_broker({"Stat", FAKE_SEGMENT});
        struct shmb *b = connected(fake);
        pthread_t thread;

        fake_leave(fake);
        ck_assert_int_eq(pthread_create(&thread, NULL, come_back, fake), 0);
        ck_assert_int_eq(shmb_stat(b, by_name, NULL), 0);
        pthread_join(thread, NULL);
        finish(b, fake);
}
END_TEST

START_TEST(a_broker_that_stays_away_takes_no_longer_than_the_deadline) {
        struct fake_broker *fake = fake_new(NULL, 0);
        struct shmb *b = connected(fake);

        ck_assert_int_eq(shmb_set_timeout(b, 1000), 0);
        fake_leave(fake);
        ck_assert_int_eq(shmb_stat(b, by_name, NULL), -ETIMEDOUT);
        ck_assert_ptr_nonnull(strstr(shmb_error(b), "did not come back"));
        finish(b, fake);
}
END_TEST

START_TEST(silence_ends_at_the_deadline_and_its_connection_with_it) {
        struct fake_broker *fake = fake_broker({"Stat", NULL}, {"Open", FAKE_SEGMENT});
        struct shmb *b = connected(fake);

        ck_assert_int_eq(shmb_set_timeout(b, 30), 0);
        ck_assert_int_eq(shmb_stat(b, by_name, NULL), -ETIMEDOUT);
        ck_assert_int_eq(shmb_set_timeout(b, 45000), 0);
        ck_assert_int_eq(shmb_open(b, "a", 0, 0, NULL), 0);
        ck_assert_uint_eq(fake_connections(fake), 2);
        finish(b, fake);
}
END_TEST

/* --------------------------------------------------------- what brokers can say */

START_TEST(a_broker_that_takes_no_connection_says_why) {
        struct fake_broker *fake = fake_new(NULL, 0);

        fake_refuse(fake, FAKE_ERROR("LimitExceeded", "\"limit\":\"connections\",\"used\":9,"
                                                      "\"maximum\":9"));
        struct shmb *b = connected(fake);
        ck_assert_int_eq(shmb_stat(b, by_name, NULL), -ENOSPC);
        ck_assert_ptr_nonnull(strstr(shmb_error(b), "connections"));
        ck_assert_int_eq(shmb_remove(b, by_name, NULL), -ENOSPC);
        finish(b, fake);
}
END_TEST

START_TEST(nonsense_is_no_answer) {
        static char huge[70000];
        static const char *const rows[] = {
                "hello",
                "{\"parameters\":7}",
                "{\"parameters\":{}}",
                "{\"parameters\":{\"segment\":{\"name\":\"a\",\"id\":7}}}",
                huge,
        };

        memset(huge, ' ', sizeof huge - 1);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct fake_broker *fake = fake_broker({"Stat", rows[i]}, {"Stat", FAKE_SEGMENT});
                struct shmb *b = connected(fake);
                struct shmb_segment *segment = NULL;
                ck_assert_int_eq(shmb_stat(b, by_name, &segment), -EPROTO);
                ck_assert_ptr_null(segment);
                ck_assert_int_eq(shmb_stat(b, by_name, NULL), 0);
                finish(b, fake);
        }
}
END_TEST

/* -------------------------------------------------------------------- listing */

static int count(const struct shmb_segment *segment, void *context) {
        ck_assert_int_eq(segment->id, 7);
        ++*(int *) context;
        return 0;
}

#define FAKE_LISTED                                                                                \
        "{\"parameters\":{\"segment\":" FAKE_SEGMENT_OF("7", "4096", "false") "},\"continues\":"   \
                                                                              "true}"

START_TEST(a_list_starts_over_while_nothing_was_found) {
        struct fake_broker *fake = fake_broker({"List", NULL, true}, {"List", FAKE_SEGMENT});
        struct shmb *b = connected(fake);
        int found = 0;

        ck_assert_int_eq(shmb_list(b, "*", count, &found), 0);
        ck_assert_int_eq(found, 1);
        finish(b, fake);
}
END_TEST

START_TEST(a_list_that_breaks_in_the_middle_is_an_error) {
        struct fake_broker *fake = fake_broker({"List", FAKE_LISTED, true});
        struct shmb *b = connected(fake);
        int found = 0;

        ck_assert_int_eq(shmb_list(b, NULL, count, &found), -ECONNRESET);
        ck_assert_int_eq(found, 1);
        finish(b, fake);
}
END_TEST

START_TEST(a_list_of_nothing_is_none) {
        struct fake_broker *fake = fake_broker({"List", "{\"parameters\":{}}"});
        struct shmb *b = connected(fake);
        int found = 0;

        ck_assert_int_eq(shmb_list(b, NULL, count, &found), 0);
        ck_assert_int_eq(found, 0);
        finish(b, fake);
}
END_TEST

/* ------------------------------------------------------------------ attaching */

START_TEST(another_namespace_is_told_before_attaching) {
        struct fake_broker *fake = fake_broker({"Find", FAKE_HANDLE});
        struct shmb *b = connected(fake);
        void *at = NULL;

        fake_namespace(fake, 1);
        ck_assert_int_eq(shmb_map(b, "a", 0, 0, NULL, &at, NULL), -EXDEV);
        ck_assert_ptr_null(at);
        ck_assert_ptr_nonnull(strstr(shmb_error(b), "ipc:[1]"));

        /* It is asked again, so that one who moved is believed. */
        fake_namespace(fake, 0);
        ck_assert_int_eq(shmb_at(b, -1, NULL, 0, &at), -EINVAL);
        finish(b, fake);
}
END_TEST

START_TEST(what_is_not_the_one_named_is_detached_again) {
        int id = shmget(IPC_PRIVATE, 4096, 0600);
        char wrong[1024], right[1024];
        struct shmid_ds ds;
        void *at = NULL;

        ck_assert_int_ge(id, 0);
        tell(wrong, id, 4097);
        tell(right, id, 4096);
        struct fake_broker *fake =
                fake_broker({"Stat", FAKE_ERROR("NotFound", "\"id\":7")}, {"Stat", wrong},
                            {"Stat", right}, {"Stat", wrong}, {"Stat", wrong});
        struct shmb *b = connected(fake);

        ck_assert_int_eq(shmb_at(b, id, NULL, 0, &at), -ESTALE); /* never heard of it */
        ck_assert_int_eq(shmb_at(b, id, NULL, 0, &at), -ESTALE); /* heard of another one */
        ck_assert_ptr_null(at);
        ck_assert_int_eq(shmctl(id, IPC_STAT, &ds), 0);
        ck_assert_uint_eq(ds.shm_nattch, 0);

        ck_assert_int_eq(shmb_at(b, id, NULL, 0, &at), 0); /* what was told before is asked again */
        ck_assert_int_eq(shmb_dt(at), 0);
        ck_assert_int_eq(shmb_at(b, id, NULL, 0, &at), 0); /* and is asked no more when it holds */
        ck_assert_int_eq(shmb_dt(at), 0);

        /* SHM_REMAP would throw away what is mapped there: it is checked before. */
        char *page = mmap(NULL, (size_t) SHMLBA, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        *page = 'x';
        ck_assert_int_eq(shmb_stat(b, (struct shmb_which){.id = id}, NULL), 0);
        ck_assert_int_eq(shmb_at(b, id, page, SHM_REMAP, &at), -ESTALE);
        ck_assert_int_eq(*page, 'x');
        ck_assert_int_eq(shmctl(id, IPC_RMID, NULL), 0);
        finish(b, fake);
}
END_TEST

/* The order of shmctl(2)'s errors: EPERM before EINVAL. */
START_TEST(who_may_not_set_is_told_so_before_that_minus_1_is_no_user) {
        struct fake_broker *fake = fake_broker({"Set", FAKE_ERROR("NotOwner", "\"id\":7")},
                                               {"\"parameters\":{\"id\":7}", FAKE_SEGMENT});
        struct shmb *b = connected(fake);
        struct shmid_ds ds = {.shm_perm = {.uid = (uid_t) -1, .mode = 0600}};

        ck_assert_int_eq(shmb_ctl(b, 7, IPC_SET, &ds), -EPERM);
        ck_assert_int_eq(shmb_ctl(b, 7, IPC_SET, &ds), -EINVAL);
        finish(b, fake);
}
END_TEST

/* ---------------------------------------------------------------- forks, time */

START_TEST(a_child_leaves_its_parents_connection_alone) {
        struct fake_broker *fake =
                fake_broker({"Stat", FAKE_SEGMENT}, {"Open", FAKE_SEGMENT}, {"Stat", FAKE_SEGMENT});
        struct shmb *b = connected(fake);
        int status;

        ck_assert_int_eq(shmb_stat(b, by_name, NULL), 0);
        pid_t child = fork();
        if (child == 0) {
                int r = shmb_open(b, "a", 0, 0, NULL);
                shmb_close(b);
                _exit(r == 0 ? 0 : 1);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
        ck_assert_uint_eq(fake_connections(fake), 2);
        ck_assert_int_eq(shmb_stat(b, by_name, NULL), 0);
        ck_assert_uint_eq(fake_connections(fake), 2);
        finish(b, fake);
}
END_TEST

#define NOT_ALLOWED 77

/* Runs it as the first process of a PID namespace: its pid is 1. What it returns. */
static int as_first(int (*work)(struct fake_broker *), struct fake_broker *fake) {
        int status;

        if (unshare(CLONE_NEWPID) < 0)
                return NOT_ALLOWED;
        pid_t child = fork();
        if (child == 0)
                _exit(work(fake));
        return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

static struct shmb *inherited;

static int open_as_child(struct fake_broker *fake) {
        return getpid() == 1 && shmb_open(inherited, "a", 0, 0, NULL) == 0 ? 0 : 1;
}

static int stat_as_parent(struct fake_broker *fake) {
        inherited = connected(fake);
        if (getpid() != 1 || shmb_stat(inherited, by_name, NULL) < 0)
                return 2;
        return as_first(open_as_child, fake);
}

START_TEST(a_child_with_its_parents_pid_is_told_from_it) {
        struct fake_broker *fake = fake_broker({"Stat", FAKE_SEGMENT}, {"Open", FAKE_SEGMENT});
        int status;

        pid_t parent = fork(); /* which has no threads, and may leave its namespace */
        if (parent == 0)
                _exit(as_first(stat_as_parent, fake));
        ck_assert_int_eq(waitpid(parent, &status, 0), parent);
        if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_ALLOWED) {
                fprintf(stderr, "skipped: this process may not have a PID namespace\n");
                return;
        }
        ck_assert_int_eq(status, 0);
        ck_assert_uint_eq(fake_connections(fake), 2);
        fake_free(fake);
}
END_TEST

/* Daemons close all descriptors that they inherit, and their numbers are used again. */
START_TEST(a_child_does_not_close_what_has_the_number_now) {
        struct fake_broker *fake = fake_broker({"Stat", FAKE_SEGMENT}, {"Open", FAKE_SEGMENT});
        struct shmb *b = connected(fake);
        int status;

        ck_assert_int_eq(shmb_stat(b, by_name, NULL), 0);
        pid_t child = fork();
        if (child == 0) {
                int ends[2] = {-1, -1};
                for (int fd = 3; fd < 64; fd++)
                        close(fd);
                for (int fd = 3; fd < 64; fd++)
                        if (pipe(ends) == 0 && ends[1] >= 63)
                                break;
                bool all = shmb_open(b, "a", 0, 0, NULL) == 0;
                for (int fd = 3; fd < 64 && all; fd++)
                        all = lseek(fd, 0, SEEK_CUR) < 0 && errno == ESPIPE;
                _exit(all ? 0 : 1);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
        finish(b, fake);
}
END_TEST

static void *ask_silence(void *context) {
        return shmb_stat(context, by_name, NULL) < 0 ? context : NULL;
}

/* A thread that is in a call while another forks holds the lock for ever in the child. */
START_TEST(a_child_of_a_process_in_a_call_can_call) {
        struct fake_broker *fake = fake_broker({"Stat", NULL}, {"Open", FAKE_SEGMENT, true});
        struct shmb *b = connected(fake);
        pthread_t thread;
        void *failure;
        int status;

        ck_assert_int_eq(pthread_create(&thread, NULL, ask_silence, b), 0);
        while (fake_taken(fake) < 1)
                usleep(1000);
        pid_t child = fork();
        if (child == 0)
                _exit(shmb_open(b, "a", 0, 0, NULL) == 0 ? 0 : 1);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);

        /* And a thread that waits for the other one's call does not wait for ever. */
        ck_assert_int_eq(shmb_set_timeout(b, 30), 0);
        ck_assert_int_eq(shmb_stat(b, by_name, NULL), -ETIMEDOUT);
        ck_assert_ptr_nonnull(strstr(shmb_error(b), "other threads"));
        fake_say(fake, FAKE_SEGMENT);
        pthread_join(thread, &failure);
        ck_assert_ptr_null(failure);
        finish(b, fake);
}
END_TEST

START_TEST(a_timeout_is_at_least_one_millisecond) {
        struct fake_broker *fake = fake_new(NULL, 0);
        struct shmb *b = connected(fake);

        ck_assert_int_eq(shmb_set_timeout(b, 0), -EINVAL);
        ck_assert_int_eq(shmb_set_timeout(b, -1), -EINVAL);
        ck_assert_int_eq(shmb_set_timeout(b, 1), 0);
        finish(b, fake);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {a_call_whose_answer_was_lost_is_repeated},
                {a_repeat_has_the_same_token_and_the_next_call_another},
                {a_connection_that_broke_while_idle_is_no_failure},
                {a_removal_by_name_is_not_repeated},
                {a_removal_by_id_is_repeated},
                {a_removal_by_id_that_had_been_done_is_done},
                {a_removal_of_what_was_never_there_is_refused},
                {an_adopted_one_is_destroyed_though_the_answer_was_lost},
                {an_owner_who_gave_it_away_in_vain_or_not_is_told_so},
                {no_broker_at_first_is_told_at_once},
                {a_broker_that_comes_back_is_waited_for},
                {a_broker_that_stays_away_takes_no_longer_than_the_deadline},
                {silence_ends_at_the_deadline_and_its_connection_with_it},
                {a_broker_that_takes_no_connection_says_why},
                {nonsense_is_no_answer},
                {a_list_starts_over_while_nothing_was_found},
                {who_may_not_set_is_told_so_before_that_minus_1_is_no_user},
                {a_list_that_breaks_in_the_middle_is_an_error},
                {a_list_of_nothing_is_none},
                {another_namespace_is_told_before_attaching},
                {what_is_not_the_one_named_is_detached_again},
                {a_child_leaves_its_parents_connection_alone},
                {a_child_with_its_parents_pid_is_told_from_it},
                {a_child_does_not_close_what_has_the_number_now},
                {a_child_of_a_process_in_a_call_can_call},
                {a_timeout_is_at_least_one_millisecond},
        };

        return suite_run("exchange", NULL, NULL, SUITE_ROWS(rows));
}
