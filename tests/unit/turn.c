#include "turn.h"

#include "suite.h"

/* The later one begins later, which makes no difference larger than it is here. */
START_TEST(a_turn_is_shared) {
        struct turn part, whole;
        turn_begin(&part, 4);
        turn_begin(&whole, 1);
        ck_assert_int_ge(whole.ends_ns - part.ends_ns, 750000);
}
END_TEST

START_TEST(a_part_of_a_turn_is_not_nothing) {
        struct turn least, tenth;
        turn_begin(&tenth, 10);
        turn_begin(&least, INT64_MAX);
        ck_assert_int_ge(least.ends_ns, tenth.ends_ns);
}
END_TEST

START_TEST(a_turn_ends) {
        struct turn turn;
        turn_begin(&turn, 1);
        while (!turn_is_over(&turn))
                continue;
        ck_assert(turn_is_over(&turn));
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {a_turn_is_shared},
                {a_part_of_a_turn_is_not_nothing},
                {a_turn_ends},
        };

        return suite_run("turn", NULL, NULL, SUITE_ROWS(rows));
}
