/*
 * Memory that is handed out piece by piece and taken back all at once. Bounded, and
 * after a large use it gives back all but its first chunk.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define ARENA_BYTES_MAX (4 * 1024 * 1024)

struct arena_chunk;

/* All zero is an empty one. */
struct arena {
        struct arena_chunk *first, *last;
        char *at, *end; /* what is free of the last chunk */
        size_t held_bytes;
        bool fixed; /* there is no more than it began with */
};

/* One that hands out the caller's memory and no other, and needs no release. */
void arena_init_fixed(struct arena *arena, void *memory, size_t size_bytes);

/* At least 1 byte, aligned for anything. NULL when there is no more, or ARENA_BYTES_MAX
 * are in use. */
void *arena_allocate(struct arena *arena, size_t size_bytes);

void arena_reset(struct arena *arena);
void arena_release(struct arena *arena); /* gives the first chunk back too */
