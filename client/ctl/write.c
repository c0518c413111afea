/*
 * Two ways: in place, into a segment that is there; or into a new one, which gets its
 * name once it is full, so that nobody ever opens half of it.
 */
#include "input.h"
#include "options.h"
#include "output.h"
#include "parse.h"
#include "verbs.h"

#include "proto/name.h"
#include "shmbroker.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static struct {
        uint64_t create_size, offset;
        mode_t mode;
        bool replace;
} given = {.mode = (mode_t) -1};

static const struct option_row options[] = {
        {"create", "[=SIZE]", parse_size, &given.create_size,
         "where it does not exist: with SIZE bytes instead of the input's"},
        {"replace", NULL, NULL, &given.replace, "put a new one of the input's size in its place"},
        {"offset", "SIZE", parse_size, &given.offset, "to this byte and on, 0 by default"},
        {"mode", "MODE", parse_mode, &given.mode, "of a new one, octal; 0600 by default"},
        {0},
};

static uint64_t room_from_offset(uint64_t size) {
        return given.offset < size ? size - given.offset : 0;
}

static int write_in_place(struct ctl *ctl, const struct shmb_segment *segment) {
        struct input input;
        void *bytes;
        int result;

        if (!input_open(ctl, segment->name, room_from_offset(segment->size), segment->size, &input))
                return CTL_REFUSED;
        result = shmb_at(ctl->broker, segment->id, NULL, 0, &bytes);
        if (result < 0) {
                result = ctl_refused(ctl, segment->name, result);
        } else {
                result = input_copy(ctl, &input, (char *) bytes + given.offset) ? CTL_DONE
                                                                                : CTL_REFUSED;
                shmb_dt(bytes);
        }
        if (result == CTL_DONE && given.offset == 0 && input.size < segment->size)
                ctl_failed(ctl, segment->name,
                           "its last %" PRIu64 " bytes of %" PRIu64
                           " are as they were; --replace makes it as long as the input",
                           segment->size - input.size, segment->size);
        input_close(&input);
        if (result == CTL_DONE && ctl->json)
                result = output_segment(ctl, segment);
        return result;
}

/* Beside the name, where the same people may make names. */
static void temporary_name(const char *name, char ret[NAME_BYTES_MAX + 1]) {
        uint32_t number = 0;

        getrandom(&number, sizeof number, GRND_NONBLOCK); /* without, there is still EEXIST */
        snprintf(ret, NAME_BYTES_MAX + 1, "%.*s.%08" PRIx32, NAME_BYTES_MAX - 9, name, number);
}

/* Fills it, makes it what it shall be, and lets it take the name. */
static int finish_new(struct ctl *ctl, const char *name, const struct shmb_segment *made,
                      const struct shmb_segment *replaced, struct input *input) {
        struct shmb_changes changes = SHMB_NO_CHANGES;
        struct shmb_segment *segment;
        bool copied;
        void *bytes;
        int result;

        result = shmb_at(ctl->broker, made->id, NULL, 0, &bytes);
        if (result < 0)
                return ctl_refused(ctl, name, result);
        copied = input_copy(ctl, input, (char *) bytes + given.offset);
        shmb_dt(bytes);
        if (!copied)
                return CTL_REFUSED;

        if (replaced) {
                changes.uid = replaced->uid;
                changes.gid = replaced->gid;
                changes.mode = replaced->mode;
        }
        if (given.mode != (mode_t) -1)
                changes.mode = given.mode;
        if (changes.mode != (mode_t) -1)
                result = shmb_set(ctl->broker, (struct shmb_which){.id = made->id}, &changes, NULL);
        if (result == 0)
                result = shmb_rename(ctl->broker, made->name, name,
                                     given.replace ? SHMB_REPLACE : 0, &segment);
        if (result < 0)
                return ctl_refused(ctl, name, result);

        result = CTL_DONE;
        if (ctl->json)
                result = output_segment(ctl, segment);
        shmb_segment_free(segment);
        return result;
}

static int make_new(struct ctl *ctl, const char *name, const struct shmb_segment *replaced,
                    struct input *input) {
        struct shmb_create_options create = {.flags = SHMB_EXCLUSIVE};
        uint64_t size = given.offset + input->size;
        char temporary[NAME_BYTES_MAX + 1];
        struct shmb_segment *made;
        int result;

        if (size < given.create_size)
                size = given.create_size;
        if (size == 0)
                return ctl_failed(ctl, name,
                                  "standard input is empty, and a segment has at least one byte");
        if (replaced) {
                create.labels = replaced->labels.items;
                create.labels_count = replaced->labels.count;
        }
        temporary_name(name, temporary);
        result = shmb_create(ctl->broker, temporary, size, &create, &made, NULL);
        if (result < 0)
                return ctl_refused(ctl, name, result);
        result = finish_new(ctl, name, made, replaced, input);
        if (result != CTL_DONE)
                shmb_remove(ctl->broker, (struct shmb_which){.id = made->id}, NULL);
        shmb_segment_free(made);
        return result;
}

static int write_new(struct ctl *ctl, const char *name, const struct shmb_segment *replaced) {
        struct shmb_status status;
        sigset_t interruptions;
        struct input input;
        int result;

        result = shmb_get_status(ctl->broker, &status);
        if (result < 0)
                return ctl_refused(ctl, name, result);
        if (!input_open(ctl, name, room_from_offset((uint64_t) status.limits.segment_size),
                        given.create_size, &input))
                return CTL_REFUSED;

        /* An interruption would leave the temporary name behind: input_copy() looks for it. */
        sigemptyset(&interruptions);
        sigaddset(&interruptions, SIGHUP);
        sigaddset(&interruptions, SIGINT);
        sigaddset(&interruptions, SIGTERM);
        sigprocmask(SIG_BLOCK, &interruptions, NULL);
        result = make_new(ctl, name, replaced, &input);
        sigprocmask(SIG_UNBLOCK, &interruptions, NULL);
        input_close(&input);
        return result;
}

static int run(struct ctl *ctl, int count, char **operands) {
        const char *name = operands[0];
        struct shmb_segment *segment = NULL;
        int result;

        if (!ctl_connect(ctl))
                return CTL_REFUSED;
        if (given.replace)
                result = shmb_stat(ctl->broker, (struct shmb_which){.name = name}, &segment);
        else
                result = shmb_open(ctl->broker, name, given.create_size, SHMB_WRITE, &segment);
        if (result < 0 && result != -ENOENT)
                return ctl_refused(ctl, name, result);

        if (segment && !given.replace)
                result = write_in_place(ctl, segment);
        else
                result = write_new(ctl, name, segment);
        shmb_segment_free(segment);
        return result;
}

const struct verb verb_write = {
        .name = "write",
        .operands = "NAME",
        .summary = "standard input into a segment, or into a new one",
        .options = options,
        .operands_minimum = 1,
        .operands_maximum = 1,
        .run = run,
};
