#include "columns.h"

#include "ctl.h"
#include "human.h"

#include "proto/segment.h"
#include "shmbroker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define EMPTY "-" /* so that a script counts the same words in each row */

#define LABELS_BYTES (LABELS_MAX * (LABEL_KEY_BYTES_MAX + LABEL_VALUE_BYTES_MAX + 2))

enum column_kind {
        COLUMN_TEXT,  /* const char *, NULL is empty */
        COLUMN_INT,   /* int, pid_t */
        COLUMN_ID,    /* uid_t, gid_t as a number */
        COLUMN_USER,  /* uid_t as a name */
        COLUMN_GROUP, /* gid_t as a name */
        COLUMN_KEY,   /* uint32_t */
        COLUMN_COUNT, /* uint64_t */
        COLUMN_SIZE,  /* uint64_t, bytes */
        COLUMN_TIME,  /* int64_t */
        COLUMN_PERMS, /* mode_t */
        COLUMN_LIFETIME,
        COLUMN_STATUS, /* of the whole segment */
        COLUMN_LABELS, /* likewise */
};

struct column {
        struct table_column shown;
        enum column_kind kind;
        size_t offset_bytes;
};

#define ROW(heading, kind, member)                                                                 \
        { {heading, false}, kind, offsetof(struct shmb_segment, member) }
#define ROW_RIGHT(heading, kind, member)                                                           \
        { {heading, true}, kind, offsetof(struct shmb_segment, member) }

static const struct column known[] = {
        ROW("NAME", COLUMN_TEXT, name),
        ROW("KEY", COLUMN_KEY, key),
        ROW_RIGHT("ID", COLUMN_INT, id),
        ROW("PERMS", COLUMN_PERMS, mode),
        ROW("OWNER", COLUMN_USER, uid),
        ROW("GROUP", COLUMN_GROUP, gid),
        ROW_RIGHT("UID", COLUMN_ID, uid),
        ROW_RIGHT("GID", COLUMN_ID, gid),
        ROW_RIGHT("SIZE", COLUMN_SIZE, size),
        ROW_RIGHT("PAGESIZE", COLUMN_SIZE, page_size),
        ROW_RIGHT("NATTCH", COLUMN_COUNT, nattch),
        ROW("STATUS", COLUMN_STATUS, name),
        ROW("ATTACH", COLUMN_TIME, atime),
        ROW("DETACH", COLUMN_TIME, dtime),
        ROW("CTIME", COLUMN_TIME, ctime),
        ROW("CREATED", COLUMN_TIME, created_at),
        ROW("LIFETIME", COLUMN_LIFETIME, lifetime),
        ROW("CREATOR", COLUMN_USER, creator.uid),
        ROW("CGROUP", COLUMN_GROUP, creator.gid),
        ROW_RIGHT("CUID", COLUMN_ID, creator.uid),
        ROW_RIGHT("CGID", COLUMN_ID, creator.gid),
        ROW_RIGHT("CPID", COLUMN_INT, creator.pid),
        ROW_RIGHT("LPID", COLUMN_INT, lpid),
        ROW("COMMAND", COLUMN_TEXT, creator.command),
        ROW("UNIT", COLUMN_TEXT, creator.unit),
        ROW("LABELS", COLUMN_LABELS, labels),
};

#define KNOWN (sizeof known / sizeof known[0])

static void say_unknown(const struct ctl *ctl, const char *name, int length) {
        char list[512] = "";

        for (size_t i = 0; i < KNOWN; i++) {
                if (i > 0)
                        strcat(list, " ");
                strcat(list, known[i].shown.heading);
        }
        ctl_usage(ctl, "--output: there is no column \"%.*s\", but %s", length, name, list);
}

static const struct column *find(const char *name, size_t length) {
        for (size_t i = 0; i < KNOWN; i++)
                if (strlen(known[i].shown.heading) == length &&
                    strncasecmp(known[i].shown.heading, name, length) == 0)
                        return known + i;
        return NULL;
}

bool columns_parse(const struct ctl *ctl, const char *list, struct columns *ret) {
        struct columns columns = {0};

        for (const char *name = list, *end;; name = end + 1) {
                const struct column *column;

                end = strchrnul(name, ',');
                column = find(name, (size_t) (end - name));
                if (!column) {
                        say_unknown(ctl, name, (int) (end - name));
                        return false;
                }
                if (columns.count == TABLE_COLUMNS_MAX) {
                        ctl_usage(ctl, "--output: more than %d columns", TABLE_COLUMNS_MAX);
                        return false;
                }
                columns.items[columns.count++] = column;
                if (!*end)
                        break;
        }
        *ret = columns;
        return true;
}

void columns_head(const struct columns *columns, struct table *table) {
        for (size_t i = 0; i < columns->count; i++)
                table_add_column(table, columns->items[i]->shown);
}

static void add_labels(struct table *table, const struct shmb_segment *segment) {
        char text[LABELS_BYTES + 1] = "", *end = text;

        for (size_t i = 0; i < segment->labels.count && i < LABELS_MAX; i++)
                end += snprintf(end, LABEL_KEY_BYTES_MAX + LABEL_VALUE_BYTES_MAX + 2, "%s%.*s=%.*s",
                                i > 0 ? "," : "", LABEL_KEY_BYTES_MAX, segment->labels.items[i].key,
                                LABEL_VALUE_BYTES_MAX, segment->labels.items[i].value);
        table_add_cell(table, *text ? text : EMPTY);
}

static void add_cell(struct table *table, const struct column *column,
                     const struct shmb_segment *segment, bool bytes) {
        const void *member = (const char *) segment + column->offset_bytes;
        char text[HUMAN_BYTES];
        const char *shown = text;

        switch (column->kind) {
        case COLUMN_TEXT:
                shown = *(const char *const *) member ? *(const char *const *) member : "";
                break;
        case COLUMN_INT:
                snprintf(text, sizeof text, "%d", *(const int *) member);
                break;
        case COLUMN_ID:
                snprintf(text, sizeof text, "%u", *(const uid_t *) member);
                break;
        case COLUMN_USER:
                shown = human_user(*(const uid_t *) member);
                break;
        case COLUMN_GROUP:
                shown = human_group(*(const gid_t *) member);
                break;
        case COLUMN_KEY:
                snprintf(text, sizeof text, "0x%08" PRIx32, *(const uint32_t *) member);
                break;
        case COLUMN_SIZE:
                if (!bytes) {
                        human_size(*(const uint64_t *) member, text);
                        break;
                }
                __attribute__((fallthrough));
        case COLUMN_COUNT:
                snprintf(text, sizeof text, "%" PRIu64, *(const uint64_t *) member);
                break;
        case COLUMN_TIME:
                human_short_time(*(const int64_t *) member, text);
                break;
        case COLUMN_PERMS:
                human_permissions(*(const mode_t *) member, text);
                break;
        case COLUMN_LIFETIME:
                shown = segment_lifetimes[*(const int *) member];
                break;
        case COLUMN_STATUS:
                human_status(segment, text);
                break;
        case COLUMN_LABELS:
                add_labels(table, segment);
                return;
        }
        table_add_cell(table, *shown ? shown : EMPTY);
}

void columns_add_row(const struct columns *columns, struct table *table,
                     const struct shmb_segment *segment, bool bytes) {
        for (size_t i = 0; i < columns->count; i++)
                add_cell(table, columns->items[i], segment, bytes);
}
