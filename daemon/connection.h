/*
 * One peer: bytes in, messages out. It owns the descriptor, the credentials, the
 * rest of a message that has not arrived whole, and the replies that the socket did
 * not take; each is bounded. A peer that does not read its replies is not read from.
 */
#pragma once

#include "dispatch.h"

struct connection;
struct event_base;
struct worker;

/* What all connections share, and what they tell of themselves. It outlives them. */
struct connection_host {
        struct event_base *base;
        struct broker *broker;
        struct worker *worker;
        struct traffic traffic;
        struct buffer input;  /* what recv(2) fills: nothing stays in it between events */
        struct buffer output; /* what replies are written to: likewise */
        /* The connection is over and about to be freed. */
        void (*ended)(struct connection_host *host, struct connection *connection);
};

/* Takes the descriptor. The peer's user is charged for it. Errors: -ERROR_NO_MEMORY,
 * -ERROR_LIMIT_EXCEEDED (connectionsPerUser), -ERROR_SYSTEM. */
int connection_new(struct connection **ret, struct connection_host *host, int take_fd);
void connection_free(struct connection *connection); /* takes NULL; hangs up */
