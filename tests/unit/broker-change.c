#include "broker-fixture.h"

#include <sys/resource.h>

/* One that `creator` made and `owner` owns, with the owner's group. */
static int create_for_owner(const char *name, int64_t size, mode_t mode) {
        struct set_request set = to_set(name);
        int id = create(&creator, name, size, mode);

        set.uid = UID_OWNER;
        set.gid = GID_OWNER;
        ACCEPTED(set, &creator, &set);
        return id;
}

/* ------------------------------------------------------------------------ rights */

static gid_t owners_group[] = {GID_OWNER}, creators_group[] = {GID_CREATOR};
static struct peer in_owners_group = {.uid = UID_OTHER,
                                      .gid = GID_OTHER,
                                      .groups = owners_group,
                                      .groups_count = 1,
                                      .described = true};
static struct peer in_creators_group = {.uid = UID_OTHER,
                                        .gid = GID_OTHER,
                                        .groups = creators_group,
                                        .groups_count = 1,
                                        .described = true};
static struct peer group_first = {.uid = UID_OTHER, .gid = GID_OWNER, .described = true};

/* In the mode 0640 the owner and the creator read and write, their groups read. */
static const struct {
        const char *who;
        struct peer *peer;
        bool reads, owns;
} people[] = {
        {"root", &root, true, true},
        {"owner", &owner, true, true},
        {"creator", &creator, true, true},
        {"owner's group", &group_first, true, false},
        {"owner's group, supplementary", &in_owners_group, true, false},
        {"creator's group, supplementary", &in_creators_group, true, false},
        {"stranger", &stranger, false, false},
        {"the broker's own user", &broker_user, false, false},
};

START_TEST(a_peer_may_what_the_kernel_would_let_it) {
        struct peer *peer = people[_i].peer;
        const char *who = people[_i].who;
        int refused = people[_i].owns ? 0 : ERROR_NOT_OWNER;
        struct segment_request a = by_name("a");
        struct set_request set = to_set("a");
        struct rename_request rename = {.name = "a", .to = "b"};
        int id = create_for_owner("a", SIZE, 0640);
        struct segment_request same = by_id(id);

        ck_assert_msg(CALL(stat, peer, &a) == (people[_i].reads ? 0 : ERROR_ACCESS_DENIED), "%s",
                      who);
        ck_assert_msg(CALL(stat, peer, &same) == (people[_i].reads ? 0 : ERROR_ACCESS_DENIED), "%s",
                      who);
        ck_assert_str_eq(list(peer, NULL), people[_i].reads ? "a" : "");
        set.mode = 0644;
        ck_assert_msg(CALL(set, peer, &set) == refused, "%s", who);
        ck_assert_msg(CALL(lock, peer, &a) == refused, "%s", who);
        ck_assert_msg(CALL(unlock, peer, &same) == refused, "%s", who);
        ck_assert_msg(CALL(rename, peer, &rename) == refused, "%s", who);
        if (refused != 0)
                ck_assert_str_eq(error.name, "a");
        ck_assert_msg(CALL(remove, peer, &same) == refused, "%s", who);
        ck_assert_uint_eq(exists(id), refused != 0);
}
END_TEST

START_TEST(who_it_is_not_is_told_before_what_it_is_not) {
        struct set_request set = to_set("a");

        create(&creator, "a", SIZE, 0600);
        set.mode = 0;
        REFUSED(ERROR_NOT_OWNER, set, &stranger, &set);
        set.name = "b";
        REFUSED(ERROR_NOT_FOUND, set, &stranger, &set);
}
END_TEST

START_TEST(a_segment_is_asked_for_by_its_name_or_its_id) {
        struct segment_request both = {.name = "a", .id = 0}, neither = {.id = FIELD_ABSENT};

        create(&creator, "a", SIZE, 0600);
        REFUSED(ERROR_INVALID_PARAMETER, stat, &creator, &both);
        ck_assert_str_eq(error.parameter, "id");
        REFUSED(ERROR_INVALID_PARAMETER, stat, &creator, &neither);
        ck_assert_str_eq(error.parameter, "name");
        REFUSED_BY_ID(ERROR_NOT_FOUND, stat, &creator, 12345);
        ck_assert_ptr_null(error.name);
        ck_assert_int_eq(error.id, 12345);
        REFUSED_BY_ID(ERROR_NOT_FOUND, stat, &creator, INT64_C(1) << 32);
        REFUSED_BY_ID(ERROR_NOT_FOUND, stat, &creator, -1);
        REFUSED_BY_NAME(ERROR_NOT_FOUND, stat, &creator, "b");
        ck_assert_int_eq(error.id, FIELD_ABSENT);
        REFUSED_BY_NAME(ERROR_INVALID_NAME, stat, &creator, "b/");
}
END_TEST

