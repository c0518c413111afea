#include "exchange.h"

#include "answer.h"
#include "channel.h"
#include "connect.h"
#include "failure.h"
#include "shmbroker.h"

#include <errno.h>
#include <sys/random.h>

static int exchange_over(struct channel *channel, enum method_id method, const void *request,
                         const struct deadline *deadline, struct answer *ret, bool *ret_sent) {
        int r = channel_send(channel, method, request, false, deadline, ret_sent);
        return r < 0 ? r : channel_receive(channel, deadline, ret);
}

/* A broker that is being killed may still take a connection, and a call with it, that it
 * never looks at. What must not be sent twice is sent only when the other end is known to
 * be alive, so that it is not lost for nothing. */
static int exchange_greet(struct channel *channel, const struct deadline *deadline) {
        struct answer answer;
        bool sent;

        if (channel_has_answered(channel))
                return 0;
        int r = exchange_over(channel, METHOD_GET_STATUS, NULL, deadline, &answer, &sent);
        if (r < 0)
                return r;
        r = answer_refusal(&answer, NULL);
        answer_free(&answer);
        return r;
}

static int exchange_attempt(struct shmb *b, enum method_id method, const void *request,
                            enum exchange_repeat repeat, const struct deadline *deadline,
                            struct answer *ret, bool *ret_sent) {
        *ret_sent = false;
        int r = connect_ready(b, deadline);
        if (r < 0)
                return r;
        if (repeat == EXCHANGE_ONCE)
                r = exchange_greet(b->channel, deadline);
        if (r == 0)
                r = exchange_over(b->channel, method, request, deadline, ret, ret_sent);
        if (r < 0 || answer_hangs_up(ret))
                connect_drop(b);
        return r;
}

int exchange_unknown(void) {
        return failure_text(ECONNABORTED, "the broker went away in the middle of the call: it is "
                                          "not known whether it was done");
}

int exchange_run(struct shmb *b, enum method_id method, const void *request,
                 enum exchange_repeat repeat, struct answer *ret, bool *ret_repeated) {
        struct deadline deadline;
        bool sent;

        *ret_repeated = false;
        int r = connect_begin(b, &deadline);
        if (r < 0)
                return r;
        while ((r = exchange_attempt(b, method, request, repeat, &deadline, ret, &sent)) < 0) {
                if (r == -ECONNRESET && sent && repeat == EXCHANGE_ONCE) {
                        r = exchange_unknown();
                        break;
                }
                *ret_repeated |= sent;
                if (!connect_again(b, &deadline, &r))
                        break;
        }
        connect_end(b);
        return r;
}

int exchange_segment(struct shmb *b, enum method_id method, const void *request,
                     enum exchange_repeat repeat, struct exchange *ret) {
        struct answer answer;

        *ret = (struct exchange){0};
        int r = exchange_run(b, method, request, repeat, &answer, &ret->repeated);
        if (r < 0)
                return r;
        r = answer_refusal(&answer, &ret->refusal);
        if (r == 0)
                r = answer_segment(&answer, method, &ret->segment, &ret->created);
        answer_free(&answer);
        if (r < 0)
                return r;
        known_learn(&b->known, ret->segment);
        return 0;
}

int exchange_token(char ret[EXCHANGE_TOKEN_BYTES]) {
        static const char digits[] = "0123456789abcdef";
        unsigned char random[(EXCHANGE_TOKEN_BYTES - 1) / 2];

        if (getrandom(random, sizeof random, 0) != sizeof random)
                return failure_system(errno, "cannot get random bytes for a token");
        for (size_t i = 0; i < sizeof random; i++) {
                *ret++ = digits[random[i] >> 4];
                *ret++ = digits[random[i] & 0xf];
        }
        *ret = '\0';
        return 0;
}
