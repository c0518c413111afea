/*
 * Where the broker listens: what users write, and where to look when they write
 * nothing. No sockets here.
 */
#pragma once

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ADDRESS_SCHEME "unix:"

struct address {
        struct sockaddr_un socket;
        socklen_t length_bytes;
        char text[sizeof ADDRESS_SCHEME + sizeof(((struct sockaddr_un *) NULL)->sun_path)];
};

/* "unix:PATH", or "unix:@NAME" for an abstract socket. -EINVAL. */
int address_parse(struct address *ret, const char *text);

/* address, or where it is NULL $SHMBROKER_ADDRESS, or else the first of the system's
 * and the user's place that is there; the system's where neither is. -EINVAL. */
int address_find(struct address *ret, const char *address);
