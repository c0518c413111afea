/*
 * Several clients work on segments of their own, each with a model of what must stand,
 * while the broker is killed hundreds of times, whenever. The seed is printed; $SEED
 * tries one again.
 */
#include "harness.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS   4
#define NAMES     6 /* of each client */
#define KILLS     400
#define KILLS_MIN 50
#define BUDGET_MS 40000
#define PAUSE_US  8000 /* between two kills, at most */

static struct {
        bool over;
        unsigned long calls, unheard;
} * shared;

/* ------------------------------------------------------------------- the model */

struct expected {
        bool exists;
        int id;
        int64_t size, mode, label;
};

struct client {
        unsigned number;
        unsigned seed;
        unsigned token;
        int fd;
        struct expected names[NAMES];
};

static unsigned draw(struct client *client, unsigned below) {
        return (unsigned) rand_r(&client->seed) % below;
}

static void connect_again(struct client *client) {
        int64_t since = harness_now_ms();

        if (client->fd >= 0)
                close(client->fd);
        while ((client->fd = wire_try_connect(&harness_daemon)) < 0)
                harness_wait_a_moment(since, "the broker to be back");
}

/* What stands under the name now. */
static struct expected look(struct client *client, unsigned name) {
        struct expected found = {0};
        cJSON *reply;

        while ((reply = wire_try_call(client->fd, "Stat", "'name':'c%u/%u'", client->number,
                                      name)) == NULL)
                connect_again(client);
        if (reply_error(reply) != NULL) {
                expect_error(reply, "NotFound", NULL);
                return found;
        }
        found.exists = true;
        found.id = (int) reply_integer(reply, "segment.id");
        found.size = reply_integer(reply, "segment.size");
        found.mode = reply_integer(reply, "segment.mode");
        found.label = strtoll(reply_string(reply, "segment.labels.n"), NULL, 10);
        cJSON_Delete(reply);
        return found;
}

static bool equal(const struct expected *a, const struct expected *b) {
        if (!a->exists || !b->exists)
                return a->exists == b->exists;
        return (a->id == b->id || a->id < 0 || b->id < 0) && a->size == b->size &&
               a->mode == b->mode && a->label == b->label;
}

static void verify(struct client *client) {
        for (unsigned name = 0; name < NAMES; name++) {
                struct expected found = look(client, name);
                ck_assert_msg(equal(&found, &client->names[name]),
                              "c%u/%u: %s id %d, %lld bytes, mode %llo, label %lld; expected "
                              "%s id %d, %lld bytes, mode %llo, label %lld",
                              client->number, name, found.exists ? "exists" : "is gone", found.id,
                              (long long) found.size, (long long) found.mode,
                              (long long) found.label,
                              client->names[name].exists ? "existence" : "absence",
                              client->names[name].id, (long long) client->names[name].size,
                              (long long) client->names[name].mode,
                              (long long) client->names[name].label);
        }
}

/* ------------------------------------------------------------------- the calls */

/* The two names that a call touches, as they are to be behind it. */
struct change {
        unsigned name, other; /* the same where only one is */
        struct expected name_after, other_after;
};

static void apply(struct client *client, const struct change *change) {
        client->names[change->other] = change->other_after;
        client->names[change->name] = change->name_after;
}

/* It was not heard of: both names are as before, or both are as behind it. */
static void resolve(struct client *client, const struct change *change) {
        connect_again(client);
        __atomic_add_fetch(&shared->unheard, 1, __ATOMIC_RELAXED);
        struct expected name = look(client, change->name);
        struct expected other = look(client, change->other);
        if (equal(&name, &change->name_after) && equal(&other, &change->other_after) &&
            !(equal(&name, &client->names[change->name]) &&
              equal(&other, &client->names[change->other]))) {
                apply(client, change);
                client->names[change->name].id = name.id; /* perhaps never told */
                client->names[change->other].id = other.id;
        }
        verify(client);
}

static void conclude(struct client *client, struct change *change, cJSON *reply) {
        __atomic_add_fetch(&shared->calls, 1, __ATOMIC_RELAXED);
        if (reply == NULL) {
                resolve(client, change);
                return;
        }
        ck_assert_msg(reply_error(reply) == NULL, "%s", cJSON_PrintUnformatted(reply));
        if (change->name_after.exists)
                change->name_after.id = (int) reply_integer(reply, "segment.id");
        apply(client, change);
        cJSON_Delete(reply);
}

