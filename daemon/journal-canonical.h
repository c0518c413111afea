/*
 * Reads back what fields_encode() wrote, without a parser: members in the order of the
 * table, no blanks, no escapes, nothing but ASCII, numbers that are not negative. A
 * start reads tens of thousands of such lines, for which a JSON tree takes ten times
 * as long. Whatever looks otherwise is for the parser; what is taken, it would have
 * read as the same.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct fields;
struct shmb_label;

/* False where the text is not of that kind; the text and *ret are spoilt then. It is
 * changed on success too, since strings in *ret, which begins with all of the table's
 * members absent, stay in it. `labels` has room for LABELS_MAX. Takes integers that are
 * int64_t, choices, strings and labels. */
bool journal_canonical_read(const struct fields *fields, char *text, size_t length_bytes,
                            struct shmb_label *labels, void *ret);
