/*
 * Options by table: each row has its name, what parses its value and where that goes.
 * Options and operands may be mixed; "--" ends the options.
 */
#pragma once

#include <stdbool.h>

struct ctl;

struct option_row {
        const char *name;     /* without "--"; NULL ends a table */
        const char *argument; /* as --help shows it; NULL: takes none; "[=SIZE]": may have one */
        /* NULL or why the value is none, in a few words. A value that was left out is NULL.
         * parse.h has them. Without it, *(bool *) ret becomes true. */
        const char *(*parse)(const char *value, void *ret);
        void *ret;
        const char *help;
};

#define OPTIONS_MAX 16 /* rows of one table */

/* Reads argv from its second element on, by both tables (`rows` may be NULL); where
 * `mixed` is false it stops at the first operand. argv is put in order: operands last.
 * Returns the index of the first operand, or -1 after it said what is wrong. */
int options_parse(const struct ctl *ctl, const struct option_row *rows,
                  const struct option_row *common, bool mixed, int argc, char **argv);

/* One line a row, for --help. */
void options_print(const struct option_row *rows);
