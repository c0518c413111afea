/*
 * What producer, worker and collector share: a ring of named segments that the blocks
 * of a file go through.
 *
 *     producer --> slot 0, slot 1, ... --> workers --> digests in the slots --> collector
 *
 * The producer fills the slots in their order. Workers take full ones, whoever comes
 * first. The collector reads the digests in order and gives the slots back. What they
 * wait for each other with are semaphores in the same shared memory: once all is mapped,
 * nobody needs the broker any more.
 */
#pragma once

#include <openssl/sha.h>
#include <semaphore.h>
#include <shmbroker.h>
#include <stdatomic.h>
#include <stdint.h>

#define BLOCK_BYTES (1 << 20)
#define SLOTS       8

#define CONTROL_NAME "pipeline/control"
#define SLOT_NAME    "pipeline/slot/%u"

/* The segment CONTROL_NAME. */
struct control {
        sem_t joined;        /* posted by each worker and by the collector */
        sem_t empty;         /* counts the slots to be filled */
        sem_t full;          /* counts the slots to be worked on */
        atomic_ullong next;  /* the block that the next worker takes */
        atomic_ullong end;   /* how many blocks there are, once that is known */
        uint64_t started_ns; /* CLOCK_MONOTONIC, when the producer began to read */
};

/* A segment SLOT_NAME. Block n goes through slot n % SLOTS. */
struct slot {
        sem_t done;      /* its digest is there */
        uint32_t length; /* bytes of data; 0: there are no more blocks */
        unsigned char digest[SHA256_DIGEST_LENGTH];
        _Alignas(4096) unsigned char data[BLOCK_BYTES];
};

struct pipeline {
        struct shmb *broker;
        struct control *control;
        struct slot *slots[SLOTS];
};

/* Maps by their names what the producer has made, and tells it so. */
void pipeline_join(struct pipeline *ret);

/* These print what is wrong and exit. read_full() gives less than `size` only at the end. */
size_t read_full(int fd, void *to, size_t size);
void fail(const char *what, const char *why) __attribute__((noreturn));
void wait_for(sem_t *semaphore); /* a minute without news: a peer has died */

uint64_t now_ns(void); /* CLOCK_MONOTONIC */
