#include "harness.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int wire_try_connect(const struct daemon *daemon) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ck_assert_int_ge(fd, 0);
        memcpy(address.sun_path, daemon->socket, strlen(daemon->socket) + 1);
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0) {
                int r = -errno;
                close(fd);
                return r;
        }
        return fd;
}

int wire_connect(const struct daemon *daemon) {
        int fd = wire_try_connect(daemon);

        ck_assert_msg(fd >= 0, "can't connect: %s", strerror(-fd));
        return fd;
}

int connect_daemon(void) {
        return wire_connect(&harness_daemon);
}

/* ----------------------------------------------------------------- sending */

/* Whether the broker still took it: a hangup is the reader's to see. */
void wire_send_bytes(int fd, const char *bytes, size_t length) {
        while (length > 0) {
                struct pollfd poller = {.fd = fd, .events = POLLOUT};
                ck_assert_msg(poll(&poller, 1, HARNESS_DEADLINE_MS) == 1,
                              "the broker takes nothing");
                ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        continue;
                if (n < 0)
                        return;
                bytes += n;
                length -= (size_t) n;
        }
}

static void quote(char *text) {
        for (; *text != '\0'; text++)
                if (*text == '\'')
                        *text = '"';
}

void wire_send(int fd, const char *format, ...) {
        va_list list;
        char *text;

        va_start(list, format);
        int length = vasprintf(&text, format, list);
        va_end(list);
        ck_assert_int_ge(length, 0);
        quote(text);
        wire_send_bytes(fd, text, (size_t) length + 1);
        free(text);
}

/* --------------------------------------------------------------- receiving */

/* Takes what belongs to this message out of the socket, and nothing behind it. */
static char *receive_text(int fd) {
        char *text = NULL;
        size_t length = 0;

        for (;;) {
                struct pollfd poller = {.fd = fd, .events = POLLIN};
                char chunk[4096];
                ck_assert_msg(poll(&poller, 1, HARNESS_DEADLINE_MS) == 1, "no answer");
                ssize_t n = recv(fd, chunk, sizeof(chunk), MSG_PEEK);
                if (n <= 0) {
                        ck_assert_msg(n == 0 || errno == ECONNRESET, "recv: %s", strerror(errno));
                        ck_assert_msg(length == 0, "hung up in the middle of a message");
                        free(text);
                        return NULL;
                }
                char *nul = memchr(chunk, '\0', (size_t) n);
                size_t take = nul == NULL ? (size_t) n : (size_t) (nul - chunk) + 1;
                text = realloc(text, length + take);
                ck_assert_ptr_nonnull(text);
                ck_assert_int_eq(recv(fd, text + length, take, 0), (ssize_t) take);
                length += take;
                if (nul != NULL)
                        return text;
        }
}

cJSON *wire_receive(int fd) {
        char *text = receive_text(fd);

        if (text == NULL)
                return NULL;
        cJSON *reply = cJSON_Parse(text);
        ck_assert_msg(cJSON_IsObject(reply), "no JSON object: %s", text);
        free(text);
        return reply;
}

bool wire_hung_up(int fd) {
        char *text = receive_text(fd);

        free(text);
        return text == NULL;
}

static cJSON *call(int fd, const char *method, const char *format, va_list list) {
        char *parameters;

        ck_assert_int_ge(vasprintf(&parameters, format, list), 0);
        wire_send(fd, "{'method':'%s%s','parameters':{%s}}",
                  strchr(method, '.') == NULL ? "io.shmbroker." : "", method, parameters);
        free(parameters);
        return wire_receive(fd);
}

cJSON *wire_try_call(int fd, const char *method, const char *parameters, ...) {
        va_list list;

        va_start(list, parameters);
        cJSON *reply = call(fd, method, parameters, list);
        va_end(list);
        return reply;
}

cJSON *wire_call(int fd, const char *method, const char *parameters, ...) {
        va_list list;

        va_start(list, parameters);
        cJSON *reply = call(fd, method, parameters, list);
        va_end(list);
        ck_assert_msg(reply != NULL, "%s: the broker hung up", method);
        return reply;
}

