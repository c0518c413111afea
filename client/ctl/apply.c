/*
 * Makes the segments that files declare: creates what is missing, sets what differs,
 * touches nothing else. What can't be done is told, and the rest goes on.
 */
#include "dropins.h"
#include "human.h"
#include "options.h"
#include "output.h"
#include "verbs.h"
#include "wanted.h"

#include "proto/declaration.h"
#include "proto/error.h"
#include "proto/fields.h"
#include "shmbroker.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool dry_run;

static const struct option_row options[] = {
        {"dry-run", NULL, NULL, &dry_run, "print what would be done, do nothing"},
        {0},
};

/* Where each name was declared first: two files that disagree would undo each other's
 * work for ever. */
struct seen {
        char *name;
        const char *path;
};

struct applying {
        struct ctl *ctl;
        const char *path; /* of the file at hand */
        struct seen *seen;
        size_t seen_count;
        size_t told; /* actions so far */
        bool failed;
};

/* ------------------------------------------------------------------ telling */

struct action {
        const char *action;
        const char *name;
        int64_t size, uid, gid, mode; /* FIELD_ABSENT: not a part of it */
        struct labels labels;
};

static const struct field action_items[] = {
        STRING_FIELD(struct action, action, "action", FIELD_REQUIRED),
        STRING_FIELD(struct action, name, "name", FIELD_REQUIRED),
        INTEGER_FIELD(struct action, size, "size", FIELD_OPTIONAL, 0, FIELD_INTEGER_MAX),
        INTEGER_FIELD(struct action, uid, "uid", FIELD_OPTIONAL, 0, UINT32_MAX),
        INTEGER_FIELD(struct action, gid, "gid", FIELD_OPTIONAL, 0, UINT32_MAX),
        INTEGER_FIELD(struct action, mode, "mode", FIELD_OPTIONAL, 0, 0777),
        LABELS_FIELD(struct action, labels, "labels", FIELD_OPTIONAL),
};
static const struct fields action_fields = FIELDS(action_items);

static void tell_text(const struct action *action) {
        printf("%s %s", action->action, action->name);
        if (action->size != FIELD_ABSENT)
                printf(" %" PRId64 " bytes", action->size);
        if (action->uid != FIELD_ABSENT)
                printf(" owner %s", human_user((uid_t) action->uid));
        if (action->gid != FIELD_ABSENT)
                printf(" group %s", human_group((gid_t) action->gid));
        if (action->mode != FIELD_ABSENT)
                printf(" mode %04" PRIo64, (uint64_t) action->mode);
        if (action->labels.items)
                printf(" labels");
        for (size_t i = 0; i < action->labels.count; i++)
                printf(" %s=%s", action->labels.items[i].key, action->labels.items[i].value);
        putchar('\n');
}

/* changes: NULL for none. */
static void tell(struct applying *applying, const char *what, const char *name, int64_t size,
                 const struct shmb_changes *changes) {
        static const struct shmb_changes none = SHMB_NO_CHANGES;
        struct action action = {.action = what, .name = name, .size = size};

        if (!changes)
                changes = &none;
        action.uid = changes->uid == none.uid ? FIELD_ABSENT : changes->uid;
        action.gid = changes->gid == none.gid ? FIELD_ABSENT : changes->gid;
        action.mode = changes->mode == none.mode ? FIELD_ABSENT : changes->mode;
        action.labels = (struct labels){changes->labels, changes->labels_count};

        if (!applying->ctl->json)
                tell_text(&action);
        else if (output_element(applying->ctl, applying->told, &action_fields, &action) != CTL_DONE)
                applying->failed = true;
        applying->told++;
}

/* -------------------------------------------------------------- one segment */

/* Each step returns 0 or the library's error, and tells what it did, or would do. */
static int create(struct applying *applying, const struct wanted *wanted) {
        struct shmb_create_options create_options = {
                .flags = SHMB_EXCLUSIVE | (wanted->no_reserve ? SHMB_NORESERVE : 0),
                .lifetime = wanted->lifetime,
                .huge_page_size = wanted->huge_page_size,
                .labels = wanted->labels.items,
                .labels_count = wanted->labels.count,
        };
        struct shmb_changes changes = {
                .uid = wanted->uid,
                .gid = wanted->gid,
                .mode = wanted->mode,
        };
        int result;

        if (dry_run) {
                tell(applying, "create", wanted->name, (int64_t) wanted->size, NULL);
                return 0;
        }
        /* its mode is 0600 at first: nobody gets in before its owner is right */
        result = shmb_create(applying->ctl->broker, wanted->name, wanted->size, &create_options,
                             NULL, NULL);
        if (result < 0)
                return result;
        tell(applying, "create", wanted->name, (int64_t) wanted->size, NULL);
        return shmb_set(applying->ctl->broker, (struct shmb_which){.name = wanted->name}, &changes,
                        NULL);
}

static int set(struct applying *applying, const struct wanted *wanted,
               const struct shmb_segment *segment) {
        struct shmb_changes changes;
        int result = 0;

        if (!wanted_changes(wanted, segment, &changes))
                return 0;
        if (!dry_run)
                result = shmb_set(applying->ctl->broker, (struct shmb_which){.name = wanted->name},
                                  &changes, NULL);
        if (result == 0)
                tell(applying, "set", wanted->name, FIELD_ABSENT, &changes);
        return result;
}

