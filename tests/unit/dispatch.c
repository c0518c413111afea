/* The methods' table, on a broker that only notes what it was asked. */
#include "dispatch.h"

#include "peer.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
        int calls;
        int result; /* of the next one */
        char name[64];
        int64_t id;
        bool finished;
        int listed, to_list; /* entries looked at, and how many there are */
} fake;

static struct broker broker;
static struct peer peer;
static struct dispatcher dispatcher = {.broker = &broker};
static struct buffer out;
static struct pending *pending;

static int fake_segment(const char *name, int64_t id, struct outcome *ret,
                        struct error *ret_error) {
        fake.calls++;
        snprintf(fake.name, sizeof(fake.name), "%s", name == NULL ? "" : name);
        fake.id = id;
        if (fake.result == -ERROR_NOT_FOUND)
                return error_of_segment(ret_error, ERROR_NOT_FOUND, name, id);
        ret->segment = (struct shmb_segment){.name = fake.name, .id = 7};
        ret->work = (struct work){.kind = WORK_REMOVE, .target.id = 7};
        return fake.result;
}

int broker_create(struct broker *b, struct peer *p, const struct create_request *request,
                  struct outcome *ret, struct error *ret_error) {
        ret->created = true;
        return fake_segment(request->name, request->size, ret, ret_error);
}
int broker_open(struct broker *b, struct peer *p, const struct open_request *request,
                struct outcome *ret, struct error *ret_error) {
        return fake_segment(request->name, request->size, ret, ret_error);
}
int broker_adopt(struct broker *b, struct peer *p, const struct adopt_request *request,
                 struct outcome *ret, struct error *ret_error) {
        return fake_segment(request->name, request->id, ret, ret_error);
}
int broker_stat(struct broker *b, struct peer *p, const struct segment_request *request,
                struct outcome *ret, struct error *ret_error) {
        return fake_segment(request->name, request->id, ret, ret_error);
}
int broker_set(struct broker *b, struct peer *p, const struct set_request *request,
               struct outcome *ret, struct error *ret_error) {
        return fake_segment(request->name, request->id, ret, ret_error);
}
int broker_lock(struct broker *b, struct peer *p, const struct segment_request *request,
                struct outcome *ret, struct error *ret_error) {
        return fake_segment(request->name, request->id, ret, ret_error);
}
int broker_unlock(struct broker *b, struct peer *p, const struct segment_request *request,
                  struct outcome *ret, struct error *ret_error) {
        return fake_segment(request->name, request->id, ret, ret_error);
}
int broker_rename(struct broker *b, struct peer *p, const struct rename_request *request,
                  struct outcome *ret, struct error *ret_error) {
        return fake_segment(request->to, FIELD_ABSENT, ret, ret_error);
}
int broker_remove(struct broker *b, struct peer *p, const struct segment_request *request,
                  struct outcome *ret, struct error *ret_error) {
        return fake_segment(request->name, request->id, ret, ret_error);
}

int broker_list(struct broker *b, struct peer *p, const struct list_request *request,
                struct list_cursor *cursor, unsigned *budget, struct shmb_segment *ret,
                struct error *ret_error) {
        if (request->pattern != NULL && strcmp(request->pattern, "bad") == 0)
                return error_invalid_parameter(ret_error, "pattern");
        while (*budget > 0) {
                if (fake.listed == fake.to_list) {
                        cursor->ended = true;
                        return 0;
                }
                --*budget;
                snprintf(fake.name, sizeof(fake.name), "n%d", fake.listed);
                *ret = (struct shmb_segment){.name = fake.name, .id = fake.listed++};
                if (fake.listed % 3 != 0) /* every third is not for this peer */
                        return 1;
        }
        return 0;
}

void broker_status(const struct broker *b, struct status_result *ret) {
        *ret = (struct status_result){.pid = 42};
}

void work_run(struct work *work) {
        work->result = -5;
}

int broker_finish(struct broker *b, struct work *work, struct outcome *ret,
                  struct error *ret_error) {
        fake.finished = true;
        return fake_segment("finished", work->result, ret, ret_error);
}

/* ------------------------------------------------------------------- calls */

