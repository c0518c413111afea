#include "fake-broker.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define STEPS_MAX     16
#define PEERS_MAX     8
#define MESSAGE_BYTES 8192

enum { ORDER_STOP, ORDER_LEAVE, ORDER_RETURN };

struct peer {
        int fd; /* -1: none */
        size_t length;
        char bytes[MESSAGE_BYTES];
};

struct fake_broker {
        pthread_t thread;
        char address[64];
        struct sockaddr_un socket;
        socklen_t socket_length;
        int listening; /* -1: away */
        int orders[2]; /* a pipe of bytes */
        sem_t done;    /* an order was */
        const char *refusal;

        pthread_mutex_t lock; /* what follows */
        uint64_t namespace;
        struct fake_step steps[STEPS_MAX];
        char *calls[STEPS_MAX];
        size_t steps_count, next;
        unsigned connections;
        struct peer peers[PEERS_MAX];
};

static void hang_up(struct peer *peer) {
        close(peer->fd);
        peer->fd = -1;
}

static void say(struct peer *peer, const char *text) {
        size_t left = strlen(text) + 1;

        while (left > 0) {
                ssize_t n = send(peer->fd, text, left, MSG_NOSIGNAL);
                if (n < 0)
                        return; /* whoever does not listen */
                text += n;
                left -= (size_t) n;
        }
}

static void say_status(struct fake_broker *fake, struct peer *peer) {
        char text[1024];

        snprintf(text, sizeof text,
                 "{\"parameters\":{\"pid\":1,\"uid\":0,\"startedAt\":1,\"ipcNamespace\":%llu,"
                 "\"segments\":0,\"totalSize\":0,\"connections\":1,\"watchers\":0,\"requests\":0,"
                 "\"errors\":0,\"limits\":{\"segments\":1,\"segmentSize\":1,\"totalSize\":1,"
                 "\"segmentsPerUser\":1,\"sizePerUser\":1,\"connections\":1,"
                 "\"connectionsPerUser\":1,\"watchesPerUser\":1,\"messageSize\":65536}}}",
                 (unsigned long long) fake->namespace);
        say(peer, text);
}

static void answer(struct fake_broker *fake, struct peer *peer, const char *message) {
        if (strstr(message, "GetStatus")) {
                say_status(fake, peer);
                return;
        }
        ck_assert_msg(fake->next < fake->steps_count, "a call too many: %s", message);
        const struct fake_step *step = &fake->steps[fake->next];
        ck_assert_msg(strstr(message, step->call) != NULL, "%s instead of %s", message, step->call);
        if (!step->stays)
                fake->calls[fake->next++] = strdup(message);
        if (step->answer)
                say(peer, step->answer);
        if (step->hangs_up)
                hang_up(peer);
}

static void hear(struct fake_broker *fake, struct peer *peer) {
        ssize_t n = recv(peer->fd, peer->bytes + peer->length, MESSAGE_BYTES - peer->length, 0);
        if (n <= 0) {
                hang_up(peer);
                return;
        }
        peer->length += (size_t) n;
        ck_assert_uint_lt(peer->length, MESSAGE_BYTES);
        if (peer->bytes[peer->length - 1] == '\0') { /* the library does not pipeline */
                peer->length = 0;
                answer(fake, peer, peer->bytes);
        }
}

static void greet(struct fake_broker *fake) {
        for (size_t i = 0; i < PEERS_MAX; i++) {
                struct peer *peer = &fake->peers[i];
                if (peer->fd >= 0)
                        continue;
                peer->fd = accept4(fake->listening, NULL, NULL, SOCK_CLOEXEC);
                ck_assert_int_ge(peer->fd, 0);
                peer->length = 0;
                fake->connections++;
                if (fake->refusal) {
                        say(peer, fake->refusal);
                        hang_up(peer);
                }
                return;
        }
        ck_abort_msg("more than %d connections", PEERS_MAX);
}

static void leave(struct fake_broker *fake) {
        if (fake->listening >= 0)
                close(fake->listening);
        fake->listening = -1;
        for (size_t i = 0; i < PEERS_MAX; i++) {
                if (fake->peers[i].fd >= 0)
                        hang_up(&fake->peers[i]);
        }
}

static void listen_again(struct fake_broker *fake) {
        fake->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(fake->listening, 0);
        ck_assert_int_eq(
                bind(fake->listening, (struct sockaddr *) &fake->socket, fake->socket_length), 0);
        ck_assert_int_eq(listen(fake->listening, PEERS_MAX), 0);
}

static bool obey(struct fake_broker *fake) {
        char order;

        ck_assert_int_eq(read(fake->orders[0], &order, 1), 1);
        if (order == ORDER_RETURN)
                listen_again(fake);
        else
                leave(fake);
        sem_post(&fake->done);
        return order != ORDER_STOP;
}

