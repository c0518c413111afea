#include "listener.h"

#include "config.h"

#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char directory[] = "/tmp/shmbroker-listener.XXXXXX";
static char path[64], address[80], reason[256];

static void setup(void) {
        strcpy(directory + strlen(directory) - 6, "XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(directory));
        snprintf(path, sizeof(path), "%s/socket", directory);
        snprintf(address, sizeof(address), "unix:%s", path);
        reason[0] = '\0';
}

static void teardown(void) {
        unlink(path);
        /* Fails where something was left behind. */
        ck_assert_int_eq(rmdir(directory), 0);
}

static int bind_to(struct listener *ret, const char *where) {
        return listener_bind(ret, where, 0600, reason, sizeof(reason));
}

static void expect_refused(const char *where, const char *why) {
        struct listener listener;
        ck_assert_int_lt(bind_to(&listener, where), 0);
        ck_assert_msg(strstr(reason, why) != NULL, "\"%s\" says nothing of \"%s\"", reason, why);
}

static int connect_to(const char *name) {
        struct sockaddr_un to = {.sun_family = AF_UNIX};
        strcpy(to.sun_path, name);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(fd, 0);
        if (connect(fd, (struct sockaddr *) &to, sizeof(to)) == 0)
                return fd;
        int failed = errno;
        close(fd);
        return -failed;
}

START_TEST(it_can_be_connected_to) {
        struct listener listener;
        char text[128];
        ck_assert_int_eq(bind_to(&listener, address), 0);
        ck_assert_int_ne(fcntl(listener.fd, F_GETFL) & O_NONBLOCK, 0);
        ck_assert_int_ne(fcntl(listener.fd, F_GETFD) & FD_CLOEXEC, 0);
        ck_assert_int_ne(fcntl(listener.lock_fd, F_GETFD) & FD_CLOEXEC, 0);
        int fd = connect_to(path);
        ck_assert_int_ge(fd, 0);
        close(fd);
        listener_address(&listener, text, sizeof(text));
        ck_assert_str_eq(text, address);
        listener_close(&listener);
        ck_assert_int_eq(connect_to(path), -ENOENT);
}
END_TEST

START_TEST(the_mode_is_what_was_asked) {
        static const mode_t modes[] = {0600, 0660, 0666, 0777, 0};
        for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
                struct listener listener;
                struct stat status;
                umask(i % 2 == 0 ? 077 : 0);
                mode_t mask = umask(027);
                ck_assert_int_eq(
                        listener_bind(&listener, address, modes[i], reason, sizeof(reason)), 0);
                ck_assert_uint_eq(umask(mask), 027);
                ck_assert_int_eq(stat(path, &status), 0);
                ck_assert_uint_eq(status.st_mode & 07777, modes[i]);
                listener_close(&listener);
        }
}
END_TEST

START_TEST(the_last_directory_is_made) {
        struct listener listener;
        struct stat status;
        char below[128], made[96];
        snprintf(made, sizeof(made), "%s/made", directory);
        snprintf(below, sizeof(below), "unix:%s/socket", made);
        umask(077);
        ck_assert_int_eq(bind_to(&listener, below), 0);
        ck_assert_int_eq(stat(made, &status), 0);
        ck_assert_uint_eq(status.st_mode & 07777, 0755);
        listener_close(&listener);
        ck_assert_int_eq(rmdir(made), 0);
        snprintf(below, sizeof(below), "unix:%s/two/deep/socket", directory);
        expect_refused(below, "two/deep");
}
END_TEST

START_TEST(a_live_one_is_never_taken_over) {
        struct listener listener;
        ck_assert_int_eq(bind_to(&listener, address), 0);
        expect_refused(address, "another broker is serving");
        int fd = connect_to(path);
        ck_assert_int_ge(fd, 0);
        close(fd);
        listener_close(&listener);
}
END_TEST

/* As systemd's: bound by somebody who knows of no lock. */
static int bind_plainly(int type) {
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        strcpy(name.sun_path, path);
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(bind(fd, (struct sockaddr *) &name, sizeof(name)), 0);
        return fd;
}

START_TEST(a_live_one_without_a_lock_is_not_either) {
        int fd = bind_plainly(SOCK_STREAM);
        ck_assert_int_eq(listen(fd, 1), 0);
        expect_refused(address, "another broker is serving");
        /* Nor when it is so busy that nobody gets through. */
        int waiting[16], count = 0;
        while ((waiting[count] = connect_to(path)) >= 0)
                ck_assert_int_lt(++count, 16);
        ck_assert_int_eq(waiting[count], -EAGAIN);
        expect_refused(address, "another broker is serving");
        while (count > 0)
                close(waiting[--count]);
        close(fd);
}
END_TEST

START_TEST(a_socket_of_another_kind_is_left_alone) {
        int fd = bind_plainly(SOCK_DGRAM);
        expect_refused(address, "can't tell");
        close(fd);
}
END_TEST

START_TEST(a_stale_one_is_replaced) {
        struct listener listener;
        close(bind_plainly(SOCK_STREAM));
        ck_assert_int_eq(connect_to(path), -ECONNREFUSED);
        ck_assert_int_eq(bind_to(&listener, address), 0);
        int fd = connect_to(path);
        ck_assert_int_ge(fd, 0);
        close(fd);
        listener_close(&listener);
}
END_TEST

