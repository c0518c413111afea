#include "timer.h"

#include "suite.h"

#include <event2/event.h>

static struct event_base *base;
static struct timer first, second;
static int first_times, second_times;

static void count(void *argument) {
        ++*(int *) argument;
}

static void setup(void) {
        base = event_base_new();
        ck_assert_ptr_nonnull(base);
        first_times = second_times = 0;
        ck_assert_int_eq(timer_open(&first, base, count, &first_times), 0);
        ck_assert_int_eq(timer_open(&second, base, count, &second_times), 0);
}

static void teardown(void) {
        timer_close(&first);
        timer_close(&second);
        event_base_free(base);
}

static void run_until(const int *times, int wanted) {
        while (*times < wanted)
                ck_assert_int_eq(event_base_loop(base, EVLOOP_ONCE), 0);
}

START_TEST(a_timer_expires_once_or_again_and_again) {
        timer_start(&first, 1, false);
        timer_start(&second, 2, true);
        run_until(&second_times, 3);
        ck_assert_int_eq(first_times, 1);
}
END_TEST

START_TEST(a_stopped_timer_does_not_expire) {
        timer_start(&first, 1, true);
        timer_stop(&first);
        timer_start(&second, 5, false);
        run_until(&second_times, 1);
        ck_assert_int_eq(first_times, 0);
}
END_TEST

START_TEST(a_timer_is_started_anew) {
        timer_start(&first, 1000000, true);
        timer_start(&first, 1, false);
        run_until(&first_times, 1);
        timer_start(&first, 1001, false);
        timer_start(&first, 1, false);
        run_until(&first_times, 2);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {a_timer_expires_once_or_again_and_again},
                {a_stopped_timer_does_not_expire},
                {a_timer_is_started_anew},
        };

        return suite_run("timer", setup, teardown, SUITE_ROWS(rows));
}
