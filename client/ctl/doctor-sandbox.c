/* What a sandbox lets a client do: system calls, sockets, executable memory. Of a unit
 * its settings tell; ours is tried out. */
#include "doctor-unit.h"
#include "doctor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PR_GET_MDWE /* Linux 6.3 */
#define PR_GET_MDWE 66
#endif

#define KILL_NUMBER 0x7ffffffe /* systemd's SystemCallErrorNumber= where it is "kill" */

/* What a client calls to attach, check and detach. Each takes a segment that there
 * can't be, and so does nothing. */
static bool try_shmat(void) {
        return shmat(-1, NULL, 0) != (void *) -1 || errno == EINVAL;
}

static bool try_shmctl(void) {
        struct shmid_ds ds;

        return shmctl(-1, IPC_STAT, &ds) == 0 || errno == EINVAL;
}

static bool try_shmdt(void) {
        return shmdt((void *) 1) == 0 || errno == EINVAL;
}

static bool try_executable(void) {
        if (prctl(PR_GET_MDWE, 0, 0, 0, 0) > 0)
                return false;
        return shmat(-1, NULL, SHM_EXEC) != (void *) -1 || errno == EINVAL;
}

static const struct {
        const char *name;
        bool (*try)(void);
} calls[] = {
        {"shmat", try_shmat},
        {"shmctl", try_shmctl},
        {"shmdt", try_shmdt},
};
#define CALLS (sizeof calls / sizeof calls[0])

enum trial {
        TRIAL_WORKS,
        TRIAL_REFUSED,
        TRIAL_KILLED,
};

/* In a child: a filter may kill who tries. */
static enum trial try_out(bool (*try)(void)) {
        int status;
        pid_t pid = fork();

        if (pid == 0)
                _exit(try() ? EXIT_SUCCESS : EXIT_FAILURE);
        if (pid < 0)
                return try() ? TRIAL_WORKS : TRIAL_REFUSED;
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (WIFSIGNALED(status))
                return TRIAL_KILLED;
        return WEXITSTATUS(status) == EXIT_SUCCESS ? TRIAL_WORKS : TRIAL_REFUSED;
}

static void try_calls(struct doctor *doctor) {
        const char *refused = "";
        bool is_killed = false;

        for (size_t i = 0; i < CALLS; i++) {
                enum trial trial = try_out(calls[i].try);

                if (trial != TRIAL_WORKS)
                        refused = doctor_text(doctor, "%s %s", refused, calls[i].name);
                is_killed |= trial == TRIAL_KILLED;
        }
        struct finding finding = {
                .state = FINDING_PROBLEM,
                .found = *refused ? doctor_text(doctor, "a filter keeps us from%s", refused)
                                  : "shmat, shmctl and shmdt are ours to call",
                .consequence = is_killed ? "Attaching a segment ends the process (SIGSYS)"
                                         : "Attaching a segment fails",
        };
        doctor_say_if(doctor, *refused, &finding);
}

/* A list of what is let through or, behind a "~", of what is not. */
static bool lets_through(const char *list, const char *word) {
        if (!list)
                return true;
        if (list[0] == '~')
                return !unit_has_word(list + 1, word);
        return unit_has_word(list, word);
}

static const char *filter_consequence(struct doctor *doctor) {
        const char *text = unit_property(doctor->unit, "SystemCallErrorNumber");
        int number = text ? atoi(text) : KILL_NUMBER;
        const char *name = number == KILL_NUMBER ? NULL : strerrorname_np(number);

        if (number == KILL_NUMBER)
                return "Attaching a segment ends the process (SIGSYS)";
        return doctor_text(doctor, "Attaching a segment fails with %s", name ? name : text);
}

void doctor_check_system_calls(struct doctor *doctor) {
        const char *list, *refused = "";

        if (!doctor->unit) {
                try_calls(doctor);
                return;
        }
        list = unit_property(doctor->unit, "SystemCallFilter");
        for (size_t i = 0; i < CALLS; i++)
                if (!lets_through(list, calls[i].name))
                        refused = doctor_text(doctor, "%s %s", refused, calls[i].name);
        if (!*refused) {
                doctor_say_ok(doctor, "%s may call shmat, shmctl and shmdt", doctor->subject.name);
                return;
        }
        struct finding finding = {
                .state = FINDING_PROBLEM,
                .found = doctor_text(doctor, "SystemCallFilter= keeps %s from%s",
                                     doctor->subject.name, refused),
                .consequence = filter_consequence(doctor),
                .file = unit_file(doctor, "SystemCallFilter"),
                .section = "[Service]",
                .line = "SystemCallFilter=@ipc",
        };
        doctor_say(doctor, &finding);
}

void doctor_check_address_families(struct doctor *doctor) {
        if (!doctor->unit) /* whoever has reached the broker may; who has not was told why */
                return;
        if (lets_through(unit_property(doctor->unit, "RestrictAddressFamilies"), "AF_UNIX")) {
                doctor_say_ok(doctor, "%s may have AF_UNIX sockets", doctor->subject.name);
                return;
        }
        struct finding finding = {
                .state = FINDING_PROBLEM,
                .found = unit_says(doctor, "RestrictAddressFamilies"),
                .consequence = "Connecting to the broker fails with EAFNOSUPPORT",
                .file = unit_file(doctor, "RestrictAddressFamilies"),
                .section = "[Service]",
                .line = "RestrictAddressFamilies=AF_UNIX",
        };
        doctor_say(doctor, &finding);
}

void doctor_check_executable(struct doctor *doctor) {
        struct finding finding = {
                .state = FINDING_NOTE,
                .found = "memory can't be both writable and executable here",
                .consequence = "Attaching a segment with SHM_EXEC fails with EPERM or EACCES; "
                               "without it, nothing does",
        };

        if (doctor->unit ? !unit_is(doctor->unit, "MemoryDenyWriteExecute")
                         : try_out(try_executable) == TRIAL_WORKS) {
                doctor_say_ok(doctor, "attaching with SHM_EXEC is not forbidden");
                return;
        }
        if (doctor->unit) {
                finding.found = unit_says(doctor, "MemoryDenyWriteExecute");
                finding.file = unit_file(doctor, "MemoryDenyWriteExecute");
                finding.section = "[Service]";
                finding.line = "MemoryDenyWriteExecute=no";
        }
        doctor_say(doctor, &finding);
}
