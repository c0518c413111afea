#include "journal.h"

#include "journal-compaction.h"
#include "journal-file.h"
#include "journal-header.h"
#include "journal-record.h"
#include "journal-replay.h"
#include "log.h"
#include "state-directory.h"

#include "proto/buffer.h"
#include "proto/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define JOURNAL_NAME "journal"
#define NEW_NAME     "journal.new"   /* one that is being written */
#define STALE_NAME   "journal.stale" /* one that is set aside, for people to look at */

/* What one request may take: a Set and its undoing, two whole records, and a few short
 * ones beside them. */
#define REQUEST_BYTES (2 * RECORD_BYTES_MAX + 2048)
/* What giving up one entry may take. It is kept free for each that is recorded. */
#define GIVE_UP_BYTES (RECORD_REMOVE_BYTES_MAX + RECORD_FORGET_BYTES_MAX)

#define CHUNK_BYTES         (64 * 1024)   /* the file grows by at least so much */
#define CHUNK_BYTES_MAX     (256 * 1024)  /* more than it needs */
#define FREE_BYTES          (1024 * 1024) /* of a file that was replaced, with one request */
#define COMPACT_ABOVE_BYTES (256 * 1024)
#define COMPACT_RATIO       3 /* of what is used to what is alive */

struct journal {
        struct state_directory directory;
        struct journal_file file;
        struct journal_file replaced; /* what is left of the one before it */
        struct compaction compaction;
        struct buffer line; /* the record that is being written */
        struct journal_header header;
        pid_t pid; /* ours: getpid(2) once, not for each record */
        struct record_tally alive;
        bool unreadable; /* it has lines that were passed over */
        bool intent_open;
        size_t intent_bytes;     /* of the last line, where it is an intent to create; else 0 */
        size_t compact_at_bytes; /* not before so many are used: the last try failed */
};

static int error_of_errno(int r) {
        errno = -r;
        return r == -ENOMEM ? -ERROR_NO_MEMORY : -ERROR_SYSTEM;
}

/* --------------------------------------------------------------------- room */

static size_t room_bytes(const struct journal *journal) {
        return journal->file.size_bytes - journal->file.used_bytes;
}

/* To be kept behind what is used: for giving up all there is, beside so much. */
static size_t room_wanted(const struct journal *journal, size_t request_bytes) {
        return journal->alive.entries * GIVE_UP_BYTES + request_bytes;
}

static int make_room(struct journal *journal, size_t request_bytes) {
        struct journal_file *file = &journal->file;
        size_t wanted = file->used_bytes + room_wanted(journal, request_bytes);
        size_t ahead = file->used_bytes / 8;
        int r;

        if (wanted <= file->size_bytes)
                return 0;
        if (ahead < CHUNK_BYTES)
                ahead = CHUNK_BYTES;
        if (ahead > CHUNK_BYTES_MAX)
                ahead = CHUNK_BYTES_MAX;
        r = journal_file_extend(file, wanted + ahead);
        if (r < 0)
                r = journal_file_extend(file, wanted);
        return r < 0 ? error_of_errno(r) : 0;
}

/* ------------------------------------------------------------ writing anew */

/* What can't be read may still mean something to somebody. */
static int keep_unreadable(const struct journal *journal) {
        int fd = journal->directory.fd;

        if (!journal->unreadable)
                return 0;
        unlinkat(fd, STALE_NAME, 0);
        if (linkat(fd, JOURNAL_NAME, fd, STALE_NAME, 0) < 0)
                return -errno;
        log_notice("the journal's lines that were passed over are kept in " STALE_NAME);
        return 0;
}

/* No fsync(2): neither the file nor a segment outlives the boot. */
static int replace_file(struct journal *journal) {
        int fd = journal->directory.fd;
        int r = keep_unreadable(journal);

        if (r < 0)
                return r;
        if (renameat(fd, NEW_NAME, fd, JOURNAL_NAME) < 0)
                return -errno;
        journal_file_close(&journal->replaced);
        if (!journal->unreadable)
                journal->replaced = journal->file;
        else
                journal_file_close(&journal->file); /* and it stays as it is */
        journal->file = compaction_end(&journal->compaction);
        journal->unreadable = false;
        return 0;
}

