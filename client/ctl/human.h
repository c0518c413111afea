/*
 * Values as people read them. Each fills `ret` and returns it, always terminated.
 */
#pragma once

#include "shmbroker.h"

#include <stddef.h>
#include <stdint.h>

#define HUMAN_BYTES 64 /* holds each of the short ones */

char *human_size(uint64_t bytes, char ret[HUMAN_BYTES]); /* "12.5M", powers of 1024 */
char *human_time(int64_t seconds,
                 char ret[HUMAN_BYTES]); /* "2026-11-23T05:41:45+01:00", or "never" */
char *human_short_time(int64_t seconds,
                       char ret[HUMAN_BYTES]); /* "05:41" today, else "2026-11-23"; "" for never */
char *human_permissions(mode_t mode, char ret[HUMAN_BYTES]); /* "rw-r-----" */
char *human_status(const struct shmb_segment *segment,
                   char ret[HUMAN_BYTES]); /* "dest,locked", "" for none */

/* Names of users and groups, or the number where there is none. Borrowed until the
 * next call with another id. */
const char *human_user(uid_t uid);
const char *human_group(gid_t gid);

/* What others chose (a command, a label) must not steer our terminal: what can't be
 * printed becomes '?'. The first `size_bytes` of it; never half a character. */
char *human_printable(const char *from, char *ret, size_t size_bytes);
