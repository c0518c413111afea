#include "broker.h"

#include "found.h"
#include "lock.h"
#include "quota.h"

#include <errno.h>
#include <sys/resource.h>

/* Without CAP_IPC_LOCK, EPERM tells of a limit of 0, ENOMEM of one that is reached. */
static bool is_memlock(int result) {
        struct rlimit memlock;

        return result == -ENOMEM || (result == -EPERM && getrlimit(RLIMIT_MEMLOCK, &memlock) == 0 &&
                                     memlock.rlim_cur == 0);
}

int lock_end(struct broker *broker, struct entry *entry, bool lock, int result, struct outcome *ret,
             struct error *ret_error) {
        int r;

        if (result == 0)
                ret->segment.locked = lock;
        r = found_tell_anew(broker, entry, NULL, entry->identity.id, &ret->segment, ret_error);
        if (r < 0)
                return r;
        if (lock && is_memlock(result))
                return quota_refuse_memlock(broker, ret_error);
        if (result < 0)
                return error_system(ret_error, -result,
                                    lock ? "shmctl(SHM_LOCK) failed" : "shmctl(SHM_UNLOCK) failed");
        return 0;
}

static int start(struct broker *broker, const struct peer *peer,
                 const struct segment_request *request, bool lock, struct outcome *ret,
                 struct error *ret_error) {
        struct found found;
        int id, r = found_owned(broker, peer, request->name, request->id, &found, ret_error);

        if (r < 0)
                return r;
        if (found.entry->adopted)
                return error_of_segment(ret_error, ERROR_ADOPTED, request->name, request->id);
        id = found.entry->identity.id;
        found_tell(&found, true, &ret->segment);
        /* Locking takes no time, but unlocking looks at every page. */
        if (!lock && segment_is_locked(&found.ds) && found.ds.shm_segsz >= BROKER_LARGE_BYTES) {
                ret->work = (struct work){
                        .kind = WORK_UNLOCK,
                        .target = found.entry->identity,
                        .reply_id = id,
                        .before = ret->segment,
                };
                found.entry->works++;
                return BROKER_WORK;
        }
        return lock_end(broker, found.entry, lock, segment_lock(id, lock), ret, ret_error);
}

int broker_lock(struct broker *broker, struct peer *peer, const struct segment_request *request,
                struct outcome *ret, struct error *ret_error) {
        return start(broker, peer, request, true, ret, ret_error);
}

int broker_unlock(struct broker *broker, struct peer *peer, const struct segment_request *request,
                  struct outcome *ret, struct error *ret_error) {
        return start(broker, peer, request, false, ret, ret_error);
}
