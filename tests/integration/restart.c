/* The broker ends, well or not, and starts again: what it said still stands. */
#include "harness.h"
#include "shmbroker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ------------------------------------------------------------ what must stand */

/* Everything that List tells, as text. */
static char *list_text(void) {
        cJSON *segments = wire_list(&harness_daemon);
        char *text = cJSON_Print(segments);

        ck_assert_ptr_nonnull(text);
        cJSON_Delete(segments);
        return text;
}

static void make_as_alice(void *context) {
        int fd = connect_daemon();

        expect_success(wire_call(fd, "Create",
                                 "'name':'alice/a','size':4096,'mode':416,"
                                 "'labels':{'k':'grün'}"));
        close(fd);
}

static void make_segments(void) {
        int fd = connect_daemon();

        expect_success(
                wire_call(fd, "Create",
                          "'name':'a','size':5000,'mode':416,'labels':{'k':'v','quote':'\\\"\\\\'},"
                          "'token':'token-a','lifetime':'persistent'"));
        expect_success(wire_call(fd, "Create", "'name':'b','size':1"));
        expect_success(wire_call(fd, "Create", "'name':'removed','size':1"));
        expect_success(wire_call(fd, "Create", "'size':123,'labels':{'private':'yes'}"));
        expect_success(wire_call(fd, "Create", "'name':'huge','size':5368709120,'noReserve':true"));
        expect_success(wire_call(fd, "Create", "'name':'next','size':2"));
        expect_success(wire_call(fd, "Create", "'name':'current','size':3"));
        expect_success(wire_call(fd, "Set", "'name':'b','mode':438,'labels':{'set':'later'}"));
        expect_success(wire_call(fd, "Rename", "'name':'b','to':'c/renamed','token':'token-b'"));
        expect_success(wire_call(fd, "Rename", "'name':'next','to':'current','replace':true"));
        expect_success(wire_call(fd, "Lock", "'name':'a'"));
        expect_success(wire_call(fd, "Remove", "'name':'removed'"));
        int id = shmget(0x4711, 100, IPC_CREAT | 0600);
        ck_assert_int_ge(id, 0);
        expect_success(wire_call(fd, "Adopt",
                                 "'name':'adopted','id':%d,'labels':{'by':'id'},"
                                 "'token':'token-c'",
                                 id));
        if (geteuid() == 0) {
                expect_success(wire_call(fd, "Create", "'name':'given','size':1"));
                expect_success(wire_call(fd, "Set", "'name':'given','uid':60002,'gid':60003"));
        }
        close(fd);
}

static void expect_tokens_known(void) {
        int fd = connect_daemon();

        cJSON *reply = wire_call(fd, "Create",
                                 "'name':'a','size':5000,'exclusive':true,'token':'token-a'");
        ck_assert(reply_true(reply, "created"));
        expect_success(reply);
        expect_success(wire_call(fd, "Rename", "'name':'b','to':'c/renamed','token':'token-b'"));
        expect_success(
                wire_call(fd, "Adopt", "'name':'adopted','key':%d,'token':'token-c'", 0x4711));
        expect_error(
                wire_call(fd, "Create", "'name':'a','size':1,'exclusive':true,'token':'other'"),
                "Exists", "name=a");
        close(fd);
}

static void keeps_everything(void (*end)(struct daemon *daemon)) {
        make_segments();
        if (geteuid() == 0)
                as(&alice, make_as_alice, NULL);
        char *before = list_text();
        for (int round = 0; round < 3; round++) {
                end(&harness_daemon);
                daemon_start(&harness_daemon);
                char *after = list_text();
                ck_assert_str_eq(before, after);
                free(after);
                expect_tokens_known();
        }
        free(before);
}

START_TEST(a_killed_broker_forgets_nothing) {
        keeps_everything(daemon_kill);
}
END_TEST

START_TEST(a_stopped_broker_forgets_nothing) {
        keeps_everything(daemon_stop);
}
END_TEST

START_TEST(what_was_attached_stays_attached) {
        int fd = connect_daemon();
        cJSON *reply = wire_call(fd, "Create", "'name':'a','size':4096");
        int id = (int) reply_integer(reply, "segment.id");
        char *at = shmat(id, NULL, 0);

        ck_assert_ptr_ne(at, (void *) -1);
        strcpy(at, "content");
        cJSON_Delete(reply);
        close(fd);
        daemon_kill(&harness_daemon);
        strcat(at, " kept");
        daemon_start(&harness_daemon);
        fd = connect_daemon();
        reply = wire_call(fd, "Stat", "'name':'a'");
        ck_assert_int_eq(reply_integer(reply, "segment.id"), id);
        ck_assert_int_eq(reply_integer(reply, "segment.nattch"), 1);
        cJSON_Delete(reply);
        ck_assert_str_eq(at, "content kept");
        ck_assert_int_eq(shmdt(at), 0);
        close(fd);
}
END_TEST

