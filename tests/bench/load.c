/*
 * load: keeps a server busy over a stream socket and tells what an answer costs.
 *
 *     load --connect unix:PATH --framing nul|fixed:BYTES --request TEXT|@FILE...
 *          [--connections N] [--depth N] [--count N] [--replies N] [--idle N] [--half N]
 *          [--server PID]
 *
 * Every connection has --depth requests in flight and sends the given ones in turn;
 * "%d" in a text is the connection's number, "%m" another one for each that it has in
 * flight, and --replies is how many replies each brings where a single call is in flight. --idle
 * and --half add connections that send nothing, and the half of a request. Prints nanoseconds an
 * answer, and the median and 99.9th percentile where one connection has one in flight. With
 * --server, then what each idle or half-sending connection costs it, in bytes of memory.
 */
#include "socket.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUESTS_MAX 4

struct options {
        const char *address;
        struct request {
                const char *bytes;
                size_t length_bytes;
        } requests[REQUESTS_MAX];
        int requests_count;
        enum framing framing;
        size_t reply_bytes; /* FRAMING_FIXED */
        int connections;
        int depth;
        long count;
        int replies;
        int idle;
        int half;
        const char *server;
};

/* The requests of one connection, twice over, so that any run of `depth` messages that
 * starts in the first half is one piece of memory. */
struct stream {
        int fd;
        char *bytes;
        size_t *starts; /* of each message; 2 * depth + 1 of them */
        int next;
        size_t reply_rest_bytes; /* of a fixed reply that has not arrived whole */
};

static size_t render(char *to, size_t size, const struct options *options, int message,
                     int number) {
        const struct request *request = &options->requests[message % options->requests_count];
        const char *mark = memmem(request->bytes, request->length_bytes, "%d", 2);

        if (!mark) {
                mark = memmem(request->bytes, request->length_bytes, "%m", 2);
                number = number * options->depth +
                         message / options->requests_count % options->depth;
        }
        if (!mark) {
                memcpy(to, request->bytes, request->length_bytes);
                return request->length_bytes;
        }
        int length = snprintf(to, size, "%.*s%d%s", (int) (mark - request->bytes), request->bytes,
                              number, mark + 2);
        return (size_t) length + (options->framing == FRAMING_NUL);
}

static void stream_open(struct stream *stream, const struct options *options, int number) {
        int cycle = options->depth * options->requests_count;
        size_t most = 0;

        for (int i = 0; i < options->requests_count; i++)
                most += options->requests[i].length_bytes + 16;
        stream->fd = socket_connect(options->address);
        stream->bytes = allocate(2 * (size_t) cycle * most);
        stream->starts = allocate(sizeof(size_t) * (size_t) (2 * cycle + 1));
        stream->starts[0] = 0;
        for (int i = 0; i < 2 * cycle; i++)
                stream->starts[i + 1] =
                        stream->starts[i] +
                        render(stream->bytes + stream->starts[i], most, options, i, number);
}

static void stream_send(struct stream *stream, const struct options *options, int messages) {
        int cycle = options->depth * options->requests_count;
        const char *from = stream->bytes + stream->starts[stream->next];
        size_t length = stream->starts[stream->next + messages] - stream->starts[stream->next];

        stream->next = (stream->next + messages) % cycle;
        socket_send(stream->fd, from, length);
}

/* Reads once; how many replies ended in it. */
static int stream_receive(struct stream *stream, const struct options *options) {
        static char buffer[1 << 18];
        ssize_t length = recv(stream->fd, buffer, sizeof buffer, 0);
        int replies = 0;

        if (length <= 0)
                fail("the server hung up: %s", length < 0 ? strerror(errno) : "end of stream");
        if (options->framing == FRAMING_NUL) {
                for (const char *at = buffer, *end = buffer + length;
                     (at = memchr(at, '\0', (size_t) (end - at))); at++)
                        replies++;
                return replies;
        }
        stream->reply_rest_bytes += (size_t) length;
        replies = (int) (stream->reply_rest_bytes / options->reply_bytes);
        stream->reply_rest_bytes %= options->reply_bytes;
        return replies;
}

static int compare(const void *a, const void *b) {
        const uint32_t *x = a, *y = b;
        return (*x > *y) - (*x < *y);
}

/* One connection, one call at a time, blocking: the time of each, and of an answer. */
static void run_round_trips(struct stream *stream, const struct options *options) {
        uint32_t *times_ns = allocate(sizeof *times_ns * (size_t) options->count);
        int64_t begin_ns = clock_ns(), last_ns = begin_ns;

        for (long i = 0; i < options->count; i++) {
                stream_send(stream, options, 1);
                for (int replies = 0; replies < options->replies;)
                        replies += stream_receive(stream, options);
                int64_t now_ns = clock_ns();
                times_ns[i] = (uint32_t) (now_ns - last_ns);
                last_ns = now_ns;
        }
        int64_t total_ns = last_ns - begin_ns;
        qsort(times_ns, (size_t) options->count, sizeof *times_ns, compare);
        printf("%.1f %u %u\n", (double) total_ns / (double) options->count / options->replies,
               times_ns[options->count / 2], times_ns[options->count * 999 / 1000]);
        free(times_ns);
}

