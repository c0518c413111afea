/*
 * The journal's records as JSON lines: one table of members for both directions, and
 * how much of a journal is alive. It knows nothing of files, and what a record means
 * for a registry is journal-replay's.
 */
#pragma once

#include "registry.h"

#include "proto/name.h"

#include <stddef.h>
#include <stdint.h>

struct buffer;
struct cJSON;

/* The names of the operations and members are in journal-record.c; all are optional there,
 * and below is which of them an operation needs. */
enum record_op {
        RECORD_CREATE,  /* an intent: shmget(2); key, size, cpid, createdAt */
        RECORD_SEGMENT, /* all there is to say of an entry, as it is now */
        RECORD_RENAME,  /* id, name: the new one; token; replaces: the id of who had it */
        RECORD_SET,     /* an intent: IPC_SET; id, uid, gid, mode; and labels, from now on */
        RECORD_REMOVE,  /* id gives up its name, and IPC_RMID follows */
        RECORD_FORGET,  /* id is no more */
        RECORD_DONE,    /* the intent before it came to its end */
};

#define RECORD_ADOPTED 1
#define RECORD_REMOVED 2

/* Integers are FIELD_ABSENT, strings NULL where they are not there. */
struct record {
        int op; /* enum record_op */
        int64_t id;
        const char *name;
        int64_t key;
        int64_t size; /* bytes */
        int64_t cpid;
        int64_t cuid;     /* absent: the journal's uid, which made what is not adopted */
        int64_t uid, gid; /* the creator's; SET: the owner's to be */
        int64_t pid;      /* the creator's */
        const char *command, *unit;
        int64_t mode;
        int64_t created_at; /* seconds since the epoch */
        int lifetime;       /* enum shmb_lifetime, -1: persistent */
        int64_t page_size;  /* bytes; absent: the system's pages */
        int state;          /* RECORD_ADOPTED, RECORD_REMOVED or both, less one; -1: neither */
        const char *token;
        int64_t token_uid; /* absent: the creator */
        int64_t replaces;
        struct labels labels;
};

/* Bounds of what a record takes with its newline: any of them, with every byte escaped that
 * may need it (\" in labels, \u0001 in other texts), the two that give an entry up, and the
 * one that ends an intent. */
#define RECORD_TEXT_BYTES_MAX  255 /* the creator's command and unit, each */
#define RECORD_TOKEN_BYTES_MAX 64
#define RECORD_BYTES_MAX                                                                           \
        (1024 + NAME_BYTES_MAX + 6 * (RECORD_TOKEN_BYTES_MAX + 2 * RECORD_TEXT_BYTES_MAX) +        \
         LABELS_MAX * (LABEL_KEY_BYTES_MAX + 2 * LABEL_VALUE_BYTES_MAX + 6))
#define RECORD_REMOVE_BYTES_MAX sizeof("{\"op\":\"remove\",\"id\":2147483647}")
#define RECORD_FORGET_BYTES_MAX sizeof("{\"op\":\"forget\",\"id\":2147483647}")
#define RECORD_DONE_BYTES_MAX   sizeof("{\"op\":\"done\"}")

/* All absent. */
void record_init(struct record *ret, enum record_op op);
/* RECORD_SEGMENT, borrowing the entry's strings. */
void record_of_entry(struct record *ret, const struct entry *entry);
/* Of a call on the entry; borrowed too. */
void record_set_token(struct record *record, const struct entry *entry, uid_t uid,
                      const char *token);

/* Appends a line with its newline; a failure sticks to the buffer. */
void record_write(struct buffer *out, const struct record *record);

/* A line that was read: the record borrows from the rest, and all goes with
 * record_line_free(). */
struct record_line {
        struct record record;
        struct shmb_label labels[LABELS_MAX];
        struct cJSON *document; /* NULL: it was as record_write() writes them */
        char text[RECORD_BYTES_MAX];
};

/* One line without its newline, of which the byte behind must be readable. ret_reason
 * says in a few words what is wrong with it. Errors: -ERROR_MALFORMED, -ERROR_NO_MEMORY. */
int record_read(struct record_line *ret, const char *line, size_t length_bytes,
                const char **ret_reason);
void record_line_free(struct record_line *line);

/* What is alive in a journal: how many entries it tells of, and about how many bytes it
 * would take to tell of them anew. */
struct record_tally {
        uint64_t entries;
        uint64_t bytes;
};

/* Keep the tally: of an entry that was recorded, anew or again, of one that is forgotten. */
void record_tally_entry(struct record_tally *tally, struct entry *entry);
void record_tally_forget(struct record_tally *tally, const struct entry *entry);
