#include "broker.h"

#include "access.h"
#include "found.h"
#include "holding.h"
#include "peer.h"
#include "quota.h"
#include "request.h"

#include <errno.h>
#include <limits.h>

static int check(const struct adopt_request *request, struct error *ret_error) {
        int r = request_check_token(request->token, ret_error);

        if (r == 0)
                r = request_check_name(request->name, ret_error);
        if (r == 0)
                r = request_check_labels(&request->labels, ret_error);
        if (r < 0)
                return r;
        if ((request->key == FIELD_ABSENT) == (request->id == FIELD_ABSENT))
                return error_invalid_parameter(ret_error, "id");
        /* Every private segment has this key: it finds none. */
        if (request->key == IPC_PRIVATE)
                return error_invalid_parameter(ret_error, "key");
        return 0;
}

/* The kernel's segment, whoever made it. */
static int look(const struct adopt_request *request, int *ret_id, struct shmid_ds *ret,
                struct error *ret_error) {
        int id = -1, r = -EINVAL;

        if (request->key != FIELD_ABSENT)
                r = segment_find((key_t) (uint32_t) request->key, &id);
        else if (request->id >= 0 && request->id <= INT_MAX) {
                id = (int) request->id;
                r = 0;
        }
        if (r == 0)
                r = segment_stat(id, ret);
        /* A name for one that ends with its last detach would be lost at once. */
        if (r == -ENOENT || r == -EINVAL || r == -EIDRM || (r == 0 && segment_is_removed(ret)))
                return error_of_segment(ret_error, ERROR_NOT_FOUND, NULL, request->id);
        if (r < 0)
                return error_system(ret_error, -r, "the segment could not be looked at");
        /* Neither a reply nor the journal could tell its size. */
        if (ret->shm_segsz > (uint64_t) FIELD_INTEGER_MAX)
                return error_system(ret_error, EOVERFLOW, "the segment is larger than 2^53 bytes");
        *ret_id = id;
        return 0;
}

/* What we made or adopted already keeps its name. */
static int check_foreign(struct broker *broker, const struct peer *peer,
                         const struct adopt_request *request, int id, const struct shmid_ds *ds,
                         struct error *ret_error) {
        struct found found;
        bool ours, owned;
        int r = found_by_id(broker, id, &found, ret_error);

        if (r < 0)
                return r;
        ours = r > 0;
        owned = ours ? found_is_owned_by(&found, peer) : access_owns(peer, ds, NULL);
        if (!owned)
                return error_of_segment(ret_error, ERROR_NOT_OWNER, NULL, request->id);
        /* On its way out, or gone with a work still in flight on its id. */
        if (registry_find_id(broker->registry, id) != NULL && (!ours || found.entry->removed))
                return error_of_segment(ret_error, ERROR_NOT_FOUND, NULL, request->id);
        if (!ours)
                return 0;
        if (found.entry->name == NULL)
                return error_invalid_parameter(ret_error, "id");
        return error_of_segment(ret_error, ERROR_EXISTS, found.entry->name, FIELD_ABSENT);
}

static int adopt(struct broker *broker, struct peer *peer, const struct adopt_request *request,
                 int id, struct found *found, struct error *ret_error) {
        struct entry *entry;
        int r = holding_new(broker, peer, request->name, &request->labels, request->token, &entry,
                            ret_error);

        if (r < 0)
                return r;
        r = quota_check(broker, entry->user, 0, ret_error);
        if (r == 0)
                r = holding_reserve(broker, ret_error);
        if (r < 0) {
                entry_free(entry);
                return r;
        }
        entry->adopted = true;
        segment_identify(id, &found->ds, &entry->identity);
        journal_created(broker->journal, entry);
        holding_add(broker, entry);
        found->entry = entry;
        return 0;
}

int broker_adopt(struct broker *broker, struct peer *peer, const struct adopt_request *request,
                 struct outcome *ret, struct error *ret_error) {
        struct found found, other;
        int id = -1, r = check(request, ret_error);

        if (r == 0 && request->token != NULL)
                r = found_by_token(broker, peer, request->token, &found, ret_error);
        if (r < 0)
                return r;
        if (r > 0) {
                if (!found.entry->adopted || !request_same_name(request->name, found.entry->name))
                        return error_invalid_parameter(ret_error, "token");
                found_tell_repeated(&found, peer, &ret->segment);
                return 0;
        }

        r = look(request, &id, &found.ds, ret_error);
        if (r == 0)
                r = check_foreign(broker, peer, request, id, &found.ds, ret_error);
        if (r == 0)
                r = found_by_name(broker, request->name, &other, ret_error);
        if (r > 0)
                return error_of_segment(ret_error, ERROR_EXISTS, request->name, FIELD_ABSENT);
        if (r == 0)
                r = adopt(broker, peer, request, id, &found, ret_error);
        if (r < 0)
                return r;
        found_tell(&found, true, &ret->segment);
        return 0;
}
