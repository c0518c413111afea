#include "segment.h"

#include "hugepage.h"
#include "ipc.h"
#include "suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define KEY  ((key_t) 0x5eed0001)
#define SIZE 8192

static int remove_found(int id, const struct shmid_ds *ds, void *context) {
        return ipc_remove_found(id);
}

/* What the broker is: no user with a privilege. */
static void setup(void) {
        ipc_become(UID_BROKER, GID_BROKER, NULL, 0);
}

static void teardown(void) {
        ipc_become_root();
        ck_assert_int_eq(segment_scan(remove_found, NULL), 0);
}

static int create(key_t key) {
        int id;

        ck_assert_int_eq(segment_create(key, SIZE, 0, &id), 0);
        return id;
}

static struct shmid_ds look(int id) {
        struct shmid_ds ds;

        ck_assert_int_eq(segment_stat(id, &ds), 0);
        return ds;
}

START_TEST(a_new_one_lets_nobody_in) {
        struct shmid_ds ds = look(create(KEY));

        ck_assert_uint_eq(ds.shm_perm.mode & 0777, 0);
        ck_assert_uint_eq(ds.shm_segsz, SIZE);
        ck_assert_int_eq(ds.shm_perm.__key, KEY);
        ck_assert_uint_eq(ds.shm_perm.cuid, UID_BROKER);
        ck_assert_int_eq(shmget(KEY, 0, 0400), -1);
        ck_assert_int_eq(errno, EACCES);
}
END_TEST

START_TEST(a_key_is_taken_once_and_a_private_one_never) {
        int id = create(KEY), other = -7;

        ck_assert_int_eq(segment_create(KEY, SIZE, 0, &other), -EEXIST);
        ck_assert_int_eq(other, -7);
        ck_assert_int_eq(segment_find(KEY, &other), 0);
        ck_assert_int_eq(other, id);
        ck_assert_int_eq(segment_find(KEY + 1, &other), -ENOENT);
        ck_assert_int_ne(create(IPC_PRIVATE), create(IPC_PRIVATE));
}
END_TEST

START_TEST(sizes_and_flags_that_the_kernel_refuses_come_back_as_errno) {
        uint64_t minimum, maximum;
        int flags, id;

        segment_size_bounds(&minimum, &maximum);
        ck_assert_uint_eq(minimum, 1);
        ck_assert_uint_ge(maximum, SIZE);
        ck_assert_int_eq(segment_create(KEY, 0, 0, &id), -EINVAL);
        if (maximum < UINT64_MAX)
                ck_assert_int_eq(segment_create(KEY, maximum + 1, 0, &id), -EINVAL);
        ck_assert(hugepage_flags(8, &flags)); /* a size that no machine has */
        ck_assert_int_eq(segment_create(KEY, SIZE, flags, &id), -EINVAL);
}
END_TEST

START_TEST(it_can_be_looked_at_whatever_its_mode) {
        int id = create(KEY);

        for (mode_t mode = 0; mode <= 0777; mode++) {
                ck_assert_int_eq(segment_set(id, UID_OTHER, GID_OTHER, mode), 0);
                ck_assert_uint_eq(look(id).shm_perm.mode & 0777, mode);
        }
}
END_TEST

START_TEST(one_that_is_gone_is_told_from_its_successor_at_the_same_index) {
        int gone = create(KEY), id;
        struct shmid_ds ds;

        /* An id is an index and a sequence number: this one has the same index. */
        ck_assert_int_eq(segment_remove(gone), 0);
        if (!ipc_set_next_id(gone + (1 << 24)))
                return;
        id = create(KEY);
        ck_assert_int_eq(id, gone + (1 << 24));
        ck_assert_uint_eq(look(id).shm_perm.mode & 0777, 0);
        ck_assert_int_lt(segment_stat(gone, &ds), 0);
}
END_TEST

START_TEST(there_is_none_any_more) {
        int id = create(KEY);
        struct shmid_ds ds;

        ck_assert_int_eq(segment_remove(id), 0);
        ck_assert_int_eq(segment_stat(id, &ds), -EINVAL);
        ck_assert_int_eq(segment_set(id, 1, 1, 0), -EINVAL);
        ck_assert_int_eq(segment_lock(id, true), -EINVAL);
        ck_assert_int_eq(segment_remove(id), -EINVAL);
        ck_assert_int_eq(segment_stat(-1, &ds), -EINVAL);
}
END_TEST

