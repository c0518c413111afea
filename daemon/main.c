#include "broker.h"
#include "listener.h"
#include "log.h"
#include "server.h"

#include "config.h"
#include "proto/fields.h"
#include "proto/json.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOCKET_NAME      "io.shmbroker"
#define SYSTEM_DIRECTORY "/run/shmbroker"
#define USER_DIRECTORY   "shmbroker" /* below $XDG_RUNTIME_DIR */

#define REASON_BYTES 512

/* Beside EXIT_SUCCESS and EXIT_FAILURE. */
enum { EXIT_USAGE = 2 };

struct options {
        const char *address;         /* NULL: what was handed over, or in the state directory */
        const char *state_directory; /* NULL: what was handed over, or the usual place */
        mode_t socket_mode;
        struct limits limits;
};

static void main_print_limits(FILE *to) {
        const char *before = "";
        for (size_t i = 0; i < limits_fields.count; i++) {
                if (limits_fields.items[i].offset_bytes == offsetof(struct limits, message_size))
                        continue; /* the protocol's, not the administrator's */
                fprintf(to, "%s%s", before, limits_fields.items[i].name);
                before = ", ";
        }
        fputc('\n', to);
}

static void main_print_help(void) {
        fputs("Usage: shmbrokerd [OPTION]...\n"
              "Serves named System V shared memory segments.\n"
              "\n"
              "  --address unix:PATH  where to listen; unix:@NAME is an abstract socket\n"
              "  --socket-mode MODE   of the socket's file, octal (0660 as root, else 0600)\n"
              "  --state-dir DIR      where the names are kept\n"
              "  --limit NAME=VALUE   a bound; K, M, G or T behind it multiply\n"
              "  --log-level LEVEL    error, warning, notice, info (the default) or debug\n"
              "  --help, --version\n"
              "\n"
              "Limits: ",
              stdout);
        main_print_limits(stdout);
}

__attribute__((format(printf, 1, 2))) static int main_refuse(const char *format, ...) {
        va_list arguments;
        fputs("shmbrokerd: ", stderr);
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputs("\nTry 'shmbrokerd --help'.\n", stderr);
        return -EXIT_USAGE;
}

static int main_parse_address(const char *text, const char **ret) {
        char reason[REASON_BYTES];
        if (listener_check_address(text, reason, sizeof(reason)) < 0)
                return main_refuse("%s", reason);
        *ret = text;
        return 0;
}

static int main_parse_mode(const char *text, mode_t *ret) {
        char *end;
        unsigned long mode = strtoul(text, &end, 8);
        if (!isdigit((unsigned char) *text) || *end != '\0' || mode > 0777)
                return main_refuse("\"%s\" is no mode: octal, 0 to 777", text);
        *ret = (mode_t) mode;
        return 0;
}

/* A whole number of at most FIELD_INTEGER_MAX, times what its suffix says. */
static bool main_parse_figure(const char *text, int64_t *ret) {
        static const char suffixes[] = "KMGT";
        if (!isdigit((unsigned char) *text))
                return false;
        char *end;
        uintmax_t figure = strtoumax(text, &end, 10);
        const char *suffix = *end == '\0' ? NULL : strchr(suffixes, *end);
        if (*end != '\0' && (suffix == NULL || end[1] != '\0'))
                return false;
        unsigned shift = suffix == NULL ? 0 : 10 * (unsigned) (suffix - suffixes + 1);
        if (figure > (uintmax_t) FIELD_INTEGER_MAX >> shift)
                return false;
        *ret = (int64_t) (figure << shift);
        return true;
}

static int main_parse_limit(const char *text, struct limits *limits) {
        size_t name_bytes = strcspn(text, "=");
        for (size_t i = 0; i < limits_fields.count; i++) {
                const struct field *field = &limits_fields.items[i];
                if (strlen(field->name) != name_bytes || memcmp(field->name, text, name_bytes) != 0)
                        continue;
                if (field->offset_bytes == offsetof(struct limits, message_size))
                        return main_refuse("%s is a part of the protocol and can't be set",
                                           field->name);
                int64_t *limit = (int64_t *) (void *) ((char *) limits + field->offset_bytes);
                if (text[name_bytes] != '=' || !main_parse_figure(text + name_bytes + 1, limit))
                        return main_refuse("--limit %s: it must be %s=VALUE, a whole number up to "
                                           "%" PRId64 ", or one with K, M, G or T behind it",
                                           text, field->name, FIELD_INTEGER_MAX);
                return 0;
        }
        return main_refuse("--limit %s: there is no limit of that name", text);
}

static int main_parse_level(const char *text) {
        int level;
        if (!log_level_parse(text, &level))
                return main_refuse("\"%s\" is no log level", text);
        log_set_level(level);
        return 0;
}

