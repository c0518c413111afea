/*
 * What the tests of the whole share: a real shmbrokerd for each test, in an IPC
 * namespace and a directory of the test's own, other users, and the raw wire. A
 * failure of anything here fails the test on the spot.
 *
 * After each test the broker must end with 0 at SIGTERM, which is also when its
 * sanitizers speak, and no segment may be left that is the broker's and has no name.
 */
#pragma once

#include <check.h>
#include <cjson/cJSON.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* ------------------------------------------------------------------- tests */

/* Adds a test with a broker that runs already (harness_daemon), or without one. The
 * test's name is the function's. */
#define harness_test(suite, function)       harness_add((suite), #function, (function), true)
#define harness_test_alone(suite, function) harness_add((suite), #function, (function), false)
void harness_add(Suite *suite, const char *name, const TTest *function, bool with_broker);

/* Runs the suite and takes it; what main() returns. 77, with the reason, where no IPC
 * namespace is to be had. */
int harness_run(Suite *suite);

/* Ends the test here, as skipped; the reason is for people. */
void harness_skip(const char *reason) __attribute__((noreturn));
void harness_needs_root(void);
/* Root to the kernel's rules of IPC: with every capability that they ask for, of which
 * containers leave some out. */
bool harness_is_almighty(void);

/* Anything that takes longer than this never comes. */
#define HARNESS_DEADLINE_MS 30000
int64_t harness_now_ms(void); /* monotonic */
/* Waits a moment between two looks at something; fails the test beyond the deadline. */
void harness_wait_a_moment(int64_t since_ms, const char *what);

/* ------------------------------------------------------------------ users */

struct who {
        uid_t uid;
        gid_t gid;
        gid_t groups[4]; /* supplementary */
        size_t groups_count;
};

/* Nobody's on any machine. Where the tests are not run by root, there is only self. */
extern const struct who root, alice, bob, stranger;
struct who harness_self(void);
#define BROKER_UID 60000

/* Runs it in a child as somebody else (NULL: as ourselves); a failed assertion there is
 * one here. The two halves of it, for a child that goes on beside the test. */
void as(const struct who *who, void (*function)(void *context), void *context);
pid_t as_begin(const struct who *who, void (*function)(void *context), void *context);
void as_end(pid_t child);

/* A child that a test tells when to go on: the child says `gate_pass`, which returns
 * after the test's gate_open; gate_wait returns when the child is there. */
struct gate {
        int there[2];
        int open[2];
};
void gate_new(struct gate *gate);
void gate_pass(struct gate *gate);
void gate_wait(struct gate *gate);
void gate_open(struct gate *gate);

/* ------------------------------------------------------------------ daemon */

struct daemon {
        pid_t pid; /* its wrapper's where it has one; 0: does not run */
        size_t slot;
        int status; /* of the one that ended last, as waitpid(2) has it */
        uid_t uid;
        gid_t gid;
        char directory[64];
        char state[96];
        char socket[96];
        char address[104];
        char log[96];               /* its standard output and error */
        const char *options[12];    /* further ones, ended by NULL */
        const char *wrapper[12];    /* what runs it: strace and its options */
        const char *environment[4]; /* NAME=VALUE */
};

extern struct daemon harness_daemon;

/* A directory of its own; nothing runs yet. A root's broker runs as BROKER_UID. */
void daemon_new(struct daemon *daemon);
void daemon_free(struct daemon *daemon); /* kills it where it runs, removes its directory */

/* What is being tried with it, for whoever reads of a failure. */
void daemon_trying(struct daemon *daemon, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* Before and behind all tests: what those left that failed is told, and cleared away. */
void daemons_begin(void);
void daemons_end(bool failed);

void daemon_begin(struct daemon *daemon);     /* does not wait for it */
void daemon_start(struct daemon *daemon);     /* it serves when this returns */
bool daemon_try_start(struct daemon *daemon); /* false: it ended instead, daemon->status */
void daemon_run(struct daemon *daemon);       /* until it ends by itself: one that can't work */
void daemon_stop(struct daemon *daemon);      /* SIGTERM; it must end with 0 */
void daemon_terminate(struct daemon *daemon); /* SIGTERM, however it ends then */
void daemon_kill(struct daemon *daemon);      /* SIGKILL */
void daemon_wait(struct daemon *daemon);      /* until it has ended */
bool daemon_runs(struct daemon *daemon);

bool daemon_logged(const struct daemon *daemon, const char *text);
/* How long it has run on a processor, or waited for one to run on. */
uint64_t daemon_busy_ms(const struct daemon *daemon);
uint64_t daemon_resident_bytes(const struct daemon *daemon);
unsigned daemon_descriptors(const struct daemon *daemon);

/* Every segment of the broker's own that lives in the kernel has a name or is listed as
 * a private one, and every one that is listed lives in the kernel. For root. */
void daemon_check_segments(const struct daemon *daemon);

/* -------------------------------------------------------------------- wire */

int wire_try_connect(const struct daemon *daemon); /* -errno */
int wire_connect(const struct daemon *daemon);

int connect_daemon(void); /* to harness_daemon */

/* One message; in the text a ' stands for a ". wire_send_bytes() sends what it is given. */
void wire_send(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));
void wire_send_bytes(int fd, const char *bytes, size_t length);

/* The next reply, NULL: the broker hung up. The caller frees it with cJSON_Delete(). */
cJSON *wire_receive(int fd);
bool wire_hung_up(int fd); /* waits until it has, or until a message comes instead */

/* A call of io.shmbroker and its reply; `parameters` is what stands inside the braces. */
cJSON *wire_call(int fd, const char *method, const char *parameters, ...)
        __attribute__((format(printf, 3, 4)));
cJSON *wire_try_call(int fd, const char *method, const char *parameters, ...)
        __attribute__((format(printf, 3, 4))); /* NULL: the broker hung up */

/* What List tells, an array of segments. Asks again where the broker hangs up or refuses:
 * for tests that break it. The caller frees it with cJSON_Delete(). */
cJSON *wire_list(const struct daemon *daemon);

/* What a dotted path leads to, from the reply's parameters on; NULL: nothing there. */
const cJSON *reply_at(const cJSON *reply, const char *path);
int64_t reply_integer(const cJSON *reply, const char *path);
const char *reply_string(const cJSON *reply, const char *path);
bool reply_true(const cJSON *reply, const char *path);
const char *reply_error(const cJSON *reply); /* the error's name, NULL: none */

/* Both take the reply. A name without a dot is one of io.shmbroker's. parameter: "name=value"
 * of the error, NULL: any. */
void expect_success(cJSON *reply);
void expect_error(cJSON *reply, const char *error, const char *parameter);
