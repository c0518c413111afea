#include "recovery.h"

#include "broker.h"
#include "ipc.h"
#include "opened-journal.h"
#include "segment.h"

#include "proto/error.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#define KEY        0x5eed
#define SIZE_BYTES 8192

static const struct shmb_label label = {"key", "value"};

/* Root could do everything to segments of others: that it does not is worth a test. */
static uid_t broker_uid;

static void become_broker(void) {
        ipc_become(broker_uid, broker_uid == 0 ? 0 : GID_BROKER, NULL, 0);
}

/* ------------------------------------------------------- a broker that is killed */

/* What it does, from opening its journal to its end. */
typedef void (*life_function)(struct opened *opened, int argument);

static void live(const char *directory, life_function life, int argument) {
        pid_t child = fork();
        int status;

        ck_assert_int_ge(child, 0);
        if (child == 0) {
                struct opened opened = opened_in(directory);

                life(&opened, argument);
                kill(getpid(), SIGKILL);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void recover(struct opened *opened) {
        struct broker broker = {
                .registry = opened->registry,
                .journal = opened->journal,
                .uid = geteuid(),
        };
        struct entry *entry;

        ck_assert_int_eq(users_new(&broker.users), 0);
        ck_assert_int_eq(recovery_run(&broker, &opened->intent), 0);
        /* Each has a user of its own, without whom the registry goes on here. */
        for (entry = registry_first_id(broker.registry); entry != NULL;
             entry = registry_next_id(broker.registry, entry)) {
                ck_assert_int_eq(user_charged(entry->user, CHARGE_SEGMENTS), !entry->removed);
                user_unref(entry->user);
                entry->user = NULL;
        }
        entry_free(broker.dropped);
        users_free(broker.users);
}

/* Opened as the next broker does. What it then has is what the one after it has. */
static struct opened recovered_in(const char *directory) {
        struct opened opened = opened_in(directory);

        recover(&opened);
        opened_again(&opened);
        ck_assert_int_eq(opened.intent.kind, INTENT_NONE);
        return opened;
}

static void begin(char *directory) {
        ipc_become_root();
        ck_assert(ipc_enter_namespace());
        become_broker();
        directory_make(directory, DIRECTORY_BYTES);
}

static void end(struct opened *opened) {
        char directory[DIRECTORY_BYTES];

        memcpy(directory, opened->directory, sizeof(directory));
        opened_close(opened);
        directory_remove(directory);
        ipc_become_root();
}

/* ------------------------------------------------------------------ what it does */

static int make_segment(key_t key) {
        int id;

        ck_assert_int_eq(segment_create(key, SIZE_BYTES, 0, &id), 0);
        return id;
}

static struct entry *entry_of_segment(const char *name, int id) {
        struct entry *entry = entry_make(name, id, 0, 0);
        struct shmid_ds ds;

        ck_assert_int_eq(segment_stat(id, &ds), 0);
        segment_identify(id, &ds, &entry->identity);
        return entry;
}

static struct entry *create(struct opened *opened, const char *name, key_t key) {
        struct entry *entry;
        int id;

        opened_reserve(opened);
        journal_intend_create(opened->journal, key, SIZE_BYTES);
        id = make_segment(key);
        ck_assert_int_eq(segment_set(id, UID_OWNER, GID_OWNER, 0640), 0);
        entry = entry_of_segment(name, id);
        opened_add(opened, entry);
        return entry;
}

static int count_found(int id, const struct shmid_ds *ds, void *context) {
        int *count = context;

        (*count)++;
        return 0;
}

static int count_segments(void) {
        int count = 0;

        ck_assert_int_eq(segment_scan(count_found, &count), 0);
        return count;
}

static bool is_there(int id) {
        struct shmid_ds ds;

        return segment_stat(id, &ds) == 0;
}

/* Ends the segment, and makes one of another user that has its id and its key. */
static bool replace_by_foreign(int id, key_t key) {
        int again;

        if (is_there(id))
                ck_assert_int_eq(segment_remove(id), 0);
        if (!ipc_set_next_id(id))
                return false;
        ipc_become(UID_OTHER, GID_OTHER, NULL, 0);
        again = make_segment(key);
        become_broker();
        return again == id;
}

/* --------------------------------------------------------------------- creations */

enum { INTENDED, MADE, HANDED_OVER, ACKNOWLEDGED };

static void create_up_to(struct opened *opened, key_t key, int step) {
        int id;

        opened_reserve(opened);
        journal_intend_create(opened->journal, key, SIZE_BYTES);
        if (step == INTENDED)
                return;
        id = make_segment(key);
        if (step == MADE)
                return;
        ck_assert_int_eq(segment_set(id, UID_OWNER, GID_OWNER, 0600), 0);
        if (step == HANDED_OVER)
                return;
        opened_add(opened, entry_of_segment(key == IPC_PRIVATE ? NULL : "begun", id));
}

static void create_beside_others(struct opened *opened, int step) {
        create(opened, "a", KEY + 1);
        create(opened, NULL, IPC_PRIVATE);
        create_up_to(opened, KEY, step);
}

static void create_private_beside_others(struct opened *opened, int step) {
        create(opened, "a", KEY + 1);
        create(opened, NULL, IPC_PRIVATE);
        create_up_to(opened, IPC_PRIVATE, step);
}

static void assert_creation(life_function life, int step) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;
        int stays = step == ACKNOWLEDGED ? 3 : 2;

        begin(directory);
        live(directory, life, step);
        ck_assert_int_eq(count_segments(), step == INTENDED ? 2 : 3);
        opened = recovered_in(directory);
        ck_assert_int_eq(count_segments(), stays);
        ck_assert_int_eq(registry_count(opened.registry), stays);
        end(&opened);
}

START_TEST(what_was_not_acknowledged_is_removed) {
        assert_creation(create_beside_others, _i);
}
END_TEST

START_TEST(what_was_not_acknowledged_is_removed_without_a_key) {
        assert_creation(create_private_beside_others, _i);
}
END_TEST

START_TEST(an_acknowledged_one_is_as_it_was) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;
        struct entry *entry;
        struct shmid_ds ds;

        begin(directory);
        live(directory, create_beside_others, ACKNOWLEDGED);
        opened = recovered_in(directory);
        entry = registry_find_name(opened.registry, "begun");
        ck_assert_ptr_nonnull(entry);
        ck_assert_int_eq(segment_stat(entry->identity.id, &ds), 0);
        ck_assert(segment_is(&entry->identity, entry->identity.id, &ds));
        ck_assert_int_eq(ds.shm_perm.__key, KEY);
        ck_assert_int_eq(ds.shm_perm.mode & 0777, 0600);
        ck_assert_uint_eq(ds.shm_perm.uid, UID_OWNER);
        ck_assert_uint_eq(ds.shm_perm.gid, GID_OWNER);
        end(&opened);
}
END_TEST

