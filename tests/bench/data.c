/*
 * data BROKER MEBIBYTES: memcpy through a mapped segment against memcpy through a private
 * mapping: with normal pages, transparent huge ones and SHM_HUGETLB. A row for each
 * kind of page that the machine has: kind, the segment's GB/s, the private one's, and
 * the seconds that the segment's first touch and its freeing took.
 */
#include "shmbroker.h"

#include "socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ROUNDS 9

static size_t size_bytes;

struct pages {
        const char *name;
        int map_flags;           /* of shmb_map */
        uint64_t huge_page_size; /* bytes */
        int mmap_flags;
        int advice; /* madvise(2) for the private one, 0: none */
};

static const struct pages kinds[] = {
        {"normal", 0, 0, 0, MADV_NOHUGEPAGE},
        {"transparent-huge", SHMB_HUGE_ADVICE, 0, 0, MADV_HUGEPAGE},
        {"hugetlb", 0, 1, MAP_HUGETLB, 0},
};

static int compare(const void *a, const void *b) {
        const double *x = a, *y = b;
        return (*x > *y) - (*x < *y);
}

/* Median GB/s of writing into and reading out of `memory`. */
static double throughput(char *memory, char *other) {
        double rounds[ROUNDS];

        for (int i = 0; i < ROUNDS; i++) {
                int64_t begin_ns = clock_ns();
                memcpy(memory, other, size_bytes);
                memcpy(other, memory, size_bytes);
                rounds[i] = 2.0 * (double) size_bytes / (double) (clock_ns() - begin_ns);
        }
        qsort(rounds, ROUNDS, sizeof *rounds, compare);
        return rounds[ROUNDS / 2];
}

static void measure(struct shmb *b, const struct pages *pages, char *other) {
        struct shmb_create_options options = {.flags = SHMB_EXCLUSIVE,
                                              .huge_page_size = pages->huge_page_size};
        void *segment, *private;

        int r = shmb_map(b, "bench/data", size_bytes, SHMB_CREATE | SHMB_WRITE | pages->map_flags,
                         &options, &segment, NULL);
        if (r < 0) {
                printf("%s skipped: %s\n", pages->name, shmb_error(b));
                return;
        }
        int64_t begin_ns = clock_ns();
        memset(segment, 1, size_bytes);
        double touch_s = (double) (clock_ns() - begin_ns) / 1e9;

        private = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | pages->mmap_flags, -1, 0);
        if (private == MAP_FAILED)
                fail("%s: no private mapping", pages->name);
        if (pages->advice)
                madvise(private, size_bytes, pages->advice);
        memset(private, 1, size_bytes);

        double shared_gbs = throughput(segment, other), private_gbs = throughput(private, other);
        munmap(private, size_bytes);
        shmb_unmap(segment);
        begin_ns = clock_ns();
        if (shmb_remove(b, (struct shmb_which){.name = "bench/data"}, NULL) < 0)
                fail("%s", shmb_error(b));
        printf("%s %.2f %.2f %.4f %.4f\n", pages->name, shared_gbs, private_gbs, touch_s,
               (double) (clock_ns() - begin_ns) / 1e9);
}

int main(int argc, char **argv) {
        struct shmb *b;

        if (argc != 3)
                fail("usage: data BROKER MEBIBYTES");
        size_bytes = strtoull(argv[2], NULL, 10) << 20;
        if (shmb_connect(&b, argv[1]) < 0)
                fail("%s", shmb_error(NULL));
        char *other = allocate(size_bytes);
        memset(other, 2, size_bytes);
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
                measure(b, &kinds[i], other);
        shmb_close(b);
        return 0;
}
