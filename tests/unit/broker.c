#include "broker-fixture.h"

#include "proto/frame.h"
#include "proto/name.h"

#include <sys/mount.h>
#include <time.h>

/* -------------------------------------------------------------------------- List */

START_TEST(names_are_listed_in_their_order_and_private_ones_last) {
        char wanted[64];
        int first = create(&creator, NULL, SIZE, 0600), second;

        create(&creator, "b", SIZE, 0600);
        create(&creator, "a/b", SIZE, 0600);
        create(&creator, "a", SIZE, 0600);
        second = create(&creator, NULL, SIZE, 0600);
        sprintf(wanted, "a a/b b #%d #%d", first, second);
        ck_assert_str_eq(list(&creator, NULL), wanted);
        ck_assert_str_eq(list(&root, NULL), wanted);
        ck_assert_str_eq(list(&stranger, NULL), "");
}
END_TEST

static const struct {
        const char *pattern, *names;
} patterns[] = {
        {"*", "b cam"},
        {"**", "b cam cam/1 cam/1/raw cam/2 camera/1"},
        {"cam/*", "cam/1 cam/2"},
        {"cam/**", "cam/1 cam/1/raw cam/2"},
        {"cam*/1", "cam/1 camera/1"},
        {"cam", "cam"},
        {"ca", ""},
        {"d*", ""},
        {"a*", ""},
        {"[bc]", "b"},
        {"*/1", "cam/1 camera/1"},
        {"\\b", "b"},
};

START_TEST(a_pattern_picks_names) {
        static const char *const names[] = {"cam/2", "cam", "camera/1", "b", "cam/1/raw", "cam/1"};

        for (size_t i = 0; i < COUNT(names); i++)
                create(&creator, names[i], SIZE, 0600);
        create(&creator, NULL, SIZE, 0600);
        ck_assert_str_eq(list(&creator, patterns[_i].pattern), patterns[_i].names);
}
END_TEST

START_TEST(a_bad_pattern_is_refused) {
        struct list_request request = {.pattern = "["};
        struct list_cursor cursor = {0};
        struct shmb_segment segment;
        unsigned budget = 1;

        ck_assert_int_eq(
                broker_list(broker, &creator, &request, &cursor, &budget, &segment, &error),
                -ERROR_INVALID_PARAMETER);
        ck_assert_str_eq(error.parameter, "pattern");
}
END_TEST

START_TEST(a_budget_bounds_what_is_looked_at_not_what_is_found) {
        struct list_request request = {.pattern = "**/x"};
        struct list_cursor cursor = {0};
        struct shmb_segment segment;
        unsigned budget = 3;

        create(&creator, "a/x", SIZE, 0600);
        create(&creator, "b", SIZE, 0600);
        create(&creator, "c", SIZE, 0600);
        create(&creator, "d", SIZE, 0600);
        create(&creator, "e/x", SIZE, 0600);
        ck_assert_int_eq(
                broker_list(broker, &creator, &request, &cursor, &budget, &segment, &error), 1);
        ck_assert_str_eq(segment.name, "a/x");
        ck_assert_uint_eq(budget, 2);
        ck_assert_int_eq(
                broker_list(broker, &creator, &request, &cursor, &budget, &segment, &error), 0);
        ck_assert_uint_eq(budget, 0);
        ck_assert(!cursor.ended);

        /* Where it stands may go meanwhile. */
        ACCEPTED_BY_NAME(remove, &creator, "c");
        budget = 10;
        ck_assert_int_eq(
                broker_list(broker, &creator, &request, &cursor, &budget, &segment, &error), 1);
        ck_assert_str_eq(segment.name, "e/x");
        ck_assert_int_eq(
                broker_list(broker, &creator, &request, &cursor, &budget, &segment, &error), 0);
        ck_assert(cursor.ended);
}
END_TEST

/* --------------------------------------------------------------------- GetStatus */