START_TEST(what_went_while_it_was_away_is_lost) {
        int fd = connect_daemon();
        cJSON *gone = wire_call(fd, "Create", "'name':'gone','size':4096");
        cJSON *replaced = wire_call(fd, "Create", "'name':'replaced','size':4096");
        key_t key = (key_t) (uint32_t) reply_integer(replaced, "segment.key");

        expect_success(wire_call(fd, "Create", "'name':'kept','size':4096"));
        daemon_kill(&harness_daemon);
        ck_assert_int_eq(shmctl((int) reply_integer(gone, "segment.id"), IPC_RMID, NULL), 0);
        ck_assert_int_eq(shmctl((int) reply_integer(replaced, "segment.id"), IPC_RMID, NULL), 0);
        int other = shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600); /* somebody else's, same key */
        ck_assert_int_ge(other, 0);
        cJSON_Delete(gone);
        cJSON_Delete(replaced);
        close(fd);

        daemon_start(&harness_daemon);
        fd = connect_daemon();
        expect_error(wire_call(fd, "Stat", "'name':'gone'"), "NotFound", NULL);
        expect_error(wire_call(fd, "Stat", "'name':'replaced'"), "NotFound", NULL);
        expect_success(wire_call(fd, "Stat", "'name':'kept'"));
        expect_success(wire_call(fd, "Create", "'name':'replaced','size':1,'exclusive':true"));
        struct shmid_ds ds;
        ck_assert_int_eq(shmctl(other, IPC_STAT, &ds), 0);
        close(fd);
}
END_TEST

START_TEST(a_removed_one_is_finished_at_its_last_detach) {
        int fd = connect_daemon();
        cJSON *reply = wire_call(fd, "Create", "'name':'a','size':4096");
        int id = (int) reply_integer(reply, "segment.id");
        void *at = shmat(id, NULL, 0);

        cJSON_Delete(reply);
        expect_success(wire_call(fd, "Remove", "'name':'a'"));
        close(fd);
        daemon_kill(&harness_daemon);
        daemon_start(&harness_daemon);
        fd = connect_daemon();
        expect_error(wire_call(fd, "Stat", "'name':'a'"), "NotFound", NULL);
        reply = wire_call(fd, "Stat", "'id':%d", id);
        ck_assert(reply_true(reply, "segment.removed"));
        cJSON_Delete(reply);
        ck_assert_int_eq(shmdt(at), 0);
        expect_error(wire_call(fd, "Stat", "'id':%d", id), "NotFound", NULL);
        expect_success(wire_call(fd, "Create", "'name':'a','size':1,'exclusive':true"));
        close(fd);
}
END_TEST

START_TEST(sigterm_answers_what_is_in_hand) {
        static char calls[64 * 1024];
        size_t length = 0;
        int count = 0;
        int fd = connect_daemon();

        cJSON *reply = wire_call(fd, "Create", "'name':'large','size':134217728");
        char *at = shmat((int) reply_integer(reply, "segment.id"), NULL, 0);
        ck_assert_ptr_ne(at, (void *) -1);
        for (size_t i = 0; i < 134217728; i += 4096)
                at[i] = 1;
        ck_assert_int_eq(shmdt(at), 0);
        cJSON_Delete(reply);

        /* In one write with a first answer awaited, so that the broker has them all. */
        length += (size_t) sprintf(calls, "{\"method\":\"io.shmbroker.GetStatus\"}") + 1;
        length += (size_t) sprintf(calls + length, "{\"method\":\"io.shmbroker.Remove\","
                                                   "\"parameters\":{\"name\":\"large\"}}") +
                  1;
        for (; length < sizeof(calls) / 4; count++)
                length += (size_t) sprintf(calls + length,
                                           "{\"method\":\"io.shmbroker.Create\",\"parameters\":"
                                           "{\"name\":\"n/%d\",\"size\":1}}",
                                           count) +
                          1;
        wire_send_bytes(fd, calls, length);
        expect_success(wire_receive(fd));
        ck_assert_int_eq(kill(harness_daemon.pid, SIGTERM), 0);

        /* As many as were taken in are done and answered, in order, the removal first. */
        int answered = 0;
        expect_success(wire_receive(fd));
        while ((reply = wire_receive(fd)) != NULL) {
                char name[16];
                snprintf(name, sizeof(name), "n/%d", answered++);
                ck_assert_str_eq(reply_string(reply, "segment.name"), name);
                cJSON_Delete(reply);
        }
        close(fd);
        daemon_wait(&harness_daemon);
        ck_assert(WIFEXITED(harness_daemon.status));
        ck_assert_int_eq(WEXITSTATUS(harness_daemon.status), 0);
        ck_assert_int_lt(access(harness_daemon.socket, F_OK), 0);

        daemon_start(&harness_daemon);
        fd = connect_daemon();
        expect_error(wire_call(fd, "Stat", "'name':'large'"), "NotFound", NULL);
        for (int i = 0; i < count; i++) {
                reply = wire_call(fd, "Stat", "'name':'n/%d'", i);
                ck_assert_msg((reply_error(reply) == NULL) == (i < answered), "n/%d of %d", i,
                              answered);
                cJSON_Delete(reply);
        }
        close(fd);
}
END_TEST

