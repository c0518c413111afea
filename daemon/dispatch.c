#include "dispatch.h"

#include "config.h"
#include "interface-texts.h"
#include "peer.h"

#include "proto/json.h"
#include "proto/message.h"
#include "proto/name.h"

#include <stdlib.h>
#include <string.h>

/* Beyond this, what a List holds back is no segment any more. */
#define HELD_BYTES_MAX (64 * 1024)

static const char *const interface_names[] = {INTERFACE_SERVICE, INTERFACE_SHMBROKER, NULL};
static const char *const interface_texts[] = {interface_org_varlink_service,
                                              interface_io_shmbroker};

/* One call on its way down and back up. */
struct request {
        enum method_id method;
        struct dispatcher *dispatcher;
        struct peer *peer;
        union {
                struct create_request create;
                struct open_request open;
                struct adopt_request adopt;
                struct segment_request segment;
                struct set_request set;
                struct rename_request rename;
                struct list_request list;
                struct interface_request interface;
        } parameters;
        struct outcome outcome;
        union {
                struct segment_result segment; /* prepared: its segment is the outcome's */
                struct status_result status;
                struct info_result info;
                struct description_result description;
        } result;
        struct pending *pending;
        struct error error;
        char *interface; /* what `error` borrows: from malloc(3) */
};

static int dispatch_create(struct request *request) {
        int r = broker_create(request->dispatcher->broker, request->peer,
                              &request->parameters.create, &request->outcome, &request->error);
        request->result.segment.created = request->outcome.created;
        return r;
}

static int dispatch_open(struct request *request) {
        return broker_open(request->dispatcher->broker, request->peer, &request->parameters.open,
                           &request->outcome, &request->error);
}

static int dispatch_find(struct request *request) {
        int r = dispatch_open(request);
        /* It tells so little that it is encoded as fast as it would be found among the kept. */
        request->outcome.source.version = 0;
        return r;
}

static int dispatch_adopt(struct request *request) {
        return broker_adopt(request->dispatcher->broker, request->peer, &request->parameters.adopt,
                            &request->outcome, &request->error);
}

static int dispatch_stat(struct request *request) {
        return broker_stat(request->dispatcher->broker, request->peer, &request->parameters.segment,
                           &request->outcome, &request->error);
}

static int dispatch_set(struct request *request) {
        return broker_set(request->dispatcher->broker, request->peer, &request->parameters.set,
                          &request->outcome, &request->error);
}

static int dispatch_lock(struct request *request) {
        return broker_lock(request->dispatcher->broker, request->peer, &request->parameters.segment,
                           &request->outcome, &request->error);
}

static int dispatch_unlock(struct request *request) {
        return broker_unlock(request->dispatcher->broker, request->peer,
                             &request->parameters.segment, &request->outcome, &request->error);
}

static int dispatch_rename(struct request *request) {
        return broker_rename(request->dispatcher->broker, request->peer,
                             &request->parameters.rename, &request->outcome, &request->error);
}

static int dispatch_remove(struct request *request) {
        return broker_remove(request->dispatcher->broker, request->peer,
                             &request->parameters.segment, &request->outcome, &request->error);
}

static int dispatch_list(struct request *request) {
        const char *pattern = request->parameters.list.pattern;
        size_t pattern_bytes = pattern == NULL ? 0 : strlen(pattern);
        if (pattern_bytes > PATTERN_BYTES_MAX)
                return error_invalid_parameter(&request->error, "pattern");
        struct pending *pending = calloc(1, sizeof(*pending));
        if (pending == NULL)
                return error_plain(&request->error, ERROR_NO_MEMORY);
        pending->kind = PENDING_LIST;
        pending->has_pattern = pattern != NULL;
        if (pattern != NULL)
                memcpy(pending->pattern, pattern, pattern_bytes);
        buffer_init(&pending->held, HELD_BYTES_MAX);
        request->pending = pending;
        return DISPATCH_PENDING;
}

static int dispatch_get_status(struct request *request) {
        const struct traffic *traffic = &request->dispatcher->traffic;
        struct status_result *status = &request->result.status;
        broker_status(request->dispatcher->broker, status);
        status->connections = traffic->connections;
        status->watchers = traffic->watchers;
        status->requests = traffic->requests;
        status->errors = traffic->errors;
        return 0;
}

static int dispatch_get_info(struct request *request) {
        request->result.info = (struct info_result){
                .vendor = "shmbroker",
                .product = "shmbrokerd",
                .version = SHMBROKER_VERSION,
                .url = "https://github.com/shmbroker/shmbroker",
                .interfaces = interface_names,
        };
        return 0;
}

