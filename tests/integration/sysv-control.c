/* shmctl(2) through the library gives what the kernel gives, to each user. */
#include "play.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* --------------------------------------------------------------------- shmctl */

static void set_changes_what_is_given(struct play *p) {
        uid_t uid = geteuid();
        gid_t gid = getegid();

        play_get(p, 'a', 4096, CREATE);
        play_set(p, 'a', uid, gid, 0666);
        play_stat(p, 'a');
        play_set(p, 'a', uid, gid, 07777);
        play_stat(p, 'a');
        play_set(p, 'a', uid, gid, 0);
        play_stat(p, 'a');
        play_set(p, 'a', uid, gid, SHM_LOCKED | 0640);
        play_stat(p, 'a');
        play_set(p, 'a', (uid_t) -1, gid, 0600);
        play_set(p, 'a', uid, (gid_t) -1, 0600);
        play_stat(p, 'a');
        play_rm(p, 'a');
        play_set(p, 'a', uid, gid, 0600);
}

static void give_away(struct play *p) {
        play_get(p, 'a', 4096, CREATE);
        play_set(p, 'a', bob.uid, bob.gid, 0600);
        play_stat(p, 'a'); /* still its creator */
        play_get(p, 'a', 4096, 0600);
        play_ctl(p, 'a', SHM_LOCK);
        play_ctl(p, 'a', SHM_UNLOCK);
        play_set(p, 'a', alice.uid, alice.gid, 0640);
        play_stat(p, 'a');
        play_rm(p, 'a');
}

static void lock_and_unlock(struct play *p) {
        play_get(p, 'a', 4096, CREATE);
        play_ctl(p, 'a', SHM_LOCK);
        play_stat(p, 'a');
        play_ctl(p, 'a', SHM_LOCK);
        play_set(p, 'a', geteuid(), getegid(), 0640);
        play_stat(p, 'a');
        play_ctl(p, 'a', SHM_UNLOCK);
        play_stat(p, 'a');
        play_ctl(p, 'a', SHM_UNLOCK);
        play_ctl(p, 'a', SHM_LOCK);
        play_rm(p, 'a');
        play_ctl(p, 'a', SHM_LOCK);
}

static void remove_while_attached(struct play *p) {
        play_get(p, 'a', 4096, CREATE);
        char *at = play_at(p, 'a', NULL, 0);
        strcpy(at, "still here");
        play_rm(p, 'a');
        play_stat(p, 'a');
        play_size(p, 'a');
        play_note(p, "%s\n", at);
        void *again = play_at(p, 'a', NULL, SHM_RDONLY); /* Linux lets it */
        play_note(p, "%s\n", (char *) again);
        play_stat(p, 'a');
        play_set(p, 'a', geteuid(), getegid(), 0644);
        play_stat(p, 'a');
        play_ctl(p, 'a', SHM_LOCK);
        play_ctl(p, 'a', SHM_UNLOCK);
        play_rm(p, 'a');
        play_get(p, 'a', 4096, 0);
        p->ids['b'] = p->ids['a'];
        play_get(p, 'a', 100, CREATE | IPC_EXCL); /* its name is free */
        play_stat(p, 'a');
        play_dt(p, again);
        play_stat(p, 'b');
        play_dt(p, at);
        play_stat(p, 'b'); /* gone with the last detach */
        play_at(p, 'b', NULL, 0);
        play_rm(p, 'b');
        play_stat(p, 'a');
        play_rm(p, 'a');
}

static void an_id_that_is_gone(struct play *p) {
        play_get(p, 'a', 4096, CREATE);
        play_rm(p, 'a');
        play_rm(p, 'a');
        play_stat(p, 'a');
        play_size(p, 'a');
        play_ctl(p, 'a', SHM_LOCK);
        play_ctl(p, 'a', SHM_UNLOCK);
        play_at(p, 'a', NULL, 0);
        /* Another one in its place in the kernel's table: now the id is known as removed. */
        play_get(p, 'b', 4096, CREATE);
        play_stat(p, 'a');
        play_size(p, 'a');
        play_rm(p, 'a');
        play_set(p, 'a', geteuid(), getegid(), 0600);
        play_ctl(p, 'a', SHM_LOCK);
        play_at(p, 'a', NULL, 0);
        play_rm(p, 'b');
}

