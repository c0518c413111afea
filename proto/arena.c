#include "arena.h"

#include <stdlib.h>

/* One request's document fits into a chunk; below malloc's threshold for mmap(2), so
 * that a large document does not cost system calls. */
#define FIRST_CHUNK_BYTES ((size_t) 16 * 1024)
#define CHUNK_BYTES       ((size_t) 64 * 1024)

struct arena_chunk {
        struct arena_chunk *next;
        size_t size_bytes;
        _Alignas(max_align_t) char bytes[];
};

static void begin_chunk(struct arena *arena, struct arena_chunk *chunk) {
        arena->last = chunk;
        arena->at = chunk->bytes;
        arena->end = chunk->bytes + chunk->size_bytes;
}

/* A new one, of which the first bytes are handed out. */
static void *allocate_anew(struct arena *arena, size_t size_bytes) {
        size_t wanted = arena->first ? CHUNK_BYTES : FIRST_CHUNK_BYTES;
        if (wanted < size_bytes)
                wanted = size_bytes;
        if (arena->fixed || wanted > ARENA_BYTES_MAX - arena->held_bytes)
                return NULL;

        struct arena_chunk *chunk = malloc(sizeof(*chunk) + wanted);
        if (!chunk)
                return NULL;
        chunk->next = NULL;
        chunk->size_bytes = wanted;
        if (arena->last)
                arena->last->next = chunk;
        else
                arena->first = chunk;
        arena->held_bytes += wanted;
        begin_chunk(arena, chunk);
        arena->at += size_bytes;
        return chunk->bytes;
}

void arena_init_fixed(struct arena *arena, void *memory, size_t size_bytes) {
        *arena = (struct arena){.at = memory, .end = (char *) memory + size_bytes, .fixed = true};
}

void *arena_allocate(struct arena *arena, size_t size_bytes) {
        if (size_bytes > ARENA_BYTES_MAX)
                return NULL;

        size_t unit = _Alignof(max_align_t);
        size_bytes = (size_bytes + unit - 1) / unit * unit;
        if (size_bytes > (size_t) (arena->end - arena->at))
                return allocate_anew(arena, size_bytes);

        char *memory = arena->at;
        arena->at += size_bytes;
        return memory;
}

static void free_chunks(struct arena_chunk *chunk) {
        while (chunk) {
                struct arena_chunk *next = chunk->next;
                free(chunk);
                chunk = next;
        }
}

void arena_reset(struct arena *arena) {
        if (!arena->first)
                return;
        if (arena->first->next) {
                free_chunks(arena->first->next);
                arena->first->next = NULL;
                arena->held_bytes = arena->first->size_bytes;
        }
        begin_chunk(arena, arena->first);
}

void arena_release(struct arena *arena) {
        free_chunks(arena->first);
        *arena = (struct arena){0};
}
