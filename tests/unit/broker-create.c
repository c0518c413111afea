#include "broker-fixture.h"

#include "proto/name.h"

#include <time.h>

/* ------------------------------------------------------------------- what is made */

START_TEST(a_new_one_is_its_peers) {
        const struct shmb_label items[] = {{"codec", "h264"}};
        struct create_request request = to_create("cam/still", 5000);
        int64_t before = time(NULL);
        const struct shmb_segment *segment = &outcome.segment;
        struct shmid_ds ds;

        request.labels = (struct labels){items, 1};
        ACCEPTED(create, &creator, &request);
        ck_assert(outcome.created);
        ds = look(segment->id);
        ck_assert_uint_eq(ds.shm_perm.uid, UID_CREATOR);
        ck_assert_uint_eq(ds.shm_perm.gid, GID_CREATOR);
        ck_assert_uint_eq(ds.shm_perm.mode, 0600);
        ck_assert_uint_eq(ds.shm_perm.cuid, UID_BROKER);
        ck_assert_uint_eq(ds.shm_segsz, 5000);
        ck_assert_int_ne(ds.shm_perm.__key, IPC_PRIVATE);

        ck_assert_str_eq(segment->name, "cam/still");
        ck_assert_uint_eq(segment->key, (uint32_t) ds.shm_perm.__key);
        ck_assert_uint_eq(segment->size, 5000);
        ck_assert_uint_eq(segment->mode, 0600);
        ck_assert_uint_eq(segment->uid, UID_CREATOR);
        ck_assert_uint_eq(segment->gid, GID_CREATOR);
        ck_assert_uint_eq(segment->cuid, UID_BROKER);
        ck_assert_uint_eq(segment->cgid, GID_BROKER);
        ck_assert_uint_eq(segment->seq, ds.shm_perm.__seq);
        ck_assert_int_eq(segment->atime, 0);
        ck_assert_int_eq(segment->ctime, ds.shm_ctime);
        ck_assert_int_eq(segment->cpid, getpid());
        ck_assert_int_eq(segment->lpid, 0);
        ck_assert_uint_eq(segment->nattch, 0);
        ck_assert(!segment->locked && !segment->removed && !segment->adopted);
        ck_assert_uint_eq(segment->page_size, (uint64_t) getpagesize());
        ck_assert_int_eq(segment->lifetime, SHMB_PERSISTENT);
        ck_assert_uint_eq(segment->creator.uid, UID_CREATOR);
        ck_assert_uint_eq(segment->creator.gid, GID_CREATOR);
        ck_assert_int_eq(segment->creator.pid, 17);
        ck_assert_str_eq(segment->creator.command, "camera");
        ck_assert_ptr_null(segment->creator.unit);
        ck_assert_int_ge(segment->created_at, before);
        ck_assert_int_le(segment->created_at, time(NULL));
        ck_assert_uint_eq(segment->labels.count, 1);
        ck_assert_str_eq(segment->labels.items[0].value, "h264");
}
END_TEST

START_TEST(a_private_one_is_always_new) {
        int first = create(&creator, NULL, SIZE, 0600), second = create(&creator, NULL, SIZE, 0600);

        ck_assert_int_ne(first, second);
        ck_assert_ptr_null(outcome.segment.name);
        ck_assert_uint_eq(outcome.segment.key, 0);
        ACCEPTED_BY_ID(stat, &creator, first);
}
END_TEST

START_TEST(a_mode_of_nothing_is_a_mode) {
        create(&creator, "a", SIZE, 0);
        ck_assert_uint_eq(look(outcome.segment.id).shm_perm.mode, 0);
        REFUSED_BY_NAME(ERROR_ACCESS_DENIED, stat, &creator, "a");
        ACCEPTED_BY_NAME(stat, &root, "a");
}
END_TEST

