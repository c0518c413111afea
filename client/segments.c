#include "adopted.h"
#include "argument.h"
#include "exchange.h"
#include "namespace.h"
#include "shmbroker.h"

#include "proto/method.h"

#include <stdlib.h>

/* Hands the segment to whoever wants it. */
static int segments_give(struct shmb_segment *take_segment, struct shmb_segment **ret) {
        if (ret)
                *ret = take_segment;
        else
                free(take_segment);
        return 0;
}

static int segments_call(struct shmb *b, enum method_id method, const void *request,
                         struct shmb_segment **ret) {
        struct exchange exchange;

        int r = exchange_segment(b, method, request, EXCHANGE_REPEAT, &exchange);
        return r < 0 ? r : segments_give(exchange.segment, ret);
}

static struct segment_request segments_request(struct shmb_which which) {
        return (struct segment_request){
                .name = which.name,
                .id = which.name ? FIELD_ABSENT : which.id,
        };
}

static int segments_check(struct shmb_which which) {
        return which.name ? argument_name(which.name) : 0;
}

void shmb_segment_free(struct shmb_segment *segment) {
        free(segment);
}

int shmb_create(struct shmb *b, const char *name, uint64_t size,
                const struct shmb_create_options *options, struct shmb_segment **ret,
                bool *ret_created) {
        static const struct shmb_create_options defaults;
        char token[EXCHANGE_TOKEN_BYTES];
        struct exchange exchange;

        if (!options)
                options = &defaults;
        struct create_request request = {
                .name = name,
                .size = (int64_t) size,
                .mode = options->mode == 0 ? FIELD_ABSENT : options->mode,
                .exclusive = options->flags & SHMB_EXCLUSIVE,
                .lifetime = options->lifetime == SHMB_PERSISTENT ? -1 : options->lifetime,
                .huge_page_size = (int64_t) options->huge_page_size,
                .no_reserve = options->flags & SHMB_NORESERVE,
                .labels = {options->labels, options->labels_count},
                .token = token,
        };

        int r;
        if ((name && (r = argument_name(name)) < 0) || (r = argument_size(size)) < 0 ||
            (r = argument_size(options->huge_page_size)) < 0 ||
            (r = argument_flags(options->flags, SHMB_EXCLUSIVE | SHMB_NORESERVE)) < 0 ||
            (r = argument_lifetime(options->lifetime)) < 0 ||
            (r = argument_labels(&request.labels)) < 0 || (r = exchange_token(token)) < 0 ||
            (r = exchange_segment(b, METHOD_CREATE, &request, EXCHANGE_REPEAT, &exchange)) < 0)
                return r;
        if (ret_created)
                *ret_created = exchange.created;
        return segments_give(exchange.segment, ret);
}

int shmb_open(struct shmb *b, const char *name, uint64_t size, int flags,
              struct shmb_segment **ret) {
        struct open_request request = {
                .name = name,
                .size = (int64_t) size,
                .write = flags & SHMB_WRITE,
                .mode = FIELD_ABSENT,
        };

        int r;
        if ((r = argument_name(name)) < 0 || (r = argument_size(size)) < 0 ||
            (r = argument_flags(flags, SHMB_WRITE)) < 0)
                return r;
        return segments_call(b, METHOD_OPEN, &request, ret);
}

int shmb_stat(struct shmb *b, struct shmb_which which, struct shmb_segment **ret) {
        struct segment_request request = segments_request(which);

        int r = segments_check(which);
        return r < 0 ? r : segments_call(b, METHOD_STAT, &request, ret);
}

/* The labels by the broker, and before the rest, behind which the caller may not be the
 * owner any more. */
static int segments_set_adopted(struct shmb *b, const struct set_request *request,
                                const struct shmb_changes *changes, struct shmb_segment **ret) {
        struct set_request labels = {
                .name = request->name,
                .id = request->id,
                .uid = FIELD_ABSENT,
                .gid = FIELD_ABSENT,
                .mode = FIELD_ABSENT,
                .labels = request->labels,
        };
        struct shmb_segment *segment = NULL;

        int r = namespace_check(b);
        if (r == 0)
                r = segments_call(b, METHOD_SET, &labels, &segment);
        if (r < 0)
                return r;
        r = adopted_set(b, segment->id, changes->uid, changes->gid, changes->mode);
        if (r < 0) {
                free(segment);
                return r;
        }

        if (changes->uid != (uid_t) -1)
                segment->uid = changes->uid;
        if (changes->gid != (gid_t) -1)
                segment->gid = changes->gid;
        if (changes->mode != (mode_t) -1)
                segment->mode = changes->mode;
        return segments_give(segment, ret);
}

