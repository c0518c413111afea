#include "broker-fixture.h"

/* An owner's ipcrm(1), behind the broker's back. */
static void ipcrm(int id) {
        ck_assert_int_eq(ipc_control_as(UID_CREATOR, id, IPC_RMID), 0);
}

/* -------------------------------------------------------------------------- lost */

START_TEST(one_that_is_gone_is_not_found_any_more) {
        int a = create(&creator, "a", SIZE, 0666), private = create(&creator, NULL, SIZE, 0666);
        struct set_request set = to_set("a");
        struct rename_request rename = {.name = "a", .to = "b"};
        struct open_request open = to_open("a");

        ipcrm(a);
        ipcrm(private);
        switch (_i) {
        case 0:
                REFUSED_BY_NAME(ERROR_NOT_FOUND, stat, &creator, "a");
                break;
        case 1:
                REFUSED(ERROR_NOT_FOUND, open, &creator, &open);
                break;
        case 2:
                REFUSED(ERROR_NOT_FOUND, set, &creator, &set);
                break;
        case 3:
                REFUSED_BY_NAME(ERROR_NOT_FOUND, lock, &creator, "a");
                break;
        case 4:
                REFUSED(ERROR_NOT_FOUND, rename, &creator, &rename);
                break;
        case 5:
                REFUSED_BY_NAME(ERROR_NOT_FOUND, remove, &creator, "a");
                break;
        case 6:
                REFUSED_BY_ID(ERROR_NOT_FOUND, remove, &creator, a);
                break;
        case 7:
                ck_assert_str_eq(list(&creator, NULL), "");
                break;
        default:
                broker_sweep(broker, 100);
        }
        REFUSED_BY_ID(ERROR_NOT_FOUND, stat, &creator, private);
        if (_i != 7)
                ck_assert_ptr_null(registry_find_id(broker->registry, a));
        ck_assert_str_eq(list(&root, NULL), "");
        ck_assert_int_eq(registry_count(broker->registry), 0);
}
END_TEST

START_TEST(a_name_whose_segment_is_gone_is_made_anew) {
        struct create_request request = to_create("a", 2 * SIZE);
        int id = create(&creator, "a", SIZE, 0600);

        ipcrm(id);
        request.exclusive = true;
        ACCEPTED(create, &stranger, &request);
        ck_assert(outcome.created);
        ck_assert_uint_eq(outcome.segment.uid, UID_OTHER);
        REFUSED_BY_ID(ERROR_NOT_FOUND, stat, &creator, id);
}
END_TEST

START_TEST(a_name_whose_segment_is_gone_can_be_taken) {
        struct rename_request rename = {.name = "a", .to = "b"};

        create(&creator, "a", SIZE, 0600);
        ipcrm(create(&creator, "b", SIZE, 0600));
        ACCEPTED(rename, &creator, &rename);
        ck_assert_str_eq(list(&creator, NULL), "b");
}
END_TEST

START_TEST(one_that_is_removed_by_its_owner_while_attached_loses_its_name_only) {
        int id = create(&creator, "a", SIZE, 0600);
        void *at = attach_as(UID_CREATOR, id);

        ipcrm(id);
        if (_i == 0)
                REFUSED_BY_NAME(ERROR_NOT_FOUND, stat, &creator, "a");
        else if (_i == 1)
                ck_assert_str_eq(list(&creator, NULL), "");
        else
                broker_sweep(broker, 100);
        ACCEPTED_BY_ID(stat, &creator, id);
        ck_assert(outcome.segment.removed);
        create(&creator, "a", SIZE, 0600);
        broker_restart();
        ACCEPTED_BY_ID(stat, &creator, id);
        ck_assert_int_eq(shmdt(at), 0);
        REFUSED_BY_ID(ERROR_NOT_FOUND, stat, &creator, id);
        ACCEPTED_BY_NAME(stat, &creator, "a");
}
END_TEST

