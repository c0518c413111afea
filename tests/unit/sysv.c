#include "sysv.h"
#include "shmbroker.h"

#include "suite.h"

#include "proto/method.h"

#include <asm-generic/hugetlb_encode.h>

START_TEST(flags_become_a_request) {
        static const struct {
                int shmflg;
                int64_t mode;
                bool exclusive;
                int64_t huge_page_size;
                bool no_reserve;
        } rows[] = {
                {IPC_CREAT, 0, false, FIELD_ABSENT, false},
                {IPC_CREAT | 0640, 0640, false, FIELD_ABSENT, false},
                {IPC_CREAT | 0777, 0777, false, FIELD_ABSENT, false},
                {IPC_CREAT | IPC_EXCL | 0600, 0600, true, FIELD_ABSENT, false},
                {IPC_CREAT | SHM_NORESERVE | 0600, 0600, false, FIELD_ABSENT, true},
                {IPC_CREAT | SHM_HUGETLB, 0, false, 1, false},
                {IPC_CREAT | SHM_HUGETLB | (int) HUGETLB_FLAG_ENCODE_2MB, 0, false, 2 << 20, false},
                {IPC_CREAT | SHM_HUGETLB | (int) HUGETLB_FLAG_ENCODE_1GB, 0, false, 1 << 30, false},
                {IPC_CREAT | SHM_HUGETLB | (int) HUGETLB_FLAG_ENCODE_16GB, 0, false,
                 INT64_C(16) << 30, false},
                /* Without SHM_HUGETLB its sizes mean nothing. */
                {IPC_CREAT | (int) HUGETLB_FLAG_ENCODE_2MB, 0, false, FIELD_ABSENT, false},
                /* Sizes that no machine has, of which the last ones no call could carry. */
                {IPC_CREAT | SHM_HUGETLB | 1 << HUGETLB_FLAG_ENCODE_SHIFT, 0, false, 2, false},
                {IPC_CREAT | SHM_HUGETLB | (int) (52U << HUGETLB_FLAG_ENCODE_SHIFT), 0, false,
                 INT64_C(1) << 52, false},
                {IPC_CREAT | SHM_HUGETLB | (int) (63U << HUGETLB_FLAG_ENCODE_SHIFT), 0, false,
                 INT64_C(1) << 52, false},
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct create_request request;
                sysv_create_request(&request, "a", 4096, rows[i].shmflg);
                ck_assert_str_eq(request.name, "a");
                ck_assert_int_eq(request.size, 4096);
                ck_assert_msg(request.mode == rows[i].mode, "row %zu", i);
                ck_assert_msg(request.exclusive == rows[i].exclusive, "row %zu", i);
                ck_assert_msg(request.huge_page_size == rows[i].huge_page_size, "row %zu", i);
                ck_assert_msg(request.no_reserve == rows[i].no_reserve, "row %zu", i);
                ck_assert_int_eq(request.lifetime, -1);
                ck_assert_ptr_null(request.labels.items);
        }
}
END_TEST

START_TEST(a_private_one_is_always_new) {
        struct create_request request;

        sysv_create_request(&request, NULL, 1, IPC_EXCL | 0600);
        ck_assert_ptr_null(request.name);
        ck_assert(!request.exclusive);
        ck_assert_int_eq(request.mode, 0600);
}
END_TEST

static const struct shmb_segment example = {
        .name = "a",
        .id = 7,
        .key = 0xfedcba98,
        .size = UINT64_C(5) << 30,
        .mode = 0640,
        .uid = 1,
        .gid = 2,
        .cuid = 3,
        .cgid = 4,
        .seq = 5,
        .atime = 6,
        .dtime = 7,
        .ctime = 8,
        .cpid = 9,
        .lpid = 10,
        .nattch = 11,
        .creator = {.uid = 12, .gid = 13, .pid = 14},
};

START_TEST(every_field_is_told) {
        struct shmid_ds ds;

        sysv_describe(&ds, &example);
        ck_assert_uint_eq((uint32_t) ds.shm_perm.__key, 0xfedcba98);
        ck_assert_uint_eq(ds.shm_perm.uid, 1);
        ck_assert_uint_eq(ds.shm_perm.gid, 2);
        ck_assert_uint_eq(ds.shm_perm.mode, 0640);
        ck_assert_uint_eq(ds.shm_perm.__seq, 5);
        ck_assert_uint_eq(ds.shm_segsz, (size_t) 5 << 30);
        ck_assert_int_eq(ds.shm_atime, 6);
        ck_assert_int_eq(ds.shm_dtime, 7);
        ck_assert_int_eq(ds.shm_ctime, 8);
        ck_assert_int_eq(ds.shm_lpid, 10);
        ck_assert_uint_eq(ds.shm_nattch, 11);
}
END_TEST

START_TEST(the_creator_is_the_client) {
        struct shmid_ds ds;

        sysv_describe(&ds, &example);
        ck_assert_uint_eq(ds.shm_perm.cuid, 12);
        ck_assert_uint_eq(ds.shm_perm.cgid, 13);
        ck_assert_int_eq(ds.shm_cpid, 14);
}
END_TEST

START_TEST(the_creator_of_an_adopted_one_is_the_kernels) {
        struct shmb_segment adopted = example;
        struct shmid_ds ds;

        adopted.adopted = true;
        sysv_describe(&ds, &adopted);
        ck_assert_uint_eq(ds.shm_perm.cuid, 3);
        ck_assert_uint_eq(ds.shm_perm.cgid, 4);
        ck_assert_int_eq(ds.shm_cpid, 9);
}
END_TEST

START_TEST(locked_and_removed_are_in_the_mode) {
        struct shmb_segment segment = example;
        struct shmid_ds ds;

        segment.locked = true;
        sysv_describe(&ds, &segment);
        ck_assert_uint_eq(ds.shm_perm.mode, SHM_LOCKED | 0640);
        segment.removed = true;
        sysv_describe(&ds, &segment);
        ck_assert_uint_eq(ds.shm_perm.mode, SHM_LOCKED | SHM_DEST | 0640);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {flags_become_a_request},
                {a_private_one_is_always_new},
                {every_field_is_told},
                {the_creator_is_the_client},
                {the_creator_of_an_adopted_one_is_the_kernels},
                {locked_and_removed_are_in_the_mode},
        };

        return suite_run("sysv", NULL, NULL, SUITE_ROWS(rows));
}
