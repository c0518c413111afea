/*
 * Documents of short texts, kept as they were parsed: who polls sends the same text again
 * and again. Each text has one place, which it shares with others; a few hundred places
 * are all the memory.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct cJSON;

#define DOCUMENTS               256
#define DOCUMENT_TEXT_BYTES_MAX 256
#define DOCUMENT_BYTES_MAX      1024

/* Starts zeroed. */
struct documents {
        struct document {
                uint64_t asked;      /* hash of the text that came last: what comes twice is kept */
                size_t length_bytes; /* of the text; 0: none is kept */
                char text[DOCUMENT_TEXT_BYTES_MAX];
                struct cJSON *root;
                _Alignas(max_align_t) char memory[DOCUMENT_BYTES_MAX]; /* all that root takes */
        } items[DOCUMENTS];
};

/* What the text was parsed to, or NULL; then ret_place is where to keep it, NULL: nowhere. */
struct cJSON *documents_find(struct documents *documents, const char *text, size_t length_bytes,
                             struct document **ret_place);
