/*
 * An entry together with what the kernel has of it: no entry is used without such a
 * look. What turns out to be gone behind our back is forgotten on the spot.
 */
#pragma once

#include "broker.h"

#include <sys/shm.h>

struct found {
        struct entry *entry;
        struct shmid_ds ds;
};

/* 1: found; 0: there is none, or none any more; -ERROR_SYSTEM where the kernel would not
 * tell. By its name only while the name is not given up, by its id as long as the kernel
 * has it. */
int found_by_name(struct broker *broker, const char *name, struct found *ret,
                  struct error *ret_error);
int found_by_id(struct broker *broker, int64_t id, struct found *ret, struct error *ret_error);
int found_by_token(struct broker *broker, const struct peer *peer, const char *token,
                   struct found *ret, struct error *ret_error);
int found_look(struct broker *broker, struct entry *entry, struct found *ret,
               struct error *ret_error);

/* The one that a request means by its name or its id, one of which must be given.
 * Errors: -ERROR_INVALID_PARAMETER, -ERROR_INVALID_NAME, -ERROR_NOT_FOUND, -ERROR_SYSTEM. */
int found_required(struct broker *broker, const char *name, int64_t id, struct found *ret,
                   struct error *ret_error);
/* Likewise, and the peer must be its owner, its creator or root: -ERROR_NOT_OWNER. */
int found_owned(struct broker *broker, const struct peer *peer, const char *name, int64_t id,
                struct found *ret, struct error *ret_error);

/* Rights, with the client that it was made for as its creator. */
bool found_may(const struct found *found, const struct peer *peer, mode_t wanted);
bool found_may_read(const struct found *found, const struct peer *peer);
bool found_is_owned_by(const struct found *found, const struct peer *peer);

/* What a reply tells of it; to those who may not read it, not `everything`. */
void found_tell(const struct found *found, bool everything, struct shmb_segment *ret);
/* The same as the answer of a method that changes nothing. */
void found_answer(const struct found *found, bool everything, struct outcome *ret);
/* To who repeats a call with its token: the segment may be another's by now. */
void found_tell_repeated(const struct found *found, const struct peer *peer,
                         struct shmb_segment *ret);
/* Borrows the entry's strings anew, for an answer that waited. */
void found_tell_strings(const struct entry *entry, struct shmb_segment *segment);
/* After a change, of which `segment` tells what should have come of it: that stands where
 * the kernel does not tell. name and id are the request's. -ERROR_NOT_FOUND: its owner
 * ended it meanwhile. */
int found_tell_anew(struct broker *broker, struct entry *entry, const char *name, int64_t id,
                    struct shmb_segment *segment, struct error *ret_error);
