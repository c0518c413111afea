#include "error.h"

#include "buffer.h"
#include "fields.h"
#include "text.h"
#include "writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* -------------------------------------------------------------- parameters */

#define ERROR_STRING(member, wire) STRING_FIELD(struct error, member, wire, FIELD_REQUIRED)
#define ERROR_NUMBER(member, wire)                                                                 \
        INTEGER_FIELD(struct error, member, wire, FIELD_REQUIRED, -FIELD_INTEGER_MAX,              \
                      FIELD_INTEGER_MAX)

static const struct field interface_items[] = {ERROR_STRING(name, "interface")};
static const struct field method_items[] = {ERROR_STRING(name, "method")};
static const struct field parameter_items[] = {ERROR_STRING(parameter, "parameter")};
static const struct field name_items[] = {ERROR_STRING(name, "name")};
static const struct field name_or_id_items[] = {
        STRING_FIELD(struct error, name, "name", FIELD_OPTIONAL),
        INTEGER_FIELD(struct error, id, "id", FIELD_OPTIONAL, 0, FIELD_INTEGER_MAX),
};
static const struct field invalid_name_items[] = {
        ERROR_STRING(name, "name"),
        ERROR_STRING(reason, "reason"),
};
static const struct field invalid_size_items[] = {
        ERROR_NUMBER(size, "size"),
        ERROR_NUMBER(minimum, "minimum"),
        ERROR_NUMBER(maximum, "maximum"),
};
static const struct field limit_items[] = {
        ERROR_STRING(limit, "limit"),
        ERROR_NUMBER(used, "used"),
        ERROR_NUMBER(maximum, "maximum"),
};
static const struct field system_items[] = {
        ERROR_NUMBER(number, "errno"),
        ERROR_STRING(message, "message"),
};

/* --------------------------------------------------------------- the table */

#define SERVICE(error)   "org.varlink.service." error
#define SHMBROKER(error) "io.shmbroker." error

/* What stands in braces in a sentence is in the table `words`. */
static const struct {
        const char *wire_name;
        struct fields parameters;
        int errno_value;
        const char *sentence;
} errors[ERROR_CODES] = {
        [ERROR_NONE] = {NULL, {0}, 0, "no error"},

        [ERROR_INTERFACE_NOT_FOUND] = {SERVICE("InterfaceNotFound"), FIELDS(interface_items),
                                       ENOSYS, "the broker has no interface {name}"},
        [ERROR_METHOD_NOT_FOUND] = {SERVICE("MethodNotFound"), FIELDS(method_items), ENOSYS,
                                    "the broker has no method {name}"},
        [ERROR_METHOD_NOT_IMPLEMENTED] = {SERVICE("MethodNotImplemented"), FIELDS(method_items),
                                          EOPNOTSUPP, "the broker does not implement {name}"},
        [ERROR_INVALID_PARAMETER] = {SERVICE("InvalidParameter"), FIELDS(parameter_items), EINVAL,
                                     "parameter {parameter} is missing, unknown, of the wrong "
                                     "type or out of range"},
        [ERROR_PERMISSION_DENIED] = {SERVICE("PermissionDenied"),
                                     {0},
                                     EACCES,
                                     "the broker does not let this user do that"},
        [ERROR_EXPECTED_MORE] = {SERVICE("ExpectedMore"),
                                 {0},
                                 EPROTO,
                                 "the method has many replies: call it with \"more\""},

        [ERROR_NOT_FOUND] = {SHMBROKER("NotFound"), FIELDS(name_or_id_items), ENOENT,
                             "there is no {segment}"},
        [ERROR_EXISTS] = {SHMBROKER("Exists"), FIELDS(name_items), EEXIST,
                          "{segment} exists already"},
        [ERROR_INVALID_NAME] = {SHMBROKER("InvalidName"), FIELDS(invalid_name_items), EINVAL,
                                "{name} is not a valid name: {reason}"},
        [ERROR_INVALID_SIZE] = {SHMBROKER("InvalidSize"), FIELDS(invalid_size_items), EINVAL,
                                "{size} bytes are not possible: {bounds}"},
        [ERROR_ACCESS_DENIED] = {SHMBROKER("AccessDenied"), FIELDS(name_or_id_items), EACCES,
                                 "the mode of {segment} does not give this user the access "
                                 "asked for"},
        [ERROR_NOT_OWNER] = {SHMBROKER("NotOwner"), FIELDS(name_or_id_items), EPERM,
                             "{segment} is another user's: only its owner, its creator and root "
                             "may do that"},
        [ERROR_ADOPTED] = {SHMBROKER("Adopted"), FIELDS(name_or_id_items), EPERM,
                           "{segment} was made elsewhere: its owner can do that, with shmctl(2)"},
        [ERROR_NAME_RESERVED] = {SHMBROKER("NameReserved"), FIELDS(name_items), EACCES,
                                 "the name {name} is reserved: the broker's policy keeps it from "
                                 "this user"},
        [ERROR_LIMIT_EXCEEDED] = {SHMBROKER("LimitExceeded"), FIELDS(limit_items), ENOSPC,
                                  "the limit {limit} is reached: {used} of {maximum} are in use"},
        [ERROR_NO_MEMORY] = {SHMBROKER("NoMemory"), {0}, ENOMEM, "out of memory"},
        [ERROR_TIMED_OUT] = {SHMBROKER("TimedOut"), FIELDS(name_items), ETIMEDOUT,
                             "waiting for {segment} took too long"},
        [ERROR_SYSTEM] = {SHMBROKER("SystemError"), FIELDS(system_items), EIO,
                          "{message}: {errno}"},

        [ERROR_MALFORMED] = {NULL, {0}, EBADMSG, "not a Varlink message: {reason}"},
        [ERROR_TOO_LARGE] = {NULL, {0}, EMSGSIZE, "a message is too large"},
        [ERROR_UNKNOWN] = {NULL, {0}, EPROTO, "an error that is not known here: {message}"},
};

