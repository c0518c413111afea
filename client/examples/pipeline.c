#include "pipeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void fail(const char *what, const char *why) {
        fprintf(stderr, "%s: %s\n", what, why);
        exit(EXIT_FAILURE);
}

uint64_t now_ns(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

void wait_for(sem_t *semaphore) {
        struct timespec deadline;

        clock_gettime(CLOCK_MONOTONIC, &deadline);
        deadline.tv_sec += 60;
        while (sem_clockwait(semaphore, CLOCK_MONOTONIC, &deadline) < 0)
                if (errno != EINTR)
                        fail("waiting for the others", strerror(errno));
}

size_t read_full(int fd, void *to, size_t size) {
        size_t total = 0;

        while (total < size) {
                ssize_t length = read(fd, (char *) to + total, size - total);

                if (length == 0)
                        break;
                if (length > 0)
                        total += (size_t) length;
                else if (errno != EINTR)
                        fail("reading", strerror(errno));
        }
        return total;
}

static void *map(struct shmb *broker, const char *name, uint64_t size) {
        void *address;

        if (shmb_map(broker, name, size, SHMB_WRITE, NULL, &address, NULL) < 0)
                fail(name, shmb_error(broker));
        return address;
}

void pipeline_join(struct pipeline *ret) {
        if (shmb_connect(&ret->broker, NULL) < 0)
                fail("broker", shmb_error(NULL));
        ret->control = map(ret->broker, CONTROL_NAME, sizeof(struct control));
        for (unsigned i = 0; i < SLOTS; i++) {
                char name[64];

                snprintf(name, sizeof name, SLOT_NAME, i);
                ret->slots[i] = map(ret->broker, name, sizeof(struct slot));
        }
        sem_post(&ret->control->joined);
}