/* Somebody else's, with the id and the key and the size of the one that is gone. */
START_TEST(a_successor_by_its_id_and_its_key_is_another_one) {
        int id = create(&creator, "a", SIZE, 0666);
        key_t key = (key_t) outcome.segment.key;

        ipcrm(id);
        if (!ipc_set_next_id(id))
                return;
        ipc_become(UID_OTHER, GID_OTHER, NULL, 0);
        ck_assert_int_eq(shmget(key, SIZE, IPC_CREAT | IPC_EXCL | 0666), id);
        ipc_become(UID_BROKER, GID_BROKER, NULL, 0);
        if (_i == 1)
                broker_restart();
        REFUSED_BY_NAME(ERROR_NOT_FOUND, remove, &creator, "a");
        REFUSED_BY_ID(ERROR_NOT_FOUND, remove, &root, id);
        ck_assert(exists(id));
        create(&creator, "a", SIZE, 0600);
        ck_assert_int_ne(outcome.segment.id, id);
}
END_TEST

START_TEST(an_id_that_comes_back_belongs_to_the_new_one) {
        int id = create(&creator, "a", SIZE, 0600);

        ipcrm(id);
        if (!ipc_set_next_id(id))
                return;
        ck_assert_int_eq(create(&creator, "b", SIZE, 0600), id);
        REFUSED_BY_NAME(ERROR_NOT_FOUND, stat, &creator, "a");
        ACCEPTED_BY_ID(stat, &creator, id);
        ck_assert_str_eq(outcome.segment.name, "b");
        broker_restart();
        ck_assert_str_eq(list(&creator, NULL), "b");
        ck_assert_int_eq(registry_count(broker->registry), 1);
}
END_TEST

/* A work acts on an id: nothing else may come by it meanwhile. */
START_TEST(an_id_with_a_work_in_flight_is_not_taken_over) {
        struct segment_request a = by_name("a");
        int id = create(&creator, "a", LARGE, 0600);
        struct work work;

        ck_assert_int_eq(broker_remove(broker, &creator, &a, &outcome, &error), BROKER_WORK);
        work = outcome.work;
        work_run(&work);
        if (!ipc_set_next_id(id))
                return;
        ck_assert_int_ne(create(&creator, "b", SIZE, 0600), id);
        ck_assert(!exists(id));
        ck_assert_int_eq(broker_finish(broker, &work, &outcome, &error), 0);
        ACCEPTED_BY_NAME(stat, &creator, "b");
}
END_TEST

/* Root's broker may do to it what it likes, and so must not act on the id alone. */
START_TEST(a_work_spares_what_came_by_its_id) {
        struct segment_request a = by_name("a");
        int id = create(&creator, "a", LARGE, 0600);
        struct shmid_ds ds;
        struct work work;

        if (_i == 0) {
                ck_assert_int_eq(broker_remove(broker, &creator, &a, &outcome, &error),
                                 BROKER_WORK);
        } else {
                ACCEPTED(lock, &creator, &a);
                ck_assert_int_eq(broker_unlock(broker, &creator, &a, &outcome, &error),
                                 BROKER_WORK);
        }
        work = outcome.work;
        ipcrm(id);
        if (!ipc_set_next_id(id))
                return;
        ipc_become(UID_OTHER, GID_OTHER, NULL, 0);
        ck_assert_int_eq(shmget(IPC_PRIVATE, LARGE, 0600), id);
        ipc_become_root();
        ck_assert_int_eq(segment_lock(id, true), 0);
        work_run(&work);
        ck_assert(exists(id));
        ds = look(id);
        ck_assert(segment_is_locked(&ds));
        ck_assert_int_eq(broker_finish(broker, &work, &outcome, &error),
                         _i == 0 ? 0 : -ERROR_NOT_FOUND);
        ck_assert_ptr_null(registry_find_id(broker->registry, id));
}
END_TEST

