#include "broker.h"

#include "found.h"
#include "lock.h"
#include "removal.h"
#include "rename.h"
#include "segment.h"

#include <errno.h>
#include <stdlib.h>

/* It may have waited for a thread since the broker looked, and its owner have made the id
 * free for somebody else's: root's broker could do that to it as well. */
static int look_again(const struct segment_identity *target) {
        struct shmid_ds ds;
        int r = segment_stat(target->id, &ds);

        return r == 0 && !segment_is(target, target->id, &ds) ? -EIDRM : r;
}

void work_run(struct work *work) {
        int id = work->target.id;

        work->result = look_again(&work->target);
        if (work->result < 0)
                return;
        switch (work->kind) {
        case WORK_REMOVE:
                work->result = segment_remove(id);
                break;
        case WORK_UNLOCK:
                work->result = segment_lock(id, false);
                break;
        case WORK_NONE:
                break;
        }
}

int broker_finish(struct broker *broker, struct work *work, struct outcome *ret,
                  struct error *ret_error) {
        struct entry *entry = registry_find_id(broker->registry, work->target.id);
        struct entry *about = registry_find_id(broker->registry, work->reply_id);
        int r;

        entry->works--;
        if (about != entry)
                about->works--;
        ret->segment = work->before;
        if (work->kind == WORK_UNLOCK)
                return lock_end(broker, entry, false, work->result, ret, ret_error);

        r = removal_end(broker, entry, work->result, ret_error);
        if (r < 0 && work->from != NULL)
                rename_undo(broker, about, work->from, entry);
        else
                free(work->from);
        if (r < 0)
                return r;
        found_tell_strings(about, &ret->segment);
        return 0;
}
