/*
 * A client for the cases: attaches a segment, fills it with a pattern and tells the
 * service manager that it is ready. When it is told to end it asks the broker for the
 * segment once more, through the connection that it began with, and fails unless the
 * segment is the same one and every byte is as it was.
 *
 *   holder NAME SIZE            creates it, mode 0600
 *   holder --exec NAME SIZE     mode 0700, attaches it with SHM_EXEC, and ends at once
 */
#include "shmbroker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

/* Enough for a broker that is being restarted, and no stop of ours hangs without one. */
#define TIMEOUT_MS 5000

static unsigned char pattern(size_t at) {
        return (unsigned char) (at * 31 + at / 257);
}

static int attach_executable(struct shmb *b, const char *name, size_t size) {
        int id = shmb_get(b, name, size, IPC_CREAT | 0700);
        void *address;
        int r = id < 0 ? id : shmb_at(b, id, NULL, SHM_EXEC, &address);

        if (r < 0) {
                fprintf(stderr, "holder: SHM_EXEC: %s\n", strerror(-r));
                return EXIT_FAILURE;
        }
        shmb_dt(address);
        return EXIT_SUCCESS;
}

static int hold(struct shmb *b, const char *name, size_t size) {
        struct shmb_segment *before, *after = NULL;
        unsigned char *bytes;
        void *address;
        size_t wrong = 0;
        sigset_t signals;
        int number;

        if (shmb_map(b, name, size, SHMB_CREATE | SHMB_WRITE, NULL, &address, NULL) < 0 ||
            shmb_stat(b, (struct shmb_which){.name = name}, &before) < 0) {
                fprintf(stderr, "holder: %s\n", shmb_error(b));
                return EXIT_FAILURE;
        }
        bytes = address;
        for (size_t i = 0; i < size; i++)
                bytes[i] = pattern(i);
        sd_notify(0, "READY=1");
        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigwait(&signals, &number);

        for (size_t i = 0; i < size; i++)
                wrong += bytes[i] != pattern(i);
        if (wrong != 0)
                fprintf(stderr, "holder: %zu bytes are not as they were\n", wrong);
        else if (shmb_stat(b, (struct shmb_which){.name = name}, &after) < 0)
                fprintf(stderr, "holder: %s\n", shmb_error(b));
        else if (after->id != before->id || after->key != before->key ||
                 after->size != before->size)
                fprintf(stderr, "holder: %s is another segment now\n", name);
        else
                return EXIT_SUCCESS;
        return EXIT_FAILURE;
}

int main(int argc, char **argv) {
        bool executable = argc == 4 && strcmp(argv[1], "--exec") == 0;
        sigset_t signals;
        struct shmb *b;

        if (argc != 3 && !executable) {
                fprintf(stderr, "usage: holder [--exec] NAME SIZE\n");
                return 2;
        }
        /* Pending until sigwait(3): a stop that comes early is not lost. */
        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigprocmask(SIG_BLOCK, &signals, NULL);
        if (shmb_connect(&b, NULL) < 0) {
                fprintf(stderr, "holder: %s\n", shmb_error(NULL));
                return EXIT_FAILURE;
        }
        shmb_set_timeout(b, TIMEOUT_MS);
        return (executable ? attach_executable : hold)(b, argv[argc - 2],
                                                       strtoul(argv[argc - 1], NULL, 10));
}
