/*
 * libshmbroker: System V shared memory by name.
 *
 * The broker (shmbrokerd) keeps the names; this library asks it for a segment's id
 * and then attaches and detaches by itself, with shmat(2) and shmdt(2). No byte of
 * a segment passes through the broker.
 *
 * Errors: every call that returns int or int64_t returns 0 (or a value) on success
 * and a negative errno(3) value on failure; shmb_error() then has the whole sentence.
 * Results (ret, ret_...) are untouched on failure. Besides those that are named here,
 * every call may return
 *
 *     -ETIMEDOUT     it took longer than shmb_set_timeout() allows. Where it changes
 *                    something, the broker may still do it.
 *     -ECONNABORTED  the broker went away in the middle of the call, and nothing tells
 *                    whether it had been done: shmb_remove() by name, and shmb_set() by
 *                    an owner who gives the segment away.
 *     -ENOSPC        a limit of the broker is reached, perhaps that of connections
 *     -EPROTO        the broker's answer can't be understood
 *     -ENOMEM        and what socket(2), connect(2), send(2) and recv(2) return
 *
 * A broker that goes away and comes back is no failure: a call waits for it until its
 * deadline, connects anew and is repeated, so that it is done once (all but the two
 * above). What is attached stays attached meanwhile.
 *
 * Threads may share a struct shmb; their calls take turns. After a fork(2) the child's
 * first call makes a connection of its own, and what the parent had attached is attached
 * in the child as well. Descriptors are close-on-exec. A signal does not interrupt a
 * call. Nothing here logs, exits, or touches a signal.
 */
#pragma once

#include <asm-generic/hugetlb_encode.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/types.h>

#include "shmbroker-segment.h"

/* For shmb_get(), since <sys/shm.h> has no name for them, and <linux/shm.h>, which has,
 * can't be included beside it. Other sizes: log2(bytes) << HUGETLB_FLAG_ENCODE_SHIFT. */
#ifndef SHM_HUGE_2MB
#define SHM_HUGE_2MB HUGETLB_FLAG_ENCODE_2MB
#endif
#ifndef SHM_HUGE_1GB
#define SHM_HUGE_1GB HUGETLB_FLAG_ENCODE_1GB
#endif

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SHMB_PUBLIC __attribute__((visibility("default")))
#else
#define SHMB_PUBLIC
#endif

struct shmb;

/* -------------------------------------------------------------- connection */

/* Connects to the broker at `address`, "unix:PATH" or "unix:@NAME" for an abstract
 * socket. NULL: $SHMBROKER_ADDRESS, else the first of /run/shmbroker/io.shmbroker and
 * $XDG_RUNTIME_DIR/shmbroker/io.shmbroker that is there. -ENOENT, -ECONNREFUSED: no
 * broker there (it is not waited for). -EACCES: the socket is not for this user.
 * -EINVAL: no address. */
SHMB_PUBLIC int shmb_connect(struct shmb **ret, const char *address);

/* Takes NULL. What is attached stays attached. No other thread may be in a call. */
SHMB_PUBLIC void shmb_close(struct shmb *b);

/* The whole sentence about the last failure of a call by this thread, "" where none
 * failed; valid until this thread's next call. b may be NULL, after shmb_connect(). */
SHMB_PUBLIC const char *shmb_error(const struct shmb *b);

/* How long a call may take, in milliseconds, 45000 at first; 0 and less is -EINVAL. */
SHMB_PUBLIC int shmb_set_timeout(struct shmb *b, int timeout_ms);

/* ------------------------------------- the System V calls, a name for a key */

/* shmget(2): finds the segment `name` or, with IPC_CREAT, creates it. Returns its id
 * (0 is one like any other). NULL name: IPC_PRIVATE. shmflg: IPC_CREAT, IPC_EXCL, mode
 * bits, SHM_HUGETLB with SHM_HUGE_2MB and the like, SHM_NORESERVE. Order and meaning of
 * errors are shmget's: -EEXIST, -EINVAL, -EACCES; -ENOENT, -ENOSPC, -ENOMEM, -EPERM.
 * -EINVAL as well: no valid name. */
