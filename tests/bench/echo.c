/*
 * echo ADDRESS REQUEST_BYTES REPLY_BYTES: the limit of the socket. Answers every
 * request, all of one length, with a reply that is ready: epoll, recv and send, and
 * nothing between them.
 */
#include "socket.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct peer {
        int fd;
        size_t rest_bytes; /* of a request that has not arrived whole */
};

static void serve(struct peer *peer, size_t request_bytes, const char *replies, size_t reply_bytes,
                  size_t replies_most) {
        static char input[1 << 16];
        ssize_t length = recv(peer->fd, input, sizeof input, MSG_DONTWAIT);

        if (length <= 0) {
                close(peer->fd);
                free(peer);
                return;
        }
        peer->rest_bytes += (size_t) length;
        size_t requests = peer->rest_bytes / request_bytes;
        peer->rest_bytes %= request_bytes;
        while (requests > 0) {
                size_t now = requests < replies_most ? requests : replies_most;
                socket_send(peer->fd, replies, now * reply_bytes);
                requests -= now;
        }
}

int main(int argc, char **argv) {
        struct epoll_event events[256];

        if (argc != 4)
                fail("usage: echo ADDRESS REQUEST_BYTES REPLY_BYTES");
        int listener = socket_listen(argv[1]), epoll = epoll_create1(EPOLL_CLOEXEC);
        size_t request_bytes = strtoul(argv[2], NULL, 10), reply_bytes = strtoul(argv[3], NULL, 10);
        const size_t replies_most = 1024;
        char *replies = allocate(replies_most * reply_bytes);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

        memset(replies, 'x', replies_most * reply_bytes);
        for (size_t i = 1; i <= replies_most; i++)
                replies[i * reply_bytes - 1] = '\0';
        epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
        for (;;) {
                int ready = epoll_wait(epoll, events, 256, -1);
                for (int i = 0; i < ready; i++) {
                        if (events[i].data.ptr) {
                                serve(events[i].data.ptr, request_bytes, replies, reply_bytes,
                                      replies_most);
                                continue;
                        }
                        struct peer *peer = allocate(sizeof *peer);
                        peer->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
                        struct epoll_event added = {.events = EPOLLIN, .data.ptr = peer};
                        epoll_ctl(epoll, EPOLL_CTL_ADD, peer->fd, &added);
                }
        }
}
