#include "broker.h"

#include "found.h"
#include "holding.h"
#include "peer.h"
#include "removal.h"
#include "rename.h"
#include "request.h"

#include <stdlib.h>

/* Copies that an entry takes, made before anything is done. `from` is for undoing it. */
struct strings {
        char *from, *to, *token;
};

static int copy(struct strings *ret, const struct rename_request *request) {
        struct strings strings = {0};

        if (entry_copy_string(&strings.from, request->name) < 0 ||
            entry_copy_string(&strings.to, request->to) < 0 ||
            entry_copy_string(&strings.token, request->token) < 0) {
                free(strings.from);
                free(strings.to);
                return -ERROR_NO_MEMORY;
        }
        *ret = strings;
        return 0;
}

void rename_undo(struct broker *broker, struct entry *entry, char *take_from,
                 struct entry *replaced) {
        struct error ignored;

        if (entry->removed || !request_same_name(entry->name, replaced->name) ||
            registry_find_name(broker->registry, take_from) != NULL ||
            holding_reserve(broker, &ignored) < 0) {
                free(take_from);
                return;
        }
        registry_rename(broker->registry, entry, take_from);
        registry_set_token(broker->registry, entry, 0, NULL);
        journal_created(broker->journal, entry);
        holding_restore(broker, replaced);
}

/* What had the name ends as by Remove: what was adopted loses only that. */
static int replace(struct broker *broker, struct entry *entry, const struct found *replaced,
                   char *take_from, struct outcome *ret, struct error *ret_error) {
        int r = 0;

        if (replaced->entry->adopted)
                holding_forget(broker, replaced->entry);
        else
                r = removal_start(broker, replaced, entry->identity.id, ret, ret_error);
        if (r == BROKER_WORK)
                ret->work.from = take_from;
        else if (r < 0)
                rename_undo(broker, entry, take_from, replaced->entry);
        else
                free(take_from);
        return r;
}

static int rename_entry(struct broker *broker, const struct peer *peer,
                        const struct rename_request *request, struct found *found,
                        const struct found *replaced, struct outcome *ret,
                        struct error *ret_error) {
        struct entry *entry = found->entry;
        struct strings strings;
        int r = holding_reserve(broker, ret_error);

        if (r < 0)
                return r;
        if (copy(&strings, request) < 0)
                return error_plain(ret_error, ERROR_NO_MEMORY);
        journal_renamed(broker->journal, entry, request->to, peer->uid, request->token,
                        replaced != NULL ? replaced->entry : NULL);
        if (replaced != NULL)
                holding_retire(broker, replaced->entry);
        registry_rename(broker->registry, entry, strings.to);
        if (strings.token != NULL)
                registry_set_token(broker->registry, entry, peer->uid, strings.token);
        found_tell(found, true, &ret->segment);
        if (replaced != NULL)
                return replace(broker, entry, replaced, strings.from, ret, ret_error);
        free(strings.from);
        return 0;
}

int broker_rename(struct broker *broker, struct peer *peer, const struct rename_request *request,
                  struct outcome *ret, struct error *ret_error) {
        struct found found, other;
        int r = request_check_token(request->token, ret_error);

        if (r == 0)
                r = request_check_name(request->to, ret_error);
        if (r == 0 && request->token != NULL)
                r = found_by_token(broker, peer, request->token, &found, ret_error);
        if (r < 0)
                return r;
        if (r > 0) {
                if (!request_same_name(request->to, found.entry->name))
                        return error_invalid_parameter(ret_error, "token");
                found_tell_repeated(&found, peer, &ret->segment);
                return 0;
        }

        r = found_owned(broker, peer, request->name, FIELD_ABSENT, &found, ret_error);
        if (r < 0)
                return r;
        if (request_same_name(request->name, request->to)) {
                found_tell(&found, true, &ret->segment);
                return 0;
        }
        r = found_by_name(broker, request->to, &other, ret_error);
        if (r < 0)
                return r;
        if (r > 0 && !request->replace)
                return error_of_segment(ret_error, ERROR_EXISTS, request->to, FIELD_ABSENT);
        if (r > 0 && !found_is_owned_by(&other, peer))
                return error_of_segment(ret_error, ERROR_NOT_OWNER, request->to, FIELD_ABSENT);
        return rename_entry(broker, peer, request, &found, r > 0 ? &other : NULL, ret, ret_error);
}
