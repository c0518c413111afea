/*
 * syscalls COUNT: the bare system calls that a Create and a Remove stand for: shmget,
 * IPC_SET and IPC_RMID. Prints nanoseconds for all three, and what IPC_STAT takes.
 */
#include "socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <unistd.h>

int main(int argc, char **argv) {
        long count = argc == 2 ? atol(argv[1]) : 0;
        struct shmid_ds ds = {.shm_perm = {.uid = getuid(), .gid = getgid(), .mode = 0600}};

        if (count < 1)
                fail("usage: syscalls COUNT");
        int64_t begin_ns = clock_ns();
        for (long i = 0; i < count; i++) {
                int id = shmget((key_t) (1 + i % 1000), 4096, IPC_CREAT | IPC_EXCL | 0600);
                if (id < 0 || shmctl(id, IPC_SET, &ds) < 0 || shmctl(id, IPC_RMID, NULL) < 0)
                        fail("%s", strerror(errno));
        }
        int64_t pairs_ns = clock_ns() - begin_ns;

        int id = shmget(IPC_PRIVATE, 4096, 0600);
        begin_ns = clock_ns();
        for (long i = 0; i < count; i++)
                if (shmctl(id, IPC_STAT, &ds) < 0)
                        fail("%s", strerror(errno));
        int64_t stats_ns = clock_ns() - begin_ns;
        shmctl(id, IPC_RMID, NULL);
        printf("%.1f %.1f\n", (double) pairs_ns / (double) count,
               (double) stats_ns / (double) count);
        return 0;
}
