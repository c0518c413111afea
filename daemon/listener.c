#include "listener.h"

#include "config.h"
#include "proto/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#if HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#define SCHEME          "unix:"
#define PATH_BYTES      sizeof(((struct sockaddr_un *) NULL)->sun_path)
#define LOCK_SUFFIX     ".lock"
#define LOCK_PATH_BYTES (PATH_BYTES + sizeof(LOCK_SUFFIX))

struct reason {
        char *text;
        size_t size_bytes;
};

__attribute__((format(printf, 2, 3))) static int listener_fail(const struct reason *reason,
                                                               const char *format, ...) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(reason->text, reason->size_bytes, format, arguments);
        va_end(arguments);
        return -ERROR_SYSTEM;
}

/* unix(7): a path's terminator belongs to the address; an abstract name begins with a
 * NUL, here in the place of its "@", and ends where the length says. */
struct address {
        struct sockaddr_un name;
        socklen_t bytes;
        bool abstract;
};

static int listener_parse(const char *text, struct address *ret, const struct reason *reason) {
        const char *path = text + strlen(SCHEME);
        if (strncmp(text, SCHEME, strlen(SCHEME)) != 0 || *path == '\0' || strcmp(path, "@") == 0)
                return listener_fail(
                        reason, "\"%s\" is no address: it must be unix:PATH or unix:@NAME", text);
        *ret = (struct address){.name.sun_family = AF_UNIX, .abstract = *path == '@'};
        size_t length_bytes = strlen(path), terminator_bytes = ret->abstract ? 0 : 1;
        if (length_bytes + terminator_bytes > PATH_BYTES)
                return listener_fail(reason, "%s is too long for a socket: %zu bytes, at most %zu",
                                     path, length_bytes, PATH_BYTES - terminator_bytes);
        memcpy(ret->name.sun_path, path, length_bytes);
        if (ret->abstract)
                ret->name.sun_path[0] = '\0';
        ret->bytes = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length_bytes +
                                  terminator_bytes);
        return 0;
}

int listener_check_address(const char *text, char *ret_reason, size_t reason_bytes) {
        const struct reason reason = {ret_reason, reason_bytes};
        struct address address;
        return listener_parse(text, &address, &reason);
}

static int listener_make_directory(const char *path, const struct reason *reason) {
        const char *slash = strrchr(path, '/');
        if (slash == NULL || slash == path)
                return 0;
        char directory[PATH_BYTES];
        snprintf(directory, sizeof(directory), "%.*s", (int) (slash - path), path);
        mode_t mask = umask(022);
        int r = mkdir(directory, 0755);
        umask(mask);
        if (r < 0 && errno != EEXIST)
                return listener_fail(reason, "can't make the directory %s: %s", directory,
                                     strerror(errno));
        return 0;
}

static void listener_lock_path(const char *path, char ret[LOCK_PATH_BYTES]) {
        snprintf(ret, LOCK_PATH_BYTES, "%s" LOCK_SUFFIX, path);
}

/* Who goes away removes the lock's file while holding it, so a lock counts only on the
 * file that the name still leads to. */
static int listener_lock(const char *path, int *ret_fd, const struct reason *reason) {
        char lock_path[LOCK_PATH_BYTES];
        listener_lock_path(path, lock_path);
        for (;;) {
                int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
                if (fd < 0)
                        return listener_fail(reason, "can't open %s: %s", lock_path,
                                             strerror(errno));
                int failed = flock(fd, LOCK_EX | LOCK_NB) < 0 ? errno : 0;
                struct stat locked, named;
                if (failed == 0 && fstat(fd, &locked) == 0 && stat(lock_path, &named) == 0 &&
                    locked.st_dev == named.st_dev && locked.st_ino == named.st_ino) {
                        *ret_fd = fd;
                        return 0;
                }
                close(fd);
                if (failed == EWOULDBLOCK)
                        return listener_fail(reason, "another broker is serving unix:%s", path);
                if (failed != 0 && failed != EINTR)
                        return listener_fail(reason, "can't lock %s: %s", lock_path,
                                             strerror(failed));
        }
}

static int listener_socket(const struct reason *reason) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        return fd < 0 ? listener_fail(reason, "can't make a socket: %s", strerror(errno)) : fd;
}

/* Takes away a socket that nobody listens on any more, and nothing else. */
static int listener_clear(const struct address *address, const struct reason *reason) {
        const char *path = address->name.sun_path;
        struct stat status;
        if (lstat(path, &status) < 0)
                return errno == ENOENT ? 0
                                       : listener_fail(reason, "can't look at %s: %s", path,
                                                       strerror(errno));
        if (!S_ISSOCK(status.st_mode))
                return listener_fail(reason, "%s is there already and is no socket", path);

        int fd = listener_socket(reason);
        if (fd < 0)
                return fd;
        int r = connect(fd, (const struct sockaddr *) &address->name, address->bytes);
        int failed = r < 0 ? errno : 0;
        close(fd);
        if (failed == 0 || failed == EAGAIN) /* EAGAIN: its backlog is full */
                return listener_fail(reason, "another broker is serving unix:%s", path);
        if (failed != ECONNREFUSED && failed != ENOENT)
                return listener_fail(reason, "can't tell whether %s is in use: %s", path,
                                     strerror(failed));
        if (unlink(path) < 0 && errno != ENOENT)
                return listener_fail(reason, "can't replace the stale socket %s: %s", path,
                                     strerror(errno));
        return 0;
}