int shmb_set(struct shmb *b, struct shmb_which which, const struct shmb_changes *changes,
             struct shmb_segment **ret) {
        struct set_request request = {
                .name = which.name,
                .id = which.name ? FIELD_ABSENT : which.id,
                .uid = changes->uid == (uid_t) -1 ? FIELD_ABSENT : changes->uid,
                .gid = changes->gid == (gid_t) -1 ? FIELD_ABSENT : changes->gid,
                .mode = changes->mode == (mode_t) -1 ? FIELD_ABSENT : changes->mode,
                .labels = {changes->labels, changes->labels_count},
        };
        struct exchange exchange;
        int r;

        if ((r = segments_check(which)) < 0 || (r = argument_labels(&request.labels)) < 0)
                return r;
        r = exchange_segment(b, METHOD_SET, &request, EXCHANGE_REPEAT, &exchange);
        if (r == 0)
                return segments_give(exchange.segment, ret);
        if (exchange.refusal == ERROR_NOT_OWNER && exchange.repeated)
                return exchange_unknown(); /* perhaps not any more, by the first attempt */
        if (exchange.refusal == ERROR_ADOPTED)
                return segments_set_adopted(b, &request, changes, ret);
        return r;
}

/* The id of an adopted segment, for which no access is needed by name. */
static int segments_id(struct shmb *b, struct shmb_which which, int *ret) {
        struct open_request request = {.name = which.name, .size = FIELD_ABSENT, .mode = 0};
        struct shmb_segment *segment;

        *ret = which.id;
        if (!which.name)
                return 0;
        int r = segments_call(b, METHOD_FIND, &request, &segment);
        if (r < 0)
                return r;
        *ret = segment->id;
        free(segment);
        return 0;
}

static int segments_lock(struct shmb *b, struct shmb_which which, enum method_id method,
                         int command, struct shmb_segment **ret) {
        struct segment_request request = segments_request(which);
        struct exchange exchange;
        int id, r;

        if ((r = segments_check(which)) < 0)
                return r;
        r = exchange_segment(b, method, &request, EXCHANGE_REPEAT, &exchange);
        if (r == 0)
                return segments_give(exchange.segment, ret);
        if (exchange.refusal != ERROR_ADOPTED)
                return r;

        if ((r = segments_id(b, which, &id)) < 0 || (r = adopted_control(b, id, command, NULL)) < 0)
                return r;
        return ret ? shmb_stat(b, which, ret) : 0;
}

int shmb_lock(struct shmb *b, struct shmb_which which, struct shmb_segment **ret) {
        return segments_lock(b, which, METHOD_LOCK, SHM_LOCK, ret);
}

int shmb_unlock(struct shmb *b, struct shmb_which which, struct shmb_segment **ret) {
        return segments_lock(b, which, METHOD_UNLOCK, SHM_UNLOCK, ret);
}

int shmb_rename(struct shmb *b, const char *name, const char *to, int flags,
                struct shmb_segment **ret) {
        char token[EXCHANGE_TOKEN_BYTES];
        struct rename_request request = {
                .name = name,
                .to = to,
                .replace = flags & SHMB_REPLACE,
                .token = token,
        };

        int r;
        if ((r = argument_name(name)) < 0 || (r = argument_name(to)) < 0 ||
            (r = argument_flags(flags, SHMB_REPLACE)) < 0 || (r = exchange_token(token)) < 0)
                return r;
        return segments_call(b, METHOD_RENAME, &request, ret);
}

static int segments_adopt(struct shmb *b, const char *name, int64_t key, int64_t id,
                          struct labels labels, struct shmb_segment **ret) {
        char token[EXCHANGE_TOKEN_BYTES];
        struct adopt_request request = {
                .name = name,
                .key = key,
                .id = id,
                .labels = labels,
                .token = token,
        };

        int r;
        if ((r = argument_name(name)) < 0 || (r = argument_labels(&labels)) < 0 ||
            (r = exchange_token(token)) < 0)
                return r;
        return segments_call(b, METHOD_ADOPT, &request, ret);
}

int shmb_adopt_key(struct shmb *b, const char *name, key_t key, const struct shmb_label *labels,
                   size_t labels_count, struct shmb_segment **ret) {
        return segments_adopt(b, name, (uint32_t) key, FIELD_ABSENT,
                              (struct labels){labels, labels_count}, ret);
}

int shmb_adopt_id(struct shmb *b, const char *name, int id, const struct shmb_label *labels,
                  size_t labels_count, struct shmb_segment **ret) {
        return segments_adopt(b, name, FIELD_ABSENT, id, (struct labels){labels, labels_count},
                              ret);
}
