#include "journal-compaction.h"

#include "journal-header.h"
#include "journal-record.h"

#include "proto/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

/* What one step does at most: records to write, room to make. A tenth of a millisecond. */
#define SLICE_BYTES (16 * 1024)
#define ROOM_BYTES  (64 * 1024)

/* Lines that wait to be written, until they are a slice and one of any length more. */
#define LINES_BYTES_MAX (SLICE_BYTES + RECORD_BYTES_MAX)

bool compaction_is_under_way(const struct compaction *compaction) {
        return compaction->file.fd >= 0;
}

static int write_lines(struct compaction *compaction) {
        struct buffer *lines = &compaction->lines;
        int r = buffer_error(lines);

        if (r < 0)
                return r == -ERROR_NO_MEMORY ? -ENOMEM : -EFBIG;
        r = journal_file_write(&compaction->file, lines->bytes, lines->length_bytes);
        buffer_clear(lines);
        return r;
}

int compaction_begin(struct compaction *compaction, int directory_fd, const char *name,
                     const struct journal_header *header) {
        int r = journal_file_open(&compaction->file, directory_fd, name, O_CREAT | O_EXCL);

        if (r < 0)
                return r;
        buffer_init(&compaction->lines, LINES_BYTES_MAX);
        journal_header_write(&compaction->lines, header);
        compaction->last_id = -1;
        compaction->error = 0;
        return 0;
}

/* True: there are no more of them, and those to come are copied as they come. */
static bool copy_entries(struct compaction *compaction, const struct registry *registry) {
        struct entry *entry = registry_after_id(registry, compaction->last_id);

        while (entry != NULL && compaction->lines.length_bytes < SLICE_BYTES) {
                struct record record;

                record_of_entry(&record, entry);
                record_write(&compaction->lines, &record);
                compaction->last_id = entry->identity.id;
                entry = registry_next_id(registry, entry);
        }
        if (entry != NULL)
                return false;
        compaction->last_id = INT_MAX;
        return true;
}

static int make_room(struct compaction *compaction, size_t room_bytes) {
        struct journal_file *file = &compaction->file;
        size_t wanted = file->used_bytes + room_bytes;
        size_t now = wanted;
        int r = 0;

        if (now > file->size_bytes + ROOM_BYTES)
                now = file->size_bytes + ROOM_BYTES;
        if (now > file->size_bytes)
                r = journal_file_lengthen(file, now);
        if (r < 0 || now < wanted)
                return r;
        r = journal_file_map(file);
        return r < 0 ? r : 1;
}

int compaction_step(struct compaction *compaction, const struct registry *registry,
                    size_t room_bytes) {
        bool copied = copy_entries(compaction, registry);
        int r = compaction->error;

        if (r == 0)
                r = write_lines(compaction);
        if (r < 0 || !copied)
                return r;
        return make_room(compaction, room_bytes);
}

static bool has_entry(const struct compaction *compaction, int64_t id) {
        return id >= 0 && id <= compaction->last_id;
}

/* What is about an entry that is not in the file yet comes in with it; but who takes its
 * name from one that is must not leave it two holders. The intent of a creation is not
 * needed: the file is not used while one is open. */
void compaction_add(struct compaction *compaction, const struct record *record) {
        struct buffer *lines = &compaction->lines;

        if (!compaction_is_under_way(compaction))
                return;
        if (record->op == RECORD_DONE || has_entry(compaction, record->id)) {
                record_write(lines, record);
        } else if (has_entry(compaction, record->replaces)) {
                struct record removal;

                record_init(&removal, RECORD_REMOVE);
                removal.id = record->replaces;
                record_write(lines, &removal);
        }
        if (lines->length_bytes >= SLICE_BYTES && compaction->error == 0)
                compaction->error = write_lines(compaction);
}

struct journal_file compaction_end(struct compaction *compaction) {
        struct journal_file file = compaction->file;

        buffer_free(&compaction->lines);
        *compaction = COMPACTION_NONE;
        return file;
}

void compaction_cancel(struct compaction *compaction) {
        if (!compaction_is_under_way(compaction))
                return;
        journal_file_close(&compaction->file);
        buffer_free(&compaction->lines);
        *compaction = COMPACTION_NONE;
}
