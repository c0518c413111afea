/*
 * How long one event may keep the loop from the others: what comes in rows (the calls
 * that a peer pipelined, connections that wait, works that have ended) goes on in the
 * loop's next round when its turn is over.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct turn {
        int64_t ends_ns; /* monotonic */
};

void turn_begin(struct turn *ret);
bool turn_is_over(const struct turn *turn);