SHMB_PUBLIC int shmb_get(struct shmb *b, const char *name, size_t size, int shmflg);

/* shmat(2) with the same flags (SHM_RDONLY, SHM_RND, SHM_REMAP, SHM_EXEC), then a check
 * that what was attached is what the broker named (key, size, creator), since ids come
 * back. -ESTALE: it is not, and is detached again. -EXDEV: the broker lives in another
 * IPC namespace, nothing was attached. */
SHMB_PUBLIC int shmb_at(struct shmb *b, int id, const void *address, int shmflg, void **ret);

/* shmdt(2). */
SHMB_PUBLIC int shmb_dt(const void *address);

/* shmctl(2). IPC_STAT fills every field, with the pid, uid and gid of the client that
 * the segment was created for as shm_cpid, cuid and cgid. IPC_SET takes uid, gid and
 * mode from buf. IPC_RMID, SHM_LOCK, SHM_UNLOCK. IPC_INFO, SHM_INFO, SHM_STAT and
 * SHM_STAT_ANY go to the kernel as they are and return what it returns. */
SHMB_PUBLIC int shmb_ctl(struct shmb *b, int id, int command, struct shmid_ds *buf);

/* IPC_RMID. */
SHMB_PUBLIC int shmb_rm(struct shmb *b, int id);

/* The segment's size in bytes. */
SHMB_PUBLIC int64_t shmb_size(struct shmb *b, int id);

/* ------------------------------------------- in the words of the interface */

/* Segments come as one block of memory, as they were when the broker answered: give it
 * back with shmb_segment_free(). Every ret below may be NULL. */
SHMB_PUBLIC void shmb_segment_free(struct shmb_segment *segment); /* takes NULL */

/* Which segment: by name where it is not NULL, else by id. One that is not there is
 * -ENOENT by name, -EINVAL by id. */
struct shmb_which {
        const char *name;
        int id;
};

enum {
        SHMB_EXCLUSIVE = 1 << 0,   /* create: -EEXIST where it exists */
        SHMB_NORESERVE = 1 << 1,   /* create: SHM_NORESERVE */
        SHMB_WRITE = 1 << 2,       /* open, map: to write as well */
        SHMB_REPLACE = 1 << 3,     /* rename: remove what has the new name, in the same step */
        SHMB_CREATE = 1 << 4,      /* map: create it where it does not exist */
        SHMB_HUGE_ADVICE = 1 << 5, /* map: ask for transparent huge pages, madvise(2) */
};

/* Beyond name and size; zeroed it means the defaults. */
struct shmb_create_options {
        mode_t mode;             /* 0: 0600; to really have 0, shmb_set() it */
        int flags;               /* SHMB_EXCLUSIVE, SHMB_NORESERVE */
        int lifetime;            /* enum shmb_lifetime */
        uint64_t huge_page_size; /* bytes; 0: normal pages, 1: the system's default huge page */
        const struct shmb_label *labels;
        size_t labels_count;
};

/* Finds or creates, like shmb_get() with IPC_CREAT; NULL name: private. options may be
 * NULL; ret_created as well: whether it was created by this call. */
SHMB_PUBLIC int shmb_create(struct shmb *b, const char *name, uint64_t size,
                            const struct shmb_create_options *options, struct shmb_segment **ret,
                            bool *ret_created);
/* Finds one that this user may attach to read, with SHMB_WRITE to read and write. size:
 * at least so many bytes (-EINVAL), 0: any. -ENOENT, -EACCES. */
SHMB_PUBLIC int shmb_open(struct shmb *b, const char *name, uint64_t size, int flags,
                          struct shmb_segment **ret);
/* -EACCES: this user may not read it. */
SHMB_PUBLIC int shmb_stat(struct shmb *b, struct shmb_which which, struct shmb_segment **ret);

/* What shall change: -1 in uid, gid, mode and a NULL for labels leave what is there.
 * Labels are replaced as a whole, by none where labels_count is 0. */
