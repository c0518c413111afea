/*
 * The broker is killed at each system call of a run in which the journal is written anew,
 * slice by slice, while names come, change and go: whatever was acknowledged stands, and
 * what was not heard of is done wholly or not at all.
 */
#include "killing.h"
#include "script.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES  60 /* that there may be */
#define FIRST  40 /* that there are at first: 170 KB of records */
#define CALLS  50 /* while it is killed: more than a compaction takes */
#define CHURNS 400

/* Points in the start are kill-points' own. */
#define START_STRIDE 8

static unsigned *points; /* shared with the workers: deaths with both files there */

/* What stands: the mark of each name, 0: it does not exist. */
struct model {
        unsigned marks[NAMES];
};

static char fat_labels[8192];

static void make_labels(void) {
        char *at = fat_labels;

        for (int i = 0; i < 15; i++)
                at += sprintf(at, ",'k%d':'%0250d'", i, 0);
}

/* --------------------------------------------------------------------- the calls */

struct call {
        const char *method;
        unsigned name, to, mark;
};

static cJSON *make_call(int fd, const struct call *call) {
        if (strcmp(call->method, "Create") == 0)
                return wire_try_call(fd, "Create", "'name':'n/%u','size':1,'labels':{'m':'%u'%s}",
                                     call->name, call->mark, fat_labels);
        if (strcmp(call->method, "Set") == 0)
                return wire_try_call(fd, "Set", "'name':'n/%u','mode':384,'labels':{'m':'%u'%s}",
                                     call->name, call->mark, fat_labels);
        if (strcmp(call->method, "Rename") == 0)
                return wire_try_call(fd, "Rename", "'name':'n/%u','to':'n/%u','replace':true",
                                     call->name, call->to);
        return wire_try_call(fd, "Remove", "'name':'n/%u'", call->name);
}

static void apply(struct model *model, const struct call *call) {
        if (strcmp(call->method, "Rename") == 0) {
                model->marks[call->to] = model->marks[call->name];
                model->marks[call->name] = 0;
        } else {
                model->marks[call->name] = call->mark;
        }
}

static struct call draw(const struct model *model, unsigned *seed) {
        static unsigned mark;
        struct call call = {.name = (unsigned) rand_r(seed) % NAMES,
                            .to = (unsigned) rand_r(seed) % NAMES};

        if (model->marks[call.name] == 0) {
                call.method = "Create";
                call.mark = ++mark;
        } else if (rand_r(seed) % 3 > 0) {
                call.method = "Set";
                call.mark = ++mark;
        } else {
                call.method = call.name != call.to ? "Rename" : "Remove";
        }
        return call;
}

/* ---------------------------------------------------------------------- the state */

static struct model look(const struct daemon *daemon) {
        cJSON *segments = wire_list(daemon);
        struct model model = {0};
        const cJSON *segment;

        cJSON_ArrayForEach(segment, segments) {
                const cJSON *labels = cJSON_GetObjectItemCaseSensitive(segment, "labels");
                const char *name = cJSON_GetObjectItemCaseSensitive(segment, "name")->valuestring;
                const char *mark = cJSON_GetObjectItemCaseSensitive(labels, "m")->valuestring;

                model.marks[atoi(name + strlen("n/"))] = (unsigned) atoi(mark);
        }
        cJSON_Delete(segments);
        return model;
}

static bool is_as(const struct model *a, const struct model *b) {
        return memcmp(a, b, sizeof(*a)) == 0;
}

static bool compacts(const struct daemon *daemon) {
        char path[128];

        snprintf(path, sizeof(path), "%s/journal.new", daemon->state);
        return access(path, F_OK) == 0;
}

static off_t journal_bytes(const struct daemon *daemon) {
        char path[128];
        struct stat st;

        snprintf(path, sizeof(path), "%s/journal", daemon->state);
        ck_assert_int_eq(stat(path, &st), 0);
        return st.st_size;
}

/* ------------------------------------------------------------------------ the runs */

static void clear(struct daemon *daemon) {
        struct script nothing;

        script_begin(&nothing, daemon);
        script_end(&nothing);
}

/* Leaves a broker dead that had just begun to write its journal anew. */
static void prepare(struct daemon *daemon, struct model *model) {
        int fd;

        clear(daemon);
        *model = (struct model){0};
        daemon_start(daemon);
        fd = wire_connect(daemon);
        for (unsigned i = 0; !compacts(daemon); i++) {
                struct call call = {i < FIRST ? "Create" : "Set", i % FIRST, 0, i + 1};

                ck_assert_uint_lt(i, CHURNS);
                expect_success(make_call(fd, &call));
                apply(model, &call);
        }
        close(fd);
        daemon_kill(daemon);
}

/* False: it was not killed. */
static bool run_until_killed(struct daemon *daemon, struct model *model, unsigned n) {
        struct model after = *model, found;
        unsigned seed = n;
        int fd;

        fd = wire_try_connect(daemon);
        for (unsigned i = 0; i < CALLS && fd >= 0; i++) {
                struct call call = draw(model, &seed);
                cJSON *reply = make_call(fd, &call);

                apply(&after, &call);
                if (reply == NULL)
                        break;
                expect_success(reply);
                *model = after;
        }
        if (fd >= 0)
                close(fd);
        daemon_terminate(daemon);
        kill_no_more(daemon);
        if (!was_killed(daemon))
                return false;
        if (compacts(daemon))
                __atomic_add_fetch(points, 1, __ATOMIC_RELAXED);
        daemon_start(daemon);
        ck_assert(!compacts(daemon));
        found = look(daemon);
        ck_assert_msg(is_as(&found, model) || is_as(&found, &after), "killed at call %u", n);
        *model = found;
        return true;
}

static void kill_at_each_call(struct daemon *daemon, unsigned number, unsigned count) {
        struct model model, found;
        bool killed = true;

        for (unsigned n = 1 + number; killed;) {
                prepare(daemon, &model);
                kill_next_at(daemon, n);
                if (!daemon_try_start(daemon)) {
                        kill_no_more(daemon);
                        n += START_STRIDE * count;
                        continue;
                }
                killed = run_until_killed(daemon, &model, n);
                if (killed)
                        daemon_stop(daemon);
                n += SCRIPT_STRIDE * count;
        }
        /* All of it was to be done by then. */
        ck_assert_int_eq(daemon->status, 0);
        ck_assert_int_lt(journal_bytes(daemon), 512 * 1024);
        daemon_start(daemon);
        found = look(daemon);
        ck_assert(is_as(&found, &model));
        daemon_stop(daemon);
        clear(daemon);
}

START_TEST(nothing_is_lost_while_the_journal_is_written_anew) {
        make_labels();
        points = mmap(NULL, sizeof(*points), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
        ck_assert_ptr_ne(points, MAP_FAILED);
        script_in_parallel(kill_at_each_call);
        dprintf(STDOUT_FILENO, "# %u kill points with both files there\n", *points);
        ck_assert_uint_gt(*points, 50 / SCRIPT_STRIDE);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("compaction");

        harness_test_alone(suite, nothing_is_lost_while_the_journal_is_written_anew);
        return harness_run(suite);
}
