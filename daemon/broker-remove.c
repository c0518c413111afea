#include "broker.h"

#include "found.h"
#include "holding.h"
#include "removal.h"

int broker_remove(struct broker *broker, struct peer *peer, const struct segment_request *request,
                  struct outcome *ret, struct error *ret_error) {
        struct found found;
        struct entry *entry;
        int r = found_owned(broker, peer, request->name, request->id, &found, ret_error);

        if (r < 0)
                return r;
        entry = found.entry;
        found_tell(&found, true, &ret->segment);
        if (entry->adopted) {
                holding_forget(broker, entry);
                return 0;
        }
        ret->segment.removed = true;
        /* It is marked, or about to be: IPC_RMID again changes nothing. */
        if (entry->removed && (segment_is_removed(&found.ds) || entry->works > 0))
                return 0;
        holding_lose_name(broker, entry);
        return removal_start(broker, &found, entry->identity.id, ret, ret_error);
}
