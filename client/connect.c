#include "connect.h"

#include "channel.h"
#include "failure.h"
#include "shmbroker.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#define TIMEOUT_DEFAULT_MS 45000

int connect_ready(struct shmb *b, const struct deadline *deadline) {
        return b->channel ? 0 : channel_open(&b->channel, &b->address, deadline);
}

void connect_drop(struct shmb *b) {
        struct channel *channel = b->channel;

        b->channel = NULL; /* first, for a child that is forked right now */
        b->shares_namespace = false;
        channel_close(channel);
}

bool connect_again(struct shmb *b, struct deadline *deadline, int *r) {
        if (*r != -ENOENT && *r != -ECONNREFUSED && *r != -ECONNRESET)
                return false;
        if (deadline_pause(deadline) == 0)
                return true;
        *r = failure_text(ETIMEDOUT, "the broker at %s is gone and did not come back within %d ms",
                          b->address.text, deadline->timeout_ms);
        return false;
}

/* In the child of a fork(2): a connection that is its own, since replies would go to
 * either process. If another thread was in a call when the parent forked, what it was
 * working on is in no state to be used or freed, and is left alone. */
static void connect_take_over(struct shmb *b) {
        bool was_idle = pthread_mutex_trylock(&b->lock) == 0;

        if (b->channel)
                channel_forsake(b->channel);
        if (was_idle) {
                connect_drop(b);
                pthread_mutex_unlock(&b->lock);
        } else {
                b->channel = NULL;
                pthread_mutex_init(&b->lock, NULL);
        }
        known_after_fork(&b->known);
        b->shares_namespace = false;
}

/* Which process this is of those that forked from one another; never 0. */
static atomic_int process = 1;

static void connect_count_process(void) {
        process++;
}

/* Before the first handle is there. Threads that come here at once make a child count more
 * than one, which does no harm. */
static int connect_watch_forks(void) {
        static atomic_bool watching;

        if (watching)
                return 0;
        if (pthread_atfork(NULL, NULL, connect_count_process) != 0)
                return failure_no_memory();
        watching = true;
        return 0;
}

void connect_notice_fork(struct shmb *b) {
        int self = process, holder;

        while ((holder = b->holder) != self) {
                if (holder == -self) {
                        sched_yield(); /* another thread is taking over */
                } else if (atomic_compare_exchange_strong(&b->holder, &holder, -self)) {
                        connect_take_over(b);
                        b->holder = self;
                }
        }
}

int connect_begin(struct shmb *b, struct deadline *ret_deadline) {
        deadline_begin(ret_deadline, b->timeout_ms);
        connect_notice_fork(b);
        if (pthread_mutex_clocklock(&b->lock, CLOCK_MONOTONIC, &ret_deadline->at) != 0)
                return failure_text(ETIMEDOUT,
                                    "other threads' calls to the broker took longer than %d ms",
                                    ret_deadline->timeout_ms);
        return 0;
}

void connect_end(struct shmb *b) {
        pthread_mutex_unlock(&b->lock);
}

int shmb_connect(struct shmb **ret, const char *address) {
        int r = connect_watch_forks();
        if (r < 0)
                return r;
        struct shmb *b = calloc(1, sizeof *b);
        if (!b)
                return failure_no_memory();

        pthread_mutex_init(&b->lock, NULL);
        known_init(&b->known);
        b->holder = process;
        b->timeout_ms = TIMEOUT_DEFAULT_MS;

        struct deadline deadline;
        deadline_begin(&deadline, b->timeout_ms);
        r = address_find(&b->address, address);
        if (r == 0)
                r = connect_ready(b, &deadline);
        if (r < 0) {
                shmb_close(b);
                return r;
        }

        *ret = b;
        return 0;
}

void shmb_close(struct shmb *b) {
        if (!b)
                return;
        connect_notice_fork(b);
        connect_drop(b);
        known_destroy(&b->known);
        pthread_mutex_destroy(&b->lock);
        free(b);
}

int shmb_set_timeout(struct shmb *b, int timeout_ms) {
        if (timeout_ms <= 0)
                return failure_text(EINVAL, "a timeout of %d ms is no time", timeout_ms);
        b->timeout_ms = timeout_ms;
        return 0;
}
