#include "json.h"

#include "arena.h"
#include "documents.h"
#include "error.h"
#include "scan.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* An object's members up to here are compared with each other, more are sorted. */
#define FEW_MEMBERS 32

/* The program's, since cJSON's hooks have no argument to pass one in. */
static struct arena arena, *allocating = &arena;
static bool uses_arena;
static struct documents *documents; /* NULL: none are kept */

static void *arena_hook_allocate(size_t size_bytes) {
        return arena_allocate(allocating, size_bytes);
}

static void arena_hook_free(void *memory) {
        (void) memory; /* json_free() frees all at once */
}

void json_use_arena(void) {
        cJSON_InitHooks(&(cJSON_Hooks){
                .malloc_fn = arena_hook_allocate,
                .free_fn = arena_hook_free,
        });
        uses_arena = true;
        if (!documents)
                documents = calloc(1, sizeof(*documents)); /* without it, it is only slower */
}

void json_release_arena(void) {
        arena_release(&arena);
        free(documents);
        documents = NULL;
}

/* ------------------------------------------------- names that occur twice */

struct member_name {
        uint64_t head; /* its first eight bytes, as a number that sorts like them */
        const char *name;
};

static struct member_name member_name(const char *name) {
        uint64_t head = 0;
        unsigned shift = 64;

        for (size_t i = 0; i < sizeof(head) && name[i] != '\0'; i++) {
                shift -= 8;
                head |= (uint64_t) (unsigned char) name[i] << shift;
        }
        return (struct member_name){.head = head, .name = name};
}

static int member_name_compare(const void *a, const void *b) {
        const struct member_name *x = a, *y = b;

        if (x->head != y->head)
                return x->head < y->head ? -1 : 1;
        /* No name holds a NUL, so equal heads that end in one are equal names. */
        return (x->head & 0xff) == 0 ? 0 : strcmp(x->name, y->name);
}

static bool few_names_repeat(const cJSON *object) {
        for (const cJSON *member = object->child; member; member = member->next) {
                for (const cJSON *before = object->child; before != member; before = before->next) {
                        if (before->string[0] == member->string[0] &&
                            strcmp(before->string, member->string) == 0)
                                return true;
                }
        }
        return false;
}

/* 1 where a name repeats, 0 where none does. Sorted, not hashed: nobody can choose
 * names that make it slow. Errors: ERROR_NO_MEMORY. */
static int many_names_repeat(const cJSON *object, size_t count) {
        struct member_name *names = cJSON_malloc(count * sizeof(*names));
        if (!names)
                return -ERROR_NO_MEMORY;

        size_t filled = 0;
        for (const cJSON *member = object->child; member; member = member->next)
                names[filled++] = member_name(member->string);
        qsort(names, count, sizeof(*names), member_name_compare);

        int repeats = 0;
        for (size_t i = 1; i < count && !repeats; i++)
                repeats = member_name_compare(&names[i - 1], &names[i]) == 0;
        cJSON_free(names);
        return repeats;
}

/* What the scan cannot see: numbers beyond a double, and names that are the same
 * once their escapes are read. No deeper than JSON_DEPTH_MAX. */
static int check_values(const cJSON *value, const char **ret_reason) {
        size_t count = 0;

        if ((value->type & 0xff) == cJSON_Number && !isfinite(value->valuedouble)) {
                *ret_reason = "a number is too large";
                return -ERROR_MALFORMED;
        }
        for (const cJSON *child = value->child; child; child = child->next) {
                int r = check_values(child, ret_reason);
                if (r < 0)
                        return r;
                count++;
        }
        if (count < 2 || (value->type & 0xff) != cJSON_Object)
                return 0;

        int repeats =
                count <= FEW_MEMBERS ? few_names_repeat(value) : many_names_repeat(value, count);
        if (repeats > 0) {
                *ret_reason = "an object has a member twice";
                return -ERROR_MALFORMED;
        }
        return repeats;
}

/* ----------------------------------------------------------------- reading */

static void forget(struct cJSON *root) {
        if (uses_arena)
                arena_reset(&arena);
        else
                cJSON_Delete(root);
}

/* In place of what was there; nothing, where it is too large. */
static void keep(struct document *place, const char *text, size_t length_bytes, const cJSON *root) {
        struct arena own;

        arena_init_fixed(&own, place->memory, sizeof(place->memory));
        allocating = &own;
        place->root = cJSON_Duplicate(root, true);
        allocating = &arena;
        place->length_bytes = place->root ? length_bytes : 0;
        memcpy(place->text, text, length_bytes);
}

static int parse(const char *text, size_t length_bytes, struct cJSON **ret,
                 const char **ret_reason) {
        size_t begin, end;
        const char *reason = scan_text(text, length_bytes, &begin, &end);
        if (reason) {
                *ret_reason = reason;
                return -ERROR_MALFORMED;
        }

        /* Without the blanks around it: cJSON takes other bytes for blanks too. What
         * passed the scan, it can only refuse for want of memory. */
        cJSON *root = cJSON_ParseWithLengthOpts(text + begin, end - begin, NULL, false);
        if (!root) {
                forget(NULL);
                *ret_reason = "out of memory";
                return -ERROR_NO_MEMORY;
        }

        int r = check_values(root, ret_reason);
        if (r < 0) {
                forget(root);
                if (r == -ERROR_NO_MEMORY)
                        *ret_reason = "out of memory";
                return r;
        }
        *ret = root;
        return 0;
}

int json_parse(const char *text, size_t length_bytes, struct cJSON **ret, const char **ret_reason) {
        struct document *place = NULL;

        if (documents && (*ret = documents_find(documents, text, length_bytes, &place)))
                return 0;
        int r = parse(text, length_bytes, ret, ret_reason);
        if (r == 0 && place)
                keep(place, text, length_bytes, *ret);
        return r;
}

void json_free(struct cJSON *root) {
        if (root)
                forget(root);
}
