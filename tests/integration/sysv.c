/*
 * The System V calls through the library give what the kernel gives: every script is
 * told to both, by the same client, and must come out the same.
 */
#include "play.h"

#include <asm-generic/hugetlb_encode.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define CREATE (IPC_CREAT | 0600)

/* Alice where we are root, who could do everything; else ourselves. */
static void both(play_script script) {
        struct who self = harness_self();

        play_both(geteuid() == 0 ? &alice : &self, script);
}

/* -------------------------------------------------------------------- shmget */

static void get_finds_and_creates(struct play *p) {
        play_get(p, 'a', 4096, 0600);
        play_get(p, 'a', 4096, IPC_EXCL | 0600);
        play_get(p, 'a', 0, CREATE);
        play_get(p, 'a', 4096, CREATE);
        play_stat(p, 'a');
        play_get(p, 'a', 4096, CREATE);
        play_get(p, 'a', 0, CREATE);
        play_get(p, 'a', 0, 0);
        play_get(p, 'a', 1, 0600);
        play_get(p, 'a', 4096, IPC_EXCL);
        play_get(p, 'a', 4097, 0);
        play_get(p, 'a', 4097, CREATE);
        play_get(p, 'a', 4096, CREATE | IPC_EXCL);
        play_get(p, 'a', 4097, CREATE | IPC_EXCL);
        play_get(p, 'a', 0, CREATE | IPC_EXCL);
        play_get(p, 'b', 5000, IPC_CREAT | IPC_EXCL | 0640);
        play_stat(p, 'b');
        play_get(p, 'b', 5001, 0);
        play_rm(p, 'b');
        play_get(p, 'b', 5000, 0);
        play_rm(p, 'a');
}

static void get_makes_private_ones(struct play *p) {
        play_get_private(p, 'a', 4096, 0600);
        play_stat(p, 'a');
        play_get_private(p, 'b', 1, IPC_CREAT | IPC_EXCL | 0644);
        play_stat(p, 'b');
        play_get_private(p, 'c', 1, 0);
        play_stat(p, 'c');
        play_get_private(p, 'd', 0, 0600);
        play_get_private(p, 'd', SIZE_MAX, 0600);
        play_rm(p, 'a');
        play_rm(p, 'b');
        play_rm(p, 'c');
}

static void get_asks_every_bit_of_the_mode(struct play *p) {
        static const int modes[] = {0,    0400, 0200, 0600, 0040, 0060, 0004, 0006, 0644,
                                    0666, 0700, 0100, 0010, 0001, 0777, 0111, 0222, 0444};

        for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
                play_get(p, 'a', 100, IPC_CREAT | modes[i]);
                play_stat(p, 'a');
                for (size_t j = 0; j < sizeof(modes) / sizeof(*modes); j++) {
                        play_get(p, 'a', 100, modes[j]);
                        play_get(p, 'a', 101, modes[j]);
                        play_get(p, 'a', 100, IPC_CREAT | modes[j]);
                }
                play_rm(p, 'a');
        }
}

static void get_refuses_sizes(struct play *p) {
        play_get(p, 'a', SIZE_MAX, CREATE);
        play_get(p, 'a', SIZE_MAX - 4096, CREATE);
        play_get(p, 'a', (size_t) 1 << 50, CREATE); /* more than any memory */
        play_get(p, 'a', SIZE_MAX, 0);
        play_get(p, 'a', 10, CREATE);
        play_get(p, 'a', SIZE_MAX, CREATE);
        play_get(p, 'a', SIZE_MAX, 0);
        play_get(p, 'a', SIZE_MAX, CREATE | IPC_EXCL);
        play_rm(p, 'a');
}

static void sizes_are_64_bits_wide(struct play *p) {
        const size_t five = (size_t) 5 << 30;

        play_get(p, 'a', five, CREATE | SHM_NORESERVE);
        play_stat(p, 'a');
        play_size(p, 'a');
        play_get(p, 'a', five, 0600);
        play_get(p, 'a', five + 1, 0600);
        play_get(p, 'a', (size_t) 1 << 30, 0600);
        char *at = play_at(p, 'a', NULL, 0);
        ck_assert_ptr_nonnull(at);
        at[five - 1] = 'x';
        play_stat(p, 'a');
        play_note(p, "last byte: %c\n", at[five - 1]);
        play_dt(p, at);
        play_rm(p, 'a');
        play_get(p, 'b', ((size_t) 1 << 32) + 1, CREATE | SHM_NORESERVE);
        play_size(p, 'b');
        play_rm(p, 'b');
}