/* Matching one of them takes a good part of a millisecond. */
START_TEST(a_long_pattern_takes_more_of_the_budget) {
        char name[NAME_BYTES_MAX + 1], pattern[PATTERN_BYTES_MAX + 1];
        struct list_request request = {.pattern = pattern};
        struct list_cursor cursor = {0};
        struct shmb_segment segment;
        unsigned budget = 100;

        memset(name, 'a', sizeof(name));
        name[NAME_BYTES_MAX] = '\0';
        for (int i = 0; i < 3; i++) {
                name[0] = (char) ('a' + i);
                create(&creator, name, SIZE, 0600);
        }
        memset(pattern, '?', sizeof(pattern));
        memcpy(pattern, "**", 2);
        pattern[PATTERN_BYTES_MAX] = '\0';
        pattern[PATTERN_BYTES_MAX - 1] = 'z';
        ck_assert_int_eq(
                broker_list(broker, &creator, &request, &cursor, &budget, &segment, &error), 0);
        ck_assert_uint_eq(budget, 0);
        ck_assert(!cursor.ended);
        ck_assert_int_eq(cursor.name[0], 'a');
        ck_assert_str_eq(list(&creator, pattern), "");
}
END_TEST

START_TEST(the_status_counts_what_is_held) {
        struct status_result status;
        struct limits defaults;

        create(&creator, "a", SIZE, 0600);
        create(&creator, NULL, 3 * SIZE, 0600);
        create(&creator, "b", SIZE, 0600);
        ACCEPTED_BY_NAME(remove, &creator, "b");
        broker_status(broker, &status);
        ck_assert_int_eq(status.pid, getpid());
        ck_assert_int_eq(status.uid, UID_BROKER);
        ck_assert_int_le(status.started_at, time(NULL));
        ck_assert_int_gt(status.started_at, time(NULL) - 3600);
        ck_assert_uint_eq((uint64_t) status.ipc_namespace, segment_ipc_namespace());
        ck_assert_int_eq(status.segments, 2);
        ck_assert_int_eq(status.total_size, 4 * SIZE);
        limits_default(&defaults);
        ck_assert_int_eq(status.limits.segments_per_user, defaults.segments_per_user);
        ck_assert_int_eq(status.limits.message_size, MESSAGE_BYTES_MAX);
}
END_TEST

/* A file system of this test's own, that is full soon. */
static void mount_small(const char *directory) {
        char options[64];

        ipc_become_root();
        snprintf(options, sizeof(options), "size=128k,mode=700,uid=%d", UID_BROKER);
        ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
        ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
        ck_assert_int_eq(mount("tmpfs", directory, "tmpfs", 0, options), 0);
        ipc_become(UID_BROKER, GID_BROKER, NULL, 0);
}

static int fill(void) {
        char name[32];

        for (int count = 0; count < 10000; count++) {
                struct create_request request = to_create(name, SIZE);
                int code;

                snprintf(name, sizeof(name), "filling/%d", count);
                code = CALL(create, &creator, &request);
                if (code == 0)
                        continue;
                ck_assert_int_eq(code, ERROR_SYSTEM);
                ck_assert_int_eq(error.number, ENOSPC);
                REFUSED_BY_NAME(ERROR_NOT_FOUND, stat, &creator, name);
                return count;
        }
        ck_abort_msg("the state directory takes everything");
}

START_TEST(a_full_state_directory_refuses_what_needs_a_record_and_no_more) {
        struct limits limits = broker->limits;
        struct rename_request rename = {.name = "filling/0", .to = "a"};
        struct set_request set = to_set("filling/0");
        struct segment_usage usage;
        int count;

        broker_free(broker);
        mount_small(state_directory);
        broker_start(&limits);
        count = fill();
        ck_assert_int_gt(count, 10);
        ck_assert_int_eq(segment_usage(&usage), 0);
        ck_assert_uint_eq(usage.ids, (uint64_t) count);
        REFUSED(ERROR_SYSTEM, rename, &creator, &rename);
        set.mode = 0666;
        REFUSED(ERROR_SYSTEM, set, &creator, &set);
        ACCEPTED_BY_NAME(lock, &creator, "filling/0");
        ck_assert_uint_eq(outcome.segment.mode, 0600);

        ck_assert_int_eq(ipc_control_as(UID_CREATOR, outcome.segment.id, IPC_RMID), 0);
        REFUSED_BY_NAME(ERROR_NOT_FOUND, stat, &creator, "filling/0");
        for (int i = 1; i < count; i++) {
                char name[32];

                snprintf(name, sizeof(name), "filling/%d", i);
                ACCEPTED_BY_NAME(remove, &creator, name);
        }
        create(&creator, "a", SIZE, 0600);
        broker_restart();
        ck_assert_str_eq(list(&root, NULL), "a");
        ipc_become_root();
        ck_assert_int_eq(umount2(state_directory, MNT_DETACH), 0);
        ipc_become(UID_BROKER, GID_BROKER, NULL, 0);
}
END_TEST

