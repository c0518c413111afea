/*
 * A daemon that is killed at its Nth system call, by way of kill-at.
 */
#pragma once

#include "harness.h"

#include <sys/wait.h>

static inline void kill_next_at(struct daemon *daemon, unsigned n) {
        static char number[16];

        snprintf(number, sizeof(number), "%u", n);
        daemon->wrapper[0] = KILL_AT;
        daemon->wrapper[1] = number;
        daemon->wrapper[2] = NULL;
        /* A leak checker can't work on what is traced. */
        daemon->environment[0] = "ASAN_OPTIONS=detect_leaks=0";
}

static inline void kill_no_more(struct daemon *daemon) {
        daemon->wrapper[0] = NULL;
        daemon->environment[0] = NULL;
}

static inline bool was_killed(const struct daemon *daemon) {
        return WIFEXITED(daemon->status) && WEXITSTATUS(daemon->status) == 137;
}
