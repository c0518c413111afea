#include "worker.h"

#include "suite.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define JOBS 20

/* What the kernel does in the daemon: here it waits until it is let through. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int running, permits;
static pthread_t last_thread;

void work_run(struct work *work) {
        pthread_mutex_lock(&lock);
        running++;
        last_thread = pthread_self();
        pthread_cond_broadcast(&changed);
        while (permits == 0)
                pthread_cond_wait(&changed, &lock);
        permits--;
        running--;
        work->result = work->target.id + 1000;
        pthread_mutex_unlock(&lock);
}

static void permit(int count) {
        pthread_mutex_lock(&lock);
        permits += count;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
}

static void wait_for_running(int count) {
        pthread_mutex_lock(&lock);
        while (running < count)
                pthread_cond_wait(&changed, &lock);
        pthread_mutex_unlock(&lock);
}

static struct worker *worker;
static struct work works[JOBS];
static struct job jobs[JOBS];

static void setup(void) {
        running = permits = 0;
        ck_assert_int_eq(worker_new(&worker), 0);
        for (int i = 0; i < JOBS; i++) {
                works[i] = (struct work){.target.id = i};
                jobs[i] = (struct job){.work = &works[i], .owner = &works[i]};
        }
}

static void teardown(void) {
        worker_free(worker);
}

static bool is_readable(void) {
        struct pollfd poll_fd = {.fd = worker_fd(worker), .events = POLLIN};
        return poll(&poll_fd, 1, 0) == 1;
}

START_TEST(nothing_ends_before_it_is_done) {
        ck_assert_ptr_null(worker_fetch(worker));
        ck_assert_ptr_null(worker_wait(worker));
        worker_submit(worker, &jobs[0]);
        wait_for_running(1);
        ck_assert(!is_readable());
        ck_assert_ptr_null(worker_fetch(worker));
        permit(1);
        ck_assert_ptr_eq(worker_wait(worker), &jobs[0]);
        ck_assert_ptr_eq(jobs[0].owner, &works[0]);
        ck_assert_int_eq(works[0].result, 1000);
        ck_assert(!is_readable());
        ck_assert_ptr_null(worker_wait(worker));
}
END_TEST

START_TEST(it_runs_beside_the_caller) {
        worker_submit(worker, &jobs[0]);
        wait_for_running(1);
        ck_assert(!pthread_equal(last_thread, pthread_self()));
        permit(1);
        ck_assert_ptr_eq(worker_wait(worker), &jobs[0]);
}
END_TEST

START_TEST(four_run_at_once_and_the_others_wait) {
        bool fetched[JOBS] = {false};
        for (int i = 0; i < JOBS; i++)
                worker_submit(worker, &jobs[i]);
        wait_for_running(4);
        ck_assert_int_eq(running, 4);
        permit(JOBS);
        for (int i = 0; i < JOBS; i++) {
                struct job *job = worker_wait(worker);
                ck_assert_ptr_nonnull(job);
                ck_assert(!fetched[job - jobs]);
                fetched[job - jobs] = true;
                ck_assert_int_eq(job->work->result, job->work->target.id + 1000);
        }
        ck_assert_ptr_null(worker_wait(worker));
}
END_TEST

START_TEST(the_descriptor_is_readable_until_all_is_fetched) {
        struct pollfd poll_fd = {.fd = worker_fd(worker), .events = POLLIN};
        permit(2);
        worker_submit(worker, &jobs[0]);
        ck_assert_int_eq(poll(&poll_fd, 1, -1), 1);
        ck_assert_ptr_eq(worker_wait(worker), &jobs[0]);
        ck_assert(!is_readable());
        worker_submit(worker, &jobs[1]);
        ck_assert_int_eq(poll(&poll_fd, 1, -1), 1);
        ck_assert_ptr_eq(worker_fetch(worker), &jobs[1]);
        ck_assert(!is_readable());
}
END_TEST

START_TEST(threads_take_no_signals) {
        worker_submit(worker, &jobs[0]);
        wait_for_running(1);
        sigset_t usr1;
        sigemptyset(&usr1);
        sigaddset(&usr1, SIGUSR1);
        ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &usr1, NULL), 0);
        /* With ours blocked too it can only wait; the default action would kill. */
        ck_assert_int_eq(kill(getpid(), SIGUSR1), 0);
        siginfo_t info;
        ck_assert_int_eq(sigwaitinfo(&usr1, &info), SIGUSR1);
        permit(1);
        ck_assert_ptr_eq(worker_wait(worker), &jobs[0]);
}
END_TEST

START_TEST(without_threads_it_is_done_on_the_spot) {
        /* The kernel charges threads to the user as processes; root is exempt. */
        if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
                return;
        struct rlimit before, none;
        ck_assert_int_eq(getrlimit(RLIMIT_NPROC, &before), 0);
        none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
        ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &none), 0);
        permit(1);
        worker_submit(worker, &jobs[0]);
        ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &before), 0);
        ck_assert(pthread_equal(last_thread, pthread_self()));
        ck_assert(is_readable());
        ck_assert_ptr_eq(worker_fetch(worker), &jobs[0]);
        ck_assert_int_eq(works[0].result, 1000);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {nothing_ends_before_it_is_done},
                {it_runs_beside_the_caller},
                {four_run_at_once_and_the_others_wait},
                {the_descriptor_is_readable_until_all_is_fetched},
                {threads_take_no_signals},
                {without_threads_it_is_done_on_the_spot},
        };
        return suite_run("worker", setup, teardown, SUITE_ROWS(rows));
}