/* One that is not what the intent led to stays, though all but one thing speaks for it. */
static void intend_for_another_size(struct opened *opened, int key) {
        make_segment(key);
        opened_reserve(opened);
        journal_intend_create(opened->journal, key, SIZE_BYTES + 1);
}

static void intend_for_another_key(struct opened *opened, int key) {
        make_segment(key == IPC_PRIVATE ? KEY : IPC_PRIVATE);
        opened_reserve(opened);
        journal_intend_create(opened->journal, key, SIZE_BYTES);
}

static void intend_after_others(struct opened *opened, int key) {
        opened_reserve(opened);
        journal_intend_create(opened->journal, key, SIZE_BYTES);
}

static void intend_beside_other_user(struct opened *opened, int key) {
        opened_reserve(opened);
        journal_intend_create(opened->journal, key, SIZE_BYTES);
        ipc_become(UID_OTHER, GID_OTHER, NULL, 0);
        make_segment(key);
}

static void intend_twins(struct opened *opened, int key) {
        opened_reserve(opened);
        journal_intend_create(opened->journal, key, SIZE_BYTES);
        make_segment(key);
        make_segment(key);
}

static const struct {
        life_function life;
        int key;
        int before; /* made by another process of ours, with this key */
        int count;
} strangers[] = {
        {intend_for_another_size, KEY, 0, 1},  {intend_for_another_size, IPC_PRIVATE, 0, 1},
        {intend_for_another_key, KEY, 0, 1},   {intend_for_another_key, IPC_PRIVATE, 0, 1},
        {intend_after_others, KEY, 1, 1},      {intend_after_others, IPC_PRIVATE, 1, 1},
        {intend_beside_other_user, KEY, 0, 1}, {intend_beside_other_user, IPC_PRIVATE, 0, 1},
        {intend_twins, IPC_PRIVATE, 0, 2}, /* which of them it was can't be told */
};