/* Its text, NULL where it is none of ours. */
static const char *dispatch_find_interface(const char *name, size_t length_bytes) {
        for (size_t i = 0; interface_names[i] != NULL; i++)
                if (strlen(interface_names[i]) == length_bytes &&
                    memcmp(interface_names[i], name, length_bytes) == 0)
                        return interface_texts[i];
        return NULL;
}

static int dispatch_no_interface(struct request *request, const char *name, size_t length_bytes) {
        request->interface = strndup(name, length_bytes);
        if (request->interface == NULL)
                return error_plain(&request->error, ERROR_NO_MEMORY);
        return error_of_segment(&request->error, ERROR_INTERFACE_NOT_FOUND, request->interface,
                                FIELD_ABSENT);
}

static int dispatch_get_interface_description(struct request *request) {
        const char *name = request->parameters.interface.interface;
        const char *text = dispatch_find_interface(name, strlen(name));
        if (text == NULL)
                return dispatch_no_interface(request, name, strlen(name));
        request->result.description.description = text;
        return 0;
}

/* Each leaves what methods[].result describes in request->result and returns 0, or makes
 * request->pending and returns DISPATCH_PENDING, or returns BROKER_WORK or a negated
 * error_code. A method without a row is answered MethodNotImplemented. */
static int (*const handlers[METHODS])(struct request *request) = {
        [METHOD_CREATE] = dispatch_create,
        [METHOD_OPEN] = dispatch_open,
        [METHOD_FIND] = dispatch_find,
        [METHOD_ADOPT] = dispatch_adopt,
        [METHOD_STAT] = dispatch_stat,
        [METHOD_SET] = dispatch_set,
        [METHOD_LOCK] = dispatch_lock,
        [METHOD_UNLOCK] = dispatch_unlock,
        [METHOD_RENAME] = dispatch_rename,
        [METHOD_REMOVE] = dispatch_remove,
        [METHOD_LIST] = dispatch_list,
        [METHOD_GET_STATUS] = dispatch_get_status,
        [METHOD_GET_INFO] = dispatch_get_info,
        [METHOD_GET_INTERFACE_DESCRIPTION] = dispatch_get_interface_description,
};

/* Of a method that is not in the table: is at least its interface one of ours? */
static int dispatch_no_method(struct request *request, const char *method) {
        const char *dot = strrchr(method, '.');
        size_t interface_bytes = dot == NULL ? strlen(method) : (size_t) (dot - method);
        if (dispatch_find_interface(method, interface_bytes) == NULL)
                return dispatch_no_interface(request, method, interface_bytes);
        return error_of_segment(&request->error, ERROR_METHOD_NOT_FOUND, method, FIELD_ABSENT);
}

static int dispatch_check(struct request *request, const struct call *call,
                          struct decoding *decoding) {
        enum method_id method = method_find(call->method);
        if (method == METHODS)
                return dispatch_no_method(request, call->method);
        request->method = method;
        if (handlers[method] == NULL || call->upgrade)
                return error_of_segment(&request->error, ERROR_METHOD_NOT_IMPLEMENTED, call->method,
                                        FIELD_ABSENT);
        if (methods[method].needs_more && !call->more)
                return error_plain(&request->error, ERROR_EXPECTED_MORE);
        if (fields_decode(methods[method].request, call->parameters, true, &request->parameters,
                          decoding) < 0)
                return error_invalid_parameter(&request->error, decoding->parameter);
        return 0;
}

/* Takes the work away from the loop's thread, or does it here where memory is short:
 * the broker has begun it. */
static int dispatch_defer(struct request *request) {
        struct pending *pending = calloc(1, sizeof(*pending));
        if (pending == NULL) {
                struct work work = request->outcome.work;
                work_run(&work);
                return broker_finish(request->dispatcher->broker, &work, &request->outcome,
                                     &request->error);
        }
        pending->kind = PENDING_WORK;
        buffer_init(&pending->held, 0);
        pending->work = request->outcome.work;
        request->pending = pending;
        return DISPATCH_PENDING;
}

static void dispatch_refuse(struct dispatcher *dispatcher, bool oneway, struct buffer *out,
                            const struct error *error) {
        dispatcher->traffic.errors++;
        if (!oneway)
                error_write(out, error);
}

static void dispatch_answer(struct request *request, struct buffer *out) {
        const struct outcome *outcome = &request->outcome;
        if (outcome->source.version != 0)
                replies_write(&request->dispatcher->replies, out, &request->result.segment,
                              &outcome->source);
        else
                reply_write(out, methods[request->method].result, &request->result, false);
}

/* Whole messages or none. */
static int dispatch_settle(struct buffer *out, size_t start_bytes) {
        if (buffer_error(out) == 0)
                return DISPATCH_DONE;
        buffer_truncate(out, start_bytes);
        return -ERROR_NO_MEMORY;
}

