#include "access.h"

#include "peer.h"

#include <sys/stat.h>

#define ACCESS_READ  (S_IRUSR | S_IRGRP | S_IROTH)
#define ACCESS_WRITE (S_IWUSR | S_IWGRP | S_IWOTH)

static bool may(const struct peer *peer, const struct ipc_perm *perm, uid_t cuid, gid_t cgid,
                mode_t wanted) {
        mode_t asked = (wanted >> 6 | wanted >> 3 | wanted) & S_IRWXO;
        mode_t granted = perm->mode;

        if (peer->uid == 0)
                return true;
        if (peer->uid == cuid || peer->uid == perm->uid)
                granted >>= 6;
        else if (peer_in_group(peer, cgid) || peer_in_group(peer, perm->gid))
                granted >>= 3;
        return (asked & ~granted) == 0;
}

bool access_may(const struct peer *peer, const struct shmid_ds *ds,
                const struct access_creator *creator, mode_t wanted) {
        const struct ipc_perm *perm = &ds->shm_perm;

        return may(peer, perm, creator != NULL ? creator->uid : perm->cuid,
                   creator != NULL ? creator->gid : perm->cgid, wanted);
}

bool access_may_attach(const struct peer *peer, const struct shmid_ds *ds, bool write) {
        return access_may(peer, ds, NULL, write ? ACCESS_READ | ACCESS_WRITE : ACCESS_READ);
}

bool access_owns(const struct peer *peer, const struct shmid_ds *ds,
                 const struct access_creator *creator) {
        return peer->uid == 0 || peer->uid == ds->shm_perm.uid ||
               peer->uid == (creator != NULL ? creator->uid : ds->shm_perm.cuid);
}
