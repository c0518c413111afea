#include "declaration.h"

#include "error.h"
#include "json.h"
#include "segment.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct declarations {
        cJSON *root;
        cJSON *next;
        struct shmb_label labels[LABELS_MAX]; /* of the one handed out last */
};

#define DECLARATION struct declaration

static const struct field declaration_items[] = {
        STRING_FIELD(DECLARATION, name, "name", FIELD_REQUIRED),
        STRING_FIELD(DECLARATION, size, "size", FIELD_REQUIRED),
        STRING_FIELD(DECLARATION, mode, "mode", FIELD_OPTIONAL),
        STRING_FIELD(DECLARATION, owner, "owner", FIELD_OPTIONAL),
        STRING_FIELD(DECLARATION, group, "group", FIELD_OPTIONAL),
        STRING_FIELD(DECLARATION, huge_page_size, "hugePageSize", FIELD_OPTIONAL),
        CHOICE_FIELD(DECLARATION, lifetime, "lifetime", FIELD_OPTIONAL, segment_lifetimes),
        BOOLEAN_FIELD(DECLARATION, no_reserve, "noReserve", FIELD_OPTIONAL),
        BOOLEAN_FIELD(DECLARATION, lock, "lock", FIELD_OPTIONAL),
        LABELS_FIELD(DECLARATION, labels, "labels", FIELD_OPTIONAL),
};
static const struct fields declaration_fields = FIELDS(declaration_items);

int declarations_open(struct declarations **ret, const char *text, size_t length_bytes,
                      const char **ret_reason) {
        struct declarations *declarations = calloc(1, sizeof(*declarations));
        if (!declarations) {
                *ret_reason = "out of memory";
                return -ERROR_NO_MEMORY;
        }

        int r = json_parse(text, length_bytes, &declarations->root, ret_reason);
        if (r < 0) {
                declarations_close(declarations);
                return r;
        }
        const cJSON *segments =
                cJSON_IsObject(declarations->root) ? declarations->root->child : NULL;
        if (!segments || strcmp(segments->string, "segments") != 0 || segments->next ||
            !cJSON_IsArray(segments)) {
                *ret_reason = "it is not {\"segments\": [...]}";
                declarations_close(declarations);
                return -ERROR_MALFORMED;
        }
        declarations->next = segments->child;
        *ret = declarations;
        return 0;
}

void declarations_close(struct declarations *declarations) {
        if (!declarations)
                return;
        json_free(declarations->root);
        free(declarations);
}

/* Puts a number's text in its place. Errors: as declarations_next(). */
static int number_to_text(cJSON *object, const char *name, bool octal, const char **ret_member) {
        const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
        if (!cJSON_IsNumber(member))
                return 0;

        double number = member->valuedouble;
        char digits[24];
        if (!(number >= 0 && number <= (double) FIELD_INTEGER_MAX) ||
            (double) (uint64_t) number != number) {
                *ret_member = name;
                return -ERROR_INVALID_PARAMETER;
        }
        snprintf(digits, sizeof(digits), octal ? "%04" PRIo64 : "%" PRIu64, (uint64_t) number);

        cJSON *text = cJSON_CreateString(digits);
        if (!cJSON_ReplaceItemInObjectCaseSensitive(object, name, text)) {
                cJSON_Delete(text);
                return -ERROR_NO_MEMORY;
        }
        return 0;
}

int declarations_next(struct declarations *declarations, struct declaration *ret,
                      const char **ret_member) {
        struct decoding decoding = {.labels = declarations->labels};
        cJSON *object = declarations->next;
        if (!object)
                return 0;
        declarations->next = object->next;

        *ret_member = NULL;
        if (!cJSON_IsObject(object))
                return -ERROR_INVALID_PARAMETER;
        int r = number_to_text(object, "size", false, ret_member);
        if (r == 0)
                r = number_to_text(object, "hugePageSize", false, ret_member);
        if (r == 0)
                r = number_to_text(object, "mode", true, ret_member);
        if (r < 0)
                return r;
        if (fields_decode(&declaration_fields, object, true, ret, &decoding) < 0) {
                *ret_member = decoding.parameter;
                return -ERROR_INVALID_PARAMETER;
        }
        return 1;
}