/* The memory of a file without a name goes back in pieces, since all of it may be tens of
 * megabytes, and milliseconds. */
static void free_replaced(struct journal *journal) {
        struct journal_file *file = &journal->replaced;

        if (file->size_bytes > FREE_BYTES)
                journal_file_trim(file, file->size_bytes - FREE_BYTES);
        else
                journal_file_close(file);
}

static void give_compaction_up(struct journal *journal) {
        compaction_cancel(&journal->compaction);
        unlinkat(journal->directory.fd, NEW_NAME, 0);
}

/* One step towards a file with the registry as it is now, from the first one to the last,
 * which puts it in the other's place. 1: that is done, 0: it goes on. */
static int write_anew(struct journal *journal, const struct registry *registry) {
        struct compaction *compaction = &journal->compaction;
        int r = 0;

        if (!compaction_is_under_way(compaction))
                r = compaction_begin(compaction, journal->directory.fd, NEW_NAME, &journal->header);
        if (r == 0)
                r = compaction_step(compaction, registry, room_wanted(journal, REQUEST_BYTES));
        if (r > 0) {
                r = replace_file(journal);
                if (r == 0)
                        return 1;
        }
        if (r < 0) {
                give_compaction_up(journal);
                return error_of_errno(r);
        }
        return 0;
}

static bool is_worth_compacting(const struct journal *journal) {
        size_t used = journal->file.used_bytes;

        return used > COMPACT_ABOVE_BYTES && used / COMPACT_RATIO > journal->alive.bytes &&
               used >= journal->compact_at_bytes;
}

/* A slice of it with each request, so that it is done before the file has grown by much.
 * Failing at it is no failure: the file in use is as good as before, only long. */
static void compact(struct journal *journal, const struct registry *registry) {
        size_t before = journal->file.used_bytes;
        int r = write_anew(journal, registry);

        if (r < 0) {
                journal->compact_at_bytes = before + before / 4;
                log_warning("can't compact the journal: %s", strerror(errno));
        } else if (r > 0) {
                journal->compact_at_bytes = 0;
                log_debug("compacted the journal from %zu to %zu bytes", before,
                          journal->file.used_bytes);
        }
}

int journal_reserve(struct journal *journal, const struct registry *registry) {
        int r;

        if (journal->replaced.fd >= 0)
                free_replaced(journal);
        if (!journal->intent_open &&
            (compaction_is_under_way(&journal->compaction) || is_worth_compacting(journal)))
                compact(journal, registry);
        r = make_room(journal, REQUEST_BYTES);
        if (r < 0 && compaction_is_under_way(&journal->compaction)) {
                give_compaction_up(journal); /* it may be that which takes the room */
                r = make_room(journal, REQUEST_BYTES);
        }
        return r;
}

/* ------------------------------------------------------------------ records */

static void append(struct journal *journal, const struct record *record) {
        struct buffer *line = &journal->line;

        buffer_clear(line);
        record_write(line, record);
        if (buffer_error(line) < 0 || line->length_bytes > room_bytes(journal)) {
                /* Nobody reserved it. To go on would lose what is about to be
                 * acknowledged; a start from the journal loses nothing. */
                log_error("no room was reserved in the journal");
                abort();
        }
        journal_file_append(&journal->file, line->bytes, line->length_bytes);
        compaction_add(&journal->compaction, record);
        journal->intent_bytes = 0;
}

static void append_of(struct journal *journal, enum record_op op, const struct entry *entry) {
        struct record record;

        record_init(&record, op);
        record.id = entry->identity.id;
        append(journal, &record);
}

void journal_intend_create(struct journal *journal, key_t key, uint64_t size_bytes) {
        struct record record;

        journal_done(journal);
        record_init(&record, RECORD_CREATE);
        record.key = (uint32_t) key;
        record.size = (int64_t) size_bytes;
        record.cpid = journal->pid;
        record.created_at = time(NULL);
        append(journal, &record);
        journal->intent_open = true;
        journal->intent_bytes = journal->line.length_bytes;
}