/* The file has its mode from the first moment on: bind(2) makes it, under the umask. */
static int listener_bind_fd(int fd, const struct address *address, mode_t mode) {
        mode_t mask = umask(~mode & 0777);
        int r = bind(fd, (const struct sockaddr *) &address->name, address->bytes);
        umask(mask);
        return r;
}

int listener_bind(struct listener *ret, const char *text, mode_t mode, char *ret_reason,
                  size_t reason_bytes) {
        const struct reason reason = {ret_reason, reason_bytes};
        struct listener listener = {.fd = -1, .lock_fd = -1};
        struct address address;
        struct stat status;
        int r = listener_parse(text, &address, &reason);
        if (r < 0)
                return r;
        if (!address.abstract) {
                r = listener_make_directory(address.name.sun_path, &reason);
                if (r == 0)
                        r = listener_lock(address.name.sun_path, &listener.lock_fd, &reason);
                if (r < 0)
                        return r;
                listener.path = strdup(address.name.sun_path);
                if (listener.path == NULL) {
                        close(listener.lock_fd);
                        listener_fail(&reason, "out of memory");
                        return -ERROR_NO_MEMORY;
                }
                r = listener_clear(&address, &reason);
                if (r < 0)
                        goto out;
        }

        r = listener.fd = listener_socket(&reason);
        if (r < 0)
                goto out;
        if (listener_bind_fd(listener.fd, &address, mode) < 0) {
                r = errno == EADDRINUSE
                            ? listener_fail(&reason, "another broker is serving %s", text)
                            : listener_fail(&reason, "can't bind %s: %s", text, strerror(errno));
                goto out;
        }
        if (listener.path != NULL && lstat(listener.path, &status) == 0) {
                listener.device = status.st_dev;
                listener.inode = status.st_ino;
        }
        if (listen(listener.fd, SOMAXCONN) < 0) {
                r = listener_fail(&reason, "can't listen on %s: %s", text, strerror(errno));
                goto out;
        }
        *ret = listener;
        return 0;

out:
        listener_close(&listener);
        return r;
}

#if HAVE_SYSTEMD
int listener_inherit(struct listener *ret, char *ret_reason, size_t reason_bytes) {
        const struct reason reason = {ret_reason, reason_bytes};
        int passed = sd_listen_fds(true);
        if (passed == 0)
                return 0;
        if (passed < 0)
                return listener_fail(&reason, "can't take the service manager's sockets: %s",
                                     strerror(-passed));
        if (passed > 1)
                return listener_fail(
                        &reason, "the service manager passed %d sockets, one is wanted", passed);
        int fd = SD_LISTEN_FDS_START;
        if (sd_is_socket(fd, AF_UNIX, SOCK_STREAM, true) <= 0)
                return listener_fail(&reason, "what the service manager passed is no listening "
                                              "stream socket of AF_UNIX (Accept=no?)");
        int flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
                return listener_fail(&reason, "can't use the service manager's socket: %s",
                                     strerror(errno));
        *ret = (struct listener){.fd = fd, .lock_fd = -1};
        return 1;
}
#else
int listener_inherit(struct listener *ret, char *ret_reason, size_t reason_bytes) {
        return 0;
}
#endif

void listener_address(const struct listener *listener, char *text, size_t size_bytes) {
        struct sockaddr_un name = {0};
        socklen_t bytes = sizeof(name);
        if (getsockname(listener->fd, (struct sockaddr *) &name, &bytes) < 0)
                bytes = 0;
        int length = (int) (bytes < offsetof(struct sockaddr_un, sun_path)
                                    ? 0
                                    : bytes - offsetof(struct sockaddr_un, sun_path));
        if (length > 0 && name.sun_path[0] == '\0')
                snprintf(text, size_bytes, SCHEME "@%.*s", length - 1, name.sun_path + 1);
        else
                snprintf(text, size_bytes, SCHEME "%.*s", length, name.sun_path);
}

void listener_close(struct listener *listener) {
        struct stat status;
        if (listener->path != NULL && listener->inode != 0 && lstat(listener->path, &status) == 0 &&
            status.st_dev == listener->device && status.st_ino == listener->inode)
                unlink(listener->path);
        if (listener->fd >= 0)
                close(listener->fd);
        if (listener->lock_fd >= 0) {
                char lock_path[LOCK_PATH_BYTES];
                listener_lock_path(listener->path, lock_path);
                unlink(lock_path);
                close(listener->lock_fd);
        }
        free(listener->path);
        *listener = (struct listener){.fd = -1, .lock_fd = -1};
}