/* ----------------------------------------------------------------- filling */

int error_plain(struct error *ret, enum error_code code) {
        *ret = (struct error){.code = code, .id = FIELD_ABSENT};
        return -(int) code;
}

int error_of_segment(struct error *ret, enum error_code code, const char *name, int64_t id) {
        *ret = (struct error){.code = code, .name = name, .id = id};
        return -(int) code;
}

int error_invalid_parameter(struct error *ret, const char *parameter) {
        error_plain(ret, ERROR_INVALID_PARAMETER);
        ret->parameter = parameter;
        return -ERROR_INVALID_PARAMETER;
}

int error_invalid_name(struct error *ret, const char *name, const char *reason) {
        error_plain(ret, ERROR_INVALID_NAME);
        ret->name = name;
        ret->reason = reason;
        return -ERROR_INVALID_NAME;
}

int error_invalid_size(struct error *ret, int64_t size, int64_t minimum, int64_t maximum) {
        error_plain(ret, ERROR_INVALID_SIZE);
        ret->size = size;
        ret->minimum = minimum;
        ret->maximum = maximum;
        return -ERROR_INVALID_SIZE;
}

int error_limit(struct error *ret, const char *limit, int64_t used, int64_t maximum) {
        error_plain(ret, ERROR_LIMIT_EXCEEDED);
        ret->limit = limit;
        ret->used = used;
        ret->maximum = maximum;
        return -ERROR_LIMIT_EXCEEDED;
}

int error_system(struct error *ret, int errno_value, const char *message) {
        error_plain(ret, ERROR_SYSTEM);
        ret->number = errno_value;
        ret->message = message;
        return -ERROR_SYSTEM;
}

/* ------------------------------------------------------------ the other faces */

const char *error_wire_name(enum error_code code) {
        return errors[code].wire_name;
}

/* What a peer says is one may be none. */
static int errno_checked(int64_t number) {
        return number > 0 && number < 4096 ? (int) number : EIO; /* MAX_ERRNO of the kernel */
}

int error_errno(const struct error *error) {
        switch (error->code) {
        case ERROR_NOT_FOUND: /* what shmget(2) says of a name or a key, shmctl(2) of an id */
                return error->name || error->id == FIELD_ABSENT ? ENOENT : EINVAL;
        case ERROR_LIMIT_EXCEEDED:
                if (error->limit && strcmp(error->limit, "memlock") == 0)
                        return error->maximum == 0 ? EPERM : ENOMEM;
                if (error->limit && strcmp(error->limit, "hugepages") == 0)
                        return ENOMEM;
                break;
        case ERROR_SYSTEM:
                return errno_checked(error->number);
        default:
                break;
        }
        return errors[error->code].errno_value;
}

/* ---------------------------------------------------------------- sentences */

/* Text that ends where its room ends. */
struct line {
        char *at, *end; /* room for a NUL is at the end */
};

static void put(struct line *line, const char *text, size_t length) {
        size_t room = (size_t) (line->end - line->at);
        if (length > room) {
                length = room;
                line->end = line->at + room;
        }
        memcpy(line->at, text, length);
        line->at += length;
}

