/*
 * through-pipes FILE WORKERS [SHA256]: the same work without shared memory, to measure
 * against. The same processes (one that reads, workers, a collector), the same blocks,
 * the same hashing, and between them pipes that hold a whole block.
 */
#include "digests.h"
#include "pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS_MAX 64

static unsigned char data[BLOCK_BYTES]; /* after fork(2) each process has its own */

/* What comes back for a block. */
struct result {
        uint32_t length; /* of the block */
        unsigned char digest[SHA256_DIGEST_LENGTH];
};

static void write_full(int fd, const void *from, size_t size) {
        for (size_t total = 0; total < size;) {
                ssize_t length = write(fd, (const char *) from + total, size - total);

                if (length >= 0)
                        total += (size_t) length;
                else if (errno != EINTR)
                        fail("writing", strerror(errno));
        }
}

static int work(int blocks, int results) {
        struct result result;

        while ((result.length = (uint32_t) read_full(blocks, data, sizeof data)) > 0) {
                SHA256(data, result.length, result.digest);
                write_full(results, &result, sizeof result);
        }
        return EXIT_SUCCESS;
}

/* Block n went to worker n % workers. */
static int collect(const int *results, int workers, const char *expected) {
        uint64_t started_ns = now_ns();
        struct digests digests;
        struct result result;

        digests_begin(&digests);
        for (int i = 0; read_full(results[i], &result, sizeof result) > 0; i = (i + 1) % workers)
                digests_add(&digests, result.digest, result.length);
        return digests_end(&digests, started_ns, expected);
}

static void make_pipe(int ends[2]) {
        if (pipe(ends) < 0)
                fail("pipe", strerror(errno));
        fcntl(ends[1], F_SETPIPE_SZ, BLOCK_BYTES); /* what is not granted stays smaller */
}

static pid_t make_process(void) {
        pid_t pid = fork();

        if (pid < 0)
                fail("fork", strerror(errno));
        return pid;
}

int main(int argc, char **argv) {
        int to_workers[WORKERS_MAX], results[WORKERS_MAX];
        int fd, workers, status, exit_code = EXIT_SUCCESS;
        size_t length;

        if (argc < 3 || argc > 4 || (workers = atoi(argv[2])) < 1 || workers > WORKERS_MAX)
                fail("usage", "through-pipes FILE WORKERS [SHA256]");
        fd = open(argv[1], O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                fail(argv[1], strerror(errno));

        for (int i = 0; i < workers; i++) {
                int blocks[2], digests[2];

                make_pipe(blocks);
                make_pipe(digests);
                to_workers[i] = blocks[1];
                results[i] = digests[0];
                if (make_process() == 0) {
                        for (int j = 0; j <= i; j++) /* or the pipes would never end */
                                close(to_workers[j]);
                        return work(blocks[0], digests[1]);
                }
                close(blocks[0]);
                close(digests[1]);
        }
        if (make_process() == 0) { /* last, so that its clock starts when the reading does */
                for (int i = 0; i < workers; i++)
                        close(to_workers[i]);
                return collect(results, workers, argv[3]);
        }
        for (int i = 0; (length = read_full(fd, data, sizeof data)) > 0; i = (i + 1) % workers)
                write_full(to_workers[i], data, length);
        for (int i = 0; i < workers; i++)
                close(to_workers[i]);

        while (wait(&status) > 0)
                if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
                        exit_code = EXIT_FAILURE;
        return exit_code;
}
