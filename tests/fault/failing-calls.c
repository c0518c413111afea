/*
 * Each system call that can fail fails, once at each of its occurrences: the broker does
 * what it was asked for, or says clearly that it did not, is as before, and goes on.
 */
#include "script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct row {
        const char *call;
        const char *errors; /* separated by blanks */
} rows[] = {
        {"shmget", "ENOSPC ENOMEM EPERM"},
        {"shmctl", "EPERM ENOMEM"},
        {"epoll_wait", "EINTR"},
        {"epoll_ctl", "ENOMEM ENOSPC"},
        {"epoll_create1", "EMFILE ENOMEM"},
        {"accept4", "EMFILE ENFILE ENOMEM ECONNABORTED EINTR EAGAIN EPROTO"},
        {"recvfrom", "EINTR EAGAIN ENOMEM ECONNRESET"},
        {"sendto", "EINTR EAGAIN ENOBUFS EPIPE ECONNRESET"},
        {"getsockopt", "ENOMEM EINVAL"},
        {"getsockname", "ENOBUFS"},
        {"pwrite64", "ENOSPC EIO EINTR EDQUOT"},
        {"fallocate", "ENOSPC EIO EINTR EOPNOTSUPP"},
        {"ftruncate", "ENOSPC EIO EINTR"},
        {"openat", "EMFILE ENFILE EINTR ENOSPC EIO ENOMEM"},
        {"mkdir", "ENOSPC EACCES"},
        {"renameat", "ENOSPC EIO"},
        {"unlinkat", "EIO"},
        {"unlink", "EIO"},
        {"flock", "EINTR ENOLCK"},
        {"newfstatat", "EIO ENOMEM"},
        {"read", "EINTR"},
        {"eventfd2", "EMFILE ENFILE"},
        {"timerfd_create", "EMFILE ENFILE ENOMEM"},
        {"timerfd_settime", "ENOMEM"},
        {"getrandom", "ENOSYS EAGAIN"},
        {"pipe2", "EMFILE ENFILE"},
        {"socket", "EMFILE ENFILE ENOMEM"},
        {"bind", "EADDRINUSE EACCES ENOSPC"},
        {"listen", "EADDRINUSE"},
        {"getrlimit", "EPERM"},
        {"prlimit64", "EPERM"},
        {"clone3", "EAGAIN ENOMEM"},
#ifndef __SANITIZE_ADDRESS__ /* which does not go on without */
        {"mmap", "ENOMEM"},
        {"mremap", "ENOMEM"},
        {"munmap", "ENOMEM"},
        {"mprotect", "ENOMEM"},
        {"brk", "ENOMEM"},
#endif
};

static char learned[128]; /* a trace of one clean run */

/* How often the call is made before the program's own part begins: the loader's. */
static unsigned count_of_loader(const char *call) {
        char line[512], begin[64];
        unsigned n = 0;
        FILE *trace = fopen(learned, "re");

        ck_assert_ptr_nonnull(trace);
        snprintf(begin, sizeof(begin), " %s(", call);
        while (fgets(line, sizeof(line), trace) != NULL && strstr(line, " umask(") == NULL)
                n += strstr(line, begin) != NULL;
        fclose(trace);
        return n;
}

static void trace_with(struct daemon *daemon, const char *trace, const char *expression,
                       const char *injection) {
        const char *const words[] = {"strace", "-f",       "-qq", "--seccomp-bpf", "-o", trace,
                                     "-e",     expression, "-e",  injection};

        memcpy(daemon->wrapper, words, sizeof(words));
        daemon->wrapper[injection == NULL ? 8 : 10] = NULL;
        /* A leak checker can't work on what is traced. */
        daemon->environment[0] = "ASAN_OPTIONS=detect_leaks=0";
}

static bool was_injected(const char *path) {
        char line[512];
        bool injected = false;
        FILE *trace = fopen(path, "re");

        while (trace != NULL && !injected && fgets(line, sizeof(line), trace) != NULL)
                injected = strstr(line, "(INJECTED)") != NULL;
        if (trace != NULL)
                fclose(trace);
        return injected;
}

/* It says why in the log, and starts the next time as if nothing had been. */
static void check_refused_start(struct script *script, const char *what) {
        struct daemon *daemon = script->daemon;

        ck_assert_msg(WIFEXITED(daemon->status) && WEXITSTATUS(daemon->status) == 1,
                      "%s: it ended with %#x", what, daemon->status);
        ck_assert_msg(daemon_logged(daemon, "shmbrokerd: "), "%s: it does not say why", what);
        daemon->wrapper[0] = NULL;
        daemon_start(daemon);
        script_check(script);
        daemon_stop(daemon);
}

/* False: the call was not made so often. */
static bool survive(struct daemon *daemon, const char *call, const char *error, unsigned n) {
        char trace[128], expression[64], injection[96];
        struct script script;

        script_begin(&script, daemon);
        snprintf(trace, sizeof(trace), "%s/trace", daemon->directory);
        snprintf(expression, sizeof(expression), "trace=%s", call);
        snprintf(injection, sizeof(injection), "inject=%s:error=%s:when=%u", call, error, n);
        trace_with(daemon, trace, expression, injection);
        daemon_trying(daemon, "%s", injection);
        if (daemon_try_start(daemon)) {
                script_insist(&script);
                daemon_stop(daemon);
        } else {
                check_refused_start(&script, injection);
        }
        script_end(&script);
        return was_injected(trace);
}

static unsigned *failures; /* shared with the workers */

static void fail_each_call(struct daemon *daemon, unsigned number, unsigned count) {
        for (size_t i = number; i < sizeof(rows) / sizeof(*rows); i += count) {
                unsigned first = count_of_loader(rows[i].call) + 1;
                char errors[64], *rest = NULL;
                snprintf(errors, sizeof(errors), "%s", rows[i].errors);
                for (char *error = strtok_r(errors, " ", &rest); error != NULL;
                     error = strtok_r(NULL, " ", &rest))
                        for (unsigned n = first; survive(daemon, rows[i].call, error, n);
                             n += SCRIPT_STRIDE)
                                __atomic_add_fetch(failures, 1, __ATOMIC_RELAXED);
        }
}

static void learn_calls(struct daemon *daemon) {
        struct script script;

        snprintf(learned, sizeof(learned), "%s/calls", daemon->directory);
        script_begin(&script, daemon);
        trace_with(daemon, learned, "trace=all", NULL);
        daemon_start(daemon);
        ck_assert_uint_eq(script_insist(&script), 0);
        daemon_stop(daemon);
        script_end(&script);
        daemon->wrapper[0] = NULL;
        daemon->environment[0] = NULL;
}

START_TEST(every_failing_system_call_is_survived) {
        if (system("strace -V >/dev/null 2>&1") != 0)
                harness_skip("needs strace");
        failures = mmap(NULL, sizeof(*failures), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                        -1, 0);
        ck_assert_ptr_ne(failures, MAP_FAILED);
        script_learn(&harness_daemon);
        learn_calls(&harness_daemon);
        script_in_parallel(fail_each_call);
        ck_assert_uint_gt(*failures, 100);
        dprintf(STDOUT_FILENO, "# %u failing system calls\n", *failures);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("failing-calls");

        harness_test_alone(suite, every_failing_system_call_is_survived);
        return harness_run(suite);
}
