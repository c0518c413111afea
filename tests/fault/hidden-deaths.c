/*
 * Programs that use the library notice nothing of a broker that is killed and started
 * again, whatever they are calling; only a Remove by name may have to say that it does
 * not know.
 */
#include "harness.h"
#include "shmbroker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS  3
#define DEATHS   150
#define PAUSE_US 8000 /* between two of them, at most */

static struct {
        bool over;
        unsigned long rounds, unknown;
} * shared;

#define expect_done(call)                                                                          \
        do {                                                                                       \
                int result_ = (call);                                                              \
                ck_assert_msg(result_ == 0, "%s: %s, %s", #call, strerrorname_np(-result_),        \
                              shmb_error(b));                                                      \
        } while (0)

/* One segment's whole life. */
static void live(struct shmb *b, unsigned number, unsigned long round) {
        const struct shmb_create_options exclusive = {.flags = SHMB_EXCLUSIVE};
        struct shmb_changes changes = SHMB_NO_CHANGES;
        struct shmb_segment *made, *found;
        char name[32], other[32];
        char *at;

        snprintf(name, sizeof(name), "life/%u", number);
        snprintf(other, sizeof(other), "life/%u/renamed", number);
        expect_done(shmb_create(b, name, 1000, &exclusive, &made, NULL));
        changes.mode = 0640;
        expect_done(shmb_set(b, (struct shmb_which){.name = name}, &changes, NULL));
        expect_done(shmb_map(b, name, 1000, SHMB_WRITE, NULL, (void **) &at, NULL));
        strcpy(at, name);
        expect_done(shmb_rename(b, name, other, 0, NULL));
        expect_done(shmb_open(b, other, 0, 0, &found));
        ck_assert_int_eq(found->id, made->id);
        ck_assert_uint_eq(found->mode, 0640);
        ck_assert_str_eq(at, name);
        expect_done(shmb_unmap(at));
        if (round % 2 == 0) {
                expect_done(shmb_rm(b, made->id));
        } else {
                int r = shmb_remove(b, (struct shmb_which){.name = other}, NULL);
                ck_assert_msg(r == 0 || r == -ECONNABORTED, "%s", shmb_error(b));
                if (r == -ECONNABORTED) {
                        __atomic_add_fetch(&shared->unknown, 1, __ATOMIC_RELAXED);
                        r = shmb_rm(b, made->id);
                        ck_assert_msg(r == 0 || r == -EINVAL || r == -EIDRM, "%s", shmb_error(b));
                }
        }
        ck_assert_int_eq(shmb_open(b, other, 0, 0, NULL), -ENOENT);
        shmb_segment_free(made);
        shmb_segment_free(found);
}

static void work(void *context) {
        unsigned number = *(unsigned *) context;
        struct shmb *b;

        /* The first connection is not repeated by itself, and the deaths may have begun. */
        int64_t since_ms = harness_now_ms();
        for (int r; (r = shmb_connect(&b, harness_daemon.address)) < 0;) {
                ck_assert_msg(r == -ENOENT || r == -ECONNREFUSED || r == -ECONNRESET, "%s",
                              shmb_error(NULL));
                harness_wait_a_moment(since_ms, "a broker");
        }
        for (unsigned long round = 0; !__atomic_load_n(&shared->over, __ATOMIC_RELAXED); round++) {
                live(b, number, round);
                __atomic_add_fetch(&shared->rounds, 1, __ATOMIC_RELAXED);
        }
        shmb_close(b);
}

START_TEST(programs_notice_nothing_of_deaths) {
        unsigned numbers[CLIENTS], seed = (unsigned) time(NULL);
        pid_t children[CLIENTS];

        shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
        ck_assert_ptr_ne(shared, MAP_FAILED);
        for (unsigned i = 0; i < CLIENTS; i++) {
                numbers[i] = i;
                children[i] = as_begin(NULL, work, &numbers[i]);
        }
        for (int deaths = 0; deaths < DEATHS; deaths++) {
                usleep((useconds_t) rand_r(&seed) % PAUSE_US);
                daemon_kill(&harness_daemon);
                daemon_start(&harness_daemon);
        }
        __atomic_store_n(&shared->over, true, __ATOMIC_RELAXED);
        for (unsigned i = 0; i < CLIENTS; i++)
                as_end(children[i]);
        ck_assert_uint_gt(shared->rounds, 0);
        dprintf(STDOUT_FILENO, "# %d deaths in %lu lives of a segment, %lu ends not known\n",
                DEATHS, shared->rounds, shared->unknown);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("hidden-deaths");

        harness_test(suite, programs_notice_nothing_of_deaths);
        return harness_run(suite);
}