START_TEST(what_the_journal_does_not_prove_to_be_ours_stays) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;

        begin(directory);
        if (strangers[_i].before)
                make_segment(strangers[_i].key);
        live(directory, strangers[_i].life, strangers[_i].key);
        ck_assert_int_eq(count_segments(), strangers[_i].count);
        opened = recovered_in(directory);
        ck_assert_int_eq(count_segments(), strangers[_i].count);
        end(&opened);
}
END_TEST

/* The same process id, from before the intent: changed by hand, since time does not wait. */
START_TEST(one_that_is_older_than_the_intent_stays) {
        char directory[DIRECTORY_BYTES], *at;
        struct opened opened;
        struct bytes file;

        begin(directory);
        live(directory, _i == 0 ? create_beside_others : create_private_beside_others, MADE);
        file = file_read(directory, "journal");
        at = strrchr(file.bytes, '{');
        ck_assert_ptr_nonnull(strstr(at, "\"op\":\"create\""));
        at = strstr(at, "\"createdAt\":");
        ck_assert_ptr_nonnull(at);
        at[strlen("\"createdAt\":")] = '9';
        file_write(directory, "journal", file.bytes, file.count);
        free(file.bytes);
        opened = recovered_in(directory);
        ck_assert_int_eq(count_segments(), 3);
        end(&opened);
}
END_TEST

/* ---------------------------------------------------------------- what is changed */

static void set_up_to(struct opened *opened, int step) {
        struct entry *entry = create(opened, "a", KEY);

        opened_reserve(opened);
        entry_label(entry, &label, 1);
        journal_intend_set(opened->journal, entry, UID_OTHER, -1, 0604);
        if (step == INTENDED)
                return;
        ck_assert_int_eq(segment_set(entry->identity.id, UID_OTHER, -1, 0604), 0);
        if (step == MADE)
                return;
        journal_done(opened->journal);
        ck_assert_int_eq(segment_set(entry->identity.id, -1, GID_OTHER, 0600), 0);
}

START_TEST(a_change_is_completed) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;
        struct entry *entry;
        struct shmid_ds ds;
        bool open = _i != HANDED_OVER;

        begin(directory);
        live(directory, set_up_to, _i);
        opened = recovered_in(directory);
        entry = registry_find_name(opened.registry, "a");
        ck_assert_ptr_nonnull(entry);
        ck_assert_uint_eq(entry->labels_count, 1);
        ck_assert_str_eq(entry->labels[0].value, label.value);
        ck_assert_int_eq(segment_stat(entry->identity.id, &ds), 0);
        ck_assert_uint_eq(ds.shm_perm.uid, UID_OTHER);
        /* what came behind a change that was done is not undone by it */
        ck_assert_uint_eq(ds.shm_perm.gid, open ? GID_OWNER : GID_OTHER);
        ck_assert_int_eq(ds.shm_perm.mode & 0777, open ? 0604 : 0600);
        end(&opened);
}
END_TEST

