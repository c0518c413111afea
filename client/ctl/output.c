#include "output.h"

#include "ctl.h"

#include "proto/buffer.h"
#include "proto/fields.h"
#include "proto/segment.h"

#include <stdio.h>

#define RECORD_BYTES_MAX ((size_t) 1 << 20) /* far more than a segment with all its labels */

static int write_record(const struct ctl *ctl, const struct fields *fields, const void *record) {
        struct buffer buffer;
        int result = CTL_DONE;

        buffer_init(&buffer, RECORD_BYTES_MAX);
        fields_encode(&buffer, fields, record);
        if (buffer_error(&buffer))
                result = ctl_failed(ctl, "standard output", "out of memory");
        else
                fwrite(buffer.bytes, 1, buffer.length_bytes, stdout);
        buffer_free(&buffer);
        return result;
}

int output_record(const struct ctl *ctl, const struct fields *fields, const void *record) {
        int result = write_record(ctl, fields, record);

        putchar('\n');
        return result;
}

int output_segment(const struct ctl *ctl, const struct shmb_segment *segment) {
        return output_record(ctl, &segment_fields, segment);
}

int output_element(const struct ctl *ctl, size_t index, const struct fields *fields,
                   const void *record) {
        fputs(index == 0 ? "[\n" : ",\n", stdout);
        return write_record(ctl, fields, record);
}

void output_array_end(size_t count) {
        puts(count == 0 ? "[]" : "\n]");
}