START_TEST(a_second_broker_on_the_same_state_is_refused) {
        struct broker *second = NULL;
        char reason[256] = "";

        ck_assert_int_eq(
                broker_new(&second, state_directory, &broker->limits, reason, sizeof(reason)),
                -ERROR_SYSTEM);
        ck_assert_ptr_null(second);
        ck_assert_msg(strstr(reason, state_directory) != NULL, "%s", reason);
}
END_TEST

/* ------------------------------------------------------------------------ limits */

static void expect_limit(struct peer *peer, int64_t size, const char *limit, int64_t used,
                         int64_t maximum) {
        struct create_request request = to_create("one-too-many", size);

        REFUSED(ERROR_LIMIT_EXCEEDED, create, peer, &request);
        ck_assert_str_eq(error.limit, limit);
        ck_assert_int_eq(error.used, used);
        ck_assert_int_eq(error.maximum, maximum);
}

START_TEST(segments_are_bounded_for_all) {
        struct create_request request = to_create("a", SIZE);

        broker->limits.segments = 2;
        create(&creator, "a", SIZE, 0600);
        create(&stranger, "b", SIZE, 0600);
        expect_limit(&root, SIZE, "segments", 2, 2);
        /* What exists is found all the same. */
        ACCEPTED(create, &creator, &request);
        ACCEPTED_BY_NAME(remove, &stranger, "b");
        create(&root, "c", SIZE, 0600);
}
END_TEST

START_TEST(segments_are_bounded_for_each_user) {
        broker->limits.segments_per_user = 1;
        create(&creator, "a", SIZE, 0600);
        expect_limit(&creator, SIZE, "segmentsPerUser", 1, 1);
        create(&root, "b", SIZE, 0600);
        expect_limit(&root, SIZE, "segmentsPerUser", 1, 1);
}
END_TEST

START_TEST(bytes_are_bounded_for_all) {
        broker->limits.total_size = 3 * SIZE;
        create(&creator, "a", 2 * SIZE, 0600);
        expect_limit(&stranger, SIZE + 1, "totalSize", 2 * SIZE, 3 * SIZE);
        create(&stranger, "b", SIZE, 0600);
        expect_limit(&stranger, 1, "totalSize", 3 * SIZE, 3 * SIZE);
}
END_TEST

START_TEST(bytes_are_bounded_for_each_user) {
        broker->limits.size_per_user = 2 * SIZE;
        create(&creator, "a", SIZE, 0600);
        expect_limit(&creator, SIZE + 1, "sizePerUser", SIZE, 2 * SIZE);
        create(&creator, "b", SIZE, 0600);
        create(&stranger, "c", 2 * SIZE, 0600);
}
END_TEST

START_TEST(a_segments_size_is_bounded) {
        struct create_request request = to_create("a", 3 * SIZE + 1);

        broker->limits.segment_size = 3 * SIZE;
        REFUSED(ERROR_INVALID_SIZE, create, &root, &request);
        ck_assert_int_eq(error.size, 3 * SIZE + 1);
        ck_assert_int_eq(error.minimum, 1);
        ck_assert_int_eq(error.maximum, 3 * SIZE);
        create(&root, "a", 3 * SIZE, 0600);
}
END_TEST

START_TEST(charges_stay_with_the_creator_and_outlive_a_restart) {
        struct set_request set = to_set("a");

        broker->limits.segments_per_user = 1;
        create(&creator, "a", SIZE, 0600);
        set.uid = UID_OTHER;
        ACCEPTED(set, &creator, &set);
        create(&stranger, "b", SIZE, 0600);
        broker_restart();
        expect_limit(&creator, SIZE, "segmentsPerUser", 1, 1);
        expect_limit(&stranger, SIZE, "segmentsPerUser", 1, 1);
        ACCEPTED_BY_NAME(remove, &stranger, "a");
        create(&creator, "c", SIZE, 0600);
}
END_TEST

