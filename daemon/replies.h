/*
 * Replies as they were encoded: who asks for a segment again mostly gets the same bytes.
 * One is good as long as nothing that it was made from has changed. Each segment has one
 * place, which it shares with others; a few hundred places are all the memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/shm.h>

struct buffer;
struct segment_result;

/* What a reply about a segment was made from. */
struct reply_source {
        uint64_t version; /* the entry's; 0: nobody will ask again, it is not kept */
        bool everything;  /* for who may read the segment */
        struct shmid_ds ds;
};

#define REPLIES          256
#define REPLY_KEPT_BYTES 1024 /* longer ones are encoded anew each time */

struct replies {
        struct kept_reply {
                uint64_t asked; /* the version that was asked for last: who asks twice is kept */
                struct reply_source source;
                size_t length_bytes;
                char bytes[REPLY_KEPT_BYTES];
        } items[REPLIES]; /* starts zeroed */
};

/* Appends the whole reply of a method whose result is the segment alone. */
void replies_write(struct replies *replies, struct buffer *out, const struct segment_result *result,
                   const struct reply_source *source);
