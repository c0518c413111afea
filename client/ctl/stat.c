#include "human.h"
#include "options.h"
#include "output.h"
#include "parse.h"
#include "verbs.h"
#include "which.h"

#include "proto/segment.h"
#include "shmbroker.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static struct which which = {.id = WHICH_NO_ID};

static const struct option_row options[] = {
        WHICH_OPTION(which),
        {0},
};

static void print_line(const char *label, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static void print_line(const char *label, const char *format, ...) {
        char line[512], safe[512];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(line, sizeof line, format, arguments);
        va_end(arguments);
        printf("%-15s %s\n", label, human_printable(line, safe, sizeof safe));
}

static void print_creators(const struct shmb_segment *segment) {
        print_line("Creator:", "%s (%u), group %s (%u), pid %d", human_user(segment->creator.uid),
                   segment->creator.uid, human_group(segment->creator.gid), segment->creator.gid,
                   segment->creator.pid);
        if (segment->creator.command)
                print_line("Command:", "%s", segment->creator.command);
        if (segment->creator.unit)
                print_line("Unit:", "%s", segment->creator.unit);
        /* shmget(2)'s caller: the broker, but for an adopted one */
        print_line("Made by:", "%s (%u), group %s (%u), pid %d%s", human_user(segment->cuid),
                   segment->cuid, human_group(segment->cgid), segment->cgid, segment->cpid,
                   segment->adopted ? ", adopted" : "");
}

static void print_segment(const struct shmb_segment *segment) {
        char text[HUMAN_BYTES];

        print_line("Name:", "%s", segment->name ? segment->name : "- (private)");
        print_line("ID:", "%d", segment->id);
        print_line("Key:", "0x%08" PRIx32, segment->key);
        print_line("Size:", "%s (%" PRIu64 " bytes)", human_size(segment->size, text),
                   segment->size);
        print_line("Page size:", "%s (%" PRIu64 " bytes)", human_size(segment->page_size, text),
                   segment->page_size);
        print_line("Mode:", "%04o %s", segment->mode, human_permissions(segment->mode, text));
        print_line("Owner:", "%s (%u)", human_user(segment->uid), segment->uid);
        print_line("Group:", "%s (%u)", human_group(segment->gid), segment->gid);
        print_line("Attached:", "%" PRIu64, segment->nattch);
        print_line("Status:", "%s", *human_status(segment, text) ? text : "-");
        print_line("Lifetime:", "%s", segment_lifetimes[segment->lifetime]);
        print_line("Last attach:", "%s", human_time(segment->atime, text));
        print_line("Last detach:", "%s", human_time(segment->dtime, text));
        print_line("Last change:", "%s", human_time(segment->ctime, text));
        print_line("Last process:", "%d", segment->lpid);
        print_line("Created:", "%s", human_time(segment->created_at, text));
        print_creators(segment);
        print_line("Sequence:", "%" PRIu32, segment->seq);
        for (size_t i = 0; i < segment->labels.count; i++)
                print_line(i == 0 ? "Labels:" : "", "%s=%s", segment->labels.items[i].key,
                           segment->labels.items[i].value);
}

static int run(struct ctl *ctl, int count, char **operands) {
        struct shmb_segment *segment;
        int result = which_read(ctl, &which, count, operands);

        if (result != CTL_DONE)
                return result;
        if (!ctl_connect(ctl))
                return CTL_REFUSED;
        result = shmb_stat(ctl->broker, which.segment, &segment);
        if (result < 0)
                return ctl_refused(ctl, which.text, result);

        if (ctl->json)
                result = output_segment(ctl, segment);
        else
                print_segment(segment);
        shmb_segment_free(segment);
        return result;
}

const struct verb verb_stat = {
        .name = "stat",
        .operands = "NAME|--id ID",
        .summary = "everything about a segment",
        .options = options,
        .operands_maximum = 1,
        .run = run,
};
