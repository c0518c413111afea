#include "recovery.h"

#include "broker.h"
#include "holding.h"
#include "log.h"
#include "segment.h"

#include <errno.h>
#include <string.h>

struct recovery {
        struct broker *broker;
        unsigned long gone;      /* the kernel has them no more */
        unsigned long lost;      /* marked for destruction, behind our back */
        unsigned long completed; /* removals */
};

static bool is_gone(int r) {
        return r == -EINVAL || r == -EIDRM;
}

/* As segment_stat(), and what has the id must be what was recorded: -EIDRM. */
static int stat_recorded(const struct entry *entry, struct shmid_ds *ret) {
        int r = segment_stat(entry->identity.id, ret);

        return r == 0 && !segment_is(&entry->identity, entry->identity.id, ret) ? -EIDRM : r;
}

static const char *name_of(const struct entry *entry) {
        return entry->name != NULL ? entry->name : "private";
}

/* ------------------------------------------------------------------- intents */

struct creation {
        const struct recovery *recovery;
        const struct journal_intent *intent;
        unsigned matches;
        int id;
};

/* Is this what the intent led to, and what nobody was told of? Its creator, our user and
 * our process id of then, is not enough by itself: both come back. */
static bool is_creation(const struct creation *creation, int id, const struct shmid_ds *ds) {
        const struct broker *broker = creation->recovery->broker;
        const struct journal_intent *intent = creation->intent;
        const struct entry *entry = registry_find_id(broker->registry, id);

        return ds->shm_perm.__key == intent->key && ds->shm_segsz == intent->size_bytes &&
               ds->shm_perm.cuid == broker->uid && ds->shm_cpid == intent->cpid &&
               ds->shm_ctime >= intent->at && !segment_is_removed(ds) &&
               (entry == NULL || !segment_is(&entry->identity, id, ds));
}

static int match_creation(int id, const struct shmid_ds *ds, void *context) {
        struct creation *creation = context;

        if (is_creation(creation, id, ds)) {
                creation->matches++;
                creation->id = id;
        }
        return 0;
}

static int find_creation(struct creation *creation) {
        struct shmid_ds ds;
        int id, r;

        if (creation->intent->key == IPC_PRIVATE)
                return segment_scan(match_creation, creation);
        r = segment_find(creation->intent->key, &id);
        if (r == 0)
                r = segment_stat(id, &ds);
        if (r == 0)
                r = match_creation(id, &ds, creation);
        return r == -ENOENT || is_gone(r) ? 0 : r;
}

static void undo_creation(const struct recovery *recovery, const struct journal_intent *intent) {
        struct creation creation = {.recovery = recovery, .intent = intent};
        int r = find_creation(&creation);

        if (r == 0 && creation.matches == 1)
                r = segment_remove(creation.id);
        if (r < 0 && !is_gone(r))
                log_warning("a segment of %llu bytes that was begun before the last end may be "
                            "left over: %s",
                            (unsigned long long) intent->size_bytes, strerror(-r));
        else if (creation.matches == 1)
                log_notice("removed segment %d, whose creation was never acknowledged",
                           creation.id);
        else if (creation.matches > 1)
                log_warning("left %u private segments of %llu bytes alone, one of which is a "
                            "creation that was never acknowledged",
                            creation.matches, (unsigned long long) intent->size_bytes);
}

static void complete_set(const struct recovery *recovery, const struct journal_intent *intent) {
        const struct entry *entry = registry_find_id(recovery->broker->registry, intent->id);
        struct shmid_ds ds;
        int r;

        if (entry == NULL || entry->adopted || stat_recorded(entry, &ds) < 0)
                return;
        r = segment_set(intent->id, intent->uid, intent->gid, intent->mode);
        if (r < 0 && !is_gone(r))
                log_warning("can't complete the change of segment %d (%s): %s", intent->id,
                            name_of(entry), strerror(-r));
}

/* ------------------------------------------------------------------- entries */

static void complete_removal(struct recovery *recovery, struct entry *entry) {
        struct shmid_ds ds;
        int r = segment_remove(entry->identity.id);

        if (r < 0 && !is_gone(r)) {
                log_warning("can't complete the removal of segment %d (%s): %s", entry->identity.id,
                            name_of(entry), strerror(-r));
                return;
        }
        recovery->completed++;
        if (is_gone(stat_recorded(entry, &ds)))
                holding_forget(recovery->broker, entry);
}

static void recover_entry(struct recovery *recovery, struct entry *entry) {
        struct broker *broker = recovery->broker;
        struct shmid_ds ds;
        int r = stat_recorded(entry, &ds);

        if (is_gone(r)) {
                if (!entry->removed) {
                        log_info("segment %d (%s) is gone", entry->identity.id, name_of(entry));
                        recovery->gone++;
                }
                holding_forget(broker, entry);
        } else if (r < 0) {
                log_warning("can't look at segment %d (%s): %s", entry->identity.id, name_of(entry),
                            strerror(-r));
        } else if (!entry->removed && segment_is_removed(&ds)) {
                log_info("segment %d (%s) was removed by its owner", entry->identity.id,
                         name_of(entry));
                recovery->lost++;
                holding_lose_name(broker, entry);
        } else if (entry->removed && entry->adopted) {
                holding_forget(broker, entry); /* only the name was ours to give up */
        } else if (entry->removed && !segment_is_removed(&ds)) {
                complete_removal(recovery, entry);
        }
}

int recovery_run(struct broker *broker, const struct journal_intent *intent) {
        struct recovery recovery = {.broker = broker};
        struct entry *entry, *next;
        int r;

        /* The intent before the entries: until it is closed, this may end at any instant
         * and begin anew. */
        if (intent->kind == INTENT_CREATE)
                undo_creation(&recovery, intent);
        else if (intent->kind == INTENT_SET)
                complete_set(&recovery, intent);
        journal_done(broker->journal);

        for (entry = registry_first_id(broker->registry); entry != NULL; entry = next) {
                next = registry_next_id(broker->registry, entry);
                r = holding_charge(broker, entry);
                if (r < 0)
                        return r;
                recover_entry(&recovery, entry);
        }
        if (registry_count(broker->registry) > 0 || recovery.gone > 0 || recovery.lost > 0 ||
            recovery.completed > 0)
                log_notice("recovered %lld segments; %lu are gone, %lu were removed by others, "
                           "%lu removals were completed",
                           (long long) registry_count(broker->registry), recovery.gone,
                           recovery.lost, recovery.completed);
        return 0;
}
