#include "adopted.h"
#include "argument.h"
#include "connect.h"
#include "exchange.h"
#include "failure.h"
#include "namespace.h"
#include "shmbroker.h"

#include "proto/method.h"

#include <errno.h>
#include <stdlib.h>

/* The broker does not know the id any more, and an earlier attempt may be why. Ids come
 * back too seldom for it to be another segment by now; an adopted one, which the broker
 * only forgets, is still to be destroyed. */
static int remove_finish(struct shmb *b, int id) {
        struct known_segment known;
        struct shmid_ds ds;

        bool is_known = known_find(&b->known, id, &known);
        if (is_known && !known.adopted)
                return 0;
        int r = namespace_check(b);
        if (r < 0)
                return r;
        if (shmctl(id, IPC_STAT, &ds) < 0)
                return errno == EINVAL || errno == EIDRM ? 0 : exchange_unknown();
        if (ds.shm_perm.mode & SHM_DEST)
                return 0;
        if (is_known && known_is(&b->known, &known, &ds))
                return adopted_control(b, id, IPC_RMID, NULL);
        return exchange_unknown();
}

int shmb_remove(struct shmb *b, struct shmb_which which, struct shmb_segment **ret) {
        struct segment_request request = {
                .name = which.name,
                .id = which.name ? FIELD_ABSENT : which.id,
        };
        struct exchange exchange;

        int r = which.name ? argument_name(which.name) : 0;
        if (r < 0)
                return r;

        /* By name it is not repeated: the name may be another segment's by then. */
        r = exchange_segment(b, METHOD_REMOVE, &request,
                             which.name ? EXCHANGE_ONCE : EXCHANGE_REPEAT, &exchange);
        if (exchange.refusal == ERROR_NOT_FOUND && exchange.repeated)
                r = remove_finish(b, which.id);
        else if (r == 0 && exchange.segment->adopted) {
                r = adopted_control(b, exchange.segment->id, IPC_RMID, NULL);
                exchange.segment->removed = true;
        }

        if (r == 0 && ret)
                *ret = exchange.segment;
        else
                free(exchange.segment);
        return r;
}
