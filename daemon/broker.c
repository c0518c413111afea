#include "broker.h"

#include "hugepage.h"
#include "recovery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int recover(struct broker *broker, const char *state_directory, char *ret_reason,
                   size_t reason_bytes) {
        struct journal_intent intent;
        int r;

        snprintf(ret_reason, reason_bytes, "out of memory");
        r = registry_new(&broker->registry);
        if (r == -ERROR_SYSTEM)
                snprintf(ret_reason, reason_bytes, "no random numbers: %s", strerror(errno));
        if (r == 0)
                r = users_new(&broker->users);
        if (r == 0)
                r = journal_open(&broker->journal, state_directory, broker->registry, &intent,
                                 ret_reason, reason_bytes);
        if (r == 0)
                r = recovery_run(broker, &intent);
        return r;
}

int broker_new(struct broker **ret, const char *state_directory, const struct limits *limits,
               char *ret_reason, size_t reason_bytes) {
        struct broker *broker = calloc(1, sizeof(*broker));
        int r;

        if (broker == NULL) {
                snprintf(ret_reason, reason_bytes, "out of memory");
                return -ERROR_NO_MEMORY;
        }
        broker->limits = *limits;
        broker->ipc_namespace = segment_ipc_namespace();
        broker->page_size = (uint64_t) sysconf(_SC_PAGESIZE);
        broker->huge_page_size = hugepage_default_bytes();
        broker->started_at = time(NULL);
        broker->uid = geteuid();
        broker->sweep_id = -1;
        r = recover(broker, state_directory, ret_reason, reason_bytes);
        if (r < 0) {
                broker_free(broker);
                return r;
        }
        *ret = broker;
        return 0;
}

void broker_free(struct broker *broker) {
        if (broker == NULL)
                return;
        journal_close(broker->journal);
        registry_free(broker->registry);
        entry_free(broker->dropped);
        users_free(broker->users);
        free(broker);
}

void broker_status(const struct broker *broker, struct status_result *ret) {
        *ret = (struct status_result){
                .pid = getpid(),
                .uid = broker->uid,
                .started_at = broker->started_at,
                .ipc_namespace = (int64_t) broker->ipc_namespace,
                .segments = registry_count(broker->registry),
                .total_size = (int64_t) registry_size_bytes(broker->registry),
                .limits = broker->limits,
        };
}