START_TEST(the_same_name_has_the_same_key_again) {
        uint32_t key;

        create(&creator, "a", SIZE, 0600);
        key = outcome.segment.key;
        ACCEPTED_BY_NAME(remove, &creator, "a");
        create(&creator, "b", SIZE, 0600);
        ck_assert_uint_ne(outcome.segment.key, key);
        create(&creator, "a", SIZE, 0600);
        ck_assert_uint_eq(outcome.segment.key, key);
}
END_TEST

START_TEST(a_key_that_somebody_took_is_passed_over) {
        uint32_t key;
        int foreign;

        create(&creator, "a", SIZE, 0600);
        key = outcome.segment.key;
        ACCEPTED_BY_NAME(remove, &creator, "a");
        foreign = shmget((key_t) key, 1, IPC_CREAT | IPC_EXCL | 0666);
        ck_assert_int_ge(foreign, 0);
        create(&creator, "a", SIZE, 0600);
        ck_assert_uint_ne(outcome.segment.key, key);
        ck_assert_int_ne(outcome.segment.id, foreign);
        ck_assert_uint_eq(look(foreign).shm_segsz, 1);
}
END_TEST

/* ------------------------------------------------------------------ what is found */

START_TEST(one_that_exists_is_found) {
        struct create_request request = to_create("a", SIZE);
        int id = create(&creator, "a", SIZE, 0600);

        request.labels = (struct labels){(const struct shmb_label[]){{"not", "taken"}}, 1};
        ACCEPTED(create, &creator, &request);
        ck_assert(!outcome.created);
        ck_assert_int_eq(outcome.segment.id, id);
        ck_assert_uint_eq(outcome.segment.labels.count, 0);
        request.size = 0;
        ACCEPTED(create, &creator, &request);
        ck_assert_int_eq(outcome.segment.id, id);
}
END_TEST

/* shmget(2): EEXIST, then EINVAL, then EACCES. */
static const struct {
        const char *what;
        struct peer *peer;
        int64_t size, mode;
        bool exclusive;
        int code;
} existing[] = {
        {"exclusive, too large, without access", &stranger, SIZE + 1, 0600, true, ERROR_EXISTS},
        {"exclusive", &creator, SIZE, 0600, true, ERROR_EXISTS},
        {"too large, without access", &stranger, SIZE + 1, 0600, false, ERROR_INVALID_SIZE},
        {"too large", &creator, SIZE + 1, 0600, false, ERROR_INVALID_SIZE},
        {"without access", &stranger, SIZE, 0600, false, ERROR_ACCESS_DENIED},
        {"without access, by default", &stranger, SIZE, FIELD_ABSENT, false, ERROR_ACCESS_DENIED},
        {"of which one triad asks too much", &stranger, 0, 0440 | 02, false, ERROR_ACCESS_DENIED},
        {"to read", &stranger, 0, 0400, false, 0},
        {"with no access asked", &stranger, 0, 0, false, 0},
        {"of another triad than one's own", &stranger, 0, 0040, false, 0},
        {"to execute", &creator, 0, 0700, false, ERROR_ACCESS_DENIED},
        {"to read and write", &creator, 0, 0666, false, 0},
};

START_TEST(one_that_exists_is_checked_in_the_kernels_order) {
        struct create_request request = to_create("a", existing[_i].size);

        create(&creator, "a", SIZE, 0644);
        request.mode = existing[_i].mode;
        request.exclusive = existing[_i].exclusive;
        ck_assert_msg(CALL(create, existing[_i].peer, &request) == existing[_i].code, "%s: %s",
                      existing[_i].what, error_text());
        if (existing[_i].code == ERROR_EXISTS)
                ck_assert_str_eq(error.name, "a");
        if (existing[_i].code == ERROR_INVALID_SIZE) {
                ck_assert_int_eq(error.size, SIZE + 1);
                ck_assert_int_eq(error.maximum, SIZE);
        }
}
END_TEST

