/* The library in the words of the interface. */
#include "library.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct shmb_which by_name(const char *name) {
        return (struct shmb_which){.name = name};
}

static struct shmb_which by_id(int id) {
        return (struct shmb_which){.id = id};
}

/* -------------------------------------------------- the words of the interface */

START_TEST(a_segment_from_beginning_to_end) {
        struct shmb *b = connect_library();
        const struct shmb_label labels[] = {{"format", "RGB8"}, {"height", "480"}};
        const struct shmb_create_options options = {
                .mode = 0640, .flags = SHMB_EXCLUSIVE, .labels = labels, .labels_count = 2};
        struct shmb_segment *made, *found;
        bool created = false;

        ck_assert_int_eq(shmb_create(b, "cam/still", 6000, &options, &made, &created), 0);
        ck_assert(created);
        ck_assert_str_eq(made->name, "cam/still");
        ck_assert_uint_eq(made->size, 6000);
        ck_assert_uint_eq(made->mode, 0640);
        ck_assert_uint_eq(made->uid, geteuid());
        ck_assert_uint_eq(made->gid, getegid());
        ck_assert_uint_eq(made->cuid, harness_daemon.uid);
        ck_assert_int_eq(made->creator.pid, getpid());
        ck_assert_uint_eq(made->creator.uid, geteuid());
        ck_assert_ptr_nonnull(made->creator.command);
        ck_assert_uint_eq(made->page_size, (uint64_t) sysconf(_SC_PAGESIZE));
        ck_assert_int_eq(made->lifetime, SHMB_PERSISTENT);
        ck_assert(!made->adopted && !made->locked && !made->removed);
        ck_assert_uint_eq(made->labels.count, 2);
        ck_assert_str_eq(made->labels.items[0].key, "format");
        ck_assert_str_eq(made->labels.items[1].value, "480");

        expect_errno(shmb_create(b, "cam/still", 6000, &options, NULL, NULL), EEXIST);
        ck_assert_int_eq(shmb_create(b, "cam/still", 1, NULL, &found, &created), 0);
        ck_assert(!created);
        ck_assert_int_eq(found->id, made->id);
        shmb_segment_free(found);

        ck_assert_int_eq(shmb_open(b, "cam/still", 6000, SHMB_WRITE, &found), 0);
        ck_assert_int_eq(found->id, made->id);
        shmb_segment_free(found);
        expect_errno(shmb_open(b, "cam/still", 6001, 0, NULL), EINVAL);
        expect_errno(shmb_open(b, "cam/none", 0, 0, NULL), ENOENT);

        ck_assert_int_eq(shmb_stat(b, by_id(made->id), &found), 0);
        ck_assert_str_eq(found->name, "cam/still");
        shmb_segment_free(found);

        struct shmb_changes changes = SHMB_NO_CHANGES;
        changes.mode = 0;
        changes.labels = labels;
        changes.labels_count = 1;
        ck_assert_int_eq(shmb_set(b, by_name("cam/still"), &changes, &found), 0);
        ck_assert_uint_eq(found->mode, 0);
        ck_assert_uint_eq(found->labels.count, 1);
        shmb_segment_free(found);
        changes = (struct shmb_changes) SHMB_NO_CHANGES;
        changes.mode = 0600;
        changes.labels = labels;
        ck_assert_int_eq(shmb_set(b, by_id(made->id), &changes, &found), 0);
        ck_assert_uint_eq(found->labels.count, 0);
        shmb_segment_free(found);

        ck_assert_int_eq(shmb_lock(b, by_name("cam/still"), &found), 0);
        ck_assert(found->locked);
        shmb_segment_free(found);
        ck_assert_int_eq(shmb_unlock(b, by_id(made->id), &found), 0);
        ck_assert(!found->locked);
        shmb_segment_free(found);

        ck_assert_int_eq(shmb_rename(b, "cam/still", "cam/old", 0, &found), 0);
        ck_assert_str_eq(found->name, "cam/old");
        shmb_segment_free(found);
        ck_assert_int_eq(shmb_remove(b, by_name("cam/old"), &found), 0);
        ck_assert(found->removed);
        shmb_segment_free(found);
        expect_errno(shmb_remove(b, by_name("cam/old"), NULL), ENOENT);
        shmb_segment_free(made);
        shmb_segment_free(NULL);
        shmb_close(b);
        shmb_close(NULL);
}
END_TEST

