#include "argument.h"

#include "failure.h"

#include "proto/error.h"
#include "proto/name.h"
#include "proto/segment.h"

#include <errno.h>
#include <inttypes.h>

int argument_name(const char *name) {
        struct error error;

        if (!name)
                return failure_text(EINVAL, "a name is needed, and there is none");
        const char *reason = name_reason(name);
        if (!reason)
                return 0;
        error_invalid_name(&error, name, reason);
        return failure_refused(&error);
}

int argument_pattern(const char *pattern) {
        const char *reason = glob_reason(pattern);

        if (!reason)
                return 0;
        return failure_text(EINVAL, "invalid pattern \"%.255s\": %s", pattern, reason);
}

int argument_labels(const struct labels *labels) {
        const char *reason = NULL;

        for (size_t i = 0; labels->items && i < labels->count && !reason; i++)
                if (!labels->items[i].key || !labels->items[i].value)
                        reason = "a key or a value is NULL";
        if (labels->items && !reason)
                reason = segment_labels_reason(labels);
        if (!reason)
                return 0;
        return failure_text(EINVAL, "invalid labels: %s", reason);
}

int argument_size(uint64_t size_bytes) {
        if (size_bytes <= FIELD_INTEGER_MAX)
                return 0;
        return failure_text(EINVAL, "invalid size: %" PRIu64 " bytes are more than %" PRId64,
                            size_bytes, FIELD_INTEGER_MAX);
}

int argument_lifetime(int lifetime) {
        if (lifetime >= SHMB_PERSISTENT && lifetime <= SHMB_ATTACHED)
                return 0;
        return failure_text(EINVAL, "invalid lifetime %d", lifetime);
}

int argument_flags(int flags, int allowed) {
        if ((flags & ~allowed) == 0)
                return 0;
        return failure_text(EINVAL, "flags 0x%x are none of this call's",
                            (unsigned) (flags & ~allowed));
}