START_TEST(who_may_not_read_is_told_less) {
        const struct shmb_label items[] = {{"secret", "yes"}};
        struct create_request request = to_create("a", SIZE);
        struct open_request open = to_open("a");

        request.labels = (struct labels){items, 1};
        ACCEPTED(create, &creator, &request);
        open.mode = 0;
        ACCEPTED(open, &stranger, &open);
        ck_assert_uint_eq(outcome.segment.size, SIZE);
        ck_assert_uint_eq(outcome.segment.creator.uid, UID_CREATOR);
        ck_assert_uint_eq(outcome.segment.labels.count, 0);
        ck_assert_ptr_null(outcome.segment.creator.command);
        request.size = 0;
        request.mode = 0;
        ACCEPTED(create, &stranger, &request);
        ck_assert_uint_eq(outcome.segment.labels.count, 0);
        ACCEPTED(create, &creator, &request);
        ck_assert_uint_eq(outcome.segment.labels.count, 1);
        ck_assert_str_eq(outcome.segment.creator.command, "camera");
}
END_TEST

/* --------------------------------------------------------------------- bad input */

static const struct {
        const char *name;
        int64_t size;
        int lifetime;
        int64_t huge_page_size;
        const char *token;
        struct labels labels;
        int code;
        const char *parameter;
} bad[] = {
        {"a", 0, -1, 0, NULL, {0}, ERROR_INVALID_SIZE, NULL},
        {NULL, 0, -1, 0, NULL, {0}, ERROR_INVALID_SIZE, NULL},
        {"", SIZE, -1, 0, NULL, {0}, ERROR_INVALID_NAME, NULL},
        {"a//b", SIZE, -1, 0, NULL, {0}, ERROR_INVALID_NAME, NULL},
        {"../a", SIZE, -1, 0, NULL, {0}, ERROR_INVALID_NAME, NULL},
        {"a", SIZE, SHMB_PROCESS, 0, NULL, {0}, ERROR_INVALID_PARAMETER, "lifetime"},
        {"a", SIZE, SHMB_UNIT, 0, NULL, {0}, ERROR_INVALID_PARAMETER, "lifetime"},
        {"a", SIZE, SHMB_ATTACHED, 0, NULL, {0}, ERROR_INVALID_PARAMETER, "lifetime"},
        {"a", SIZE, -1, 3, NULL, {0}, ERROR_INVALID_PARAMETER, "hugePageSize"},
        {"a", SIZE, -1, 2 * 1024 * 1024 + 1, NULL, {0}, ERROR_INVALID_PARAMETER, "hugePageSize"},
        {"a", SIZE, -1, 8, NULL, {0}, ERROR_INVALID_PARAMETER, "hugePageSize"},
        {"a", SIZE, -1, 0, "", {0}, ERROR_INVALID_PARAMETER, "token"},
        {"a", SIZE, -1, 0, "a\tb", {0}, ERROR_INVALID_PARAMETER, "token"},
        {"a", SIZE, -1, 0, "\xc3\xa9", {0}, ERROR_INVALID_PARAMETER, "token"},
        {"a",
         SIZE,
         -1,
         0,
         "65 bytes: 901234567890123456789012345678901234567890123456789012345",
         {0},
         ERROR_INVALID_PARAMETER,
         "token"},
        {"a",
         SIZE,
         -1,
         0,
         NULL,
         {(const struct shmb_label[]){{"", "x"}}, 1},
         ERROR_INVALID_PARAMETER,
         "labels"},
        {"a",
         SIZE,
         -1,
         0,
         NULL,
         {(const struct shmb_label[]){{"x", "\n"}}, 1},
         ERROR_INVALID_PARAMETER,
         "labels"},
};

static int count_one(int id, const struct shmid_ds *ds, void *context) {
        ++*(int *) context;
        return 0;
}

static int count_segments(void) {
        int count = 0;

        ck_assert_int_eq(segment_scan(count_one, &count), 0);
        return count;
}