START_TEST(a_removed_one_is_not_counted_though_it_is_attached) {
        int id;
        void *at;

        broker->limits.segments_per_user = 1;
        broker->limits.size_per_user = SIZE;
        id = create(&creator, "a", SIZE, 0600);
        at = attach_as(UID_CREATOR, id);
        ACCEPTED_BY_NAME(remove, &creator, "a");
        id = create(&creator, "b", SIZE, 0600);
        broker_restart();
        expect_limit(&creator, SIZE, "segmentsPerUser", 1, 1);
        ACCEPTED_BY_ID(remove, &creator, id);
        create(&creator, "c", SIZE, 0600);
        ck_assert_int_eq(shmdt(at), 0);
        broker_sweep(broker, 10);
        expect_limit(&creator, SIZE, "segmentsPerUser", 1, 1);
}
END_TEST

START_TEST(an_adopted_one_counts_as_a_segment_but_not_its_bytes) {
        struct adopt_request request = to_adopt_id("a", 0);

        create(&root, "ours", SIZE, 0600);
        broker->limits.segments_per_user = 3;
        broker->limits.total_size = broker->limits.size_per_user = 0;
        request.id = shmget(IPC_PRIVATE, SIZE, 0666);
        ACCEPTED(adopt, &root, &request);
        broker->limits.total_size = broker->limits.size_per_user = 2 * SIZE;
        create(&root, "ours/too", SIZE, 0600);
        request.name = "b";
        request.id = shmget(IPC_PRIVATE, SIZE, 0666);
        REFUSED(ERROR_LIMIT_EXCEEDED, adopt, &root, &request);
        ck_assert_str_eq(error.limit, "segmentsPerUser");
        broker_restart();
        REFUSED(ERROR_LIMIT_EXCEEDED, adopt, &root, &request);
        ACCEPTED_BY_NAME(remove, &root, "a");
        ACCEPTED(adopt, &root, &request);
}
END_TEST

START_TEST(what_is_lost_is_looked_for_before_a_limit_refuses) {
        int a, b;

        broker->limits.segments_per_user = 2;
        a = create(&creator, "a", SIZE, 0600);
        b = create(&creator, "b", SIZE, 0600);
        ck_assert_int_eq(ipc_control_as(UID_CREATOR, a, IPC_RMID), 0);
        create(&creator, "c", SIZE, 0600);

        /* Once a second at most. */
        ck_assert_int_eq(ipc_control_as(UID_CREATOR, b, IPC_RMID), 0);
        expect_limit(&creator, SIZE, "segmentsPerUser", 2, 2);
        broker->swept_at_ms -= 1000;
        create(&creator, "d", SIZE, 0600);
}
END_TEST

/* ------------------------------------------------------------- the kernel's bounds */

/* Containers have /proc/sys for reading alone. */
static bool may_write_bounds(void) {
        bool may;

        ck_assert_int_eq(seteuid(0), 0);
        may = eaccess("/proc/sys/kernel/shmmni", W_OK) == 0;
        ck_assert_int_eq(seteuid(UID_BROKER), 0);
        return may;
}

/* Of this test's own IPC namespace. */
static void write_bound(const char *name, uint64_t value) {
        char path[64];
        FILE *file;

        snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);
        ck_assert_int_eq(seteuid(0), 0);
        file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        fprintf(file, "%llu\n", (unsigned long long) value);
        ck_assert_int_eq(fclose(file), 0);
        ck_assert_int_eq(seteuid(UID_BROKER), 0);
}