static void run_many(struct stream *streams, const struct options *options) {
        struct epoll_event events[256];
        int epoll = epoll_create1(EPOLL_CLOEXEC);
        long received = 0, sent = 0;

        for (int i = 0; i < options->connections; i++) {
                struct epoll_event event = {.events = EPOLLIN, .data.ptr = &streams[i]};
                if (epoll_ctl(epoll, EPOLL_CTL_ADD, streams[i].fd, &event) < 0)
                        fail("epoll_ctl: %s", strerror(errno));
        }
        int64_t begin_ns = clock_ns();
        for (int i = 0; i < options->connections; i++, sent += options->depth)
                stream_send(&streams[i], options, options->depth);
        while (received < sent) {
                int ready = epoll_wait(epoll, events, 256, -1);
                for (int i = 0; i < ready; i++) {
                        struct stream *stream = events[i].data.ptr;
                        int replies = stream_receive(stream, options);
                        received += replies;
                        if (replies > 0 && sent < options->count) {
                                stream_send(stream, options, replies);
                                sent += replies;
                        }
                }
        }
        printf("%.1f 0 0\n", (double) (clock_ns() - begin_ns) / (double) received);
        close(epoll);
}

/* A text, with its NUL where that ends a message, or a file as it is. */
static struct request request_parse(const char *argument, enum framing framing) {
        if (argument[0] != '@')
                return (struct request){argument, strlen(argument) + (framing == FRAMING_NUL)};

        char *bytes = allocate(1 << 16);
        FILE *file = fopen(argument + 1, "re");
        if (!file)
                fail("%s: %s", argument + 1, strerror(errno));
        size_t length = fread(bytes, 1, 1 << 16, file);
        fclose(file);
        return (struct request){bytes, length};
}

static void parse(struct options *options, int argc, char **argv) {
        static const struct option known[] = {
                {"connect", required_argument, NULL, 'a'},
                {"framing", required_argument, NULL, 'f'},
                {"request", required_argument, NULL, 'r'},
                {"connections", required_argument, NULL, 'c'},
                {"depth", required_argument, NULL, 'd'},
                {"count", required_argument, NULL, 'n'},
                {"replies", required_argument, NULL, 'p'},
                {"idle", required_argument, NULL, 'i'},
                {"half", required_argument, NULL, 'h'},
                {"server", required_argument, NULL, 's'},
                {NULL},
        };
        int option;

        *options = (struct options){.connections = 1, .depth = 1, .count = 100000, .replies = 1};
        while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
                switch (option) {
                case 'a':
                        options->address = optarg;
                        break;
                case 'f':
                        options->framing = framing_parse(optarg, &options->reply_bytes);
                        break;
                case 'r':
                        if (options->requests_count == REQUESTS_MAX)
                                fail("at most %d requests", REQUESTS_MAX);
                        options->requests[options->requests_count++] =
                                request_parse(optarg, options->framing);
                        break;
                case 'c':
                        options->connections = atoi(optarg);
                        break;
                case 'd':
                        options->depth = atoi(optarg);
                        break;
                case 'n':
                        options->count = atol(optarg);
                        break;
                case 'p':
                        options->replies = atoi(optarg);
                        break;
                case 'i':
                        options->idle = atoi(optarg);
                        break;
                case 'h':
                        options->half = atoi(optarg);
                        break;
                case 's':
                        options->server = optarg;
                        break;
                default:
                        exit(2);
                }
        }
        if (!options->address || options->requests_count == 0 || options->connections < 1 ||
            options->depth < 1 || options->count < 1 || options->replies < 1)
                fail("usage: load --connect ADDRESS --framing nul|fixed:BYTES --request TEXT ...");
}

/* Whoever only sits there, or stops in the middle. */
static void crowd(const struct options *options) {
        for (int i = 0; i < options->idle; i++)
                socket_connect(options->address);
        for (int i = 0; i < options->half; i++) {
                char text[4096];
                size_t length = render(text, sizeof text, options, 0, i);
                socket_send(socket_connect(options->address), text, length / 2);
        }
}

int main(int argc, char **argv) {
        struct options options;

        parse(&options, argc, argv);
        long before_kib = options.server ? memory_kib(options.server) : 0;
        crowd(&options);
        struct stream *streams = allocate(sizeof *streams * (size_t) options.connections);
        for (int i = 0; i < options.connections; i++)
                stream_open(&streams[i], &options, i);

        if (options.connections == 1 && options.depth == 1)
                run_round_trips(streams, &options);
        else
                run_many(streams, &options);
        if (options.server && options.idle + options.half > 0)
                printf("%ld\n", (memory_kib(options.server) - before_kib) * 1024 /
                                        (options.idle + options.half));
        return 0;
}
