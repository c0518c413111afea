#include "timer.h"

#include "proto/error.h"

#include <event2/event.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define MS_PER_S  1000
#define NS_PER_MS 1000000

static void timer_readable(int fd, short events, void *argument) {
        struct timer *timer = argument;
        uint64_t times;
        if (read(fd, &times, sizeof(times)) == sizeof(times)) /* else it was stopped meanwhile */
                timer->expired(timer->argument);
}

int timer_open(struct timer *timer, struct event_base *base, void (*expired)(void *argument),
               void *argument) {
        timer->expired = expired;
        timer->argument = argument;
        timer->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        if (timer->fd < 0)
                return -ERROR_SYSTEM;
        if (event_assign(&timer->readable, base, timer->fd, EV_READ | EV_PERSIST, timer_readable,
                         timer) == 0 &&
            event_add(&timer->readable, NULL) == 0)
                return 0;
        close(timer->fd);
        return -ERROR_SYSTEM;
}

void timer_close(struct timer *timer) {
        event_del(&timer->readable);
        close(timer->fd);
}

static void timer_set(struct timer *timer, const struct itimerspec *setting) {
        (void) timerfd_settime(timer->fd, 0, setting, NULL); /* fails with bad arguments alone */
}

void timer_start(struct timer *timer, uint64_t ms, bool repeats) {
        const struct timespec period = {
                .tv_sec = (time_t) (ms / MS_PER_S),
                .tv_nsec = (long) (ms % MS_PER_S) * NS_PER_MS,
        };
        timer_set(timer, &(struct itimerspec){
                                 .it_value = period,
                                 .it_interval = repeats ? period : (struct timespec){0},
                         });
}

void timer_stop(struct timer *timer) {
        timer_set(timer, &(struct itimerspec){0});
}