static void setup(void) {
        memset(&fake, 0, sizeof(fake));
        dispatcher.traffic = (struct traffic){0};
        pending = NULL;
        buffer_init(&out, 1 << 20);
}

static void teardown(void) {
        pending_free(pending);
        buffer_free(&out);
}

static int dispatch(const char *text) {
        const char *reason = NULL;
        int r = dispatch_message(&dispatcher, &peer, text, strlen(text), &out, &pending, &reason);
        ck_assert_int_eq(r == -ERROR_MALFORMED, reason != NULL);
        return r;
}

static void expect(const char *reply) {
        ck_assert_uint_gt(out.length_bytes, 0);
        ck_assert_int_eq(out.bytes[out.length_bytes - 1], '\0');
        ck_assert_uint_eq(strlen(out.bytes), out.length_bytes - 1);
        ck_assert_str_eq(out.bytes, reply);
        buffer_clear(&out);
}

static void expect_about(const char *part) {
        ck_assert_uint_gt(out.length_bytes, 0);
        ck_assert_uint_eq(strlen(out.bytes), out.length_bytes - 1);
        ck_assert_msg(strstr(out.bytes, part) != NULL, "%s", out.bytes);
        buffer_clear(&out);
}

#define CALL(method, parameters) "{\"method\":\"" method "\",\"parameters\":{" parameters "}}"
#define OURS                     "io.shmbroker."
#define THEIRS                   "org.varlink.service."

static const struct {
        const char *call, *name;
        int64_t id;
} segment_calls[] = {
        {CALL(OURS "Create", "\"name\":\"a\",\"size\":9"), "a", 9},
        {CALL(OURS "Create", "\"size\":9"), "", 9},
        {CALL(OURS "Open", "\"name\":\"a\",\"size\":3"), "a", 3},
        {CALL(OURS "Find", "\"name\":\"a\",\"size\":3"), "a", 3},
        {CALL(OURS "Adopt", "\"name\":\"a\",\"id\":4"), "a", 4},
        {CALL(OURS "Stat", "\"id\":0"), "", 0},
        {CALL(OURS "Stat", "\"name\":\"a\""), "a", FIELD_ABSENT},
        {CALL(OURS "Set", "\"id\":6,\"mode\":0"), "", 6},
        {CALL(OURS "Lock", "\"id\":7"), "", 7},
        {CALL(OURS "Unlock", "\"id\":8"), "", 8},
        {CALL(OURS "Rename", "\"name\":\"a\",\"to\":\"b\""), "b", FIELD_ABSENT},
        {CALL(OURS "Remove", "\"name\":\"a\""), "a", FIELD_ABSENT},
};

START_TEST(every_segment_method_reaches_the_broker_and_is_answered) {
        ck_assert_int_eq(dispatch(segment_calls[_i].call), DISPATCH_DONE);
        ck_assert_int_eq(fake.calls, 1);
        ck_assert_str_eq(fake.name, segment_calls[_i].name);
        ck_assert_int_eq(fake.id, segment_calls[_i].id);
        bool creates = strstr(segment_calls[_i].call, "Create") != NULL;
        ck_assert_int_eq(strstr(out.bytes, "\"created\":true") != NULL, creates);
        expect_about("{\"parameters\":{\"segment\":{");
        ck_assert_int_eq(dispatcher.traffic.requests, 1);
        ck_assert_int_eq(dispatcher.traffic.errors, 0);
}
END_TEST

START_TEST(a_refusal_is_answered_and_counted) {
        fake.result = -ERROR_NOT_FOUND;
        ck_assert_int_eq(dispatch(CALL(OURS "Stat", "\"name\":\"a\"")), DISPATCH_DONE);
        expect("{\"error\":\"io.shmbroker.NotFound\",\"parameters\":{\"name\":\"a\"}}");
        ck_assert_int_eq(dispatcher.traffic.errors, 1);
}
END_TEST

