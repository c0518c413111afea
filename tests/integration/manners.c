/* What the library promises beside its calls: about threads, forks, descriptors, time, and
 * brokers that do not behave. */
#include "library.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---------------------------------------------------- threads, forks, programs */

#define THREADS 8

struct thread {
        pthread_t thread;
        struct shmb *b;
        int number;
        const char *failure;
};

static const char *work(struct shmb *b, int number) {
        for (int round = 0; round < 100; round++) {
                char name[32], other[32];
                struct shmb_segment *segment;
                void *at;
                snprintf(name, sizeof(name), "thread/%d/%d", number, round);
                snprintf(other, sizeof(other), "nobody/%d/%d", number, round);
                if (shmb_create(b, name, 1000 + (uint64_t) number, NULL, &segment, NULL) < 0)
                        return "create";
                if (strcmp(segment->name, name) != 0 || segment->size != 1000 + (uint64_t) number)
                        return "another thread's answer";
                if (shmb_open(b, other, 0, 0, NULL) != -ENOENT)
                        return "open of none";
                if (strstr(shmb_error(b), other) == NULL)
                        return "another thread's error";
                if (shmb_at(b, segment->id, NULL, 0, &at) < 0 || shmb_dt(at) < 0)
                        return "attach";
                if (shmb_rm(b, segment->id) < 0)
                        return "remove";
                shmb_segment_free(segment);
        }
        return NULL;
}

static void *run_thread(void *context) {
        struct thread *thread = context;

        thread->failure = work(thread->b, thread->number);
        return NULL;
}

START_TEST(threads_share_a_connection) {
        struct thread threads[THREADS];
        struct shmb *b = connect_library();

        for (int i = 0; i < THREADS; i++) {
                threads[i] = (struct thread){.b = b, .number = i};
                ck_assert_int_eq(pthread_create(&threads[i].thread, NULL, run_thread, &threads[i]),
                                 0);
        }
        for (int i = 0; i < THREADS; i++) {
                ck_assert_int_eq(pthread_join(threads[i].thread, NULL), 0);
                ck_assert_msg(threads[i].failure == NULL, "thread %d: %s", i, threads[i].failure);
        }
        shmb_close(b);
}
END_TEST

static void work_in_a_child(void *context) {
        struct shmb *b = context;
        struct shmb_segment *segment;

        ck_assert_int_eq(shmb_create(b, "child", 1, NULL, &segment, NULL), 0);
        ck_assert_int_eq(segment->creator.pid, getpid()); /* by a connection of its own */
        shmb_segment_free(segment);
        const char *failure = work(b, (int) getpid());
        ck_assert_msg(failure == NULL, "%s", failure);
        ck_assert_int_eq(shmb_rm(b, shmb_get(b, "child", 0, 0)), 0);
        shmb_close(b);
}

START_TEST(a_forked_child_has_a_connection_of_its_own) {
        struct shmb *b = connect_library();

        ck_assert_int_eq(shmb_create(b, "a", 1, NULL, NULL, NULL), 0);
        pid_t child = as_begin(NULL, work_in_a_child, b);
        const char *failure = work(b, (int) getpid());
        as_end(child);
        ck_assert_msg(failure == NULL, "%s", failure);
        ck_assert_int_eq(shmb_open(b, "a", 0, 0, NULL), 0);
        shmb_close(b);
}
END_TEST

struct caller {
        pthread_t thread;
        struct shmb *b;
        bool over;
        int result;
};

static void *call_all_the_time(void *context) {
        struct caller *caller = context;

        while (!__atomic_load_n(&caller->over, __ATOMIC_RELAXED) && caller->result == 0)
                caller->result = shmb_open(caller->b, "a", 0, 0, NULL);
        return NULL;
}

static void call_once(void *context) {
        struct shmb *b = context;

        ck_assert_int_eq(shmb_set_timeout(b, HARNESS_DEADLINE_MS), 0);
        ck_assert_int_eq(shmb_open(b, "a", 0, 0, NULL), 0);
        shmb_close(b);
}

