/*
 * One call and its reply: over the connection, under a deadline, and once more when the
 * connection broke and it does no harm.
 */
#pragma once

#include "proto/error.h"
#include "proto/method.h"

#include <stdbool.h>

struct answer;
struct shmb;
struct shmb_segment;

/* Whether a call that the broker may have acted on, but did not answer, is made again. */
enum exchange_repeat {
        EXCHANGE_REPEAT, /* it can be: it reads, sets what is set then, or carries a token */
        EXCHANGE_ONCE,   /* it can't: exchange_unknown() */
};

/* -ECONNABORTED: the broker went away in the middle of a call, and nothing tells whether
 * it had been done by then. */
int exchange_unknown(void);

/* A reply, a refusal included. ret_repeated: an earlier attempt may have been acted on.
 * -ETIMEDOUT, -ECONNABORTED, -EPROTO, -ENOMEM, and what socket(2), connect(2), send(2) and
 * recv(2) return. */
int exchange_run(struct shmb *b, enum method_id method, const void *request,
                 enum exchange_repeat repeat, struct answer *ret, bool *ret_repeated);

struct exchange {
        struct shmb_segment *segment; /* for free(3); NULL on failure; Find tells little of it */
        bool created;
        bool repeated;           /* as ret_repeated above */
        enum error_code refusal; /* ERROR_NONE: the broker did not refuse */
};

/* The same for the methods that answer with a segment, which is noted as known; a
 * refusal is a failure here. */
int exchange_segment(struct shmb *b, enum method_id method, const void *request,
                     enum exchange_repeat repeat, struct exchange *ret);

/* What makes Create, Adopt and Rename repeatable: random, for one call. */
#define EXCHANGE_TOKEN_BYTES 33
int exchange_token(char ret[EXCHANGE_TOKEN_BYTES]);