static void commands_and_buffers_that_are_wrong(struct play *p) {
        static const int commands[] = {99, -1, 16, IPC_INFO + 100};
        struct shmid_ds ds;

        play_get(p, 'a', 4096, CREATE);
        for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
                play_ctl(p, 'a', commands[i]);
        play_note(p, "stat without a buffer: %s\n",
                  strerrorname_np(-play_raw_ctl(p, p->ids['a'], IPC_STAT, NULL)));
        play_note(p, "set without a buffer: %s\n",
                  strerrorname_np(-play_raw_ctl(p, p->ids['a'], IPC_SET, NULL)));
        static const int ids[] = {-1, 9999999, INT_MAX, INT_MIN};
        static const int known[] = {IPC_STAT, IPC_SET, IPC_RMID, SHM_LOCK, SHM_UNLOCK, 99};
        for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
                for (size_t j = 0; j < sizeof(known) / sizeof(*known); j++) {
                        memset(&ds, 0, sizeof(ds));
                        int r = play_raw_ctl(p, ids[i], known[j], &ds);
                        play_note(p, "id %d, command %d: %s\n", ids[i], known[j],
                                  strerrorname_np(-r));
                }
        }
        play_rm(p, 'a');
}

/* The kernel's table of segments: indexes differ, what stands there does not. */
static void note_table(struct play *p, const char *what, int command, int last) {
        for (int index = 0; index <= last; index++) {
                struct shmid_ds ds;
                int r = play_raw_ctl(p, index, command, &ds);
                if (r >= 0)
                        play_note(p, "%s: %c, %zu bytes\n", what,
                                  r == p->ids['a']   ? 'a'
                                  : r == p->ids['b'] ? 'b'
                                                     : '?',
                                  ds.shm_segsz);
                else if (r != -EINVAL)
                        play_note(p, "%s: %s\n", what, strerrorname_np(-r));
        }
}

static void the_kernel_answers_for_all(struct play *p) {
        struct shminfo limits = {0};
        struct shm_info usage = {0};
        int last;

        play_get(p, 'a', 4096, CREATE);
        play_get(p, 'b', 8192, IPC_CREAT | 0);
        last = play_raw_ctl(p, 0, IPC_INFO, (struct shmid_ds *) &limits);
        play_note(p, "IPC_INFO: %lu %lu %lu %lu %lu\n", limits.shmmax, limits.shmmin, limits.shmmni,
                  limits.shmseg, limits.shmall);
        ck_assert_int_eq(play_raw_ctl(p, 0, SHM_INFO, (struct shmid_ds *) &usage), last);
        play_note(p, "SHM_INFO: %d %lu %lu %lu\n", usage.used_ids, usage.shm_tot, usage.shm_rss,
                  usage.shm_swp);
        note_table(p, "SHM_STAT", SHM_STAT, last);
        note_table(p, "SHM_STAT_ANY", SHM_STAT_ANY, last);
        play_rm(p, 'a');
        play_rm(p, 'b');
}

/* ---------------------------------------------------------------------- users */

static void anothers_segment(struct play *p) {
        play_get(p, 'a', 4096, 0);
        play_get(p, 'a', 4096, 0600);
        play_get(p, 'a', 4097, 0600); /* its size comes before its mode */
        play_get(p, 'a', 4096, CREATE | IPC_EXCL);
        play_get(p, 'a', 4096, CREATE);
        play_stat(p, 'a');
        play_size(p, 'a');
        play_set(p, 'a', geteuid(), getegid(), 0666);
        play_ctl(p, 'a', SHM_LOCK);
        play_ctl(p, 'a', SHM_UNLOCK);
        play_at(p, 'a', NULL, SHM_RDONLY);
        play_at(p, 'a', NULL, 0);
        play_rm(p, 'a');
        play_ctl(p, 'a', 99);
}

