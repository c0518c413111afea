/*
 * What ctl.h says of failures: one line on standard error, "shmbrokerctl: VERB: what
 * and why (what to do about it)". The library says the first, the tables the second.
 */
#include "ctl.h"

#include "proto/name.h"
#include "shmbroker.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The first row that fits is taken. %s is the segment. */
struct advice {
        int error;
        const char *verb; /* NULL: any */
        const char *text;
};

#define ADVICE_ACCESS "its owner can let you in: shmbrokerctl set %s --mode MODE"

static const struct advice advices[] = {
        {EACCES, "open", ADVICE_ACCESS},
        {EACCES, "read", ADVICE_ACCESS},
        {EACCES, "stat", ADVICE_ACCESS},
        {EEXIST, "adopt", "choose another name, or move that one away: shmbrokerctl mv %s OTHER"},
        {EEXIST, "create", "leave --exclusive out to use it, or remove it: shmbrokerctl rm %s"},
        {EEXIST, "mv", "--replace puts %s in its place"},
        {EEXIST, "write", "it appeared just now: try again"},
        {ENOENT, "adopt", "lsipc -m shows the keys and ids that there are"},
        {ENOENT, NULL, "shmbrokerctl ls shows the segments that you may read"},
        {ENOMEM, "lock", "LimitMEMLOCK= of the broker's service raises it"},
        {ENOMEM, NULL, "/proc/meminfo shows what there is"},
        {ENOSPC, NULL, "shmbrokerctl status shows the limits, df the room of the state directory"},
        {EPERM, NULL, "shmbrokerctl stat %s shows who that is"},
        {ETIMEDOUT, NULL, "is the broker stopped, or the machine busy?"},
        {0},
};

static const struct advice connect_advices[] = {
        {EACCES, NULL, "ls -l shows the group, usermod -aG GROUP USER adds somebody"},
        {ECONNREFUSED, NULL, "start it: systemctl start shmbrokerd.socket, or shmbrokerd"},
        {ENOENT, NULL, "start it, or say where it is: --address unix:PATH"},
        {0},
};

static void begin(const struct ctl *ctl, const char *subject) {
        fflush(stdout); /* what was printed before stands before this */
        fputs("shmbrokerctl: ", stderr);
        if (ctl->verb)
                fprintf(stderr, "%s: ", ctl->verb->name);
        if (subject)
                fprintf(stderr, "%s: ", subject);
}

static void advise(const struct ctl *ctl, const struct advice *advice, int error,
                   const char *segment) {
        for (; advice->error; advice++)
                if (advice->error == error &&
                    (!advice->verb || strcmp(advice->verb, ctl->verb->name) == 0)) {
                        fputs(" (", stderr);
                        fprintf(stderr, advice->text, segment);
                        putc(')', stderr);
                        return;
                }
}

int ctl_usage(const struct ctl *ctl, const char *format, ...) {
        va_list arguments;

        begin(ctl, NULL);
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fprintf(stderr, " (see shmbrokerctl %s%s--help)\n", ctl->verb ? ctl->verb->name : "",
                ctl->verb ? " " : "");
        return CTL_USAGE;
}

int ctl_refused(const struct ctl *ctl, const char *segment, int error) {
        const char *sentence = shmb_error(ctl->broker);
        char quoted[NAME_BYTES_MAX + 3] = "";

        if (segment)
                snprintf(quoted, sizeof quoted, "\"%s\"", segment);
        /* most sentences name the segment themselves */
        begin(ctl, strstr(sentence, quoted) ? NULL : segment);
        fputs(sentence, stderr);
        if (segment)
                advise(ctl, advices, -error, segment);
        putc('\n', stderr);
        return CTL_REFUSED;
}

int ctl_failed(const struct ctl *ctl, const char *subject, const char *format, ...) {
        va_list arguments;

        begin(ctl, subject);
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        putc('\n', stderr);
        return CTL_REFUSED;
}

bool ctl_connect(struct ctl *ctl) {
        int result = shmb_connect(&ctl->broker, ctl->address);

        if (result == 0)
                return true;
        begin(ctl, NULL);
        fputs(shmb_error(NULL), stderr);
        advise(ctl, connect_advices, -result, NULL);
        putc('\n', stderr);
        return false;
}
