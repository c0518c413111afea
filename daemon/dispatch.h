/*
 * The table of methods: finds the row, checks the parameters, fills the typed
 * request, hands it to the broker and encodes the typed result. It knows JSON
 * through proto/'s tables only, and no sockets.
 */
#pragma once

#include "broker.h"

#include "proto/buffer.h"

#include <stdbool.h>
#include <stddef.h>

struct peer;

/* Figures of GetStatus that live above the broker. */
struct traffic {
        int64_t connections, watchers, requests, errors;
};

/* What all calls share. */
struct dispatcher {
        struct broker *broker;
        struct traffic traffic;
        struct replies replies;
};

/* A call that is not answered in one go, of which a connection has at most one; its
 * later calls wait. Freed with pending_free(). */
struct pending {
        enum { PENDING_WORK, PENDING_LIST } kind;
        enum method_id method;
        bool oneway;
        struct work work;
        struct list_cursor cursor;
        char pattern[256];
        bool has_pattern;
        struct buffer held; /* List: the last result, whose `continues` is not known yet */
};

enum {
        DISPATCH_DONE = 0,    /* answered (or oneway) */
        DISPATCH_PENDING = 1, /* *ret_pending goes on: work to be run, or a List to be continued */
};

/* One message, without its NUL (the byte behind is readable). Replies are appended to
 * `out`, whole messages only. Errors: -ERROR_MALFORMED (ret_reason), -ERROR_NO_MEMORY:
 * the connection must end. */
int dispatch_message(struct dispatcher *dispatcher, struct peer *peer, const char *text,
                     size_t length_bytes, struct buffer *out, struct pending **ret_pending,
                     const char **ret_reason);

/* Goes on with a List while `out` is below `high_water_bytes` and the budget of entries
 * lasts, broker_list(), or answers a work that was run. DISPATCH_DONE, DISPATCH_PENDING (a
 * List's alone), -ERROR_NO_MEMORY: the connection must end. */
int dispatch_continue(struct dispatcher *dispatcher, struct peer *peer, struct pending *pending,
                      struct buffer *out, size_t high_water_bytes, unsigned budget);

void pending_free(struct pending *pending); /* takes NULL; not while its work runs */