/* Whatever another thread of the parent was in the middle of. */
START_TEST(a_child_is_forked_amid_the_calls_of_other_threads) {
        struct shmb *b = connect_library();
        struct caller callers[2] = {{.b = b}, {.b = b}};

#ifdef __SANITIZE_ADDRESS__
        harness_skip("AddressSanitizer's own allocator does not survive such a fork");
#endif
        ck_assert_int_eq(shmb_create(b, "a", 1, NULL, NULL, NULL), 0);
        for (size_t i = 0; i < 2; i++)
                ck_assert_int_eq(
                        pthread_create(&callers[i].thread, NULL, call_all_the_time, &callers[i]),
                        0);
        for (int i = 0; i < 50; i++)
                as(NULL, call_once, b);
        for (size_t i = 0; i < 2; i++) {
                __atomic_store_n(&callers[i].over, true, __ATOMIC_RELAXED);
                ck_assert_int_eq(pthread_join(callers[i].thread, NULL), 0);
                ck_assert_int_eq(callers[i].result, 0);
        }
        shmb_close(b);
}
END_TEST

static void nothing(int signal) {
}

static void signal_every_millisecond(void) {
        struct sigaction action = {.sa_handler = nothing}; /* no SA_RESTART */
        struct itimerval timer = {{0, 1000}, {0, 1000}};

        ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
        ck_assert_int_eq(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void call_under_signals(void *context) {
        struct shmb *b;

        signal_every_millisecond();
        b = connect_library();
        for (int i = 0; i < 1000; i++) {
                void *at;
                ck_assert_int_eq(shmb_map(b, "a", 1, SHMB_CREATE, NULL, &at, NULL), 0);
                ck_assert_int_eq(shmb_unmap(at), 0);
                expect_errno(shmb_open(b, "b", 0, 0, NULL), ENOENT);
        }
        shmb_close(b);
}

START_TEST(signals_do_not_disturb_a_call) {
        as(NULL, call_under_signals, NULL);
}
END_TEST

START_TEST(a_descriptor_does_not_outlive_exec) {
        struct shmb *b = connect_library();
        char *at;

        ck_assert_int_eq(shmb_map(b, "a", 1, SHMB_CREATE, NULL, (void **) &at, NULL), 0);
        for (int fd = 3; fd < 1024; fd++) {
                struct sockaddr_un peer;
                socklen_t length = sizeof(peer);
                if (getpeername(fd, (struct sockaddr *) &peer, &length) < 0)
                        continue;
                ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        }
        ck_assert_int_eq(shmb_unmap(at), 0);
        shmb_close(b);
}
END_TEST

START_TEST(nothing_stays_open_behind_close) {
        struct shmb *b = connect_library();
        int first = dup(0);

        close(first);
        shmb_close(b);
        for (int i = 0; i < 100; i++) {
                b = connect_library();
                expect_errno(shmb_open(b, "a", 0, 0, NULL), ENOENT);
                shmb_close(b);
        }
        int last = dup(0);
        ck_assert_int_le(last, first);
        close(last);
}
END_TEST

START_TEST(the_address_is_found) {
        struct shmb *b = NULL;

        ck_assert_int_eq(setenv("SHMBROKER_ADDRESS", harness_daemon.address, 1), 0);
        ck_assert_int_eq(shmb_connect(&b, NULL), 0);
        ck_assert_int_eq(shmb_create(b, "a", 1, NULL, NULL, NULL), 0);
        shmb_close(b);
        ck_assert_int_eq(setenv("SHMBROKER_ADDRESS", "nowhere", 1), 0);
        expect_errno(shmb_connect(&b, NULL), EINVAL);
        ck_assert_int_eq(unsetenv("SHMBROKER_ADDRESS"), 0);

        char runtime[80], directory[96], path[128];
        snprintf(runtime, sizeof(runtime), "%s/runtime", harness_daemon.directory);
        snprintf(directory, sizeof(directory), "%s/shmbroker", runtime);
        snprintf(path, sizeof(path), "%s/io.shmbroker", directory);
        ck_assert(mkdir(runtime, 0755) == 0 && mkdir(directory, 0755) == 0);
        ck_assert_int_eq(symlink(harness_daemon.socket, path), 0);
        ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", runtime, 1), 0);
        if (access("/run/shmbroker/io.shmbroker", F_OK) == 0)
                harness_skip("a broker of this machine's own goes before the user's");
        ck_assert_int_eq(shmb_connect(&b, NULL), 0);
        ck_assert_int_eq(shmb_open(b, "a", 0, 0, NULL), 0);
        shmb_close(b);
}
END_TEST

static void is_kept_out(void *context) {
        struct shmb *b;

        expect_errno(shmb_connect(&b, harness_daemon.address), EACCES);
        ck_assert_ptr_nonnull(strstr(shmb_error(NULL), harness_daemon.socket));
}

START_TEST(the_sockets_mode_keeps_others_out) {
        harness_needs_root();
        ck_assert_int_eq(chmod(harness_daemon.socket, 0600), 0);
        as(&alice, is_kept_out, NULL);
}
END_TEST

/* ---------------------------------------------- brokers that do not behave */

struct fake {
        int listening;
        char address[128];
        struct gate gate;
};

static void fake_new(struct fake *fake) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        snprintf(address.sun_path, sizeof(address.sun_path), "%s/fake", harness_daemon.directory);
        snprintf(fake->address, sizeof(fake->address), "unix:%s/fake", harness_daemon.directory);
        fake->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(fake->listening, 0);
        ck_assert_int_eq(bind(fake->listening, (struct sockaddr *) &address, sizeof(address)), 0);
        ck_assert_int_eq(listen(fake->listening, 8), 0);
        gate_new(&fake->gate);
}

static int fake_accept(struct fake *fake) {
        struct pollfd poller = {.fd = fake->listening, .events = POLLIN};

        ck_assert_msg(poll(&poller, 1, HARNESS_DEADLINE_MS) == 1, "nobody connects");
        int fd = accept4(fake->listening, NULL, NULL, SOCK_CLOEXEC);
        ck_assert_int_ge(fd, 0);
        return fd;
}

#define SHORT_MS 300

static void expect_timeout(struct shmb *b) {
        int64_t since = harness_now_ms();

        expect_errno(shmb_open(b, "a", 0, 0, NULL), ETIMEDOUT);
        ck_assert_int_ge(harness_now_ms() - since, SHORT_MS - 1);
        ck_assert_int_lt(harness_now_ms() - since, 10 * SHORT_MS);
}

static void drip(void *context) {
        struct fake *fake = context;
        int fd = fake_accept(fake);

        for (;;) {
                if (send(fd, " ", 1, MSG_NOSIGNAL) < 0)
                        return;
                poll(NULL, 0, 20);
        }
}

START_TEST(a_call_ends_at_its_deadline) {
        struct fake fake;
        struct shmb *b;

        fake_new(&fake);
        /* Nobody accepts: the kernel's queue takes the connection and the call. */
        ck_assert_int_eq(shmb_connect(&b, fake.address), 0);
        expect_errno(shmb_set_timeout(b, 0), EINVAL);
        expect_errno(shmb_set_timeout(b, -1), EINVAL);
        ck_assert_int_eq(shmb_set_timeout(b, SHORT_MS), 0);
        expect_timeout(b);
        expect_timeout(b); /* and so does the next one */
        shmb_close(b);
        close(fake_accept(&fake));
}
END_TEST

static void time_out_under_signals(void *context) {
        const struct fake *fake = context;
        struct shmb *b;

        signal_every_millisecond();
        ck_assert_int_eq(shmb_connect(&b, fake->address), 0);
        ck_assert_int_eq(shmb_set_timeout(b, SHORT_MS), 0);
        expect_timeout(b);
        shmb_close(b);
}

START_TEST(signals_do_not_prolong_it) {
        struct fake fake;

        fake_new(&fake);
        as(NULL, time_out_under_signals, &fake);
}
END_TEST

START_TEST(an_answer_that_trickles_does_not_prolong_it) {
        struct fake fake;
        struct shmb *b;

        fake_new(&fake);
        pid_t child = as_begin(NULL, drip, &fake);
        ck_assert_int_eq(shmb_connect(&b, fake.address), 0);
        ck_assert_int_eq(shmb_set_timeout(b, SHORT_MS), 0);
        expect_timeout(b);
        shmb_close(b);
        as_end(child);
}
END_TEST

#define FAKE_SEGMENT(name)                                                                         \
        "{\"parameters\":{\"segment\":{\"name\":\"" name "\",\"id\":7,\"key\":1,\"size\":1,"       \
        "\"mode\":384,\"uid\":0,\"gid\":0,\"cuid\":0,\"cgid\":0,\"seq\":0,\"atime\":0,"            \
        "\"dtime\":0,\"ctime\":0,\"cpid\":0,\"lpid\":0,\"nattch\":0,\"locked\":false,"             \
        "\"removed\":false,\"pageSize\":4096,\"lifetime\":\"persistent\","                         \
        "\"creator\":{\"uid\":0,\"gid\":0,\"pid\":0},\"createdAt\":0,\"adopted\":false,"           \
        "\"labels\":{}}}}"

static void answer_late(void *context) {
        struct fake *fake = context;
        int first = fake_accept(fake);

        ck_assert(!wire_hung_up(first)); /* the call */
        gate_pass(&fake->gate);          /* its caller has given up */
        wire_send_bytes(first, FAKE_SEGMENT("late"), sizeof(FAKE_SEGMENT("late")));
        int second = fake_accept(fake);
        ck_assert(!wire_hung_up(second));
        wire_send_bytes(second, FAKE_SEGMENT("in-time"), sizeof(FAKE_SEGMENT("in-time")));
        ck_assert(wire_hung_up(second));
}

START_TEST(a_late_answer_is_nobody_elses) {
        struct fake fake;
        struct shmb *b;
        struct shmb_segment *segment;

        fake_new(&fake);
        pid_t child = as_begin(NULL, answer_late, &fake);
        ck_assert_int_eq(shmb_connect(&b, fake.address), 0);
        ck_assert_int_eq(shmb_set_timeout(b, SHORT_MS), 0);
        expect_timeout(b);
        gate_wait(&fake.gate);
        gate_open(&fake.gate);
        ck_assert_int_eq(shmb_set_timeout(b, HARNESS_DEADLINE_MS), 0);
        ck_assert_int_eq(shmb_open(b, "in-time", 0, 0, &segment), 0);
        ck_assert_str_eq(segment->name, "in-time");
        shmb_segment_free(segment);
        shmb_close(b);
        as_end(child);
}
END_TEST

struct rubbish {
        struct fake *fake;
        const char *bytes;
        size_t length;
};

static void answer_rubbish(void *context) {
        const struct rubbish *rubbish = context;
        int fd = fake_accept(rubbish->fake);

        ck_assert(!wire_hung_up(fd));
        for (size_t sent = 0; sent < rubbish->length;) {
                ssize_t n = send(fd, rubbish->bytes + sent, rubbish->length - sent, MSG_NOSIGNAL);
                if (n < 0)
                        return;
                sent += (size_t) n;
        }
        ck_assert(wire_hung_up(fd));
}

START_TEST(rubbish_is_an_error) {
        static char long_one[1 << 20];
#define BYTES(text) text, sizeof(text) /* with its NUL */
        static const struct {
                const char *bytes;
                size_t length;
        } rows[] = {
                {BYTES("hello")},
                {BYTES("[]")},
                {BYTES("{")},
                {BYTES("")},
                {BYTES("{\"parameters\":7}")},
                {BYTES("{\"parameters\":{}}")},
                {BYTES("{\"parameters\":{\"segment\":{}}}")},
                {BYTES("{\"parameters\":{\"segment\":{\"name\":\"a\",\"id\":\"x\"}}}")},
                {BYTES("{\"error\":1}")},
                {BYTES("{\"error\":\"org.example.Strange\"}")},
                {BYTES("{\"error\":\"io.shmbroker.SystemError\"}")},
                {BYTES("{\"error\":\"io.shmbroker.SystemError\",\"parameters\":{\"errno\":-5}}")},
                {long_one, sizeof(long_one)},
        };
        struct fake fake;

        memset(long_one, 'x', sizeof(long_one));
        fake_new(&fake);
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                struct rubbish rubbish = {&fake, rows[i].bytes, rows[i].length};
                struct shmb *b;
                pid_t child = as_begin(NULL, answer_rubbish, &rubbish);
                ck_assert_int_eq(shmb_connect(&b, fake.address), 0);
                int r = shmb_open(b, "a", 0, 0, NULL);
                ck_assert_msg(r < 0 && r > -4096, "%s: %d", rows[i].bytes, r);
                ck_assert_str_ne(shmb_error(b), "");
                shmb_close(b);
                as_end(child);
        }
}
END_TEST

int main(void) {
        Suite *suite = suite_create("manners");

        harness_test(suite, threads_share_a_connection);
        harness_test(suite, a_forked_child_has_a_connection_of_its_own);
        harness_test(suite, a_child_is_forked_amid_the_calls_of_other_threads);
        harness_test(suite, signals_do_not_disturb_a_call);
        harness_test(suite, a_descriptor_does_not_outlive_exec);
        harness_test(suite, nothing_stays_open_behind_close);
        harness_test(suite, the_address_is_found);
        harness_test(suite, the_sockets_mode_keeps_others_out);
        harness_test_alone(suite, a_call_ends_at_its_deadline);
        harness_test_alone(suite, signals_do_not_prolong_it);
        harness_test_alone(suite, an_answer_that_trickles_does_not_prolong_it);
        harness_test_alone(suite, a_late_answer_is_nobody_elses);
        harness_test_alone(suite, rubbish_is_an_error);
        return harness_run(suite);
}
