/*
 * struct shmb, and the life of its connection: who holds it, and when it is made anew.
 * A call goes
 *
 *     connect_begin()   fork, deadline, lock
 *     connect_ready()   b->channel is there; once more after every connect_again()
 *     ... connect_drop() where the channel failed ...
 *     connect_end()
 */
#pragma once

#include "address.h"
#include "deadline.h"
#include "known.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct channel;

struct shmb {
        pthread_mutex_t lock;         /* one call at a time: `channel` */
        atomic_int holder;            /* whose process this is; negated while a child takes over */
        atomic_int timeout_ms;        /* of every call */
        atomic_bool shares_namespace; /* the broker does, on this connection, with us */
        struct address address;
        struct channel *channel; /* NULL: not connected */
        struct known known;
};

/* What every call begins with: a child of fork(2) makes the handle its own. */
void connect_notice_fork(struct shmb *b);

/* -ETIMEDOUT: other threads' calls took all the time. */
int connect_begin(struct shmb *b, struct deadline *ret_deadline);
void connect_end(struct shmb *b);

/* Connects where there is no connection: one attempt. */
int connect_ready(struct shmb *b, const struct deadline *deadline);
void connect_drop(struct shmb *b);

/* After failure r of an attempt: true, and a pause is over, where another one makes
 * sense, since the broker is away and may come back. Else *r is what to return. */
bool connect_again(struct shmb *b, struct deadline *deadline, int *r);
