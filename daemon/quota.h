/*
 * How much may be held, by all and by each user; the refusals, with their figures.
 * limits_default() is in broker.h.
 */
#pragma once

#include <stdint.h>

struct broker;
struct error;
struct user;

/* May this user hold one segment more, of size_bytes (0 for an adopted one, whose bytes
 * are not counted)? Before it refuses, what is gone behind our back is looked for, once
 * a second at most. Errors: -ERROR_LIMIT_EXCEEDED. */
int quota_check(struct broker *broker, const struct user *user, uint64_t size_bytes,
                struct error *ret_error);

/* Why shmget(2) said ENOSPC: shmmni, or else shmall. In segments and in pages. */
int quota_refuse_namespace(struct error *ret_error);

/* Why SHM_LOCK was refused: RLIMIT_MEMLOCK, and the bytes that are locked already. */
int quota_refuse_memlock(struct broker *broker, struct error *ret_error);
