/*
 * A room's tests that share a setup, as rows.
 */
#pragma once

#include <check.h>
#include <stdlib.h>

#define SUITE_TIMEOUT_S 60 /* a hang, also on a slow machine and under sanitizers */

struct suite_row {
        const TTest *test;
        int loops; /* it is run with _i = 0, 1, ... below this; 0: once */
};

#define COUNT(array)     (sizeof(array) / sizeof((array)[0]))
#define SUITE_ROWS(rows) (rows), COUNT(rows)

/* main()'s value. */
static inline int suite_run(const char *room, void (*setup)(void), void (*teardown)(void),
                            const struct suite_row *rows, size_t count) {
        Suite *suite = suite_create(room);
        TCase *tests = tcase_create(room);
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_set_timeout(tests, SUITE_TIMEOUT_S);
        tcase_add_checked_fixture(tests, setup, teardown);
        for (size_t i = 0; i < count; i++)
                tcase_add_loop_test(tests, rows[i].test, 0, rows[i].loops > 0 ? rows[i].loops : 1);
        suite_add_tcase(suite, tests);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
