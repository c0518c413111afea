/*
 * A connected socket: calls out, replies in, each under a deadline. It knows nothing of
 * threads or of repeating. After any failure but that of channel_open() the stream is
 * out of step, and all there is left to do is to close it.
 */
#pragma once

#include "proto/method.h"

#include <stdbool.h>

struct address;
struct answer;
struct channel;
struct deadline;

/* One attempt, which waits while the broker has more connections to accept than it
 * takes. -ETIMEDOUT, -ENOMEM, and what socket(2) and connect(2) return. */
int channel_open(struct channel **ret, const struct address *address,
                 const struct deadline *deadline);
void channel_close(struct channel *channel); /* takes NULL */

/* In the child of a fork(2): gives the descriptor up, unless its number stands for
 * something else by now (daemons like to close all they inherit). Does not free the
 * channel, since another thread may have been at work in it. */
void channel_forsake(struct channel *channel);

/* ret_sent: whether the broker has the whole call and may act on it, also on failure. A
 * broker that hung up is not a failure yet: why it did may lie there to be received.
 * -ETIMEDOUT, -ENOMEM, -EMSGSIZE, and what send(2) returns. */
int channel_send(struct channel *channel, enum method_id method, const void *request, bool more,
                 const struct deadline *deadline, bool *ret_sent);

/* -ECONNRESET: the broker is gone. -ETIMEDOUT, -EPROTO, -ENOMEM, and what recv(2) returns. */
int channel_receive(struct channel *channel, const struct deadline *deadline, struct answer *ret);

/* There is a broker at the other end: it said something. */
bool channel_has_answered(const struct channel *channel);
