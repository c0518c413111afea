/* No room in the state directory: what needs a record is refused, the rest goes on. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATE_BYTES "size=256k"
#define CREATED_MAX 10000

static char filler[128];

static void mount_state(void) {
        harness_needs_root();
        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                harness_skip("needs a mount namespace");
        ck_assert_int_eq(mkdir(harness_daemon.state, 0700), 0);
        if (mount("tmpfs", harness_daemon.state, "tmpfs", 0, STATE_BYTES ",mode=0700") < 0)
                harness_skip("needs to mount a tmpfs");
        ck_assert_int_eq(chown(harness_daemon.state, harness_daemon.uid, harness_daemon.gid), 0);
        snprintf(filler, sizeof(filler), "%s/filler", harness_daemon.state);
}

static void unmount_state(void) {
        ck_assert_int_eq(umount2(harness_daemon.state, MNT_DETACH), 0);
}

/* Takes the room that is left. */
static void fill_state(void) {
        static const char zeros[4096];
        int fd = open(filler, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        ck_assert_int_ge(fd, 0);
        while (write(fd, zeros, sizeof(zeros)) > 0)
                continue;
        ck_assert_int_eq(errno, ENOSPC);
        close(fd);
}

static bool is_full(cJSON *reply) {
        bool full = reply_error(reply) != NULL;

        if (full) {
                ck_assert_str_eq(reply_error(reply), "io.shmbroker.SystemError");
                ck_assert_int_eq(reply_integer(reply, "errno"), ENOSPC);
                ck_assert_str_ne(reply_string(reply, "message"), "");
        }
        cJSON_Delete(reply);
        return full;
}

/* As many as the room that was reserved before allows. */
static int create_until_full(int fd) {
        for (int i = 0; i < CREATED_MAX; i++)
                if (is_full(wire_call(fd, "Create", "'name':'fill/%d','size':1", i)))
                        return i;
        ck_abort_msg("it never gets full");
}

static void expect_the_rest_goes_on(int fd) {
        expect_success(wire_call(fd, "Stat", "'name':'a'"));
        expect_success(wire_call(fd, "Open", "'name':'a','write':true"));
        expect_success(wire_call(fd, "Create", "'name':'a','size':1")); /* which finds it */
        expect_success(wire_call(fd, "Lock", "'name':'a'"));
        expect_success(wire_call(fd, "Unlock", "'name':'a'"));
        expect_success(wire_call(fd, "GetStatus", " "));
        cJSON *segments = wire_list(&harness_daemon);
        ck_assert_int_gt(cJSON_GetArraySize(segments), 0);
        cJSON_Delete(segments);
        cJSON *reply = wire_call(fd, "Stat", "'name':'a'");
        void *at = shmat((int) reply_integer(reply, "segment.id"), NULL, 0);
        ck_assert_ptr_ne(at, (void *) -1);
        ck_assert_int_eq(shmdt(at), 0);
        cJSON_Delete(reply);
}

START_TEST(a_full_state_directory_refuses_what_needs_a_record) {
        struct shm_info before, after;
        int fd;

        mount_state();
        daemon_start(&harness_daemon);
        fd = wire_connect(&harness_daemon);
        expect_success(wire_call(fd, "Create", "'name':'a','size':4096,'labels':{'k':'v'}"));
        fill_state();
        int created = create_until_full(fd);

        ck_assert_int_ge(shmctl(0, SHM_INFO, (struct shmid_ds *) &before), 0);
        ck_assert(is_full(wire_call(fd, "Create", "'name':'n','size':1")));
        ck_assert(is_full(wire_call(fd, "Create", "'size':1")));
        ck_assert(is_full(wire_call(fd, "Set", "'name':'a','mode':438")));
        ck_assert(is_full(wire_call(fd, "Set", "'name':'a','labels':{'k':'w'}")));
        ck_assert(is_full(wire_call(fd, "Rename", "'name':'a','to':'b'")));
        int id = shmget(0x4711, 1, IPC_CREAT | 0600);
        ck_assert(is_full(wire_call(fd, "Adopt", "'name':'n','id':%d", id)));
        ck_assert_int_eq(shmctl(id, IPC_RMID, NULL), 0);
        ck_assert_int_ge(shmctl(0, SHM_INFO, (struct shmid_ds *) &after), 0);
        ck_assert_int_eq(before.used_ids, after.used_ids);

        cJSON *reply = wire_call(fd, "Stat", "'name':'a'");
        ck_assert_int_eq(reply_integer(reply, "segment.mode"), 0600);
        ck_assert_str_eq(reply_string(reply, "segment.labels.k"), "v");
        cJSON_Delete(reply);
        expect_error(wire_call(fd, "Stat", "'name':'n'"), "NotFound", "name=n");
        expect_the_rest_goes_on(fd);

        /* Nothing is lost by a death now, and it starts again. */
        daemon_kill(&harness_daemon);
        close(fd);
        daemon_start(&harness_daemon);
        fd = wire_connect(&harness_daemon);
        expect_the_rest_goes_on(fd);
        for (int i = 0; i < created; i++)
                expect_success(wire_call(fd, "Stat", "'name':'fill/%d'", i));

        ck_assert_int_eq(unlink(filler), 0);
        expect_success(wire_call(fd, "Create", "'name':'n','size':1"));
        expect_success(wire_call(fd, "Set", "'name':'a','mode':438"));
        expect_success(wire_call(fd, "Rename", "'name':'a','to':'b'"));
        close(fd);
        daemon_check_segments(&harness_daemon);
        daemon_stop(&harness_daemon);
        unmount_state();
}
END_TEST

START_TEST(what_is_removed_makes_room) {
        int fd;

        mount_state();
        daemon_start(&harness_daemon);
        fd = wire_connect(&harness_daemon);
        expect_success(wire_call(fd, "Create", "'name':'a','size':4096"));
        fill_state();
        int created = create_until_full(fd);
        ck_assert_int_gt(created, 0);
        for (int i = 0; i < created; i++)
                expect_success(wire_call(fd, "Remove", "'name':'fill/%d'", i));
        daemon_kill(&harness_daemon);
        close(fd);
        daemon_start(&harness_daemon);
        fd = wire_connect(&harness_daemon);
        expect_success(wire_call(fd, "Stat", "'name':'a'"));
        for (int i = 0; i < created; i++)
                expect_error(wire_call(fd, "Stat", "'name':'fill/%d'", i), "NotFound", NULL);
        close(fd);
        daemon_check_segments(&harness_daemon);
        daemon_stop(&harness_daemon);
        unmount_state();
}
END_TEST

START_TEST(without_room_for_a_journal_it_does_not_start) {
        mount_state();
        fill_state();
        daemon_run(&harness_daemon);
        ck_assert(WIFEXITED(harness_daemon.status));
        ck_assert_int_eq(WEXITSTATUS(harness_daemon.status), 1);
        ck_assert(daemon_logged(&harness_daemon, harness_daemon.state));
        ck_assert(daemon_logged(&harness_daemon, strerror(ENOSPC)));
        ck_assert_int_eq(unlink(filler), 0);
        daemon_start(&harness_daemon);
        daemon_stop(&harness_daemon);
        unmount_state();
}
END_TEST

int main(void) {
        Suite *suite = suite_create("full-directory");

        harness_test_alone(suite, a_full_state_directory_refuses_what_needs_a_record);
        harness_test_alone(suite, what_is_removed_makes_room);
        harness_test_alone(suite, without_room_for_a_journal_it_does_not_start);
        return harness_run(suite);
}
