/*
 * The columns that ls knows, one row each: those of lsipc(1) -m, in which the creator
 * is the client for whom the broker made the segment, and those that a broker adds.
 */
#pragma once

#include "table.h"

#include <stdbool.h>

struct column;
struct ctl;
struct shmb_segment;

#define COLUMNS_DEFAULT "NAME,KEY,ID,PERMS,OWNER,SIZE,NATTCH,STATUS,CTIME,CREATOR,CPID,LPID,COMMAND"

struct columns {
        size_t count;
        const struct column *items[TABLE_COLUMNS_MAX];
};

/* "NAME,SIZE", in either case. False after it said, as a usage error, which one there
 * is not, and which there are. */
bool columns_parse(const struct ctl *ctl, const char *list, struct columns *ret);

void columns_head(const struct columns *columns, struct table *table);
void columns_add_row(const struct columns *columns, struct table *table,
                     const struct shmb_segment *segment, bool bytes);