START_TEST(bad_input_is_named_and_nothing_is_made) {
        struct create_request request = to_create(bad[_i].name, bad[_i].size);

        request.lifetime = bad[_i].lifetime;
        request.huge_page_size = bad[_i].huge_page_size;
        request.token = bad[_i].token;
        request.labels = bad[_i].labels;
        REFUSED(bad[_i].code, create, &creator, &request);
        if (bad[_i].parameter != NULL)
                ck_assert_str_eq(error.parameter, bad[_i].parameter);
        if (bad[_i].code == ERROR_INVALID_SIZE)
                ck_assert_int_eq(error.minimum, 1);
        ck_assert_int_eq(count_segments(), 0);
        ck_assert_str_eq(list(&root, NULL), "");
}
END_TEST

START_TEST(a_token_of_64_bytes_and_the_longest_name_are_good) {
        char name[NAME_BYTES_MAX + 1], token[65];
        struct create_request request;

        memset(name, 'n', NAME_BYTES_MAX);
        name[NAME_BYTES_MAX] = '\0';
        request = to_create(name, SIZE);
        memset(token, '~', 64);
        token[64] = '\0';
        request.token = token;
        request.lifetime = SHMB_PERSISTENT;
        ACCEPTED(create, &creator, &request);
        broker_restart();
        ACCEPTED(create, &creator, &request);
        ck_assert(outcome.created);
        ck_assert_str_eq(outcome.segment.name, name);
}
END_TEST

/* ------------------------------------------------------------------------ tokens */

START_TEST(a_repeated_call_is_answered_as_the_first_one_was) {
        const char *const names[] = {"a", NULL};
        struct create_request request = to_create(names[_i], SIZE);
        int id;

        request.exclusive = true;
        request.token = "t";
        ACCEPTED(create, &creator, &request);
        id = outcome.segment.id;
        ACCEPTED(create, &creator, &request);
        ck_assert(outcome.created);
        ck_assert_int_eq(outcome.segment.id, id);
        broker_restart();
        ACCEPTED(create, &creator, &request);
        ck_assert(outcome.created);
        ck_assert_int_eq(outcome.segment.id, id);
        ck_assert_int_eq(count_segments(), 1);
}
END_TEST

START_TEST(a_token_is_one_users_and_for_one_name) {
        struct create_request request = to_create("a", SIZE);

        request.token = "t";
        request.mode = 0666;
        ACCEPTED(create, &creator, &request);
        ACCEPTED(create, &stranger, &request);
        ck_assert(!outcome.created);
        request.name = "b";
        REFUSED(ERROR_INVALID_PARAMETER, create, &creator, &request);
        ck_assert_str_eq(error.parameter, "token");
        request.name = NULL;
        REFUSED(ERROR_INVALID_PARAMETER, create, &creator, &request);
        ACCEPTED(create, &stranger, &request);
        ck_assert(outcome.created);
}
END_TEST

START_TEST(a_token_ends_with_its_segment) {
        struct create_request request = to_create("a", SIZE);
        int id;

        request.token = "t";
        ACCEPTED(create, &creator, &request);
        id = outcome.segment.id;
        ACCEPTED_BY_NAME(remove, &creator, "a");
        ACCEPTED(create, &creator, &request);
        ck_assert_int_ne(outcome.segment.id, id);
        id = outcome.segment.id;
        ck_assert_int_eq(ipc_control_as(UID_CREATOR, id, IPC_RMID), 0);
        ACCEPTED(create, &creator, &request);
        ck_assert(outcome.created);
        ck_assert_int_ne(outcome.segment.id, id);
}
END_TEST

/* -------------------------------------------------------------------------- Open */

