#include "options.h"
#include "output.h"
#include "parse.h"
#include "verbs.h"

#include "shmbroker.h"

#include <inttypes.h>
#include <stdio.h>

static struct {
        bool is_private, exclusive, no_reserve;
        mode_t mode;
        int lifetime;
        uint64_t huge_page_size;
        struct parsed_labels labels;
} given = {.mode = 0600};

static const struct option_row options[] = {
        {"private", NULL, NULL, &given.is_private, "without a name (IPC_PRIVATE): SIZE alone"},
        {"mode", "MODE", parse_mode, &given.mode, "who may attach it, octal; 0600 by default"},
        {"exclusive", NULL, NULL, &given.exclusive, "refuse where it exists"},
        {"lifetime", "L", parse_lifetime, &given.lifetime,
         "persistent (default), process, unit, attached"},
        {"huge", "[=SIZE]", parse_huge, &given.huge_page_size,
         "huge pages, the system's default or of this size"},
        {"no-reserve", NULL, NULL, &given.no_reserve, "reserve no swap space for it"},
        {"label", "KEY=VALUE", parse_label, &given.labels, "may be repeated"},
        {0},
};

/* The library takes a mode of 0 for its default. */
static int deny_all(struct ctl *ctl, struct shmb_segment **segment) {
        struct shmb_changes changes = SHMB_NO_CHANGES;
        struct shmb_segment *changed;
        int result;

        changes.mode = 0;
        result = shmb_set(ctl->broker, (struct shmb_which){.id = (*segment)->id}, &changes,
                          &changed);
        if (result == 0) {
                shmb_segment_free(*segment);
                *segment = changed;
        }
        return result;
}

static int run(struct ctl *ctl, int count, char **operands) {
        const char *name = given.is_private ? NULL : operands[0];
        struct shmb_create_options create = {
                .mode = given.mode,
                .flags = (given.exclusive ? SHMB_EXCLUSIVE : 0) |
                         (given.no_reserve ? SHMB_NORESERVE : 0),
                .lifetime = given.lifetime,
                .huge_page_size = given.huge_page_size,
                .labels = given.labels.items,
                .labels_count = given.labels.count,
        };
        struct shmb_segment *segment;
        const char *reason;
        uint64_t size;
        bool created;
        int result;

        if (count != (given.is_private ? 1 : 2))
                return ctl_usage(ctl, "it takes NAME SIZE, or --private SIZE");
        reason = parse_size(operands[count - 1], &size);
        if (reason)
                return ctl_usage(ctl, "SIZE \"%s\": %s", operands[count - 1], reason);
        if (!ctl_connect(ctl))
                return CTL_REFUSED;

        result = shmb_create(ctl->broker, name, size, &create, &segment, &created);
        if (result == 0 && created && given.mode == 0)
                result = deny_all(ctl, &segment);
        if (result < 0)
                return ctl_refused(ctl, name ? name : "--private", result);

        if (ctl->json)
                result = output_segment(ctl, segment);
        else
                printf("%s %d %" PRIu64 "\n", name ? name : "-", segment->id, segment->size);
        shmb_segment_free(segment);
        return result;
}

const struct verb verb_create = {
        .name = "create",
        .operands = "NAME SIZE",
        .summary = "find a segment or create it; prints name, id and size in bytes",
        .options = options,
        .operands_minimum = 1,
        .operands_maximum = 2,
        .run = run,
};
