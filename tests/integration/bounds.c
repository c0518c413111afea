/* Rude peers, many peers, large segments: they get their bounds, the others their answers. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void create_many(int fd, int count) {
        for (int i = 0; i < count; i++)
                expect_success(wire_call(fd, "Create", "'name':'many/%d','size':1", i));
}

/* Sends as long as the broker takes it, until it looks as if it never would again: so many
 * answers to somebody else, each a turn of its loop, without a byte taken. */
#define TURNS 1000

static void flood(int fd, int other, const char *bytes, size_t length) {
        size_t sent = 0;

        for (int turns = 0; turns < TURNS;) {
                ssize_t n = send(fd, bytes + sent % length, length - sent % length,
                                 MSG_DONTWAIT | MSG_NOSIGNAL);
                if (n > 0) {
                        sent += (size_t) n;
                        turns = 0;
                        ck_assert_msg(sent < (size_t) 64 << 20, "it reads without end");
                        continue;
                }
                ck_assert_int_eq(errno, EAGAIN);
                expect_success(wire_call(other, "GetStatus", " "));
                turns++;
        }
}

#define LIST "{\"method\":\"io.shmbroker.List\",\"more\":true}"
#define DESCRIBE                                                                                   \
        "{\"method\":\"org.varlink.service.GetInterfaceDescription\","                             \
        "\"parameters\":{\"interface\":\"io.shmbroker\"}}" /* an answer 80 times as long */

START_TEST(who_never_reads_is_not_read_from) {
        int other = connect_daemon(), rude[4];
        uint64_t before;

        create_many(other, 300);
        expect_success(wire_call(other, "Stat", "'name':'many/0'"));
        before = daemon_resident_bytes(&harness_daemon);
        for (size_t i = 0; i < 4; i++) {
                rude[i] = connect_daemon();
                if (i % 2 == 0)
                        flood(rude[i], other, LIST, sizeof(LIST));
                else
                        flood(rude[i], other, DESCRIBE, sizeof(DESCRIBE));
        }
        ck_assert_uint_lt(daemon_resident_bytes(&harness_daemon), before + ((uint64_t) 4 << 20));

        /* One that reads at last gets all of it in order. */
        for (int list = 0; list < 3; list++) {
                char last[32] = "";
                for (int i = 0; i < 300; i++) {
                        cJSON *reply = wire_receive(rude[0]);
                        ck_assert_str_gt(reply_string(reply, "segment.name"), last);
                        snprintf(last, sizeof(last), "%s", reply_string(reply, "segment.name"));
                        ck_assert_int_eq(
                                cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reply, "continues")),
                                i < 299);
                        cJSON_Delete(reply);
                }
        }
        for (size_t i = 0; i < 4; i++)
                close(rude[i]);
        expect_success(wire_call(other, "GetStatus", " "));
        close(other);
}
END_TEST

START_TEST(a_list_sees_what_stands_all_the_while) {
        int fd = connect_daemon(), other = connect_daemon();

        create_many(other, 500);
        wire_send(fd, "{'method':'io.shmbroker.List','more':true}");
        int found = 0;
        for (bool more = true; more;) {
                cJSON *reply = wire_receive(fd);
                found += strncmp(reply_string(reply, "segment.name"), "many/", 5) == 0;
                more = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reply, "continues"));
                cJSON_Delete(reply);
                /* What comes and goes meanwhile makes no difference to the others. */
                expect_success(wire_call(other, "Create", "'name':'x/%d','size':1", found % 7));
                expect_success(wire_call(other, "Remove", "'name':'x/%d'", found % 7));
        }
        ck_assert_int_eq(found, 500);
        close(fd);
        close(other);
}
END_TEST

START_TEST(half_messages_hold_nobody_up) {
        static const char half[] = "{\"method\":\"io.shmbroker.GetSta";
        int other = connect_daemon(), fds[100];

        for (size_t i = 0; i < 100; i++) {
                fds[i] = connect_daemon();
                wire_send_bytes(fds[i], half, strlen(half));
        }
        expect_success(wire_call(other, "GetStatus", " "));
        for (size_t i = 0; i < 100; i++) {
                if (i % 2 == 0) {
                        wire_send_bytes(fds[i], "tus\"}", 6);
                        expect_success(wire_receive(fds[i]));
                }
                close(fds[i]);
        }
        expect_success(wire_call(other, "GetStatus", " "));
        close(other);
}
END_TEST

/* ------------------------------------------------------------------- turns */

static void stop_daemon(int signal) {
        ck_assert_int_eq(kill(harness_daemon.pid, signal), 0);
}

