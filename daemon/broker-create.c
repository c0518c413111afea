#include "broker.h"

#include "found.h"
#include "holding.h"
#include "hugepage.h"
#include "key.h"
#include "peer.h"
#include "quota.h"
#include "request.h"

#include <errno.h>
#include <sys/stat.h>

/* Keys that are tried for a name. Whoever wants to keep a name from others by taking all
 * of them spends as many of the namespace's segments on each name. */
#define KEY_ATTEMPTS 64

#define MODE_DEFAULT (S_IRUSR | S_IWUSR)

static mode_t mode_of(const struct create_request *request) {
        return request->mode != FIELD_ABSENT ? (mode_t) request->mode : MODE_DEFAULT;
}

static bool wants_huge_pages(const struct create_request *request) {
        return request->huge_page_size != FIELD_ABSENT && request->huge_page_size != 0;
}

static uint64_t huge_page_bytes(const struct broker *broker, const struct create_request *request) {
        return request->huge_page_size == 1 ? broker->huge_page_size
                                            : (uint64_t) request->huge_page_size;
}

static int check(const struct create_request *request, struct error *ret_error) {
        int flags;
        int r = request_check_token(request->token, ret_error);

        if (r == 0)
                r = request_check_name(request->name, ret_error);
        if (r == 0)
                r = request_check_labels(&request->labels, ret_error);
        if (r < 0)
                return r;
        if (request->lifetime > SHMB_PERSISTENT)
                return error_invalid_parameter(ret_error, "lifetime");
        if (wants_huge_pages(request) &&
            !hugepage_flags((uint64_t) request->huge_page_size, &flags))
                return error_invalid_parameter(ret_error, "hugePageSize");
        return 0;
}

/* ----------------------------------------------------------- one that exists */

static int repeat(const struct create_request *request, const struct found *found,
                  struct outcome *ret, struct error *ret_error) {
        if (found->entry->adopted || !request_same_name(request->name, found->entry->name))
                return error_invalid_parameter(ret_error, "token");
        found_tell(found, true, &ret->segment);
        ret->created = true;
        return 0;
}

/* In shmget(2)'s order: EEXIST, EINVAL, EACCES. */
static int find(const struct peer *peer, const struct create_request *request,
                const struct found *found, struct outcome *ret, struct error *ret_error) {
        if (request->exclusive)
                return error_of_segment(ret_error, ERROR_EXISTS, request->name, FIELD_ABSENT);
        if (found->ds.shm_segsz < (uint64_t) request->size)
                return error_invalid_size(ret_error, request->size, 0,
                                          (int64_t) found->ds.shm_segsz);
        if (!found_may(found, peer, mode_of(request)))
                return error_of_segment(ret_error, ERROR_ACCESS_DENIED, request->name,
                                        FIELD_ABSENT);
        found_tell(found, found_may_read(found, peer), &ret->segment);
        ret->created = false;
        return 0;
}

/* ----------------------------------------------------------------- a new one */

static int refuse_size(const struct broker *broker, int64_t size, struct error *ret_error) {
        uint64_t minimum, maximum;

        segment_size_bounds(&minimum, &maximum);
        if (maximum > (uint64_t) broker->limits.segment_size)
                maximum = (uint64_t) broker->limits.segment_size;
        return error_invalid_size(ret_error, size, (int64_t) minimum, (int64_t) maximum);
}

/* shmget(2) failed with -error. */
static int refuse(const struct broker *broker, const struct create_request *request, int error,
                  struct error *ret_error) {
        int64_t used, maximum;

        if (error == -ENOSPC)
                return quota_refuse_namespace(ret_error);
        if (error == -EINVAL && !wants_huge_pages(request))
                return refuse_size(broker, request->size, ret_error);
        if (!wants_huge_pages(request))
                return error == -ENOMEM ? error_plain(ret_error, ERROR_NO_MEMORY)
                                        : error_system(ret_error, -error, "shmget() failed");
        switch (error) {
        case -EINVAL:
                return error_invalid_parameter(ret_error, "hugePageSize");
        case -ENOMEM:
                hugepage_usage(huge_page_bytes(broker, request), &used, &maximum);
                return error_limit(ret_error, "hugepages", used, maximum);
        case -EPERM:
                return error_system(ret_error, EPERM,
                                    "the broker may not use huge pages: its group must be "
                                    "vm.hugetlb_shm_group, or it needs CAP_IPC_LOCK");
        default:
                return error_system(ret_error, -error, "shmget() failed");
        }
}

