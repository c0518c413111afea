#include "turn.h"

#include <time.h>

#define TURN_NS  1000000
#define NS_PER_S INT64_C(1000000000)

static int64_t now_ns(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * NS_PER_S + now.tv_nsec;
}

void turn_begin(struct turn *ret) {
        ret->ends_ns = now_ns() + TURN_NS;
}

bool turn_is_over(const struct turn *turn) {
        return now_ns() >= turn->ends_ns;
}