#define JUST_NOT_LARGE ((1 << 20) - 4096)
#define REMOVALS       100

/* Many calls at once: a socket's buffer holds fewer messages than bytes. */
struct row {
        char bytes[64 * 1024];
        size_t length;
};

__attribute__((format(printf, 2, 3))) static void row_add(struct row *row, const char *format,
                                                          ...) {
        va_list list;
        char *text = row->bytes + row->length;

        va_start(list, format);
        int length = vsnprintf(text, sizeof(row->bytes) - row->length, format, list);
        va_end(list);
        ck_assert_uint_lt(row->length + (size_t) length + 1, sizeof(row->bytes));
        for (; *text != '\0'; text++)
                if (*text == '\'')
                        *text = '"';
        row->length += (size_t) length + 1;
}

/* Each frees a megabyte on the spot. */
START_TEST(calls_in_a_row_leave_the_others_their_turn) {
        int fd = connect_daemon(), other = connect_daemon();
        struct row row = {.length = 0};

        for (int i = 0; i < REMOVALS; i++) {
                cJSON *reply =
                        wire_call(fd, "Create", "'name':'r/%d','size':%d", i, JUST_NOT_LARGE);
                char *at = shmat((int) reply_integer(reply, "segment.id"), NULL, 0);

                ck_assert_ptr_ne(at, (void *) -1);
                memset(at, 1, JUST_NOT_LARGE);
                ck_assert_int_eq(shmdt(at), 0);
                cJSON_Delete(reply);
                row_add(&row, "{'method':'io.shmbroker.Remove','parameters':{'name':'r/%d'}}", i);
        }
        expect_success(wire_call(other, "GetStatus", " "));
        stop_daemon(SIGSTOP);
        wire_send_bytes(fd, row.bytes, row.length);
        wire_send(other, "{'method':'io.shmbroker.GetStatus'}");
        stop_daemon(SIGCONT);
        cJSON *reply = wire_receive(other);
        ck_assert_int_gt(reply_integer(reply, "segments"), 0);
        cJSON_Delete(reply);
        for (int i = 0; i < REMOVALS; i++)
                expect_success(wire_receive(fd));
        close(fd);
        close(other);
}
END_TEST

#define PAIRS 100 /* of a Create and a Remove: no more than one turn's reading */

/* So many peers pipeline pairs at once, and another one, at the end of the row, a message
 * that takes some turns to read: how many calls were done by then. */
static int64_t calls_before_anothers(size_t peers, int size, int blanks) {
        int fds[64], other = connect_daemon();
        struct row call = {.length = 0};

        ck_assert_uint_le(peers, sizeof(fds) / sizeof(*fds));
        for (size_t i = 0; i < peers; i++) {
                fds[i] = connect_daemon();
                expect_success(wire_call(fds[i], "GetStatus", " "));
        }
        stop_daemon(SIGSTOP);
        for (size_t i = 0; i < peers; i++) {
                struct row row = {.length = 0};
                for (int pair = 0; pair < PAIRS; pair++) {
                        row_add(&row,
                                "{'method':'io.shmbroker.Create','parameters':{'name':'w%zu',"
                                "'size':%d}}",
                                i, size);
                        row_add(&row,
                                "{'method':'io.shmbroker.Remove','parameters':{'name':'w%zu'}}", i);
                }
                wire_send_bytes(fds[i], row.bytes, row.length);
        }
        row_add(&call, "%*s{'method':'io.shmbroker.GetStatus'}", blanks, "");
        wire_send_bytes(other, call.bytes, call.length);
        stop_daemon(SIGCONT);
        cJSON *reply = wire_receive(other);
        int64_t calls = reply_integer(reply, "requests");
        cJSON_Delete(reply);
        for (size_t i = 0; i < peers; i++) {
                for (int answered = 0; answered < 2 * PAIRS; answered++)
                        expect_success(wire_receive(fds[i]));
                close(fds[i]);
        }
        close(other);
        return calls;
}

/* The threads are done with the one before the loop is with the next. */
START_TEST(works_in_a_row_leave_the_others_their_turn) {
        ck_assert_int_lt(calls_before_anothers(64, 1 << 20, 60000), 64 * PAIRS);
}
END_TEST

/* However many one has, the others wait for little more than one turn. */
START_TEST(connections_of_one_user_share_his_turn) {
        ck_assert_int_lt(calls_before_anothers(40, 1, 16384), 40 * PAIRS);
}
END_TEST

