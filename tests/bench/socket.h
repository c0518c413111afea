/*
 * What the benchmark programs share: blocking stream sockets, a clock, giving up.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* How the end of a reply is told: by a NUL, or since all are equally long. */
enum framing { FRAMING_NUL, FRAMING_FIXED };

/* "nul" or "fixed:BYTES". */
enum framing framing_parse(const char *text, size_t *ret_reply_bytes);

_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *allocate(size_t bytes); /* zeroed, or the end */
int64_t clock_ns(void);

/* Resident private memory of a process, KiB. */
long memory_kib(const char *pid);

/* "unix:PATH", "tcp:PORT" on the loopback, or "dbus:PATH": with D-Bus' handshake and
 * Hello behind it. */
int socket_connect(const char *address);
void socket_send(int fd, const char *bytes, size_t length_bytes);

/* A listening one, for servers: "unix:PATH". */
int socket_listen(const char *address);
