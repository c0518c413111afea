#include "connection.h"

#include "log.h"
#include "peer.h"
#include "turn.h"
#include "worker.h"

#include "proto/frame.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Replies that wait for a peer: with so many, nothing more of it is handled. */
#define HIGH_WATER_BYTES (64 * 1024)

/* Entries that a List looks at before the other connections have their turn. */
#define LIST_BUDGET       256
#define LIST_BUDGET_LEAST 16

/* The longest: a segment with all its labels, an interface's description, or an error that
 * repeats a part of the call. */
#define REPLY_BYTES_MAX (2 * MESSAGE_BYTES_MAX)

/* An idle one owns no memory but this. */
struct connection {
        LIST_ENTRY(connection) link;
        struct connection_host *host;
        int fd;
        bool reading, writing; /* are the events added? */
        bool eof;              /* nothing more comes */
        bool over;             /* nobody is there to be answered */
        bool yielding;         /* goes on when the others have had their turn */
        struct event readable, writable;

        struct peer peer;
        struct user *user; /* who is charged: a reference */

        struct buffer rest;    /* received, not handled: less than a message, save while it waits */
        size_t searched_bytes; /* of `rest`, for frame_next() */
        struct buffer queue;   /* replies that the socket did not take */
        struct pending *pending;
        struct job job; /* of a pending work */
};

static void connection_free(struct connection *connection) {
        struct connection_host *host = connection->host;
        host->dispatcher.traffic.connections--;
        user_charge(connection->user, CHARGE_CONNECTIONS, -1);
        user_unref(connection->user);
        peer_free(&connection->peer);
        LIST_REMOVE(connection, link);
        event_del(&connection->readable);
        event_del(&connection->writable);
        close(connection->fd);
        buffer_free(&connection->rest);
        buffer_free(&connection->queue);
        pending_free(connection->pending);
        free(connection);
}

static bool connection_retries(int errno_value) {
        return errno_value == EAGAIN || errno_value == EINTR;
}

/* How many bytes the socket took. */
static size_t connection_send(struct connection *connection, const struct buffer *from) {
        ssize_t n =
                send(connection->fd, from->bytes, from->length_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0)
                return (size_t) n;
        if (!connection_retries(errno))
                connection->over = true;
        return 0;
}

/* Sends what was written; what the socket does not take waits in the queue. */
static void connection_flush(struct connection *connection) {
        struct buffer *output = &connection->host->output, *queue = &connection->queue;
        size_t sent_bytes = 0;
        if (output->length_bytes > 0 && queue->length_bytes == 0 && !connection->over)
                sent_bytes = connection_send(connection, output);
        if (sent_bytes < output->length_bytes && !connection->over)
                buffer_append(queue, output->bytes + sent_bytes, output->length_bytes - sent_bytes);
        if (buffer_error(queue) < 0)
                connection->over = true;
        buffer_clear(output);
}

/* Adds the event where it is wanted, deletes it where it is not. */
static void connection_arm(struct connection *connection, struct event *event, bool *added,
                           bool wanted) {
        if (*added == wanted)
                return;
        *added = wanted;
        if (!wanted)
                event_del(event);
        else if (event_add(event, NULL) < 0)
                connection->over = true;
}

static bool connection_is_listing(const struct connection *connection) {
        return connection->pending != NULL && connection->pending->kind == PENDING_LIST;
}

static bool connection_is_working(const struct connection *connection) {
        return connection->pending != NULL && connection->pending->kind == PENDING_WORK;
}

static bool connection_is_full(const struct connection *connection) {
        return connection->queue.length_bytes + connection->host->output.length_bytes >=
               HIGH_WATER_BYTES;
}

static bool connection_is_blocked(const struct connection *connection) {
        return connection->pending != NULL || connection->yielding || connection->over ||
               connection_is_full(connection);
}

static void connection_end(struct connection *connection) {
        struct connection_host *host = connection->host;
        connection_free(connection);
        host->ended(host);
}

/* The end of every event: sends the replies and waits for what comes next. The connection
 * may be gone after it. */
static void connection_settle(struct connection *connection) {
        struct connection_host *host = connection->host;
        host->stirred(host);
        connection_flush(connection);
        if (connection->pending == NULL && connection->rest.length_bytes == 0)
                connection->yielding = false; /* it has nothing to go on with */
        bool writing = connection->queue.length_bytes > 0 || connection->yielding;
        bool reading = !connection->eof && !connection_is_blocked(connection);
        connection_arm(connection, &connection->writable, &connection->writing,
                       writing && !connection->over);
        connection_arm(connection, &connection->readable, &connection->reading, reading);
        if (reading && host->draining && event_add(&connection->readable, &(struct timeval){0}) < 0)
                connection->over = true; /* else it is asked at once whether there is more */

        bool done = connection->eof && connection->pending == NULL && !writing;
        if ((connection->over || done) && !connection_is_working(connection))
                connection_end(connection);
}