/* --------------------------------------------------------------------------- Set */

START_TEST(what_is_not_set_stays) {
        const struct shmb_label items[] = {{"k", "v"}};
        struct set_request set = to_set("a");

        create(&creator, "a", SIZE, 0600);
        ACCEPTED(set, &creator, &set);
        ck_assert_uint_eq(outcome.segment.mode, 0600);
        set.mode = 0640;
        ACCEPTED(set, &creator, &set);
        ck_assert_uint_eq(outcome.segment.mode, 0640);
        ck_assert_uint_eq(outcome.segment.uid, UID_CREATOR);
        set.mode = FIELD_ABSENT;
        set.gid = GID_OWNER;
        ACCEPTED(set, &creator, &set);
        set.gid = FIELD_ABSENT;
        set.labels = (struct labels){items, 1};
        ACCEPTED(set, &creator, &set);
        set.labels = (struct labels){0};
        set.uid = UID_OWNER;
        ACCEPTED(set, &creator, &set);
        ck_assert_uint_eq(outcome.segment.mode, 0640);
        ck_assert_uint_eq(outcome.segment.uid, UID_OWNER);
        ck_assert_uint_eq(outcome.segment.gid, GID_OWNER);
        ck_assert_uint_eq(outcome.segment.creator.uid, UID_CREATOR);
        ck_assert_uint_eq(outcome.segment.labels.count, 1);

        broker_restart();
        ACCEPTED_BY_NAME(stat, &owner, "a");
        ck_assert_str_eq(outcome.segment.labels.items[0].value, "v");
        set = to_set("a");
        set.labels = (struct labels){items, 0};
        ACCEPTED(set, &owner, &set);
        ck_assert_uint_eq(outcome.segment.labels.count, 0);
        broker_restart();
        ACCEPTED_BY_NAME(stat, &owner, "a");
        ck_assert_uint_eq(outcome.segment.labels.count, 0);
}
END_TEST

START_TEST(labels_out_of_bounds_are_refused) {
        const struct shmb_label items[] = {{"bad key", "v"}};
        struct set_request set = to_set("a");

        create(&creator, "a", SIZE, 0600);
        set.labels = (struct labels){items, 1};
        set.mode = 0;
        REFUSED(ERROR_INVALID_PARAMETER, set, &creator, &set);
        ck_assert_str_eq(error.parameter, "labels");
        ck_assert_uint_eq(look(outcome.segment.id).shm_perm.mode, 0600);
}
END_TEST

/* -------------------------------------------------------------- Lock and Unlock */

START_TEST(a_lock_is_told_until_it_is_undone) {
        const int64_t sizes[] = {SIZE, LARGE};
        int id = create(&creator, "a", sizes[_i], 0600);

        ACCEPTED_BY_NAME(lock, &creator, "a");
        ck_assert(outcome.segment.locked);
        ck_assert(segment_is_locked(&(struct shmid_ds){look(id).shm_perm}));
        ACCEPTED_BY_ID(lock, &creator, id);
        ACCEPTED_BY_NAME(stat, &creator, "a");
        ck_assert(outcome.segment.locked);
        ACCEPTED_BY_ID(unlock, &creator, id);
        ck_assert(!outcome.segment.locked);
        ACCEPTED_BY_NAME(unlock, &creator, "a");
        ck_assert(!outcome.segment.locked);
}
END_TEST

