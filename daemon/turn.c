#include "turn.h"

#include <time.h>

#define TURN_NS    1000000
#define LATE_NS    100000
#define SHARES_MAX 10
#define NS_PER_S   INT64_C(1000000000)

/* Looking at the clock takes a fortieth of a call's time. */
#define CLOCK_BYTES 1024

static int64_t now_ns(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * NS_PER_S + now.tv_nsec;
}

void turn_begin(struct turn *ret, int64_t shares) {
        *ret = (struct turn){.length_ns = TURN_NS / (shares < SHARES_MAX ? shares : SHARES_MAX),
                             .late_ns = INT64_MAX};
}

bool turn_is_over(struct turn *turn) {
        int64_t now = now_ns();

        if (turn->ends_ns == 0) {
                turn->ends_ns = now + turn->length_ns;
                turn->late_ns = now + LATE_NS;
        }
        turn->seen_ns = now;
        return now >= turn->ends_ns;
}

bool turn_spend(struct turn *turn, size_t length_bytes) {
        turn->unseen_bytes += length_bytes;
        if (turn->unseen_bytes < CLOCK_BYTES)
                return false;
        turn->unseen_bytes = 0;
        return turn_is_over(turn);
}

bool turn_is_late(struct turn *turn) {
        if (turn->seen_ns < turn->late_ns)
                return false;
        turn->late_ns = turn->seen_ns + LATE_NS;
        return true;
}