START_TEST(an_error_has_its_sentence) {
        struct shmb *b = connect_library();

        ck_assert_str_eq(shmb_error(b), "");
        expect_errno(shmb_open(b, "cam/none", 0, 0, NULL), ENOENT);
        ck_assert_ptr_nonnull(strstr(shmb_error(b), "cam/none"));
        expect_errno(shmb_create(b, "a//b", 1, NULL, NULL, NULL), EINVAL);
        ck_assert_ptr_nonnull(strstr(shmb_error(b), "a//b"));
        ck_assert_int_eq(shmb_create(b, "a", 4096, NULL, NULL, NULL), 0);
        expect_errno(shmb_open(b, "a", 8192, 0, NULL), EINVAL);
        ck_assert_ptr_nonnull(strstr(shmb_error(b), "4096"));
        ck_assert_ptr_nonnull(strstr(shmb_error(b), "8192"));
        shmb_close(b);

        struct shmb *none = (struct shmb *) &none;
        expect_errno(shmb_connect(&none, "unix:/nonexistent/socket"), ENOENT);
        ck_assert_ptr_eq(none, (struct shmb *) &none);
        ck_assert_ptr_nonnull(strstr(shmb_error(NULL), "/nonexistent/socket"));
        expect_errno(shmb_connect(&none, "tcp:localhost"), EINVAL);
        expect_errno(shmb_connect(&none, ""), EINVAL);
        expect_errno(shmb_connect(&none, "unix:"), EINVAL);
}
END_TEST

static int collect(const struct shmb_segment *segment, void *context) {
        char *found = context;

        strcat(found, segment->name == NULL ? "-" : segment->name);
        strcat(found, " ");
        return strcmp(segment->name == NULL ? "" : segment->name, "stop") == 0 ? 42 : 0;
}

struct reentry {
        struct shmb *b;
        int count;
};

static int ask_meanwhile(const struct shmb_segment *segment, void *context) {
        struct reentry *reentry = context;
        struct shmb_segment *found;

        ck_assert_int_eq(shmb_stat(reentry->b, by_id(segment->id), &found), 0);
        ck_assert_int_eq(found->id, segment->id);
        shmb_segment_free(found);
        reentry->count++;
        return 0;
}

START_TEST(a_list_in_the_order_of_names) {
        static const char *const names[] = {"b", "a/y", "a/x", "stop", "z"};
        struct shmb *b = connect_library();
        char found[128] = "";

        ck_assert_int_eq(shmb_list(b, NULL, collect, found), 0);
        ck_assert_str_eq(found, "");
        for (size_t i = 0; i < 5; i++)
                ck_assert_int_eq(shmb_create(b, names[i], 1, NULL, NULL, NULL), 0);
        ck_assert_int_eq(shmb_create(b, NULL, 1, NULL, NULL, NULL), 0);
        ck_assert_int_eq(shmb_list(b, "a/*", collect, found), 0);
        ck_assert_str_eq(found, "a/x a/y ");
        found[0] = '\0';
        ck_assert_int_eq(shmb_list(b, NULL, collect, found), 42);
        ck_assert_str_eq(found, "a/x a/y b stop ");
        /* What was not read of it is in nobody's way. */
        ck_assert_int_eq(shmb_open(b, "b", 1, 0, NULL), 0);
        struct reentry reentry = {.b = b};
        ck_assert_int_eq(shmb_list(b, NULL, ask_meanwhile, &reentry), 0);
        ck_assert_int_eq(reentry.count, 6);
        expect_errno(shmb_list(b, "[", collect, found), EINVAL);
        shmb_close(b);
}
END_TEST

START_TEST(the_status_is_told) {
        struct shmb *b = connect_library();
        struct shmb_status status;

        ck_assert_int_eq(shmb_create(b, "a", 4096, NULL, NULL, NULL), 0);
        ck_assert_int_eq(shmb_get_status(b, &status), 0);
        ck_assert_int_eq(status.pid, harness_daemon.pid);
        ck_assert_uint_eq(status.uid, harness_daemon.uid);
        ck_assert_int_eq(status.segments, 1);
        ck_assert_int_eq(status.total_size, 4096);
        ck_assert_int_ge(status.requests, 1);
        ck_assert_int_eq(status.limits.message_size, 65536);
        ck_assert_uint_ne(status.ipc_namespace, 0);
        shmb_close(b);
}
END_TEST

