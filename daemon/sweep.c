#include "sweep.h"

#include "broker.h"
#include "found.h"

#include <time.h>

#define SWEEP_INTERVAL_MS 1000

static int64_t now_ms(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

void sweep_all(struct broker *broker) {
        int64_t now = now_ms();
        struct entry *entry, *next;

        if (broker->swept_at_ms != 0 && now - broker->swept_at_ms < SWEEP_INTERVAL_MS)
                return;
        broker->swept_at_ms = now;
        broker->locked_bytes = 0;
        for (entry = registry_first_id(broker->registry); entry != NULL; entry = next) {
                int id = entry->identity.id;
                struct found found;
                struct error ignored;

                if (found_look(broker, entry, &found, &ignored) > 0 && segment_is_locked(&found.ds))
                        broker->locked_bytes += found.ds.shm_segsz;
                next = registry_after_id(broker->registry, id);
        }
}

void broker_sweep(struct broker *broker, unsigned budget) {
        struct entry *entry;

        for (; budget > 0; budget--) {
                struct found found;
                struct error ignored;

                entry = registry_after_id(broker->registry, broker->sweep_id);
                if (entry == NULL) {
                        broker->sweep_id = -1; /* from the beginning, the next time */
                        break;
                }
                broker->sweep_id = entry->identity.id;
                (void) found_look(broker, entry, &found, &ignored);
        }
}
