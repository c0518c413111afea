/*
 * How long one event may keep the loop from the others: what comes in rows (the calls
 * that a peer pipelined, connections that wait, works that have ended) goes on in the
 * loop's next round when its turn is over.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct turn {
        int64_t length_ns;
        int64_t ends_ns;     /* monotonic; 0: nobody has looked at the clock yet */
        int64_t seen_ns;     /* at the last look */
        int64_t late_ns;     /* when replies have waited for long enough */
        size_t unseen_bytes; /* spent since the last look */
};

/* One of so many that share a turn, as the connections of one user do: each has its part,
 * though not less than a tenth. */
void turn_begin(struct turn *ret, int64_t shares);
/* The first look starts the clock: who does little is spared it. */
bool turn_is_over(struct turn *turn);
/* Likewise, after so many bytes of calls: the clock is looked at once a kilobyte. */
bool turn_spend(struct turn *turn, size_t length_bytes);
/* Have replies waited for a tenth of a millisecond, by the last look? Then they should not
 * wait for those behind them: who asked can go on with them meanwhile. True once for each. */
bool turn_is_late(struct turn *turn);
