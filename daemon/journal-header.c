#include "journal-header.h"

#include "segment.h"

#include "proto/buffer.h"
#include "proto/fields.h"
#include "proto/json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FORMAT 1

#define HEADER struct journal_header
static const struct field header_items[] = {
        INTEGER_FIELD(HEADER, format, "journal", FIELD_REQUIRED, 0, FIELD_INTEGER_MAX),
        STRING_FIELD(HEADER, boot, "boot", FIELD_REQUIRED),
        INTEGER_FIELD(HEADER, ipc, "ipc", FIELD_REQUIRED, 0, FIELD_INTEGER_MAX),
        INTEGER_FIELD(HEADER, uid, "uid", FIELD_REQUIRED, 0, UINT32_MAX),
};
static const struct fields header_fields = FIELDS(header_items);

static int read_boot_id(char *ret, size_t size_bytes) {
        int fd = TEMP_FAILURE_RETRY(open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
        ssize_t length;
        int r;

        if (fd < 0)
                return -errno;
        length = TEMP_FAILURE_RETRY(read(fd, ret, size_bytes - 1));
        r = length < 0 ? -errno : length == 0 ? -ENODATA : 0;
        close(fd);
        if (r < 0)
                return r;
        ret[length] = '\0';
        ret[strcspn(ret, "\n")] = '\0';
        return 0;
}

int journal_header_init(struct journal_header *ret) {
        *ret = (struct journal_header){
                .format = FORMAT,
                .boot = ret->boot_text,
                .ipc = (int64_t) segment_ipc_namespace(),
                .uid = geteuid(),
        };
        return read_boot_id(ret->boot_text, sizeof(ret->boot_text));
}

void journal_header_write(struct buffer *out, const struct journal_header *header) {
        fields_encode(out, &header_fields, header);
        buffer_append_byte(out, '\n');
}

const char *journal_header_mismatch(const struct journal_header *ours, const char *line,
                                    size_t length_bytes) {
        struct journal_header its;
        struct decoding decoding = {0};
        struct cJSON *document;
        const char *reason = NULL;

        if (length_bytes == 0 || line[0] != '{' ||
            json_parse(line, length_bytes, &document, &reason) < 0)
                return "its first line is no header";
        /* Another format may have other members too, so they are passed over. */
        if (fields_decode(&header_fields, document, false, &its, &decoding) < 0)
                reason = "its first line is no header";
        else if (its.format != ours->format)
                reason = "it is of another format";
        else if (strcmp(its.boot, ours->boot) != 0)
                reason = "it is of another boot";
        else if (its.ipc != ours->ipc)
                reason = "it is of another IPC namespace";
        else if (its.uid != ours->uid)
                reason = "it is another user's";
        else
                reason = NULL;
        json_free(document);
        return reason;
}
