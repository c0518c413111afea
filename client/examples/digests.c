#include "digests.h"

#include "pipeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX_BYTES (2 * SHA256_DIGEST_LENGTH + 1)

static void to_hex(const unsigned char *digest, char ret[HEX_BYTES]) {
        for (unsigned i = 0; i < SHA256_DIGEST_LENGTH; i++)
                snprintf(ret + (size_t) 2 * i, 3, "%02x", digest[i]);
}

void digests_begin(struct digests *ret) {
        ret->bytes = 0;
        ret->context = EVP_MD_CTX_new();
        if (!ret->context || !EVP_DigestInit_ex(ret->context, EVP_sha256(), NULL))
                fail("SHA-256", "libcrypto does not do it");
}

void digests_add(struct digests *digests, const unsigned char *digest, uint32_t block_bytes) {
        char hex[HEX_BYTES], line[HEX_BYTES + 4];
        int length;

        to_hex(digest, hex);
        length = snprintf(line, sizeof line, "%s  -\n", hex);
        EVP_DigestUpdate(digests->context, line, (size_t) length);
        digests->bytes += block_bytes;
}

int digests_end(struct digests *digests, uint64_t started_ns, const char *expected) {
        double seconds = (double) (now_ns() - started_ns) / 1e9;
        unsigned char digest[SHA256_DIGEST_LENGTH];
        char hex[HEX_BYTES];

        EVP_DigestFinal_ex(digests->context, digest, NULL);
        EVP_MD_CTX_free(digests->context);
        to_hex(digest, hex);
        printf("%s %" PRIu64 " bytes, %.0f MB/s\n", hex, digests->bytes,
               (double) digests->bytes / 1e6 / seconds);
        if (!expected || strcmp(hex, expected) == 0)
                return EXIT_SUCCESS;
        fprintf(stderr, "wrong: it should be %s\n", expected);
        return EXIT_FAILURE;
}