void journal_created(struct journal *journal, struct entry *entry) {
        struct record record;

        record_of_entry(&record, entry);
        append(journal, &record);
        journal->intent_open = false;
        record_tally_entry(&journal->alive, entry);
}

void journal_renamed(struct journal *journal, const struct entry *entry, const char *to,
                     uid_t token_uid, const char *token, const struct entry *replaced) {
        struct record record;

        record_init(&record, RECORD_RENAME);
        record.id = entry->identity.id;
        record.name = to;
        if (token != NULL)
                record_set_token(&record, entry, token_uid, token);
        if (replaced != NULL)
                record.replaces = replaced->identity.id;
        append(journal, &record);
        journal->intent_open = false;
}

void journal_intend_set(struct journal *journal, struct entry *entry, uid_t uid, gid_t gid,
                        mode_t mode) {
        static const struct shmb_label none;
        struct record record;

        record_init(&record, RECORD_SET);
        record.id = entry->identity.id;
        if (uid != (uid_t) -1)
                record.uid = uid;
        if (gid != (gid_t) -1)
                record.gid = gid;
        if (mode != (mode_t) -1)
                record.mode = mode;
        record.labels.items = entry->labels_count > 0 ? entry->labels : &none;
        record.labels.count = entry->labels_count;
        append(journal, &record);
        journal->intent_open = uid != (uid_t) -1 || gid != (gid_t) -1 || mode != (mode_t) -1;
        record_tally_entry(&journal->alive, entry);
}

void journal_intend_remove(struct journal *journal, const struct entry *entry) {
        append_of(journal, RECORD_REMOVE, entry);
}

void journal_forgotten(struct journal *journal, const struct entry *entry) {
        append_of(journal, RECORD_FORGET, entry);
        record_tally_forget(&journal->alive, entry);
}

void journal_done(struct journal *journal) {
        struct record record;

        if (!journal->intent_open)
                return;
        journal->intent_open = false;
        if (journal->intent_bytes > 0) {
                /* A creation that came to nothing leaves nothing behind. */
                journal_file_take_back(&journal->file, journal->intent_bytes);
                journal->intent_bytes = 0;
                return;
        }
        record_init(&record, RECORD_DONE);
        append(journal, &record);
}

uint64_t journal_size_bytes(const struct journal *journal) {
        return journal->file.used_bytes;
}

/* ------------------------------------------------------------------ opening */

static int refuse(char *ret_reason, size_t reason_bytes, const char *what, const char *path,
                  int error) {
        snprintf(ret_reason, reason_bytes, "can't %s %s/" JOURNAL_NAME ": %s", what, path,
                 strerror(error));
        return -ERROR_SYSTEM;
}

/* Why the file that is open is none for us to act on, NULL where it is; then, where its
 * records begin. */
static const char *why_stale(const struct journal *journal, size_t *ret_begin) {
        const struct journal_file *file = &journal->file;
        const char *end = memchr(file->bytes, '\n', file->size_bytes);
        struct stat st;

        if (fstat(file->fd, &st) < 0 || st.st_uid != geteuid())
                return "the file belongs to another user";
        if (end == NULL)
                return "its first line does not end";
        *ret_begin = (size_t) (end + 1 - file->bytes);
        return journal_header_mismatch(&journal->header, file->bytes, *ret_begin - 1);
}

/* Opens what there is, as long as it is ours: 1, and where its records begin; 0: there is
 * nothing. */
static int open_existing(struct journal *journal, const char *path, size_t *ret_begin,
                         char *ret_reason, size_t reason_bytes) {
        const char *why;
        int r = journal_file_open(&journal->file, journal->directory.fd, JOURNAL_NAME, 0);

        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return refuse(ret_reason, reason_bytes, "open", path, -r);
        if (journal_file_ends(&journal->file)) {
                journal_file_close(&journal->file);
                return 0;
        }
        why = why_stale(journal, ret_begin);
        if (why == NULL)
                return 1;
        journal_file_close(&journal->file);
        if (renameat(journal->directory.fd, JOURNAL_NAME, journal->directory.fd, STALE_NAME) < 0)
                return refuse(ret_reason, reason_bytes, "set aside the stale", path, errno);
        log_warning("set %s/" JOURNAL_NAME " aside as " STALE_NAME ": %s; what it tells of, if "
                    "anything, is left alone",
                    path, why);
        return 0;
}

