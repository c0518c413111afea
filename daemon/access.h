/*
 * The kernel's rules of permission (ipcperms() and ipcctl_obtain_check() in Linux'
 * ipc/util.c), asked for a peer instead of for ourselves. No system calls.
 */
#pragma once

#include <stdbool.h>
#include <sys/shm.h>
#include <sys/types.h>

struct peer;

/* For whom the broker made it, who counts as its creator; NULL for an adopted one,
 * whose creator is the kernel's. */
struct access_creator {
        uid_t uid;
        gid_t gid;
};

/* Access as shmget(2) and shmctl(2) would check it for the creator, the owner, their
 * groups and others. `wanted` holds mode bits in any triad; their union is asked.
 * 0 is always granted, root gets everything. */
bool access_may(const struct peer *peer, const struct shmid_ds *ds,
                const struct access_creator *creator, mode_t wanted);

/* Would shmat(2) by this peer succeed? The kernel's own creator (the broker, for what
 * it made) counts here, and ours does not. */
bool access_may_attach(const struct peer *peer, const struct shmid_ds *ds, bool write);

/* IPC_SET, IPC_RMID, SHM_LOCK: owner, creator or root. */
bool access_owns(const struct peer *peer, const struct shmid_ds *ds,
                 const struct access_creator *creator);