/* May come from a peer: no terminal is to obey it, and no character to be cut in two. */
static void put_plain(struct line *line, const void *where) {
        const char *text = *(const char *const *) where;

        for (size_t left = text ? strlen(text) : 0, length; left > 0; left -= length) {
                length = text_character_bytes(text, left);
                if (length == 0 || text_is_control(text)) {
                        length = length == 0 ? 1 : length;
                        put(line, "?", 1);
                } else if (length <= (size_t) (line->end - line->at)) {
                        put(line, text, length);
                } else {
                        line->end = line->at;
                }
                text += length;
        }
}

static void put_quoted(struct line *line, const void *where) {
        put(line, "\"", 1);
        put_plain(line, where);
        put(line, "\"", 1);
}

static void put_number(struct line *line, const void *where) {
        char digits[24];
        int length = snprintf(digits, sizeof(digits), "%" PRId64, *(const int64_t *) where);
        put(line, digits, (size_t) length);
}

static void put_errno(struct line *line, const void *where) {
        char text[128];
        int number = errno_checked(*(const int64_t *) where);
        const char *said = strerror_r(number, text, sizeof(text));
        put_plain(line, &said);
}

static void put_segment(struct line *line, const void *where) {
        const struct error *error = where;

        if (error->name) {
                put(line, "segment ", strlen("segment "));
                put_quoted(line, &error->name);
        } else if (error->id != FIELD_ABSENT) {
                put(line, "segment with id ", strlen("segment with id "));
                put_number(line, &error->id);
        } else { /* Adopt by a key */
                put(line, "such segment", strlen("such segment"));
        }
}

/* The broker gives no minimum where it speaks of a segment that exists. */
static void put_bounds(struct line *line, const void *where) {
        const struct error *error = where;
        const char *text = error->minimum == 0 ? "the segment exists and has " : "at least ";

        put(line, text, strlen(text));
        if (error->minimum != 0) {
                put_number(line, &error->minimum);
                put(line, ", at most ", strlen(", at most "));
        }
        put_number(line, &error->maximum);
}

/* What stands in braces in a sentence, and where in struct error it is. */
static const struct word {
        const char *name;
        void (*put)(struct line *line, const void *where);
        size_t offset_bytes;
} words[] = {
        {"segment", put_segment, 0},
        {"name", put_quoted, offsetof(struct error, name)},
        {"reason", put_plain, offsetof(struct error, reason)},
        {"parameter", put_quoted, offsetof(struct error, parameter)},
        {"limit", put_plain, offsetof(struct error, limit)},
        {"used", put_number, offsetof(struct error, used)},
        {"size", put_number, offsetof(struct error, size)},
        {"maximum", put_number, offsetof(struct error, maximum)},
        {"bounds", put_bounds, 0},
        {"errno", put_errno, offsetof(struct error, number)},
        {"message", put_plain, offsetof(struct error, message)},
};

static void put_word(struct line *line, const char *name, size_t length,
                     const struct error *error) {
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
                if (strlen(words[i].name) == length && memcmp(words[i].name, name, length) == 0)
                        words[i].put(line, (const char *) error + words[i].offset_bytes);
        }
}

void error_sentence(const struct error *error, char *text, size_t size_bytes) {
        struct line line = {.at = text, .end = text + size_bytes - 1};

        for (const char *rest = errors[error->code].sentence; *rest != '\0';) {
                size_t length = strcspn(rest, "{");
                put(&line, rest, length);
                rest += length;
                if (*rest == '{') {
                        length = strcspn(++rest, "}");
                        put_word(&line, rest, length, error);
                        rest += length + 1;
                }
        }
        *line.at = '\0';
}

/* ---------------------------------------------------------------- the wire */

void error_write(struct buffer *out, const struct error *error) {
        writer_raw(out, "{\"error\":");
        writer_string(out, errors[error->code].wire_name);
        writer_raw(out, ",\"parameters\":");
        fields_encode(out, &errors[error->code].parameters, error);
        buffer_append(out, "}", sizeof("}"));
}

void error_read(struct error *ret, const char *wire_name, const struct cJSON *parameters) {
        struct decoding decoding = {0};

        for (enum error_code code = ERROR_NONE; code < ERROR_CODES; code++) {
                if (!errors[code].wire_name || strcmp(errors[code].wire_name, wire_name) != 0)
                        continue;
                error_plain(ret, code);
                /* A reply with less than it should have is still this error. */
                if (fields_decode(&errors[code].parameters, parameters, false, ret, &decoding) < 0)
                        error_plain(ret, code);
                return;
        }
        error_plain(ret, ERROR_UNKNOWN);
        ret->message = wire_name;
}