/* The kernel gave a new segment this id, so what we have under it is gone. False where a
 * work is still in flight on that: it acts on the id. */
static bool take_id_over(struct broker *broker, int id) {
        struct entry *stale = registry_find_id(broker->registry, id);

        if (stale != NULL && stale->works > 0)
                return false;
        if (stale != NULL)
                holding_forget(broker, stale);
        return true;
}

/* Leaves the intent open in the journal, and nobody but us can get in. */
static int make(struct broker *broker, const struct create_request *request,
                const struct entry *entry, int *ret_id, struct error *ret_error) {
        uint64_t size = (uint64_t) request->size;
        int flags = 0, id, r;

        if (wants_huge_pages(request))
                (void) hugepage_flags((uint64_t) request->huge_page_size, &flags);
        if (request->no_reserve)
                flags |= SHM_NORESERVE;
        for (unsigned attempt = 0; attempt < KEY_ATTEMPTS; attempt++) {
                key_t key = entry->name != NULL ? key_derive(entry->name, attempt) : IPC_PRIVATE;

                r = holding_reserve(broker, ret_error);
                if (r < 0)
                        return r;
                journal_intend_create(broker->journal, key, size);
                r = segment_create(key, size, flags, &id);
                if (r == 0 && take_id_over(broker, id)) {
                        *ret_id = id;
                        return 0;
                }
                if (r == 0)
                        (void) segment_remove(id);
                journal_done(broker->journal);
                if (r < 0 && r != -EEXIST)
                        return refuse(broker, request, r, ret_error);
        }
        return error_system(ret_error, EEXIST, "others have all keys of this name");
}

/* Gives it to the peer, and looks at what it is then; undoes it on failure. */
static int hand_over(struct broker *broker, const struct peer *peer, int id, mode_t mode,
                     struct shmid_ds *ret, struct error *ret_error) {
        int r = segment_set(id, peer->uid, peer->gid, mode);

        if (r == 0)
                r = segment_stat(id, ret);
        if (r == 0)
                return 0;
        (void) segment_remove(id);
        journal_done(broker->journal);
        return error_system(ret_error, -r, "the new segment could not be handed over");
}

static int create(struct broker *broker, struct peer *peer, const struct create_request *request,
                  struct outcome *ret, struct error *ret_error) {
        struct found found;
        struct entry *entry;
        int id = -1, r;

        r = holding_new(broker, peer, request->name, &request->labels, request->token, &entry,
                        ret_error);
        if (r < 0)
                return r;
        if (wants_huge_pages(request))
                entry->page_size = (int64_t) huge_page_bytes(broker, request);

        r = quota_check(broker, entry->user, (uint64_t) request->size, ret_error);
        if (r == 0)
                r = make(broker, request, entry, &id, ret_error);
        if (r == 0)
                r = hand_over(broker, peer, id, mode_of(request), &found.ds, ret_error);
        if (r < 0) {
                entry_free(entry);
                return r;
        }

        segment_identify(id, &found.ds, &entry->identity);
        journal_created(broker->journal, entry);
        holding_add(broker, entry);
        found.entry = entry;
        found_tell(&found, true, &ret->segment);
        ret->created = true;
        return 0;
}

int broker_create(struct broker *broker, struct peer *peer, const struct create_request *request,
                  struct outcome *ret, struct error *ret_error) {
        struct found found;
        int r = check(request, ret_error);

        if (r == 0 && request->token != NULL) {
                r = found_by_token(broker, peer, request->token, &found, ret_error);
                if (r > 0)
                        return repeat(request, &found, ret, ret_error);
        }
        if (r == 0 && request->name != NULL) {
                r = found_by_name(broker, request->name, &found, ret_error);
                if (r > 0)
                        return find(peer, request, &found, ret, ret_error);
        }
        if (r == 0 && request->size > broker->limits.segment_size)
                r = refuse_size(broker, request->size, ret_error);
        if (r == 0)
                r = create(broker, peer, request, ret, ret_error);
        return r;
}