/* Sent before the program even runs, and held by whoever starts it. */
START_TEST(sigterm_does_not_kill_one_that_starts) {
        static const char *const wrapper[] = {"env", "--block-signal=TERM",        "sh",
                                              "-c",  "kill -TERM $$; exec \"$@\"", "sh"};

        memcpy(harness_daemon.wrapper, wrapper, sizeof(wrapper));
        daemon_run(&harness_daemon);
        ck_assert_int_eq(harness_daemon.status, 0);
        ck_assert_int_lt(access(harness_daemon.socket, F_OK), 0);
        memset(harness_daemon.wrapper, 0, sizeof(wrapper));
}
END_TEST

/* More than the socket holds waits in the broker when it is told to end. */
START_TEST(sigterm_sends_what_waits_to_be_read) {
        int fd = connect_daemon(), received = 0;

        for (int i = 0; i < 2000; i++)
                expect_success(wire_call(fd, "Create", "'name':'n/%04d','size':1", i));
        wire_send(fd, "{'method':'io.shmbroker.List','more':true}");
        cJSON *reply = wire_receive(fd);
        cJSON_Delete(reply);
        ck_assert_int_eq(kill(harness_daemon.pid, SIGTERM), 0);
        while ((reply = wire_receive(fd)) != NULL) {
                char name[16];
                snprintf(name, sizeof(name), "n/%04d", ++received);
                ck_assert_str_eq(reply_string(reply, "segment.name"), name);
                cJSON_Delete(reply);
        }
        ck_assert_int_eq(received, 1999);
        close(fd);
        daemon_wait(&harness_daemon);
        ck_assert_int_eq(harness_daemon.status, 0);
}
END_TEST

/* --------------------------------------------------------------- two of them */

static void expect_refused(struct daemon *second, const char *words) {
        daemon_run(second);
        ck_assert(WIFEXITED(second->status));
        ck_assert_int_eq(WEXITSTATUS(second->status), 1);
        ck_assert_msg(daemon_logged(second, words), "it did not say \"%s\"", words);
}

START_TEST(a_second_one_is_refused) {
        struct daemon second;
        int fd = connect_daemon();

        daemon_new(&second);
        snprintf(second.state, sizeof(second.state), "%s", harness_daemon.state);
        expect_refused(&second, harness_daemon.state);
        snprintf(second.state, sizeof(second.state), "%s/state", second.directory);
        snprintf(second.address, sizeof(second.address), "%s", harness_daemon.address);
        expect_refused(&second, harness_daemon.socket);
        expect_success(wire_call(fd, "GetStatus", " "));
        int again = connect_daemon();
        expect_success(wire_call(again, "GetStatus", " "));
        close(again);
        close(fd);
        daemon_free(&second);
}
END_TEST

START_TEST(a_stale_socket_is_taken_over) {
        daemon_kill(&harness_daemon);
        ck_assert_int_eq(access(harness_daemon.socket, F_OK), 0);
        ck_assert_int_eq(wire_try_connect(&harness_daemon), -ECONNREFUSED);
        daemon_start(&harness_daemon);
        int fd = connect_daemon();
        expect_success(wire_call(fd, "GetStatus", " "));
        close(fd);
}
END_TEST

