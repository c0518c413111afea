#include "failure.h"

#include "shmbroker.h"

#include "proto/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Holds the longest sentence of proto/error: a name, a size or two, and words. */
#define TEXT_BYTES 640

static _Thread_local char text[TEXT_BYTES];

int failure_text(int errno_value, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        return -errno_value;
}

int failure_system(int errno_value, const char *what) {
        char room[128];

        return failure_text(errno_value, "%s: %s", what,
                            strerror_r(errno_value, room, sizeof room));
}

int failure_refused(const struct error *error) {
        error_sentence(error, text, sizeof text);
        return -error_errno(error);
}

int failure_no_memory(void) {
        return failure_text(ENOMEM, "out of memory");
}

const char *shmb_error(const struct shmb *b) {
        return text;
}
