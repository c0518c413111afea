/*
 * producer FILE WORKERS: makes the ring of segments, waits for the collector and so many
 * workers, reads the file into the ring, and removes the names.
 */
#include "pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct shmb_create_options fresh = {.flags = SHMB_EXCLUSIVE};

/* A new segment of zeros, mapped, with its name. */
static void *make(struct shmb *broker, const char *name, uint64_t size) {
        void *address;

        if (shmb_map(broker, name, size, SHMB_CREATE | SHMB_WRITE, &fresh, &address, NULL) < 0)
                fail(name, shmb_error(broker));
        return address;
}

/* Workers look for the control segment first. It gets its name last, when all the others
 * are there and nothing in it is half done. */
static void make_ring(struct pipeline *ret) {
        struct shmb *broker = ret->broker;
        struct control *control;

        for (unsigned i = 0; i < SLOTS; i++) {
                char name[64];

                snprintf(name, sizeof name, SLOT_NAME, i);
                ret->slots[i] = make(broker, name, sizeof(struct slot));
                sem_init(&ret->slots[i]->done, 1, 0);
        }
        ret->control = control = make(broker, CONTROL_NAME ".new", sizeof(struct control));
        sem_init(&control->joined, 1, 0);
        sem_init(&control->empty, 1, SLOTS);
        sem_init(&control->full, 1, 0);
        control->end = UINT64_MAX;
        if (shmb_rename(broker, CONTROL_NAME ".new", CONTROL_NAME, 0, NULL) < 0)
                fail(CONTROL_NAME, shmb_error(broker));
}

/* The memory goes when the last process has detached. */
static void remove_names(struct shmb *broker) {
        char name[64] = CONTROL_NAME;

        for (unsigned i = 0; i <= SLOTS; i++) {
                if (shmb_remove(broker, (struct shmb_which){.name = name}, NULL) < 0)
                        fail(name, shmb_error(broker));
                snprintf(name, sizeof name, SLOT_NAME, i);
        }
}

static void produce(struct pipeline *pipeline, int fd) {
        struct control *control = pipeline->control;
        uint64_t block = 0;

        control->started_ns = now_ns();
        for (;; block++) {
                struct slot *slot = pipeline->slots[block % SLOTS];

                wait_for(&control->empty);
                slot->length = (uint32_t) read_full(fd, slot->data, BLOCK_BYTES);
                if (slot->length == 0) {
                        sem_post(&slot->done); /* nothing to work on: the collector stops here */
                        break;
                }
                sem_post(&control->full);
        }
        control->end = block;
        sem_post(&control->full); /* workers hand this one on, see worker.c */
}

int main(int argc, char **argv) {
        struct pipeline pipeline;
        int fd, workers;

        if (argc != 3 || (workers = atoi(argv[2])) < 1)
                fail("usage", "producer FILE WORKERS");
        fd = open(argv[1], O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                fail(argv[1], strerror(errno));
        if (shmb_connect(&pipeline.broker, NULL) < 0)
                fail("broker", shmb_error(NULL));

        make_ring(&pipeline);
        puts("ready");
        fflush(stdout);
        for (int i = 0; i < workers + 1; i++)
                wait_for(&pipeline.control->joined);
        produce(&pipeline, fd);
        remove_names(pipeline.broker);
        shmb_close(pipeline.broker);
        return EXIT_SUCCESS;
}