START_TEST(the_kernels_bounds_are_told) {
        struct segment_usage before;
        uint64_t minimum, maximum;
        struct create_request request = to_create("b", 2 * SIZE);

        if (!may_write_bounds()) {
                printf("# SKIP the_kernels_bounds_are_told: the kernel's limits can't be set\n");
                return;
        }

        create(&creator, "a", SIZE, 0600);
        ck_assert_int_eq(segment_usage(&before), 0);
        segment_size_bounds(&minimum, &maximum);

        write_bound("shmmni", 1);
        REFUSED(ERROR_LIMIT_EXCEEDED, create, &creator, &request);
        ck_assert_str_eq(error.limit, "shmmni");
        ck_assert_int_eq(error.used, 1);
        ck_assert_int_eq(error.maximum, 1);
        write_bound("shmmni", before.ids_maximum);

        write_bound("shmall", before.pages + 1);
        REFUSED(ERROR_LIMIT_EXCEEDED, create, &creator, &request);
        ck_assert_str_eq(error.limit, "shmall");
        ck_assert_int_eq(error.used, (int64_t) before.pages);
        ck_assert_int_eq(error.maximum, (int64_t) before.pages + 1);
        write_bound("shmall", before.pages_maximum);

        write_bound("shmmax", SIZE);
        REFUSED(ERROR_INVALID_SIZE, create, &creator, &request);
        ck_assert_int_eq(error.maximum, SIZE);
        write_bound("shmmax", maximum);
        ACCEPTED(create, &creator, &request);
}
END_TEST

/* Whether a machine has huge pages, and for whom, is not this test's to say. */
START_TEST(huge_pages_are_given_or_refused_with_a_reason) {
        struct create_request request = to_create("a", SIZE);
        int code;

        if (_i == 1) {
                ipc_become_root();
                broker_restart();
        }
        if (broker->huge_page_size == 0)
                return;
        request.huge_page_size = 1;
        code = CALL(create, &creator, &request);
        if (code == 0)
                ck_assert_uint_eq(outcome.segment.page_size, broker->huge_page_size);
        else if (code == ERROR_SYSTEM)
                ck_assert_int_eq(error.number, EPERM);
        else {
                ck_assert_int_eq(code, ERROR_LIMIT_EXCEEDED);
                ck_assert_str_eq(error.limit, "hugepages");
                ck_assert_int_le(error.maximum - error.used, 0);
        }
        if (code != 0) {
                ck_assert_str_eq(list(&root, NULL), "");
                REFUSED_BY_NAME(ERROR_NOT_FOUND, stat, &creator, "a");
        }
}
END_TEST

START_TEST(memory_that_there_is_not_is_not_given) {
        struct create_request request = to_create("a", FIELD_INTEGER_MAX);
        int code = CALL(create, &creator, &request);

        /* By heuristic overcommit; without it the pages would be given, on paper. */
        if (code != 0)
                ck_assert(code == ERROR_NO_MEMORY || code == ERROR_LIMIT_EXCEEDED);
        request.no_reserve = true;
        request.name = "b";
        request.size = INT64_C(1) << 40;
        broker->limits.total_size = broker->limits.size_per_user = FIELD_INTEGER_MAX;
        if (code == ERROR_NO_MEMORY && CALL(create, &creator, &request) == 0)
                ck_assert_uint_eq(outcome.segment.size, UINT64_C(1) << 40);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {names_are_listed_in_their_order_and_private_ones_last},
                {a_pattern_picks_names, COUNT(patterns)},
                {a_bad_pattern_is_refused},
                {a_budget_bounds_what_is_looked_at_not_what_is_found},
                {a_long_pattern_takes_more_of_the_budget},
                {the_status_counts_what_is_held},
                {a_full_state_directory_refuses_what_needs_a_record_and_no_more},
                {a_second_broker_on_the_same_state_is_refused},
                {segments_are_bounded_for_all},
                {segments_are_bounded_for_each_user},
                {bytes_are_bounded_for_all},
                {bytes_are_bounded_for_each_user},
                {a_segments_size_is_bounded},
                {charges_stay_with_the_creator_and_outlive_a_restart},
                {a_removed_one_is_not_counted_though_it_is_attached},
                {an_adopted_one_counts_as_a_segment_but_not_its_bytes},
                {what_is_lost_is_looked_for_before_a_limit_refuses},
                {the_kernels_bounds_are_told},
                {huge_pages_are_given_or_refused_with_a_reason, 2},
                {memory_that_there_is_not_is_not_given},
        };

        if (!ipc_enter_namespace())
                return IPC_SKIPPED;
        return suite_run("broker", broker_setup, broker_teardown, SUITE_ROWS(rows));
}
