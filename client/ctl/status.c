#include "human.h"
#include "output.h"
#include "verbs.h"

#include "proto/method.h"
#include "shmbroker.h"

#include <inttypes.h>
#include <stdio.h>

static int print_json(const struct ctl *ctl, const struct shmb_status *status) {
        const struct shmb_limits *limits = &status->limits;
        struct status_result result = {
                .pid = status->pid,
                .uid = status->uid,
                .started_at = status->started_at,
                .ipc_namespace = (int64_t) status->ipc_namespace,
                .segments = status->segments,
                .total_size = status->total_size,
                .connections = status->connections,
                .watchers = status->watchers,
                .requests = status->requests,
                .errors = status->errors,
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

        return output_record(ctl, methods[METHOD_GET_STATUS].result, &result);
}

static void print_count(const char *label, int64_t count) {
        printf("%-22s %" PRId64 "\n", label, count);
}

static void print_size(const char *label, int64_t bytes) {
        char text[HUMAN_BYTES];

        printf("%-22s %s (%" PRId64 " bytes)\n", label, human_size((uint64_t) bytes, text), bytes);
}

static void print_status(const struct shmb_status *status) {
        const struct shmb_limits *limits = &status->limits;
        char text[HUMAN_BYTES];

        print_count("Process:", status->pid);
        printf("%-22s %s (%u)\n", "User:", human_user(status->uid), status->uid);
        printf("%-22s %s\n", "Started:", human_time(status->started_at, text));
        printf("%-22s ipc:[%" PRIu64 "]\n", "IPC namespace:", status->ipc_namespace);
        print_count("Segments:", status->segments);
        print_size("Size of all:", status->total_size);
        print_count("Connections:", status->connections);
        print_count("Watchers:", status->watchers);
        print_count("Requests:", status->requests);
        print_count("Refused:", status->errors);
        puts("Limits");
        print_count("  segments:", limits->segments);
        print_size("  segmentSize:", limits->segment_size);
        print_size("  totalSize:", limits->total_size);
        print_count("  segmentsPerUser:", limits->segments_per_user);
        print_size("  sizePerUser:", limits->size_per_user);
        print_count("  connections:", limits->connections);
        print_count("  connectionsPerUser:", limits->connections_per_user);
        print_count("  watchesPerUser:", limits->watches_per_user);
        print_size("  messageSize:", limits->message_size);
}

static int run(struct ctl *ctl, int count, char **operands) {
        struct shmb_status status;
        int result;

        if (!ctl_connect(ctl))
                return CTL_REFUSED;
        result = shmb_get_status(ctl->broker, &status);
        if (result < 0)
                return ctl_refused(ctl, NULL, result);
        if (ctl->json)
                return print_json(ctl, &status);
        print_status(&status);
        return CTL_DONE;
}

const struct verb verb_status = {
        .name = "status",
        .operands = "",
        .summary = "how the broker does, and its limits",
        .run = run,
};
