/*
 * The sentence about a thread's last failure, what shmb_error() tells, and the errno
 * that goes with it. Everything here returns the negated errno, so that a failure is
 * one line.
 */
#pragma once

struct error;

__attribute__((format(printf, 2, 3))) int failure_text(int errno_value, const char *format, ...);

/* "WHAT: what strerror(3) says". */
int failure_system(int errno_value, const char *what);

/* The broker refused, or we do so in its words. */
int failure_refused(const struct error *error);

int failure_no_memory(void);
