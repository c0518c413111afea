/*
 * A few threads for the system calls that take long (freeing and locking large
 * segments). They see a struct work and nothing else. Threads start when they are
 * first needed; where none can be started, the work is run on the spot.
 */
#pragma once

#include "broker.h"

struct worker;

struct job {
        struct job *next;
        struct work *work;
        void *owner; /* the submitter's, untouched */
};

int worker_new(struct worker **ret); /* -ERROR_NO_MEMORY, -ERROR_SYSTEM */
/* Waits for what runs; jobs not fetched are the caller's to fetch before. Takes NULL. */
void worker_free(struct worker *worker);

/* Becomes readable when jobs have ended: for the event loop. */
int worker_fd(const struct worker *worker);

void worker_submit(struct worker *worker, struct job *job); /* borrowed until it is fetched */
struct job *worker_fetch(struct worker *worker);            /* one that has ended, NULL: none */
/* Waits until one has ended; NULL: none is under way. For the end of the program. */
struct job *worker_wait(struct worker *worker);
