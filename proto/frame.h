/*
 * Messages out of a run of bytes: JSON objects, each ended by one NUL byte, at most
 * MESSAGE_BYTES_MAX long with it.
 */
#pragma once

#include <stddef.h>

#define MESSAGE_BYTES_MAX (64 * 1024)

/* Finds the first message in `bytes`. Returns 1 and its length without the NUL, 0
 * while there is none yet, -ERROR_TOO_LARGE where there can't be one any more.
 * `searched` (0 at first and again behind each message, kept by the caller between
 * calls) is how far was looked already, so that bytes that trickle in are looked at
 * once. */
int frame_next(const char *bytes, size_t length_bytes, size_t *searched_bytes,
               size_t *ret_message_bytes);
