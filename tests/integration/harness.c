#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_SKIPPED 77 /* as automake and meson have it */

const struct who root = {0, 0, {0}, 0};
const struct who alice = {60001, 60001, {0}, 0};
const struct who bob = {60002, 60002, {0}, 0};
const struct who stranger = {60009, 60009, {0}, 0};

struct daemon harness_daemon;

struct who harness_self(void) {
        return (struct who){.uid = getuid(), .gid = getgid()};
}

int64_t harness_now_ms(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void harness_wait_a_moment(int64_t since_ms, const char *what) {
        if (harness_now_ms() - since_ms > HARNESS_DEADLINE_MS)
                ck_abort_msg("waited in vain for %s", what);
        poll(NULL, 0, 1);
}

void harness_skip(const char *reason) {
        dprintf(STDOUT_FILENO, "# SKIP %s: %s\n", tcase_name(), reason);
        daemon_free(&harness_daemon);
        exit(EXIT_SUCCESS);
}

void harness_needs_root(void) {
        if (geteuid() != 0)
                harness_skip("needs root, for other users");
}

bool harness_is_almighty(void) {
        const uint64_t needed = UINT64_C(1) << CAP_IPC_LOCK | UINT64_C(1) << CAP_IPC_OWNER |
                                UINT64_C(1) << CAP_SYS_ADMIN;
        FILE *status = fopen("/proc/self/status", "re");
        uint64_t capabilities = 0;
        char line[256];

        while (status != NULL && fgets(line, sizeof(line), status) != NULL)
                if (sscanf(line, "CapEff: %" SCNx64, &capabilities) == 1)
                        break;
        if (status != NULL)
                fclose(status);
        return (capabilities & needed) == needed;
}

/* ------------------------------------------------------------- namespaces */

static int write_text(const char *path, const char *text) {
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        ssize_t n = write(fd, text, strlen(text));
        int r = n < 0 ? -errno : 0;
        close(fd);
        return r;
}

/* Who is not root gets the namespace by way of a user namespace, where it keeps its uid
 * and gives the capabilities back that came with it. */
static int enter_namespace(void) {
        uid_t uid = geteuid();
        gid_t gid = getegid();
        char map[64];
        int r;

        if (uid == 0)
                return unshare(CLONE_NEWIPC) < 0 ? -errno : 0;
        if (unshare(CLONE_NEWUSER | CLONE_NEWIPC) < 0)
                return -errno;
        r = write_text("/proc/self/setgroups", "deny");
        if (r < 0)
                return r;
        snprintf(map, sizeof(map), "%u %u 1\n", uid, uid);
        r = write_text("/proc/self/uid_map", map);
        if (r < 0)
                return r;
        snprintf(map, sizeof(map), "%u %u 1\n", gid, gid);
        r = write_text("/proc/self/gid_map", map);
        if (r < 0)
                return r;

        struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
        struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
        return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

/* ------------------------------------------------------------------- tests */

static void enter(void) {
        int r = enter_namespace();
        ck_assert_msg(r == 0, "no IPC namespace: %s", strerror(-r));
        signal(SIGPIPE, SIG_IGN);
        daemon_new(&harness_daemon);
}

static void enter_with_broker(void) {
        enter();
        daemon_start(&harness_daemon);
}

static void end(void) {
        if (harness_daemon.pid > 0) {
                daemon_check_segments(&harness_daemon);
                daemon_stop(&harness_daemon);
        }
        daemon_free(&harness_daemon);
}

void harness_add(Suite *suite, const char *name, const TTest *function, bool with_broker) {
        TCase *one = tcase_create(name);

        tcase_set_timeout(one, 900); /* machines may be slow; meson's own limit is lower */
        tcase_add_checked_fixture(one, with_broker ? enter_with_broker : enter, end);
        tcase_add_test(one, function);
        suite_add_tcase(suite, one);
}

int harness_run(Suite *suite) {
        SRunner *runner = srunner_create(suite);
        int status, failed;

        pid_t probe = fork();
        if (probe == 0)
                _exit(-enter_namespace());
        if (probe < 0 || waitpid(probe, &status, 0) < 0 || status != 0) {
                printf("# SKIP: no IPC namespace of our own: %s\n",
                       probe > 0 && WIFEXITED(status) ? strerror(WEXITSTATUS(status)) : "fork");
                srunner_free(runner);
                return EXIT_SKIPPED;
        }
        daemons_begin();
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        daemons_end(failed > 0);
        srunner_free(runner);
        return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ------------------------------------------------------------------- users */

static void become(const struct who *who) {
        if (who == NULL || (who->uid == geteuid() && who->groups_count == 0))
                return;
        if (setgroups(who->groups_count, who->groups) < 0 ||
            setresgid(who->gid, who->gid, who->gid) < 0 ||
            setresuid(who->uid, who->uid, who->uid) < 0)
                ck_abort_msg("can't become %u:%u: %s", who->uid, who->gid, strerror(errno));
        /* What a change of user takes away, and a core dump of a failure needs. */
        prctl(PR_SET_DUMPABLE, 1);
}

pid_t as_begin(const struct who *who, void (*function)(void *context), void *context) {
        fflush(NULL);
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child > 0)
                return child;

        become(who);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        function(context);
        exit(EXIT_SUCCESS);
}

void as_end(pid_t child) {
        int status;

        ck_assert_int_eq(waitpid(child, &status, 0), child);
        if (WIFSIGNALED(status))
                ck_abort_msg("a child was killed by signal %d", WTERMSIG(status));
        if (WEXITSTATUS(status) != 0)
                exit(WEXITSTATUS(status)); /* its assertion has been told already */
}

void as(const struct who *who, void (*function)(void *context), void *context) {
        as_end(as_begin(who, function, context));
}

/* -------------------------------------------------------------------- gate */

void gate_new(struct gate *gate) {
        ck_assert_int_eq(pipe2(gate->there, O_CLOEXEC), 0);
        ck_assert_int_eq(pipe2(gate->open, O_CLOEXEC), 0);
}

static void gate_write(int fd) {
        ck_assert_int_eq(write(fd, "", 1), 1);
}

static void gate_read(int fd) {
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        char byte;

        ck_assert_msg(poll(&poller, 1, HARNESS_DEADLINE_MS) == 1, "nobody at the gate");
        ck_assert_int_eq(read(fd, &byte, 1), 1);
}

void gate_pass(struct gate *gate) {
        gate_write(gate->there[1]);
        gate_read(gate->open[0]);
}

void gate_wait(struct gate *gate) {
        gate_read(gate->there[0]);
}

void gate_open(struct gate *gate) {
        gate_write(gate->open[1]);
}
