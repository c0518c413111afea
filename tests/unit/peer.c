#include "peer.h"

#include "suite.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The other end is this process itself, as it is now. */
static void read_self(struct peer *ret) {
        int fds[2];
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        ck_assert_int_eq(peer_read(fds[0], ret), 0);
        close(fds[0]);
        close(fds[1]);
}

START_TEST(credentials_are_those_of_the_other_end) {
        struct peer peer;
        read_self(&peer);
        ck_assert_uint_eq(peer.uid, geteuid());
        ck_assert_uint_eq(peer.gid, getegid());
        ck_assert_int_eq(peer.pid, getpid());
        ck_assert(peer_in_group(&peer, getegid()));
        ck_assert(!peer_in_group(&peer, getegid() + 12345));
        peer_free(&peer);
}
END_TEST

/* More than fit what is tried first, and none at all. */
START_TEST(all_supplementary_groups_are_known) {
        static const size_t counts[] = {0, 1, 63, 64, 65, 1000};
        gid_t groups[1000];
        if (geteuid() != 0)
                return;
        for (size_t i = 0; i < COUNT(groups); i++)
                groups[i] = 70000 + (gid_t) i;
        for (size_t i = 0; i < COUNT(counts); i++) {
                struct peer peer;
                ck_assert_int_eq(setgroups(counts[i], groups), 0);
                read_self(&peer);
                ck_assert_uint_eq(peer.groups_count, counts[i]);
                for (size_t g = 0; g < counts[i]; g++)
                        ck_assert(peer_in_group(&peer, groups[g]));
                ck_assert(!peer_in_group(&peer, 70000 + (gid_t) counts[i]));
                peer_free(&peer);
        }
}
END_TEST

static void map_groups(pid_t child, const char *map) {
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d/gid_map", (int) child);
        FILE *file = fopen(path, "we");
        ck_assert_ptr_nonnull(file);
        ck_assert_int_gt(fputs(map, file), 0);
        ck_assert_int_eq(fclose(file), 0);
}

/* The kernel tells them in its own order, which a user namespace may turn round. */
START_TEST(groups_are_known_in_whatever_order_they_come) {
        const gid_t groups[] = {70000, 70001, 70002};
        int mapped[2], entered[2], status;
        char byte = 0;
        if (geteuid() != 0)
                return;
        ck_assert_int_eq(setgroups(COUNT(groups), groups), 0);
        ck_assert_int_eq(pipe(mapped), 0);
        ck_assert_int_eq(pipe(entered), 0);
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
                struct peer peer;
                byte = unshare(CLONE_NEWUSER) == 0;
                ck_assert_int_eq(write(entered[1], &byte, 1), 1);
                ck_assert_int_eq(read(mapped[0], &byte, 1), 1);
                read_self(&peer);
                for (gid_t gid = 10; gid <= 12; gid++)
                        ck_assert(peer_in_group(&peer, gid));
                ck_assert(!peer_in_group(&peer, 13));
                peer_free(&peer);
                _exit(EXIT_SUCCESS);
        }
        ck_assert_int_eq(read(entered[0], &byte, 1), 1);
        if (byte) /* else there are no user namespaces here */
                map_groups(child, "0 0 1\n10 70002 1\n11 70001 1\n12 70000 1\n");
        else
                kill(child, SIGKILL);
        ck_assert_int_eq(write(mapped[1], &byte, 1), 1);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(!byte || (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS));
}
END_TEST

START_TEST(what_is_no_socket_has_no_peer) {
        struct peer peer;
        int fds[2];
        ck_assert_int_eq(pipe(fds), 0);
        ck_assert_int_lt(peer_read(fds[0], &peer), 0);
        ck_assert_int_eq(errno, ENOTSOCK);
        close(fds[0]);
        close(fds[1]);
}
END_TEST

START_TEST(the_command_is_told_in_printable_bytes) {
        struct peer peer;
        ck_assert_int_eq(prctl(PR_SET_NAME, "a b\"\n\x80\xff\\15byteslong"), 0);
        read_self(&peer);
        ck_assert_str_eq(peer.command, "");
        peer_describe(&peer);
        ck_assert(peer.described);
        /* /proc/PID/comm ends with a line feed, and this one has its own in the middle. */
        ck_assert_str_eq(peer.command, "a b\"");
        peer_free(&peer);

        ck_assert_int_eq(prctl(PR_SET_NAME, "\x80q\x01rs\x7f"), 0);
        read_self(&peer);
        peer_describe(&peer);
        ck_assert_str_eq(peer.command, "?q?rs?");
        peer_free(&peer);
}
END_TEST

START_TEST(a_dead_one_is_described_by_nothing) {
        struct peer peer = {.pid = 1 << 22}; /* no pid is that large: pid_max's own maximum */
        peer_describe(&peer);
        ck_assert_str_eq(peer.command, "");
        ck_assert_ptr_null(peer.unit);
        peer_free(&peer);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {credentials_are_those_of_the_other_end},
                {all_supplementary_groups_are_known},
                {groups_are_known_in_whatever_order_they_come},
                {what_is_no_socket_has_no_peer},
                {the_command_is_told_in_printable_bytes},
                {a_dead_one_is_described_by_nothing},
        };
        return suite_run("peer", NULL, NULL, SUITE_ROWS(rows));
}
