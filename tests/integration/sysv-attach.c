/* shmat(2) and shmdt(2) through the library give what the kernel gives. */
#include "play.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* ---------------------------------------------------------------------- tests */

PLAY_TEST(at_attaches_as_asked)
PLAY_TEST(at_goes_where_it_is_told)
PLAY_TEST(at_remaps_what_is_there)
PLAY_TEST(at_refuses)
PLAY_TEST(at_counts)

int main(void) {
        Suite *suite = suite_create("sysv-attach");

        harness_test(suite, test_at_attaches_as_asked);
        harness_test(suite, test_at_goes_where_it_is_told);
        harness_test(suite, test_at_remaps_what_is_there);
        harness_test(suite, test_at_refuses);
        harness_test(suite, test_at_counts);
        return harness_run(suite);
}
