/*
 * shmbrokerctl: what its verbs share. A verb is one file (or closely related ones in
 * one file), which exports one row: its name, its operands, its options, and the
 * function that runs it. main.c lists the rows and knows nothing else of them.
 *
 * Every function that says why something failed prints one line to standard error
 * and returns the exit code, so that a failure is one line: `return ctl_usage(...);`
 */
#pragma once

#include <stdbool.h>

struct option_row;
struct shmb;
struct verb;

/* Exit codes. */
enum {
        CTL_DONE = 0,
        CTL_REFUSED = 1, /* by the broker, the kernel, or because nobody answers */
        CTL_USAGE = 2,
};

struct ctl {
        const struct verb *verb;
        const char *address; /* NULL: where shmb_connect() looks */
        bool json;
        struct shmb *broker; /* NULL until ctl_connect() */
};

struct verb {
        const char *name;
        const char *operands;             /* as --help shows them: "NAME SIZE" */
        const char *summary;              /* one line of --help */
        const struct option_row *options; /* NULL: none of its own */
        int operands_minimum;
        int operands_maximum; /* -1: any number */
        bool plain;           /* has no --json: what it prints is not for us to shape */
        int (*run)(struct ctl *ctl, int count, char **operands);
};

/* Connects, once what the user typed has been checked. False after it said why not. */
bool ctl_connect(struct ctl *ctl);

/* What was typed makes no sense. CTL_USAGE. */
int ctl_usage(const struct ctl *ctl, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A call of the library returned `error` (a negative errno): says so in the library's
 * words, with the segment's name (or "id 12") before and what can be done about it
 * behind. `segment` may be NULL where the call was about none. CTL_REFUSED. */
int ctl_refused(const struct ctl *ctl, const char *segment, int error);

/* Anything else to be said about `subject`: a segment, a file, "standard output".
 * CTL_REFUSED, for whoever makes it one. */
int ctl_failed(const struct ctl *ctl, const char *subject, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
