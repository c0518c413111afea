/*
 * peer-roudi COUNT: what iceoryx's RouDi takes to create and destroy a publisher,
 * its counterpart of a named segment. Prints nanoseconds a pair. iox-roudi must run.
 */
#include "socket.h"

#include <stdio.h>
#include <stdlib.h>

#include <iceoryx_binding_c/publisher.h>
#include <iceoryx_binding_c/runtime.h>

int main(int argc, char **argv) {
        iox_pub_storage_t storage;
        iox_pub_options_t options;
        long count = argc == 2 ? atol(argv[1]) : 0;

        if (count < 1)
                fail("usage: peer-roudi COUNT");
        iox_runtime_init("shmbroker-bench");
        iox_pub_options_init(&options);
        int64_t begin_ns = clock_ns();
        for (long i = 0; i < count; i++) {
                iox_pub_t publisher = iox_pub_init(&storage, "camera", "left", "frame", &options);
                if (!publisher)
                        fail("RouDi made no publisher");
                iox_pub_deinit(publisher);
        }
        printf("%.1f\n", (double) (clock_ns() - begin_ns) / (double) count);
        iox_runtime_shutdown();
        return 0;
}
