#include "input.h"

#include "ctl.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUBJECT          "standard input"
#define FIRST_ROOM_BYTES ((size_t) 64 * 1024)
#define CHUNK_BYTES      ((uint64_t) 8 * 1024 * 1024) /* copied between looks at signals */

/* Up to `size` bytes, fewer at the end of the input only. Negative after it said why not. */
static int64_t read_full(const struct ctl *ctl, char *to, uint64_t size) {
        uint64_t total = 0;

        while (total < size) {
                ssize_t length = read(STDIN_FILENO, to + total, size - total);

                if (length == 0)
                        break;
                if (length > 0) {
                        total += (uint64_t) length;
                } else if (errno == EAGAIN) { /* who gave it to us made it non-blocking */
                        struct pollfd readable = {.fd = STDIN_FILENO, .events = POLLIN};

                        poll(&readable, 1, -1);
                } else if (errno != EINTR) {
                        ctl_failed(ctl, SUBJECT, "%s", strerror(errno));
                        return -1;
                }
        }
        return (int64_t) total;
}

static bool say_too_large(const struct ctl *ctl, const char *subject, uint64_t maximum,
                          const char *advice) {
        ctl_failed(ctl, subject,
                   SUBJECT " has more than the %" PRIu64 " bytes of room, nothing was written%s",
                   maximum, advice);
        return false;
}

/* Of a regular file; 0 where it is none, or where it does not tell, as those in /proc. */
static uint64_t rest_of_file(void) {
        struct stat facts;
        off_t at;

        if (fstat(STDIN_FILENO, &facts) < 0 || !S_ISREG(facts.st_mode))
                return 0;
        at = lseek(STDIN_FILENO, 0, SEEK_CUR);
        return at >= 0 && at < facts.st_size ? (uint64_t) (facts.st_size - at) : 0;
}

static bool read_to_end(const struct ctl *ctl, const char *subject, uint64_t maximum,
                        const char *advice, struct input *input) {
        uint64_t room = 0;

        do {
                uint64_t larger = room ? 2 * room : FIRST_ROOM_BYTES;
                int64_t length;
                char *bytes;

                if (larger > maximum + 1) /* one more tells that it is too large */
                        larger = maximum + 1;
                bytes = realloc(input->bytes, larger);
                if (!bytes) {
                        ctl_failed(ctl, SUBJECT, "out of memory after %" PRIu64 " bytes",
                                   input->size);
                        return false;
                }
                input->bytes = bytes;
                room = larger;
                length = read_full(ctl, bytes + input->size, room - input->size);
                if (length < 0)
                        return false;
                input->size += (uint64_t) length;
                if (input->size > maximum)
                        return say_too_large(ctl, subject, maximum, advice);
        } while (input->size == room);
        return true;
}

bool input_open(const struct ctl *ctl, const char *subject, uint64_t maximum, uint64_t expected,
                struct input *ret) {
        struct input input = {.size = rest_of_file()};
        bool complete = true;

        if (input.size > maximum)
                return say_too_large(ctl, subject, maximum, "");
        if (input.size == 0) {
                uint64_t bound =
                        expected > INPUT_UNSIZED_BYTES_MAX ? expected : INPUT_UNSIZED_BYTES_MAX;

                if (bound >= maximum)
                        complete = read_to_end(ctl, subject, maximum, "", &input);
                else
                        complete = read_to_end(ctl, subject, bound,
                                               "; --create=SIZE takes more from a pipe", &input);
        }
        if (!complete) {
                free(input.bytes);
                return false;
        }
        *ret = input;
        return true;
}

/* Where the caller blocks these signals to clean up behind itself, they wait here. */
static bool is_interrupted(void) {
        sigset_t pending;

        return sigpending(&pending) == 0 &&
               (sigismember(&pending, SIGHUP) == 1 || sigismember(&pending, SIGINT) == 1 ||
                sigismember(&pending, SIGTERM) == 1);
}

bool input_copy(const struct ctl *ctl, struct input *input, char *to) {
        for (uint64_t done = 0; done < input->size;) {
                uint64_t left = input->size - done;
                int64_t length = (int64_t) (left < CHUNK_BYTES ? left : CHUNK_BYTES);

                if (is_interrupted()) {
                        ctl_failed(ctl, SUBJECT, "interrupted");
                        return false;
                }
                if (input->bytes)
                        memcpy(to + done, input->bytes + done, (size_t) length);
                else
                        length = read_full(ctl, to + done, (uint64_t) length);
                if (length < 0)
                        return false;
                if (length == 0) {
                        ctl_failed(ctl, SUBJECT,
                                   "it shrank while it was read: %" PRIu64
                                   " bytes instead of %" PRIu64,
                                   done, input->size);
                        return false;
                }
                done += (uint64_t) length;
        }
        return true;
}

void input_close(struct input *input) {
        free(input->bytes);
        *input = (struct input){0};
}
