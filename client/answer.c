#include "answer.h"

#include "failure.h"

#include "proto/json.h"
#include "proto/segment.h"

#include <errno.h>
#include <string.h>

int answer_parse(struct answer *ret, const char *text, size_t length_bytes) {
        const char *reason;

        int r = json_parse(text, length_bytes, &ret->document, &reason);
        if (r == -ERROR_NO_MEMORY)
                return failure_no_memory();
        if (r == 0) {
                r = reply_read(ret->document, &ret->reply, &reason);
                if (r < 0)
                        json_free(ret->document);
        }
        if (r < 0)
                return failure_text(EPROTO, "the broker's reply is not Varlink: %s", reason);
        return 0;
}

void answer_free(struct answer *answer) {
        json_free(answer->document);
}

int answer_refusal(const struct answer *answer, enum error_code *ret_code) {
        struct error error;

        if (!answer->reply.error)
                return 0;
        error_read(&error, answer->reply.error, answer->reply.parameters);
        if (ret_code)
                *ret_code = error.code;
        return failure_refused(&error);
}

bool answer_hangs_up(const struct answer *answer) {
        struct error error;

        if (!answer->reply.error)
                return false;
        error_read(&error, answer->reply.error, answer->reply.parameters);
        return error.code == ERROR_LIMIT_EXCEEDED && error.limit &&
               (strcmp(error.limit, "connections") == 0 ||
                strcmp(error.limit, "connectionsPerUser") == 0);
}

static int answer_decode(const struct answer *answer, enum method_id method, void *ret,
                         struct decoding *decoding) {
        if (fields_decode(methods[method].result, answer->reply.parameters, false, ret, decoding) ==
            0)
                return 0;
        return failure_text(EPROTO, "the broker's reply to %s has a wrong \"%s\", or none",
                            methods[method].name, decoding->parameter);
}

int answer_segment(const struct answer *answer, enum method_id method, struct shmb_segment **ret,
                   bool *ret_created) {
        struct shmb_segment segment = {0}, *copy = NULL;
        struct shmb_label labels[LABELS_MAX];
        struct decoding decoding = {.record = &segment, .labels = labels};
        struct segment_result result = {0};

        int r = answer_decode(answer, method, &result, &decoding);
        if (r < 0)
                return r;
        if (result.segment && segment_copy(result.segment, &copy) < 0)
                return failure_no_memory();

        *ret = copy;
        if (ret_created)
                *ret_created = result.created;
        return 0;
}

int answer_status(const struct answer *answer, struct status_result *ret) {
        struct decoding decoding = {0};

        return answer_decode(answer, METHOD_GET_STATUS, ret, &decoding);
}
