#include "wanted.h"

#include "parse.h"

#include "proto/declaration.h"
#include "proto/name.h"
#include "proto/segment.h"
#include "shmbroker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What its values, each well-formed by itself, are refused for. */
static const char *reason_of(const struct declaration *declaration, const struct wanted *wanted,
                             const char **ret_member) {
        const char *reason;

        *ret_member = "name";
        reason = name_reason(wanted->name);
        if (reason)
                return reason;
        *ret_member = "size";
        if (wanted->size == 0)
                return "a segment has at least one byte";
        *ret_member = "lifetime";
        if (declaration->lifetime == SHMB_PROCESS || declaration->lifetime == SHMB_UNIT)
                return "it would end with the program that applies it";
        *ret_member = "labels";
        return segment_labels_reason(&wanted->labels);
}

bool wanted_read(const struct declaration *declaration, struct wanted *ret, const char **ret_member,
                 const char **ret_reason) {
        struct wanted wanted = {
                .name = declaration->name,
                .uid = (uid_t) -1,
                .gid = (gid_t) -1,
                .mode = (mode_t) -1,
                .lifetime = declaration->lifetime < 0 ? SHMB_PERSISTENT : declaration->lifetime,
                .no_reserve = declaration->no_reserve,
                .lock = declaration->lock,
                .labels = declaration->labels,
        };
        const struct {
                const char *member;
                const char *text; /* NULL: not declared */
                const char *(*parse)(const char *value, void *ret);
                void *ret;
        } values[] = {
                {"size", declaration->size, parse_size, &wanted.size},
                {"hugePageSize", declaration->huge_page_size, parse_size, &wanted.huge_page_size},
                {"mode", declaration->mode, parse_mode, &wanted.mode},
                {"owner", declaration->owner, parse_user, &wanted.uid},
                {"group", declaration->group, parse_group, &wanted.gid},
        };

        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
                *ret_member = values[i].member;
                *ret_reason =
                        values[i].text ? values[i].parse(values[i].text, values[i].ret) : NULL;
                if (*ret_reason)
                        return false;
        }
        *ret_reason = reason_of(declaration, &wanted, ret_member);
        if (*ret_reason)
                return false;
        *ret = wanted;
        return true;
}

static bool pages_fit(uint64_t declared, uint64_t page_size) {
        uint64_t normal = (uint64_t) sysconf(_SC_PAGESIZE);

        if (declared == 0)
                return page_size <= normal;
        return declared == 1 ? page_size > normal : page_size == declared;
}

const char *wanted_mismatch(const struct wanted *wanted, const struct shmb_segment *segment,
                            char text[WANTED_TEXT_BYTES]) {
        if (segment->size != wanted->size)
                snprintf(text, WANTED_TEXT_BYTES,
                         "it has %" PRIu64 " bytes, and %" PRIu64 " are declared", segment->size,
                         wanted->size);
        else if (!pages_fit(wanted->huge_page_size, segment->page_size))
                snprintf(text, WANTED_TEXT_BYTES,
                         "its pages have %" PRIu64 " bytes, and hugePageSize %" PRIu64
                         " is declared",
                         segment->page_size, wanted->huge_page_size);
        else if (segment->lifetime != wanted->lifetime)
                snprintf(text, WANTED_TEXT_BYTES, "its lifetime is %s, and %s is declared",
                         segment_lifetimes[segment->lifetime], segment_lifetimes[wanted->lifetime]);
        else
                return NULL;
        return text;
}

static bool same_labels(const struct labels *wanted, const struct shmb_segment *segment) {
        if (wanted->count != segment->labels.count)
                return false;
        for (size_t i = 0; i < wanted->count; i++) {
                const struct shmb_label *label = wanted->items + i;
                bool found = false;

                for (size_t j = 0; j < wanted->count && !found; j++)
                        found = strcmp(segment->labels.items[j].key, label->key) == 0 &&
                                strcmp(segment->labels.items[j].value, label->value) == 0;
                if (!found)
                        return false;
        }
        return true;
}

bool wanted_changes(const struct wanted *wanted, const struct shmb_segment *segment,
                    struct shmb_changes *ret) {
        struct shmb_changes changes = SHMB_NO_CHANGES;

        if (wanted->uid != segment->uid)
                changes.uid = wanted->uid;
        if (wanted->gid != segment->gid)
                changes.gid = wanted->gid;
        if (wanted->mode != segment->mode)
                changes.mode = wanted->mode;
        if (wanted->labels.items && !same_labels(&wanted->labels, segment)) {
                changes.labels = wanted->labels.items;
                changes.labels_count = wanted->labels.count;
        }
        *ret = changes;
        return changes.uid != (uid_t) -1 || changes.gid != (gid_t) -1 ||
               changes.mode != (mode_t) -1 || changes.labels;
}