START_TEST(a_sweep_goes_round_in_slices) {
        int ids[10];

        for (int i = 0; i < 10; i++)
                ids[i] = create(&creator, NULL, SIZE, 0600);
        ipcrm(ids[1]);
        ipcrm(ids[9]);
        broker_sweep(broker, 1);
        ck_assert_int_eq(registry_count(broker->registry), 10);
        broker_sweep(broker, 1);
        ck_assert_int_eq(registry_count(broker->registry), 9);
        for (int i = 0; i < 4; i++)
                broker_sweep(broker, 3);
        ck_assert_int_eq(registry_count(broker->registry), 8);
        broker_sweep(broker, 100); /* to the end */
        ipcrm(ids[0]);
        broker_sweep(broker, 1);
        ck_assert_int_eq(registry_count(broker->registry), 7);
}
END_TEST

/* ----------------------------------------------------------------------- adopted */

#define KEY ((key_t) 0x5eed0001)

/* Made elsewhere: by this user, for nobody. */
static int make_foreign(uid_t uid, key_t key, int mode) {
        int id;

        ipc_become(uid, GID_OTHER, NULL, 0);
        id = shmget(key, SIZE, IPC_CREAT | IPC_EXCL | mode);
        ck_assert_int_ge(id, 0);
        ipc_become(UID_BROKER, GID_BROKER, NULL, 0);
        return id;
}

START_TEST(one_made_elsewhere_gets_a_name) {
        const struct shmb_label items[] = {{"k", "v"}};
        int id = make_foreign(UID_CREATOR, KEY, 0600);
        struct adopt_request request = to_adopt_id("a", id);

        if (_i == 1) {
                request.id = FIELD_ABSENT;
                request.key = KEY;
        }
        request.labels = (struct labels){items, 1};
        ACCEPTED(adopt, &creator, &request);
        for (int restarted = 0; restarted < 2; restarted++) {
                ck_assert_str_eq(outcome.segment.name, "a");
                ck_assert_int_eq(outcome.segment.id, id);
                ck_assert_uint_eq(outcome.segment.key, KEY);
                ck_assert(outcome.segment.adopted);
                ck_assert_uint_eq(outcome.segment.cuid, UID_CREATOR);
                ck_assert_uint_eq(outcome.segment.creator.uid, UID_CREATOR);
                ck_assert_int_eq(outcome.segment.creator.pid, 17);
                ck_assert_str_eq(outcome.segment.labels.items[0].key, "k");
                broker_restart();
                ACCEPTED_BY_NAME(stat, &creator, "a");
        }
}
END_TEST

START_TEST(its_owner_and_its_kernels_creator_and_root_may_adopt) {
        const struct {
                struct peer *peer;
                int code;
        } rows[] = {{&creator, 0},
                    {&owner, 0},
                    {&root, 0},
                    {&stranger, ERROR_NOT_OWNER},
                    {&broker_user, ERROR_NOT_OWNER}};
        int id = make_foreign(UID_CREATOR, KEY, 0666);
        struct shmid_ds ds = look(id);
        struct adopt_request request = to_adopt_id("a", id);

        ds.shm_perm.uid = UID_OWNER;
        ipc_become_root();
        ck_assert_int_eq(shmctl(id, IPC_SET, &ds), 0);
        ipc_become(UID_BROKER, GID_BROKER, NULL, 0);
        REFUSED(rows[_i].code, adopt, rows[_i].peer, &request);
}
END_TEST

