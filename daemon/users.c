#include "users.h"

#include "proto/error.h"

#include <stdlib.h>

#include "tree.h"

struct user {
        RB_ENTRY(user) by_uid;
        struct users *users;
        uid_t uid;
        unsigned references;
        int64_t charged[CHARGES];
};

RB_HEAD(user_tree, user);

struct users {
        struct user_tree by_uid;
};

static int compare(const struct user *a, const struct user *b) {
        return (a->uid > b->uid) - (a->uid < b->uid);
}

RB_GENERATE_STATIC(user_tree, user, by_uid, compare)

int users_new(struct users **ret) {
        struct users *users = calloc(1, sizeof(*users));

        if (users == NULL)
                return -ERROR_NO_MEMORY;
        RB_INIT(&users->by_uid);
        *ret = users;
        return 0;
}

void users_free(struct users *users) {
        struct user *user, *next;

        if (users == NULL)
                return;
        RB_FOREACH_SAFE(user, user_tree, &users->by_uid, next) {
                RB_REMOVE(user_tree, &users->by_uid, user);
                free(user);
        }
        free(users);
}

int users_get(struct users *users, uid_t uid, struct user **ret) {
        struct user sought = {.uid = uid};
        struct user *user = RB_FIND(user_tree, &users->by_uid, &sought);

        if (user == NULL) {
                user = calloc(1, sizeof(*user));
                if (user == NULL)
                        return -ERROR_NO_MEMORY;
                user->users = users;
                user->uid = uid;
                RB_INSERT(user_tree, &users->by_uid, user);
        }
        *ret = user_ref(user);
        return 0;
}

struct user *user_ref(struct user *user) {
        user->references++;
        return user;
}

void user_unref(struct user *user) {
        if (user == NULL || --user->references > 0)
                return;
        RB_REMOVE(user_tree, &user->users->by_uid, user);
        free(user);
}

uid_t user_uid(const struct user *user) {
        return user->uid;
}

int64_t user_charged(const struct user *user, enum charge charge) {
        return user->charged[charge];
}

void user_charge(struct user *user, enum charge charge, int64_t amount) {
        user->charged[charge] += amount;
}