static bool list_all(int fd, cJSON *segments) {
        wire_send(fd, "{'method':'io.shmbroker.List','more':true}");
        for (bool more = true; more;) {
                cJSON *reply = wire_receive(fd);
                bool refused = reply == NULL || reply_error(reply) != NULL;
                if (!refused) {
                        cJSON *segment = cJSON_DetachItemFromObjectCaseSensitive(
                                cJSON_GetObjectItemCaseSensitive(reply, "parameters"), "segment");
                        if (segment != NULL)
                                cJSON_AddItemToArray(segments, segment);
                        more = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reply, "continues"));
                }
                cJSON_Delete(reply);
                if (refused)
                        return false;
        }
        return true;
}

cJSON *wire_list(const struct daemon *daemon) {
        for (int attempt = 0; attempt < 5; attempt++) {
                cJSON *segments = cJSON_CreateArray();
                int fd = wire_connect(daemon);
                bool listed = list_all(fd, segments);
                close(fd);
                if (listed)
                        return segments;
                cJSON_Delete(segments);
        }
        ck_abort_msg("no List is to be had");
}

/* ----------------------------------------------------------------- replies */

const cJSON *reply_at(const cJSON *reply, const char *path) {
        const cJSON *node = cJSON_GetObjectItemCaseSensitive(reply, "parameters");

        while (node != NULL && *path != '\0') {
                char name[64];
                size_t length = strcspn(path, ".");
                snprintf(name, sizeof(name), "%.*s", (int) length, path);
                node = cJSON_GetObjectItemCaseSensitive(node, name);
                path += length + (path[length] == '.');
        }
        return node;
}

static const cJSON *reply_must(const cJSON *reply, const char *path) {
        const cJSON *node = reply_at(reply, path);

        if (node == NULL) {
                char *text = cJSON_PrintUnformatted(reply);
                ck_abort_msg("no %s in %s", path, text);
        }
        return node;
}

int64_t reply_integer(const cJSON *reply, const char *path) {
        const cJSON *node = reply_must(reply, path);

        ck_assert_msg(cJSON_IsNumber(node), "%s is no number", path);
        return (int64_t) node->valuedouble;
}

const char *reply_string(const cJSON *reply, const char *path) {
        const cJSON *node = reply_must(reply, path);

        ck_assert_msg(cJSON_IsString(node), "%s is no string", path);
        return node->valuestring;
}

bool reply_true(const cJSON *reply, const char *path) {
        const cJSON *node = reply_must(reply, path);

        ck_assert_msg(cJSON_IsBool(node), "%s is no boolean", path);
        return cJSON_IsTrue(node);
}

const char *reply_error(const cJSON *reply) {
        return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(reply, "error"));
}

void expect_success(cJSON *reply) {
        if (reply_error(reply) != NULL)
                ck_abort_msg("refused: %s", cJSON_PrintUnformatted(reply));
        cJSON_Delete(reply);
}

static bool has_parameter(const cJSON *reply, const char *parameter) {
        char name[64], number[32];
        const char *value = strchr(parameter, '=') + 1;

        snprintf(name, sizeof(name), "%.*s", (int) (value - 1 - parameter), parameter);
        const cJSON *node = reply_at(reply, name);
        if (cJSON_IsString(node))
                return strcmp(node->valuestring, value) == 0;
        if (!cJSON_IsNumber(node))
                return false;
        snprintf(number, sizeof(number), "%.0f", node->valuedouble);
        return strcmp(number, value) == 0;
}

void expect_error(cJSON *reply, const char *error, const char *parameter) {
        char full[96];

        snprintf(full, sizeof(full), "%s%s", strchr(error, '.') == NULL ? "io.shmbroker." : "",
                 error);
        if (reply_error(reply) == NULL || strcmp(reply_error(reply), full) != 0 ||
            (parameter != NULL && !has_parameter(reply, parameter)))
                ck_abort_msg("expected %s (%s), got %s", full, parameter == NULL ? "" : parameter,
                             cJSON_PrintUnformatted(reply));
        cJSON_Delete(reply);
}
