#include "method.h"

#include "segment.h"

#include <limits.h>
#include <string.h>

/* Ranges. (uid_t) -1 is no user: the kernel means "leave it" by it. */
#define SIZE_RANGE 0, FIELD_INTEGER_MAX
#define MODE_RANGE 0, 0777
#define USER_RANGE 0, UINT32_MAX - 1
#define ID_RANGE   0, INT_MAX
#define KEY_RANGE  0, UINT32_MAX

/* ---------------------------------------------------------------- requests */

/* Of a method that takes no parameters: whatever is sent is refused. */
static const struct fields nothing;

static const struct field create_items[] = {
        STRING_FIELD(struct create_request, name, "name", FIELD_OPTIONAL),
        INTEGER_FIELD(struct create_request, size, "size", FIELD_REQUIRED, SIZE_RANGE),
        INTEGER_FIELD(struct create_request, mode, "mode", FIELD_OPTIONAL, MODE_RANGE),
        BOOLEAN_FIELD(struct create_request, exclusive, "exclusive", FIELD_OPTIONAL),
        CHOICE_FIELD(struct create_request, lifetime, "lifetime", FIELD_OPTIONAL,
                     segment_lifetimes),
        INTEGER_FIELD(struct create_request, huge_page_size, "hugePageSize", FIELD_OPTIONAL,
                      SIZE_RANGE),
        BOOLEAN_FIELD(struct create_request, no_reserve, "noReserve", FIELD_OPTIONAL),
        LABELS_FIELD(struct create_request, labels, "labels", FIELD_OPTIONAL),
        STRING_FIELD(struct create_request, token, "token", FIELD_OPTIONAL),
};
static const struct fields create_fields = FIELDS(create_items);

static const struct field open_items[] = {
        STRING_FIELD(struct open_request, name, "name", FIELD_REQUIRED),
        INTEGER_FIELD(struct open_request, size, "size", FIELD_OPTIONAL, SIZE_RANGE),
        BOOLEAN_FIELD(struct open_request, write, "write", FIELD_OPTIONAL),
        INTEGER_FIELD(struct open_request, mode, "mode", FIELD_OPTIONAL, MODE_RANGE),
};
static const struct fields open_fields = FIELDS(open_items);

static const struct field adopt_items[] = {
        STRING_FIELD(struct adopt_request, name, "name", FIELD_REQUIRED),
        INTEGER_FIELD(struct adopt_request, key, "key", FIELD_OPTIONAL, KEY_RANGE),
        INTEGER_FIELD(struct adopt_request, id, "id", FIELD_OPTIONAL, ID_RANGE),
        LABELS_FIELD(struct adopt_request, labels, "labels", FIELD_OPTIONAL),
        STRING_FIELD(struct adopt_request, token, "token", FIELD_OPTIONAL),
};
static const struct fields adopt_fields = FIELDS(adopt_items);

static const struct field segment_request_items[] = {
        STRING_FIELD(struct segment_request, name, "name", FIELD_OPTIONAL),
        INTEGER_FIELD(struct segment_request, id, "id", FIELD_OPTIONAL, ID_RANGE),
};
static const struct fields segment_request_fields = FIELDS(segment_request_items);

static const struct field set_items[] = {
        STRING_FIELD(struct set_request, name, "name", FIELD_OPTIONAL),
        INTEGER_FIELD(struct set_request, id, "id", FIELD_OPTIONAL, ID_RANGE),
        INTEGER_FIELD(struct set_request, uid, "uid", FIELD_OPTIONAL, USER_RANGE),
        INTEGER_FIELD(struct set_request, gid, "gid", FIELD_OPTIONAL, USER_RANGE),
        INTEGER_FIELD(struct set_request, mode, "mode", FIELD_OPTIONAL, MODE_RANGE),
        LABELS_FIELD(struct set_request, labels, "labels", FIELD_OPTIONAL),
};
static const struct fields set_fields = FIELDS(set_items);

