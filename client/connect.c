#include "connect.h"

#include "channel.h"
#include "failure.h"
#include "shmbroker.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>

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

/* HOLDER_SELF, and HOLDER_PARENT in every child. NULL: failed, errno. */
static atomic_int *connect_hold(void) {
        atomic_int *holder = mmap(NULL, sizeof *holder, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (holder == MAP_FAILED)
                return NULL;
        if (madvise(holder, sizeof *holder, MADV_WIPEONFORK) < 0) {
                munmap(holder, sizeof *holder);
                return NULL;
        }
        *holder = HOLDER_SELF;
        return holder;
}

void connect_notice_fork(struct shmb *b) {
        int holder;

        while ((holder = *b->holder) != HOLDER_SELF) {
                if (holder == HOLDER_TAKING) {
                        sched_yield(); /* another thread */
                } else if (atomic_compare_exchange_strong(b->holder, &holder, HOLDER_TAKING)) {
                        connect_take_over(b);
                        *b->holder = HOLDER_SELF;
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
        struct shmb *b = calloc(1, sizeof *b);
        if (!b)
                return failure_no_memory();

        b->holder = connect_hold();
        if (!b->holder) {
                int r = failure_system(errno, "cannot have memory that fork(2) wipes");
                free(b);
                return r;
        }
        pthread_mutex_init(&b->lock, NULL);
        known_init(&b->known);
        b->timeout_ms = TIMEOUT_DEFAULT_MS;

        struct deadline deadline;
        deadline_begin(&deadline, b->timeout_ms);
        int r = address_find(&b->address, address);
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
        munmap(b->holder, sizeof *b->holder);
        free(b);
}

int shmb_set_timeout(struct shmb *b, int timeout_ms) {
        if (timeout_ms <= 0)
                return failure_text(EINVAL, "a timeout of %d ms is no time", timeout_ms);
        b->timeout_ms = timeout_ms;
        return 0;
}
