#include "log.h"

#include "notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES_MAX 1024

static const struct {
        const char *name;
        int level;
} levels[] = {
        {"error", LOG_ERR}, {"warning", LOG_WARNING}, {"notice", LOG_NOTICE},
        {"info", LOG_INFO}, {"debug", LOG_DEBUG},
};

static int maximum_level = LOG_INFO;

void log_set_level(int level) {
        maximum_level = level;
}

bool log_level_parse(const char *text, int *ret_level) {
        for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
                if (strcmp(text, levels[i].name) == 0) {
                        *ret_level = levels[i].level;
                        return true;
                }
        return false;
}

/* One write(2) a line, so that the lines of several processes stay whole. */
static void log_write(int level, unsigned suppressed, const char *format, va_list arguments) {
        int kept = errno;
        char line[LINE_BYTES_MAX];
        int length;
        if (notify_journal())
                length = snprintf(line, sizeof(line), "<%d>", level);
        else
                length = snprintf(line, sizeof(line), "shmbrokerd: ");

        errno = kept; /* for %m */
        length += vsnprintf(line + length, sizeof(line) - (size_t) length, format, arguments);
        if (suppressed > 0 && (size_t) length < sizeof(line))
                length += snprintf(line + length, sizeof(line) - (size_t) length,
                                   " (and %u like it before)", suppressed);
        if ((size_t) length >= sizeof(line))
                length = sizeof(line) - 1;
        line[length++] = '\n';
        if (write(STDERR_FILENO, line, (size_t) length) < 0) {
                /* There is nobody else to tell. */
        }
        errno = kept;
}

void log_line(int level, const char *format, ...) {
        if (level > maximum_level)
                return;
        va_list arguments;
        va_start(arguments, format);
        log_write(level, 0, format, arguments);
        va_end(arguments);
}

void log_limited(struct log_limit *limit, int level, const char *format, ...) {
        if (level > maximum_level)
                return;
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (limit->lines == 0 || now.tv_sec - limit->window_s >= LOG_LIMIT_WINDOW_S) {
                limit->window_s = now.tv_sec;
                limit->lines = 0;
        }
        if (limit->lines >= LOG_LIMIT_LINES) {
                limit->suppressed++;
                return;
        }
        limit->lines++;

        va_list arguments;
        va_start(arguments, format);
        log_write(level, limit->suppressed, format, arguments);
        va_end(arguments);
        limit->suppressed = 0;
}
