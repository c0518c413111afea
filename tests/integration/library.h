/* What tests of the library share. */
#pragma once

#include "harness.h"
#include "shmbroker.h"

#include <string.h>

static inline struct shmb *connect_library(void) {
        struct shmb *b = NULL;
        int r = shmb_connect(&b, harness_daemon.address);

        ck_assert_msg(r == 0, "connect: %s", strerror(-r));
        return b;
}

#define expect_errno(call, number)                                                                 \
        do {                                                                                       \
                int64_t result_ = (call);                                                          \
                ck_assert_msg(result_ == -(number), "%s: %s instead of %s", #call,                 \
                              result_ < 0 ? strerrorname_np((int) -result_) : "success",           \
                              strerrorname_np(number));                                            \
        } while (0)
