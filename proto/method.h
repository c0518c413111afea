/*
 * The methods of io.shmbroker and org.varlink.service as C structs, one table each
 * way: a client encodes the request and decodes the result, the broker the other
 * way about. Optional integers are FIELD_ABSENT, optional strings NULL.
 */
#pragma once

#include "fields.h"
#include "shmbroker-segment.h"

#include <stdbool.h>
#include <stdint.h>

#define INTERFACE_SHMBROKER "io.shmbroker"
#define INTERFACE_SERVICE   "org.varlink.service"

enum method_id {
        METHOD_CREATE,
        METHOD_OPEN,
        METHOD_FIND,
        METHOD_ADOPT,
        METHOD_STAT,
        METHOD_SET,
        METHOD_LOCK,
        METHOD_UNLOCK,
        METHOD_RENAME,
        METHOD_REMOVE,
        METHOD_LIST,
        METHOD_WAIT,
        METHOD_WATCH,
        METHOD_GET_STATUS,
        METHOD_GET_INFO,
        METHOD_GET_INTERFACE_DESCRIPTION,
        METHODS,
};

struct method {
        const char *name;             /* with its interface */
        const struct fields *request; /* an empty table where it takes none */
        const struct fields *result;
        bool needs_more;
};

extern const struct method methods[METHODS];

/* METHODS where there is none of that name. */
enum method_id method_find(const char *name);

struct create_request {
        const char *name; /* NULL: private */
        int64_t size;
        int64_t mode;
        bool exclusive;
        int lifetime; /* enum shmb_lifetime, -1 absent */
        int64_t huge_page_size;
        bool no_reserve;
        struct labels labels;
        const char *token;
};

/* Open and Find. */
struct open_request {
        const char *name;
        int64_t size;
        bool write;
        int64_t mode;
};

struct adopt_request {
        const char *name;
        int64_t key;
        int64_t id;
        struct labels labels;
        const char *token;
};

/* Stat, Lock, Unlock and Remove: a segment by its name or its id, one of the two. */
struct segment_request {
        const char *name;
        int64_t id;
};

struct set_request {
        const char *name;
        int64_t id;
        int64_t uid, gid, mode;
        struct labels labels;
};

struct rename_request {
        const char *name;
        const char *to;
        bool replace;
        const char *token;
};

struct list_request {
        const char *pattern;
};

struct wait_request {
        const char *name;
        int64_t nattch;
        int64_t timeout_ms;
};

struct interface_request {
        const char *interface;
};

/* Of every method that answers with one segment; `created` is Create's alone. segment
 * is NULL where a List has none. Decoded by giving struct decoding the room for it, of
 * which Find fills what segment_handle_fields name. */
struct segment_result {
        const struct shmb_segment *segment;
        bool created;
};

/* Type Event. */
enum watch_event {
        EVENT_EXISTING,
        EVENT_READY,
        EVENT_CREATED,
        EVENT_RENAMED,
        EVENT_CHANGED,
        EVENT_REMOVED,
        EVENT_LOST,
        EVENT_OVERFLOW,
};

struct watch_result {
        int event; /* enum watch_event */
        const struct shmb_segment *segment;
        const char *previously; /* EVENT_RENAMED: the old name */
};

struct limits {
        int64_t segments;
        int64_t segment_size; /* bytes */
        int64_t total_size;   /* bytes */
        int64_t segments_per_user;
        int64_t size_per_user; /* bytes */
        int64_t connections;
        int64_t connections_per_user;
        int64_t watches_per_user;
        int64_t message_size; /* bytes */
};

extern const struct fields limits_fields;

struct status_result {
        int64_t pid, uid, started_at;
        int64_t ipc_namespace; /* inode */
        int64_t segments, total_size, connections, watchers, requests, errors;
        struct limits limits;
};

struct info_result {
        const char *vendor, *product, *version, *url;
        const char *const *interfaces; /* ends with NULL */
};

struct description_result {
        const char *description;
};