START_TEST(what_cannot_be_adopted_is_told) {
        int foreign = make_foreign(UID_CREATOR, KEY, 0600), ours, private;
        struct adopt_request request = to_adopt_id("a", foreign);

        ours = create(&creator, "ours", SIZE, 0600);
        private = create(&creator, NULL, SIZE, 0600);

        request.key = KEY;
        REFUSED(ERROR_INVALID_PARAMETER, adopt, &creator, &request);
        request.id = FIELD_ABSENT;
        request.key = FIELD_ABSENT;
        REFUSED(ERROR_INVALID_PARAMETER, adopt, &creator, &request);
        request.key = IPC_PRIVATE;
        REFUSED(ERROR_INVALID_PARAMETER, adopt, &creator, &request);
        ck_assert_str_eq(error.parameter, "key");
        request.key = KEY + 1;
        REFUSED(ERROR_NOT_FOUND, adopt, &creator, &request);
        request = to_adopt_id("a", 12345);
        REFUSED(ERROR_NOT_FOUND, adopt, &creator, &request);
        ck_assert_int_eq(error.id, 12345);
        request = to_adopt_id("", foreign);
        REFUSED(ERROR_INVALID_NAME, adopt, &creator, &request);

        request = to_adopt_id("ours", foreign);
        REFUSED(ERROR_EXISTS, adopt, &creator, &request);
        ck_assert_str_eq(error.name, "ours");
        request = to_adopt_id("a", ours);
        REFUSED(ERROR_EXISTS, adopt, &creator, &request);
        ck_assert_str_eq(error.name, "ours");
        REFUSED(ERROR_NOT_OWNER, adopt, &stranger, &request);
        request = to_adopt_id("a", private);
        REFUSED(ERROR_INVALID_PARAMETER, adopt, &creator, &request);
        ck_assert_str_eq(error.parameter, "id");

        request = to_adopt_id("a", foreign);
        ACCEPTED(adopt, &creator, &request);
        request.name = "b";
        REFUSED(ERROR_EXISTS, adopt, &creator, &request);
        ck_assert_str_eq(error.name, "a");
}
END_TEST

START_TEST(one_that_ends_with_its_last_detach_is_not_adopted) {
        int id = make_foreign(UID_CREATOR, KEY, 0600);
        struct adopt_request request = to_adopt_id("a", id);
        void *at = attach_as(UID_CREATOR, id);

        ipcrm(id);
        REFUSED(ERROR_NOT_FOUND, adopt, &creator, &request);
        ck_assert_int_eq(shmdt(at), 0);
}
END_TEST

/* Whoever is its kernel's creator, and be it the broker's own user. */
START_TEST(an_adopted_one_is_only_named) {
        const uid_t makers[] = {UID_CREATOR, UID_BROKER};
        int id = make_foreign(makers[_i], KEY, 0600);
        struct adopt_request request = to_adopt_id("a", id);
        struct rename_request rename = {.name = "a", .to = "b"};
        struct set_request set = to_set("a");

        ACCEPTED(adopt, &root, &request);
        set.mode = 0666;
        REFUSED(ERROR_ADOPTED, set, &root, &set);
        REFUSED(ERROR_NOT_OWNER, set, &stranger, &set);
        REFUSED_BY_NAME(ERROR_ADOPTED, lock, &root, "a");
        REFUSED_BY_ID(ERROR_ADOPTED, unlock, &root, id);
        ck_assert_int_eq(error.id, id);
        set.mode = FIELD_ABSENT;
        set.labels = (struct labels){(const struct shmb_label[]){{"k", "v"}}, 1};
        ACCEPTED(set, &root, &set);
        ck_assert_uint_eq(outcome.segment.labels.count, 1);
        ACCEPTED(rename, &root, &rename);
        REFUSED_BY_NAME(ERROR_NOT_OWNER, remove, &stranger, "b");
        ACCEPTED_BY_NAME(remove, &root, "b");
        ck_assert_str_eq(outcome.segment.name, "b");
        ck_assert(outcome.segment.adopted);
        ck_assert(!outcome.segment.removed);
        ck_assert_uint_eq(look(id).shm_perm.mode, 0600);
        REFUSED_BY_ID(ERROR_NOT_FOUND, stat, &root, id);
        ACCEPTED(adopt, &root, &request);
}
END_TEST

START_TEST(an_adopted_one_that_is_replaced_lives_on) {
        int id = make_foreign(UID_CREATOR, KEY, 0600);
        struct adopt_request request = to_adopt_id("b", id);
        struct rename_request rename = {.name = "a", .to = "b", .replace = true};

        create(&creator, "a", SIZE, 0600);
        ACCEPTED(adopt, &creator, &request);
        ACCEPTED(rename, &creator, &rename);
        ck_assert(exists(id));
        ck_assert_ptr_null(registry_find_id(broker->registry, id));
        broker_restart();
        ck_assert_str_eq(list(&root, NULL), "b");
        ck_assert(exists(id));
}
END_TEST

