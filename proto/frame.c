#include "frame.h"

#include "error.h"

#include <string.h>

int frame_next(const char *bytes, size_t length_bytes, size_t *searched_bytes,
               size_t *ret_message_bytes) {
        size_t end = length_bytes < MESSAGE_BYTES_MAX ? length_bytes : MESSAGE_BYTES_MAX;

        if (*searched_bytes < end) {
                const char *nul = memchr(bytes + *searched_bytes, '\0', end - *searched_bytes);
                if (nul) {
                        *searched_bytes = 0;
                        *ret_message_bytes = (size_t) (nul - bytes);
                        return 1;
                }
                *searched_bytes = end;
        }
        return end == MESSAGE_BYTES_MAX ? -ERROR_TOO_LARGE : 0;
}
