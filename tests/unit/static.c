/* Linked with the static library: its inner functions are in nobody's way, whatever the
 * program's own are called. */
#include "shmbroker.h"

#include <errno.h>
#include <stdlib.h>

#define OURS(name)                                                                                 \
        int name(void);                                                                            \
        int name(void) {                                                                           \
                abort();                                                                           \
        }
OURS(address_find)
OURS(answer_parse)
OURS(attach_check)
OURS(buffer_init)
OURS(call_write)
OURS(channel_open)
OURS(argument_name)
OURS(connect_begin)
OURS(deadline_begin)
OURS(error_sentence)
OURS(failure_text)
OURS(fields_decode)
OURS(frame_next)
OURS(json_parse)
OURS(known_learn)
OURS(name_reason)

int main(void) {
        struct shmb *b;

        return shmb_connect(&b, "unix:/nonexistent/shmbroker") == -ENOENT && shmb_error(NULL)[0]
                       ? EXIT_SUCCESS
                       : EXIT_FAILURE;
}