START_TEST(replacing_leaves_the_old_one_to_who_has_it) {
        struct shmb *b = connect_library();
        char *old, *new, *found;

        ck_assert_int_eq(
                shmb_map(b, "picture", 4096, SHMB_CREATE | SHMB_WRITE, NULL, (void **) &old, NULL),
                0);
        strcpy(old, "old");
        ck_assert_int_eq(shmb_map(b, "picture.new", 8192, SHMB_CREATE | SHMB_WRITE, NULL,
                                  (void **) &new, NULL),
                         0);
        strcpy(new, "new");
        expect_errno(shmb_rename(b, "picture.new", "picture", 0, NULL), EEXIST);
        ck_assert_int_eq(shmb_rename(b, "picture.new", "picture", SHMB_REPLACE, NULL), 0);
        ck_assert_int_eq(shmb_map(b, "picture", 0, 0, NULL, (void **) &found, NULL), 0);
        ck_assert_str_eq(found, "new");
        ck_assert_str_eq(old, "old");
        strcpy(old, "still mine");
        ck_assert_str_eq(new, "new");
        expect_errno(shmb_open(b, "picture.new", 0, 0, NULL), ENOENT);
        ck_assert_int_eq(shmb_unmap(old), 0);
        ck_assert_int_eq(shmb_unmap(new), 0);
        ck_assert_int_eq(shmb_unmap(found), 0);
        shmb_close(b);
}
END_TEST

/* ------------------------------------------------------------------- mapping */

static void write_in_a_child(void *context) {
        struct shmb *b = connect_library();
        char *at;

        ck_assert_int_eq(shmb_map(b, "a", 0, SHMB_WRITE, NULL, (void **) &at, NULL), 0);
        ck_assert_str_eq(at, "from the parent");
        strcpy(at, "from the child");
        ck_assert_int_eq(shmb_unmap(at), 0);
        shmb_close(b);
}

START_TEST(mapped_by_two_it_is_one) {
        struct shmb *b = connect_library();
        char *at;
        uint64_t size = 0;

        expect_errno(shmb_map(b, "a", 100, SHMB_WRITE, NULL, (void **) &at, NULL), ENOENT);
        ck_assert_int_eq(
                shmb_map(b, "a", 100, SHMB_WRITE | SHMB_CREATE, NULL, (void **) &at, &size), 0);
        ck_assert_uint_eq(size, 100);
        strcpy(at, "from the parent");
        as(NULL, write_in_a_child, NULL);
        ck_assert_str_eq(at, "from the child");
        expect_errno(shmb_map(b, "a", 101, SHMB_CREATE, NULL, (void **) &at, NULL), EINVAL);
        ck_assert_int_eq(shmb_unmap(at), 0);
        ck_assert_int_lt(shmb_unmap(at), 0);
        shmb_close(b);
}
END_TEST

static void write_what_is_only_read(void *context) {
        struct shmb *b = connect_library();
        volatile char *at;

        ck_assert_int_eq(shmb_map(b, "a", 0, 0, NULL, (void **) (uintptr_t) &at, NULL), 0);
        ck_assert_int_eq(at[0], 0);
        signal(SIGSEGV, SIG_DFL);
        at[0] = 1;
}

START_TEST(without_the_flag_it_is_not_written) {
        struct shmb *b = connect_library();
        int status;

        ck_assert_int_eq(shmb_create(b, "a", 1, NULL, NULL, NULL), 0);
        pid_t child = as_begin(NULL, write_what_is_only_read, NULL);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
        shmb_close(b);
}
END_TEST

START_TEST(huge_pages_are_asked_for) {
        struct shmb *b = connect_library();
        char *at;

        ck_assert_int_eq(shmb_map(b, "a", 4 << 20, SHMB_WRITE | SHMB_CREATE | SHMB_HUGE_ADVICE,
                                  NULL, (void **) &at, NULL),
                         0);
        memset(at, 1, 4 << 20);
        ck_assert_int_eq(shmb_unmap(at), 0);
        shmb_close(b);
}
END_TEST

/* --------------------------------------------------------------------- adopted */

