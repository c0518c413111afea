/*
 * The only place that calls shmget(2) and shmctl(2). Facts of the kernel, no
 * policy: it knows nothing of names or peers, never attaches, and may be used from
 * any thread. Everything here returns 0 or a negated errno of the system call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/shm.h>
#include <sys/types.h>

/* What stays the same as long as a segment lives, and tells it from another that
 * came by its id or its key later. */
struct segment_identity {
        int id;
        key_t key; /* 0 once it is marked for destruction */
        uint64_t size_bytes;
        pid_t cpid;
        uid_t cuid;
};

/* Always new: IPC_CREAT | IPC_EXCL where key is not IPC_PRIVATE, with mode 0, so that
 * nobody gets in before segment_set(). flags: SHM_HUGETLB and its size, SHM_NORESERVE.
 * -EEXIST where the key is taken, otherwise as shmget(2). */
int segment_create(key_t key, uint64_t size_bytes, int flags, int *ret_id);

/* Whatever its mode. -ENOENT. */
int segment_find(key_t key, int *ret_id);

/* IPC_STAT, by SHM_STAT_ANY where its mode keeps even the creator from reading.
 * -EINVAL or -EIDRM: there is none (any more). */
int segment_stat(int id, struct shmid_ds *ret);

/* Is what the kernel has now (`found`) the one that was recorded? A key of 0 together
 * with SHM_DEST passes: that is how the kernel marks a removed one. So does a cpid of
 * 0: one that our PID namespace does not see. */
bool segment_is(const struct segment_identity *recorded, int id, const struct shmid_ds *found);
void segment_identify(int id, const struct shmid_ds *found, struct segment_identity *ret);

/* IPC_SET. (uid_t) -1, (gid_t) -1 and (mode_t) -1 leave what is there, read first. */
int segment_set(int id, uid_t uid, gid_t gid, mode_t mode);

/* Locking is quick, and no page is faulted in; unlocking looks at every page that is in
 * memory: may take long. -EPERM, -ENOMEM: RLIMIT_MEMLOCK. */
int segment_lock(int id, bool lock);
/* IPC_RMID. Where nobody is attached it frees the pages: may take long. */
int segment_remove(int id);

/* Calls back with every segment of the IPC namespace, by SHM_STAT_ANY, until the
 * callback returns non-zero, which is returned. */
int segment_scan(int (*found)(int id, const struct shmid_ds *ds, void *context), void *context);

/* SHM_DEST, SHM_LOCKED in mode: what <sys/shm.h> only has with the right feature macros. */
bool segment_is_removed(const struct shmid_ds *ds);
bool segment_is_locked(const struct shmid_ds *ds);

/* Largest and smallest size that the kernel takes now, bytes. */
void segment_size_bounds(uint64_t *ret_minimum, uint64_t *ret_maximum);

/* What the IPC namespace holds, and its bounds: shmmni and shmall. */
struct segment_usage {
        uint64_t ids, ids_maximum;
        uint64_t pages, pages_maximum;
};
int segment_usage(struct segment_usage *ret);

/* Inode of the process' IPC namespace, 0 where /proc does not tell. */
uint64_t segment_ipc_namespace(void);