static void alice_keeps_it_from_others(struct play *p) {
        static const mode_t modes[] = {0600, 0644, 0666, 0004, 0002};

        play_get(p, 'a', 4096, CREATE);
        for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
                play_set(p, 'a', alice.uid, alice.gid, modes[i]);
                play_stat(p, 'a');
        }
        play_set(p, 'a', alice.uid, alice.gid, 0600);
}

static void alice_shares(struct play *p) {
        play_get(p, 'a', 4096, IPC_CREAT | 0644);
        play_get(p, 'a', 4096, 0);
}

static void bob_reads(struct play *p) {
        play_get(p, 'a', 4096, 0444);
        play_get(p, 'a', 4096, 0);
        play_stat(p, 'a');
        void *at = play_at(p, 'a', NULL, SHM_RDONLY);
        play_stat(p, 'a');
        play_dt(p, at);
        play_at(p, 'a', NULL, 0);
        play_stat(p, 'a');
}

static void two_users(struct play *p) {
        play_as(p, &alice, alice_keeps_it_from_others);
        play_as(p, &bob, anothers_segment);
        play_as(p, &alice, an_id_that_is_gone);
        play_as(p, &alice, alice_shares);
        play_as(p, &bob, bob_reads);
        play_as(p, &bob, anothers_segment);
        play_rm(p, 'a'); /* by root */
}

static void root_may_everything(struct play *p) {
        play_as(p, &alice, alice_keeps_it_from_others);
        play_set(p, 'a', alice.uid, alice.gid, 0);
        play_get(p, 'a', 4096, 0666);
        play_stat(p, 'a');
        void *at = play_at(p, 'a', NULL, 0);
        play_dt(p, at);
        play_set(p, 'a', bob.uid, bob.gid, 0600);
        play_stat(p, 'a');
        play_ctl(p, 'a', SHM_LOCK);
        play_ctl(p, 'a', SHM_UNLOCK);
        play_rm(p, 'a');
}

/* ---------------------------------------------------------------------- tests */

PLAY_TEST(set_changes_what_is_given)
PLAY_TEST(lock_and_unlock)
PLAY_TEST(remove_while_attached)
PLAY_TEST(an_id_that_is_gone)
PLAY_TEST(commands_and_buffers_that_are_wrong)
PLAY_TEST(the_kernel_answers_for_all)

START_TEST(test_nobody_may_lock) {
        struct rlimit none = {0, 0};

        ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
        daemon_start(&harness_daemon);
        play(lock_and_unlock);
}
END_TEST

START_TEST(test_a_segment_given_away) {
        harness_needs_root();
        play_both(&alice, give_away);
}
END_TEST

START_TEST(test_two_users) {
        harness_needs_root();
        play_both(&root, two_users);
}
END_TEST

START_TEST(test_root_may_everything) {
        harness_needs_root();
        if (!harness_is_almighty())
                harness_skip("root lacks capabilities here");
        play_both(&root, root_may_everything);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("sysv-control");

        harness_test(suite, test_set_changes_what_is_given);
        harness_test(suite, test_lock_and_unlock);
        harness_test_alone(suite, test_nobody_may_lock);
        harness_test(suite, test_remove_while_attached);
        harness_test(suite, test_an_id_that_is_gone);
        harness_test(suite, test_commands_and_buffers_that_are_wrong);
        harness_test(suite, test_the_kernel_answers_for_all);
        harness_test(suite, test_a_segment_given_away);
        harness_test(suite, test_two_users);
        harness_test(suite, test_root_may_everything);
        return harness_run(suite);
}