static void adopt_and_rule(void *context) {
        struct shmb *b = connect_library();
        struct shmb_segment *found;
        struct shmid_ds ds;
        int id = shmget(0x4711, 5000, IPC_CREAT | 0640);

        ck_assert_int_ge(id, 0);
        ck_assert_int_eq(shmb_adopt_key(b, "a", 0x4711, NULL, 0, &found), 0);
        ck_assert_int_eq(found->id, id);
        ck_assert(found->adopted);
        ck_assert_uint_eq(found->cuid, geteuid());
        shmb_segment_free(found);
        ck_assert_int_eq(shmb_get(b, "a", 5000, 0600), id);

        /* As their owner, by the library itself. */
        ck_assert_int_eq(shmb_ctl(b, id, IPC_STAT, &ds), 0);
        ds.shm_perm.mode = 0600;
        ck_assert_int_eq(shmb_ctl(b, id, IPC_SET, &ds), 0);
        ck_assert_int_eq(shmctl(id, IPC_STAT, &ds), 0);
        ck_assert_uint_eq(ds.shm_perm.mode & 0777, 0600);
        ck_assert_int_eq(shmb_ctl(b, id, SHM_LOCK, NULL), 0);
        ck_assert_int_eq(shmctl(id, IPC_STAT, &ds), 0);
        ck_assert(ds.shm_perm.mode & SHM_LOCKED);
        ck_assert_int_eq(shmb_ctl(b, id, SHM_UNLOCK, NULL), 0);
        ck_assert_int_eq(shmctl(id, IPC_STAT, &ds), 0);
        ck_assert(!(ds.shm_perm.mode & SHM_LOCKED));

        /* The same in the interface's words. */
        struct shmb_changes changes = SHMB_NO_CHANGES;
        const struct shmb_label label = {"k", "v"};
        changes.mode = 0644;
        changes.labels = &label;
        changes.labels_count = 1;
        ck_assert_int_eq(shmb_set(b, by_name("a"), &changes, &found), 0);
        ck_assert_uint_eq(found->mode, 0644);
        ck_assert_uint_eq(found->labels.count, 1);
        shmb_segment_free(found);
        ck_assert_int_eq(shmb_lock(b, by_name("a"), &found), 0);
        ck_assert(found->locked);
        shmb_segment_free(found);
        ck_assert_int_eq(shmb_unlock(b, by_id(id), &found), 0);
        ck_assert(!found->locked);
        shmb_segment_free(found);

        ck_assert_int_eq(shmb_rm(b, id), 0);
        ck_assert_int_lt(shmctl(id, IPC_STAT, &ds), 0);
        expect_errno(shmb_open(b, "a", 0, 0, NULL), ENOENT);

        /* By its id, and removed by name. */
        id = shmget(IPC_PRIVATE, 100, 0600);
        ck_assert_int_ge(id, 0);
        ck_assert_int_eq(shmb_adopt_id(b, "a", id, &label, 1, &found), 0);
        ck_assert_str_eq(found->labels.items[0].value, "v");
        shmb_segment_free(found);
        ck_assert_int_eq(shmb_remove(b, by_name("a"), NULL), 0);
        ck_assert_int_lt(shmctl(id, IPC_STAT, &ds), 0);
        int vast = shmget(IPC_PRIVATE, (size_t) 1 << 54, 0600 | SHM_NORESERVE);
        if (vast >= 0) { /* no JSON number tells its size */
                expect_errno(shmb_adopt_id(b, "vast", vast, NULL, 0, NULL), EOVERFLOW);
                ck_assert_int_eq(shmctl(vast, IPC_RMID, NULL), 0);
        }
        expect_errno(shmb_adopt_key(b, "a", 0x4712, NULL, 0, NULL), ENOENT);
        expect_errno(shmb_adopt_id(b, "a", 424242, NULL, 0, NULL), EINVAL);
        shmb_close(b);
}

START_TEST(adopted_segments_are_ruled_by_their_owner) {
        struct who self = harness_self();

        as(geteuid() == 0 ? &alice : &self, adopt_and_rule, NULL);
}
END_TEST

/* ---------------------------------------------------------- behind our back */