START_TEST(who_adopted_one_gets_no_right_from_that) {
        int id = make_foreign(UID_CREATOR, KEY, 0600);
        struct adopt_request request = to_adopt_id("a", id);
        struct shmid_ds ds = look(id);

        ds.shm_perm.uid = UID_OWNER;
        ipc_become_root();
        ck_assert_int_eq(shmctl(id, IPC_SET, &ds), 0);
        ipc_become(UID_BROKER, GID_BROKER, NULL, 0);
        ACCEPTED(adopt, &owner, &request);
        ipc_become_root();
        ds.shm_perm.uid = UID_CREATOR;
        ck_assert_int_eq(shmctl(id, IPC_SET, &ds), 0);
        ipc_become(UID_BROKER, GID_BROKER, NULL, 0);
        REFUSED_BY_NAME(ERROR_ACCESS_DENIED, stat, &owner, "a");
        REFUSED_BY_NAME(ERROR_NOT_OWNER, remove, &owner, "a");
        ACCEPTED_BY_NAME(remove, &creator, "a");
}
END_TEST

START_TEST(an_adopted_one_that_its_owner_removes_is_forgotten) {
        int id = make_foreign(UID_CREATOR, KEY, 0600);
        struct adopt_request request = to_adopt_id("a", id);
        void *at = attach_as(UID_CREATOR, id);

        ACCEPTED(adopt, &creator, &request);
        ipcrm(id);
        REFUSED_BY_NAME(ERROR_NOT_FOUND, stat, &creator, "a");
        REFUSED_BY_ID(ERROR_NOT_FOUND, stat, &creator, id);
        ck_assert_int_eq(shmdt(at), 0);
}
END_TEST

START_TEST(a_repeated_adoption_is_answered_as_the_first_one_was) {
        int id = make_foreign(UID_CREATOR, KEY, 0600);
        struct adopt_request request = to_adopt_id("a", id);
        struct create_request create = to_create("a", SIZE);

        request.token = "t";
        ACCEPTED(adopt, &creator, &request);
        ACCEPTED(adopt, &creator, &request);
        ck_assert_int_eq(outcome.segment.id, id);
        broker_restart();
        ACCEPTED(adopt, &creator, &request);
        request.name = "b";
        REFUSED(ERROR_INVALID_PARAMETER, adopt, &creator, &request);
        ck_assert_str_eq(error.parameter, "token");
        create.token = "t";
        REFUSED(ERROR_INVALID_PARAMETER, create, &creator, &create);
        create.token = "u";
        create.name = "c";
        ACCEPTED(create, &creator, &create);
        request.name = "c";
        request.token = "u";
        REFUSED(ERROR_INVALID_PARAMETER, adopt, &creator, &request);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {one_that_is_gone_is_not_found_any_more, 9},
                {a_name_whose_segment_is_gone_is_made_anew},
                {a_name_whose_segment_is_gone_can_be_taken},
                {one_that_is_removed_by_its_owner_while_attached_loses_its_name_only, 3},
                {a_successor_by_its_id_and_its_key_is_another_one, 2},
                {an_id_that_comes_back_belongs_to_the_new_one},
                {an_id_with_a_work_in_flight_is_not_taken_over},
                {a_work_spares_what_came_by_its_id, 2},
                {a_sweep_goes_round_in_slices},
                {one_made_elsewhere_gets_a_name, 2},
                {its_owner_and_its_kernels_creator_and_root_may_adopt, 5},
                {what_cannot_be_adopted_is_told},
                {one_that_ends_with_its_last_detach_is_not_adopted},
                {an_adopted_one_is_only_named, 2},
                {an_adopted_one_that_is_replaced_lives_on},
                {who_adopted_one_gets_no_right_from_that},
                {an_adopted_one_that_its_owner_removes_is_forgotten},
                {a_repeated_adoption_is_answered_as_the_first_one_was},
        };

        if (!ipc_enter_namespace())
                return IPC_SKIPPED;
        return suite_run("broker-lost", broker_setup, broker_teardown, SUITE_ROWS(rows));
}
