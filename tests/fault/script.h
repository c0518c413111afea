/*
 * The fixed script that the broker is to survive: calls of every kind that changes
 * something, each with what must stand before and behind it. A call that was answered
 * is done exactly as answered; one that was not is done wholly or not at all.
 */
#pragma once

#include "harness.h"

struct script {
        struct daemon *daemon;
        int fd;           /* -1: not connected */
        unsigned step;    /* the one that comes next */
        bool unheard;     /* it was sent, and not answered */
        unsigned refused; /* answers that were an error */
        void *attached[4];
        size_t attached_count;
        struct known {
                char name[64];
                int id;         /* -1: was never told */
                char *identity; /* what does not change while it lives */
        } known[16];
        size_t known_count;
};

unsigned script_steps(void);

/* Runs all of it once and keeps what stands after each step, which later runs are held
 * against. The daemon is new and does not run yet; so it is afterwards. */
void script_learn(struct daemon *daemon);

/* An empty namespace and state directory, but for the segment that will be adopted. */
void script_begin(struct script *script, struct daemon *daemon);
void script_end(struct script *script);

enum script_result {
        SCRIPT_ENDED,   /* there is no step left */
        SCRIPT_DONE,    /* the step was done and answered */
        SCRIPT_REFUSED, /* an error was the answer */
        SCRIPT_LOST,    /* the connection broke: done or not, see script_check() */
};
enum script_result script_next(struct script *script);
enum script_result script_run(struct script *script); /* until one that is not SCRIPT_DONE */

/* All of it, however often a call is refused or the connection breaks: that a refused one
 * left all as it was is checked, and it must succeed when it is made again. Returns how
 * often that was needed. */
unsigned script_insist(struct script *script);

/* To a broker that works: does what stands agree with what was answered? Goes on behind
 * a step that was done without being heard of. */
void script_check(struct script *script);

/* Under a sanitizer everything takes several times as long, and what it finds does not
 * hide in one place alone: there, every third of the points is tried. */
#ifdef __SANITIZE_ADDRESS__
#define SCRIPT_STRIDE 3
#else
#define SCRIPT_STRIDE 1
#endif

/* The work in as many processes as may have an IPC namespace of their own; each has a
 * daemon of its own and takes every countth part, beginning with `number`. */
typedef void (*script_worker)(struct daemon *daemon, unsigned number, unsigned count);
void script_in_parallel(script_worker function);