START_TEST(a_change_is_not_made_to_another_with_its_id) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;
        struct shmid_ds ds;
        int id;

        begin(directory);
        live(directory, set_up_to, INTENDED);
        ck_assert_int_eq(segment_find(KEY, &id), 0);
        if (!replace_by_foreign(id, KEY)) {
                fprintf(stderr, "skipped: the kernel does not let ids come back\n");
                return;
        }
        opened = recovered_in(directory);
        ck_assert_ptr_null(registry_first_id(opened.registry));
        ck_assert_int_eq(segment_stat(id, &ds), 0);
        ck_assert_int_eq(ds.shm_perm.mode & 0777, 0);
        end(&opened);
}
END_TEST

/* ------------------------------------------------------------- what is given up */

static void remove_up_to(struct opened *opened, int step) {
        struct entry *entry = create(opened, "a", KEY);

        journal_intend_remove(opened->journal, entry);
        registry_retire(opened->registry, entry);
        /* other records may come before the outcome */
        create(opened, "b", KEY + 1);
        if (step == INTENDED)
                return;
        ck_assert_int_eq(segment_remove(entry->identity.id), 0);
        if (step == MADE)
                return;
        opened_forget(opened, entry);
}

START_TEST(a_removal_is_completed) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;

        begin(directory);
        live(directory, remove_up_to, _i);
        opened = recovered_in(directory);
        ck_assert_int_eq(count_segments(), 1);
        ck_assert_ptr_null(registry_find_name(opened.registry, "a"));
        ck_assert_ptr_nonnull(registry_find_name(opened.registry, "b"));
        ck_assert_ptr_eq(registry_first_id(opened.registry),
                         registry_find_name(opened.registry, "b"));
        end(&opened);
}
END_TEST

START_TEST(what_is_removed_stays_for_those_who_have_it_attached) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;
        struct entry *entry;
        struct shmid_ds ds;
        void *address;
        int id;

        begin(directory);
        live(directory, remove_up_to, INTENDED);
        ck_assert_int_eq(segment_find(KEY, &id), 0);
        address = shmat(id, NULL, 0);
        ck_assert_ptr_ne(address, (void *) -1);
        opened = recovered_in(directory);
        entry = registry_find_id(opened.registry, id);
        ck_assert_ptr_nonnull(entry);
        ck_assert(entry->removed);
        ck_assert_int_eq(segment_stat(id, &ds), 0);
        ck_assert(segment_is_removed(&ds));
        opened_close(&opened);

        ck_assert_int_eq(shmdt(address), 0);
        opened = recovered_in(directory);
        ck_assert_ptr_null(registry_find_id(opened.registry, id));
        end(&opened);
}
END_TEST

static void replace_and_die(struct opened *opened, int argument) {
        struct entry *a = create(opened, "a", KEY);
        struct entry *b = create(opened, "b", KEY + 1);

        opened_reserve(opened);
        journal_renamed(opened->journal, a, "b", 0, NULL, b);
}

START_TEST(a_replacement_is_completed) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;

        begin(directory);
        live(directory, replace_and_die, 0);
        opened = recovered_in(directory);
        ck_assert_int_eq(count_segments(), 1);
        ck_assert_int_eq(registry_find_name(opened.registry, "b")->identity.key, KEY);
        ck_assert_ptr_null(registry_find_name(opened.registry, "a"));
        end(&opened);
}
END_TEST

static void adopt_and_give_up(struct opened *opened, int id) {
        struct entry *entry = entry_of_segment("a", id);

        entry->adopted = true;
        opened_reserve(opened);
        opened_add(opened, entry);
        journal_intend_remove(opened->journal, entry);
}

START_TEST(an_adopted_one_loses_its_name_alone) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;
        int id;

        begin(directory);
        id = make_segment(KEY); /* of our own user, even */
        live(directory, adopt_and_give_up, id);
        opened = recovered_in(directory);
        ck_assert(is_there(id));
        ck_assert_ptr_null(registry_first_id(opened.registry));
        end(&opened);
}
END_TEST

