/*
 * What each user (uid) makes the broker hold: segments, their bytes, connections.
 * A user that holds nothing is forgotten.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct user;
struct users;

enum charge {
        CHARGE_SEGMENTS,
        CHARGE_SIZE, /* bytes */
        CHARGE_CONNECTIONS,
        CHARGES,
};

int users_new(struct users **ret); /* -ERROR_NO_MEMORY */
void users_free(struct users *users);

/* Finds or makes; the caller holds a reference and gives it back with user_unref(). */
int users_get(struct users *users, uid_t uid, struct user **ret); /* -ERROR_NO_MEMORY */
struct user *user_ref(struct user *user);
void user_unref(struct user *user); /* takes NULL */

uid_t user_uid(const struct user *user);
int64_t user_charged(const struct user *user, enum charge charge);
void user_charge(struct user *user, enum charge charge, int64_t amount); /* negative gives back */
