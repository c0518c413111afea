/*
 * The envelopes of Varlink: calls and replies. What is inside `parameters` is for
 * the tables of method.h and error.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buffer;
struct cJSON;
struct fields;

/* Borrowed from the document that it was read from. */
struct call {
        const char *method;             /* with its interface: "io.shmbroker.Stat" */
        const struct cJSON *parameters; /* an object, or NULL */
        bool oneway, more, upgrade;
};

struct reply {
        const char *error;              /* NULL: none */
        const struct cJSON *parameters; /* an object, or NULL */
        bool continues;
};

/* Both read the envelope strictly in types, and pass over members they do not know.
 * Errors: ERROR_MALFORMED, with a reason in a few words. */
int call_read(const struct cJSON *document, struct call *ret, const char **ret_reason);
int reply_read(const struct cJSON *document, struct reply *ret, const char **ret_reason);

/* Append a whole message with its NUL; `fields` may be NULL for no parameters.
 * A failure sticks to the buffer. */
void call_write(struct buffer *out, const char *method, const struct fields *fields,
                const void *parameters, bool more);
void reply_write(struct buffer *out, const struct fields *fields, const void *parameters,
                 bool continues);

/* The same in two steps, for who writes the parameters (an object) in between, or learns
 * only later whether more follows. */
void reply_begin(struct buffer *out);
void reply_end(struct buffer *out, bool continues);
