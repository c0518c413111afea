#include "columns.h"
#include "options.h"
#include "output.h"
#include "parse.h"
#include "table.h"
#include "verbs.h"

#include "proto/segment.h"
#include "shmbroker.h"

#include <errno.h>

static struct {
        bool bytes, no_headings;
        const char *columns;
} given = {.columns = COLUMNS_DEFAULT};

static const struct option_row options[] = {
        {"bytes", NULL, NULL, &given.bytes, "sizes in bytes"},
        {"output", "COLUMNS", parse_text, &given.columns, "these columns alone: NAME,SIZE,..."},
        {"noheadings", NULL, NULL, &given.no_headings, "no line of headings"},
        {0},
};

struct listing {
        const struct ctl *ctl;
        const struct columns *columns;
        struct table table;
        size_t count;
};

static int list_json(const struct shmb_segment *segment, void *context) {
        struct listing *listing = context;

        return output_element(listing->ctl, listing->count++, &segment_fields, segment);
}

static int list_row(const struct shmb_segment *segment, void *context) {
        struct listing *listing = context;

        columns_add_row(listing->columns, &listing->table, segment, given.bytes);
        return 0;
}

static int run(struct ctl *ctl, int count, char **operands) {
        const char *pattern = count == 1 ? operands[0] : NULL;
        struct columns columns;
        struct listing listing = {.ctl = ctl, .columns = &columns};
        int result;

        if (!columns_parse(ctl, given.columns, &columns))
                return CTL_USAGE;
        if (!ctl_connect(ctl))
                return CTL_REFUSED;

        table_init(&listing.table, !given.no_headings);
        columns_head(&columns, &listing.table);
        result = shmb_list(ctl->broker, pattern, ctl->json ? list_json : list_row, &listing);
        if (result < 0)
                result = ctl_refused(ctl, pattern, result);
        else if (result == 0 && ctl->json)
                output_array_end(listing.count);
        else if (result == 0)
                result = table_print(ctl, &listing.table);
        table_free(&listing.table);
        return result;
}

const struct verb verb_ls = {
        .name = "ls",
        .operands = "[PATTERN]",
        .summary = "the segments that you may read, or those that match",
        .options = options,
        .operands_maximum = 1,
        .run = run,
};
