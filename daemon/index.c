#include "index.h"

#include "proto/error.h"

#include <endian.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_BUCKETS 64

/* ----------------------------------------------------------------- the hash */

struct sip {
        uint64_t a, b, c, d;
};

static uint64_t rotate(uint64_t word, unsigned bits) {
        return word << bits | word >> (64 - bits);
}

static inline void sip_rounds(struct sip *sip, unsigned rounds) {
        while (rounds-- > 0) {
                sip->a += sip->b;
                sip->b = rotate(sip->b, 13) ^ sip->a;
                sip->a = rotate(sip->a, 32);
                sip->c += sip->d;
                sip->d = rotate(sip->d, 16) ^ sip->c;
                sip->a += sip->d;
                sip->d = rotate(sip->d, 21) ^ sip->a;
                sip->c += sip->b;
                sip->b = rotate(sip->b, 17) ^ sip->c;
                sip->c = rotate(sip->c, 32);
        }
}

static inline void sip_word(struct sip *sip, uint64_t word) {
        sip->d ^= word;
        sip_rounds(sip, 2);
        sip->a ^= word;
}

uint64_t index_siphash(const uint64_t key[2], const char *bytes, size_t length_bytes) {
        struct sip sip = {
                .a = key[0] ^ 0x736f6d6570736575,
                .b = key[1] ^ 0x646f72616e646f6d,
                .c = key[0] ^ 0x6c7967656e657261,
                .d = key[1] ^ 0x7465646279746573,
        };
        uint64_t last = (uint64_t) length_bytes << 56, word;

        for (; length_bytes >= sizeof(word); length_bytes -= sizeof(word), bytes += sizeof(word)) {
                memcpy(&word, bytes, sizeof(word));
                sip_word(&sip, le64toh(word));
        }
        for (size_t i = 0; i < length_bytes; i++)
                last |= (uint64_t) (unsigned char) bytes[i] << 8 * i;
        sip_word(&sip, last);
        sip.c ^= 0xff;
        sip_rounds(&sip, 4);
        return sip.a ^ sip.b ^ sip.c ^ sip.d;
}

uint64_t index_hash(const struct index *index, uint32_t salt, const char *text) {
        const uint64_t key[2] = {index->key[0] ^ salt, index->key[1]};

        return index_siphash(key, text, strlen(text));
}

/* -------------------------------------------------------------- the buckets */

/* The hash' lower bits; one less of them where that bucket is not there yet. */
static struct index_link **bucket_of(const struct index *index, uint64_t hash) {
        size_t at = hash & (index->buckets_room - 1);

        return &index->buckets[at < index->buckets_count ? at : at - index->buckets_room / 2];
}

int index_init(struct index *ret) {
        *ret = (struct index){
                .buckets = calloc(FIRST_BUCKETS, sizeof(*ret->buckets)),
                .buckets_count = FIRST_BUCKETS,
                .buckets_room = FIRST_BUCKETS,
        };
        if (ret->buckets == NULL)
                return -ERROR_NO_MEMORY;
        if (getentropy(ret->key, sizeof(ret->key)) == 0)
                return 0;
        index_release(ret);
        return -ERROR_SYSTEM;
}

void index_release(struct index *index) {
        free(index->buckets);
        *index = (struct index){0};
}

static bool has_room(struct index *index) {
        size_t room = 2 * index->buckets_room;
        struct index_link **buckets;

        if (index->buckets_count < index->buckets_room)
                return true;
        buckets = reallocarray(index->buckets, room, sizeof(*buckets));
        if (buckets == NULL)
                return false;
        index->buckets = buckets;
        index->buckets_room = room;
        return true;
}

/* One more, with its part of what was in the one before it by half of the room. */
static void add_bucket(struct index *index) {
        struct index_link **from, **to, *link;

        if (!has_room(index))
                return;
        from = &index->buckets[index->buckets_count - index->buckets_room / 2];
        to = &index->buckets[index->buckets_count++];
        *to = NULL;
        while ((link = *from) != NULL)
                if (bucket_of(index, link->hash) == to) {
                        *from = link->next;
                        link->next = *to;
                        *to = link;
                } else
                        from = &link->next;
}

void index_add(struct index *index, struct index_link *link, uint64_t hash) {
        struct index_link **bucket;

        if (++index->count > index->buckets_count)
                add_bucket(index);
        bucket = bucket_of(index, hash);
        *link = (struct index_link){*bucket, hash};
        *bucket = link;
}

void index_remove(struct index *index, struct index_link *link) {
        struct index_link **at = bucket_of(index, link->hash);

        while (*at != link)
                at = &(*at)->next;
        *at = link->next;
        index->count--;
}

/* The first one from `link` on, that one too. */
static struct index_link *with_hash(struct index_link *link, uint64_t hash) {
        while (link != NULL && link->hash != hash)
                link = link->next;
        return link;
}

struct index_link *index_first(const struct index *index, uint64_t hash) {
        return with_hash(*bucket_of(index, hash), hash);
}

struct index_link *index_next(const struct index_link *link) {
        return with_hash(link->next, link->hash);
}
