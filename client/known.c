#include "known.h"

#include "shmbroker.h"

#include <stdio.h>

/* What the kernel shows for a user that the reader's user namespace does not have. */
#define OVERFLOW_UID_FILE    "/proc/sys/kernel/overflowuid"
#define OVERFLOW_UID_DEFAULT 65534

void known_init(struct known *known) {
        pthread_mutex_init(&known->lock, NULL);

        known->overflow_uid = OVERFLOW_UID_DEFAULT;
        FILE *file = fopen(OVERFLOW_UID_FILE, "re");
        if (file) {
                unsigned uid;
                if (fscanf(file, "%u", &uid) == 1)
                        known->overflow_uid = uid;
                fclose(file);
        }
}

void known_after_fork(struct known *known) {
        pthread_mutex_init(&known->lock, NULL);
}

void known_destroy(struct known *known) {
        pthread_mutex_destroy(&known->lock);
}

static struct known_segment *known_place(struct known *known, int id) {
        return &known->segments[(unsigned) id % KNOWN_SEGMENTS];
}

struct known_segment known_from(const struct shmb_segment *segment) {
        return (struct known_segment){
                .is_filled = true,
                .adopted = segment->adopted,
                .id = segment->id,
                .key = segment->key,
                .cuid = segment->cuid,
                .size_bytes = segment->size,
        };
}

void known_learn(struct known *known, const struct shmb_segment *segment) {
        pthread_mutex_lock(&known->lock);
        *known_place(known, segment->id) = known_from(segment);
        pthread_mutex_unlock(&known->lock);
}

bool known_find(struct known *known, int id, struct known_segment *ret) {
        pthread_mutex_lock(&known->lock);
        struct known_segment found = *known_place(known, id);
        pthread_mutex_unlock(&known->lock);

        if (!found.is_filled || found.id != id)
                return false;
        *ret = found;
        return true;
}

bool known_is(const struct known *known, const struct known_segment *told,
              const struct shmid_ds *found) {
        uint32_t key = (uint32_t) found->shm_perm.__key;
        bool is_removed = key == 0 && (found->shm_perm.mode & SHM_DEST);

        return (key == told->key || is_removed) && found->shm_segsz == told->size_bytes &&
               (found->shm_perm.cuid == told->cuid || found->shm_perm.cuid == known->overflow_uid);
}
