/*
 * A hash table that finds things by a text of theirs. It owns its buckets, nothing of
 * what is in it: each thing holds its own link, and whoever looks compares the texts.
 * Since peers choose them, the hash is keyed (SipHash), and nobody can make texts that
 * meet in one place.
 *
 * It grows by one bucket a thing (linear hashing), so that none of them waits until all
 * have moved. Without memory for that the chains get longer, and all goes on.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct index_link {
        struct index_link *next; /* in its bucket */
        uint64_t hash;
};

struct index {
        struct index_link **buckets;
        size_t buckets_count; /* in use, at least one */
        size_t buckets_room;  /* a power of two */
        size_t count;
        uint64_t key[2];
};

int index_init(struct index *ret);       /* -ERROR_NO_MEMORY, -ERROR_SYSTEM (errno tells) */
void index_release(struct index *index); /* takes a zeroed one */

/* `salt` tells the same text of different users apart. */
uint64_t index_hash(const struct index *index, uint32_t salt, const char *text);

void index_add(struct index *index, struct index_link *link, uint64_t hash);
void index_remove(struct index *index, struct index_link *link);

/* All that have this hash, one after the other; NULL: the end. */
struct index_link *index_first(const struct index *index, uint64_t hash);
struct index_link *index_next(const struct index_link *link);

/* SipHash-2-4. */
uint64_t index_siphash(const uint64_t key[2], const char *bytes, size_t length_bytes);
