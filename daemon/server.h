/*
 * The event loop's side: accepting, the connections and their limits, backing off
 * when descriptors run out, the helper threads' results, timers, signals. The only
 * room (with connection.c) that knows libevent.
 */
#pragma once

#include "broker.h"

struct listener;
struct server;

/* Borrows both. Errors: -ERROR_NO_MEMORY, -ERROR_SYSTEM (errno tells of both). */
int server_new(struct server **ret, struct broker *broker, const struct listener *listener);
void server_free(struct server *server); /* takes NULL */

/* Serves until SIGTERM or SIGINT, then finishes and answers what is in hand. 0 or
 * -ERROR_SYSTEM (errno tells). */
int server_run(struct server *server);