#define LISTINGS 24 /* so many that a slice of each of them is of the least length */
#define LISTED   64
#define REMOVED  32 /* in the order of names: in none of the first slices */

/* Whoever waits behind them has his turn before any of them has come far. */
START_TEST(lists_of_one_user_share_his_turn) {
        int fds[LISTINGS], other = connect_daemon();

        for (int i = 0; i < LISTED; i++)
                expect_success(wire_call(other, "Create", "'name':'l/%02d','size':1", i));
        for (size_t i = 0; i < LISTINGS; i++) {
                fds[i] = connect_daemon();
                expect_success(wire_call(fds[i], "GetStatus", " "));
        }
        stop_daemon(SIGSTOP);
        for (size_t i = 0; i < LISTINGS; i++)
                wire_send(fds[i], "{'method':'io.shmbroker.List','more':true}");
        wire_send(other, "{'method':'io.shmbroker.Remove','parameters':{'name':'l/%02d'}}",
                  REMOVED);
        stop_daemon(SIGCONT);
        expect_success(wire_receive(other));
        for (size_t i = 0; i < LISTINGS; i++) {
                int listed = 0;
                for (bool more = true; more; listed++) {
                        cJSON *reply = wire_receive(fds[i]);
                        more = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reply, "continues"));
                        expect_success(reply);
                }
                ck_assert_int_eq(listed, LISTED - 1);
                close(fds[i]);
        }
        close(other);
}
END_TEST

/* ------------------------------------------------------------- connections */

static bool is_served(int fd) {
        cJSON *reply = wire_try_call(fd, "GetStatus", " ");
        bool served = reply != NULL && reply_error(reply) == NULL;

        cJSON_Delete(reply);
        return served;
}

static int connect_until_served(void) {
        int64_t since = harness_now_ms();

        for (;;) {
                int fd = connect_daemon();
                if (is_served(fd))
                        return fd;
                close(fd);
                harness_wait_a_moment(since, "a connection to be free again");
        }
}

static void expect_refused(const char *limit) {
        int fd = connect_daemon();

        expect_error(wire_receive(fd), "LimitExceeded", limit);
        ck_assert(wire_hung_up(fd));
        close(fd);
}

static void three_are_served(void *context) {
        int fds[3];

        for (size_t i = 0; i < 3; i++) {
                fds[i] = connect_until_served();
                ck_assert(is_served(fds[i]));
        }
        expect_refused("limit=connectionsPerUser");
        if (context != NULL)
                gate_pass(context);
        for (size_t i = 0; i < 3; i++)
                ck_assert(is_served(fds[i]));
        close(fds[0]);
        fds[0] = connect_until_served();
        for (size_t i = 0; i < 3; i++)
                close(fds[i]);
}

START_TEST(each_user_has_so_many_connections) {
        harness_daemon.options[0] = "--limit";
        harness_daemon.options[1] = "connectionsPerUser=3";
        daemon_start(&harness_daemon);
        if (geteuid() != 0) {
                three_are_served(NULL);
                return;
        }
        struct gate gate;
        gate_new(&gate);
        pid_t child = as_begin(&alice, three_are_served, &gate);
        gate_wait(&gate);
        as(&bob, three_are_served, NULL);
        gate_open(&gate);
        as_end(child);
}
END_TEST

START_TEST(all_users_have_so_many_connections) {
        int fds[5];

        harness_daemon.options[0] = "--limit";
        harness_daemon.options[1] = "connections=5";
        daemon_start(&harness_daemon);
        for (size_t i = 0; i < 5; i++)
                fds[i] = connect_until_served();
        expect_refused("limit=connections");
        for (size_t i = 0; i < 5; i++)
                ck_assert(is_served(fds[i]));
        close(fds[0]);
        fds[0] = connect_until_served();
        for (size_t i = 0; i < 5; i++)
                close(fds[i]);
        /* So that the check behind this test finds room. */
        close(connect_until_served());
}
END_TEST

static void limit_descriptors(void *context) {
        const struct rlimit *limit = context;

        ck_assert_int_eq(prlimit(harness_daemon.pid, RLIMIT_NOFILE, limit, NULL), 0);
}

#define OBSERVED_MS 600