START_TEST(the_limit_of_locked_memory_is_told_with_what_is_locked) {
        const struct rlimit three_pages = {3 * SIZE, 3 * SIZE}, none = {0, 0};

        ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &three_pages), 0);
        create(&creator, "a", 2 * SIZE, 0600);
        create(&creator, "b", 2 * SIZE, 0600);
        ACCEPTED_BY_NAME(lock, &creator, "a");
        REFUSED_BY_NAME(ERROR_LIMIT_EXCEEDED, lock, &creator, "b");
        ck_assert_str_eq(error.limit, "memlock");
        ck_assert_int_eq(error.used, 2 * SIZE);
        ck_assert_int_eq(error.maximum, 3 * SIZE);
        ACCEPTED_BY_NAME(unlock, &creator, "a");
        ACCEPTED_BY_NAME(lock, &creator, "b");
        ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
        REFUSED_BY_NAME(ERROR_LIMIT_EXCEEDED, lock, &creator, "a");
        ck_assert_int_eq(error.maximum, 0);
}
END_TEST

/* ------------------------------------------------------------------------ Remove */

START_TEST(a_removed_one_is_told_as_it_was_and_its_name_is_free) {
        const int64_t sizes[] = {SIZE, LARGE};
        int id = create(&creator, "a", sizes[_i], 0640);

        ACCEPTED_BY_NAME(remove, &creator, "a");
        ck_assert_str_eq(outcome.segment.name, "a");
        ck_assert_str_eq(outcome.segment.creator.command, "camera");
        ck_assert_int_eq(outcome.segment.id, id);
        ck_assert_uint_eq(outcome.segment.size, (uint64_t) sizes[_i]);
        ck_assert_uint_eq(outcome.segment.mode, 0640);
        ck_assert_uint_ne(outcome.segment.key, 0);
        ck_assert(outcome.segment.removed);
        ck_assert(!exists(id));
        REFUSED_BY_NAME(ERROR_NOT_FOUND, remove, &creator, "a");
        REFUSED_BY_ID(ERROR_NOT_FOUND, remove, &creator, id);
        create(&creator, "a", SIZE, 0600);
        broker_restart();
        ACCEPTED_BY_NAME(stat, &creator, "a");
}
END_TEST

/* Whoever has it attached may detach it just before IPC_RMID, which frees it then. */
START_TEST(a_large_one_is_not_removed_on_the_spot_though_it_is_attached) {
        struct segment_request a = by_name("a");
        void *at = attach_as(UID_CREATOR, create(&creator, "a", LARGE, 0600));
        struct work work;

        ck_assert_int_eq(broker_remove(broker, &creator, &a, &outcome, &error), BROKER_WORK);
        work = outcome.work;
        ck_assert_int_eq(shmdt(at), 0);
        work_run(&work);
        ck_assert_int_eq(broker_finish(broker, &work, &outcome, &error), 0);
        ck_assert(outcome.segment.removed);
        ck_assert(!exists(work.target.id));
}
END_TEST

/* As shmctl(2) by its id goes on working while somebody has it attached. */
START_TEST(one_that_is_attached_lives_on_by_its_id) {
        const int64_t sizes[] = {SIZE, LARGE};
        struct segment_request a = by_name("a");
        int id = create(&creator, "a", sizes[_i], 0600);
        void *at = attach_as(UID_CREATOR, id);
        struct set_request set = to_set(NULL);

        ACCEPTED(remove, &creator, &a);
        ck_assert(outcome.segment.removed);
        ck_assert_uint_eq(outcome.segment.nattch, 1);
        REFUSED_BY_NAME(ERROR_NOT_FOUND, stat, &creator, "a");
        ck_assert_str_eq(list(&creator, NULL), "");
        create(&creator, "a", SIZE, 0600);

        broker_restart();
        ACCEPTED_BY_ID(stat, &creator, id);
        ck_assert(outcome.segment.removed);
        ck_assert_uint_eq(outcome.segment.key, 0);
        REFUSED_BY_ID(ERROR_ACCESS_DENIED, stat, &stranger, id);
        set.id = id;
        set.mode = 0640;
        ACCEPTED(set, &creator, &set);
        ck_assert_uint_eq(outcome.segment.mode, 0640);
        ACCEPTED_BY_ID(lock, &creator, id);
        ACCEPTED_BY_ID(unlock, &creator, id);
        REFUSED_BY_ID(ERROR_NOT_OWNER, remove, &stranger, id);
        ACCEPTED_BY_ID(remove, &creator, id);
        ck_assert(outcome.segment.removed);

        ck_assert_int_eq(shmdt(at), 0);
        REFUSED_BY_ID(ERROR_NOT_FOUND, stat, &creator, id);
        ACCEPTED_BY_NAME(stat, &creator, "a");
}
END_TEST