START_TEST(what_is_not_given_stays) {
        int id = create(KEY);
        struct shmid_ds ds;

        ck_assert_int_eq(segment_set(id, UID_OWNER, GID_OWNER, 0640), 0);
        ck_assert_int_eq(segment_set(id, UID_OTHER, (gid_t) -1, (mode_t) -1), 0);
        ck_assert_int_eq(segment_set(id, (uid_t) -1, GID_OTHER, (mode_t) -1), 0);
        ds = look(id);
        ck_assert_uint_eq(ds.shm_perm.uid, UID_OTHER);
        ck_assert_uint_eq(ds.shm_perm.gid, GID_OTHER);
        ck_assert_uint_eq(ds.shm_perm.mode & 0777, 0640);
        ck_assert_int_eq(segment_set(id, (uid_t) -1, (gid_t) -1, 0604), 0);
        ds = look(id);
        ck_assert_uint_eq(ds.shm_perm.uid, UID_OTHER);
        ck_assert_uint_eq(ds.shm_perm.mode & 0777, 0604);
}
END_TEST

START_TEST(locked_and_removed_are_told) {
        int id = create(KEY);
        struct shmid_ds ds = look(id);
        void *at;

        ck_assert_int_eq(segment_set(id, UID_BROKER, GID_BROKER, 0600), 0);
        ck_assert(!segment_is_locked(&ds) && !segment_is_removed(&ds));
        ck_assert_int_eq(segment_lock(id, true), 0);
        ds = look(id);
        ck_assert(segment_is_locked(&ds));
        ck_assert_int_eq(segment_lock(id, false), 0);
        ds = look(id);
        ck_assert(!segment_is_locked(&ds));

        at = shmat(id, NULL, 0);
        ck_assert_ptr_ne(at, (void *) -1);
        ck_assert_int_eq(segment_remove(id), 0);
        ds = look(id);
        ck_assert(segment_is_removed(&ds));
        ck_assert_int_eq(shmdt(at), 0);
        ck_assert_int_eq(segment_stat(id, &ds), -EINVAL);
}
END_TEST

START_TEST(the_limit_of_locked_memory_is_told) {
        const struct rlimit none = {0, 0}, one_page = {4096, 4096};
        int id = create(KEY);

        ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &one_page), 0);
        ck_assert_int_eq(segment_lock(id, true), -ENOMEM);
        ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
        ck_assert_int_eq(segment_lock(id, true), -EPERM);
}
END_TEST

/* -------------------------------------------------------------- identities */

static const struct segment_identity recorded = {
        .id = 5, .key = KEY, .size_bytes = SIZE, .cpid = 100, .cuid = UID_BROKER};

static const struct {
        const char *what;
        int id;
        key_t key;
        size_t size;
        pid_t cpid;
        uid_t cuid;
        mode_t mode;
        bool is;
} identities[] = {
        {"the same", 5, KEY, SIZE, 100, UID_BROKER, 0600, true},
        {"locked meanwhile", 5, KEY, SIZE, 100, UID_BROKER, 0600 | SHM_LOCKED, true},
        {"marked for destruction", 5, IPC_PRIVATE, SIZE, 100, UID_BROKER, SHM_DEST, true},
        {"of a process that can't be seen", 5, KEY, SIZE, 0, UID_BROKER, 0, true},
        {"another id", 6, KEY, SIZE, 100, UID_BROKER, 0600, false},
        {"another key", 5, KEY + 1, SIZE, 100, UID_BROKER, 0600, false},
        {"private", 5, IPC_PRIVATE, SIZE, 100, UID_BROKER, 0600, false},
        {"another one marked for destruction", 5, IPC_PRIVATE, SIZE, 101, UID_BROKER, SHM_DEST,
         false},
        {"another size", 5, KEY, SIZE + 1, 100, UID_BROKER, 0600, false},
        {"another process", 5, KEY, SIZE, 101, UID_BROKER, 0600, false},
        {"another creator", 5, KEY, SIZE, 100, UID_OTHER, 0600, false},
};

