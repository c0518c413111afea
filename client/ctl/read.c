#include "options.h"
#include "parse.h"
#include "verbs.h"

#include "shmbroker.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define WHOLE UINT64_MAX

static struct { uint64_t offset, length; } given = {.length = WHOLE};

static const struct option_row options[] = {
        {"offset", "SIZE", parse_size, &given.offset, "from this byte on, 0 by default"},
        {"length", "SIZE", parse_size, &given.length, "so many bytes, all the rest by default"},
        {0},
};

static int write_all(const struct ctl *ctl, const char *bytes, uint64_t length) {
        while (length > 0) {
                ssize_t written = write(STDOUT_FILENO, bytes, length);

                if (written >= 0) {
                        bytes += written;
                        length -= (uint64_t) written;
                } else if (errno == EAGAIN) { /* who gave it to us made it non-blocking */
                        struct pollfd writable = {.fd = STDOUT_FILENO, .events = POLLOUT};

                        poll(&writable, 1, -1);
                } else if (errno != EINTR) {
                        return ctl_failed(ctl, "standard output", "%s", strerror(errno));
                }
        }
        return CTL_DONE;
}

static int write_range(const struct ctl *ctl, const char *name, const char *bytes, uint64_t size) {
        if (given.offset > size)
                return ctl_failed(ctl, name,
                                  "it has %" PRIu64 " bytes: byte %" PRIu64 " is beyond its end",
                                  size, given.offset);
        if (given.length == WHOLE)
                given.length = size - given.offset;
        if (given.length > size - given.offset)
                return ctl_failed(ctl, name,
                                  "it has %" PRIu64 " bytes: from byte %" PRIu64
                                  " on there are %" PRIu64 ", not %" PRIu64,
                                  size, given.offset, size - given.offset, given.length);
        return write_all(ctl, bytes + given.offset, given.length);
}

static int run(struct ctl *ctl, int count, char **operands) {
        void *bytes;
        uint64_t size;
        int result;

        if (!ctl_connect(ctl))
                return CTL_REFUSED;
        result = shmb_map(ctl->broker, operands[0], 0, 0, NULL, &bytes, &size);
        if (result < 0)
                return ctl_refused(ctl, operands[0], result);
        result = write_range(ctl, operands[0], bytes, size);
        shmb_unmap(bytes);
        return result;
}

const struct verb verb_read = {
        .name = "read",
        .operands = "NAME",
        .summary = "a segment's bytes to standard output",
        .options = options,
        .operands_minimum = 1,
        .operands_maximum = 1,
        .plain = true,
        .run = run,
};