START_TEST(a_removal_does_not_end_another_with_its_id) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;
        int id;

        begin(directory);
        live(directory, remove_up_to, INTENDED);
        ck_assert_int_eq(segment_find(KEY, &id), 0);
        if (!replace_by_foreign(id, KEY)) {
                fprintf(stderr, "skipped: the kernel does not let ids come back\n");
                return;
        }
        opened = recovered_in(directory);
        ck_assert(is_there(id));
        ck_assert_ptr_null(registry_find_id(opened.registry, id));
        end(&opened);
}
END_TEST

/* ------------------------------------------------------ what others did meanwhile */

static void create_one(struct opened *opened, int key) {
        create(opened, "a", key);
}

START_TEST(what_is_gone_is_forgotten) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;
        int id;

        begin(directory);
        live(directory, create_one, KEY);
        ck_assert_int_eq(segment_find(KEY, &id), 0);
        ck_assert_int_eq(ipc_control_as(UID_OWNER, id, IPC_RMID), 0);
        opened = recovered_in(directory);
        ck_assert_ptr_null(registry_first_id(opened.registry));
        /* the name and the id are free for others */
        create(&opened, "a", KEY);
        opened_again(&opened);
        ck_assert_ptr_nonnull(registry_find_name(opened.registry, "a"));
        end(&opened);
}
END_TEST

START_TEST(what_its_owner_removed_while_it_is_attached_loses_its_name) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;
        void *address;
        int id;

        begin(directory);
        live(directory, create_one, KEY);
        ck_assert_int_eq(segment_find(KEY, &id), 0);
        address = shmat(id, NULL, 0);
        ck_assert_ptr_ne(address, (void *) -1);
        ck_assert_int_eq(ipc_control_as(UID_OWNER, id, IPC_RMID), 0);
        opened = recovered_in(directory);
        ck_assert_ptr_null(registry_find_name(opened.registry, "a"));
        ck_assert_ptr_nonnull(registry_find_id(opened.registry, id));
        ck_assert_int_eq(shmdt(address), 0);
        end(&opened);
}
END_TEST

START_TEST(another_with_its_id_does_not_get_its_name) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;
        int id;

        begin(directory);
        live(directory, create_one, KEY);
        ck_assert_int_eq(segment_find(KEY, &id), 0);
        if (!replace_by_foreign(id, KEY)) {
                fprintf(stderr, "skipped: the kernel does not let ids come back\n");
                return;
        }
        opened = recovered_in(directory);
        ck_assert_ptr_null(registry_first_id(opened.registry));
        ck_assert(is_there(id));
        end(&opened);
}
END_TEST

/* ------------------------------------------------------------- recovery is killed */

/* Something of everything that recovery does. */
static void leave_much_to_do(struct opened *opened, int with_set) {
        struct entry *entry;

        create(opened, "gone", KEY + 10);
        remove_up_to(opened, HANDED_OVER);
        create(opened, "stays", KEY + 2);
        create(opened, NULL, IPC_PRIVATE);
        entry = create(opened, "removed", KEY + 3);
        journal_intend_remove(opened->journal, entry);
        entry = create(opened, "lost", KEY + 4);
        ck_assert_int_eq(segment_remove(entry->identity.id), 0);
        if (with_set) {
                entry = create(opened, "changed", KEY + 5);
                opened_reserve(opened);
                journal_intend_set(opened->journal, entry, UID_OTHER, GID_OTHER, 0604);
        } else
                create_up_to(opened, KEY + 6, HANDED_OVER);
}

/* Recovery that is killed at its Nth system call, counting entry and exit. False: it came
 * to its end before. */
