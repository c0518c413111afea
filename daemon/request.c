#include "request.h"

#include "proto/error.h"
#include "proto/name.h"
#include "proto/segment.h"

#include <string.h>

#define TOKEN_BYTES_MAX 64

int request_check_token(const char *token, struct error *ret_error) {
        size_t length = 0;

        if (token == NULL)
                return 0;
        while (token[length] >= ' ' && token[length] <= '~' && length <= TOKEN_BYTES_MAX)
                length++;
        if (length == 0 || length > TOKEN_BYTES_MAX || token[length] != '\0')
                return error_invalid_parameter(ret_error, "token");
        return 0;
}

int request_check_labels(const struct labels *labels, struct error *ret_error) {
        if (labels->items != NULL && segment_labels_reason(labels) != NULL)
                return error_invalid_parameter(ret_error, "labels");
        return 0;
}

int request_check_name(const char *name, struct error *ret_error) {
        const char *reason = name != NULL ? name_reason(name) : NULL;

        return reason != NULL ? error_invalid_name(ret_error, name, reason) : 0;
}

bool request_same_name(const char *a, const char *b) {
        return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}
