#include "quota.h"

#include "broker.h"
#include "sweep.h"

#include "proto/frame.h"

#include <errno.h>
#include <sys/resource.h>

/* Bytes are bounded by what a number on the wire holds: in effect by the kernel's shmmax
 * and shmall. The others keep one user from taking what all need; 32768 is as many ids
 * as the kernel has. */
void limits_default(struct limits *ret) {
        *ret = (struct limits){
                .segments = 32768,
                .segment_size = FIELD_INTEGER_MAX,
                .total_size = FIELD_INTEGER_MAX,
                .segments_per_user = 4096,
                .size_per_user = FIELD_INTEGER_MAX,
                .connections = 4096,
                .connections_per_user = 1024,
                .watches_per_user = 128,
                .message_size = MESSAGE_BYTES_MAX,
        };
}

/* The wire's integers end at 2^53 - 1, the kernel's do not. */
static int64_t figure(uint64_t value) {
        return value < FIELD_INTEGER_MAX ? (int64_t) value : FIELD_INTEGER_MAX;
}

static int check(const struct broker *broker, const struct user *user, uint64_t size_bytes,
                 struct error *ret_error) {
        const struct limits *limits = &broker->limits;
        const struct {
                const char *limit;
                int64_t used, more, maximum;
        } rows[] = {
                {"segments", registry_count(broker->registry), 1, limits->segments},
                {"segmentsPerUser", user_charged(user, CHARGE_SEGMENTS), 1,
                 limits->segments_per_user},
                {"totalSize", figure(registry_size_bytes(broker->registry)), figure(size_bytes),
                 limits->total_size},
                {"sizePerUser", user_charged(user, CHARGE_SIZE), figure(size_bytes),
                 limits->size_per_user},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
                if (rows[i].more > 0 && rows[i].used > rows[i].maximum - rows[i].more)
                        return error_limit(ret_error, rows[i].limit, rows[i].used, rows[i].maximum);
        return 0;
}

int quota_check(struct broker *broker, const struct user *user, uint64_t size_bytes,
                struct error *ret_error) {
        if (check(broker, user, size_bytes, ret_error) == 0)
                return 0;
        sweep_all(broker);
        return check(broker, user, size_bytes, ret_error);
}

int quota_refuse_namespace(struct error *ret_error) {
        struct segment_usage usage;
        int r = segment_usage(&usage);

        if (r < 0)
                return error_system(ret_error, ENOSPC, "the kernel has no room for it");
        if (usage.ids >= usage.ids_maximum)
                return error_limit(ret_error, "shmmni", figure(usage.ids),
                                   figure(usage.ids_maximum));
        return error_limit(ret_error, "shmall", figure(usage.pages), figure(usage.pages_maximum));
}

int quota_refuse_memlock(struct broker *broker, struct error *ret_error) {
        struct rlimit memlock = {.rlim_cur = 0};

        sweep_all(broker);
        getrlimit(RLIMIT_MEMLOCK, &memlock);
        return error_limit(ret_error, "memlock", figure(broker->locked_bytes),
                           figure(memlock.rlim_cur));
}
