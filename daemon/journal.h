/*
 * What must survive the broker: a file of JSON lines in the state directory. It
 * owns that file and the lock on the directory, and knows what records mean for a
 * registry, but nothing of the kernel's segments (that is recovery's).
 *
 * The file is mapped, and room for the next records is written out before anything
 * is done, so that reserving is the one step that can fail: a record itself is a
 * copy into memory that the kernel keeps whatever kills us, with its first byte
 * stored last. Every prefix of the records is a consistent state.
 *
 * The first line is a header: format, boot id, IPC namespace and uid. A file whose
 * header is another boot's, namespace's or user's is set aside, never acted on. The
 * first empty line is the end; those behind it are room not used yet.
 */
#pragma once

#include "registry.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct journal;

/* What was begun and whose outcome is not recorded: at most one, the last record. A
 * removal is none of these: its entry is `removed`, and recovery sees to it. */
struct journal_intent {
        enum { INTENT_NONE, INTENT_CREATE, INTENT_SET } kind;
        key_t key;           /* CREATE; 0 for a private one */
        uint64_t size_bytes; /* CREATE */
        pid_t cpid;          /* CREATE: the broker that meant to */
        int64_t at;          /* CREATE: seconds since the epoch */
        int id;              /* SET */
        uid_t uid;           /* SET: what was to become of it; -1: as it is */
        gid_t gid;
        mode_t mode;
};

/* Opens or begins the journal in `directory`, which it makes (0700) where it is
 * missing and locks. Fills the registry (entries without their user) and says what
 * was left open; the file's torn end, if any, is cut off. ret_reason holds a sentence
 * for the log and the person on failure.
 * Errors: -ERROR_NO_MEMORY, -ERROR_SYSTEM. */
int journal_open(struct journal **ret, const char *directory, struct registry *registry,
                 struct journal_intent *ret_intent, char *ret_reason, size_t reason_bytes);

/* Cuts off the room that is not needed any more, and closes. Takes NULL. */
void journal_close(struct journal *journal);

/* Room for every record of one request, its outcome included (an undo as well), up to
 * the next call of this. Where the file holds little that is alive, it is compacted: each
 * call writes a slice of the registry into a new file beside it, which is renamed into
 * place when it is whole.
 * Errors: -ERROR_SYSTEM (errno tells: the file and its content stay as they were),
 * -ERROR_NO_MEMORY. */
int journal_reserve(struct journal *journal, const struct registry *registry);

/* The records. None of them can fail after a journal_reserve(); journal_intend_remove(),
 * journal_forgotten() and journal_done() need none, since the room for giving a
 * segment up is reserved together with the one for creating it. */
void journal_intend_create(struct journal *journal, key_t key, uint64_t size_bytes);
/* Create, Adopt; and whatever else becomes of an entry: the whole of it as it is now. */
void journal_created(struct journal *journal, struct entry *entry);
void journal_renamed(struct journal *journal, const struct entry *entry, const char *to,
                     uid_t token_uid, const char *token, const struct entry *replaced);
void journal_intend_set(struct journal *journal, struct entry *entry, uid_t uid, gid_t gid,
                        mode_t mode); /* with its labels as they shall be */
void journal_intend_remove(struct journal *journal,
                           const struct entry *entry); /* the name goes here */
void journal_forgotten(struct journal *journal,
                       const struct entry *entry); /* the kernel has it no more */
void journal_done(struct journal *journal); /* the last intent came to its end, well or not */

/* Bytes in use, for GetStatus' kin and the benchmarks. */
uint64_t journal_size_bytes(const struct journal *journal);
