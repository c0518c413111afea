#include "options.h"
#include "output.h"
#include "parse.h"
#include "verbs.h"
#include "which.h"

#include "proto/segment.h"
#include "shmbroker.h"

static struct which which = {.id = WHICH_NO_ID};

static const struct option_row options[] = {
        WHICH_OPTION(which),
        {0},
};

/* *count: how many went before. */
static int remove_one(struct ctl *ctl, struct shmb_which segment, const char *text, size_t *count) {
        struct shmb_segment *removed;
        int result = shmb_remove(ctl->broker, segment, &removed);

        if (result < 0)
                return ctl_refused(ctl, text, result);
        if (ctl->json)
                result = output_element(ctl, (*count)++, &segment_fields, removed);
        shmb_segment_free(removed);
        return result;
}

static int run(struct ctl *ctl, int count, char **operands) {
        size_t removed = 0;
        int result = CTL_DONE;

        if (count <= 1)
                result = which_read(ctl, &which, count, operands);
        else if (which.id != WHICH_NO_ID)
                result = ctl_usage(ctl, "it takes NAMEs or --id ID, not both");
        if (result != CTL_DONE)
                return result;
        if (!ctl_connect(ctl))
                return CTL_REFUSED;

        if (count == 0)
                result = remove_one(ctl, which.segment, which.text, &removed);
        for (int i = 0; i < count; i++)
                if (remove_one(ctl, (struct shmb_which){.name = operands[i]}, operands[i],
                               &removed) != CTL_DONE)
                        result = CTL_REFUSED;
        if (ctl->json)
                output_array_end(removed);
        return result;
}

const struct verb verb_rm = {
        .name = "rm",
        .operands = "NAME...|--id ID",
        .summary = "remove them: names at once, memory at the last detach",
        .options = options,
        .operands_maximum = -1,
        .run = run,
};