static void huge_pages_and_their_sizes(struct play *p) {
        static const int flags[] = {
                SHM_HUGETLB,
                SHM_HUGETLB | HUGETLB_FLAG_ENCODE_2MB,
                SHM_HUGETLB | HUGETLB_FLAG_ENCODE_1GB,
                SHM_HUGETLB | (int) (13U << HUGETLB_FLAG_ENCODE_SHIFT), /* no such page anywhere */
                SHM_HUGETLB | (int) (63U << HUGETLB_FLAG_ENCODE_SHIFT),
                SHM_HUGETLB | SHM_NORESERVE,
                SHM_HUGETLB | SHM_NORESERVE | HUGETLB_FLAG_ENCODE_2MB,
        };

        for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
                if (play_get(p, 'a', 4096, CREATE | flags[i]) >= 0) {
                        play_stat(p, 'a');
                        play_get(p, 'a', 4096, flags[i] | 0600);
                        play_rm(p, 'a');
                }
                if (play_get_private(p, 'b', 4096, 0600 | flags[i]) >= 0)
                        play_rm(p, 'b');
        }
        play_get(p, 'c', 4096, CREATE);
        play_get(p, 'c', 4096, SHM_HUGETLB | 0600);
        play_get(p, 'd', 4096, CREATE | HUGETLB_FLAG_ENCODE_2MB); /* without SHM_HUGETLB: nothing */
        play_stat(p, 'd');
        play_rm(p, 'c');
        play_rm(p, 'd');
}

static void nothing_fits_any_more(struct play *p) {
        play_get(p, 'a', 4096, CREATE);
        play_get(p, 'b', 4096, CREATE);
        play_get(p, 'c', 4096, CREATE); /* shmmni */
        play_get_private(p, 'c', 4096, 0600);
        play_get(p, 'a', 4096, 0600);
        play_rm(p, 'a');
        play_get(p, 'c', 3 * 4096, CREATE);     /* shmall */
        play_get(p, 'c', 8 * 4096 + 1, CREATE); /* shmmax, before shmall */
        play_get(p, 'c', 2 * 4096, CREATE);
        play_rm(p, 'b');
        play_rm(p, 'c');
}

/* --------------------------------------------------------------- shmat, shmdt */

static void note_mapping(struct play *p, const void *at) {
        char line[512], permissions[8] = "none";
        FILE *maps = fopen("/proc/self/maps", "re");

        ck_assert_ptr_nonnull(maps);
        while (fgets(line, sizeof(line), maps) != NULL) {
                unsigned long start;
                char found[8];
                if (sscanf(line, "%lx-%*x %7s", &start, found) == 2 && start == (uintptr_t) at)
                        memcpy(permissions, found, sizeof(found));
        }
        fclose(maps);
        play_note(p, "  mapped %s\n", permissions);
}

static void at_attaches_as_asked(struct play *p) {
        play_get(p, 'a', 3 * 4096, IPC_CREAT | 0700);

        static const int flags[] = {0,       SHM_RDONLY, SHM_EXEC, SHM_RDONLY | SHM_EXEC,
                                    SHM_RND, SHM_REMAP};
        for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
                void *at = play_at(p, 'a', NULL, flags[i]);
                if (at != NULL) {
                        note_mapping(p, at);
                        play_stat(p, 'a');
                        play_dt(p, at);
                        play_dt(p, at);
                }
                play_stat(p, 'a');
        }
        play_rm(p, 'a');
}

