/*
 * Is this text JSON? RFC 8259 to the letter, in one pass that allocates nothing:
 * its grammar, valid UTF-8, no U+0000, no lone surrogates, and the bounds of json.h.
 * What can only be told after unescaping is json.c's.
 */
#pragma once

#include <stddef.h>

/* NULL for a good text, with where its value begins and ends; else why it is none, in
 * a few words. Reads nothing beyond length_bytes. */
const char *scan_text(const char *text, size_t length_bytes, size_t *ret_begin, size_t *ret_end);
