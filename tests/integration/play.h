/*
 * A script of System V calls, told twice: to the kernel itself, and to the broker
 * through the library. Both tellings write down what every call gave, result, errno
 * and structs, and the two transcripts must be the same. Segments have names of one
 * letter; bare, that is a key.
 */
#pragma once

#include "harness.h"

#include <sys/shm.h>

struct play {
        bool bare;
        int ids[128];        /* by letter; -1: none */
        pid_t creators[128]; /* who called shmget(2) for it */
        size_t length;
        char transcript[1 << 20];
};

typedef void (*play_script)(struct play *play);

#define CREATE (IPC_CREAT | 0600) /* as most scripts do */

/* Both tellings by Alice where we are root, who could do everything; else by ourselves. */
void play(play_script script);
#define PLAY_TEST(script)                                                                          \
        START_TEST(test_##script) {                                                                \
                play(script);                                                                      \
        }                                                                                          \
        END_TEST

/* The same, each telling in a child of its own as `who`. */
void play_both(const struct who *who, play_script script);

/* A part of the script, by somebody else. */
void play_as(struct play *play, const struct who *who, play_script part);

void play_note(struct play *play, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Each writes its line, and returns what the call gave, or -errno. */
int play_get(struct play *play, char letter, size_t size, int flags);
int play_get_private(struct play *play, char letter, size_t size, int flags);
void *play_at(struct play *play, char letter, const void *address, int flags); /* NULL: refused */
int play_dt(struct play *play, const void *address);
int play_stat(struct play *play, char letter);
int play_set(struct play *play, char letter, uid_t uid, gid_t gid, mode_t mode);
int play_ctl(struct play *play, char letter, int command);
int play_rm(struct play *play, char letter);
int play_size(struct play *play, char letter);

/* The call itself, for what needs another buffer or id than a letter's. */
int play_raw_ctl(const struct play *play, int id, int command, struct shmid_ds *buffer);
int play_raw_at(const struct play *play, int id, const void *address, int flags, void **ret);
