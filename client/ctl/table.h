/*
 * Columns as wide as what is in them. Cells are given row by row, left to right, and
 * copied; nothing is printed before the last one is there. What can't be printed on a
 * terminal becomes '?': commands and labels are chosen by others.
 */
#pragma once

#include "proto/buffer.h"

#include <stdbool.h>
#include <stddef.h>

struct ctl;

#define TABLE_COLUMNS_MAX 40

struct table_column {
        const char *heading;
        bool right; /* numbers: aligned to the right */
};

struct table {
        bool headings;
        size_t columns_count;
        struct table_column columns[TABLE_COLUMNS_MAX];
        size_t widths[TABLE_COLUMNS_MAX]; /* of the terminal's columns */
        struct buffer cells;              /* each ended by NUL */
        size_t cells_count;
};

void table_init(struct table *table, bool headings);
void table_free(struct table *table);

void table_add_column(struct table *table, struct table_column column); /* before the first cell */
void table_add_cell(struct table *table, const char *cell);

/* An exit code; memory may have run out. */
int table_print(const struct ctl *ctl, const struct table *table);
