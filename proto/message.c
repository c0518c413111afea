#include "message.h"

#include "buffer.h"
#include "error.h"
#include "fields.h"
#include "writer.h"

#include <cjson/cJSON.h>

static const struct field call_items[] = {
        STRING_FIELD(struct call, method, "method", FIELD_REQUIRED),
        OBJECT_FIELD(struct call, parameters, "parameters", FIELD_OPTIONAL),
        BOOLEAN_FIELD(struct call, oneway, "oneway", FIELD_OPTIONAL),
        BOOLEAN_FIELD(struct call, more, "more", FIELD_OPTIONAL),
        BOOLEAN_FIELD(struct call, upgrade, "upgrade", FIELD_OPTIONAL),
};
static const struct fields call_fields = FIELDS(call_items);

static const struct field reply_items[] = {
        STRING_FIELD(struct reply, error, "error", FIELD_OPTIONAL),
        OBJECT_FIELD(struct reply, parameters, "parameters", FIELD_OPTIONAL),
        BOOLEAN_FIELD(struct reply, continues, "continues", FIELD_OPTIONAL),
};
static const struct fields reply_fields = FIELDS(reply_items);

static int envelope_read(const struct fields *fields, const struct cJSON *document, void *ret,
                         const char **ret_reason) {
        struct decoding decoding = {0};

        if ((document->type & 0xff) != cJSON_Object) {
                *ret_reason = "it is not an object";
                return -ERROR_MALFORMED;
        }
        if (fields_decode(fields, document, false, ret, &decoding) < 0) {
                *ret_reason = "a member of the envelope is missing or of the wrong type";
                return -ERROR_MALFORMED;
        }
        return 0;
}

int call_read(const struct cJSON *document, struct call *ret, const char **ret_reason) {
        return envelope_read(&call_fields, document, ret, ret_reason);
}

int reply_read(const struct cJSON *document, struct reply *ret, const char **ret_reason) {
        return envelope_read(&reply_fields, document, ret, ret_reason);
}

/* `parameters` is there even when it is empty: some readers want it. */
static void parameters_write(struct buffer *out, const struct fields *fields,
                             const void *parameters) {
        if (fields)
                fields_encode(out, fields, parameters);
        else
                writer_raw(out, "{}");
}

static void end_write(struct buffer *out) {
        buffer_append(out, "}", sizeof("}"));
}

void call_write(struct buffer *out, const char *method, const struct fields *fields,
                const void *parameters, bool more) {
        writer_raw(out, "{\"method\":");
        writer_string(out, method);
        writer_raw(out, ",\"parameters\":");
        parameters_write(out, fields, parameters);
        if (more)
                writer_raw(out, ",\"more\":true");
        end_write(out);
}

void reply_begin(struct buffer *out) {
        writer_raw(out, "{\"parameters\":");
}

void reply_end(struct buffer *out, bool continues) {
        if (continues)
                writer_raw(out, ",\"continues\":true");
        end_write(out);
}

void reply_write(struct buffer *out, const struct fields *fields, const void *parameters,
                 bool continues) {
        reply_begin(out);
        parameters_write(out, fields, parameters);
        reply_end(out, continues);
}
