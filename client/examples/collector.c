/*
 * collector [SHA256]: adds up the digests of all blocks in their order, prints the sum
 * and compares.
 */
#include "digests.h"
#include "pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
        struct pipeline pipeline;
        struct digests digests;

        if (argc > 2)
                fail("usage", "collector [SHA256]");
        digests_begin(&digests);
        pipeline_join(&pipeline);
        shmb_close(pipeline.broker);

        for (uint64_t block = 0;; block++) {
                struct slot *slot = pipeline.slots[block % SLOTS];

                wait_for(&slot->done);
                if (slot->length == 0)
                        break;
                digests_add(&digests, slot->digest, slot->length);
                sem_post(&pipeline.control->empty);
        }
        return digests_end(&digests, pipeline.control->started_ns, argv[1]);
}
