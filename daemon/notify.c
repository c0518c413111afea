#include "notify.h"

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#if HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#include <time.h>

void notify_ready(void) {
        (void) sd_notify(0, "READY=1");
}

void notify_reloading(void) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        (void) sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                          (uint64_t) now.tv_sec * 1000000 + (uint64_t) now.tv_nsec / 1000);
}

void notify_stopping(void) {
        (void) sd_notify(0, "STOPPING=1");
}

void notify_status(int64_t segments, int64_t connections) {
        (void) sd_notifyf(0, "STATUS=%" PRId64 " segment%s, %" PRId64 " connection%s", segments,
                          segments == 1 ? "" : "s", connections, connections == 1 ? "" : "s");
}

uint64_t notify_watchdog_us(void) {
        uint64_t period_us;
        return sd_watchdog_enabled(0, &period_us) > 0 ? period_us : 0;
}

void notify_watchdog(void) {
        (void) sd_notify(0, "WATCHDOG=1");
}

#else

void notify_ready(void) {
}

void notify_reloading(void) {
}

void notify_stopping(void) {
}

void notify_status(int64_t segments, int64_t connections) {
}

uint64_t notify_watchdog_us(void) {
        return 0;
}

void notify_watchdog(void) {
}

#endif

bool notify_journal(void) {
        static int known = -1;
        if (known >= 0)
                return known;
        /* "DEVICE:INODE" of what the manager made standard error; a redirected one differs. */
        const char *stream = getenv("JOURNAL_STREAM");
        uintmax_t device, inode;
        struct stat status;
        known = stream != NULL && sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
                fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
                status.st_ino == inode;
        return known;
}