static int dispatch_call(struct request *request, const struct call *call, struct buffer *out) {
        struct shmb_label labels[LABELS_MAX];
        struct decoding decoding = {.labels = labels};
        int r = dispatch_check(request, call, &decoding);
        if (r == 0)
                r = handlers[request->method](request);
        if (r == BROKER_WORK && request->pending == NULL)
                r = dispatch_defer(request);
        if (request->pending != NULL) {
                request->pending->method = request->method;
                request->pending->oneway = call->oneway;
                return DISPATCH_PENDING;
        }

        size_t start_bytes = out->length_bytes;
        if (r < 0)
                dispatch_refuse(request->dispatcher, call->oneway, out, &request->error);
        else if (!call->oneway)
                dispatch_answer(request, out);
        return dispatch_settle(out, start_bytes);
}

int dispatch_message(struct dispatcher *dispatcher, struct peer *peer, const char *text,
                     size_t length_bytes, struct buffer *out, struct pending **ret_pending,
                     const char **ret_reason) {
        struct cJSON *document;
        struct call call;
        int r = json_parse(text, length_bytes, &document, ret_reason);
        if (r < 0)
                return r;
        r = call_read(document, &call, ret_reason);
        if (r == 0) {
                dispatcher->traffic.requests++;
                struct request request; /* too large to be zeroed for each call */
                request.dispatcher = dispatcher;
                request.peer = peer;
                request.outcome.source.version = 0;
                request.outcome.created = false;
                request.pending = NULL;
                request.interface = NULL;
                request.result.segment.segment = &request.outcome.segment;
                r = dispatch_call(&request, &call, out);
                free(request.interface);
                if (r == DISPATCH_PENDING)
                        *ret_pending = request.pending;
        }
        json_free(document);
        return r;
}

static int dispatch_continue_work(struct dispatcher *dispatcher, struct pending *pending,
                                  struct buffer *out) {
        struct outcome outcome = {0};
        struct error error = {0};
        size_t start_bytes = out->length_bytes;
        if (broker_finish(dispatcher->broker, &pending->work, &outcome, &error) < 0)
                dispatch_refuse(dispatcher, pending->oneway, out, &error);
        else if (!pending->oneway)
                reply_write(out, methods[pending->method].result,
                            &(struct segment_result){.segment = &outcome.segment}, false);
        return dispatch_settle(out, start_bytes);
}

/* Before the last segment is sent it must be known for the last: the end of the newest
 * reply is written when the next segment is found, or none is any more. Between slices
 * it waits in `held`. */
static int dispatch_continue_list(struct dispatcher *dispatcher, struct peer *peer,
                                  struct pending *pending, struct buffer *out,
                                  size_t high_water_bytes, unsigned budget) {
        const struct list_request list = {.pattern =
                                                  pending->has_pattern ? pending->pattern : NULL};
        struct buffer *held = &pending->held;
        struct shmb_segment segment;
        struct segment_result result = {.segment = &segment};
        struct error error = {0};
        size_t start_bytes = out->length_bytes, newest_bytes = start_bytes;
        bool open = held->length_bytes > 0;
        int r = 0;

        buffer_append(out, held->bytes, held->length_bytes);
        buffer_clear(held);
        while (budget > 0 && out->length_bytes < high_water_bytes) {
                r = broker_list(dispatcher->broker, peer, &list, &pending->cursor, &budget,
                                &segment, &error);
                if (r <= 0)
                        break;
                if (open)
                        reply_end(out, true);
                open = true;
                newest_bytes = out->length_bytes;
                reply_begin(out);
                fields_encode(out, methods[METHOD_LIST].result, &result);
        }

        if (r >= 0 && !pending->cursor.ended) {
                buffer_append(held, out->bytes + newest_bytes, out->length_bytes - newest_bytes);
                if (dispatch_settle(out, start_bytes) < 0 || buffer_error(held) < 0)
                        return -ERROR_NO_MEMORY;
                buffer_truncate(out, newest_bytes);
                return DISPATCH_PENDING;
        }
        if (open)
                reply_end(out, r < 0);
        if (r < 0)
                dispatch_refuse(dispatcher, false, out, &error);
        else if (!open)
                reply_write(out, methods[METHOD_LIST].result, &(struct segment_result){0}, false);
        return dispatch_settle(out, start_bytes);
}

int dispatch_continue(struct dispatcher *dispatcher, struct peer *peer, struct pending *pending,
                      struct buffer *out, size_t high_water_bytes, unsigned budget) {
        if (pending->kind == PENDING_WORK)
                return dispatch_continue_work(dispatcher, pending, out);
        if (pending->oneway)
                return DISPATCH_DONE; /* it does nothing but answer */
        return dispatch_continue_list(dispatcher, peer, pending, out, high_water_bytes, budget);
}

void pending_free(struct pending *pending) {
        if (pending == NULL)
                return;
        buffer_free(&pending->held);
        free(pending);
}
