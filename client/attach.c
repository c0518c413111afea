#include "argument.h"
#include "connect.h"
#include "exchange.h"
#include "failure.h"
#include "namespace.h"
#include "shmbroker.h"

#include "proto/method.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Is what the id stands for now what the broker named? What was told before is asked
 * again before it counts against it. -ESTALE. */
static int attach_check(struct shmb *b, int id) {
        struct segment_request request = {.id = id};
        struct known_segment known;
        struct exchange exchange;
        struct shmid_ds ds;
        bool is_it = false;

        if (shmctl(id, IPC_STAT, &ds) < 0)
                return failure_system(errno, "shmctl IPC_STAT");
        if (known_find(&b->known, id, &known) && known_is(&b->known, &known, &ds))
                return 0;

        int r = exchange_segment(b, METHOD_STAT, &request, EXCHANGE_REPEAT, &exchange);
        if (r < 0 && exchange.refusal != ERROR_NOT_FOUND)
                return r;
        if (r == 0) {
                known = known_from(exchange.segment);
                is_it = known_is(&b->known, &known, &ds);
                free(exchange.segment);
        }
        return is_it ? 0 : failure_text(ESTALE, "segment %d is not the broker's any more", id);
}

static int attach(struct shmb *b, int id, const void *address, int shmflg, void **ret) {
        int r = namespace_check(b);
        if (r < 0)
                return r;

        /* SHM_REMAP throws away what was mapped there, and the check behind comes too late
         * for that. What the kernel refuses here it refuses there too, in its own order. */
        if (shmflg & SHM_REMAP) {
                r = attach_check(b, id);
                if (r < 0 && r != -EACCES && r != -EINVAL && r != -EIDRM)
                        return r;
        }

        void *attached = shmat(id, address, shmflg);
        if (attached == (void *) -1)
                return failure_system(errno, "shmat");
        r = attach_check(b, id);
        if (r < 0) {
                shmdt(attached);
                return r;
        }

        *ret = attached;
        return 0;
}

int shmb_at(struct shmb *b, int id, const void *address, int shmflg, void **ret) {
        connect_notice_fork(b);
        return attach(b, id, address, shmflg, ret);
}

int shmb_dt(const void *address) {
        return shmdt(address) < 0 ? failure_system(errno, "shmdt") : 0;
}

static int attach_find(struct shmb *b, const char *name, uint64_t size, int flags,
                       const struct shmb_create_options *options, struct shmb_segment **ret) {
        struct open_request request = {
                .name = name,
                .size = (int64_t) size,
                .write = flags & SHMB_WRITE,
                .mode = FIELD_ABSENT,
        };
        struct exchange exchange;

        if (flags & SHMB_CREATE)
                return shmb_create(b, name, size, options, ret, NULL);
        int r = argument_size(size);
        if (r == 0)
                r = exchange_segment(b, METHOD_FIND, &request, EXCHANGE_REPEAT, &exchange);
        if (r == 0)
                *ret = exchange.segment;
        return r;
}

int shmb_map(struct shmb *b, const char *name, uint64_t size, int flags,
             const struct shmb_create_options *options, void **ret, uint64_t *ret_size) {
        struct shmb_segment *segment;
        void *address = NULL;
        int gone = -1;
        bool again;

        int r = argument_name(name);
        if (r == 0)
                r = argument_flags(flags, SHMB_WRITE | SHMB_CREATE | SHMB_HUGE_ADVICE);
        if (r < 0)
                return r;

        for (;;) {
                r = attach_find(b, name, size, flags, options, &segment);
                if (r < 0)
                        return r;
                r = attach(b, segment->id, NULL, flags & SHMB_WRITE ? 0 : SHM_RDONLY, &address);
                if (r == 0)
                        break;

                /* Removed or replaced since the broker answered: the name may be another
                 * segment's by now. */
                again = (r == -EINVAL || r == -EIDRM || r == -ESTALE) && segment->id != gone;
                gone = segment->id;
                free(segment);
                if (!again)
                        return r;
        }

        if (flags & SHMB_HUGE_ADVICE)
                madvise(address, segment->size, MADV_HUGEPAGE);
        *ret = address;
        if (ret_size)
                *ret_size = segment->size;
        free(segment);
        return 0;
}

int shmb_unmap(void *address) {
        return shmb_dt(address);
}
