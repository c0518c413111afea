#include "options.h"
#include "output.h"
#include "parse.h"
#include "verbs.h"
#include "which.h"

#include "shmbroker.h"

static struct {
        struct which which;
        uid_t uid;
        gid_t gid;
        struct parsed_owner owner;
        mode_t mode;
        struct parsed_labels labels;
        bool no_labels;
} given = {
        .which.id = WHICH_NO_ID,
        .uid = (uid_t) -1,
        .gid = (gid_t) -1,
        .owner = {(uid_t) -1, (gid_t) -1},
        .mode = (mode_t) -1,
};

static const struct option_row options[] = {
        WHICH_OPTION(given.which),
        {"uid", "USER", parse_user, &given.uid, "the owner: a name or a number"},
        {"gid", "GROUP", parse_group, &given.gid, "the owner's group: likewise"},
        {"owner", "USER[:GROUP]", parse_owner, &given.owner, "both, as chown(1) has it"},
        {"mode", "MODE", parse_mode, &given.mode, "who may attach it, octal"},
        {"label", "KEY=VALUE", parse_label, &given.labels,
         "in place of all that it has; may be repeated"},
        {"no-labels", NULL, NULL, &given.no_labels, "none in place of all that it has"},
        {0},
};

static int read_changes(const struct ctl *ctl, struct shmb_changes *ret) {
        if (given.uid != (uid_t) -1 && given.owner.uid != (uid_t) -1)
                return ctl_usage(ctl, "--uid and --owner both name an owner");
        if (given.gid != (gid_t) -1 && given.owner.gid != (gid_t) -1)
                return ctl_usage(ctl, "--gid and --owner both name a group");
        if (given.labels.count > 0 && given.no_labels)
                return ctl_usage(ctl, "--label and --no-labels exclude each other");

        *ret = (struct shmb_changes){
                .uid = given.uid != (uid_t) -1 ? given.uid : given.owner.uid,
                .gid = given.gid != (gid_t) -1 ? given.gid : given.owner.gid,
                .mode = given.mode,
                .labels = given.labels.count > 0 || given.no_labels ? given.labels.items : NULL,
                .labels_count = given.labels.count,
        };
        if (ret->uid == (uid_t) -1 && ret->gid == (gid_t) -1 && ret->mode == (mode_t) -1 &&
            !ret->labels)
                return ctl_usage(ctl, "nothing is given to set");
        return CTL_DONE;
}

static int run(struct ctl *ctl, int count, char **operands) {
        struct shmb_segment *segment;
        struct shmb_changes changes;
        int result = which_read(ctl, &given.which, count, operands);

        if (result == CTL_DONE)
                result = read_changes(ctl, &changes);
        if (result != CTL_DONE)
                return result;
        if (!ctl_connect(ctl))
                return CTL_REFUSED;

        result = shmb_set(ctl->broker, given.which.segment, &changes, &segment);
        if (result < 0)
                return ctl_refused(ctl, given.which.text, result);
        if (ctl->json)
                result = output_segment(ctl, segment);
        shmb_segment_free(segment);
        return result;
}

const struct verb verb_set = {
        .name = "set",
        .operands = "NAME|--id ID",
        .summary = "change owner, group, mode or labels",
        .options = options,
        .operands_maximum = 1,
        .run = run,
};