static const struct field rename_items[] = {
        STRING_FIELD(struct rename_request, name, "name", FIELD_REQUIRED),
        STRING_FIELD(struct rename_request, to, "to", FIELD_REQUIRED),
        BOOLEAN_FIELD(struct rename_request, replace, "replace", FIELD_OPTIONAL),
        STRING_FIELD(struct rename_request, token, "token", FIELD_OPTIONAL),
};
static const struct fields rename_fields = FIELDS(rename_items);

/* Of List and Watch. */
static const struct field list_items[] = {
        STRING_FIELD(struct list_request, pattern, "pattern", FIELD_OPTIONAL),
};
static const struct fields list_fields = FIELDS(list_items);

static const struct field wait_items[] = {
        STRING_FIELD(struct wait_request, name, "name", FIELD_REQUIRED),
        INTEGER_FIELD(struct wait_request, nattch, "nattch", FIELD_OPTIONAL, SIZE_RANGE),
        INTEGER_FIELD(struct wait_request, timeout_ms, "timeout", FIELD_OPTIONAL, SIZE_RANGE),
};
static const struct fields wait_fields = FIELDS(wait_items);

static const struct field interface_items[] = {
        STRING_FIELD(struct interface_request, interface, "interface", FIELD_REQUIRED),
};
static const struct fields interface_fields = FIELDS(interface_items);

/* ----------------------------------------------------------------- results */

static const struct field create_result_items[] = {
        POINTER_FIELD(struct segment_result, segment, "segment", FIELD_REQUIRED, &segment_fields),
        BOOLEAN_FIELD(struct segment_result, created, "created", FIELD_REQUIRED),
};
static const struct fields create_result_fields = FIELDS(create_result_items);

static const struct field segment_result_items[] = {
        POINTER_FIELD(struct segment_result, segment, "segment", FIELD_REQUIRED, &segment_fields),
};
static const struct fields segment_result_fields = FIELDS(segment_result_items);

static const struct field find_result_items[] = {
        POINTER_FIELD(struct segment_result, segment, "segment", FIELD_REQUIRED,
                      &segment_handle_fields),
};
static const struct fields find_result_fields = FIELDS(find_result_items);

static const struct field list_result_items[] = {
        POINTER_FIELD(struct segment_result, segment, "segment", FIELD_OPTIONAL, &segment_fields),
};
static const struct fields list_result_fields = FIELDS(list_result_items);

static const char *const events[] = {
        [EVENT_EXISTING] = "existing", [EVENT_READY] = "ready",       [EVENT_CREATED] = "created",
        [EVENT_RENAMED] = "renamed",   [EVENT_CHANGED] = "changed",   [EVENT_REMOVED] = "removed",
        [EVENT_LOST] = "lost",         [EVENT_OVERFLOW] = "overflow", NULL,
};

static const struct field watch_result_items[] = {
        CHOICE_FIELD(struct watch_result, event, "event", FIELD_REQUIRED, events),
        POINTER_FIELD(struct watch_result, segment, "segment", FIELD_OPTIONAL, &segment_fields),
        STRING_FIELD(struct watch_result, previously, "previously", FIELD_OPTIONAL),
};
static const struct fields watch_result_fields = FIELDS(watch_result_items);

#define LIMIT(member, wire) INTEGER_FIELD(struct limits, member, wire, FIELD_REQUIRED, SIZE_RANGE)
static const struct field limits_items[] = {
        LIMIT(segments, "segments"),
        LIMIT(segment_size, "segmentSize"),
        LIMIT(total_size, "totalSize"),
        LIMIT(segments_per_user, "segmentsPerUser"),
        LIMIT(size_per_user, "sizePerUser"),
        LIMIT(connections, "connections"),
        LIMIT(connections_per_user, "connectionsPerUser"),
        LIMIT(watches_per_user, "watchesPerUser"),
        LIMIT(message_size, "messageSize"),
};
const struct fields limits_fields = FIELDS(limits_items);

