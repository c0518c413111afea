/*
 * The digest of digests: what the collector makes of the blocks' SHA-256. Each is
 * taken as the line that sha256sum(1) would print, so that anybody can check the whole:
 *
 *     split -b 1M --filter=sha256sum FILE | sha256sum
 */
#pragma once

#include <openssl/evp.h>
#include <stdint.h>

struct digests {
        EVP_MD_CTX *context;
        uint64_t bytes;
};

void digests_begin(struct digests *ret);
void digests_add(struct digests *digests, const unsigned char *digest, uint32_t block_bytes);

/* Prints the sum, the bytes and how fast they came. The exit code: not 0 where it is not
 * the `expected` one (NULL: any). */
int digests_end(struct digests *digests, uint64_t started_ns, const char *expected);
