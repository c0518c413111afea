#include "answer.h"
#include "argument.h"
#include "channel.h"
#include "connect.h"
#include "failure.h"
#include "shmbroker.h"

#include "proto/method.h"

#include <errno.h>
#include <stdlib.h>

/* A listing has a connection of its own, so that the callback may take its time and use
 * the handle, and threads that share the handle do not wait for it. */
struct list {
        struct shmb *b;
        const char *pattern;
        int (*found)(const struct shmb_segment *segment, void *context);
        void *context;
        bool is_answered; /* in part at least: it can't start over */
};

/* Hands on one reply: 1 and there is more to come, 0 at the end. */
static int list_reply(struct list *list, const struct answer *answer, int *ret_found) {
        struct shmb_segment *segment;

        int r = answer_refusal(answer, NULL);
        if (r == 0)
                r = answer_segment(answer, METHOD_LIST, &segment, NULL);
        if (r < 0)
                return r;
        if (segment) {
                known_learn(&list->b->known, segment);
                *ret_found = list->found(segment, list->context);
                free(segment);
        }
        return *ret_found == 0 && answer->reply.continues;
}

static int list_run(struct list *list, struct channel *channel, struct deadline *deadline,
                    int *ret_found) {
        struct list_request request = {.pattern = list->pattern};
        struct answer answer;
        bool sent;
        int r;

        r = channel_send(channel, METHOD_LIST, &request, true, deadline, &sent);
        if (r < 0)
                return r;
        do {
                r = channel_receive(channel, deadline, &answer);
                if (r < 0)
                        return r;
                list->is_answered = true;
                r = list_reply(list, &answer, ret_found);
                answer_free(&answer);
                deadline_begin(deadline, deadline->timeout_ms); /* each reply has its time */
        } while (r > 0);
        return r;
}

int shmb_list(struct shmb *b, const char *pattern,
              int (*found)(const struct shmb_segment *segment, void *context), void *context) {
        struct list list = {.b = b, .pattern = pattern, .found = found, .context = context};
        struct channel *channel;
        struct deadline deadline;
        int found_result = 0;

        int r = pattern ? argument_pattern(pattern) : 0;
        if (r < 0)
                return r;
        connect_notice_fork(b);
        deadline_begin(&deadline, b->timeout_ms);
        do {
                r = channel_open(&channel, &b->address, &deadline);
                if (r == 0) {
                        r = list_run(&list, channel, &deadline, &found_result);
                        channel_close(channel);
                }
        } while (r < 0 && !list.is_answered && connect_again(b, &deadline, &r));
        return r < 0 ? r : found_result;
}
