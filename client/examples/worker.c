/* worker: takes full slots of the ring and leaves their SHA-256 in them, until the end. */
#include "pipeline.h"

#include <stdio.h>
#include <stdlib.h>

int main(void) {
        struct pipeline pipeline;
        struct control *control;
        unsigned blocks = 0;

        pipeline_join(&pipeline);
        shmb_close(pipeline.broker); /* what is mapped stays mapped */
        control = pipeline.control;

        for (;; blocks++) {
                wait_for(&control->full);

                uint64_t block = control->next++;
                if (block >= control->end)
                        break;
                struct slot *slot = pipeline.slots[block % SLOTS];
                SHA256(slot->data, slot->length, slot->digest);
                sem_post(&slot->done);
        }
        sem_post(&control->full); /* for the next worker, who will find the end as well */
        printf("worker: %u blocks\n", blocks);
        return EXIT_SUCCESS;
}
