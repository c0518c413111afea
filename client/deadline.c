#include "deadline.h"

#include <errno.h>
#include <stdbool.h>

#define PAUSE_FIRST_MS 5
#define PAUSE_LAST_MS  250

#define MS_PER_S  1000
#define US_PER_MS 1000
#define US_PER_S  1000000
#define NS_PER_US 1000
#define NS_PER_MS 1000000
#define NS_PER_S  1000000000

void deadline_begin(struct deadline *ret, int timeout_ms) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        long ns = now.tv_nsec + timeout_ms % MS_PER_S * (long) NS_PER_MS;
        *ret = (struct deadline){
                .at.tv_sec = now.tv_sec + timeout_ms / MS_PER_S + ns / NS_PER_S,
                .at.tv_nsec = ns % NS_PER_S,
                .timeout_ms = timeout_ms,
        };
}

int64_t deadline_left_us(const struct deadline *deadline) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t left_us = (deadline->at.tv_sec - now.tv_sec) * (int64_t) US_PER_S +
                          (deadline->at.tv_nsec - now.tv_nsec) / NS_PER_US;
        return left_us > 0 ? left_us : 0;
}

int deadline_pause(struct deadline *deadline) {
        int64_t left_us = deadline_left_us(deadline);
        int64_t pause_us = deadline->pause_ms * (int64_t) US_PER_MS;
        bool is_last = pause_us >= left_us;

        struct timespec pause = {.tv_nsec = (is_last ? left_us : pause_us) * NS_PER_US};
        /* A signal that cuts it short only makes the next attempt an early one. */
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
        if (is_last)
                return -ETIMEDOUT;

        deadline->pause_ms = deadline->pause_ms == 0 ? PAUSE_FIRST_MS : deadline->pause_ms * 2;
        if (deadline->pause_ms > PAUSE_LAST_MS)
                deadline->pause_ms = PAUSE_LAST_MS;
        return 0;
}
