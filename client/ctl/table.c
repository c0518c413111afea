#include "table.h"

#include "ctl.h"
#include "human.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define CELL_BYTES 8192 /* all labels of a segment, and more */

void table_init(struct table *table, bool headings) {
        *table = (struct table){.headings = headings};
        buffer_init(&table->cells, SIZE_MAX / 2);
}

void table_free(struct table *table) {
        buffer_free(&table->cells);
}

/* Columns of the terminal; human_printable() left nothing that has none. */
static size_t width_of(const char *text) {
        mbstate_t state = {0};
        size_t width = 0;

        while (*text) {
                wchar_t character;
                size_t length = mbrtowc(&character, text, strlen(text), &state);

                if (length > MB_CUR_MAX)
                        break;
                width += (size_t) wcwidth(character);
                text += length;
        }
        return width;
}

void table_add_column(struct table *table, struct table_column column) {
        assert(table->columns_count < TABLE_COLUMNS_MAX);
        table->columns[table->columns_count] = column;
        table->widths[table->columns_count++] = table->headings ? width_of(column.heading) : 0;
}

void table_add_cell(struct table *table, const char *cell) {
        size_t *widest = &table->widths[table->cells_count++ % table->columns_count];
        char text[CELL_BYTES];
        size_t width;

        human_printable(cell, text, sizeof text);
        width = width_of(text);
        if (*widest < width)
                *widest = width;
        buffer_append(&table->cells, text, strlen(text) + 1);
}

static void print_cell(const struct table *table, size_t column, const char *text) {
        bool last = column + 1 == table->columns_count;
        int blanks = (int) (table->widths[column] - width_of(text));

        if (table->columns[column].right)
                printf("%*s%s", blanks, "", text);
        else if (last)
                fputs(text, stdout);
        else
                printf("%s%*s", text, blanks, "");
        putchar(last ? '\n' : ' ');
}

int table_print(const struct ctl *ctl, const struct table *table) {
        const char *cell = table->cells.bytes;

        if (buffer_error(&table->cells))
                return ctl_failed(ctl, "standard output", "out of memory");
        if (table->headings)
                for (size_t i = 0; i < table->columns_count; i++)
                        print_cell(table, i, table->columns[i].heading);
        for (size_t i = 0; i < table->cells_count; i++) {
                print_cell(table, i % table->columns_count, cell);
                cell += strlen(cell) + 1;
        }
        return CTL_DONE;
}