START_TEST(what_is_no_socket_is_left_alone) {
        struct stat st;

        int file = open(harness_daemon.socket, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        ck_assert_int_ge(file, 0);
        ck_assert_int_eq(write(file, "mine", 4), 4);
        close(file);
        ck_assert(!daemon_try_start(&harness_daemon));
        ck_assert_int_eq(WEXITSTATUS(harness_daemon.status), 1);
        ck_assert(daemon_logged(&harness_daemon, harness_daemon.socket));
        ck_assert_int_eq(stat(harness_daemon.socket, &st), 0);
        ck_assert(S_ISREG(st.st_mode) && st.st_size == 4);
}
END_TEST

/* ---------------------------------------------------------------- the library */

START_TEST(a_handle_goes_on_by_itself) {
        struct shmb *b;
        struct shmb_segment *segment;
        void *at;

        signal(SIGPIPE, SIG_DFL); /* a library does not kill its program */
        ck_assert_int_eq(shmb_connect(&b, harness_daemon.address), 0);
        ck_assert_int_eq(shmb_create(b, "a", 4096, NULL, &segment, NULL), 0);
        for (int round = 0; round < 5; round++) {
                if (round % 2 == 0)
                        daemon_kill(&harness_daemon);
                else
                        daemon_stop(&harness_daemon);
                daemon_start(&harness_daemon);
                switch (round) {
                case 0:
                        ck_assert_int_eq(shmb_open(b, "a", 0, 0, NULL), 0);
                        break;
                case 1:
                        ck_assert_int_eq(shmb_at(b, segment->id, NULL, 0, &at), 0);
                        ck_assert_int_eq(shmb_dt(at), 0);
                        break;
                case 2:
                        ck_assert_int_eq(
                                shmb_create(b, "b", 1,
                                            &(struct shmb_create_options){.flags = SHMB_EXCLUSIVE},
                                            NULL, NULL),
                                0);
                        break;
                case 3:
                        ck_assert_int_eq(shmb_rename(b, "b", "c", 0, NULL), 0);
                        break;
                default:
                        ck_assert_int_eq(shmb_rm(b, segment->id), 0);
                        break;
                }
        }
        shmb_segment_free(segment);
        shmb_close(b);
}
END_TEST

static void call_while_it_is_away(void *context) {
        struct gate *gate = context;
        struct shmb *b;

        ck_assert_int_eq(shmb_connect(&b, harness_daemon.address), 0);
        ck_assert_int_eq(shmb_set_timeout(b, HARNESS_DEADLINE_MS), 0);
        gate_pass(gate);
        ck_assert_int_eq(shmb_open(b, "a", 0, 0, NULL), 0);
        shmb_close(b);
}

START_TEST(a_call_waits_for_it_to_come_back) {
        struct gate gate;
        int fd = connect_daemon();

        expect_success(wire_call(fd, "Create", "'name':'a','size':1"));
        close(fd);
        gate_new(&gate);
        pid_t child = as_begin(NULL, call_while_it_is_away, &gate);
        gate_wait(&gate);
        daemon_kill(&harness_daemon);
        gate_open(&gate);
        daemon_start(&harness_daemon);
        as_end(child);
}
END_TEST

START_TEST(a_broker_that_stays_away_is_told_at_the_deadline) {
        struct shmb *b;

        ck_assert_int_eq(shmb_connect(&b, harness_daemon.address), 0);
        ck_assert_int_eq(shmb_set_timeout(b, 300), 0);
        daemon_kill(&harness_daemon);
        int64_t since = harness_now_ms();
        int r = shmb_open(b, "a", 0, 0, NULL);
        ck_assert_msg(r == -ETIMEDOUT || r == -ECONNREFUSED, "%s", strerrorname_np(-r));
        ck_assert_int_lt(harness_now_ms() - since, 5000);
        ck_assert_str_ne(shmb_error(b), "");
        shmb_close(b);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("restart");

        harness_test(suite, a_killed_broker_forgets_nothing);
        harness_test(suite, a_stopped_broker_forgets_nothing);
        harness_test(suite, what_was_attached_stays_attached);
        harness_test(suite, what_went_while_it_was_away_is_lost);
        harness_test(suite, a_removed_one_is_finished_at_its_last_detach);
        harness_test(suite, sigterm_answers_what_is_in_hand);
        harness_test(suite, sigterm_sends_what_waits_to_be_read);
        harness_test_alone(suite, sigterm_does_not_kill_one_that_starts);
        harness_test(suite, a_second_one_is_refused);
        harness_test(suite, a_stale_socket_is_taken_over);
        harness_test_alone(suite, what_is_no_socket_is_left_alone);
        harness_test(suite, a_handle_goes_on_by_itself);
        harness_test(suite, a_call_waits_for_it_to_come_back);
        harness_test(suite, a_broker_that_stays_away_is_told_at_the_deadline);
        return harness_run(suite);
}