/* 0: go on; 1: what was asked for is done; -EXIT_USAGE. */
static int main_parse(int argc, char **argv, struct options *options) {
        enum { ADDRESS = 1, SOCKET_MODE, STATE_DIR, LIMIT, LOG_LEVEL, HELP, VERSION };
        static const struct option known[] = {
                {"address", required_argument, NULL, ADDRESS},
                {"socket-mode", required_argument, NULL, SOCKET_MODE},
                {"state-dir", required_argument, NULL, STATE_DIR},
                {"limit", required_argument, NULL, LIMIT},
                {"log-level", required_argument, NULL, LOG_LEVEL},
                {"help", no_argument, NULL, HELP},
                {"version", no_argument, NULL, VERSION},
                {0},
        };
        int r = 0;
        for (int option; r == 0 && (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
                switch (option) {
                case ADDRESS:
                        r = main_parse_address(optarg, &options->address);
                        break;
                case SOCKET_MODE:
                        r = main_parse_mode(optarg, &options->socket_mode);
                        break;
                case STATE_DIR:
                        options->state_directory = optarg;
                        break;
                case LIMIT:
                        r = main_parse_limit(optarg, &options->limits);
                        break;
                case LOG_LEVEL:
                        r = main_parse_level(optarg);
                        break;
                case HELP:
                        main_print_help();
                        return 1;
                case VERSION:
                        puts("shmbrokerd " SHMBROKER_VERSION);
                        return 1;
                default: /* getopt_long() has said what */
                        fputs("Try 'shmbrokerd --help'.\n", stderr);
                        return -EXIT_USAGE;
                }
        }
        if (r == 0 && optind < argc)
                r = main_refuse("\"%s\" is no option", argv[optind]);
        return r;
}

/* A descriptor of ours must never be taken for a standard stream that was closed. */
static void main_open_standard_streams(void) {
        int fd;
        do
                fd = open("/dev/null", O_RDWR);
        while (fd >= 0 && fd <= STDERR_FILENO);
        if (fd >= 0)
                close(fd);
}

static int main_find_state_directory(const struct options *options, char *ret, size_t size_bytes) {
        const char *handed_over = getenv("RUNTIME_DIRECTORY"); /* systemd.exec(5): "A:B" */
        const char *user = getenv("XDG_RUNTIME_DIR");
        int length;
        if (options->state_directory != NULL)
                length = snprintf(ret, size_bytes, "%s", options->state_directory);
        else if (handed_over != NULL && *handed_over != '\0')
                length = snprintf(ret, size_bytes, "%.*s", (int) strcspn(handed_over, ":"),
                                  handed_over);
        else if (geteuid() == 0)
                length = snprintf(ret, size_bytes, "%s", SYSTEM_DIRECTORY);
        else if (user != NULL && *user != '\0')
                length = snprintf(ret, size_bytes, "%s/" USER_DIRECTORY, user);
        else {
                log_error("XDG_RUNTIME_DIR is not set: say with --state-dir where to keep the "
                          "names and the socket");
                return -ERROR_SYSTEM;
        }
        if ((size_t) length >= size_bytes) {
                log_error("the state directory's path is too long");
                return -ERROR_SYSTEM;
        }
        return 0;
}

static int main_listen(const struct options *options, const char *state_directory,
                       struct listener *ret, char *ret_reason, size_t reason_bytes) {
        int r = listener_inherit(ret, ret_reason, reason_bytes);
        if (r < 0)
                return r;
        if (r > 0 && options->address == NULL)
                return 0;
        if (r > 0) {
                listener_close(ret);
                snprintf(ret_reason, reason_bytes,
                         "the service manager passed a socket, so --address has no place");
                return -ERROR_SYSTEM;
        }
        char address[PATH_MAX + sizeof("unix:/" SOCKET_NAME)];
        snprintf(address, sizeof(address), "unix:%s/" SOCKET_NAME, state_directory);
        return listener_bind(ret, options->address != NULL ? options->address : address,
                             options->socket_mode, ret_reason, reason_bytes);
}

/* What ends or reloads us waits until the loop can take it, instead of killing a broker
 * that starts; blocked or not by whoever started us. */
static void main_hold_signals(int how) {
        sigset_t held;
        sigemptyset(&held);
        sigaddset(&held, SIGTERM);
        sigaddset(&held, SIGINT);
        sigaddset(&held, SIGHUP);
        sigprocmask(how, &held, NULL);
}

static int main_serve(const struct options *options) {
        char state_directory[PATH_MAX], reason[REASON_BYTES] = "out of memory";
        struct listener listener = {.fd = -1, .lock_fd = -1};
        struct broker *broker = NULL;
        struct server *server = NULL;
        int r = main_find_state_directory(options, state_directory, sizeof(state_directory));
        if (r < 0)
                return r;
        main_hold_signals(SIG_BLOCK);
        /* The socket first: who finds the place taken has not touched the names. */
        r = main_listen(options, state_directory, &listener, reason, sizeof(reason));
        if (r == 0)
                r = broker_new(&broker, state_directory, &options->limits, reason, sizeof(reason));
        if (r < 0) {
                log_error("%s", reason);
                goto out;
        }
        r = server_new(&server, broker, &listener);
        if (r < 0) {
                log_error("can't set up the event loop: %s", strerror(errno));
                goto out;
        }
        char address[PATH_MAX];
        listener_address(&listener, address, sizeof(address));
        log_info("serving io.shmbroker at %s; %" PRId64 " segments, state in %s", address,
                 registry_count(broker->registry), state_directory);
        main_hold_signals(SIG_UNBLOCK);
        r = server_run(server);
        if (r < 0)
                log_error("the event loop failed: %s", strerror(errno));

out:
        server_free(server);
        broker_free(broker);
        listener_close(&listener);
        return r;
}

int main(int argc, char **argv) {
        struct options options = {.socket_mode = geteuid() == 0 ? 0660 : 0600};
        main_open_standard_streams();
        limits_default(&options.limits);
        int r = main_parse(argc, argv, &options);
        if (r != 0)
                return r < 0 ? -r : EXIT_SUCCESS;

        json_use_arena();
        r = main_serve(&options);
        json_release_arena();
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
