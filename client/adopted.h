/*
 * What the broker can't do to a segment that was made elsewhere: its owner does it here,
 * with shmctl(2), since only the kernel knows him. -EXDEV where the id means nothing in
 * this process' IPC namespace, else what shmctl(2) returns.
 */
#pragma once

#include <sys/shm.h>
#include <sys/types.h>

struct shmb;

/* IPC_SET, IPC_RMID, SHM_LOCK, SHM_UNLOCK. */
int adopted_control(struct shmb *b, int id, int command, struct shmid_ds *ds);

/* IPC_SET; (uid_t) -1, (gid_t) -1 and (mode_t) -1 leave what is there. */
int adopted_set(struct shmb *b, int id, uid_t uid, gid_t gid, mode_t mode);