static const struct {
        const char *what;
        struct peer *peer;
        mode_t has; /* of a segment that `creator` made and `owner` owns */
        int64_t size, mode;
        bool write;
        int code;
} opened[] = {
        {"the owner to read", &owner, 0600, FIELD_ABSENT, FIELD_ABSENT, false, 0},
        {"the owner to write", &owner, 0600, SIZE, FIELD_ABSENT, true, 0},
        {"the owner of a read-only one", &owner, 0400, 0, FIELD_ABSENT, true, ERROR_ACCESS_DENIED},
        {"too large", &stranger, 0600, SIZE + 1, FIELD_ABSENT, false, ERROR_INVALID_SIZE},
        {"a stranger", &stranger, 0640, 0, FIELD_ABSENT, false, ERROR_ACCESS_DENIED},
        {"a stranger to read", &stranger, 0604, 0, FIELD_ABSENT, false, 0},
        {"a stranger to write", &stranger, 0604, 0, FIELD_ABSENT, true, ERROR_ACCESS_DENIED},
        {"a stranger who asks nothing", &stranger, 0, 0, 0, false, 0},
        {"a stranger as shmget", &stranger, 0604, 0, 0400, false, 0},
        {"a stranger as shmget to write", &stranger, 0604, 0, 0200, false, ERROR_ACCESS_DENIED},
        {"mode and write", &owner, 0600, 0, 0400, true, ERROR_INVALID_PARAMETER},
        /* Who it was made for could not attach it: the kernel's creator is the broker. */
        {"the creator to read", &creator, 0600, 0, FIELD_ABSENT, false, ERROR_ACCESS_DENIED},
        {"the creator as shmget", &creator, 0600, 0, 0600, false, 0},
        {"the broker's user to read", &broker_user, 0600, 0, FIELD_ABSENT, false, 0},
        {"the broker's user as shmget", &broker_user, 0600, 0, 0400, false, ERROR_ACCESS_DENIED},
        {"root", &root, 0, 0, FIELD_ABSENT, true, 0},
};

START_TEST(one_is_opened_as_the_kernel_would_attach_it) {
        struct open_request request = to_open("a");
        struct set_request set = to_set("a");

        create(&creator, "a", SIZE, opened[_i].has);
        set.uid = UID_OWNER;
        set.gid = GID_OWNER;
        ACCEPTED(set, &creator, &set);
        request.size = opened[_i].size;
        request.mode = opened[_i].mode;
        request.write = opened[_i].write;
        ck_assert_msg(CALL(open, opened[_i].peer, &request) == opened[_i].code, "%s: %s",
                      opened[_i].what, error_text());
}
END_TEST

START_TEST(what_is_not_there_is_not_opened) {
        struct open_request request = to_open("a");

        REFUSED(ERROR_NOT_FOUND, open, &root, &request);
        ck_assert_str_eq(error.name, "a");
        request.name = "/";
        REFUSED(ERROR_INVALID_NAME, open, &root, &request);
        ck_assert_str_eq(error.name, "/");
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {a_new_one_is_its_peers},
                {a_private_one_is_always_new},
                {a_mode_of_nothing_is_a_mode},
                {the_same_name_has_the_same_key_again},
                {a_key_that_somebody_took_is_passed_over},
                {one_that_exists_is_found},
                {one_that_exists_is_checked_in_the_kernels_order, COUNT(existing)},
                {who_may_not_read_is_told_less},
                {bad_input_is_named_and_nothing_is_made, COUNT(bad)},
                {a_token_of_64_bytes_and_the_longest_name_are_good},
                {a_repeated_call_is_answered_as_the_first_one_was, 2},
                {a_token_is_one_users_and_for_one_name},
                {a_token_ends_with_its_segment},
                {one_is_opened_as_the_kernel_would_attach_it, COUNT(opened)},
                {what_is_not_there_is_not_opened},
        };

        if (!ipc_enter_namespace())
                return IPC_SKIPPED;
        return suite_run("broker-create", broker_setup, broker_teardown, SUITE_ROWS(rows));
}