START_TEST(a_private_one_is_removed_by_its_id) {
        int id = create(&creator, NULL, SIZE, 0600);

        ACCEPTED_BY_ID(remove, &creator, id);
        ck_assert_ptr_null(outcome.segment.name);
        ck_assert(!exists(id));
        ck_assert_str_eq(list(&root, NULL), "");
}
END_TEST

/* ------------------------------------------------------------------------ Rename */

START_TEST(a_renamed_one_is_the_same_by_another_name) {
        struct rename_request rename = {.name = "a", .to = "b/c"};
        int id = create(&creator, "a", SIZE, 0600);

        ACCEPTED(rename, &creator, &rename);
        ck_assert_str_eq(outcome.segment.name, "b/c");
        ck_assert_int_eq(outcome.segment.id, id);
        REFUSED(ERROR_NOT_FOUND, rename, &creator, &rename);
        ck_assert_str_eq(list(&creator, NULL), "b/c");
        broker_restart();
        ck_assert_str_eq(list(&creator, NULL), "b/c");
        create(&creator, "a", SIZE, 0600);
}
END_TEST

START_TEST(a_rename_to_its_own_name_changes_nothing) {
        struct rename_request rename = {.name = "a", .to = "a", .replace = _i == 1};
        int id = create(&creator, "a", SIZE, 0600);

        ACCEPTED(rename, &creator, &rename);
        ck_assert_int_eq(outcome.segment.id, id);
        ck_assert(exists(id));
        REFUSED(ERROR_NOT_OWNER, rename, &stranger, &rename);
}
END_TEST

START_TEST(a_name_that_is_taken_is_replaced_where_that_is_asked) {
        const int64_t sizes[] = {SIZE, LARGE};
        struct rename_request rename = {.name = "a", .to = "b"};
        int a = create(&creator, "a", SIZE, 0600), b = create(&creator, "b", sizes[_i], 0600);

        REFUSED(ERROR_EXISTS, rename, &creator, &rename);
        ck_assert_str_eq(error.name, "b");
        rename.replace = true;
        ACCEPTED(rename, &creator, &rename);
        ck_assert_str_eq(outcome.segment.name, "b");
        ck_assert_int_eq(outcome.segment.id, a);
        ck_assert(!outcome.segment.removed);
        ck_assert(!exists(b));
        ck_assert_str_eq(list(&root, NULL), "b");
        broker_restart();
        ACCEPTED_BY_NAME(stat, &creator, "b");
        ck_assert_int_eq(outcome.segment.id, a);
}
END_TEST

START_TEST(one_that_is_attached_outlives_its_replacement) {
        struct rename_request rename = {.name = "a", .to = "b", .replace = true};
        int b;
        void *at;

        create(&creator, "a", SIZE, 0600);
        b = create(&creator, "b", LARGE, 0600);
        at = attach_as(UID_CREATOR, b);
        ACCEPTED(rename, &creator, &rename);
        ACCEPTED_BY_ID(stat, &creator, b);
        ck_assert(outcome.segment.removed);
        ck_assert_int_eq(shmdt(at), 0);
        ck_assert(!exists(b));
}
END_TEST

START_TEST(both_must_be_ones_own) {
        struct rename_request rename = {.name = "a", .to = "b", .replace = true};

        create(&creator, "a", SIZE, 0666);
        create(&stranger, "b", SIZE, 0666);
        REFUSED(ERROR_NOT_OWNER, rename, &creator, &rename);
        ck_assert_str_eq(error.name, "b");
        REFUSED(ERROR_NOT_OWNER, rename, &stranger, &rename);
        ck_assert_str_eq(error.name, "a");
        rename.to = "b//";
        REFUSED(ERROR_INVALID_NAME, rename, &creator, &rename);
        ck_assert_str_eq(list(&root, NULL), "a b");
        rename.to = "b";
        ACCEPTED(rename, &root, &rename);
}
END_TEST

