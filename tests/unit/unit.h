/*
 * What a unit test needs besides Check.
 */
#pragma once

#include <check.h>
#include <stddef.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Runs a room's tests, of which NULL is the last; main()'s value. */
static inline int unit_run(const char *room, const TTest *const tests[]) {
        Suite *suite = suite_create(room);
        TCase *cases = tcase_create(room);
        SRunner *runner = srunner_create(suite);

        suite_add_tcase(suite, cases);
        for (size_t i = 0; tests[i] != NULL; i++)
                tcase_add_test(cases, tests[i]);
        srunner_run_all(runner, CK_ENV);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
#define UNIT_RUN(room, ...) unit_run(room, (const TTest *const[]){__VA_ARGS__, NULL})
