/*
 * Lines to standard error for whoever runs the broker: with sd-daemon(3) prefixes
 * ("<3>") where systemd's journal reads them, "shmbrokerd: " before them elsewhere.
 * The only global state of the daemon is its level.
 */
#pragma once

#include <stdbool.h>
#include <syslog.h>

/* LOG_ERR ... LOG_DEBUG of syslog(3); what is less urgent is dropped. */
void log_set_level(int level);
/* "error", "warning", "notice", "info", "debug". False where it is none of these. */
bool log_level_parse(const char *text, int *ret_level);

/* Keeps errno. */
void log_line(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What a peer can cause: at most so many lines in each window per place; the number of
 * the others is told with the next one. Starts zeroed. */
#define LOG_LIMIT_WINDOW_S 60
#define LOG_LIMIT_LINES    5
struct log_limit {
        long long window_s;
        unsigned lines;
        unsigned suppressed;
};
void log_limited(struct log_limit *limit, int level, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#define log_error(...)   log_line(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)  log_line(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)    log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_DEBUG, __VA_ARGS__)