static int lock(struct applying *applying, const struct wanted *wanted) {
        int result = 0;

        if (!dry_run)
                result = shmb_lock(applying->ctl->broker, (struct shmb_which){.name = wanted->name},
                                   NULL);
        if (result == 0)
                tell(applying, "lock", wanted->name, FIELD_ABSENT, NULL);
        return result;
}

static int apply_wanted(struct applying *applying, const struct wanted *wanted) {
        struct shmb_segment *segment = NULL;
        char text[WANTED_TEXT_BYTES];
        const char *mismatch;
        int result;

        result = shmb_stat(applying->ctl->broker, (struct shmb_which){.name = wanted->name},
                           &segment);
        mismatch = segment ? wanted_mismatch(wanted, segment, text) : NULL;
        if (mismatch) {
                ctl_failed(applying->ctl, applying->path,
                           "segment \"%s\": %s; it must be removed first: shmbrokerctl rm %s",
                           wanted->name, mismatch, wanted->name);
                applying->failed = true;
        } else {
                if (result == -ENOENT)
                        result = create(applying, wanted);
                else if (result == 0)
                        result = set(applying, wanted, segment);
                if (result == 0 && wanted->lock && !(segment && segment->locked))
                        result = lock(applying, wanted);
        }
        shmb_segment_free(segment);
        return result;
}

/* True where it has a place of its own; false after it said which one it would share. */
static bool remember(struct applying *applying, const char *name) {
        struct seen *seen;

        for (size_t i = 0; i < applying->seen_count; i++)
                if (strcmp(applying->seen[i].name, name) == 0) {
                        ctl_failed(applying->ctl, applying->path,
                                   "segment \"%s\" is declared in %s already", name,
                                   applying->seen[i].path);
                        return false;
                }
        seen = reallocarray(applying->seen, applying->seen_count + 1, sizeof *seen);
        if (seen) {
                applying->seen = seen;
                seen += applying->seen_count;
                *seen = (struct seen){.name = strdup(name), .path = applying->path};
        }
        if (!seen || !seen->name) {
                ctl_failed(applying->ctl, applying->path, "out of memory");
                return false;
        }
        applying->seen_count++;
        return true;
}

/* ----------------------------------------------------------------- one file */

static void apply_declaration(struct applying *applying, const struct declaration *declaration,
                              unsigned number) {
        const char *member, *reason;
        struct wanted wanted;
        int result;

        if (!wanted_read(declaration, &wanted, &member, &reason)) {
                ctl_failed(applying->ctl, applying->path, "segment %u, \"%s\": %s: %s", number,
                           declaration->name, member, reason);
                applying->failed = true;
                return;
        }
        if (!remember(applying, wanted.name)) {
                applying->failed = true;
                return;
        }
        result = apply_wanted(applying, &wanted);
        if (result < 0) {
                ctl_refused(applying->ctl, wanted.name, result);
                applying->failed = true;
        }
}

static void apply_text(struct applying *applying, const char *text, size_t length) {
        struct declarations *declarations;
        struct declaration declaration;
        const char *reason, *member;
        int found;

        if (declarations_open(&declarations, text, length, &reason) < 0) {
                ctl_failed(applying->ctl, applying->path, "%s", reason);
                applying->failed = true;
                return;
        }
        for (unsigned number = 1;
             (found = declarations_next(declarations, &declaration, &member)) != 0; number++) {
                if (found == 1) {
                        apply_declaration(applying, &declaration, number);
                        continue;
                }
                if (found == -ERROR_NO_MEMORY)
                        ctl_failed(applying->ctl, applying->path, "segment %u: out of memory",
                                   number);
                else if (!member)
                        ctl_failed(applying->ctl, applying->path, "segment %u: not an object",
                                   number);
                else
                        ctl_failed(applying->ctl, applying->path,
                                   "segment %u: \"%s\" is missing, unknown, or no value for it",
                                   number, member);
                applying->failed = true;
        }
        declarations_close(declarations);
}

/* An empty file declares nothing: as /etc/shmbroker.d/NAME, or as a link to /dev/null, it
 * hides another one. */
static void apply_file(struct applying *applying, const char *path) {
        size_t length;
        char *text;

        applying->path = path;
        if (dropins_read(applying->ctl, path, &text, &length) != CTL_DONE) {
                applying->failed = true;
                return;
        }
        if (length > 0)
                apply_text(applying, text, length);
        free(text);
}

static int run(struct ctl *ctl, int count, char **operands) {
        struct applying applying = {.ctl = ctl};
        struct dropins dropins = {0};

        if (count == 0 && dropins_find(ctl, &dropins) != CTL_DONE)
                applying.failed = true;
        else if ((count > 0 || dropins.count > 0) && !ctl_connect(ctl))
                applying.failed = true;

        for (int i = 0; i < count && ctl->broker; i++)
                apply_file(&applying, operands[i]);
        for (size_t i = 0; i < dropins.count && ctl->broker; i++)
                apply_file(&applying, dropins.items[i].path);
        if (ctl->json)
                output_array_end(applying.told);

        for (size_t i = 0; i < applying.seen_count; i++)
                free(applying.seen[i].name);
        free(applying.seen);
        dropins_free(&dropins);
        return applying.failed ? CTL_REFUSED : CTL_DONE;
}

const struct verb verb_apply = {
        .name = "apply",
        .operands = "[FILE]...",
        .summary = "make the segments that files in shmbroker.d declare",
        .options = options,
        .operands_maximum = -1,
        .run = run,
};
