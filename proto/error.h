/*
 * The one vocabulary of errors: a code, the Varlink error that carries it, the
 * errno that stands for it in C, and a sentence for people. A row for each in
 * error.c; nobody else knows any of the four.
 *
 * Functions of this project return 0 or a negated error_code, and describe what
 * went wrong in a struct error, whose strings are borrowed: they live as long as
 * the request (or the static text) that they were taken from.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buffer;
struct cJSON;

enum error_code {
        ERROR_NONE = 0,

        /* org.varlink.service */
        ERROR_INTERFACE_NOT_FOUND,
        ERROR_METHOD_NOT_FOUND,
        ERROR_METHOD_NOT_IMPLEMENTED,
        ERROR_INVALID_PARAMETER,
        ERROR_PERMISSION_DENIED,
        ERROR_EXPECTED_MORE,

        /* io.shmbroker */
        ERROR_NOT_FOUND,
        ERROR_EXISTS,
        ERROR_INVALID_NAME,
        ERROR_INVALID_SIZE,
        ERROR_ACCESS_DENIED,
        ERROR_NOT_OWNER,
        ERROR_ADOPTED,
        ERROR_NAME_RESERVED,
        ERROR_LIMIT_EXCEEDED,
        ERROR_NO_MEMORY,
        ERROR_TIMED_OUT,
        ERROR_SYSTEM,

        /* never on the wire */
        ERROR_MALFORMED, /* a message that is no Varlink message: the connection ends */
        ERROR_TOO_LARGE, /* a message, or a buffer, beyond its bound: likewise */
        ERROR_UNKNOWN,   /* a peer's error that this table does not have */

        ERROR_CODES,
};

/* What went wrong, with whatever the error's parameters on the wire need. Only the
 * members that the code's row in error.c names are looked at; the rest stays zero.
 * id is FIELD_ABSENT where the segment was asked for by name. */
struct error {
        enum error_code code;
        const char *name; /* of the segment, or of the method or interface not found */
        int64_t id;
        const char *reason; /* InvalidName; ERROR_MALFORMED: what is wrong, for the log */
        const char *parameter;
        const char *limit;
        int64_t used;
        int64_t size, minimum, maximum; /* bytes */
        int64_t number;                 /* errno of SystemError */
        const char *message;            /* of SystemError: what failed, without the text of errno */
};

/* Fill an error and return its negated code, so that a refusal is one line:
 * `return error_not_found(ret_error, name, id);` */
int error_plain(struct error *ret, enum error_code code);
int error_of_segment(struct error *ret, enum error_code code, const char *name, int64_t id);
int error_invalid_parameter(struct error *ret, const char *parameter);
int error_invalid_name(struct error *ret, const char *name, const char *reason);
int error_invalid_size(struct error *ret, int64_t size, int64_t minimum, int64_t maximum);
int error_limit(struct error *ret, const char *limit, int64_t used, int64_t maximum);
int error_system(struct error *ret, int errno_value, const char *message);

/* The full name on the wire ("io.shmbroker.NotFound"), NULL where it never goes there. */
const char *error_wire_name(enum error_code code);

/* The errno of this error, positive: that of `number` for SystemError, ENOMEM for
 * the limits memlock (EPERM where that is 0) and hugepages, ENOSPC for the others
 * (shmget(2), shmctl(2)). */
int error_errno(const struct error *error);

/* One sentence without a full stop, always terminated, cut where it does not fit, without
 * control characters whatever a peer sent: "there is no segment \"cam/still\"". */
void error_sentence(const struct error *error, char *text, size_t size_bytes);

/* Appends the whole error reply, with its NUL. */
void error_write(struct buffer *out, const struct error *error);

/* Reads an error reply's name and parameters; ERROR_UNKNOWN (and `message` = the
 * wire name) where the table does not have it. Strings are borrowed from the document. */
void error_read(struct error *ret, const char *wire_name, const struct cJSON *parameters);
