/*
 * The broker is killed at its 1st, 2nd, ... last system call of the script, its start
 * and its end included, and each time the next broker must know what was acknowledged,
 * and nothing by half. From some of those deaths it is killed again at every system
 * call of its recovery.
 */
#include "killing.h"
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

static struct {
        unsigned points;          /* where the script's broker was killed */
        unsigned recovery_points; /* where a recovering one was */
        unsigned middle[128];     /* of the points in each step, one: where to try its recovery */
} * found;                        /* shared with the workers */

/* The script until the broker is killed at its Nth call. False: it never was. */
static bool run_until_killed(struct script *script, struct daemon *daemon, unsigned n) {
        script_begin(script, daemon);
        kill_next_at(daemon, n);
        if (!daemon_try_start(daemon)) {
                ck_assert_msg(was_killed(daemon), "it did not start, status %#x", daemon->status);
        } else {
                enum script_result result = script_run(script);
                ck_assert_msg(result != SCRIPT_REFUSED, "step %u was refused", script->step);
                daemon_terminate(daemon);
                ck_assert_msg(was_killed(daemon) || (result == SCRIPT_ENDED && daemon->status == 0),
                              "call %u: it ended with %#x in step %u", n, daemon->status,
                              script->step);
        }
        kill_no_more(daemon);
        return was_killed(daemon);
}

static void recover_and_finish(struct script *script, struct daemon *daemon) {
        daemon_start(daemon);
        script_check(script);
        ck_assert_int_eq(script_run(script), SCRIPT_ENDED);
        script_check(script);
        daemon_stop(daemon);
        script_end(script);
}

static void kill_at_each_call(struct daemon *daemon, unsigned number, unsigned count) {
        struct script script;

        for (unsigned n = 1 + number; run_until_killed(&script, daemon, n);
             n += count * SCRIPT_STRIDE) {
                __atomic_add_fetch(&found->points, 1, __ATOMIC_RELAXED);
                if (script.unheard)
                        found->middle[script.step] = n;
                recover_and_finish(&script, daemon);
        }
        script_end(&script);
}

/* What was begun at that death: recovered from, as often as it is killed again. */
static void kill_the_recovery_of(struct daemon *daemon, unsigned n) {
        struct script script;

        for (unsigned m = 1;; m += SCRIPT_STRIDE) {
                ck_assert(run_until_killed(&script, daemon, n));
                kill_next_at(daemon, m);
                bool started = daemon_try_start(daemon);
                if (started)
                        daemon_kill(daemon); /* by way of its wrapper */
                kill_no_more(daemon);
                if (started) {
                        recover_and_finish(&script, daemon);
                        return;
                }
                ck_assert(was_killed(daemon));
                __atomic_add_fetch(&found->recovery_points, 1, __ATOMIC_RELAXED);
                recover_and_finish(&script, daemon);
        }
}

/* Deaths in the middle of these steps leave something to be completed or undone. */
static const unsigned begun_steps[] = {0, 2, 3, 4, 10, 11, 14, 18, 19, 21, 24, 25};

static void kill_recoveries(struct daemon *daemon, unsigned number, unsigned count) {
        for (unsigned i = number; i < sizeof(begun_steps) / sizeof(*begun_steps); i += count) {
                unsigned n = found->middle[begun_steps[i]];
                ck_assert_msg(n > 0, "no death in step %u", begun_steps[i]);
                kill_the_recovery_of(daemon, n);
        }
}

START_TEST(nothing_is_lost_or_half_done_at_any_system_call) {
        found = mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                     0);
        ck_assert_ptr_ne(found, MAP_FAILED);
        script_learn(&harness_daemon);
        script_in_parallel(kill_at_each_call);
        ck_assert_uint_gt(found->points, 100);
        dprintf(STDOUT_FILENO, "# %u kill points in %u calls, a start and an end\n", found->points,
                script_steps());
        script_in_parallel(kill_recoveries);
        dprintf(STDOUT_FILENO, "# %u kill points in %zu recoveries\n", found->recovery_points,
                sizeof(begun_steps) / sizeof(*begun_steps));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("kill-points");

        harness_test_alone(suite, nothing_is_lost_or_half_done_at_any_system_call);
        return harness_run(suite);
}