struct shmb_changes {
        uid_t uid;
        gid_t gid;
        mode_t mode;
        const struct shmb_label *labels;
        size_t labels_count;
};
#define SHMB_NO_CHANGES                                                                            \
        { (uid_t) - 1, (gid_t) -1, (mode_t) -1, NULL, 0 }

/* These are for the owner, the creator and root, others get -EPERM. For an adopted
 * segment uid, gid and mode are set by this process itself, shmctl(2); so it is with
 * lock, unlock and remove. */
SHMB_PUBLIC int shmb_set(struct shmb *b, struct shmb_which which,
                         const struct shmb_changes *changes, struct shmb_segment **ret);
SHMB_PUBLIC int shmb_lock(struct shmb *b, struct shmb_which which, struct shmb_segment **ret);
SHMB_PUBLIC int shmb_unlock(struct shmb *b, struct shmb_which which, struct shmb_segment **ret);
/* flags: SHMB_REPLACE; without it -EEXIST where the new name is taken. */
SHMB_PUBLIC int shmb_rename(struct shmb *b, const char *name, const char *to, int flags,
                            struct shmb_segment **ret);
/* The name is free at once, the memory with the last detach. *ret is NULL where it was
 * removed by id and the broker's word about it was lost. */
SHMB_PUBLIC int shmb_remove(struct shmb *b, struct shmb_which which, struct shmb_segment **ret);

/* Give a name to a segment made elsewhere, by its key (-ENOENT) or its id (-EINVAL). For
 * its owner, its creator and root. */
SHMB_PUBLIC int shmb_adopt_key(struct shmb *b, const char *name, key_t key,
                               const struct shmb_label *labels, size_t labels_count,
                               struct shmb_segment **ret);
SHMB_PUBLIC int shmb_adopt_id(struct shmb *b, const char *name, int id,
                              const struct shmb_label *labels, size_t labels_count,
                              struct shmb_segment **ret);

/* Calls back with every segment that this user may read and that matches (NULL: all), in
 * the order of names, private ones last, until the callback returns non-zero, which is
 * returned. The segment is the callback's only while it runs; it may use b. The timeout
 * is for each segment anew. -EINVAL: a bad pattern. -ECONNRESET: the broker went away
 * in the middle. */
SHMB_PUBLIC int shmb_list(struct shmb *b, const char *pattern,
                          int (*found)(const struct shmb_segment *segment, void *context),
                          void *context);

struct shmb_limits {
        int64_t segments;
        int64_t segment_size; /* bytes */
        int64_t total_size;   /* bytes */
        int64_t segments_per_user;
        int64_t size_per_user; /* bytes */
        int64_t connections;
        int64_t connections_per_user;
        int64_t watches_per_user;
        int64_t message_size; /* bytes */
};

struct shmb_status {
        pid_t pid;
        uid_t uid;
        int64_t started_at;     /* seconds since the epoch */
        uint64_t ipc_namespace; /* inode, 0: unknown */
        int64_t segments;
        int64_t total_size; /* bytes */
        int64_t connections, watchers;
        int64_t requests, errors; /* since the start */
        struct shmb_limits limits;
};

SHMB_PUBLIC int shmb_get_status(struct shmb *b, struct shmb_status *ret);

/* ----------------------------------------------------------------- mapping */

/* Opens (or, with SHMB_CREATE, creates with `options`) the segment and attaches it in
 * one step; SHMB_WRITE to write as well. size 0: whatever it has. Where the name becomes
 * another segment's in between, it is that one. ret_size, in bytes, may be NULL. Errors
 * are those of shmb_create() or shmb_open(), and of shmb_at(); one that was created
 * stays where it can't be attached. */
SHMB_PUBLIC int shmb_map(struct shmb *b, const char *name, uint64_t size, int flags,
                         const struct shmb_create_options *options, void **ret, uint64_t *ret_size);
/* Detaches. */
SHMB_PUBLIC int shmb_unmap(void *address);

#ifdef __cplusplus
}
#endif
