#include "users.h"

#include "suite.h"

#include <stdlib.h>

static struct users *users;

static void setup(void) {
        ck_assert_int_eq(users_new(&users), 0);
}

static void teardown(void) {
        users_free(users);
}

static struct user *get(uid_t uid) {
        struct user *user;

        ck_assert_int_eq(users_get(users, uid, &user), 0);
        ck_assert_uint_eq(user_uid(user), uid);
        return user;
}

START_TEST(a_user_is_one_and_the_same_while_it_is_referred_to) {
        struct user *first = get(1000), *second = get(1000);

        ck_assert_ptr_eq(first, second);
        ck_assert_ptr_ne(get(1001), first);
        user_charge(first, CHARGE_SIZE, 4096);
        user_unref(first);
        ck_assert_int_eq(user_charged(second, CHARGE_SIZE), 4096);
        ck_assert_int_eq(user_charged(second, CHARGE_SEGMENTS), 0);
        user_charge(second, CHARGE_SIZE, -4096);
        ck_assert_int_eq(user_charged(second, CHARGE_SIZE), 0);
}
END_TEST

START_TEST(a_user_that_nobody_refers_to_is_forgotten) {
        struct user *user = get(7);

        user_charge(user_ref(user), CHARGE_CONNECTIONS, 3);
        user_unref(user);
        user_unref(user);
        user_unref(NULL);
        user = get(7);
        ck_assert_int_eq(user_charged(user, CHARGE_CONNECTIONS), 0);
}
END_TEST

START_TEST(many_users_are_kept_apart) {
        enum { USERS = 1000 };
        struct user *many[USERS];

        for (uid_t uid = 0; uid < USERS; uid++) {
                many[uid] = get(uid * 2654435761U);
                user_charge(many[uid], CHARGE_SEGMENTS, uid);
        }
        for (uid_t uid = 0; uid < USERS; uid += 2)
                user_unref(many[uid]);
        for (uid_t uid = 0; uid < USERS; uid++)
                ck_assert_int_eq(user_charged(get(uid * 2654435761U), CHARGE_SEGMENTS),
                                 uid % 2 == 0 ? 0 : uid);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {a_user_is_one_and_the_same_while_it_is_referred_to},
                {a_user_that_nobody_refers_to_is_forgotten},
                {many_users_are_kept_apart},
        };

        return suite_run("users", setup, teardown, SUITE_ROWS(rows));
}