START_TEST(one_is_told_from_another) {
        const struct shmid_ds ds = {
                .shm_perm = {.__key = identities[_i].key,
                             .cuid = identities[_i].cuid,
                             .mode = identities[_i].mode},
                .shm_segsz = identities[_i].size,
                .shm_cpid = identities[_i].cpid,
        };

        ck_assert_msg(segment_is(&recorded, identities[_i].id, &ds) == identities[_i].is, "%s",
                      identities[_i].what);
}
END_TEST

START_TEST(one_is_recorded_as_what_it_is) {
        int id = create(KEY);
        struct shmid_ds ds = look(id);
        struct segment_identity identity;

        segment_identify(id, &ds, &identity);
        ck_assert_int_eq(identity.id, id);
        ck_assert_int_eq(identity.key, KEY);
        ck_assert_uint_eq(identity.size_bytes, SIZE);
        ck_assert_int_eq(identity.cpid, getpid());
        ck_assert_uint_eq(identity.cuid, UID_BROKER);
        ck_assert(segment_is(&identity, id, &ds));
}
END_TEST

/* ------------------------------------------------------------ the namespace */

struct seen {
        int ids[8];
        int count;
        int stop_at;
};

static int see(int id, const struct shmid_ds *ds, void *context) {
        struct seen *seen = context;

        ck_assert_uint_eq(ds->shm_segsz, SIZE);
        seen->ids[seen->count++] = id;
        return seen->count == seen->stop_at ? 42 : 0;
}

START_TEST(all_are_seen_whoever_made_them_and_whatever_their_mode) {
        struct seen seen = {0}, stopped = {.stop_at = 1};
        int ids[4];

        for (int i = 0; i < 4; i++)
                ids[i] = create(IPC_PRIVATE);
        ipc_become(UID_OTHER, GID_OTHER, NULL, 0);
        ck_assert_int_eq(segment_scan(see, &seen), 0);
        ck_assert_int_eq(seen.count, 4);
        for (int i = 0; i < 4; i++)
                ck_assert_int_eq(seen.ids[i], ids[i]);
        ck_assert_int_eq(segment_scan(see, &stopped), 42);
        ck_assert_int_eq(stopped.count, 1);

        ck_assert_int_eq(ipc_control_as(UID_BROKER, ids[1], IPC_RMID), 0);
        seen.count = 0;
        ck_assert_int_eq(segment_scan(see, &seen), 0);
        ck_assert_int_eq(seen.count, 3);
        ck_assert_int_eq(seen.ids[1], ids[2]);
}
END_TEST

START_TEST(what_the_namespace_holds_is_told_with_its_bounds) {
        struct segment_usage before, after;

        ck_assert_int_eq(segment_usage(&before), 0);
        create(KEY);
        ck_assert_int_eq(segment_usage(&after), 0);
        ck_assert_uint_eq(after.ids, before.ids + 1);
        ck_assert_uint_eq(after.pages, before.pages + SIZE / (unsigned long) getpagesize());
        ck_assert_uint_gt(after.ids_maximum, 0);
        ck_assert_uint_gt(after.pages_maximum, 0);
}
END_TEST

START_TEST(the_namespace_has_a_number) {
        struct stat st;

        ck_assert_int_eq(stat("/proc/self/ns/ipc", &st), 0);
        ck_assert_uint_eq(segment_ipc_namespace(), st.st_ino);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {a_new_one_lets_nobody_in},
                {a_key_is_taken_once_and_a_private_one_never},
                {sizes_and_flags_that_the_kernel_refuses_come_back_as_errno},
                {it_can_be_looked_at_whatever_its_mode},
                {one_that_is_gone_is_told_from_its_successor_at_the_same_index},
                {there_is_none_any_more},
                {what_is_not_given_stays},
                {locked_and_removed_are_told},
                {the_limit_of_locked_memory_is_told},
                {one_is_told_from_another, sizeof(identities) / sizeof(*identities)},
                {one_is_recorded_as_what_it_is},
                {all_are_seen_whoever_made_them_and_whatever_their_mode},
                {what_the_namespace_holds_is_told_with_its_bounds},
                {the_namespace_has_a_number},
        };

        if (!ipc_enter_namespace())
                return IPC_SKIPPED;
        return suite_run("segment", setup, teardown, SUITE_ROWS(rows));
}
