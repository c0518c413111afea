#include "peer.h"

#include "proto/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Most users have fewer groups than this: one call tells them all. */
#define GROUPS_GUESS 64

static int peer_compare_groups(const void *a, const void *b) {
        gid_t x = *(const gid_t *) a, y = *(const gid_t *) b;
        return (x > y) - (x < y);
}

/* They come in the order of the peer's user namespace, nearly always ours. */
static void peer_sort_groups(gid_t *groups, size_t count) {
        for (size_t i = 1; i < count; i++)
                if (groups[i - 1] > groups[i]) {
                        qsort(groups, count, sizeof(*groups), peer_compare_groups);
                        return;
                }
}

static int peer_read_groups(int fd, struct peer *peer) {
        gid_t guess[GROUPS_GUESS];
        socklen_t bytes = sizeof(guess);
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, guess, &bytes) < 0 && errno != ERANGE)
                return -ERROR_SYSTEM;
        if (bytes == 0)
                return 0;

        gid_t *groups = malloc(bytes); /* with ERANGE, `bytes` is what it takes */
        if (groups == NULL)
                return -ERROR_NO_MEMORY;
        if (bytes <= sizeof(guess)) {
                memcpy(groups, guess, bytes);
        } else if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes) < 0) {
                free(groups);
                return -ERROR_SYSTEM;
        }
        peer->groups = groups;
        peer->groups_count = bytes / sizeof(*groups);
        peer_sort_groups(groups, peer->groups_count);
        return 0;
}

int peer_read(int fd, struct peer *ret) {
        struct ucred credentials;
        socklen_t bytes = sizeof(credentials);
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) < 0)
                return -ERROR_SYSTEM;

        struct peer peer = {
                .uid = credentials.uid,
                .gid = credentials.gid,
                .pid = credentials.pid,
        };
        int r = peer_read_groups(fd, &peer);
        if (r < 0)
                return r;
        *ret = peer;
        return 0;
}

void peer_free(struct peer *peer) {
        free(peer->groups);
        free(peer->unit);
        *peer = (struct peer){0};
}

/* The first bytes of a file of /proc/PID; "" where there are none to be had. */
static void peer_read_proc(pid_t pid, const char *file, char *text, size_t size_bytes) {
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d/%s", (int) pid, file);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t length = fd < 0 ? -1 : read(fd, text, size_bytes - 1);
        if (fd >= 0)
                close(fd);
        text[length < 0 ? 0 : length] = '\0';
}

/* A process names itself and its control groups as it likes, in any bytes. */
static void peer_make_printable(char *text) {
        for (; *text != '\0'; text++)
                if (*text < ' ' || *text > '~')
                        *text = '?';
}

static bool peer_is_unit(const char *name, size_t length_bytes) {
        static const char *const suffixes[] = {".service", ".scope", ".socket", ".mount", ".swap"};
        for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
                size_t suffix_bytes = strlen(suffixes[i]);
                if (length_bytes > suffix_bytes &&
                    memcmp(name + length_bytes - suffix_bytes, suffixes[i], suffix_bytes) == 0)
                        return true;
        }
        return false;
}

/* The innermost unit: for "0::/user.slice/user-1000.slice/user@1000.service/app.slice/
 * camera.service/workers" it is camera.service. */
static char *peer_find_unit(const char *cgroup) {
        const char *line = cgroup;
        while (strncmp(line, "0::", 3) != 0) {
                line = strchr(line, '\n');
                if (line == NULL)
                        return NULL;
                line++;
        }
        const char *unit = NULL;
        size_t unit_bytes = 0;
        for (const char *name = line + 3; *name == '/';) {
                name++;
                size_t length_bytes = strcspn(name, "/\n");
                if (peer_is_unit(name, length_bytes)) {
                        unit = name;
                        unit_bytes = length_bytes;
                }
                name += length_bytes;
        }
        return unit == NULL ? NULL : strndup(unit, unit_bytes);
}

void peer_describe(struct peer *peer) {
        if (peer->described || peer->pid == 0)
                return;
        peer->described = true;

        peer_read_proc(peer->pid, "comm", peer->command, sizeof(peer->command));
        peer->command[strcspn(peer->command, "\n")] = '\0';
        peer_make_printable(peer->command);

        char cgroup[4096];
        peer_read_proc(peer->pid, "cgroup", cgroup, sizeof(cgroup));
        peer->unit = peer_find_unit(cgroup);
        if (peer->unit != NULL)
                peer_make_printable(peer->unit);
}

bool peer_in_group(const struct peer *peer, gid_t gid) {
        if (peer->gid == gid)
                return true;
        /* There may be 65,536 of them, and a List asks for each segment. */
        return peer->groups_count > 0 && bsearch(&gid, peer->groups, peer->groups_count,
                                                 sizeof(gid), peer_compare_groups) != NULL;
}