START_TEST(a_repeated_rename_is_answered_as_the_first_one_was) {
        struct rename_request rename = {.name = "a", .to = "b", .replace = true, .token = "t"};
        int id = create(&creator, "a", SIZE, 0600);

        create(&creator, "b", SIZE, 0600);
        ACCEPTED(rename, &creator, &rename);
        ACCEPTED(rename, &creator, &rename);
        ck_assert_int_eq(outcome.segment.id, id);
        broker_restart();
        /* Another "a" must not be taken for the one that was meant. */
        create(&creator, "a", SIZE, 0600);
        ACCEPTED(rename, &creator, &rename);
        ck_assert_int_eq(outcome.segment.id, id);
        rename.to = "c";
        REFUSED(ERROR_INVALID_PARAMETER, rename, &creator, &rename);
        ck_assert_str_eq(error.parameter, "token");
        rename.token = "";
        REFUSED(ERROR_INVALID_PARAMETER, rename, &creator, &rename);
}
END_TEST

START_TEST(who_lost_a_segment_is_not_told_its_labels_for_an_old_token) {
        struct rename_request rename = {.name = "a", .to = "b", .token = "t"};
        const struct shmb_label items[] = {{"k", "v"}};
        struct set_request set = to_set("b");

        create_for_owner("a", SIZE, 0600);
        ACCEPTED(rename, &owner, &rename);
        set.uid = UID_CREATOR;
        set.gid = GID_CREATOR;
        set.labels = (struct labels){items, COUNT(items)};
        ACCEPTED(set, &creator, &set);
        ACCEPTED(rename, &owner, &rename);
        ck_assert_uint_eq(outcome.segment.labels.count, 0);
        set.uid = UID_OWNER;
        ACCEPTED(set, &creator, &set);
        ACCEPTED(rename, &owner, &rename);
        ck_assert_uint_eq(outcome.segment.labels.count, COUNT(items));
}
END_TEST

/* ------------------------------------------------------------------ works in flight */

/* Between a method's return and broker_finish() the loop serves others. */

START_TEST(while_a_large_one_is_freed_its_name_is_free_and_its_id_is_known) {
        struct segment_request a = by_name("a");
        int id = create(&creator, "a", LARGE, 0600);
        struct work work;

        ck_assert_int_eq(broker_remove(broker, &creator, &a, &outcome, &error), BROKER_WORK);
        work = outcome.work;
        ck_assert_int_eq(work.target.id, id);
        ck_assert(exists(id));
        REFUSED_BY_NAME(ERROR_NOT_FOUND, stat, &creator, "a");
        ACCEPTED_BY_ID(stat, &creator, id);
        ck_assert(outcome.segment.removed);
        ACCEPTED_BY_ID(remove, &creator, id);
        ck_assert(exists(id));
        create(&creator, "a", SIZE, 0600);

        work_run(&work);
        ck_assert(!exists(id));
        REFUSED_BY_ID(ERROR_NOT_FOUND, stat, &creator, id);
        broker_sweep(broker, 100);
        ck_assert_int_eq(broker_finish(broker, &work, &outcome, &error), 0);
        ck_assert_int_eq(outcome.segment.id, id);
        ck_assert_str_eq(outcome.segment.name, "a");
        ck_assert(outcome.segment.removed);
        ck_assert_ptr_null(registry_find_id(broker->registry, id));
}
END_TEST

START_TEST(a_large_one_may_go_before_it_is_freed) {
        struct segment_request a = by_name("a");
        int id = create(&creator, "a", LARGE, 0600);
        struct work work;

        ck_assert_int_eq(broker_remove(broker, &creator, &a, &outcome, &error), BROKER_WORK);
        work = outcome.work;
        ck_assert_int_eq(ipc_control_as(UID_CREATOR, id, IPC_RMID), 0);
        work_run(&work);
        ck_assert_int_eq(broker_finish(broker, &work, &outcome, &error), 0);
        ck_assert(outcome.segment.removed);
        ck_assert_ptr_null(registry_find_id(broker->registry, id));
}
END_TEST

