/* lock and unlock: the same but for the call. */
#include "options.h"
#include "output.h"
#include "parse.h"
#include "verbs.h"
#include "which.h"

#include "shmbroker.h"

static struct which which = {.id = WHICH_NO_ID};

static const struct option_row options[] = {
        WHICH_OPTION(which),
        {0},
};

static int run(struct ctl *ctl, int count, char **operands) {
        struct shmb_segment *segment;
        int result = which_read(ctl, &which, count, operands);

        if (result != CTL_DONE)
                return result;
        if (!ctl_connect(ctl))
                return CTL_REFUSED;
        if (ctl->verb == &verb_lock)
                result = shmb_lock(ctl->broker, which.segment, &segment);
        else
                result = shmb_unlock(ctl->broker, which.segment, &segment);
        if (result < 0)
                return ctl_refused(ctl, which.text, result);

        if (ctl->json)
                result = output_segment(ctl, segment);
        shmb_segment_free(segment);
        return result;
}

const struct verb verb_lock = {
        .name = "lock",
        .operands = "NAME|--id ID",
        .summary = "keep a segment in memory, never in swap space",
        .options = options,
        .operands_maximum = 1,
        .run = run,
};

const struct verb verb_unlock = {
        .name = "unlock",
        .operands = "NAME|--id ID",
        .summary = "let it be swapped out again",
        .options = options,
        .operands_maximum = 1,
        .run = run,
};
