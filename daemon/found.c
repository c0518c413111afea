#include "found.h"

#include "access.h"
#include "holding.h"
#include "peer.h"

#include "proto/name.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

int found_look(struct broker *broker, struct entry *entry, struct found *ret,
               struct error *ret_error) {
        int id = entry->identity.id;
        struct shmid_ds ds;
        int r = segment_stat(id, &ds);

        if (r == -EINVAL || r == -EIDRM || (r == 0 && !segment_is(&entry->identity, id, &ds))) {
                holding_forget(broker, entry);
                return 0;
        }
        if (r < 0)
                return error_system(ret_error, -r, "shmctl(IPC_STAT) failed");
        if (entry->adopted && (entry->removed || segment_is_removed(&ds))) {
                holding_forget(broker, entry); /* all that it was is its name */
                return 0;
        }
        if (segment_is_removed(&ds))
                holding_lose_name(broker, entry);
        *ret = (struct found){entry, ds};
        return 1;
}

int found_by_name(struct broker *broker, const char *name, struct found *ret,
                  struct error *ret_error) {
        struct entry *entry = registry_find_name(broker->registry, name);
        int r;

        if (entry == NULL)
                return 0;
        r = found_look(broker, entry, ret, ret_error);
        return r > 0 && entry->removed ? 0 : r;
}

int found_by_id(struct broker *broker, int64_t id, struct found *ret, struct error *ret_error) {
        struct entry *entry = NULL;

        if (id >= 0 && id <= INT_MAX)
                entry = registry_find_id(broker->registry, (int) id);
        return entry != NULL ? found_look(broker, entry, ret, ret_error) : 0;
}

int found_by_token(struct broker *broker, const struct peer *peer, const char *token,
                   struct found *ret, struct error *ret_error) {
        struct entry *entry = registry_find_token(broker->registry, peer->uid, token);
        int r;

        if (entry == NULL)
                return 0;
        r = found_look(broker, entry, ret, ret_error);
        return r > 0 && entry->removed ? 0 : r;
}

int found_required(struct broker *broker, const char *name, int64_t id, struct found *ret,
                   struct error *ret_error) {
        int r;

        if (name == NULL && id == FIELD_ABSENT)
                return error_invalid_parameter(ret_error, "name");
        if (name != NULL && id != FIELD_ABSENT)
                return error_invalid_parameter(ret_error, "id");

        r = name != NULL ? found_by_name(broker, name, ret, ret_error)
                         : found_by_id(broker, id, ret, ret_error);
        if (r != 0)
                return r < 0 ? r : 0;
        /* What is held has a good name, so that only what is not found needs to be checked. */
        if (name != NULL && name_reason(name) != NULL)
                return error_invalid_name(ret_error, name, name_reason(name));
        return error_of_segment(ret_error, ERROR_NOT_FOUND, name, id);
}

int found_owned(struct broker *broker, const struct peer *peer, const char *name, int64_t id,
                struct found *ret, struct error *ret_error) {
        int r = found_required(broker, name, id, ret, ret_error);

        if (r == 0 && !found_is_owned_by(ret, peer))
                return error_of_segment(ret_error, ERROR_NOT_OWNER, name, id);
        return r;
}

/* Who adopted a segment gets no right from that: the kernel's creator has them. */
static const struct access_creator *creator_of(const struct entry *entry,
                                               struct access_creator *room) {
        *room = (struct access_creator){entry->creator_uid, entry->creator_gid};
        return entry->adopted ? NULL : room;
}

bool found_may(const struct found *found, const struct peer *peer, mode_t wanted) {
        struct access_creator room;

        return access_may(peer, &found->ds, creator_of(found->entry, &room), wanted);
}

bool found_may_read(const struct found *found, const struct peer *peer) {
        return found_may(found, peer, S_IRUSR);
}

bool found_is_owned_by(const struct found *found, const struct peer *peer) {
        struct access_creator room;

        return access_owns(peer, &found->ds, creator_of(found->entry, &room));
}

void found_tell(const struct found *found, bool everything, struct shmb_segment *ret) {
        const struct entry *entry = found->entry;
        const struct shmid_ds *ds = &found->ds;

        *ret = (struct shmb_segment){
                .name = entry->name,
                .id = entry->identity.id,
                .key = (uint32_t) ds->shm_perm.__key,
                .size = ds->shm_segsz,
                .mode = ds->shm_perm.mode & (S_IRWXU | S_IRWXG | S_IRWXO),
                .uid = ds->shm_perm.uid,
                .gid = ds->shm_perm.gid,
                .cuid = ds->shm_perm.cuid,
                .cgid = ds->shm_perm.cgid,
                .seq = ds->shm_perm.__seq,
                .atime = ds->shm_atime,
                .dtime = ds->shm_dtime,
                .ctime = ds->shm_ctime,
                .cpid = ds->shm_cpid,
                .lpid = ds->shm_lpid,
                .nattch = ds->shm_nattch,
                .locked = segment_is_locked(ds),
                .removed = entry->removed || segment_is_removed(ds),
                .page_size = (uint64_t) entry->page_size,
                .lifetime = entry->lifetime,
                .creator.uid = entry->creator_uid,
                .creator.gid = entry->creator_gid,
                .creator.pid = entry->creator_pid,
                .created_at = entry->created_at,
                .adopted = entry->adopted,
        };
        if (everything)
                found_tell_strings(entry, ret);
}

void found_answer(const struct found *found, bool everything, struct outcome *ret) {
        found_tell(found, everything, &ret->segment);
        ret->source = (struct reply_source){found->entry->version, everything, found->ds};
}

void found_tell_repeated(const struct found *found, const struct peer *peer,
                         struct shmb_segment *ret) {
        found_tell(found, found_is_owned_by(found, peer) || found_may_read(found, peer), ret);
}

void found_tell_strings(const struct entry *entry, struct shmb_segment *segment) {
        segment->name = entry->name;
        segment->creator.command = entry->creator_command;
        segment->creator.unit = entry->creator_unit;
        segment->labels.items = entry->labels;
        segment->labels.count = entry->labels_count;
}

int found_tell_anew(struct broker *broker, struct entry *entry, const char *name, int64_t id,
                    struct shmb_segment *segment, struct error *ret_error) {
        struct found found;
        int r = found_look(broker, entry, &found, ret_error);

        if (r == 0)
                return error_of_segment(ret_error, ERROR_NOT_FOUND, name, id);
        if (r > 0)
                found_tell(&found, true, segment);
        else
                found_tell_strings(entry, segment);
        return 0;
}