static const struct {
        const char *call, *reply;
} refusals[] = {
        {CALL("io.other.Stat", ""),
         "{\"error\":\"" THEIRS "InterfaceNotFound\",\"parameters\":{\"interface\":\"io.other\"}}"},
        {CALL("Stat", ""),
         "{\"error\":\"" THEIRS "InterfaceNotFound\",\"parameters\":{\"interface\":\"Stat\"}}"},
        {CALL("", ""),
         "{\"error\":\"" THEIRS "InterfaceNotFound\",\"parameters\":{\"interface\":\"\"}}"},
        {CALL(OURS "stat", ""),
         "{\"error\":\"" THEIRS "MethodNotFound\",\"parameters\":{\"method\":\"" OURS "stat\"}}"},
        {CALL(OURS, ""),
         "{\"error\":\"" THEIRS "MethodNotFound\",\"parameters\":{\"method\":\"" OURS "\"}}"},
        {CALL(THEIRS "Stat", ""),
         "{\"error\":\"" THEIRS "MethodNotFound\",\"parameters\":{\"method\":\"" THEIRS "Stat\"}}"},
        {"{\"method\":\"" OURS "Stat\",\"parameters\":{\"id\":1},\"upgrade\":true}",
         "{\"error\":\"" THEIRS "MethodNotImplemented\",\"parameters\":{\"method\":\"" OURS
         "Stat\"}}"},
        {CALL(OURS "List", ""), "{\"error\":\"" THEIRS "ExpectedMore\",\"parameters\":{}}"},
        {CALL(OURS "GetStatus", "\"x\":1"),
         "{\"error\":\"" THEIRS "InvalidParameter\",\"parameters\":{\"parameter\":\"x\"}}"},
        {CALL(THEIRS "GetInfo", "\"x\":null"),
         "{\"error\":\"" THEIRS "InvalidParameter\",\"parameters\":{\"parameter\":\"x\"}}"},
        {CALL(OURS "Stat", "\"id\":1.5"),
         "{\"error\":\"" THEIRS "InvalidParameter\",\"parameters\":{\"parameter\":\"id\"}}"},
        {CALL(THEIRS "GetInterfaceDescription", "\"interface\":\"io.shm\""),
         "{\"error\":\"" THEIRS "InterfaceNotFound\",\"parameters\":{\"interface\":\"io.shm\"}}"},
        {CALL(THEIRS "GetInterfaceDescription", ""),
         "{\"error\":\"" THEIRS "InvalidParameter\",\"parameters\":{\"parameter\":\"interface\"}}"},
};

START_TEST(what_is_wrong_is_named) {
        ck_assert_int_eq(dispatch(refusals[_i].call), DISPATCH_DONE);
        expect(refusals[_i].reply);
        ck_assert_int_eq(fake.calls, 0);
        ck_assert_int_eq(dispatcher.traffic.errors, 1);
}
END_TEST

START_TEST(the_service_describes_itself) {
        ck_assert_int_eq(dispatch(CALL(THEIRS "GetInfo", "")), DISPATCH_DONE);
        expect_about("\"interfaces\":[\"org.varlink.service\",\"io.shmbroker\"]");
        ck_assert_int_eq(
                dispatch(CALL(THEIRS "GetInterfaceDescription", "\"interface\":\"io.shmbroker\"")),
                DISPATCH_DONE);
        expect_about("method GetStatus() -> (\\n");
        ck_assert_int_eq(dispatch(CALL(THEIRS "GetInterfaceDescription",
                                       "\"interface\":\"org.varlink.service\"")),
                         DISPATCH_DONE);
        expect_about("error ExpectedMore ()\\n");
}
END_TEST

START_TEST(the_status_holds_the_traffic) {
        dispatcher.traffic =
                (struct traffic){.connections = 3, .watchers = 4, .requests = 5, .errors = 6};
        ck_assert_int_eq(dispatch(CALL(OURS "GetStatus", "")), DISPATCH_DONE);
        expect_about("\"connections\":3,\"watchers\":4,\"requests\":6,\"errors\":6,");
}
END_TEST

START_TEST(what_is_no_call_ends_the_connection) {
        static const char *const texts[] = {"",
                                            "x",
                                            "[]",
                                            "{}",
                                            "{\"method\":3}",
                                            "{\"method\":\"io.shmbroker.GetStatus\"} x",
                                            "{\"method\":\"io.shmbroker.Stat\",\"parameters\":[]}"};
        for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
                ck_assert_int_eq(dispatch(texts[i]), -ERROR_MALFORMED);
        ck_assert_uint_eq(out.length_bytes, 0);
        ck_assert_int_eq(dispatcher.traffic.requests, 0);
}
END_TEST