static void create_one(struct client *client, unsigned name) {
        struct change change = {.name = name, .other = name};

        change.name_after = (struct expected){true, -1, 1 + draw(client, 3000000),
                                              0600 + draw(client, 8) * 8, draw(client, 1000)};
        change.other_after = change.name_after;
        cJSON *reply = wire_try_call(
                client->fd, "Create",
                "'name':'c%u/%u','size':%lld,'mode':%lld,'exclusive':true,'labels':{'n':'%lld'}",
                client->number, name, (long long) change.name_after.size,
                (long long) change.name_after.mode, (long long) change.name_after.label);
        conclude(client, &change, reply);
}

static void set_one(struct client *client, unsigned name) {
        struct change change = {name, name, client->names[name], client->names[name]};

        change.name_after.mode = 0600 + draw(client, 64);
        change.name_after.label = draw(client, 1000);
        change.other_after = change.name_after;
        cJSON *reply = wire_try_call(client->fd, "Set",
                                     "'name':'c%u/%u','mode':%lld,'labels':{'n':'%lld'}",
                                     client->number, name, (long long) change.name_after.mode,
                                     (long long) change.name_after.label);
        conclude(client, &change, reply);
}

static void remove_one(struct client *client, unsigned name) {
        struct change change = {.name = name, .other = name};

        conclude(client, &change,
                 wire_try_call(client->fd, "Remove", "'name':'c%u/%u'", client->number, name));
}

static void rename_one(struct client *client, unsigned name, unsigned to) {
        struct change change = {.name = to, .other = name, .name_after = client->names[name]};

        conclude(client, &change,
                 wire_try_call(client->fd, "Rename",
                               "'name':'c%u/%u','to':'c%u/%u','replace':true,'token':'%u-%u'",
                               client->number, name, client->number, to, client->number,
                               client->token++));
}

static void work(void *context) {
        struct client *client = context;

        connect_again(client);
        while (!__atomic_load_n(&shared->over, __ATOMIC_RELAXED)) {
                unsigned name = draw(client, NAMES), other = draw(client, NAMES);
                if (!client->names[name].exists)
                        create_one(client, name);
                else if (draw(client, 3) == 0)
                        remove_one(client, name);
                else if (draw(client, 2) == 0 || name == other)
                        set_one(client, name);
                else
                        rename_one(client, name, other);
        }
        verify(client);
        close(client->fd);
}

/* ------------------------------------------------------------------- the deaths */

START_TEST(what_was_acknowledged_outlives_hundreds_of_deaths) {
        struct client clients[CLIENTS] = {0};
        pid_t children[CLIENTS];
        const char *given = getenv("SEED");
        unsigned seed = given != NULL ? (unsigned) strtoul(given, NULL, 10)
                                      : (unsigned) time(NULL) ^ (unsigned) getpid() << 16;
        unsigned kills = 0;

        dprintf(STDOUT_FILENO, "# seed %u\n", seed);
        daemon_trying(&harness_daemon, "seed %u", seed);
        shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
        ck_assert_ptr_ne(shared, MAP_FAILED);
        for (unsigned i = 0; i < CLIENTS; i++) {
                clients[i] = (struct client){.number = i, .seed = seed + i, .fd = -1};
                children[i] = as_begin(NULL, work, &clients[i]);
        }
        for (int64_t since = harness_now_ms();
             kills < KILLS && (kills < KILLS_MIN || harness_now_ms() - since < BUDGET_MS);
             kills++) {
                usleep((useconds_t) rand_r(&seed) % PAUSE_US);
                daemon_kill(&harness_daemon);
                daemon_start(&harness_daemon);
        }
        __atomic_store_n(&shared->over, true, __ATOMIC_RELAXED);
        for (unsigned i = 0; i < CLIENTS; i++)
                as_end(children[i]);
        dprintf(STDOUT_FILENO, "# %u deaths, %lu calls, %lu of them not heard of\n", kills,
                shared->calls, shared->unheard);
        ck_assert_uint_gt(shared->unheard, 0);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("random-kills");

        harness_test(suite, what_was_acknowledged_outlives_hundreds_of_deaths);
        return harness_run(suite);
}
