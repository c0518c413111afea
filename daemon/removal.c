#include "removal.h"

#include "found.h"
#include "holding.h"

#include <errno.h>

int removal_start(struct broker *broker, const struct found *target, int reply_id,
                  struct outcome *outcome, struct error *ret_error) {
        struct entry *entry = target->entry;

        /* Attached or not: the last detach may come just before. */
        if (target->ds.shm_segsz < BROKER_LARGE_BYTES)
                return removal_end(broker, entry, segment_remove(entry->identity.id), ret_error);

        outcome->work = (struct work){
                .kind = WORK_REMOVE,
                .target = entry->identity,
                .reply_id = reply_id,
                .before = outcome->segment,
        };
        entry->works++;
        if (reply_id != entry->identity.id)
                registry_find_id(broker->registry, reply_id)->works++;
        return BROKER_WORK;
}

int removal_end(struct broker *broker, struct entry *entry, int result, struct error *ret_error) {
        struct found found;

        /* Its owner may have come first. */
        if (result < 0 && result != -EINVAL && result != -EIDRM) {
                holding_restore(broker, entry);
                return error_system(ret_error, -result, "shmctl(IPC_RMID) failed");
        }
        /* Still there where it is attached; what the kernel does not tell now is for the
         * next look. */
        (void) found_look(broker, entry, &found, ret_error);
        return 0;
}
