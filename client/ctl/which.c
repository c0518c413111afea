#include "which.h"

#include <stdio.h>

int which_read(const struct ctl *ctl, struct which *which, int count, char **operands) {
        bool by_id = which->id != WHICH_NO_ID;

        if (by_id == (count == 1))
                return ctl_usage(ctl, "it takes a NAME or --id ID%s", by_id ? ", not both" : "");
        which->segment.name = by_id ? NULL : operands[0];
        which->segment.id = which->id;
        snprintf(which->id_text, sizeof which->id_text, "--id %d", which->id);
        which->text = by_id ? which->id_text : operands[0];
        return CTL_DONE;
}