START_TEST(what_is_no_socket_is_never_removed) {
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        ck_assert_int_ge(fd, 0);
        close(fd);
        expect_refused(address, "no socket");
        ck_assert_int_eq(access(path, F_OK), 0);
        ck_assert_int_eq(unlink(path), 0);
        ck_assert_int_eq(symlink("/dev/null", path), 0);
        expect_refused(address, "no socket");
        ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(closing_leaves_the_file_of_another_alone) {
        struct listener listener;
        ck_assert_int_eq(bind_to(&listener, address), 0);
        ck_assert_int_eq(unlink(path), 0);
        int fd = bind_plainly(SOCK_STREAM);
        ck_assert_int_eq(listen(fd, 1), 0);
        listener_close(&listener);
        ck_assert_int_eq(access(path, F_OK), 0);
        close(fd);
}
END_TEST

START_TEST(a_lock_on_a_removed_file_counts_for_nothing) {
        struct listener listener;
        char lock_path[80];
        snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
        int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(flock(fd, LOCK_EX), 0);
        expect_refused(address, "another broker is serving");
        ck_assert_int_eq(unlink(lock_path), 0);
        ck_assert_int_eq(bind_to(&listener, address), 0);
        listener_close(&listener);
        close(fd);
}
END_TEST

START_TEST(abstract_names_work) {
        struct listener listener;
        char name[64], text[128];
        snprintf(name, sizeof(name), "unix:@shmbroker-test-%d", (int) getpid());
        ck_assert_int_eq(bind_to(&listener, name), 0);
        listener_address(&listener, text, sizeof(text));
        ck_assert_str_eq(text, name);
        expect_refused(name, "another broker is serving");
        listener_close(&listener);
        ck_assert_int_eq(bind_to(&listener, name), 0);
        listener_close(&listener);
}
END_TEST

START_TEST(bad_addresses_are_told_so) {
        static const char *const bad[] = {"", "unix", "unix:", "unix:@", "/run/x", "tcp:host:1"};
        for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
                expect_refused(bad[i], "is no address");

        char longest[sizeof(((struct sockaddr_un *) NULL)->sun_path) + 16];
        snprintf(longest, sizeof(longest), "unix:%s/", directory);
        memset(longest + strlen(longest), 'x', sizeof(longest) - strlen(longest));
        longest[5 + 107] = '\0';
        struct listener listener;
        ck_assert_int_eq(bind_to(&listener, longest), 0);
        listener_close(&listener);
        longest[5 + 107] = 'x';
        longest[5 + 108] = '\0';
        expect_refused(longest, "too long");
}
END_TEST

#if HAVE_SYSTEMD
/* Becomes descriptor 3, as a service manager passes it. */
static void pass(int fd, const char *count) {
        char pid[16];
        snprintf(pid, sizeof(pid), "%d", (int) getpid());
        ck_assert_int_eq(setenv("LISTEN_PID", pid, 1), 0);
        ck_assert_int_eq(setenv("LISTEN_FDS", count, 1), 0);
        ck_assert_int_eq(dup2(fd, 3), 3);
        ck_assert_int_eq(dup2(fd, 4), 4);
}

START_TEST(a_socket_is_inherited) {
        struct listener listener;
        ck_assert_int_eq(listener_inherit(&listener, reason, sizeof(reason)), 0);
        int fd = bind_plainly(SOCK_STREAM);
        ck_assert_int_eq(listen(fd, 1), 0);
        pass(fd, "1");
        ck_assert_int_eq(listener_inherit(&listener, reason, sizeof(reason)), 1);
        ck_assert_int_eq(listener.fd, 3);
        ck_assert_int_ne(fcntl(3, F_GETFL) & O_NONBLOCK, 0);
        ck_assert_int_ne(fcntl(3, F_GETFD) & FD_CLOEXEC, 0);
        listener_close(&listener);
        ck_assert_int_eq(access(path, F_OK), 0); /* the manager's */
}
END_TEST

START_TEST(one_socket_of_the_right_kind_is_wanted) {
        struct listener listener;
        int fd = bind_plainly(SOCK_STREAM);
        pass(fd, "1");
        ck_assert_int_lt(listener_inherit(&listener, reason, sizeof(reason)), 0);
        ck_assert_ptr_nonnull(strstr(reason, "no listening"));
        ck_assert_int_eq(listen(fd, 1), 0);
        pass(fd, "2");
        ck_assert_int_lt(listener_inherit(&listener, reason, sizeof(reason)), 0);
        ck_assert_ptr_nonnull(strstr(reason, "2 sockets"));
}
END_TEST
#endif

int main(void) {
        const struct suite_row rows[] = {
                {it_can_be_connected_to},
                {the_mode_is_what_was_asked},
                {the_last_directory_is_made},
                {a_live_one_is_never_taken_over},
                {a_live_one_without_a_lock_is_not_either},
                {a_socket_of_another_kind_is_left_alone},
                {a_stale_one_is_replaced},
                {what_is_no_socket_is_never_removed},
                {closing_leaves_the_file_of_another_alone},
                {a_lock_on_a_removed_file_counts_for_nothing},
                {abstract_names_work},
                {bad_addresses_are_told_so},
#if HAVE_SYSTEMD
                {a_socket_is_inherited},
                {one_socket_of_the_right_kind_is_wanted},
#endif
        };
        return suite_run("listener", setup, teardown, SUITE_ROWS(rows));
}