static int begin_file(struct journal *journal, const struct registry *registry) {
        int r;

        do
                r = write_anew(journal, registry);
        while (r == 0);
        return r < 0 ? r : 0;
}

/* And room for what recovery will record, the end of an intent included. */
static int replay(struct journal *journal, size_t begin, struct registry *registry,
                  struct journal_intent *ret_intent) {
        struct journal_file *file = &journal->file;
        size_t torn;
        int r = 0;

        /* Somebody else cut it off: not even a record that was torn ends like that. */
        if (file->bytes[file->size_bytes - 1] != '\n')
                r = journal_file_extend(file, file->size_bytes + 1);
        if (r < 0)
                return error_of_errno(r);
        r = journal_replay(file, begin, (uid_t) journal->header.uid, registry, &journal->alive,
                           ret_intent);
        if (r < 0)
                return r;
        journal->unreadable = r > 0;
        journal->intent_open = ret_intent->kind != INTENT_NONE;
        torn = journal_file_wipe(file);
        if (torn > 0)
                log_notice("cut off a record of the journal that was not finished: %zu bytes",
                           torn);
        return make_room(journal, RECORD_DONE_BYTES_MAX);
}

static int open_file(struct journal *journal, const char *path, struct registry *registry,
                     struct journal_intent *ret_intent, char *ret_reason, size_t reason_bytes) {
        struct journal_intent intent = {.kind = INTENT_NONE};
        size_t begin;
        int r = open_existing(journal, path, &begin, ret_reason, reason_bytes);

        if (r < 0)
                return r;
        /* A broker may have died over it. */
        unlinkat(journal->directory.fd, NEW_NAME, 0);
        r = r == 0 ? begin_file(journal, registry) : replay(journal, begin, registry, &intent);
        if (r == -ERROR_SYSTEM)
                return refuse(ret_reason, reason_bytes, "write", path, errno);
        *ret_intent = intent;
        return r;
}

static void journal_free(struct journal *journal) {
        compaction_cancel(&journal->compaction);
        journal_file_close(&journal->replaced);
        journal_file_close(&journal->file);
        state_directory_close(&journal->directory);
        buffer_free(&journal->line);
        free(journal);
}

int journal_open(struct journal **ret, const char *directory, struct registry *registry,
                 struct journal_intent *ret_intent, char *ret_reason, size_t reason_bytes) {
        struct journal *journal = calloc(1, sizeof(*journal));
        int r;

        if (journal == NULL)
                return -ERROR_NO_MEMORY;
        journal->directory = STATE_DIRECTORY_NONE;
        journal->file = JOURNAL_FILE_NONE;
        journal->replaced = JOURNAL_FILE_NONE;
        journal->compaction = COMPACTION_NONE;
        journal->pid = getpid();
        buffer_init(&journal->line, RECORD_BYTES_MAX);
        r = buffer_reserve(&journal->line, RECORD_BYTES_MAX);
        if (r >= 0)
                r = state_directory_open(&journal->directory, directory, ret_reason, reason_bytes);
        if (r >= 0) {
                r = journal_header_init(&journal->header);
                if (r < 0)
                        r = refuse(ret_reason, reason_bytes, "tell this boot from others in",
                                   directory, -r);
        }
        if (r >= 0)
                r = open_file(journal, directory, registry, ret_intent, ret_reason, reason_bytes);
        if (r < 0) {
                journal_free(journal);
                return r;
        }
        *ret = journal;
        return 0;
}

/* What giving up the entries takes stays reserved: a full file system must not keep the
 * next broker from starting. */
void journal_close(struct journal *journal) {
        if (journal == NULL)
                return;
        if (compaction_is_under_way(&journal->compaction))
                give_compaction_up(journal);
        journal_file_trim(&journal->file, journal->file.used_bytes +
                                                  journal->alive.entries * GIVE_UP_BYTES +
                                                  RECORD_DONE_BYTES_MAX);
        journal_free(journal);
}
