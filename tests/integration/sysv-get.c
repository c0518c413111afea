/* shmget(2) through the library gives what the kernel gives. */
#include "play.h"

#include <asm-generic/hugetlb_encode.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* ---------------------------------------------------------------------- tests */

PLAY_TEST(get_finds_and_creates)
PLAY_TEST(get_makes_private_ones)
PLAY_TEST(get_asks_every_bit_of_the_mode)
PLAY_TEST(get_refuses_sizes)
PLAY_TEST(sizes_are_64_bits_wide)
PLAY_TEST(huge_pages_and_their_sizes)

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
        play(nothing_fits_any_more);
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

int main(void) {
        Suite *suite = suite_create("sysv-get");

        harness_test(suite, test_get_finds_and_creates);
        harness_test(suite, test_get_makes_private_ones);
        harness_test(suite, test_get_asks_every_bit_of_the_mode);
        harness_test(suite, test_get_refuses_sizes);
        harness_test(suite, test_sizes_are_64_bits_wide);
        harness_test(suite, test_huge_pages_and_their_sizes);
        harness_test(suite, test_huge_pages_where_there_are_some);
        harness_test(suite, test_nothing_fits_any_more);
        return harness_run(suite);
}
