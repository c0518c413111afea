#include "options.h"
#include "output.h"
#include "parse.h"
#include "verbs.h"

#include "shmbroker.h"

#include <stdio.h>

static struct {
        uint64_t size;
        bool write;
} given;

static const struct option_row options[] = {
        {"size", "SIZE", parse_size, &given.size, "refuse one that is smaller"},
        {"write", NULL, NULL, &given.write, "refuse one that may only be read"},
        {0},
};

static int run(struct ctl *ctl, int count, char **operands) {
        struct shmb_segment *segment;
        int result;

        if (!ctl_connect(ctl))
                return CTL_REFUSED;
        result = shmb_open(ctl->broker, operands[0], given.size, given.write ? SHMB_WRITE : 0,
                           &segment);
        if (result < 0)
                return ctl_refused(ctl, operands[0], result);

        if (ctl->json)
                result = output_segment(ctl, segment);
        else
                printf("%d\n", segment->id);
        shmb_segment_free(segment);
        return result;
}

const struct verb verb_open = {
        .name = "open",
        .operands = "NAME",
        .summary = "find a segment that you may attach; prints its id alone",
        .options = options,
        .operands_minimum = 1,
        .operands_maximum = 1,
        .run = run,
};
