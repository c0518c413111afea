#include "options.h"

#include "ctl.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* What getopt_long(3) returns for row 0: above every character, so that its ':' and
 * '?' are told from rows. */
#define OPTIONS_FIRST 256

static int argument_kind(const struct option_row *row) {
        if (!row->argument)
                return no_argument;
        return row->argument[0] == '[' ? optional_argument : required_argument;
}

static size_t add_rows(const struct option_row *from, const struct option_row **rows,
                       struct option *options, size_t count) {
        for (; from && from->name; from++, count++) {
                rows[count] = from;
                options[count] = (struct option){
                        .name = from->name,
                        .has_arg = argument_kind(from),
                        .val = OPTIONS_FIRST + (int) count,
                };
        }
        return count;
}

static bool take_value(const struct ctl *ctl, const struct option_row *row, const char *value) {
        const char *reason;

        if (!row->parse) {
                *(bool *) row->ret = true;
                return true;
        }
        reason = row->parse(value, row->ret);
        if (reason && value)
                ctl_usage(ctl, "--%s \"%s\": %s", row->name, value, reason);
        else if (reason)
                ctl_usage(ctl, "--%s: %s", row->name, reason);
        return !reason;
}

int options_parse(const struct ctl *ctl, const struct option_row *own,
                  const struct option_row *common, bool mixed, int argc, char **argv) {
        const struct option_row *rows[2 * OPTIONS_MAX];
        struct option options[2 * OPTIONS_MAX + 1] = {0};
        size_t count;
        int found;

        count = add_rows(own, rows, options, 0);
        add_rows(common, rows, options, count);

        opterr = 0;
        optind = 0; /* glibc and musl: begin anew */
        while ((found = getopt_long(argc, argv, mixed ? ":" : "+:", options, NULL)) != -1) {
                if (found >= OPTIONS_FIRST) {
                        if (!take_value(ctl, rows[found - OPTIONS_FIRST], optarg))
                                return -1;
                        continue;
                }
                if (found == ':')
                        ctl_usage(ctl, "--%s needs a value", options[optopt - OPTIONS_FIRST].name);
                else if (optopt >= OPTIONS_FIRST)
                        ctl_usage(ctl, "--%s takes no value", options[optopt - OPTIONS_FIRST].name);
                else if (optopt)
                        ctl_usage(ctl, "unknown option -%c", optopt);
                else
                        ctl_usage(ctl, "unknown or ambiguous option %s", argv[optind - 1]);
                return -1;
        }
        return optind;
}

void options_print(const struct option_row *rows) {
        for (; rows && rows->name; rows++) {
                char left[64];

                snprintf(left, sizeof left, "--%s%s%s", rows->name,
                         argument_kind(rows) == required_argument ? " " : "",
                         rows->argument ? rows->argument : "");
                printf("  %-24s %s\n", left, rows->help);
        }
}
