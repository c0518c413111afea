/*
 * A broker as an ordinary user of its own, in an IPC namespace of its own, with made-up
 * peers, and short words for calling it.
 */
#pragma once

#include "broker.h"
#include "ipc.h"
#include "log.h"
#include "peer.h"
#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define SIZE  4096
#define LARGE ((int64_t) BROKER_LARGE_BYTES)

enum {
        UID_CREATOR = 4210,
        GID_CREATOR = 4310,
};

/* None is in a group of another one. */
#define PEER static struct peer __attribute__((unused))
PEER root = {.described = true, .command = "init"};
PEER creator = {
        .uid = UID_CREATOR, .gid = GID_CREATOR, .pid = 17, .described = true, .command = "camera"};
PEER owner = {.uid = UID_OWNER, .gid = GID_OWNER, .pid = 18, .described = true};
PEER stranger = {.uid = UID_OTHER, .gid = GID_OTHER, .pid = 19, .described = true};
PEER broker_user = {.uid = UID_BROKER, .gid = GID_BROKER, .described = true};

static struct broker *broker;
static char state_directory[64];

/* Of the last call. */
static struct outcome outcome;
static struct error error;

static inline void broker_start(const struct limits *limits) {
        char reason[256] = "";
        int r = broker_new(&broker, state_directory, limits, reason, sizeof(reason));

        ck_assert_msg(r == 0, "%s", reason);
}

static inline void broker_restart(void) {
        struct limits limits = broker->limits;

        broker_free(broker);
        broker_start(&limits);
}

static inline void broker_setup(void) {
        struct limits limits;

        snprintf(state_directory, sizeof(state_directory), "/tmp/broker-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(state_directory));
        ck_assert_int_eq(chown(state_directory, UID_BROKER, GID_BROKER), 0);
        ipc_become(UID_BROKER, GID_BROKER, NULL, 0);
        limits_default(&limits);
        log_set_level(LOG_ERR);
        broker_start(&limits);
}

static inline int remove_one(int id, const struct shmid_ds *ds, void *context) {
        return ipc_remove_found(id);
}

static inline void broker_teardown(void) {
        struct dirent *file;
        DIR *directory;

        broker_free(broker);
        ipc_become_root();
        ck_assert_int_eq(segment_scan(remove_one, NULL), 0);
        directory = opendir(state_directory);
        ck_assert_ptr_nonnull(directory);
        while ((file = readdir(directory)) != NULL)
                unlinkat(dirfd(directory), file->d_name, 0);
        closedir(directory);
        ck_assert_int_eq(rmdir(state_directory), 0);
}

/* ------------------------------------------------------------------ requests */

static inline struct create_request to_create(const char *name, int64_t size) {
        return (struct create_request){
                .name = name,
                .size = size,
                .mode = FIELD_ABSENT,
                .lifetime = -1,
                .huge_page_size = FIELD_ABSENT,
        };
}

static inline struct open_request to_open(const char *name) {
        return (struct open_request){.name = name, .size = FIELD_ABSENT, .mode = FIELD_ABSENT};
}

static inline struct adopt_request to_adopt_id(const char *name, int64_t id) {
        return (struct adopt_request){.name = name, .key = FIELD_ABSENT, .id = id};
}

static inline struct segment_request by_name(const char *name) {
        return (struct segment_request){.name = name, .id = FIELD_ABSENT};
}

static inline struct segment_request by_id(int64_t id) {
        return (struct segment_request){.id = id};
}

static inline struct set_request to_set(const char *name) {
        return (struct set_request){.name = name,
                                    .id = FIELD_ABSENT,
                                    .uid = FIELD_ABSENT,
                                    .gid = FIELD_ABSENT,
                                    .mode = FIELD_ABSENT};
}

/* A call as it goes: a work is run on the spot. 0 or the positive code of the refusal. */
#define CALL(method, peer, request)                                                                \
        call_end(broker_##method(broker, peer, request, &outcome, &error))

static inline int call_end(int r) {
        if (r == BROKER_WORK) {
                struct work work = outcome.work;

                work_run(&work);
                r = broker_finish(broker, &work, &outcome, &error);
        }
        ck_assert_int_le(r, 0);
        if (r < 0)
                ck_assert_int_eq(error.code, -r);
        return -r;
}

#define ACCEPTED(method, peer, request)                                                            \
        ck_assert_msg(CALL(method, peer, request) == 0, "refused: %s", error_text())
#define REFUSED(code_, method, peer, request) ck_assert_int_eq(CALL(method, peer, request), code_)

static inline const char *error_text(void) {
        static char text[256];

        error_sentence(&error, text, sizeof(text));
        return text;
}

static inline int create(struct peer *peer, const char *name, int64_t size, mode_t mode) {
        struct create_request request = to_create(name, size);

        request.mode = mode;
        ACCEPTED(create, peer, &request);
        ck_assert(outcome.created);
        return outcome.segment.id;
}

/* A method that takes a segment by its name or id. */
#define ACCEPTED_BY_NAME(method, peer, name_)                                                      \
        do {                                                                                       \
                struct segment_request request_ = by_name(name_);                                  \
                ACCEPTED(method, peer, &request_);                                                 \
        } while (0)
#define ACCEPTED_BY_ID(method, peer, id_)                                                          \
        do {                                                                                       \
                struct segment_request request_ = by_id(id_);                                      \
                ACCEPTED(method, peer, &request_);                                                 \
        } while (0)
#define REFUSED_BY_NAME(code, method, peer, name_)                                                 \
        do {                                                                                       \
                struct segment_request request_ = by_name(name_);                                  \
                REFUSED(code, method, peer, &request_);                                            \
        } while (0)
#define REFUSED_BY_ID(code, method, peer, id_)                                                     \
        do {                                                                                       \
                struct segment_request request_ = by_id(id_);                                      \
                REFUSED(code, method, peer, &request_);                                            \
        } while (0)

/* The names that the peer is told of, with blanks between, "#id" for private ones. */
static inline const char *list(struct peer *peer, const char *pattern) {
        static char text[1024];
        struct list_request request = {.pattern = pattern};
        struct list_cursor cursor = {0};
        struct shmb_segment segment;
        char *at = text;

        *at = '\0';
        while (!cursor.ended) {
                unsigned budget = 1;
                int r = broker_list(broker, peer, &request, &cursor, &budget, &segment, &error);

                ck_assert_int_ge(r, 0);
                if (r > 0 && at != text)
                        *at++ = ' ';
                if (r > 0)
                        at += segment.name != NULL ? sprintf(at, "%s", segment.name)
                                                   : sprintf(at, "#%d", segment.id);
        }
        return text;
}

static inline struct shmid_ds look(int id) {
        struct shmid_ds ds;

        ck_assert_int_eq(segment_stat(id, &ds), 0);
        return ds;
}

static inline bool exists(int id) {
        struct shmid_ds ds;

        return segment_stat(id, &ds) == 0;
}

/* Attached by this process, which the kernel lets do that as the broker or the owner. */
static inline void *attach_as(uid_t uid, int id) {
        uid_t before = geteuid();
        void *at;

        ck_assert_int_eq(seteuid(0), 0);
        ck_assert_int_eq(seteuid(uid), 0);
        at = shmat(id, NULL, 0);
        ck_assert_ptr_ne(at, (void *) -1);
        ck_assert_int_eq(seteuid(0), 0);
        ck_assert_int_eq(seteuid(before), 0);
        return at;
}
