#include "options.h"
#include "output.h"
#include "parse.h"
#include "verbs.h"

#include "shmbroker.h"

static bool replace;

static const struct option_row options[] = {
        {"replace", NULL, NULL, &replace, "remove what has the new name, in the same step"},
        {0},
};

static int run(struct ctl *ctl, int count, char **operands) {
        struct shmb_segment *segment;
        int result;

        if (!ctl_connect(ctl))
                return CTL_REFUSED;
        result = shmb_rename(ctl->broker, operands[0], operands[1], replace ? SHMB_REPLACE : 0,
                             &segment);
        if (result < 0)
                return ctl_refused(ctl, operands[0], result);

        if (ctl->json)
                result = output_segment(ctl, segment);
        shmb_segment_free(segment);
        return result;
}

const struct verb verb_mv = {
        .name = "mv",
        .operands = "OLD NEW",
        .summary = "give a segment another name, in one step",
        .options = options,
        .operands_minimum = 2,
        .operands_maximum = 2,
        .run = run,
};
