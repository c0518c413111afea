/*
 * struct shmb_segment on the wire: its one table of fields, and the copy that a
 * client keeps.
 */
#pragma once

#include "fields.h"
#include "shmbroker-segment.h"

extern const char *const segment_lifetimes[]; /* by enum shmb_lifetime, ends with NULL */
extern const struct fields segment_fields;
extern const struct fields segment_handle_fields; /* what it takes to attach it, no more */

/* Checks labels against the bounds of fields.h and io.shmbroker.varlink. Returns
 * NULL where they hold, else why they do not. */
const char *segment_labels_reason(const struct labels *labels);

/* Copies into one block of memory that free(3) takes, strings and labels included.
 * Errors: ERROR_NO_MEMORY. */
int segment_copy(const struct shmb_segment *segment, struct shmb_segment **ret);
