#include "registry.h"

#include "users.h"

#include "proto/error.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "tree.h"

/* by_name and by_token hold those that are not removed, by_id holds all. */
RB_HEAD(name_tree, entry);
RB_HEAD(id_tree, entry);

struct registry {
        struct name_tree by_name;
        struct id_tree by_id;
        struct index by_token;
        int64_t count;
        uint64_t size_bytes;
        uint64_t version; /* the newest that an entry has */
};

static int compare_integers(int64_t a, int64_t b) {
        return (a > b) - (a < b);
}

static int compare_place(const char *name, int id, const struct entry *with) {
        if (name != NULL && with->name != NULL)
                return strcmp(name, with->name);
        if (name == NULL && with->name == NULL)
                return compare_integers(id, with->identity.id);
        return name != NULL ? -1 : 1;
}

static int compare_by_name(const struct entry *a, const struct entry *b) {
        return compare_place(a->name, a->identity.id, b);
}

static int compare_by_id(const struct entry *a, const struct entry *b) {
        return compare_integers(a->identity.id, b->identity.id);
}

RB_GENERATE_STATIC(name_tree, entry, by_name, compare_by_name)
RB_GENERATE_STATIC(id_tree, entry, by_id, compare_by_id)

int registry_new(struct registry **ret) {
        struct registry *registry = calloc(1, sizeof(*registry));
        int r;

        if (registry == NULL)
                return -ERROR_NO_MEMORY;
        RB_INIT(&registry->by_name);
        RB_INIT(&registry->by_id);
        r = index_init(&registry->by_token);
        if (r < 0) {
                free(registry);
                return r;
        }
        *ret = registry;
        return 0;
}

void registry_free(struct registry *registry) {
        struct entry *entry;

        if (registry == NULL)
                return;
        while ((entry = RB_ROOT(&registry->by_id)) != NULL) {
                registry_take(registry, entry);
                entry_free(entry);
        }
        index_release(&registry->by_token);
        free(registry);
}

/* ------------------------------------------------------------------ entries */

static size_t string_bytes(const char *string) {
        return string != NULL ? strlen(string) + 1 : 0;
}

static char *put_string(char **at, const char *string) {
        char *begin = *at;

        if (string == NULL)
                return NULL;
        *at = stpcpy(begin, string) + 1;
        return begin;
}

static size_t labels_bytes(const struct labels *labels) {
        size_t bytes = labels->count * sizeof(*labels->items);

        for (size_t i = 0; i < labels->count; i++)
                bytes += string_bytes(labels->items[i].key) + string_bytes(labels->items[i].value);
        return bytes;
}

/* `to` has room for them, and is aligned. */
static struct shmb_label *put_labels(void *to, const struct labels *labels) {
        struct shmb_label *items = to;
        char *at = (char *) (items + labels->count);

        for (size_t i = 0; i < labels->count; i++)
                items[i] = (struct shmb_label){
                        .key = put_string(&at, labels->items[i].key),
                        .value = put_string(&at, labels->items[i].value),
                };
        return labels->count > 0 ? items : NULL;
}

int entry_new(struct entry **ret, const struct entry_texts *texts) {
        size_t end = sizeof(struct entry) + string_bytes(texts->name) +
                     string_bytes(texts->creator_command) + string_bytes(texts->creator_unit) +
                     string_bytes(texts->token);
        size_t align = alignof(struct shmb_label);
        size_t labels_begin = (end + align - 1) / align * align;
        size_t bytes = labels_begin + labels_bytes(&texts->labels);
        struct entry *entry = malloc(bytes);
        char *at;

        if (entry == NULL)
                return -ERROR_NO_MEMORY;
        memset(entry, 0, sizeof(*entry));
        entry->block_bytes = (uint32_t) bytes;
        at = entry->texts;
        entry->name = put_string(&at, texts->name);
        entry->creator_command = put_string(&at, texts->creator_command);
        entry->creator_unit = put_string(&at, texts->creator_unit);
        entry->token = put_string(&at, texts->token);
        entry->labels = put_labels((char *) entry + labels_begin, &texts->labels);
        entry->labels_count = texts->labels.count;
        *ret = entry;
        return 0;
}

