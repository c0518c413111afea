#include "deadline.h"

#include <errno.h>

#define PAUSE_FIRST_MS 5
#define PAUSE_LAST_MS  250

#define MS_PER_S  1000
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

struct timespec deadline_left(const struct deadline *deadline) {
        struct timespec now, left;

        clock_gettime(CLOCK_MONOTONIC, &now);
        left.tv_sec = deadline->at.tv_sec - now.tv_sec;
        left.tv_nsec = deadline->at.tv_nsec - now.tv_nsec;
        if (left.tv_nsec < 0) {
                left.tv_sec--;
                left.tv_nsec += NS_PER_S;
        }
        return left.tv_sec < 0 ? (struct timespec){0} : left;
}

int deadline_pause(struct deadline *deadline) {
        struct timespec left = deadline_left(deadline);
        if (left.tv_sec == 0 && left.tv_nsec == 0)
                return -ETIMEDOUT;

        struct timespec pause = {.tv_nsec = deadline->pause_ms * (long) NS_PER_MS};
        if (left.tv_sec == 0 && left.tv_nsec < pause.tv_nsec)
                pause = left;
        /* A signal that cuts it short only makes the next attempt an early one. */
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);

        deadline->pause_ms = deadline->pause_ms == 0 ? PAUSE_FIRST_MS : deadline->pause_ms * 2;
        if (deadline->pause_ms > PAUSE_LAST_MS)
                deadline->pause_ms = PAUSE_LAST_MS;
        return 0;
}
