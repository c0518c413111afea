#include "address.h"

#include "failure.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYSTEM_ADDRESS ADDRESS_SCHEME "/run/shmbroker/io.shmbroker"
#define USER_SOCKET    "shmbroker/io.shmbroker" /* below $XDG_RUNTIME_DIR */

int address_parse(struct address *ret, const char *text) {
        if (strncmp(text, ADDRESS_SCHEME, strlen(ADDRESS_SCHEME)) != 0)
                return failure_text(EINVAL,
                                    "\"%.128s\" is no address: it is not " ADDRESS_SCHEME
                                    "PATH or " ADDRESS_SCHEME "@NAME",
                                    text);

        const char *path = text + strlen(ADDRESS_SCHEME);
        bool is_abstract = path[0] == '@';
        size_t length_bytes = strlen(path);
        struct address address = {.socket.sun_family = AF_UNIX};

        if (length_bytes == (is_abstract ? 1 : 0))
                return failure_text(EINVAL, "\"%s\" is no address: it names no socket", text);
        if (length_bytes >= sizeof address.socket.sun_path)
                return failure_text(EINVAL,
                                    "\"%.128s...\" is no address: a socket's path has at most %zu "
                                    "bytes",
                                    text, sizeof address.socket.sun_path - 1);

        memcpy(address.socket.sun_path, path, length_bytes);
        address.length_bytes = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length_bytes);
        if (is_abstract)
                address.socket.sun_path[0] = '\0'; /* and no byte ends the name but the length */
        else
                address.length_bytes++;
        strcpy(address.text, text);

        *ret = address;
        return 0;
}

int address_find(struct address *ret, const char *address) {
        if (!address) /* a program with privileges does not let its caller choose */
                address = secure_getenv("SHMBROKER_ADDRESS");
        if (address)
                return address_parse(ret, address);

        struct address system, user;
        int r = address_parse(&system, SYSTEM_ADDRESS);
        if (r < 0)
                return r;

        const char *directory = secure_getenv("XDG_RUNTIME_DIR");
        if (access(system.socket.sun_path, F_OK) < 0 && directory) {
                char text[sizeof user.text];
                int length =
                        snprintf(text, sizeof text, ADDRESS_SCHEME "%s/" USER_SOCKET, directory);
                if (length < (int) sizeof text && address_parse(&user, text) == 0 &&
                    access(user.socket.sun_path, F_OK) == 0) {
                        *ret = user;
                        return 0;
                }
        }

        *ret = system;
        return 0;
}