START_TEST(oneway_is_done_and_not_answered) {
        ck_assert_int_eq(dispatch("{\"method\":\"io.shmbroker.Remove\",\"parameters\":{\"id\":3},"
                                  "\"oneway\":true}"),
                         DISPATCH_DONE);
        ck_assert_int_eq(fake.id, 3);
        fake.result = -ERROR_NOT_FOUND;
        ck_assert_int_eq(dispatch("{\"method\":\"io.shmbroker.Remove\",\"parameters\":{\"id\":3},"
                                  "\"oneway\":true}"),
                         DISPATCH_DONE);
        ck_assert_int_eq(dispatch("{\"method\":\"no.such\",\"oneway\":true}"), DISPATCH_DONE);
        ck_assert_uint_eq(out.length_bytes, 0);
        ck_assert_int_eq(dispatcher.traffic.errors, 2);
}
END_TEST

/* -------------------------------------------------------------------- work */

START_TEST(work_is_answered_when_it_was_run) {
        fake.result = BROKER_WORK;
        ck_assert_int_eq(dispatch(CALL(OURS "Remove", "\"id\":7")), DISPATCH_PENDING);
        ck_assert_uint_eq(out.length_bytes, 0);
        ck_assert_int_eq(pending->kind, PENDING_WORK);
        ck_assert_int_eq(pending->work.target.id, 7);
        work_run(&pending->work);
        ck_assert(!fake.finished);
        fake.result = 0;
        ck_assert_int_eq(dispatch_continue(&dispatcher, &peer, pending, &out, 0, 0), DISPATCH_DONE);
        ck_assert(fake.finished);
        ck_assert_int_eq(fake.id, -5);
        expect_about("{\"parameters\":{\"segment\":{\"name\":\"finished\",");
}
END_TEST

START_TEST(work_is_finished_even_if_nobody_wants_the_answer) {
        fake.result = BROKER_WORK;
        ck_assert_int_eq(dispatch("{\"method\":\"io.shmbroker.Remove\",\"parameters\":{\"id\":7},"
                                  "\"oneway\":true}"),
                         DISPATCH_PENDING);
        fake.result = -ERROR_NOT_FOUND;
        ck_assert_int_eq(dispatch_continue(&dispatcher, &peer, pending, &out, 0, 0), DISPATCH_DONE);
        ck_assert(fake.finished);
        ck_assert_uint_eq(out.length_bytes, 0);
        ck_assert_int_eq(dispatcher.traffic.errors, 1);
}
END_TEST

/* -------------------------------------------------------------------- List */

#define LIST "{\"method\":\"io.shmbroker.List\",\"more\":true}"

/* How many of the first `count` the fake shows. */
static int shown(int count) {
        return count - count / 3;
}

/* Goes on to the end, and returns how many segments came; the slices it took are counted. */
static int list_all(size_t high_water_bytes, int *ret_slices) {
        int found = 0;
        bool more = true;
        char previous[16] = "";
        ck_assert_int_eq(dispatch(LIST), DISPATCH_PENDING);
        for (*ret_slices = 0; more; ++*ret_slices) {
                size_t at = 0;
                int r = dispatch_continue(&dispatcher, &peer, pending, &out, high_water_bytes, 256);
                ck_assert_int_ge(r, 0);
                for (; at < out.length_bytes; at += strlen(out.bytes + at) + 1) {
                        char name[16];
                        ck_assert(more); /* nothing comes behind the last one */
                        more = strstr(out.bytes + at, "\"continues\":true") != NULL;
                        if (sscanf(out.bytes + at,
                                   "{\"parameters\":{\"segment\":{\"name\":\"%15[n0-9]", name) != 1)
                                continue;
                        ck_assert_str_ne(name, previous);
                        strcpy(previous, name);
                        found++;
                }
                ck_assert_uint_eq(at, out.length_bytes);
                ck_assert_int_eq(more, r == DISPATCH_PENDING);
                buffer_clear(&out);
        }
        return found;
}

