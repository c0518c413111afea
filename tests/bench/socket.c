#include "socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

_Noreturn void fail(const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputc('\n', stderr);
        exit(1);
}

void *allocate(size_t bytes) {
        void *memory = calloc(1, bytes);

        if (!memory)
                fail("out of memory");
        return memory;
}

int64_t clock_ns(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

long memory_kib(const char *pid) {
        char path[64], line[256];
        long kib = -1;

        snprintf(path, sizeof path, "/proc/%s/status", pid);
        FILE *file = fopen(path, "re");
        while (file && fgets(line, sizeof line, file))
                if (sscanf(line, "RssAnon: %ld kB", &kib) == 1)
                        break;
        if (kib < 0)
                fail("%s: no RssAnon", path);
        fclose(file);
        return kib;
}

enum framing framing_parse(const char *text, size_t *ret_reply_bytes) {
        if (strcmp(text, "nul") == 0)
                return FRAMING_NUL;
        if (strncmp(text, "fixed:", 6) != 0 ||
            (*ret_reply_bytes = strtoul(text + 6, NULL, 10)) == 0)
                fail("--framing is nul or fixed:BYTES, not \"%s\"", text);
        return FRAMING_FIXED;
}

static socklen_t unix_address(struct sockaddr_un *ret, const char *path) {
        *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
        if (strlen(path) >= sizeof ret->sun_path)
                fail("%s: too long for a socket's path", path);
        strcpy(ret->sun_path, path);
        return sizeof *ret;
}

static int connect_unix(const char *path) {
        struct sockaddr_un address;
        socklen_t length = unix_address(&address, path);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || connect(fd, (struct sockaddr *) &address, length) < 0)
                fail("%s: %s", path, strerror(errno));
        return fd;
}

static int connect_tcp(int port) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t) port),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int one = 1;

        if (fd < 0 || connect(fd, (struct sockaddr *) &address, sizeof address) < 0)
                fail("port %d: %s", port, strerror(errno));
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        return fd;
}

/* SASL EXTERNAL, then Hello, whose reply and NameAcquired are read and dropped. */
static int connect_dbus(const char *path) {
        static const char hello[] = "l\1\0\1\0\0\0\0\1\0\0\0m\0\0\0"
                                    "\1\1o\0\25\0\0\0/org/freedesktop/DBus\0\0\0"
                                    "\3\1s\0\5\0\0\0Hello\0\0\0"
                                    "\2\1s\0\24\0\0\0org.freedesktop.DBus\0\0\0\0"
                                    "\6\1s\0\24\0\0\0org.freedesktop.DBus\0\0\0\0";
        char buffer[4096], uid[16], hex[40] = "";
        int fd = connect_unix(path);
        ssize_t length, total = 0;

        snprintf(uid, sizeof uid, "%u", (unsigned) getuid());
        for (size_t i = 0; uid[i]; i++)
                snprintf(hex + 2 * i, 3, "%02x", (unsigned char) uid[i]);
        socket_send(fd, "", 1);
        length = snprintf(buffer, sizeof buffer, "AUTH EXTERNAL %s\r\n", hex);
        socket_send(fd, buffer, (size_t) length);
        length = recv(fd, buffer, sizeof buffer - 1, 0);
        if (length < 3 || memcmp(buffer, "OK ", 3) != 0)
                fail("%s: the bus did not let us in", path);
        socket_send(fd, "BEGIN\r\n", 7);
        socket_send(fd, hello, sizeof hello - 1);
        /* the reply and the signal: both name us, and the signal's end is the last NUL */
        do {
                length = recv(fd, buffer + total, sizeof buffer - (size_t) total, 0);
                if (length <= 0)
                        fail("%s: the bus hung up at Hello", path);
                total += length;
        } while (!memmem(buffer, (size_t) total, "NameAcquired", 12));
        struct timeval soon = {.tv_usec = 50000};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
        while (recv(fd, buffer, sizeof buffer, 0) > 0)
                ;
        soon.tv_usec = 0;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
        return fd;
}

int socket_connect(const char *address) {
        if (strncmp(address, "unix:", 5) == 0)
                return connect_unix(address + 5);
        if (strncmp(address, "tcp:", 4) == 0)
                return connect_tcp(atoi(address + 4));
        if (strncmp(address, "dbus:", 5) == 0)
                return connect_dbus(address + 5);
        fail("an address is unix:PATH, tcp:PORT or dbus:PATH, not \"%s\"", address);
}

void socket_send(int fd, const char *bytes, size_t length_bytes) {
        while (length_bytes > 0) {
                ssize_t sent = send(fd, bytes, length_bytes, MSG_NOSIGNAL);
                if (sent < 0)
                        fail("send: %s", strerror(errno));
                bytes += sent;
                length_bytes -= (size_t) sent;
        }
}

int socket_listen(const char *address) {
        struct sockaddr_un where;
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (strncmp(address, "unix:", 5) != 0)
                fail("an address is unix:PATH, not \"%s\"", address);
        socklen_t length = unix_address(&where, address + 5);
        unlink(address + 5);
        if (fd < 0 || bind(fd, (struct sockaddr *) &where, length) < 0 || listen(fd, SOMAXCONN) < 0)
                fail("%s: %s", address, strerror(errno));
        return fd;
}
