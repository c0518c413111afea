/* Every allocation of the library, and of cJSON for it, fails once: the call is -ENOMEM,
 * its results are untouched, and the next call is as if nothing had been. */
#include "fake-broker.h"
#include "shmbroker.h"
#include "suite.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>

/* How many more succeed, negative: all; of this thread, and in the library alone. */
static _Thread_local long left = -1;
static long armed;

static bool fails(void) {
        return left >= 0 && left-- == 0;
}

/* The linker sends the library's calls here (--wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
int __real_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));

void *__wrap_malloc(size_t size) {
        return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
        return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size) {
        return fails() ? NULL : __real_realloc(memory, size);
}

int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void)) {
        return fails() ? ENOMEM : __real_pthread_atfork(prepare, parent, child);
}

static int count(const struct shmb_segment *segment, void *context) {
        ++*(int *) context;
        return 0;
}

/* The number of the first call that failed, 0 where none did. Each of them must not. */
static int all_calls(const char *address) {
        static struct shmb_segment untouched;
        const struct shmb_which which = {.name = "a"};
        const struct shmb_label labels[] = {{"one", "1"}, {"two", "2"}};
        const struct shmb_create_options options = {.labels = labels, .labels_count = 2};
        struct shmb_segment *segment = &untouched;
        struct shmb *b = (struct shmb *) &untouched;
        int failed = 0, found = 0;

#define CALL(number, call)                                                                         \
        do {                                                                                       \
                left = armed;                                                                      \
                int r_ = (call);                                                                   \
                armed = left;                                                                      \
                left = -1;                                                                         \
                ck_assert_msg(r_ >= 0 || r_ == -ENOMEM, "%s: %d: %s", #call, r_, shmb_error(b));   \
                if (r_ < 0) {                                                                      \
                        ck_assert_int_eq(failed, 0);                                               \
                        ck_assert_ptr_eq(segment, &untouched);                                     \
                        failed = number;                                                           \
                } else if (segment != &untouched) {                                                \
                        shmb_segment_free(segment);                                                \
                }                                                                                  \
                segment = &untouched;                                                              \
        } while (0)

        CALL(1, shmb_connect(&b, address));
        if (failed) {
                ck_assert_ptr_eq(b, (struct shmb *) &untouched);
                return failed;
        }
        CALL(2, shmb_create(b, "a", 1, &options, &segment, NULL));
        CALL(3, shmb_open(b, "a", 1, 0, &segment));
        CALL(4, shmb_get(b, "a", 1, IPC_CREAT));
        CALL(5, shmb_stat(b, which, &segment));
        CALL(6, shmb_list(b, NULL, count, &found));
        CALL(7, shmb_remove(b, which, &segment));
        CALL(8, shmb_get_status(b, &(struct shmb_status){0}));
        shmb_close(b);
        return failed;
}

START_TEST(every_allocation_fails_once) {
        struct fake_broker *fake = fake_broker({.call = "", .answer = FAKE_CREATED, .stays = true});
        cJSON_Hooks hooks = {.malloc_fn = __wrap_malloc, .free_fn = free};
        bool seen[9] = {false};
        long number = 0;

        cJSON_InitHooks(&hooks);
        do {
                armed = number++;
                seen[all_calls(fake_address(fake))] = true;
        } while (armed < 0); /* it was reached */
        for (int call = 1; call < 9; call++)
                ck_assert_msg(seen[call], "call %d never failed", call);
        fake_free(fake);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {every_allocation_fails_once},
        };

        return suite_run("memory", NULL, NULL, SUITE_ROWS(rows));
}
