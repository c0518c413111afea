#include "sysv.h"

#include "argument.h"
#include "exchange.h"
#include "failure.h"
#include "shmbroker.h"

#include "proto/method.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/stat.h>

#define ACCESS_BITS (S_IRWXU | S_IRWXG | S_IRWXO)

/* 2^52 bytes: no machine has such pages, but a call can carry their size. */
#define HUGE_PAGE_SHIFT_MAX 52U

void sysv_create_request(struct create_request *ret, const char *name, size_t size_bytes,
                         int shmflg) {
        unsigned shift = (unsigned) shmflg >> HUGETLB_FLAG_ENCODE_SHIFT & HUGETLB_FLAG_ENCODE_MASK;
        int64_t huge_page_size = FIELD_ABSENT;

        if (shmflg & SHM_HUGETLB)
                huge_page_size = shift == 0 ? 1 : INT64_C(1) << MIN(shift, HUGE_PAGE_SHIFT_MAX);

        *ret = (struct create_request){
                .name = name,
                .size = (int64_t) size_bytes,
                .mode = shmflg & ACCESS_BITS,
                .exclusive = name && (shmflg & IPC_EXCL),
                .lifetime = -1,
                .huge_page_size = huge_page_size,
                .no_reserve = shmflg & SHM_NORESERVE,
        };
}

/* A size that no call can carry, and no segment has: what shmget(2) says then. */
static int sysv_get_oversized(struct shmb *b, const char *name, size_t size_bytes, int shmflg) {
        struct open_request request = {.name = name, .size = FIELD_ABSENT, .mode = 0};
        struct exchange exchange;

        if (name) {
                int r = exchange_segment(b, METHOD_FIND, &request, EXCHANGE_REPEAT, &exchange);
                free(exchange.segment);
                if (r == 0 && (shmflg & IPC_CREAT) && (shmflg & IPC_EXCL))
                        return failure_text(EEXIST, "segment \"%s\" exists", name);
                if (r < 0 && !(exchange.refusal == ERROR_NOT_FOUND && (shmflg & IPC_CREAT)))
                        return r;
        }
        return argument_size(size_bytes);
}

int shmb_get(struct shmb *b, const char *name, size_t size, int shmflg) {
        struct create_request create;
        struct open_request open = {
                .name = name,
                .size = (int64_t) size,
                .mode = shmflg & ACCESS_BITS,
        };
        char token[EXCHANGE_TOKEN_BYTES];
        struct exchange exchange;
        int r;

        if (name && (r = argument_name(name)) < 0)
                return r;
        if (size > FIELD_INTEGER_MAX)
                return sysv_get_oversized(b, name, size, shmflg);

        if (!name || (shmflg & IPC_CREAT)) {
                sysv_create_request(&create, name, size, shmflg);
                create.token = token;
                r = exchange_token(token);
                if (r == 0)
                        r = exchange_segment(b, METHOD_CREATE, &create, EXCHANGE_REPEAT, &exchange);
        } else
                r = exchange_segment(b, METHOD_FIND, &open, EXCHANGE_REPEAT, &exchange);
        if (r < 0)
                return r;

        int id = exchange.segment->id;
        free(exchange.segment);
        return id;
}

void sysv_describe(struct shmid_ds *ret, const struct shmb_segment *segment) {
        bool adopted = segment->adopted;

        memset(ret, 0, sizeof *ret);
        ret->shm_perm.__key = (key_t) segment->key;
        ret->shm_perm.uid = segment->uid;
        ret->shm_perm.gid = segment->gid;
        ret->shm_perm.cuid = adopted ? segment->cuid : segment->creator.uid;
        ret->shm_perm.cgid = adopted ? segment->cgid : segment->creator.gid;
        ret->shm_perm.mode = segment->mode | (segment->removed ? SHM_DEST : 0) |
                             (segment->locked ? SHM_LOCKED : 0);
        ret->shm_perm.__seq = (unsigned short) segment->seq;
        ret->shm_segsz = segment->size;
        ret->shm_atime = segment->atime;
        ret->shm_dtime = segment->dtime;
        ret->shm_ctime = segment->ctime;
        ret->shm_cpid = adopted ? segment->cpid : segment->creator.pid;
        ret->shm_lpid = segment->lpid;
        ret->shm_nattch = segment->nattch;
}

static int sysv_stat(struct shmb *b, int id, struct shmid_ds *buf) {
        struct shmb_segment *segment;

        int r = shmb_stat(b, (struct shmb_which){.id = id}, &segment);
        if (r < 0)
                return r;
        if (buf)
                sysv_describe(buf, segment);
        else
                r = failure_system(EFAULT, "shmid_ds");
        free(segment);
        return r;
}

static int sysv_set(struct shmb *b, int id, const struct shmid_ds *buf) {
        if (!buf)
                return failure_system(EFAULT, "shmid_ds");

        struct shmb_changes changes = {
                .uid = buf->shm_perm.uid,
                .gid = buf->shm_perm.gid,
                .mode = buf->shm_perm.mode & ACCESS_BITS,
        };
        bool is_valid = changes.uid != (uid_t) -1 && changes.gid != (gid_t) -1;
        if (!is_valid) /* what shmctl(2) looks at only then: whether the caller may */
                changes = (struct shmb_changes) SHMB_NO_CHANGES;
        int r = shmb_set(b, (struct shmb_which){.id = id}, &changes, NULL);
        return r < 0 || is_valid ? r : failure_text(EINVAL, "-1 is no user or group");
}

int shmb_ctl(struct shmb *b, int id, int command, struct shmid_ds *buf) {
        struct shmb_which which = {.id = id};
        int r;

        switch (command) {
        case IPC_STAT:
                return sysv_stat(b, id, buf);
        case IPC_SET:
                return sysv_set(b, id, buf);
        case IPC_RMID:
                return shmb_rm(b, id);
        case SHM_LOCK:
                return shmb_lock(b, which, NULL);
        case SHM_UNLOCK:
                return shmb_unlock(b, which, NULL);
        case IPC_INFO:
        case SHM_INFO:
        case SHM_STAT:
        case SHM_STAT_ANY:
                r = shmctl(id, command, buf);
                return r < 0 ? failure_system(errno, "shmctl") : r;
        default:
                return failure_text(EINVAL, "shmctl(2) has no command %d", command);
        }
}

int shmb_rm(struct shmb *b, int id) {
        return shmb_remove(b, (struct shmb_which){.id = id}, NULL);
}

int64_t shmb_size(struct shmb *b, int id) {
        struct shmb_segment *segment;

        int r = shmb_stat(b, (struct shmb_which){.id = id}, &segment);
        if (r < 0)
                return r;
        int64_t size_bytes = (int64_t) segment->size;
        free(segment);
        return size_bytes;
}
