/*
 * The listening socket: handed over by systemd, or bound by ourselves. It owns the
 * socket file that it bound and the lock beside it: a live socket is never taken
 * over, a stale one is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct listener {
        int fd;       /* non-blocking, close-on-exec */
        int lock_fd;  /* -1: not ours */
        char *path;   /* NULL: from systemd, or abstract */
        dev_t device; /* which file was bound there: another one's is left alone */
        ino_t inode;  /* 0: none was */
};

/* Is it an address at all? Refuses as listener_bind() would, before anything is done. */
int listener_check_address(const char *address, char *ret_reason, size_t reason_bytes);

/* address: "unix:PATH" or "unix:@NAME" (abstract). Makes the last directory of PATH
 * (0755) where it is missing. ret_reason: a sentence for people on failure.
 * Errors: -ERROR_NO_MEMORY, -ERROR_SYSTEM. */
int listener_bind(struct listener *ret, const char *address, mode_t mode, char *ret_reason,
                  size_t reason_bytes);

/* The one socket that the service manager passed (sd_listen_fds(3)): 1 and filled, 0:
 * none passed, -ERROR_SYSTEM for more than one or one of the wrong kind. */
int listener_inherit(struct listener *ret, char *ret_reason, size_t reason_bytes);

/* "unix:PATH" or "unix:@NAME", wherever the socket came from; "unix:" where it has no name. */
void listener_address(const struct listener *listener, char *text, size_t size_bytes);

void listener_close(struct listener *listener); /* removes the socket file that it bound */