START_TEST(what_was_removed_behind_the_brokers_back_is_lost) {
        struct shmb *b = connect_library();
        struct shmb_segment *segment;

        ck_assert_int_eq(shmb_create(b, "a", 4096, NULL, &segment, NULL), 0);
        ck_assert_int_eq(shmctl(segment->id, IPC_RMID, NULL), 0);
        expect_errno(shmb_open(b, "a", 0, 0, NULL), ENOENT);
        expect_errno(shmb_size(b, segment->id), EINVAL);
        shmb_segment_free(segment);
        ck_assert_int_eq(shmb_create(b, "a", 100, NULL, &segment, NULL), 0);
        ck_assert_uint_eq(segment->size, 100);
        shmb_segment_free(segment);
        shmb_close(b);
}
END_TEST

/* The kernel can be told which id comes next. */
static void next_id(int id) {
        FILE *file = fopen("/proc/sys/kernel/shm_next_id", "we");

        if (file == NULL || fprintf(file, "%d", id) < 0 || fclose(file) != 0)
                harness_skip("no kernel.shm_next_id here");
}

START_TEST(another_segment_with_the_same_id_is_told_from_ours) {
        struct shmb *b = connect_library();
        struct shmb_segment *segment;
        void *at = NULL;

        harness_needs_root();
        ck_assert_int_eq(shmb_create(b, "a", 4096, NULL, &segment, NULL), 0);
        ck_assert_int_eq(shmctl(segment->id, IPC_RMID, NULL), 0);
        next_id(segment->id);
        ck_assert_int_eq(shmget(IPC_PRIVATE, 4096, 0600), segment->id);
        int r = shmb_at(b, segment->id, NULL, 0, &at);
        ck_assert_msg(r == -ESTALE || r == -EINVAL, "%s", strerrorname_np(-r));
        ck_assert_ptr_null(at);
        struct shmid_ds ds;
        ck_assert_int_eq(shmctl(segment->id, IPC_STAT, &ds), 0);
        ck_assert_uint_eq(ds.shm_nattch, 0);
        expect_errno(shmb_open(b, "a", 0, 0, NULL), ENOENT);
        ck_assert_int_eq(shmctl(segment->id, IPC_RMID, NULL), 0);
        shmb_segment_free(segment);
        shmb_close(b);
}
END_TEST

static void attach_elsewhere(void *context) {
        struct shmb *b = connect_library();
        int id = *(int *) context;
        void *at = NULL;

        ck_assert_int_eq(unshare(CLONE_NEWIPC), 0);
        /* There an id like ours means something else. */
        ck_assert_int_eq(shmget(IPC_PRIVATE, 4096, 0666), id);
        expect_errno(shmb_at(b, id, NULL, 0, &at), EXDEV);
        ck_assert_ptr_nonnull(strstr(shmb_error(b), "namespace"));
        expect_errno(shmb_map(b, "a", 0, 0, NULL, &at, NULL), EXDEV);
        ck_assert_ptr_nonnull(strstr(shmb_error(b), "namespace"));
        ck_assert_ptr_null(at);
        struct shmid_ds ds;
        ck_assert_int_eq(shmctl(id, IPC_STAT, &ds), 0);
        ck_assert_int_eq(ds.shm_atime, 0);
        shmb_close(b);
}

START_TEST(another_ipc_namespace_is_told_before_attaching) {
        struct shmb *b = connect_library();

        harness_needs_root();
        int id = shmb_get(b, "a", 4096, IPC_CREAT | 0666);
        ck_assert_int_eq(id, 0);
        as(NULL, attach_elsewhere, &id);
        shmb_close(b);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("api");

        harness_test(suite, a_segment_from_beginning_to_end);
        harness_test(suite, an_error_has_its_sentence);
        harness_test(suite, a_list_in_the_order_of_names);
        harness_test(suite, the_status_is_told);
        harness_test(suite, replacing_leaves_the_old_one_to_who_has_it);
        harness_test(suite, mapped_by_two_it_is_one);
        harness_test(suite, without_the_flag_it_is_not_written);
        harness_test(suite, huge_pages_are_asked_for);
        harness_test(suite, adopted_segments_are_ruled_by_their_owner);
        harness_test(suite, what_was_removed_behind_the_brokers_back_is_lost);
        harness_test(suite, another_segment_with_the_same_id_is_told_from_ours);
        harness_test(suite, another_ipc_namespace_is_told_before_attaching);
        return harness_run(suite);
}
