#include "hugepage.h"

#include "suite.h"

#include <linux/shm.h>
#include <stdio.h>
#include <unistd.h>

static void nothing(void) {
}

START_TEST(sizes_become_the_kernels_flags) {
        const struct {
                uint64_t bytes;
                unsigned flags;
        } rows[] = {
                {1, SHM_HUGETLB},
                {UINT64_C(1) << 16, SHM_HUGETLB | SHM_HUGE_64KB},
                {UINT64_C(1) << 21, SHM_HUGETLB | SHM_HUGE_2MB},
                {UINT64_C(1) << 30, SHM_HUGETLB | SHM_HUGE_1GB},
                {UINT64_C(1) << 34, SHM_HUGETLB | SHM_HUGE_16GB},
        };
        int flags;

        for (size_t i = 0; i < COUNT(rows); i++) {
                ck_assert(hugepage_flags(rows[i].bytes, &flags));
                ck_assert_uint_eq((unsigned) flags, rows[i].flags);
        }
}
END_TEST

START_TEST(what_is_no_power_of_two_is_no_size) {
        const uint64_t sizes[] = {0, 3, 4097, (1 << 21) + 1, (UINT64_C(1) << 53) - 1};
        int flags = -1;

        for (size_t i = 0; i < COUNT(sizes); i++)
                ck_assert(!hugepage_flags(sizes[i], &flags));
        ck_assert_int_eq(flags, -1);
}
END_TEST

START_TEST(the_systems_pages_are_told) {
        uint64_t bytes = hugepage_default_bytes();
        int64_t used = -1, maximum = -1;
        int flags;

        if (bytes != 0)
                ck_assert(bytes > (uint64_t) getpagesize() && hugepage_flags(bytes, &flags));
        hugepage_usage(bytes, &used, &maximum);
        ck_assert_int_ge(used, 0);
        ck_assert_int_ge(maximum, 0);
        /* Nobody has pages of 8 bytes. */
        hugepage_usage(8, &used, &maximum);
        ck_assert_int_eq(used, 0);
        ck_assert_int_eq(maximum, 0);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {sizes_become_the_kernels_flags},
                {what_is_no_power_of_two_is_no_size},
                {the_systems_pages_are_told},
        };

        return suite_run("hugepage", nothing, nothing, SUITE_ROWS(rows));
}
