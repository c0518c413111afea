#include "documents.h"

#include <string.h>

/* Of eight bytes at a time. Who finds texts of one place makes himself slow, and others as
 * they would be without all this. */
static uint64_t hash_of(const char *text, size_t length_bytes) {
        uint64_t hash = length_bytes, word;

        for (; length_bytes >= sizeof(word); length_bytes -= sizeof(word), text += sizeof(word)) {
                memcpy(&word, text, sizeof(word));
                hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
                hash ^= hash >> 32;
        }
        word = 0;
        memcpy(&word, text, length_bytes);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        return hash ^ hash >> 32;
}

struct cJSON *documents_find(struct documents *documents, const char *text, size_t length_bytes,
                             struct document **ret_place) {
        *ret_place = NULL;
        if (length_bytes > DOCUMENT_TEXT_BYTES_MAX || length_bytes == 0)
                return NULL;

        uint64_t hash = hash_of(text, length_bytes);
        struct document *place = &documents->items[hash % DOCUMENTS];
        if (place->length_bytes == length_bytes && memcmp(place->text, text, length_bytes) == 0)
                return place->root;
        if (place->asked == hash)
                *ret_place = place;
        place->asked = hash;
        return NULL;
}
