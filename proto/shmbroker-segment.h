/*
 * What the broker tells of a segment: the public struct, and the only one. Included
 * by shmbroker.h; the codec is proto/segment.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What ends a segment that nobody removes; see io.shmbroker.varlink, type Lifetime. */
enum shmb_lifetime {
        SHMB_PERSISTENT,
        SHMB_PROCESS,
        SHMB_UNIT,
        SHMB_ATTACHED,
};

struct shmb_label {
        const char *key;
        const char *value;
};

/* A segment as it was when the broker answered: every figure read from the kernel
 * at that moment, shmctl(2) IPC_STAT. Sizes are bytes, times seconds since the
 * epoch, 0 for never. Newer versions may append members. */
struct shmb_segment {
        const char *name; /* NULL: private */
        int id;           /* what shmat(2) takes */
        uint32_t key;     /* 0: IPC_PRIVATE */
        uint64_t size;    /* bytes */
        mode_t mode;      /* the nine permission bits */
        uid_t uid;        /* owner */
        gid_t gid;
        uid_t cuid; /* creator in the kernel's sense: the broker */
        gid_t cgid;
        uint32_t seq;
        int64_t atime;      /* last attach */
        int64_t dtime;      /* last detach */
        int64_t ctime;      /* last change */
        pid_t cpid;         /* process that called shmget(2) */
        pid_t lpid;         /* process of the last attach or detach */
        uint64_t nattch;    /* attaches now */
        bool locked;        /* SHM_LOCKED */
        bool removed;       /* SHM_DEST: gone at the last detach */
        uint64_t page_size; /* bytes */
        int lifetime;       /* enum shmb_lifetime */
        struct {
                uid_t uid;
                gid_t gid;
                pid_t pid;
                const char *command; /* NULL: unknown */
                const char *unit;    /* NULL: none, or unknown */
        } creator;                   /* the client that it was made for */
        int64_t created_at;
        bool adopted; /* made elsewhere */
        struct {
                const struct shmb_label *items;
                size_t count;
        } labels;
};

#ifdef __cplusplus
}
#endif
