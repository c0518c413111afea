/*
 * A broker that follows a script, for what a real one does not do on demand: it hangs up
 * at the wrong moment, stays silent, or says the wrong thing. It runs in a thread, and
 * ends the test where a call comes that the script does not expect. GetStatus it answers
 * by itself, in between.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fake_step {
        const char *call;   /* what the message must contain */
        const char *answer; /* NULL: none */
        bool hangs_up;      /* then */
        bool stays;         /* the last step: as often as it comes */
};

struct fake_broker;

/* Listens at an abstract address of its own, and follows the steps in their order. */
struct fake_broker *fake_new(const struct fake_step *steps, size_t count);
#define fake_broker(...)                                                                           \
        fake_new((const struct fake_step[]){__VA_ARGS__},                                          \
                 sizeof((const struct fake_step[]){__VA_ARGS__}) / sizeof(struct fake_step))
void fake_free(struct fake_broker *fake); /* fails the test where steps are left */

const char *fake_address(const struct fake_broker *fake);

/* Before anybody connects: says this to all that do, and hangs up. */
void fake_refuse(struct fake_broker *fake, const char *answer);

/* What GetStatus tells. */
void fake_namespace(struct fake_broker *fake, uint64_t inode);

/* Goes away, with every connection, and comes back. */
void fake_leave(struct fake_broker *fake);
void fake_return(struct fake_broker *fake);

/* Says something on every connection that there is, unasked. */
void fake_say(struct fake_broker *fake, const char *text);

/* How many steps were taken. */
size_t fake_taken(struct fake_broker *fake);

/* The message of a step that was taken, and how many connections there were so far. */
const char *fake_call(struct fake_broker *fake, size_t step);
unsigned fake_connections(struct fake_broker *fake);

/* A reply with a segment; static, for use at once in a script. */
#define FAKE_SEGMENT_OF(id, size, adopted)                                                         \
        "{\"name\":\"a\",\"id\":" id ",\"key\":0,\"size\":" size ",\"mode\":384,\"uid\":0,"        \
        "\"gid\":0,\"cuid\":0,\"cgid\":0,\"seq\":0,\"atime\":0,\"dtime\":0,\"ctime\":0,"           \
        "\"cpid\":1,\"lpid\":0,\"nattch\":0,\"locked\":false,\"removed\":false,"                   \
        "\"pageSize\":4096,\"lifetime\":\"persistent\",\"creator\":{\"uid\":0,\"gid\":0,"          \
        "\"pid\":1},\"createdAt\":1,\"adopted\":" adopted ",\"labels\":{}}"
#define FAKE_SEGMENT "{\"parameters\":{\"segment\":" FAKE_SEGMENT_OF("7", "4096", "false") "}}"
#define FAKE_HANDLE                                                                                \
        "{\"parameters\":{\"segment\":{\"id\":7,\"key\":0,\"size\":4096,\"cuid\":0,"               \
        "\"adopted\":false}}}"
#define FAKE_CREATED                                                                               \
        "{\"parameters\":{\"segment\":" FAKE_SEGMENT_OF("7", "4096", "false") ",\"created\":true}" \
                                                                              "}"
#define FAKE_ERROR(name, parameters)                                                               \
        "{\"error\":\"io.shmbroker." name "\",\"parameters\":{" parameters "}}"
