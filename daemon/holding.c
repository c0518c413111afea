#include "holding.h"

#include "broker.h"
#include "peer.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

int holding_new(struct broker *broker, struct peer *peer, const char *name,
                const struct labels *labels, const char *token, struct entry **ret,
                struct error *ret_error) {
        struct entry *entry;

        peer_describe(peer);
        if (entry_new(&entry,
                      &(struct entry_texts){
                              .name = name,
                              .creator_command = peer->command[0] != '\0' ? peer->command : NULL,
                              .creator_unit = peer->unit,
                              .token = token,
                              .labels = *labels,
                      }) < 0)
                return error_plain(ret_error, ERROR_NO_MEMORY);
        if (users_get(broker->users, peer->uid, &entry->user) < 0) {
                entry_free(entry);
                return error_plain(ret_error, ERROR_NO_MEMORY);
        }
        entry->creator_uid = peer->uid;
        entry->creator_gid = peer->gid;
        entry->creator_pid = peer->pid;
        entry->token_uid = peer->uid;
        entry->lifetime = SHMB_PERSISTENT;
        entry->page_size = (int64_t) broker->page_size;
        entry->created_at = time(NULL);
        *ret = entry;
        return 0;
}

int holding_reserve(struct broker *broker, struct error *ret_error) {
        int r = journal_reserve(broker->journal, broker->registry);

        if (r == -ERROR_SYSTEM)
                return error_system(ret_error, errno, "the state directory takes no record");
        return r < 0 ? error_plain(ret_error, ERROR_NO_MEMORY) : 0;
}

static void charge(struct entry *entry, int sign) {
        user_charge(entry->user, CHARGE_SEGMENTS, sign);
        if (!entry->adopted)
                user_charge(entry->user, CHARGE_SIZE, sign * (int64_t) entry->identity.size_bytes);
}

void holding_add(struct broker *broker, struct entry *take_entry) {
        struct entry *taken = registry_add(broker->registry, take_entry);

        assert(taken == NULL);
        (void) taken;
        if (!take_entry->removed)
                charge(take_entry, 1);
}

void holding_retire(struct broker *broker, struct entry *entry) {
        if (entry->removed)
                return;
        charge(entry, -1);
        registry_retire(broker->registry, entry);
}

void holding_drop(struct broker *broker, struct entry *entry) {
        if (!entry->removed)
                charge(entry, -1);
        registry_take(broker->registry, entry);
        entry_free(broker->dropped);
        broker->dropped = entry;
}

void holding_forget(struct broker *broker, struct entry *entry) {
        if (entry->works > 0) {
                holding_lose_name(broker, entry);
                return;
        }
        journal_forgotten(broker->journal, entry);
        holding_drop(broker, entry);
}

void holding_lose_name(struct broker *broker, struct entry *entry) {
        if (entry->removed)
                return;
        journal_intend_remove(broker->journal, entry);
        holding_retire(broker, entry);
}

void holding_restore(struct broker *broker, struct entry *entry) {
        struct error ignored;

        if (!entry->removed || holding_reserve(broker, &ignored) < 0 ||
            (entry->name != NULL && registry_find_name(broker->registry, entry->name) != NULL))
                return;
        registry_take(broker->registry, entry);
        entry->removed = false;
        holding_add(broker, entry);
        journal_created(broker->journal, entry);
}

int holding_charge(struct broker *broker, struct entry *entry) {
        int r = users_get(broker->users, entry->creator_uid, &entry->user);

        if (r == 0 && !entry->removed)
                charge(entry, 1);
        return r;
}
