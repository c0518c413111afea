/*
 * Until when a call may take, by the monotonic clock, and the pauses of who tries
 * again until then.
 */
#pragma once

#include <stdint.h>
#include <time.h>

struct deadline {
        struct timespec at; /* CLOCK_MONOTONIC */
        int timeout_ms;     /* what it was begun with, for people */
        int pause_ms;       /* the next one; 0: none yet */
};

void deadline_begin(struct deadline *ret, int timeout_ms);

/* How long it is until then, 0 once it has passed. */
int64_t deadline_left_us(const struct deadline *deadline);

/* Sleeps: not at all at first, then longer each time, from 5 to 250 ms. -ETIMEDOUT,
 * without a sentence: the deadline came first. */
int deadline_pause(struct deadline *deadline);
