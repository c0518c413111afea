/*
 * What a connection was told of segments, by id: enough to tell whether what was
 * attached is what the broker named. It forgets old ones for new ones, never the other
 * way about, and may be used by threads at once.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/shm.h>
#include <sys/types.h>

struct shmb_segment;

#define KNOWN_SEGMENTS 1024

struct known_segment {
        bool is_filled; /* false: nothing yet in this place of the table */
        bool adopted;
        int id;
        uint32_t key;
        uid_t cuid;
        uint64_t size_bytes;
};

struct known {
        pthread_mutex_t lock;
        uid_t overflow_uid;
        struct known_segment segments[KNOWN_SEGMENTS]; /* by the last bits of the id */
};

void known_init(struct known *known);
void known_after_fork(struct known *known); /* in the child, before any other use */
void known_destroy(struct known *known);

struct known_segment known_from(const struct shmb_segment *segment);
void known_learn(struct known *known, const struct shmb_segment *segment);
bool known_find(struct known *known, int id, struct known_segment *ret);

/* Is what the kernel has under this id the one that the broker told of? A key of 0
 * together with SHM_DEST passes: that is how the kernel marks a removed one. So does a
 * cuid that this process can't see, the broker's outside of its user namespace. */
bool known_is(const struct known *known, const struct known_segment *told,
              const struct shmid_ds *found);