START_TEST(descriptors_run_out_and_come_back) {
        int fds[20], kept = connect_daemon();
        struct rlimit before, few;
        const struct who user = {harness_daemon.uid, harness_daemon.gid, {0}, 0};

        ck_assert(is_served(kept));
        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
        few = before;
        few.rlim_cur = daemon_descriptors(&harness_daemon) + 4;
        as(&user, limit_descriptors, &few);
        for (size_t i = 0; i < 20; i++) {
                fds[i] = connect_daemon();
                wire_send(fds[i], "{'method':'io.shmbroker.GetStatus'}");
        }
        expect_success(wire_receive(fds[0]));

        /* A broker that tries again and again would take all of this time. */
        uint64_t busy_ms = daemon_busy_ms(&harness_daemon);
        poll(NULL, 0, OBSERVED_MS);
        ck_assert_uint_lt(daemon_busy_ms(&harness_daemon) - busy_ms, OBSERVED_MS / 4);
        ck_assert(is_served(kept));
        expect_success(wire_call(kept, "Create", "'name':'a','size':1"));
        expect_success(wire_call(kept, "Remove", "'name':'a'"));

        /* Each that leaves makes room for the next one that waits. */
        for (size_t i = 0; i < 20; i++) {
                if (i > 0)
                        expect_success(wire_receive(fds[i]));
                close(fds[i]);
        }
        as(&user, limit_descriptors, &before);
        ck_assert(is_served(kept));
        close(kept);
}
END_TEST

/* ------------------------------------------------------------------- deaths */

