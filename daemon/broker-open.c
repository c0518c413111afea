#include "broker.h"

#include "access.h"
#include "found.h"
#include "peer.h"

int broker_open(struct broker *broker, struct peer *peer, const struct open_request *request,
                struct outcome *ret, struct error *ret_error) {
        struct found found;
        bool may;
        int r;

        if (request->mode != FIELD_ABSENT && request->write)
                return error_invalid_parameter(ret_error, "mode");
        r = found_required(broker, request->name, FIELD_ABSENT, &found, ret_error);
        if (r < 0)
                return r;
        /* In shmget(2)'s order: EINVAL, EACCES. */
        if (request->size != FIELD_ABSENT && found.ds.shm_segsz < (uint64_t) request->size)
                return error_invalid_size(ret_error, request->size, 0,
                                          (int64_t) found.ds.shm_segsz);
        may = request->mode != FIELD_ABSENT ? found_may(&found, peer, (mode_t) request->mode)
                                            : access_may_attach(peer, &found.ds, request->write);
        if (!may)
                return error_of_segment(ret_error, ERROR_ACCESS_DENIED, request->name,
                                        FIELD_ABSENT);
        found_answer(&found, found_may_read(&found, peer), ret);
        return 0;
}

int broker_stat(struct broker *broker, struct peer *peer, const struct segment_request *request,
                struct outcome *ret, struct error *ret_error) {
        struct found found;
        int r = found_required(broker, request->name, request->id, &found, ret_error);

        if (r < 0)
                return r;
        if (!found_may_read(&found, peer))
                return error_of_segment(ret_error, ERROR_ACCESS_DENIED, request->name, request->id);
        found_answer(&found, true, ret);
        return 0;
}