static const int counts[] = {1, 2, 3, 4, 255, 256, 257, 258, 511, 512, 513, 2000};

START_TEST(only_the_last_of_a_list_is_the_last) {
        int slices;
        fake.to_list = counts[_i];
        ck_assert_int_eq(list_all(SIZE_MAX, &slices), shown(counts[_i]));
        ck_assert_int_le(slices, counts[_i] / 256 + 1);
        ck_assert_int_ge(slices, counts[_i] / 256);
}
END_TEST

START_TEST(a_list_stops_at_the_high_water) {
        int slices;
        fake.to_list = 200;
        ck_assert_int_eq(list_all(1000, &slices), shown(200));
        ck_assert_int_gt(slices, 20);
}
END_TEST

START_TEST(an_empty_list_is_one_reply_without_a_segment) {
        ck_assert_int_eq(dispatch(LIST), DISPATCH_PENDING);
        ck_assert_int_eq(dispatch_continue(&dispatcher, &peer, pending, &out, 1000, 256),
                         DISPATCH_DONE);
        expect("{\"parameters\":{}}");
}
END_TEST

START_TEST(a_pattern_is_checked) {
        char call[512], pattern[257];
        memset(pattern, 'p', 256);
        pattern[256] = '\0';
        snprintf(call, sizeof(call),
                 "{\"method\":\"io.shmbroker.List\",\"more\":true,\"parameters\":{\"pattern\":\"%"
                 "s\"}}",
                 pattern);
        ck_assert_int_eq(dispatch(call), DISPATCH_DONE);
        expect_about("InvalidParameter\",\"parameters\":{\"parameter\":\"pattern\"");
        ck_assert_int_eq(dispatch("{\"method\":\"io.shmbroker.List\",\"more\":true,"
                                  "\"parameters\":{\"pattern\":\"bad\"}}"),
                         DISPATCH_PENDING);
        ck_assert_int_eq(dispatch_continue(&dispatcher, &peer, pending, &out, 1000, 256),
                         DISPATCH_DONE);
        expect_about("InvalidParameter\",\"parameters\":{\"parameter\":\"pattern\"");
        ck_assert_int_eq(dispatcher.traffic.errors, 2);
}
END_TEST

START_TEST(a_oneway_list_says_nothing) {
        fake.to_list = 10;
        ck_assert_int_eq(dispatch("{\"method\":\"io.shmbroker.List\",\"more\":true,"
                                  "\"oneway\":true}"),
                         DISPATCH_PENDING);
        ck_assert_int_eq(dispatch_continue(&dispatcher, &peer, pending, &out, 1000, 256),
                         DISPATCH_DONE);
        ck_assert_uint_eq(out.length_bytes, 0);
}
END_TEST

START_TEST(a_reply_without_room_leaves_nothing_half_written) {
        buffer_free(&out);
        buffer_init(&out, 160);
        ck_assert_int_eq(dispatch(CALL("io.other.Stat", "")), DISPATCH_DONE);
        size_t before = out.length_bytes;
        ck_assert_int_eq(dispatch(CALL(OURS "Stat", "\"id\":1")), -ERROR_NO_MEMORY);
        ck_assert_uint_eq(out.length_bytes, before);
        expect_about("io.other");
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {every_segment_method_reaches_the_broker_and_is_answered, COUNT(segment_calls)},
                {a_refusal_is_answered_and_counted},
                {what_is_wrong_is_named, COUNT(refusals)},
                {the_service_describes_itself},
                {the_status_holds_the_traffic},
                {what_is_no_call_ends_the_connection},
                {oneway_is_done_and_not_answered},
                {work_is_answered_when_it_was_run},
                {work_is_finished_even_if_nobody_wants_the_answer},
                {only_the_last_of_a_list_is_the_last, COUNT(counts)},
                {a_list_stops_at_the_high_water},
                {an_empty_list_is_one_reply_without_a_segment},
                {a_pattern_is_checked},
                {a_oneway_list_says_nothing},
                {a_reply_without_room_leaves_nothing_half_written},
        };
        return suite_run("dispatch", setup, teardown, SUITE_ROWS(rows));
}