static void *run(void *context) {
        struct fake_broker *fake = context;

        for (bool goes_on = true; goes_on;) {
                struct pollfd fds[2 + PEERS_MAX] = {
                        {.fd = fake->orders[0], .events = POLLIN},
                        {.fd = fake->listening, .events = POLLIN},
                };
                for (size_t i = 0; i < PEERS_MAX; i++)
                        fds[2 + i] = (struct pollfd){.fd = fake->peers[i].fd, .events = POLLIN};
                if (poll(fds, 2 + PEERS_MAX, -1) < 0)
                        continue;

                pthread_mutex_lock(&fake->lock);
                for (size_t i = 0; i < PEERS_MAX; i++) {
                        if (fds[2 + i].revents)
                                hear(fake, &fake->peers[i]);
                }
                if (fds[1].revents)
                        greet(fake);
                if (fds[0].revents)
                        goes_on = obey(fake);
                pthread_mutex_unlock(&fake->lock);
        }
        return NULL;
}

struct fake_broker *fake_new(const struct fake_step *steps, size_t count) {
        static unsigned number;
        struct fake_broker *fake = calloc(1, sizeof *fake);
        struct stat own;

        ck_assert_ptr_nonnull(fake);
        ck_assert_uint_le(count, STEPS_MAX);
        for (size_t i = 0; i < count; i++)
                fake->steps[i] = steps[i];
        fake->steps_count = count;
        for (size_t i = 0; i < PEERS_MAX; i++)
                fake->peers[i].fd = -1;
        if (stat("/proc/self/ns/ipc", &own) == 0)
                fake->namespace = own.st_ino;

        fake->socket.sun_family = AF_UNIX;
        int length = snprintf(fake->socket.sun_path + 1, sizeof fake->socket.sun_path - 1,
                              "shmbroker-fake-%d-%u", (int) getpid(), number++);
        fake->socket_length =
                (socklen_t) (offsetof(struct sockaddr_un, sun_path) + 1 + (size_t) length);
        snprintf(fake->address, sizeof fake->address, "unix:@%s", fake->socket.sun_path + 1);

        pthread_mutex_init(&fake->lock, NULL);
        ck_assert_int_eq(sem_init(&fake->done, 0, 0), 0);
        ck_assert_int_eq(pipe(fake->orders), 0);
        listen_again(fake);
        ck_assert_int_eq(pthread_create(&fake->thread, NULL, run, fake), 0);
        return fake;
}

static void order(struct fake_broker *fake, char what) {
        ck_assert_int_eq(write(fake->orders[1], &what, 1), 1);
        while (sem_wait(&fake->done) < 0)
                ck_assert_int_eq(errno, EINTR);
}

void fake_free(struct fake_broker *fake) {
        order(fake, ORDER_STOP);
        pthread_join(fake->thread, NULL);
        ck_assert_msg(fake->next == fake->steps_count || fake->steps[fake->next].stays,
                      "step %zu was never taken", fake->next);
        for (size_t i = 0; i < fake->next; i++)
                free(fake->calls[i]);
        close(fake->orders[0]);
        close(fake->orders[1]);
        free(fake);
}

const char *fake_address(const struct fake_broker *fake) {
        return fake->address;
}

void fake_refuse(struct fake_broker *fake, const char *text) {
        fake->refusal = text;
}

void fake_namespace(struct fake_broker *fake, uint64_t inode) {
        pthread_mutex_lock(&fake->lock);
        fake->namespace = inode;
        pthread_mutex_unlock(&fake->lock);
}

void fake_leave(struct fake_broker *fake) {
        order(fake, ORDER_LEAVE);
}

void fake_return(struct fake_broker *fake) {
        order(fake, ORDER_RETURN);
}

void fake_say(struct fake_broker *fake, const char *text) {
        pthread_mutex_lock(&fake->lock);
        for (size_t i = 0; i < PEERS_MAX; i++) {
                if (fake->peers[i].fd >= 0)
                        say(&fake->peers[i], text);
        }
        pthread_mutex_unlock(&fake->lock);
}

size_t fake_taken(struct fake_broker *fake) {
        pthread_mutex_lock(&fake->lock);
        size_t taken = fake->next;
        pthread_mutex_unlock(&fake->lock);
        return taken;
}

const char *fake_call(struct fake_broker *fake, size_t step) {
        pthread_mutex_lock(&fake->lock);
        ck_assert_uint_lt(step, fake->next);
        const char *call = fake->calls[step];
        pthread_mutex_unlock(&fake->lock);
        return call;
}

unsigned fake_connections(struct fake_broker *fake) {
        pthread_mutex_lock(&fake->lock);
        unsigned connections = fake->connections;
        pthread_mutex_unlock(&fake->lock);
        return connections;
}
