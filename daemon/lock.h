/*
 * What follows SHM_LOCK and SHM_UNLOCK: the methods and the end of a work share it.
 */
#pragma once

#include "broker.h"

/* The system call was done with this result (0 or a negated errno); ret->segment tells of
 * the segment before that. Errors: -ERROR_LIMIT_EXCEEDED (memlock), -ERROR_NOT_FOUND,
 * -ERROR_SYSTEM. */
int lock_end(struct broker *broker, struct entry *entry, bool lock, int result, struct outcome *ret,
             struct error *ret_error);
