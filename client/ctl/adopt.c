#include "options.h"
#include "output.h"
#include "parse.h"
#include "verbs.h"

#include "shmbroker.h"

#include <inttypes.h>
#include <stdio.h>

#define NO_ID -1

static struct {
        key_t key; /* IPC_PRIVATE: not given */
        int id;
        struct parsed_labels labels;
} given = {.key = IPC_PRIVATE, .id = NO_ID};

static const struct option_row options[] = {
        {"key", "KEY", parse_key, &given.key,
         "the segment with this shmget(2) key: 0x..., or decimal"},
        {"id", "ID", parse_id, &given.id, "the segment with this id"},
        {"label", "KEY=VALUE", parse_label, &given.labels, "may be repeated"},
        {0},
};

static int run(struct ctl *ctl, int count, char **operands) {
        struct shmb_segment *segment;
        int result;

        if ((given.key == IPC_PRIVATE) == (given.id == NO_ID))
                return ctl_usage(ctl, "it takes --key KEY or --id ID");
        if (!ctl_connect(ctl))
                return CTL_REFUSED;
        if (given.key != IPC_PRIVATE)
                result = shmb_adopt_key(ctl->broker, operands[0], given.key, given.labels.items,
                                        given.labels.count, &segment);
        else
                result = shmb_adopt_id(ctl->broker, operands[0], given.id, given.labels.items,
                                       given.labels.count, &segment);
        if (result < 0)
                return ctl_refused(ctl, operands[0], result);

        if (ctl->json)
                result = output_segment(ctl, segment);
        else
                printf("%s %d %" PRIu64 "\n", segment->name, segment->id, segment->size);
        shmb_segment_free(segment);
        return result;
}

const struct verb verb_adopt = {
        .name = "adopt",
        .operands = "NAME",
        .summary = "give a name to a segment made elsewhere with shmget(2)",
        .options = options,
        .operands_minimum = 1,
        .operands_maximum = 1,
        .run = run,
};