static void at_goes_where_it_is_told(struct play *p) {
        const size_t size = 4 * (size_t) SHMLBA;
        char *room = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        ck_assert_ptr_ne(room, MAP_FAILED);
        play_get(p, 'a', (size_t) SHMLBA, CREATE);
        play_at(p, 'a', room, 0); /* taken */
        munmap(room, size);

        const struct {
                size_t offset;
                int flags;
        } rows[] = {{0, 0},
                    {0, SHM_RND},
                    {1, 0},
                    {1, SHM_RND},
                    {SHMLBA, 0},
                    {100, 0},
                    {SHMLBA + 100, SHM_RND},
                    {100, SHM_RND | SHM_RDONLY},
                    {1, SHM_REMAP},
                    {1, SHM_REMAP | SHM_RND}};
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                char *at = play_at(p, 'a', room + rows[i].offset, rows[i].flags);
                if (at != NULL) {
                        play_note(p, "  at %td\n", at - room);
                        note_mapping(p, at);
                        play_dt(p, at + 1);
                        play_dt(p, at);
                }
        }
        play_rm(p, 'a');
}

static void at_remaps_what_is_there(struct play *p) {
        char *room = mmap(NULL, (size_t) SHMLBA, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        ck_assert_ptr_ne(room, MAP_FAILED);
        room[0] = 'x';
        play_get(p, 'a', (size_t) SHMLBA, CREATE);
        play_at(p, 'a', room, 0);
        char *at = play_at(p, 'a', room, SHM_REMAP);
        ck_assert_ptr_eq(at, room);
        play_note(p, "  first byte %d\n", at[0]);
        play_dt(p, at);
        play_rm(p, 'a');
}

static void at_refuses(struct play *p) {
        void *at;

        play_get(p, 'a', 4096, CREATE);
        play_note(p, "id -1: %s\n", strerrorname_np(-play_raw_at(p, -1, NULL, 0, &at)));
        play_note(p, "id 9999999: %s\n", strerrorname_np(-play_raw_at(p, 9999999, NULL, 0, &at)));
        play_at(p, 'a', NULL, SHM_EXEC); /* its mode has no x */
        play_set(p, 'a', geteuid(), getegid(), 0400);
        play_at(p, 'a', NULL, 0);
        at = play_at(p, 'a', NULL, SHM_RDONLY);
        play_dt(p, at);
        play_set(p, 'a', geteuid(), getegid(), 0200);
        play_at(p, 'a', NULL, SHM_RDONLY);
        play_at(p, 'a', NULL, 0);
        play_dt(p, NULL);
        play_dt(p, &at);
        play_rm(p, 'a');
        play_at(p, 'a', NULL, 0);
}

static void at_counts(struct play *p) {
        void *at[3];

        play_get(p, 'a', 4096, CREATE);
        for (size_t i = 0; i < 3; i++) {
                at[i] = play_at(p, 'a', NULL, i == 1 ? SHM_RDONLY : 0);
                play_stat(p, 'a');
        }
        for (size_t i = 0; i < 3; i++) {
                play_dt(p, at[i]);
                play_stat(p, 'a');
        }
        play_rm(p, 'a');
}

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

#define DIFFERENTIAL(name)                                                                         \
        START_TEST(test_##name) {                                                                  \
                both(name);                                                                        \
        }                                                                                          \
        END_TEST

DIFFERENTIAL(get_finds_and_creates)
DIFFERENTIAL(get_makes_private_ones)
DIFFERENTIAL(get_asks_every_bit_of_the_mode)
DIFFERENTIAL(get_refuses_sizes)
DIFFERENTIAL(sizes_are_64_bits_wide)
DIFFERENTIAL(huge_pages_and_their_sizes)
DIFFERENTIAL(at_attaches_as_asked)
DIFFERENTIAL(at_goes_where_it_is_told)
DIFFERENTIAL(at_remaps_what_is_there)
DIFFERENTIAL(at_refuses)
DIFFERENTIAL(at_counts)
DIFFERENTIAL(set_changes_what_is_given)
DIFFERENTIAL(lock_and_unlock)
DIFFERENTIAL(remove_while_attached)
DIFFERENTIAL(an_id_that_is_gone)
DIFFERENTIAL(commands_and_buffers_that_are_wrong)
DIFFERENTIAL(the_kernel_answers_for_all)

static void set_sysctl(const char *path, const char *value) {
        int fd = open(path, O_WRONLY | O_CLOEXEC);

        if (fd < 0 || write(fd, value, strlen(value)) < 0)
                harness_skip("the kernel's limits can't be set");
        close(fd);
}

START_TEST(test_nothing_fits_any_more) {
        harness_needs_root();
        set_sysctl("/proc/sys/kernel/shmmni", "2"); /* all three are this namespace's */
        set_sysctl("/proc/sys/kernel/shmall", "3");
        set_sysctl("/proc/sys/kernel/shmmax", "32768");
        both(nothing_fits_any_more);
}
END_TEST

START_TEST(test_nobody_may_lock) {
        struct rlimit none = {0, 0};

        ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
        daemon_start(&harness_daemon);
        both(lock_and_unlock);
}
END_TEST

/* What this machine has them at, which is the whole machine's affair. */
static struct huge_pages {
        const char *path;
        long before;
        long wanted;
} huge_pages[] = {
        {"/proc/sys/vm/nr_hugepages", -1, 4},
        {"/proc/sys/vm/hugetlb_shm_group", -1, BROKER_UID},
};
static pid_t huge_pages_owner;

static void set_number(const char *path, long number) {
        char text[32];

        snprintf(text, sizeof(text), "%ld", number);
        set_sysctl(path, text);
}

static long get_number(const char *path, const char *format) {
        char line[128];
        long number = -1;
        FILE *file = fopen(path, "re");

        while (file != NULL && number < 0 && fgets(line, sizeof(line), file) != NULL)
                sscanf(line, format, &number);
        if (file != NULL)
                fclose(file);
        return number;
}

static void give_huge_pages_back(void) {
        for (size_t i = 0; i < 2 && getpid() == huge_pages_owner; i++)
                if (huge_pages[i].before >= 0)
                        set_number(huge_pages[i].path, huge_pages[i].before);
}

static void take_huge_pages(void) {
        huge_pages_owner = getpid();
        ck_assert_int_eq(atexit(give_huge_pages_back), 0);
        for (size_t i = 0; i < 2; i++) {
                long before = get_number(huge_pages[i].path, "%ld");
                if (before < 0)
                        harness_skip("this kernel has no huge pages");
                if (i == 0 && before >= huge_pages[i].wanted)
                        continue;
                set_number(huge_pages[i].path, huge_pages[i].wanted);
                huge_pages[i].before = before;
        }
        if (get_number("/proc/meminfo", "HugePages_Free: %ld") < 2)
                harness_skip("no huge page is free on this machine");
}

START_TEST(test_huge_pages_where_there_are_some) {
        /* As the broker's user, the client is in the group that may have them. */
        const struct who member = {alice.uid, alice.gid, {BROKER_UID}, 1};

        harness_needs_root();
        take_huge_pages();
        play_both(&member, huge_pages_and_their_sizes);

        int fd = wire_connect(&harness_daemon);
        cJSON *reply = wire_call(fd, "Create", "'name':'a','size':4096,'hugePageSize':1");
        ck_assert_ptr_null(reply_error(reply));
        ck_assert_int_gt(reply_integer(reply, "segment.pageSize"), sysconf(_SC_PAGESIZE));
        expect_success(reply);
        expect_success(wire_call(fd, "Remove", "'name':'a'"));
        close(fd);
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
        Suite *suite = suite_create("sysv");

        harness_test(suite, test_get_finds_and_creates);
        harness_test(suite, test_get_makes_private_ones);
        harness_test(suite, test_get_asks_every_bit_of_the_mode);
        harness_test(suite, test_get_refuses_sizes);
        harness_test(suite, test_sizes_are_64_bits_wide);
        harness_test(suite, test_huge_pages_and_their_sizes);
        harness_test(suite, test_huge_pages_where_there_are_some);
        harness_test(suite, test_nothing_fits_any_more);
        harness_test(suite, test_at_attaches_as_asked);
        harness_test(suite, test_at_goes_where_it_is_told);
        harness_test(suite, test_at_remaps_what_is_there);
        harness_test(suite, test_at_refuses);
        harness_test(suite, test_at_counts);
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