void entry_free(struct entry *entry) {
        if (entry == NULL)
                return;
        user_unref(entry->user);
        entry_release(entry, entry->name);
        entry_release(entry, entry->creator_command);
        entry_release(entry, entry->creator_unit);
        entry_release(entry, entry->token);
        entry_release(entry, entry->labels);
        free(entry);
}

void entry_release(const struct entry *entry, void *owned) {
        uintptr_t begin = (uintptr_t) entry, at = (uintptr_t) owned;

        if (at < begin || at - begin >= entry->block_bytes)
                free(owned);
}

int entry_copy_string(char **ret, const char *value) {
        *ret = value != NULL ? strdup(value) : NULL;
        return value != NULL && *ret == NULL ? -ERROR_NO_MEMORY : 0;
}

int entry_set_labels(struct entry *entry, const struct labels *labels) {
        struct shmb_label *copy = NULL;

        if (labels->count > 0) {
                copy = malloc(labels_bytes(labels));
                if (copy == NULL)
                        return -ERROR_NO_MEMORY;
                put_labels(copy, labels);
        }
        entry_release(entry, entry->labels);
        entry->labels = copy;
        entry->labels_count = labels->count;
        return 0;
}

/* ------------------------------------------------------------------ changes */

static void change(struct registry *registry, struct entry *entry) {
        entry->version = ++registry->version;
}

static uint64_t hash_token(const struct registry *registry, uid_t uid, const char *token) {
        return index_hash(&registry->by_token, uid, token);
}

static struct entry *entry_of_token(struct index_link *link) {
        return (struct entry *) (void *) ((char *) link - offsetof(struct entry, by_token));
}

static struct entry *find_token(const struct registry *registry, uint64_t hash, uid_t uid,
                                const char *token) {
        struct index_link *link = index_first(&registry->by_token, hash);

        for (; link != NULL; link = index_next(link)) {
                struct entry *entry = entry_of_token(link);

                if (uid == entry->token_uid && strcmp(token, entry->token) == 0)
                        return entry;
        }
        return NULL;
}

static void insert_token(struct registry *registry, struct entry *entry) {
        struct entry *older;
        uint64_t hash;

        if (entry->token == NULL)
                return;
        hash = hash_token(registry, entry->token_uid, entry->token);
        older = find_token(registry, hash, entry->token_uid, entry->token);
        if (older != NULL) {
                index_remove(&registry->by_token, &older->by_token);
                entry_release(older, older->token);
                older->token = NULL;
        }
        index_add(&registry->by_token, &entry->by_token, hash);
}

static void remove_token(struct registry *registry, struct entry *entry) {
        if (entry->token != NULL)
                index_remove(&registry->by_token, &entry->by_token);
}

static void count(struct registry *registry, const struct entry *entry, int sign) {
        registry->count += sign;
        if (!entry->adopted)
                registry->size_bytes += (uint64_t) sign * entry->identity.size_bytes;
}

struct entry *registry_add(struct registry *registry, struct entry *entry) {
        struct entry *holder = RB_INSERT(id_tree, &registry->by_id, entry);

        if (holder != NULL)
                return holder;
        if (!entry->removed) {
                holder = RB_INSERT(name_tree, &registry->by_name, entry);
                if (holder != NULL) {
                        RB_REMOVE(id_tree, &registry->by_id, entry);
                        return holder;
                }
                insert_token(registry, entry);
                count(registry, entry, 1);
        }
        change(registry, entry);
        return NULL;
}

void registry_take(struct registry *registry, struct entry *entry) {
        bool removed = entry->removed;

        registry_retire(registry, entry);
        entry->removed = removed;
        RB_REMOVE(id_tree, &registry->by_id, entry);
}

