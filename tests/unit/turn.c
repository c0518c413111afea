#include "turn.h"

#include "suite.h"

START_TEST(a_turn_is_shared) {
        struct turn whole, part, least;
        turn_begin(&whole, 1);
        turn_begin(&part, 4);
        turn_begin(&least, INT64_MAX);
        ck_assert_int_eq(part.length_ns, whole.length_ns / 4);
        ck_assert_int_eq(least.length_ns, whole.length_ns / 10);
}
END_TEST

START_TEST(a_turn_ends) {
        struct turn turn;
        turn_begin(&turn, 1);
        ck_assert(!turn_is_over(&turn)); /* it begins with the first look */
        while (!turn_is_over(&turn))
                continue;
        ck_assert(turn_is_over(&turn));
}
END_TEST

START_TEST(little_is_spent_without_a_look_at_the_clock) {
        struct turn turn;
        turn_begin(&turn, 1);
        for (int i = 0; i < 10; i++)
                ck_assert(!turn_spend(&turn, 100));
        ck_assert_int_eq(turn.ends_ns, 0);
        while (!turn_spend(&turn, 100))
                continue;
        ck_assert(turn_is_over(&turn));
}
END_TEST

START_TEST(replies_are_late_by_the_last_look) {
        struct turn turn;
        turn_begin(&turn, 1);
        ck_assert(!turn_is_late(&turn)); /* nobody has looked */
        turn_is_over(&turn);
        ck_assert(!turn_is_late(&turn));
        while (!turn_is_over(&turn))
                continue;
        ck_assert(turn_is_late(&turn)); /* a turn is longer */
        ck_assert(!turn_is_late(&turn));
        turn.seen_ns = turn.late_ns;
        ck_assert(turn_is_late(&turn));
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {a_turn_is_shared},
                {a_turn_ends},
                {little_is_spent_without_a_look_at_the_clock},
                {replies_are_late_by_the_last_look},
        };

        return suite_run("turn", NULL, NULL, SUITE_ROWS(rows));
}
