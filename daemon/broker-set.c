#include "broker.h"

#include "found.h"
#include "holding.h"
#include "request.h"

#include <stdlib.h>

#define KEEP ((uid_t) -1) /* gid_t and mode_t are as wide */

/* What the request gives for the kernel; what is absent stays. */
struct owner {
        uid_t uid;
        gid_t gid;
        mode_t mode;
};

static bool is_for_kernel(const struct set_request *request) {
        return request->uid != FIELD_ABSENT || request->gid != FIELD_ABSENT ||
               request->mode != FIELD_ABSENT;
}

static struct owner owner_of(const struct set_request *request) {
        return (struct owner){
                .uid = request->uid != FIELD_ABSENT ? (uid_t) request->uid : KEEP,
                .gid = request->gid != FIELD_ABSENT ? (gid_t) request->gid : KEEP,
                .mode = request->mode != FIELD_ABSENT ? (mode_t) request->mode : KEEP,
        };
}

/* The labels and the kernel's part, both or neither. ret_error is filled for what is not
 * the kernel's fault; that is in *ret_result, a negated errno. */
static int set(struct broker *broker, const struct set_request *request, struct entry *entry,
               int *ret_result, struct error *ret_error) {
        bool labels_given = request->labels.items != NULL;
        struct owner owner = owner_of(request);
        struct entry other = {0}; /* holds the labels that entry does not have */
        int r = holding_reserve(broker, ret_error);

        if (r < 0)
                return r;
        if (labels_given) {
                if (entry_set_labels(&other, &request->labels) < 0)
                        return error_plain(ret_error, ERROR_NO_MEMORY);
                registry_swap_labels(broker->registry, entry, &other);
        }
        journal_intend_set(broker->journal, entry, owner.uid, owner.gid, owner.mode);
        if (is_for_kernel(request))
                r = segment_set(entry->identity.id, owner.uid, owner.gid, owner.mode);
        if (r < 0) {
                if (labels_given)
                        registry_swap_labels(broker->registry, entry, &other);
                journal_intend_set(broker->journal, entry, KEEP, KEEP, KEEP);
        }
        journal_done(broker->journal);
        entry_release(entry, other.labels);
        *ret_result = r;
        return 0;
}

/* The kernel's part of what was set. */
static void note(const struct set_request *request, struct shmb_segment *segment) {
        if (request->uid != FIELD_ABSENT)
                segment->uid = (uid_t) request->uid;
        if (request->gid != FIELD_ABSENT)
                segment->gid = (gid_t) request->gid;
        if (request->mode != FIELD_ABSENT)
                segment->mode = (mode_t) request->mode;
}

int broker_set(struct broker *broker, struct peer *peer, const struct set_request *request,
               struct outcome *ret, struct error *ret_error) {
        struct found found;
        int result = 0, r = request_check_labels(&request->labels, ret_error);

        if (r == 0)
                r = found_owned(broker, peer, request->name, request->id, &found, ret_error);
        if (r < 0)
                return r;
        if (found.entry->adopted && is_for_kernel(request))
                return error_of_segment(ret_error, ERROR_ADOPTED, request->name, request->id);
        found_tell(&found, true, &ret->segment);
        if (request->labels.items == NULL && !is_for_kernel(request))
                return 0;

        r = set(broker, request, found.entry, &result, ret_error);
        if (r < 0)
                return r;
        if (result == 0)
                note(request, &ret->segment);
        r = found_tell_anew(broker, found.entry, request->name, request->id, &ret->segment,
                            ret_error);
        if (r < 0)
                return r;
        return result < 0 ? error_system(ret_error, -result, "shmctl(IPC_SET) failed") : 0;
}