static bool recover_up_to(const char *directory, int count) {
        struct opened opened;
        pid_t child = fork();
        int status;

        ck_assert_int_ge(child, 0);
        if (child == 0) {
                if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
                        _exit(EXIT_FAILURE);
                raise(SIGSTOP);
                opened = opened_in(directory);
                recover(&opened);
                _exit(EXIT_SUCCESS);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        while (WIFSTOPPED(status) && count-- > 0) {
                ck_assert_int_eq(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
                ck_assert_int_eq(waitpid(child, &status, 0), child);
        }
        if (WIFEXITED(status)) {
                ck_assert_int_eq(WEXITSTATUS(status), 0);
                return false;
        }
        ck_assert_int_eq(kill(child, SIGKILL), 0);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        return true;
}

static void assert_done(const struct opened *opened, bool with_set) {
        struct entry *entry;
        struct shmid_ds ds;

        ck_assert_int_eq(count_segments(), with_set ? 4 : 3);
        ck_assert_int_eq(registry_count(opened->registry), with_set ? 4 : 3);
        ck_assert_ptr_nonnull(registry_find_name(opened->registry, "b"));
        ck_assert_ptr_nonnull(registry_find_name(opened->registry, "stays"));
        entry = registry_find_name(opened->registry, "changed");
        ck_assert_int_eq(entry != NULL, with_set);
        if (!with_set)
                return;
        ck_assert_int_eq(segment_stat(entry->identity.id, &ds), 0);
        ck_assert_uint_eq(ds.shm_perm.uid, UID_OTHER);
        ck_assert_uint_eq(ds.shm_perm.gid, GID_OTHER);
        ck_assert_int_eq(ds.shm_perm.mode & 0777, 0604);
}

START_TEST(a_recovery_that_is_killed_anywhere_is_begun_anew) {
        char directory[DIRECTORY_BYTES];
        struct opened opened;
        int count = 0, id;
        bool killed = true;

        for (; killed; count++) {
                begin(directory);
                live(directory, leave_much_to_do, _i);
                ck_assert_int_eq(segment_find(KEY + 10, &id), 0);
                ck_assert_int_eq(ipc_control_as(UID_OWNER, id, IPC_RMID), 0);
                killed = recover_up_to(directory, count);
                opened = recovered_in(directory);
                assert_done(&opened, _i);
                end(&opened);
        }
        ck_assert_int_gt(count, 40);
}
END_TEST

static Suite *recovery_suite(const char *name) {
        Suite *suite = suite_create(name);
        TCase *tests = tcase_create(name);

        tcase_set_timeout(tests, 300);
        tcase_add_loop_test(tests, what_was_not_acknowledged_is_removed, INTENDED,
                            ACKNOWLEDGED + 1);
        tcase_add_loop_test(tests, what_was_not_acknowledged_is_removed_without_a_key, INTENDED,
                            ACKNOWLEDGED + 1);
        tcase_add_test(tests, an_acknowledged_one_is_as_it_was);
        ADD_LOOP(tests, what_the_journal_does_not_prove_to_be_ours_stays, strangers);
        tcase_add_loop_test(tests, one_that_is_older_than_the_intent_stays, 0, 2);
        tcase_add_loop_test(tests, a_change_is_completed, INTENDED, HANDED_OVER + 1);
        tcase_add_test(tests, a_change_is_not_made_to_another_with_its_id);
        tcase_add_loop_test(tests, a_removal_is_completed, INTENDED, HANDED_OVER + 1);
        tcase_add_test(tests, what_is_removed_stays_for_those_who_have_it_attached);
        tcase_add_test(tests, a_replacement_is_completed);
        tcase_add_test(tests, an_adopted_one_loses_its_name_alone);
        tcase_add_test(tests, a_removal_does_not_end_another_with_its_id);
        tcase_add_test(tests, what_is_gone_is_forgotten);
        tcase_add_test(tests, what_its_owner_removed_while_it_is_attached_loses_its_name);
        tcase_add_test(tests, another_with_its_id_does_not_get_its_name);
        tcase_add_loop_test(tests, a_recovery_that_is_killed_anywhere_is_begun_anew, 0, 2);
        suite_add_tcase(suite, tests);
        return suite;
}

int main(void) {
        int r;

        if (!ipc_enter_namespace()) {
                fprintf(stderr, "skipped: no IPC namespace of its own\n");
                return IPC_SKIPPED;
        }
        broker_uid = UID_BROKER;
        r = suite_run(recovery_suite("recovery"));
        broker_uid = 0;
        return suite_run(recovery_suite("recovery as root")) == EXIT_SUCCESS ? r : EXIT_FAILURE;
}
