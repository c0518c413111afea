/*
 * Runs a program and kills it at its Nth system call, counted over all of its threads,
 * before that call does anything: `kill-at N PROGRAM [ARGUMENT...]`. Counting begins with
 * the first call that can leave something behind, so that the loader's don't count. Ends
 * as the program did; 137 when it was killed.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSCALL_STOP (SIGTRAP | 0x80) /* PTRACE_O_TRACESYSGOOD */

static void __attribute__((noreturn)) fail(const char *what) {
        fprintf(stderr, "kill-at: %s: %s\n", what, strerror(errno));
        exit(125);
}

static pid_t start(char **argv) {
        pid_t pid = fork();
        int status;

        if (pid < 0)
                fail("fork");
        if (pid == 0) {
                if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
                        fail("ptrace");
                raise(SIGSTOP);
                execv(argv[0], argv);
                fail(argv[0]);
        }
        if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
                fail("waitpid");
        if (ptrace(PTRACE_SETOPTIONS, pid, NULL,
                   PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE |
                           PTRACE_O_EXITKILL) < 0)
                fail("ptrace");
        return pid;
}

/* Everything else that makes a file comes behind one of these. */
static bool leaves_something(unsigned long call) {
        static const unsigned long calls[] = {SYS_umask, SYS_mkdirat, SYS_socket, SYS_flock};

        for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
                if (call == calls[i])
                        return true;
        return false;
}

/* Is the thread about to make a call that counts? */
static bool counts(pid_t thread, bool *began) {
        struct __ptrace_syscall_info info;

        if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) <= 0 ||
            info.op != PTRACE_SYSCALL_INFO_ENTRY)
                return false;
        *began = *began || leaves_something(info.entry.nr);
        return *began;
}

/* What to hand on to a thread that stopped: its signal, or none where it is ours. */
static int signal_of(int status) {
        int signal = WSTOPSIG(status);

        return signal == SYSCALL_STOP || signal == SIGSTOP || status >> 16 != 0 ? 0 : signal;
}

static int watch(pid_t program, unsigned long kill_at) {
        unsigned long calls = 0;
        bool began = false;
        int status;

        ptrace(PTRACE_SYSCALL, program, NULL, NULL);
        for (;;) {
                pid_t thread = waitpid(-1, &status, __WALL);
                if (thread < 0)
                        fail("waitpid");
                if (!WIFSTOPPED(status)) {
                        if (thread != program)
                                continue;
                        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
                }
                if (WSTOPSIG(status) == SYSCALL_STOP && counts(thread, &began) &&
                    ++calls == kill_at) {
                        kill(program, SIGKILL);
                        continue;
                }
                ptrace(PTRACE_SYSCALL, thread, NULL, signal_of(status));
        }
}

int main(int argc, char **argv) {
        if (argc < 3) {
                fputs("usage: kill-at N PROGRAM [ARGUMENT...]\n", stderr);
                return 125;
        }
        signal(SIGTERM, SIG_IGN);
        unsigned long kill_at = strtoul(argv[1], NULL, 10);
        return watch(start(argv + 2), kill_at);
}
