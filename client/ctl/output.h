/*
 * JSON to standard output, by the interface's own tables of fields: a record is one
 * line.
 */
#pragma once

#include <stddef.h>

struct ctl;
struct fields;
struct shmb_segment;

/* Exit codes: memory may run out. That nothing could be written is told at the end,
 * by main(). */
int output_record(const struct ctl *ctl, const struct fields *fields, const void *record);
int output_segment(const struct ctl *ctl, const struct shmb_segment *segment);

/* An array of records, the `index`th of which (from 0) begins it; `count`: how many it had. */
int output_element(const struct ctl *ctl, size_t index, const struct fields *fields,
                   const void *record);
void output_array_end(size_t count);
