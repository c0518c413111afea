#include "adopted.h"

#include "connect.h"
#include "failure.h"
#include "namespace.h"

#include <errno.h>

int adopted_control(struct shmb *b, int id, int command, struct shmid_ds *ds) {
        int r = namespace_check(b);
        if (r < 0)
                return r;
        if (shmctl(id, command, ds) < 0)
                return failure_system(errno, "the segment was made elsewhere, shmctl");
        return 0;
}

int adopted_set(struct shmb *b, int id, uid_t uid, gid_t gid, mode_t mode) {
        struct shmid_ds ds;

        int r = namespace_check(b);
        if (r < 0)
                return r;
        /* It finds by the id's index alone, but also where the mode keeps even the owner
         * from reading. */
        int found = shmctl(id, SHM_STAT_ANY, &ds);
        if (found != id)
                return failure_system(found < 0 ? errno : EINVAL,
                                      "the segment was made elsewhere, shmctl");

        if (uid != (uid_t) -1)
                ds.shm_perm.uid = uid;
        if (gid != (gid_t) -1)
                ds.shm_perm.gid = gid;
        if (mode != (mode_t) -1)
                ds.shm_perm.mode = mode;
        return adopted_control(b, id, IPC_SET, &ds);
}
