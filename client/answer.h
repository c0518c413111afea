/*
 * One reply of the broker: what it refused, or the typed result. Failures are negated
 * errno values with their sentence set; -EPROTO is a reply that can't be understood.
 */
#pragma once

#include "proto/error.h"
#include "proto/message.h"
#include "proto/method.h"

#include <stdbool.h>
#include <stddef.h>

struct cJSON;
struct shmb_segment;

struct answer {
        struct cJSON *document;
        struct reply reply; /* borrowed from the document */
};

/* The byte behind the text must be readable. */
int answer_parse(struct answer *ret, const char *text, size_t length_bytes);
void answer_free(struct answer *answer);

/* 0 where it is no refusal. ret_code may be NULL. */
int answer_refusal(const struct answer *answer, enum error_code *ret_code);

/* The broker refuses the connection itself, with LimitExceeded, and hangs up. */
bool answer_hangs_up(const struct answer *answer);

/* The result of a method that answers with a segment: in one block for free(3), NULL
 * where a List has none. ret_created may be NULL. */
int answer_segment(const struct answer *answer, enum method_id method, struct shmb_segment **ret,
                   bool *ret_created);

/* The result of GetStatus. */
int answer_status(const struct answer *answer, struct status_result *ret);
