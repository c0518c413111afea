/*
 * Who is at the other end of a connection: the credentials that the kernel fixed
 * when it connected (SO_PEERCRED, SO_PEERGROUPS; unix(7)), taken once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct peer {
        uid_t uid;
        gid_t gid;
        pid_t pid;     /* 0 where it can't be seen from our PID namespace */
        gid_t *groups; /* supplementary, in ascending order */
        size_t groups_count;
        bool described;
        char command[16]; /* from /proc/PID/comm; "" unknown; filled by peer_describe() */
        char *unit;       /* systemd unit, from /proc/PID/cgroup; NULL unknown */
};

/* Errors: -ERROR_NO_MEMORY, -ERROR_SYSTEM (errno tells). */
int peer_read(int fd, struct peer *ret);
void peer_free(struct peer *peer);

/* Looks command and unit up, once: for people, so failing at it is no failure. */
void peer_describe(struct peer *peer);

/* Primary or supplementary. */
bool peer_in_group(const struct peer *peer, gid_t gid);
