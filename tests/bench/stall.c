/*
 * stall BROKER MEBIBYTES: while one client locks, replaces and removes resident
 * segments of that size, another one calls Stat all the time. Prints a row for each
 * operation: its name, its seconds, the calls of the other one meanwhile, and their
 * median, 99.9th percentile and maximum in microseconds; first the idle ones.
 */
#include "shmbroker.h"

#include "socket.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMES_MAX 4000000

struct watch {
        const char *address;
        float *times_us;
        size_t count;
        atomic_bool on, off;
};

static void *watch_main(void *argument) {
        struct watch *watch = argument;
        struct shmb *b;

        if (shmb_connect(&b, watch->address) < 0)
                fail("%s", shmb_error(NULL));
        while (!atomic_load(&watch->off) && watch->count < TIMES_MAX) {
                int64_t begin_ns = clock_ns();
                if (shmb_stat(b, (struct shmb_which){.name = "bench/small"}, NULL) < 0)
                        fail("%s", shmb_error(b));
                watch->times_us[watch->count++] = (float) (clock_ns() - begin_ns) / 1000.0f;
                atomic_store(&watch->on, true);
        }
        shmb_close(b);
        return NULL;
}

static int compare(const void *a, const void *b) {
        const float *x = a, *y = b;
        return (*x > *y) - (*x < *y);
}

static void resident(struct shmb *b, const char *name, uint64_t size) {
        void *memory;

        if (shmb_map(b, name, size, SHMB_CREATE | SHMB_WRITE, NULL, &memory, NULL) < 0)
                fail("%s", shmb_error(b));
        memset(memory, 1, size);
        shmb_unmap(memory);
}

static int idle(struct shmb *b) {
        for (int i = 0; i < 20000; i++)
                if (shmb_stat(b, (struct shmb_which){.name = "bench/small"}, NULL) < 0)
                        return -1;
        return 0;
}

static int lock(struct shmb *b) {
        return shmb_lock(b, (struct shmb_which){.name = "bench/large"}, NULL);
}

static int replace(struct shmb *b) {
        return shmb_rename(b, "bench/small-too", "bench/large", SHMB_REPLACE, NULL);
}

static int delete (struct shmb *b) {
        return shmb_remove(b, (struct shmb_which){.name = "bench/large-too"}, NULL);
}

static const struct {
        const char *name;
        int (*run)(struct shmb *b);
} operations[] = {{"idle", idle}, {"lock", lock}, {"replace", replace}, {"remove", delete}};

int main(int argc, char **argv) {
        struct shmb *b;

        if (argc != 3)
                fail("usage: stall BROKER MEBIBYTES");
        uint64_t size = strtoull(argv[2], NULL, 10) << 20;
        if (shmb_connect(&b, argv[1]) < 0)
                fail("%s", shmb_error(NULL));
        resident(b, "bench/small", 4096);
        resident(b, "bench/small-too", 4096);
        resident(b, "bench/large", size);
        resident(b, "bench/large-too", size);
        for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
                struct watch watch = {.address = argv[1],
                                      .times_us = allocate(TIMES_MAX * sizeof(float))};
                pthread_t thread;
                if (pthread_create(&thread, NULL, watch_main, &watch) != 0)
                        fail("no thread");
                while (!atomic_load(&watch.on))
                        ;
                int64_t begin_ns = clock_ns();
                if (operations[i].run(b) < 0)
                        fail("%s: %s", operations[i].name, shmb_error(b));
                double seconds = (double) (clock_ns() - begin_ns) / 1e9;
                atomic_store(&watch.off, true);
                pthread_join(thread, NULL);
                qsort(watch.times_us, watch.count, sizeof(float), compare);
                printf("%s %.4f %zu %.1f %.1f %.1f\n", operations[i].name, seconds, watch.count,
                       watch.times_us[watch.count / 2], watch.times_us[watch.count * 999 / 1000],
                       watch.times_us[watch.count - 1]);
                free(watch.times_us);
        }
        shmb_remove(b, (struct shmb_which){.name = "bench/small"}, NULL);
        shmb_remove(b, (struct shmb_which){.name = "bench/large"}, NULL);
        shmb_close(b);
        return 0;
}
