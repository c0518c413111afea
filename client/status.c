#include "answer.h"
#include "exchange.h"
#include "shmbroker.h"

#include "proto/method.h"

int shmb_get_status(struct shmb *b, struct shmb_status *ret) {
        struct status_result status;
        struct answer answer;
        bool repeated;

        int r = exchange_run(b, METHOD_GET_STATUS, NULL, EXCHANGE_REPEAT, &answer, &repeated);
        if (r < 0)
                return r;
        r = answer_refusal(&answer, NULL);
        if (r == 0)
                r = answer_status(&answer, &status);
        answer_free(&answer);
        if (r < 0)
                return r;

        const struct limits *limits = &status.limits;
        *ret = (struct shmb_status){
                .pid = (pid_t) status.pid,
                .uid = (uid_t) status.uid,
                .started_at = status.started_at,
                .ipc_namespace = (uint64_t) status.ipc_namespace,
                .segments = status.segments,
                .total_size = status.total_size,
                .connections = status.connections,
                .watchers = status.watchers,
                .requests = status.requests,
                .errors = status.errors,
                .limits =
                        {
                                .segments = limits->segments,
                                .segment_size = limits->segment_size,
                                .total_size = limits->total_size,
                                .segments_per_user = limits->segments_per_user,
                                .size_per_user = limits->size_per_user,
                                .connections = limits->connections,
                                .connections_per_user = limits->connections_per_user,
                                .watches_per_user = limits->watches_per_user,
                                .message_size = limits->message_size,
                        },
        };
        return 0;
}
