/*
 * Timers that the loop sees as readable descriptors, timerfd_create(2). With one of
 * libevent's own, every epoll_wait(2) would have a timeout, for which the kernel arms a
 * timer and disarms it again: a tenth of a call's time.
 */
#pragma once

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

struct timer {
        int fd;
        struct event readable;
        void (*expired)(void *argument);
        void *argument;
};

/* Stopped as yet. -ERROR_SYSTEM (errno tells). */
int timer_open(struct timer *timer, struct event_base *base, void (*expired)(void *argument),
               void *argument);
void timer_close(struct timer *timer);

/* Expires in so many milliseconds, at least 1, once or again and again; what it did before
 * is forgotten. */
void timer_start(struct timer *timer, uint64_t ms, bool repeats);
void timer_stop(struct timer *timer);
