/* A message as a peer sends it: what json_parse() takes is read as a call and as a reply,
 * and must be the same when it is written and read again. */
#include "fuzz.h"

#include "proto/buffer.h"
#include "proto/error.h"
#include "proto/json.h"
#include "proto/message.h"
#include "proto/method.h"
#include "proto/segment.h"
#include "proto/writer.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <string.h>

#define WRITTEN_BYTES_MAX (16 * 1024 * 1024)

union request {
        struct create_request create;
        struct open_request open;
        struct adopt_request adopt;
        struct segment_request segment;
        struct set_request set;
        struct rename_request rename;
        struct list_request list;
        struct wait_request wait;
        struct interface_request interface;
};

union result {
        struct segment_result segment;
        struct watch_result watch;
        struct status_result status;
        struct info_result info;
        struct description_result description;
};

/* Where decoding puts what is not in the struct. */
struct room {
        struct shmb_label labels[LABELS_MAX];
        struct shmb_segment segment;
};

static struct decoding decoding_into(struct room *room) {
        return (struct decoding){.labels = room->labels, .record = &room->segment};
}

static struct cJSON *parse_again(const struct buffer *buffer) {
        struct cJSON *document = NULL;
        const char *reason;

        PROMISE(buffer_error(buffer) == 0);
        PROMISE(json_parse(buffer->bytes, buffer->length_bytes, &document, &reason) == 0);
        return document;
}

static void write_value(struct buffer *out, const struct cJSON *value) {
        int type = value->type & 0xff;
        char number[64];

        if (type == cJSON_Array || type == cJSON_Object) {
                buffer_append_byte(out, type == cJSON_Array ? '[' : '{');
                for (const struct cJSON *child = value->child; child; child = child->next) {
                        if (child != value->child)
                                buffer_append_byte(out, ',');
                        if (type == cJSON_Object) {
                                writer_string(out, child->string);
                                buffer_append_byte(out, ':');
                        }
                        write_value(out, child);
                }
                buffer_append_byte(out, type == cJSON_Array ? ']' : '}');
        } else if (type == cJSON_String) {
                writer_string(out, value->valuestring);
        } else if (type == cJSON_Number) {
                snprintf(number, sizeof(number), "%.17g", value->valuedouble);
                writer_raw(out, number);
        } else if (type == cJSON_NULL) {
                writer_raw(out, "null");
        } else {
                writer_boolean(out, type == cJSON_True);
        }
}

static bool same(const struct buffer *a, const struct buffer *b) {
        return a->length_bytes == b->length_bytes &&
               memcmp(a->bytes, b->bytes, a->length_bytes) == 0;
}

static void check_values(const struct cJSON *document) {
        struct buffer once, twice;

        buffer_init(&once, WRITTEN_BYTES_MAX);
        buffer_init(&twice, WRITTEN_BYTES_MAX);
        write_value(&once, document);
        struct cJSON *again = parse_again(&once);
        write_value(&twice, again);
        PROMISE(same(&once, &twice));
        json_free(again);
        buffer_free(&once);
        buffer_free(&twice);
}

/* What was decoded, encoded, must decode to what encodes the same. */
static void check_encoding(const struct fields *fields, const void *from, void *into) {
        struct room room;
        struct decoding decoding = decoding_into(&room);
        struct buffer once, twice;

        buffer_init(&once, WRITTEN_BYTES_MAX);
        buffer_init(&twice, WRITTEN_BYTES_MAX);
        fields_encode(&once, fields, from);
        struct cJSON *again = parse_again(&once);
        PROMISE(fields_decode(fields, again, true, into, &decoding) == 0);
        fields_encode(&twice, fields, into);
        PROMISE(same(&once, &twice));
        json_free(again);
        buffer_free(&once);
        buffer_free(&twice);
}

static void check_fields(const struct fields *fields, const struct cJSON *object, void *into,
                         void *again) {
        struct room room;
        struct decoding decoding = decoding_into(&room);

        int strict = fields_decode(fields, object, true, into, &decoding);
        PROMISE(strict == 0 || (strict == -ERROR_INVALID_PARAMETER && decoding.parameter));
        int lenient = fields_decode(fields, object, false, into, &decoding);
        PROMISE(strict < 0 || lenient == 0);
        if (lenient == 0)
                check_encoding(fields, into, again);
}

static void check_call(const struct cJSON *document) {
        struct call call;
        const char *reason;

        if (call_read(document, &call, &reason) < 0)
                return;
        for (enum method_id id = 0; id < METHODS; id++) {
                union request into, again;
                check_fields(methods[id].request, call.parameters, &into, &again);
        }
        enum method_id id = method_find(call.method);
        PROMISE(id == METHODS || strcmp(methods[id].name, call.method) == 0);
}

static void check_error(const struct reply *reply) {
        struct error error, again;
        struct buffer buffer;
        struct reply read;
        const char *reason;
        char sentence[40];

        error_read(&error, reply->error, reply->parameters);
        error_sentence(&error, sentence, sizeof(sentence));
        PROMISE(memchr(sentence, '\0', sizeof(sentence)));
        PROMISE(error_errno(&error) > 0);
        if (error.code == ERROR_UNKNOWN)
                return;

        buffer_init(&buffer, WRITTEN_BYTES_MAX);
        error_write(&buffer, &error);
        PROMISE(buffer.bytes[--buffer.length_bytes] == '\0');
        struct cJSON *document = parse_again(&buffer);
        PROMISE(reply_read(document, &read, &reason) == 0);
        error_read(&again, read.error, read.parameters);
        PROMISE(again.code == error.code && again.id == error.id);
        json_free(document);
        buffer_free(&buffer);
}

/* The copy that a client keeps is the segment that was told. */
static void check_copy(const struct reply *reply) {
        const struct fields *fields = methods[METHOD_LIST].result;
        struct room room;
        struct decoding decoding = decoding_into(&room);
        struct segment_result result;
        struct shmb_segment *copy, again;

        if (fields_decode(fields, reply->parameters, false, &result, &decoding) < 0 ||
            !result.segment || segment_copy(result.segment, &copy) < 0)
                return;
        check_encoding(&segment_fields, copy, &again);
        free(copy);
}

static void check_reply(const struct cJSON *document) {
        struct reply reply;
        const char *reason;

        if (reply_read(document, &reply, &reason) < 0)
                return;
        if (reply.error) {
                check_error(&reply);
                return;
        }
        for (enum method_id id = 0; id < METHODS; id++) {
                union result into, again;
                if (id != METHOD_GET_INFO) /* its interfaces are not decoded */
                        check_fields(methods[id].result, reply.parameters, &into, &again);
        }
        check_copy(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes) {
        struct cJSON *document;
        const char *reason = NULL;

        int r = json_parse((const char *) bytes, length_bytes, &document, &reason);
        if (r < 0) {
                PROMISE(r == -ERROR_MALFORMED && reason);
                return 0;
        }
        check_values(document);
        check_call(document);
        check_reply(document);
        json_free(document);
        return 0;
}