void registry_retire(struct registry *registry, struct entry *entry) {
        if (entry->removed)
                return;
        RB_REMOVE(name_tree, &registry->by_name, entry);
        remove_token(registry, entry);
        count(registry, entry, -1);
        entry->removed = true;
        change(registry, entry);
}

void registry_rename(struct registry *registry, struct entry *entry, char *take_name) {
        struct entry *taken;

        RB_REMOVE(name_tree, &registry->by_name, entry);
        entry_release(entry, entry->name);
        entry->name = take_name;
        taken = RB_INSERT(name_tree, &registry->by_name, entry);
        assert(taken == NULL);
        (void) taken;
        change(registry, entry);
}

void registry_swap_labels(struct registry *registry, struct entry *entry, struct entry *other) {
        struct shmb_label *items = entry->labels;
        size_t count = entry->labels_count;

        entry->labels = other->labels;
        entry->labels_count = other->labels_count;
        other->labels = items;
        other->labels_count = count;
        change(registry, entry);
}

void registry_set_token(struct registry *registry, struct entry *entry, uid_t uid,
                        char *take_token) {
        if (!entry->removed)
                remove_token(registry, entry);
        entry_release(entry, entry->token);
        entry->token = take_token;
        entry->token_uid = uid;
        if (!entry->removed)
                insert_token(registry, entry);
}

/* ------------------------------------------------------------------ finding */

struct entry *registry_find_name(const struct registry *registry, const char *name) {
        struct entry *at = RB_ROOT(&registry->by_name);

        while (at != NULL) {
                int order = compare_place(name, 0, at);

                if (order == 0)
                        break;
                at = order < 0 ? RB_LEFT(at, by_name) : RB_RIGHT(at, by_name);
        }
        return at;
}

struct entry *registry_find_id(const struct registry *registry, int id) {
        struct entry *at = RB_ROOT(&registry->by_id);

        while (at != NULL && id != at->identity.id)
                at = id < at->identity.id ? RB_LEFT(at, by_id) : RB_RIGHT(at, by_id);
        return at;
}

struct entry *registry_find_token(const struct registry *registry, uid_t uid, const char *token) {
        return find_token(registry, hash_token(registry, uid, token), uid, token);
}

struct entry *registry_first(const struct registry *registry) {
        struct entry *at = RB_ROOT(&registry->by_name);

        while (at != NULL && RB_LEFT(at, by_name) != NULL)
                at = RB_LEFT(at, by_name);
        return at;
}

struct entry *registry_next(const struct registry *registry, struct entry *entry) {
        (void) registry;
        return RB_NEXT(name_tree, &registry->by_name, entry);
}

struct entry *registry_after(const struct registry *registry, const char *name, int id) {
        struct entry *at = RB_ROOT(&registry->by_name), *after = NULL;

        while (at != NULL)
                if (compare_place(name, id, at) < 0) {
                        after = at;
                        at = RB_LEFT(at, by_name);
                } else
                        at = RB_RIGHT(at, by_name);
        return after;
}

struct entry *registry_first_id(const struct registry *registry) {
        struct entry *at = RB_ROOT(&registry->by_id);

        while (at != NULL && RB_LEFT(at, by_id) != NULL)
                at = RB_LEFT(at, by_id);
        return at;
}

struct entry *registry_next_id(const struct registry *registry, struct entry *entry) {
        (void) registry;
        return RB_NEXT(id_tree, &registry->by_id, entry);
}

struct entry *registry_after_id(const struct registry *registry, int id) {
        struct entry *at = RB_ROOT(&registry->by_id), *after = NULL;

        while (at != NULL)
                if (id < at->identity.id) {
                        after = at;
                        at = RB_LEFT(at, by_id);
                } else
                        at = RB_RIGHT(at, by_id);
        return after;
}

int64_t registry_count(const struct registry *registry) {
        return registry->count;
}

uint64_t registry_size_bytes(const struct registry *registry) {
        return registry->size_bytes;
}
