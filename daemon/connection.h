/*
 * One peer: bytes in, messages out. It owns the descriptor, the credentials, the
 * rest of a message that has not arrived whole, and the replies that the socket did
 * not take; each is bounded. A peer that does not read its replies is not read from.
 */
#pragma once

#include "dispatch.h"

#include <stdbool.h>
#include <sys/queue.h>

struct connection;
struct event_base;
struct job;
struct worker;

/* What is read of a peer before the others have their turn. */
#define CONNECTION_TURN_BYTES (16 * 1024)

/* What all connections share, and what they tell of themselves. It outlives them. */
struct connection_host {
        struct event_base *base;
        struct dispatcher dispatcher; /* its broker alone is to be set */
        struct worker *worker;
        /* There is something to do for a peer. */
        void (*stirred)(struct connection_host *host);
        /* A connection is over, its descriptor closed. */
        void (*ended)(struct connection_host *host);

        /* connection.c's from here on. */
        LIST_HEAD(, connection) connections;
        bool draining;
        struct buffer output;              /* what replies are written to; empty between events */
        char input[CONNECTION_TURN_BYTES]; /* what recv(2) fills; nothing stays in it either */
};

/* The members above are set, the rest is zeroed. -ERROR_NO_MEMORY. */
int connection_host_init(struct connection_host *host);

/* From here on every connection answers what has arrived of it, and then ends. */
void connection_host_drain(struct connection_host *host);

/* Waits for the work under way, whose answers are sent, and ends every connection. */
void connection_host_close(struct connection_host *host);

/* Takes the descriptor. The peer's user is charged for it; who is one too many is told
 * LimitExceeded and hung up on. Errors: -ERROR_NO_MEMORY, -ERROR_LIMIT_EXCEEDED
 * (connections, connectionsPerUser), -ERROR_SYSTEM. */
int connection_new(struct connection_host *host, int take_fd);

/* One of the host's works has ended: a job that was fetched from its worker. */
void connection_worked(struct job *job);
