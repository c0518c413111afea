/*
 * Each allocation of the broker, and of the libraries that it uses, fails once, the 1st,
 * the 2nd, ... until a run has no more of them: the broker refuses what it can't do, is as
 * before, and goes on. It may end at its start, with a reason.
 */
#include "script.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
        unsigned allocations;
        unsigned refused_starts;
} * found; /* shared with the workers */

static int preload; /* the library, open for the broker's user to read */

static bool run(struct daemon *daemon, unsigned n) {
        char number[32], path[64];
        struct script script;

        script_begin(&script, daemon);
        snprintf(number, sizeof(number), "FAIL_ALLOCATION=%u", n);
        snprintf(path, sizeof(path), "LD_PRELOAD=/proc/self/fd/%d", preload);
        daemon->environment[0] = number;
        daemon->environment[1] = path;
        /* Its runtime would like to come first, and to say so of failures as well. */
        daemon->environment[2] = "ASAN_OPTIONS=verify_asan_link_order=0";
        daemon_trying(daemon, "allocation %u", n);
        if (daemon_try_start(daemon)) {
                script_insist(&script);
                daemon_stop(daemon);
        } else {
                ck_assert_msg(WIFEXITED(daemon->status) && WEXITSTATUS(daemon->status) == 1,
                              "it ended with %#x", daemon->status);
                ck_assert_msg(daemon_logged(daemon, "shmbrokerd: "), "it does not say why");
                __atomic_add_fetch(&found->refused_starts, 1, __ATOMIC_RELAXED);
        }
        script_end(&script);
        return daemon_logged(daemon, "an allocation fails");
}

static void fail_each_allocation(struct daemon *daemon, unsigned number, unsigned count) {
        for (unsigned n = 1 + number; run(daemon, n); n += count)
                __atomic_add_fetch(&found->allocations, 1, __ATOMIC_RELAXED);
}

START_TEST(every_failing_allocation_is_survived) {
        found = mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                     0);
        ck_assert_ptr_ne(found, MAP_FAILED);
        preload = open(FAIL_ALLOCATION, O_RDONLY); /* not close-on-exec */
        ck_assert_int_ge(preload, 0);
        script_learn(&harness_daemon);
        script_in_parallel(fail_each_allocation);
        ck_assert_uint_gt(found->allocations, 20);
        dprintf(STDOUT_FILENO, "# %u failing allocations, %u of them end the start\n",
                found->allocations, found->refused_starts);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("failing-allocations");

        harness_test_alone(suite, every_failing_allocation_is_survived);
        return harness_run(suite);
}