#define FIGURE(member, wire)                                                                       \
        INTEGER_FIELD(struct status_result, member, wire, FIELD_REQUIRED, SIZE_RANGE)
static const struct field status_items[] = {
        FIGURE(pid, "pid"),
        FIGURE(uid, "uid"),
        FIGURE(started_at, "startedAt"),
        FIGURE(ipc_namespace, "ipcNamespace"),
        FIGURE(segments, "segments"),
        FIGURE(total_size, "totalSize"),
        FIGURE(connections, "connections"),
        FIGURE(watchers, "watchers"),
        FIGURE(requests, "requests"),
        FIGURE(errors, "errors"),
        RECORD_FIELD(struct status_result, limits, "limits", FIELD_REQUIRED, &limits_fields),
};
static const struct fields status_fields = FIELDS(status_items);

static const struct field info_items[] = {
        STRING_FIELD(struct info_result, vendor, "vendor", FIELD_REQUIRED),
        STRING_FIELD(struct info_result, product, "product", FIELD_REQUIRED),
        STRING_FIELD(struct info_result, version, "version", FIELD_REQUIRED),
        STRING_FIELD(struct info_result, url, "url", FIELD_REQUIRED),
        STRINGS_FIELD(struct info_result, interfaces, "interfaces", FIELD_REQUIRED),
};
static const struct fields info_fields = FIELDS(info_items);

static const struct field description_items[] = {
        STRING_FIELD(struct description_result, description, "description", FIELD_REQUIRED),
};
static const struct fields description_fields = FIELDS(description_items);

/* ----------------------------------------------------------------- methods */

#define SHMBROKER(method) INTERFACE_SHMBROKER "." method
#define SERVICE(method)   INTERFACE_SERVICE "." method

const struct method methods[METHODS] = {
        [METHOD_CREATE] = {SHMBROKER("Create"), &create_fields, &create_result_fields},
        [METHOD_OPEN] = {SHMBROKER("Open"), &open_fields, &segment_result_fields},
        [METHOD_FIND] = {SHMBROKER("Find"), &open_fields, &find_result_fields},
        [METHOD_ADOPT] = {SHMBROKER("Adopt"), &adopt_fields, &segment_result_fields},
        [METHOD_STAT] = {SHMBROKER("Stat"), &segment_request_fields, &segment_result_fields},
        [METHOD_SET] = {SHMBROKER("Set"), &set_fields, &segment_result_fields},
        [METHOD_LOCK] = {SHMBROKER("Lock"), &segment_request_fields, &segment_result_fields},
        [METHOD_UNLOCK] = {SHMBROKER("Unlock"), &segment_request_fields, &segment_result_fields},
        [METHOD_RENAME] = {SHMBROKER("Rename"), &rename_fields, &segment_result_fields},
        [METHOD_REMOVE] = {SHMBROKER("Remove"), &segment_request_fields, &segment_result_fields},
        [METHOD_LIST] = {SHMBROKER("List"), &list_fields, &list_result_fields, true},
        [METHOD_WAIT] = {SHMBROKER("Wait"), &wait_fields, &segment_result_fields},
        [METHOD_WATCH] = {SHMBROKER("Watch"), &list_fields, &watch_result_fields, true},
        [METHOD_GET_STATUS] = {SHMBROKER("GetStatus"), &nothing, &status_fields},
        [METHOD_GET_INFO] = {SERVICE("GetInfo"), &nothing, &info_fields},
        [METHOD_GET_INTERFACE_DESCRIPTION] = {SERVICE("GetInterfaceDescription"), &interface_fields,
                                              &description_fields},
};

enum method_id method_find(const char *name) {
        enum method_id id = 0;

        while (id < METHODS && strcmp(methods[id].name, name) != 0)
                id++;
        return id;
}