START_TEST(while_a_large_one_is_replaced_the_answer_is_kept) {
        struct rename_request rename = {.name = "a", .to = "b", .replace = true},
                              again = {"b", "c"};
        struct work work;
        int a = create(&creator, "a", SIZE, 0600), b = create(&creator, "b", LARGE, 0600);

        ck_assert_int_eq(broker_rename(broker, &creator, &rename, &outcome, &error), BROKER_WORK);
        work = outcome.work;
        ck_assert_int_eq(work.target.id, b);
        ck_assert_int_eq(work.reply_id, a);
        ACCEPTED(rename, &creator, &again);
        ck_assert_int_eq(ipc_control_as(UID_CREATOR, a, IPC_RMID), 0);
        REFUSED_BY_NAME(ERROR_NOT_FOUND, stat, &creator, "c");
        create(&creator, "c", SIZE, 0600);
        work_run(&work);
        ck_assert_int_eq(broker_finish(broker, &work, &outcome, &error), 0);
        ck_assert_int_eq(outcome.segment.id, a);
        ck_assert_str_eq(outcome.segment.name, "c");
        broker_sweep(broker, 100);
        ck_assert_ptr_null(registry_find_id(broker->registry, a));
        ck_assert_str_eq(list(&creator, NULL), "c");
}
END_TEST

START_TEST(a_large_one_that_is_unlocked_may_go_meanwhile) {
        struct segment_request a = by_name("a");
        int id = create(&creator, "a", LARGE, 0600);
        struct work work;

        ACCEPTED_BY_NAME(lock, &creator, "a");
        ck_assert_int_eq(broker_unlock(broker, &creator, &a, &outcome, &error), BROKER_WORK);
        work = outcome.work;
        ck_assert_int_eq(ipc_control_as(UID_CREATOR, id, IPC_RMID), 0);
        REFUSED_BY_NAME(ERROR_NOT_FOUND, stat, &creator, "a");
        create(&creator, "a", SIZE, 0600);
        work_run(&work);
        ck_assert_int_eq(broker_finish(broker, &work, &outcome, &error), -ERROR_NOT_FOUND);
        ck_assert_int_eq(error.id, id);
        ck_assert_ptr_null(registry_find_id(broker->registry, id));
}
END_TEST

START_TEST(a_removal_that_was_begun_is_completed_by_the_next_start) {
        struct segment_request a = by_name("a");
        int id = create(&creator, "a", LARGE, 0600);

        ck_assert_int_eq(broker_remove(broker, &creator, &a, &outcome, &error), BROKER_WORK);
        create(&creator, "b", SIZE, 0600);
        broker_restart();
        ck_assert(!exists(id));
        ck_assert_str_eq(list(&creator, NULL), "b");
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {a_peer_may_what_the_kernel_would_let_it, COUNT(people)},
                {who_it_is_not_is_told_before_what_it_is_not},
                {a_segment_is_asked_for_by_its_name_or_its_id},
                {what_is_not_set_stays},
                {labels_out_of_bounds_are_refused},
                {a_lock_is_told_until_it_is_undone, 2},
                {the_limit_of_locked_memory_is_told_with_what_is_locked},
                {a_removed_one_is_told_as_it_was_and_its_name_is_free, 2},
                {a_large_one_is_not_removed_on_the_spot_though_it_is_attached},
                {one_that_is_attached_lives_on_by_its_id, 2},
                {a_private_one_is_removed_by_its_id},
                {a_renamed_one_is_the_same_by_another_name},
                {a_rename_to_its_own_name_changes_nothing, 2},
                {a_name_that_is_taken_is_replaced_where_that_is_asked, 2},
                {one_that_is_attached_outlives_its_replacement},
                {both_must_be_ones_own},
                {a_repeated_rename_is_answered_as_the_first_one_was},
                {who_lost_a_segment_is_not_told_its_labels_for_an_old_token},
                {while_a_large_one_is_freed_its_name_is_free_and_its_id_is_known},
                {a_large_one_may_go_before_it_is_freed},
                {while_a_large_one_is_replaced_the_answer_is_kept},
                {a_large_one_that_is_unlocked_may_go_meanwhile},
                {a_removal_that_was_begun_is_completed_by_the_next_start},
        };

        if (!ipc_enter_namespace())
                return IPC_SKIPPED;
        return suite_run("broker-change", broker_setup, broker_teardown, SUITE_ROWS(rows));
}
