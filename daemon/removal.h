/*
 * Ending a segment whose name is given up: IPC_RMID, and what follows. Remove and
 * Rename share it.
 */
#pragma once

#include "broker.h"

struct found;

/* The target is held as removed already. outcome->segment is the answer, about the
 * segment with the id reply_id. 0: done; BROKER_WORK: outcome->work is to be run, and
 * both entries stay until removal_end(); -ERROR_SYSTEM as removal_end(). */
int removal_start(struct broker *broker, const struct found *target, int reply_id,
                  struct outcome *outcome, struct error *ret_error);

/* IPC_RMID was done with this result (0 or a negated errno). -ERROR_SYSTEM where the
 * kernel refused it: the entry stays, and has its name again where nobody took it. */
int removal_end(struct broker *broker, struct entry *entry, int result, struct error *ret_error);
