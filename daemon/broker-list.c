#include "broker.h"

#include "found.h"

#include "proto/name.h"

#include <string.h>

/* Steps of a match, each a few nanoseconds, that take as long as a look at an entry. */
#define STEPS_PER_ENTRY 512

/* What an entry takes of the budget: matching takes up to length(pattern) * length(name),
 * and a peer chooses both. */
static unsigned cost(size_t pattern_bytes, const struct entry *entry) {
        size_t name_bytes = pattern_bytes > 0 ? strlen(entry->name) : 0;

        return 1 + (unsigned) (pattern_bytes * name_bytes / STEPS_PER_ENTRY);
}

/* Where the names that can match begin, or where the last slice ended. */
static struct entry *begin(const struct registry *registry, const char *pattern,
                           size_t prefix_bytes, const struct list_cursor *cursor) {
        char prefix[PATTERN_BYTES_MAX + 1];
        struct entry *entry;

        if (cursor->begun)
                return registry_after(registry, cursor->name[0] != '\0' ? cursor->name : NULL,
                                      cursor->id);
        if (prefix_bytes == 0)
                return registry_first(registry);
        memcpy(prefix, pattern, prefix_bytes);
        prefix[prefix_bytes] = '\0';
        entry = registry_find_name(registry, prefix);
        return entry != NULL ? entry : registry_after(registry, prefix, 0);
}

static void remember(struct list_cursor *cursor, const struct entry *entry) {
        cursor->begun = true;
        cursor->id = entry->identity.id;
        stpcpy(cursor->name, entry->name != NULL ? entry->name : "");
}

int broker_list(struct broker *broker, struct peer *peer, const struct list_request *request,
                struct list_cursor *cursor, unsigned *budget, struct shmb_segment *ret,
                struct error *ret_error) {
        const char *pattern = request->pattern;
        struct entry *entry, *next;
        size_t prefix_bytes, pattern_bytes;
        unsigned taken;

        if (pattern != NULL && !cursor->begun && glob_reason(pattern) != NULL)
                return error_invalid_parameter(ret_error, "pattern");
        prefix_bytes = pattern != NULL ? glob_prefix_bytes(pattern) : 0;
        pattern_bytes = pattern != NULL ? strlen(pattern) - prefix_bytes : 0;
        entry = begin(broker->registry, pattern, prefix_bytes, cursor);
        for (; entry != NULL && *budget > 0; entry = next) {
                struct found found;

                if (pattern != NULL &&
                    (entry->name == NULL || strncmp(entry->name, pattern, prefix_bytes) != 0))
                        break;
                next = registry_next(broker->registry, entry);
                remember(cursor, entry);
                taken = cost(pattern_bytes, entry);
                *budget = taken < *budget ? *budget - taken : 0;
                if (pattern != NULL && !glob_match(pattern, entry->name))
                        continue;
                /* Of what the kernel does not tell, nothing is told. */
                if (found_look(broker, entry, &found, ret_error) <= 0 || entry->removed ||
                    !found_may_read(&found, peer))
                        continue;
                found_tell(&found, true, ret);
                return 1;
        }
        cursor->ended = *budget > 0;
        return 0;
}
