/*
 * An IPC namespace of a test's own, so that it makes segments as it likes and leaves
 * none behind, and other users' eyes. Root's privilege is needed for both.
 */
#pragma once

#include <check.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/shm.h>
#include <unistd.h>

#define IPC_SKIPPED 77 /* meson's exit code for it */

/* Who the tests are about: none of them is root, and none is the broker. */
enum {
        UID_BROKER = 4200,
        UID_OWNER = 4201,
        UID_OTHER = 4202,
        GID_BROKER = 4300,
        GID_OWNER = 4301,
        GID_OTHER = 4302,
};

/* False where this process may not have one. */
static inline bool ipc_enter_namespace(void) {
        return geteuid() == 0 && unshare(CLONE_NEWIPC) == 0;
}

/* From here on the process acts as this user, without a capability; root can come back. */
static inline void ipc_become(uid_t uid, gid_t gid, const gid_t *groups, size_t count) {
        ck_assert_int_eq(seteuid(0), 0);
        ck_assert_int_eq(setgroups(count, groups), 0);
        ck_assert_int_eq(setegid(gid), 0);
        ck_assert_int_eq(seteuid(uid), 0);
}

static inline void ipc_become_root(void) {
        ipc_become(0, 0, NULL, 0);
}

/* shmctl(2) by another user than the broker. */
static inline int ipc_control_as(uid_t uid, int id, int command) {
        uid_t before = geteuid();
        int r;

        ck_assert_int_eq(seteuid(0), 0);
        ck_assert_int_eq(seteuid(uid), 0);
        r = shmctl(id, command, NULL);
        ck_assert_int_eq(seteuid(0), 0);
        ck_assert_int_eq(seteuid(before), 0);
        return r;
}

/* The id of the next segment that is made, shmctl(2); false where the kernel has no such
 * knob (CONFIG_CHECKPOINT_RESTORE). */
static inline bool ipc_set_next_id(int id) {
        uid_t before = geteuid();
        FILE *file;
        bool done;

        ck_assert_int_eq(seteuid(0), 0);
        file = fopen("/proc/sys/kernel/shm_next_id", "w");
        done = file != NULL && fprintf(file, "%d\n", id) > 0;
        if (file != NULL && fclose(file) != 0)
                done = false;
        ck_assert_int_eq(seteuid(before), 0);
        return done;
}

static inline int ipc_remove_found(int id) {
        return shmctl(id, IPC_RMID, NULL);
}
