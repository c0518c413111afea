/*
 * map BROKER ECHO COUNT REQUEST_BYTES: what the library's shmb_map and shmb_unmap of
 * an existing segment take, against the bare calls that they stand for (shmget, shmat,
 * IPC_STAT, shmdt) plus one raw round trip to the echo at ECHO. Both in turn, in rounds
 * of COUNT; prints the two medians in nanoseconds.
 */
#include "shmbroker.h"

#include "socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ROUNDS     15
#define NAME       "bench/map"
#define SIZE_BYTES 65536

static double by_name(struct shmb *b, long count) {
        int64_t begin_ns = clock_ns();

        for (long i = 0; i < count; i++) {
                void *memory;
                int r = shmb_map(b, NAME, 0, SHMB_WRITE, NULL, &memory, NULL);
                if (r < 0)
                        fail("%s", shmb_error(b));
                shmb_unmap(memory);
        }
        return (double) (clock_ns() - begin_ns) / (double) count;
}

static double bare(key_t key, int echo, size_t request_bytes, long count) {
        char *request = allocate(request_bytes), reply[65536];
        int64_t begin_ns = clock_ns();

        for (long i = 0; i < count; i++) {
                struct shmid_ds ds;
                socket_send(echo, request, request_bytes);
                if (recv(echo, reply, sizeof reply, 0) <= 0)
                        fail("the echo hung up");
                int id = shmget(key, 0, 0);
                void *memory = id < 0 ? (void *) -1 : shmat(id, NULL, 0);
                if (memory == (void *) -1 || shmctl(id, IPC_STAT, &ds) < 0 || shmdt(memory) < 0)
                        fail("%s", strerror(errno));
        }
        free(request);
        return (double) (clock_ns() - begin_ns) / (double) count;
}

static int compare(const void *a, const void *b) {
        const double *x = a, *y = b;
        return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv) {
        double named[ROUNDS], raw[ROUNDS];
        struct shmb_segment *segment;
        struct shmb *b;

        if (argc != 5)
                fail("usage: map BROKER ECHO COUNT REQUEST_BYTES");
        int r = shmb_connect(&b, argv[1]);
        if (r < 0 || (r = shmb_create(b, NAME, SIZE_BYTES, NULL, &segment, NULL)) < 0)
                fail("%s", shmb_error(b));
        int echo = socket_connect(argv[2]);
        for (int i = 0; i < ROUNDS; i++) {
                named[i] = by_name(b, atol(argv[3]));
                raw[i] =
                        bare((key_t) segment->key, echo, strtoul(argv[4], NULL, 10), atol(argv[3]));
        }
        qsort(named, ROUNDS, sizeof *named, compare);
        qsort(raw, ROUNDS, sizeof *raw, compare);
        printf("%.1f %.1f\n", named[ROUNDS / 2], raw[ROUNDS / 2]);
        shmb_rm(b, segment->id);
        shmb_segment_free(segment);
        shmb_close(b);
        return 0;
}
