#include "broker.h"

#include "found.h"
#include "lock.h"
#include "removal.h"
#include "rename.h"

#include <stdlib.h>

void work_run(struct work *work) {
        switch (work->kind) {
        case WORK_REMOVE:
                work->result = segment_remove(work->id);
                break;
        case WORK_UNLOCK:
                work->result = segment_lock(work->id, false);
                break;
        case WORK_NONE:
                break;
        }
}

int broker_finish(struct broker *broker, struct work *work, struct outcome *ret,
                  struct error *ret_error) {
        struct entry *entry = registry_find_id(broker->registry, work->id);
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
