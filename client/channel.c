#include "channel.h"

#include "address.h"
#include "answer.h"
#include "deadline.h"
#include "failure.h"

#include "proto/buffer.h"
#include "proto/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define US_PER_S 1000000

/* Some replies of a List, or nearly all single ones, at once, into memory that stays. */
#define RECEIVE_BYTES BUFFER_KEPT_BYTES

struct channel {
        int fd;           /* blocking, for limit_us at most */
        int64_t limit_us; /* SO_RCVTIMEO and SO_SNDTIMEO; 0: none was set yet */
        dev_t device;     /* what the descriptor stood for */
        ino_t inode;
        struct buffer out, in;
        size_t searched_bytes; /* of `in`, see frame_next() */
        size_t received_bytes; /* of `in`: the message that was handed out last */
};

static int channel_explain(int errno_value, const struct address *address) {
        char room[128];
        const char *hint = errno_value == ENOENT || errno_value == ECONNREFUSED
                                   ? ": is shmbrokerd running?"
                           : errno_value == EACCES ? ": is this user in the socket's group?"
                                                   : "";

        return failure_text(errno_value, "cannot connect to the broker at %s: %s%s", address->text,
                            strerror_r(errno_value, room, sizeof room), hint);
}

/* Has the kernel end what blocks at the deadline: recv(2) with a limit costs a system
 * call less than poll(2) and recv(2). The limit stays as it is while it is near enough,
 * so that it is set once for many calls. -ETIMEDOUT. */
static int channel_limit(struct channel *channel, const struct deadline *deadline) {
        int64_t left_us = deadline_left_us(deadline);
        int64_t tolerance_us = left_us / 64;

        if (left_us == 0)
                return failure_text(ETIMEDOUT, "the broker did not answer within %d ms",
                                    deadline->timeout_ms);
        if (llabs(channel->limit_us - left_us) <= tolerance_us)
                return 0;

        struct timeval limit = {.tv_sec = left_us / US_PER_S, .tv_usec = left_us % US_PER_S};
        if (setsockopt(channel->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
            setsockopt(channel->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0)
                return failure_system(errno, "cannot limit the time of a call");
        channel->limit_us = left_us;
        return 0;
}

static int channel_connect(struct channel *channel, const struct address *address,
                           const struct deadline *deadline) {
        struct stat facts;

        channel->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (channel->fd < 0 || fstat(channel->fd, &facts) < 0)
                return failure_system(errno, "cannot make a socket");
        channel->device = facts.st_dev;
        channel->inode = facts.st_ino;

        for (;;) { /* it waits while the broker's queue of connections is full */
                int r = channel_limit(channel, deadline);
                if (r < 0)
                        return r;
                if (connect(channel->fd, (const struct sockaddr *) &address->socket,
                            address->length_bytes) == 0)
                        return 0;
                if (errno != EAGAIN && errno != EINTR)
                        return channel_explain(errno, address);
        }
}

int channel_open(struct channel **ret, const struct address *address,
                 const struct deadline *deadline) {
        struct channel *channel = calloc(1, sizeof *channel);

        if (!channel)
                return failure_no_memory();
        buffer_init(&channel->out, MESSAGE_BYTES_MAX);
        buffer_init(&channel->in, MESSAGE_BYTES_MAX);
        int r = channel_connect(channel, address, deadline);
        if (r < 0) {
                channel_close(channel);
                return r;
        }

        *ret = channel;
        return 0;
}

void channel_close(struct channel *channel) {
        if (!channel)
                return;
        if (channel->fd >= 0)
                close(channel->fd);
        buffer_free(&channel->out);
        buffer_free(&channel->in);
        free(channel);
}

void channel_forsake(struct channel *channel) {
        struct stat facts;

        if (fstat(channel->fd, &facts) == 0 && facts.st_dev == channel->device &&
            facts.st_ino == channel->inode)
                close(channel->fd);
        channel->fd = -1;
}

int channel_send(struct channel *channel, enum method_id method, const void *request, bool more,
                 const struct deadline *deadline, bool *ret_sent) {
        struct buffer *out = &channel->out;

        *ret_sent = false;
        buffer_clear(out);
        call_write(out, methods[method].name, methods[method].request, request, more);
        switch (buffer_error(out)) {
        case 0:
                break;
        case -ERROR_TOO_LARGE:
                return failure_text(EMSGSIZE, "the call is larger than %d bytes",
                                    MESSAGE_BYTES_MAX);
        default:
                return failure_no_memory();
        }

        for (size_t sent_bytes = 0; sent_bytes < out->length_bytes;) {
                int r = channel_limit(channel, deadline);
                if (r < 0)
                        return r;
                ssize_t n = send(channel->fd, out->bytes + sent_bytes,
                                 out->length_bytes - sent_bytes, MSG_NOSIGNAL);
                if (n >= 0)
                        sent_bytes += (size_t) n;
                else if (errno == EPIPE || errno == ECONNRESET)
                        return 0;
                else if (errno != EAGAIN && errno != EINTR)
                        return failure_system(errno, "cannot send to the broker");
        }
        *ret_sent = true;
        return 0;
}

/* One message at most was received before and is done with now. */
static int channel_fill(struct channel *channel, const struct deadline *deadline) {
        struct buffer *in = &channel->in;
        size_t room_bytes = MESSAGE_BYTES_MAX - in->length_bytes;
        if (room_bytes > RECEIVE_BYTES)
                room_bytes = RECEIVE_BYTES;
        if (buffer_reserve(in, room_bytes) < 0)
                return failure_no_memory();

        for (;;) {
                int r = channel_limit(channel, deadline);
                if (r < 0)
                        return r;

                ssize_t n = recv(channel->fd, in->bytes + in->length_bytes, room_bytes, 0);
                if (n > 0) {
                        in->length_bytes += (size_t) n;
                        return 0;
                }
                if (n == 0 || errno == ECONNRESET)
                        return failure_text(ECONNRESET, "the broker closed the connection");
                if (errno != EAGAIN && errno != EINTR)
                        return failure_system(errno, "cannot receive from the broker");
        }
}

int channel_receive(struct channel *channel, const struct deadline *deadline, struct answer *ret) {
        struct buffer *in = &channel->in;
        size_t length_bytes;
        int r;

        buffer_consume(in, channel->received_bytes);
        channel->received_bytes = 0;
        channel->searched_bytes = 0;

        while ((r = frame_next(in->bytes, in->length_bytes, &channel->searched_bytes,
                               &length_bytes)) == 0) {
                r = channel_fill(channel, deadline);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return failure_text(EPROTO, "the broker sent more than %d bytes in one message",
                                    MESSAGE_BYTES_MAX);

        channel->received_bytes = length_bytes + 1; /* and its NUL */
        return answer_parse(ret, in->bytes, length_bytes);
}

bool channel_has_answered(const struct channel *channel) {
        return channel->received_bytes > 0;
}
