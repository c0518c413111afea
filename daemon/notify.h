/*
 * What the service manager is told: sd_notify(3). Without libsystemd, or without a
 * service manager, all of it does nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

void notify_ready(void);
void notify_reloading(void); /* with MONOTONIC_USEC; notify_ready() ends it */
void notify_stopping(void);
void notify_status(int64_t segments, int64_t connections);

/* The watchdog's period in microseconds, 0: none is wanted. */
uint64_t notify_watchdog_us(void);
void notify_watchdog(void);

/* Is standard error the journal's (sd-daemon(3) prefixes)? */
bool notify_journal(void);