static void connection_malformed(struct connection *connection, const char *reason) {
        static struct log_limit limit;
        log_limited(&limit, LOG_INFO, "hung up on pid %d of uid %u, which sent no Varlink call: %s",
                    (int) connection->peer.pid, (unsigned) connection->peer.uid, reason);
        connection->eof = true; /* what was answered before is still sent */
}

/* How many entries a List may look at: a user's connections share this as well. */
static unsigned connection_list_budget(const struct connection *connection) {
        int64_t budget = LIST_BUDGET / user_charged(connection->user, CHARGE_CONNECTIONS);
        return budget < LIST_BUDGET_LEAST ? LIST_BUDGET_LEAST : (unsigned) budget;
}

/* A slice of a List, which is all that a peer gets in one turn. */
static void connection_list(struct connection *connection) {
        struct connection_host *host = connection->host;
        connection->yielding = true;
        int r = dispatch_continue(&host->dispatcher, &connection->peer, connection->pending,
                                  &host->output, HIGH_WATER_BYTES - connection->queue.length_bytes,
                                  connection_list_budget(connection));
        if (r == DISPATCH_PENDING)
                return;
        connection->over |= r < 0;
        pending_free(connection->pending);
        connection->pending = NULL;
}

static void connection_begin(struct connection *connection) {
        if (connection_is_listing(connection)) {
                connection_list(connection);
                return;
        }
        connection->job = (struct job){.work = &connection->pending->work, .owner = connection};
        worker_submit(connection->host->worker, &connection->job);
}

/* Handles messages until there is no whole one left, its turn is over, or something else
 * keeps it from going on.
 * Returns how many bytes are done with. */
static size_t connection_handle(struct connection *connection, const char *bytes,
                                size_t length_bytes) {
        struct connection_host *host = connection->host;
        size_t used_bytes = 0;
        struct turn turn;
        turn_begin(&turn, user_charged(connection->user, CHARGE_CONNECTIONS));
        while (!connection_is_blocked(connection)) {
                const char *reason = "a message of more than 64 KiB";
                size_t message_bytes;
                int r = frame_next(bytes + used_bytes, length_bytes - used_bytes,
                                   &connection->searched_bytes, &message_bytes);
                if (r == 0)
                        break;
                if (r > 0) {
                        r = dispatch_message(&host->dispatcher, &connection->peer,
                                             bytes + used_bytes, message_bytes, &host->output,
                                             &connection->pending, &reason);
                        used_bytes += message_bytes + 1;
                }
                if (r == DISPATCH_PENDING)
                        connection_begin(connection);
                else if (r == -ERROR_NO_MEMORY)
                        connection->over = true;
                else if (r < 0) {
                        connection_malformed(connection, reason);
                        return length_bytes;
                }
                if (turn_spend(&turn, message_bytes) && used_bytes < length_bytes)
                        connection->yielding = true;
                if (connection_is_full(connection) || turn_is_late(&turn))
                        connection_flush(connection);
        }
        return used_bytes;
}

/* Handles what was received before. */
static void connection_resume(struct connection *connection) {
        struct buffer *rest = &connection->rest;
        buffer_consume(rest, connection_handle(connection, rest->bytes, rest->length_bytes));
        if (rest->length_bytes == 0)
                buffer_free(rest);
}

static void connection_take(struct connection *connection, const char *bytes, size_t length_bytes) {
        struct buffer *rest = &connection->rest;
        if (rest->length_bytes > 0) {
                buffer_append(rest, bytes, length_bytes);
                connection_resume(connection);
        } else {
                size_t used_bytes = connection_handle(connection, bytes, length_bytes);
                buffer_append(rest, bytes + used_bytes, length_bytes - used_bytes);
        }
        if (buffer_error(rest) < 0)
                connection->over = true;
}

static void connection_readable(int fd, short events, void *argument) {
        struct connection *connection = argument;
        struct connection_host *host = connection->host;
        ssize_t n = recv(fd, host->input, sizeof(host->input), MSG_DONTWAIT);
        if (n > 0)
                connection_take(connection, host->input, (size_t) n);
        else if (n == 0 || (errno == EAGAIN && host->draining))
                connection->eof = true;
        else if (!connection_retries(errno))
                connection->over = true;
        connection_settle(connection);
}

