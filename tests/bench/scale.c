/*
 * How the broker grows.
 *
 *     scale names BROKER PID COUNT    creates names until there are COUNT of them
 *         prints bytes of the broker's memory a name, Stat's round trip in ns (median
 *         over all names), and segments a second of List
 *     scale start BROKER COMMAND...   starts a broker
 *         prints the milliseconds until its first answer, and its process id, and
 *         leaves it running
 *     scale clear BROKER              removes all names
 */
#include "shmbroker.h"

#include "socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct shmb *connect_or_fail(const char *address) {
        struct shmb *b;

        if (shmb_connect(&b, address) < 0)
                fail("%s", shmb_error(NULL));
        return b;
}

static int count_one(const struct shmb_segment *segment, void *context) {
        (void) segment;
        ++*(long *) context;
        return 0;
}

static long list_count(struct shmb *b) {
        long count = 0;

        if (shmb_list(b, "scale/**", count_one, &count) < 0)
                fail("%s", shmb_error(b));
        return count;
}

static void name_of(char name[64], long number) {
        snprintf(name, 64, "scale/%03ld/frame-%012ld", number % 1000, number);
}

static int compare(const void *a, const void *b) {
        const float *x = a, *y = b;
        return (*x > *y) - (*x < *y);
}

static double stat_median_ns(struct shmb *b, long names) {
        long rounds = names < 20000 ? 20000 : names;
        float *times = allocate((size_t) rounds * sizeof *times);

        for (long i = 0; i < rounds; i++) {
                char name[64];
                name_of(name, i * 7919 % names);
                int64_t begin_ns = clock_ns();
                if (shmb_stat(b, (struct shmb_which){.name = name}, NULL) < 0)
                        fail("%s", shmb_error(b));
                times[i] = (float) (clock_ns() - begin_ns);
        }
        qsort(times, (size_t) rounds, sizeof *times, compare);
        double median = times[rounds / 2];
        free(times);
        return median;
}

static void names(const char *address, const char *pid, long wanted) {
        struct shmb *b = connect_or_fail(address);
        long before = list_count(b), before_kib = memory_kib(pid);

        for (long i = before; i < wanted; i++) {
                char name[64];
                name_of(name, i);
                if (shmb_create(b, name, 4096, NULL, NULL, NULL) < 0)
                        fail("%s", shmb_error(b));
        }
        long added = wanted > before ? wanted - before : 1;
        double bytes = (double) (memory_kib(pid) - before_kib) * 1024.0 / (double) added;
        double stat_ns = stat_median_ns(b, wanted);
        int64_t begin_ns = clock_ns();
        long listed = 0;
        for (int i = 0; i < 5; i++)
                listed += list_count(b);
        printf("%.0f %.0f %.0f\n", bytes, stat_ns,
               (double) listed * 1e9 / (double) (clock_ns() - begin_ns));
        shmb_close(b);
}

static void start(const char *address, char **command) {
        int64_t begin_ns = clock_ns();
        pid_t pid = fork();
        struct shmb *b;

        if (pid == 0) {
                execvp(command[0], command);
                _exit(127);
        }
        while (shmb_connect(&b, address) < 0) {
                if (clock_ns() - begin_ns > INT64_C(20000000000))
                        fail("%s", shmb_error(NULL));
                nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
        }
        struct shmb_status status;
        if (shmb_get_status(b, &status) < 0)
                fail("%s", shmb_error(b));
        printf("%.1f %d\n", (double) (clock_ns() - begin_ns) / 1e6, (int) pid);
        shmb_close(b);
}

static int remove_one(const struct shmb_segment *segment, void *context) {
        return shmb_rm(context, segment->id);
}

int main(int argc, char **argv) {
        if (argc == 5 && strcmp(argv[1], "names") == 0)
                names(argv[2], argv[3], atol(argv[4]));
        else if (argc > 3 && strcmp(argv[1], "start") == 0)
                start(argv[2], argv + 3);
        else if (argc == 3 && strcmp(argv[1], "clear") == 0) {
                struct shmb *b = connect_or_fail(argv[2]);
                int r = shmb_list(b, NULL, remove_one, b);
                if (r < 0)
                        fail("%s", shmb_error(b));
                shmb_close(b);
        } else
                fail("usage: scale names BROKER PID COUNT | start BROKER COMMAND... | clear "
                     "BROKER");
        return 0;
}
