#include "segment.h"

#include <errno.h>
#include <sys/stat.h>

int segment_create(key_t key, uint64_t size_bytes, int flags, int *ret_id) {
        int id;

        if (size_bytes > SIZE_MAX)
                return -EINVAL;
        id = shmget(key, (size_t) size_bytes, IPC_CREAT | IPC_EXCL | flags);
        if (id < 0)
                return -errno;
        *ret_id = id;
        return 0;
}

int segment_find(key_t key, int *ret_id) {
        int id = shmget(key, 0, 0);

        if (id < 0)
                return -errno;
        *ret_id = id;
        return 0;
}

int segment_stat(int id, struct shmid_ds *ret) {
        struct shmid_ds ds;
        int found;

        if (shmctl(id, IPC_STAT, ret) >= 0)
                return 0;
        if (errno != EACCES)
                return -errno;

        /* SHM_STAT_ANY asks for no permission. It takes an index, and the kernel cuts one
         * out of an id by itself (ipcid_to_idx()), however many bits it has; what it
         * returns is the id of the segment there. */
        found = shmctl(id, SHM_STAT_ANY, &ds);
        if (found < 0)
                return -errno;
        if (found != id)
                return -EINVAL;
        *ret = ds;
        return 0;
}

bool segment_is(const struct segment_identity *recorded, int id, const struct shmid_ds *found) {
        bool same_key = recorded->key == found->shm_perm.__key ||
                        (found->shm_perm.__key == IPC_PRIVATE && segment_is_removed(found));
        /* 0: by a process of a PID namespace that can't be seen from ours, as after the
         * restart of a container. The rest must do then. */
        bool same_cpid =
                recorded->cpid == found->shm_cpid || recorded->cpid == 0 || found->shm_cpid == 0;

        return recorded->id == id && same_key && same_cpid &&
               recorded->size_bytes == found->shm_segsz && recorded->cuid == found->shm_perm.cuid;
}

void segment_identify(int id, const struct shmid_ds *found, struct segment_identity *ret) {
        *ret = (struct segment_identity){
                .id = id,
                .key = found->shm_perm.__key,
                .size_bytes = found->shm_segsz,
                .cpid = found->shm_cpid,
                .cuid = found->shm_perm.cuid,
        };
}

int segment_set(int id, uid_t uid, gid_t gid, mode_t mode) {
        struct shmid_ds ds = {0};

        if (uid == (uid_t) -1 || gid == (gid_t) -1 || mode == (mode_t) -1) {
                int r = segment_stat(id, &ds);
                if (r < 0)
                        return r;
        }
        if (uid != (uid_t) -1)
                ds.shm_perm.uid = uid;
        if (gid != (gid_t) -1)
                ds.shm_perm.gid = gid;
        if (mode != (mode_t) -1)
                ds.shm_perm.mode = mode;
        return shmctl(id, IPC_SET, &ds) < 0 ? -errno : 0;
}

int segment_lock(int id, bool lock) {
        return shmctl(id, lock ? SHM_LOCK : SHM_UNLOCK, NULL) < 0 ? -errno : 0;
}

int segment_remove(int id) {
        return shmctl(id, IPC_RMID, NULL) < 0 ? -errno : 0;
}

int segment_scan(int (*found)(int id, const struct shmid_ds *ds, void *context), void *context) {
        struct shm_info info;
        /* The kernel fills another struct than the one of the prototype: shmctl(2). */
        int highest = shmctl(0, SHM_INFO, (struct shmid_ds *) &info);

        if (highest < 0)
                return -errno;
        for (int index = 0; index <= highest; index++) {
                struct shmid_ds ds;
                int id = shmctl(index, SHM_STAT_ANY, &ds);
                int r;

                if (id < 0) {
                        if (errno == EINVAL || errno == EIDRM) /* nothing at this index */
                                continue;
                        return -errno;
                }
                r = found(id, &ds, context);
                if (r != 0)
                        return r;
        }
        return 0;
}

bool segment_is_removed(const struct shmid_ds *ds) {
        return (ds->shm_perm.mode & SHM_DEST) != 0;
}

bool segment_is_locked(const struct shmid_ds *ds) {
        return (ds->shm_perm.mode & SHM_LOCKED) != 0;
}

void segment_size_bounds(uint64_t *ret_minimum, uint64_t *ret_maximum) {
        struct shminfo info;

        if (shmctl(0, IPC_INFO, (struct shmid_ds *) &info) < 0) {
                /* Then it is the kernel that refuses a size, in its own time. */
                *ret_minimum = 1;
                *ret_maximum = UINT64_MAX;
                return;
        }
        *ret_minimum = info.shmmin;
        *ret_maximum = info.shmmax;
}

int segment_usage(struct segment_usage *ret) {
        struct shminfo bounds;
        struct shm_info info;

        if (shmctl(0, IPC_INFO, (struct shmid_ds *) &bounds) < 0 ||
            shmctl(0, SHM_INFO, (struct shmid_ds *) &info) < 0)
                return -errno;
        *ret = (struct segment_usage){
                .ids = (uint64_t) info.used_ids,
                .ids_maximum = bounds.shmmni,
                .pages = info.shm_tot,
                .pages_maximum = bounds.shmall,
        };
        return 0;
}

uint64_t segment_ipc_namespace(void) {
        struct stat st;

        return stat("/proc/self/ns/ipc", &st) < 0 ? 0 : st.st_ino;
}