static void connection_writable(int fd, short events, void *argument) {
        struct connection *connection = argument;
        struct buffer *queue = &connection->queue;
        connection->yielding = false;
        if (queue->length_bytes > 0) {
                buffer_consume(queue, connection_send(connection, queue));
                if (queue->length_bytes == 0)
                        buffer_free(queue);
        }
        if (connection_is_listing(connection) && !connection->over &&
            !connection_is_full(connection))
                connection_list(connection);
        connection_resume(connection);
        connection_settle(connection);
}

void connection_worked(struct job *job) {
        struct connection *connection = job->owner;
        struct connection_host *host = connection->host;
        if (dispatch_continue(&host->dispatcher, &connection->peer, connection->pending,
                              &host->output, HIGH_WATER_BYTES, 0) < 0)
                connection->over = true;
        pending_free(connection->pending);
        connection->pending = NULL;
        connection_resume(connection);
        connection_settle(connection);
}

static int connection_refuse(struct connection_host *host, int fd, const char *limit, int64_t used,
                             int64_t maximum) {
        static struct log_limit lines;
        struct error error;
        int r = error_limit(&error, limit, used, maximum);
        log_limited(&lines, LOG_NOTICE, "refused a connection: %s is %" PRId64, limit, maximum);
        error_write(&host->output, &error);
        /* Should it not get through, the end of the connection says enough. */
        (void) send(fd, host->output.bytes, host->output.length_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        buffer_clear(&host->output);
        return r;
}

int connection_new(struct connection_host *host, int take_fd) {
        const struct limits *limits = &host->dispatcher.broker->limits;
        struct peer peer = {0};
        struct user *user = NULL;
        struct connection *connection = NULL;
        int r;
        if (host->dispatcher.traffic.connections >= limits->connections) {
                r = connection_refuse(host, take_fd, "connections",
                                      host->dispatcher.traffic.connections, limits->connections);
                goto out;
        }
        r = peer_read(take_fd, &peer);
        if (r < 0)
                goto out;
        r = users_get(host->dispatcher.broker->users, peer.uid, &user);
        if (r < 0)
                goto out;
        int64_t held = user_charged(user, CHARGE_CONNECTIONS);
        if (held >= limits->connections_per_user) {
                r = connection_refuse(host, take_fd, "connectionsPerUser", held,
                                      limits->connections_per_user);
                goto out;
        }
        r = -ERROR_NO_MEMORY;
        connection = calloc(1, sizeof(*connection));
        if (connection == NULL)
                goto out;
        if (event_assign(&connection->readable, host->base, take_fd, EV_READ | EV_PERSIST,
                         connection_readable, connection) < 0 ||
            event_assign(&connection->writable, host->base, take_fd, EV_WRITE | EV_PERSIST,
                         connection_writable, connection) < 0 ||
            event_add(&connection->readable, NULL) < 0)
                goto out;

        connection->host = host;
        connection->fd = take_fd;
        connection->reading = true;
        connection->peer = peer;
        connection->user = user;
        buffer_init(&connection->rest, MESSAGE_BYTES_MAX + sizeof(host->input));
        buffer_init(&connection->queue, HIGH_WATER_BYTES + REPLY_BYTES_MAX);
        LIST_INSERT_HEAD(&host->connections, connection, link);
        user_charge(user, CHARGE_CONNECTIONS, 1);
        host->dispatcher.traffic.connections++;
        return 0;

out:
        free(connection);
        user_unref(user);
        peer_free(&peer);
        close(take_fd);
        return r;
}

int connection_host_init(struct connection_host *host) {
        LIST_INIT(&host->connections);
        buffer_init(&host->output, HIGH_WATER_BYTES + REPLY_BYTES_MAX);
        return buffer_reserve(&host->output, HIGH_WATER_BYTES + REPLY_BYTES_MAX);
}

void connection_host_drain(struct connection_host *host) {
        host->draining = true;
        struct connection *next;
        for (struct connection *connection = LIST_FIRST(&host->connections); connection != NULL;
             connection = next) {
                next = LIST_NEXT(connection, link);
                connection_settle(connection);
        }
}

void connection_host_close(struct connection_host *host) {
        struct connection *connection;
        LIST_FOREACH(connection, &host->connections, link) {
                connection->eof = true;
                buffer_free(&connection->rest);
        }
        for (struct job *job; (job = worker_wait(host->worker)) != NULL;)
                connection_worked(job);
        while ((connection = LIST_FIRST(&host->connections)) != NULL)
                connection_free(connection);
        buffer_free(&host->output);
}