static void die_rudely(void *context) {
        static char text[200000];
        size_t length = 0;
        int how = *(int *) context;
        int fd = connect_daemon();

        for (int i = 0; length < sizeof(text) - 200; i++)
                length +=
                        (size_t) sprintf(
                                text + length,
                                how % 2 == 0 ? "{\"method\":\"io.shmbroker.GetStatus\"}"
                                             : "{\"method\":\"io.shmbroker.List\",\"more\":true}") +
                        1;
        switch (how % 5) {
        case 0: /* half a message */
                wire_send_bytes(fd, text, 20);
                break;
        case 1: /* many calls, no answer read */
                send(fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
                break;
        case 2: /* one answer half read */
                wire_send_bytes(fd, text, strlen(text) + 1);
                ck_assert_int_eq(recv(fd, text, 10, MSG_WAITALL), 10);
                break;
        case 3: /* no more to say */
                shutdown(fd, SHUT_WR);
                break;
        default: /* not a word */
                break;
        }
        kill(getpid(), SIGKILL);
}

START_TEST(peers_that_die_are_forgotten) {
        int other = connect_daemon();

        create_many(other, 50);
        unsigned descriptors = daemon_descriptors(&harness_daemon);
        for (int how = 0; how < 50; how++) {
                int status;
                pid_t child = as_begin(NULL, die_rudely, &how);
                ck_assert_int_eq(waitpid(child, &status, 0), child);
                ck_assert(WIFSIGNALED(status));
                ck_assert(is_served(other));
        }
        int64_t since = harness_now_ms();
        while (daemon_descriptors(&harness_daemon) > descriptors)
                harness_wait_a_moment(since, "the connections of the dead to be closed");
        cJSON *reply = wire_call(other, "GetStatus", " ");
        ck_assert_int_eq(reply_integer(reply, "connections"), 1);
        cJSON_Delete(reply);
        close(other);
}
END_TEST

START_TEST(who_stops_writing_still_gets_his_answers) {
        int fd = connect_daemon();

        wire_send(fd, "{'method':'io.shmbroker.Create','parameters':{'name':'a','size':1}}");
        wire_send(fd, "{'method':'io.shmbroker.Remove','parameters':{'name':'a'}}");
        shutdown(fd, SHUT_WR);
        expect_success(wire_receive(fd));
        expect_success(wire_receive(fd));
        ck_assert(wire_hung_up(fd));
        close(fd);
}
END_TEST

/* ----------------------------------------------------------- large segments */

#define LARGE (256 << 20)

static void fill(int fd, const char *name) {
        cJSON *reply = wire_call(fd, "Create", "'name':'%s','size':%d", name, LARGE);
        char *at = shmat((int) reply_integer(reply, "segment.id"), NULL, 0);

        ck_assert_ptr_ne(at, (void *) -1);
        for (size_t i = 0; i < LARGE; i += 4096)
                at[i] = 1;
        ck_assert_int_eq(shmdt(at), 0);
        cJSON_Delete(reply);
}

START_TEST(calls_behind_a_large_removal_wait_their_turn) {
        int fd = connect_daemon();

        fill(fd, "a");
        wire_send(fd, "{'method':'io.shmbroker.Remove','parameters':{'name':'a'}}");
        wire_send(fd, "{'method':'io.shmbroker.Create','parameters':{'name':'a','size':10}}");
        wire_send(fd, "{'method':'io.shmbroker.Stat','parameters':{'name':'a'}}");
        cJSON *reply = wire_receive(fd);
        ck_assert_int_eq(reply_integer(reply, "segment.size"), LARGE);
        ck_assert(reply_true(reply, "segment.removed"));
        cJSON_Delete(reply);
        reply = wire_receive(fd);
        ck_assert_int_eq(reply_integer(reply, "segment.size"), 10);
        ck_assert(reply_true(reply, "created"));
        cJSON_Delete(reply);
        expect_success(wire_receive(fd));
        close(fd);
}
END_TEST

START_TEST(a_large_removal_goes_on_without_its_caller) {
        int fd = connect_daemon(), other = connect_daemon();
        struct shm_info info;

        fill(fd, "a");
        wire_send(fd, "{'method':'io.shmbroker.Remove','parameters':{'name':'a'}}");
        close(fd);
        int64_t since = harness_now_ms();
        do {
                expect_success(wire_call(other, "GetStatus", " "));
                ck_assert_int_ge(shmctl(0, SHM_INFO, (struct shmid_ds *) &info), 0);
                harness_wait_a_moment(since, "the segment to be gone");
        } while (info.used_ids > 0);
        expect_error(wire_call(other, "Stat", "'name':'a'"), "NotFound", "name=a");
        close(other);
}
END_TEST

START_TEST(large_segments_are_locked_replaced_and_removed_by_many_at_once) {
        int fds[4], other = connect_daemon();

        for (size_t i = 0; i < 4; i++) {
                fds[i] = connect_daemon();
                expect_success(wire_call(fds[i], "Create", "'name':'l/%zu','size':2097152", i));
                wire_send(fds[i], "{'method':'io.shmbroker.Lock','parameters':{'name':'l/%zu'}}",
                          i);
                wire_send(fds[i], "{'method':'io.shmbroker.Unlock','parameters':{'name':'l/%zu'}}",
                          i);
                wire_send(fds[i],
                          "{'method':'io.shmbroker.Create','parameters':{'name':'n/"
                          "%zu','size':3145728}}",
                          i);
                wire_send(
                        fds[i],
                        "{'method':'io.shmbroker.Rename','parameters':{'name':'n/%zu','to':'l/%zu',"
                        "'replace':true}}",
                        i, i);
                wire_send(fds[i], "{'method':'io.shmbroker.Remove','parameters':{'name':'l/%zu'}}",
                          i);
        }
        expect_success(wire_call(other, "GetStatus", " "));
        for (size_t i = 0; i < 4; i++) {
                cJSON *reply = wire_receive(fds[i]);
                /* RLIMIT_MEMLOCK may be small; the rest goes on all the same. */
                bool locked = reply_error(reply) == NULL;
                ck_assert(!locked || reply_true(reply, "segment.locked"));
                cJSON_Delete(reply);
                expect_success(wire_receive(fds[i]));
                expect_success(wire_receive(fds[i]));
                reply = wire_receive(fds[i]);
                ck_assert_int_eq(reply_integer(reply, "segment.size"), 3145728);
                cJSON_Delete(reply);
                reply = wire_receive(fds[i]);
                ck_assert_int_eq(reply_integer(reply, "segment.size"), 3145728);
                cJSON_Delete(reply);
                close(fds[i]);
        }
        struct shm_info info;
        ck_assert_int_ge(shmctl(0, SHM_INFO, (struct shmid_ds *) &info), 0);
        ck_assert_int_eq(info.used_ids, 0);
        close(other);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("bounds");

        harness_test(suite, who_never_reads_is_not_read_from);
        harness_test(suite, a_list_sees_what_stands_all_the_while);
        harness_test(suite, half_messages_hold_nobody_up);
        harness_test(suite, calls_in_a_row_leave_the_others_their_turn);
        harness_test(suite, works_in_a_row_leave_the_others_their_turn);
        harness_test(suite, connections_of_one_user_share_his_turn);
        harness_test(suite, lists_of_one_user_share_his_turn);
        harness_test_alone(suite, each_user_has_so_many_connections);
        harness_test_alone(suite, all_users_have_so_many_connections);
        harness_test(suite, descriptors_run_out_and_come_back);
        harness_test(suite, peers_that_die_are_forgotten);
        harness_test(suite, who_stops_writing_still_gets_his_answers);
        harness_test(suite, calls_behind_a_large_removal_wait_their_turn);
        harness_test(suite, a_large_removal_goes_on_without_its_caller);
        harness_test(suite, large_segments_are_locked_replaced_and_removed_by_many_at_once);
        return harness_run(suite);
}
