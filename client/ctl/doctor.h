/*
 * shmbrokerctl doctor: tells what will come between a user, or a service, and its
 * segments, before it does. What its checks share: whom they are about, how they read
 * the system (below a root that tests may choose), and how they say what they found.
 *
 * A check is a row in doctor.c and a function in the file of its subject. It says at
 * least one thing, also where all is well, and changes nothing.
 */
#pragma once

#include "shmbroker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct ctl;
struct unit;

enum finding_state {
        FINDING_OK,
        FINDING_NOTE,    /* worth knowing, wrong for some */
        FINDING_PROBLEM, /* will go wrong: the exit code */
        FINDING_UNKNOWN, /* could not be told */
};

struct finding {
        const char *check;       /* of the row, by doctor_say() */
        int state;               /* enum finding_state */
        const char *found;       /* what is, in a few words */
        const char *consequence; /* NULL, or what will happen, in sentences */
        const char *file;        /* NULL, or where a line belongs that mends it */
        const char *section;     /* of that file: "[Service]"; NULL: it has none */
        const char *line;
};

/* Who wants segments: the caller, or the user that a unit runs as. */
struct subject {
        char name[256]; /* for people: "camera.service", or the user's */
        char user[256]; /* a name or, without one, a number */
        uid_t uid;      /* -1: not known, as of a dynamic user that does not run */
        gid_t gid;
        gid_t *groups; /* supplementary, and perhaps the primary one again */
        size_t groups_count;
};

/* What the segments of this IPC namespace amount to. */
struct usage {
        uint64_t segments;
        uint64_t pages;
        uint64_t largest_bytes;
        uint64_t locked_bytes; /* of the broker's */
};

struct doctor {
        const struct ctl *ctl;
        const char *root; /* goes before what is read of /etc, /proc, /sys; "" */
        bool for_user_manager;
        struct unit *unit; /* NULL: it is about the caller */
        struct subject subject;

        char *address; /* "unix:PATH", where the broker is looked for; NULL: no address */
        struct shmb_status broker;
        bool is_reached; /* broker is filled */
        struct usage usage;
        bool is_counted; /* usage is filled */

        const char *check;
        size_t said, problems;
        char scratch[16 * 1024]; /* doctor_text()s of one check */
        size_t scratch_used;
};

/* ------------------------------------------------------------------- saying */

void doctor_say(struct doctor *doctor, const struct finding *finding);

/* The finding where it is one, else its `found` alone, as FINDING_OK. */
void doctor_say_if(struct doctor *doctor, bool is_finding, const struct finding *finding);
/* FINDING_OK and FINDING_UNKNOWN, formatted. */
void doctor_say_ok(struct doctor *doctor, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
void doctor_say_unknown(struct doctor *doctor, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* Formats into memory that lasts until the check ends. */
const char *doctor_text(struct doctor *doctor, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* ------------------------------------------------------------------ reading */

/* All below doctor->root; false or NULL where a file can't be read. */
FILE *doctor_open(const struct doctor *doctor, const char *path);
/* The first size - 1 bytes of it, and a NUL. */
bool doctor_read(const struct doctor *doctor, const char *path, char *ret, size_t size_bytes);
bool doctor_read_number(const struct doctor *doctor, const char *path, uint64_t *ret);

/* In lines of keys and values ("Gid:\t995"): what comes behind `key` and blanks. NULL: none. */
const char *doctor_line(const char *text, const char *key);

/* One setting of an ini file of systemd's: the last line that sets it. */
struct setting {
        char value[256];
        unsigned line;
        char path[4096]; /* without the root */
};
bool doctor_setting(const struct doctor *doctor, const char *path, const char *section,
                    const char *key, struct setting *ret);

/* systemd's words for yes; anything else is no. */
bool doctor_true(const char *value);

/* ------------------------------------------------------ the broker's process */

#define DOCTOR_STATUS_BYTES 4096

/* Its /proc/PID/status. False where it can't be looked at, or the PID is another
 * process' here: the broker told the one of its own PID namespace. */
bool doctor_read_broker_status(const struct doctor *doctor, char ret[DOCTOR_STATUS_BYTES]);

/* Its primary group, which is the creator's group (cgid) of what it makes. */
bool doctor_read_broker_group(const struct doctor *doctor, gid_t *ret);
bool doctor_has_ipc_lock(const struct doctor *doctor); /* false where that can't be told */

/* ------------------------------------------------------------------ subject */

/* Exit codes. The second one needs doctor->unit; the first one before it. */
int subject_from_caller(struct doctor *doctor);
int subject_from_unit(struct doctor *doctor);
bool subject_in_group(const struct subject *subject, gid_t gid);

/* ------------------------------------------------------------------- checks */

void doctor_check_broker(struct doctor *doctor); /* doctor-broker.c */
void doctor_check_version(struct doctor *doctor);
void doctor_check_namespace(struct doctor *doctor);
void doctor_check_socket(struct doctor *doctor); /* doctor-access.c */
void doctor_check_creator_group(struct doctor *doctor);
void doctor_check_unit_removal(struct doctor *doctor); /* doctor-removal.c */
void doctor_check_login_removal(struct doctor *doctor);
void doctor_check_forced_removal(struct doctor *doctor);
void doctor_check_executable(struct doctor *doctor); /* doctor-sandbox.c */
void doctor_check_system_calls(struct doctor *doctor);
void doctor_check_address_families(struct doctor *doctor);
void doctor_check_segments(struct doctor *doctor); /* doctor-kernel.c */
void doctor_check_segment_size(struct doctor *doctor);
void doctor_check_total_size(struct doctor *doctor);
void doctor_check_locked_memory(struct doctor *doctor);
void doctor_check_huge_pages(struct doctor *doctor); /* doctor-pages.c */
void doctor_check_transparent_pages(struct doctor *doctor);
