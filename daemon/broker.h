/*
 * What the methods do: names, rights, limits, lifetimes. Typed requests in, typed
 * results out; no JSON, no sockets, no event loop. It owns the registry, the journal
 * and the accounts of users.
 *
 * A method returns 0 (done), BROKER_WORK or a negated error_code with ret_error
 * filled. BROKER_WORK: the kernel would take long over it, so the caller runs
 * work_run(&outcome->work) wherever it does not disturb, then broker_finish() on the
 * loop's thread, always, even when nobody waits for the answer any more.
 *
 * Strings in results belong to the registry: encode them before the next call.
 */
#pragma once

#include "journal.h"
#include "registry.h"
#include "replies.h"
#include "users.h"

#include "proto/error.h"
#include "proto/method.h"

struct peer;

#define BROKER_WORK 1

/* Segments at least so large are freed and unlocked off the loop's thread. */
#define BROKER_LARGE_BYTES (UINT64_C(1) << 20)

struct broker {
        struct registry *registry;
        struct journal *journal;
        struct users *users;
        struct limits limits;
        uint64_t ipc_namespace;
        uint64_t page_size;      /* bytes */
        uint64_t huge_page_size; /* the system's default one, bytes; 0: none */
        int64_t started_at;      /* seconds since the epoch */
        uid_t uid;               /* our own, the cuid of what we make */
        int64_t swept_at_ms;     /* monotonic: when all were last looked at; 0: never */
        int sweep_id;            /* the last one that was looked at, -1: begin anew */
        uint64_t locked_bytes;   /* as of swept_at_ms */
        struct entry *dropped;   /* the last one, whose strings a result may borrow */
};

struct work {
        enum { WORK_NONE, WORK_REMOVE, WORK_UNLOCK } kind;
        struct segment_identity target; /* what the system call acts on */
        int reply_id; /* whose segment is the answer: another one for Rename with replace */
        int result;   /* 0 or a negated errno, by work_run() */
        struct shmb_segment before; /* the answer as it was when the work began */
        char *from; /* Rename: the name to go back to; broker_finish() gives it to free(3) */
};

struct outcome {
        struct shmb_segment segment;
        struct reply_source source; /* of Open and Stat, which are asked again and again */
        bool created;
        struct work work;
};

/* Where a List stands between two slices. Owned by whoever lists, starts zeroed. */
struct list_cursor {
        bool begun;
        char name[256]; /* the last one looked at; "" where it was private */
        int id;
        bool ended;
};

void limits_default(struct limits *ret);

/* Opens the state directory and recovers. ret_reason: a sentence for people on failure.
 * Errors: -ERROR_NO_MEMORY, -ERROR_SYSTEM. */
int broker_new(struct broker **ret, const char *state_directory, const struct limits *limits,
               char *ret_reason, size_t reason_bytes);
void broker_free(struct broker *broker); /* takes NULL; leaves the segments alone */

int broker_create(struct broker *broker, struct peer *peer, const struct create_request *request,
                  struct outcome *ret, struct error *ret_error);
int broker_open(struct broker *broker, struct peer *peer, const struct open_request *request,
                struct outcome *ret, struct error *ret_error);
int broker_adopt(struct broker *broker, struct peer *peer, const struct adopt_request *request,
                 struct outcome *ret, struct error *ret_error);
int broker_stat(struct broker *broker, struct peer *peer, const struct segment_request *request,
                struct outcome *ret, struct error *ret_error);
int broker_set(struct broker *broker, struct peer *peer, const struct set_request *request,
               struct outcome *ret, struct error *ret_error);
int broker_lock(struct broker *broker, struct peer *peer, const struct segment_request *request,
                struct outcome *ret, struct error *ret_error);
int broker_unlock(struct broker *broker, struct peer *peer, const struct segment_request *request,
                  struct outcome *ret, struct error *ret_error);
int broker_rename(struct broker *broker, struct peer *peer, const struct rename_request *request,
                  struct outcome *ret, struct error *ret_error);
int broker_remove(struct broker *broker, struct peer *peer, const struct segment_request *request,
                  struct outcome *ret, struct error *ret_error);

/* The next segment that the peer may read and the pattern (NULL: all) matches, looking
 * at `budget` entries at most, at fewer where the pattern is long: 1 found, 0 the end
 * (cursor->ended) or the budget's, negated error for a bad pattern. */
int broker_list(struct broker *broker, struct peer *peer, const struct list_request *request,
                struct list_cursor *cursor, unsigned *budget, struct shmb_segment *ret,
                struct error *ret_error);

/* Everything but connections, watchers, requests and errors. */
void broker_status(const struct broker *broker, struct status_result *ret);

void work_run(struct work *work); /* from any thread */
int broker_finish(struct broker *broker, struct work *work, struct outcome *ret,
                  struct error *ret_error);

/* Looks at up to `budget` entries for what is gone behind our back, and forgets it.
 * To be called from time to time. */
void broker_sweep(struct broker *broker, unsigned budget);
