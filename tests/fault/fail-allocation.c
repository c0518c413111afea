/*
 * To be preloaded: the allocation whose number $FAIL_ALLOCATION names fails, once, and
 * says so on standard error. Counted are those of the first thread, behind the
 * constructors of the libraries: the broker's others ask for nothing, and a sanitizer does
 * not go on without what it asks for in them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

static unsigned long fail_at; /* 0: none */
static unsigned long count;

/* A preloaded library is the last one to be initialised before the program. */
static void __attribute__((constructor)) begin(void) {
        const char *number = getenv("FAIL_ALLOCATION");

        if (number != NULL)
                fail_at = strtoul(number, NULL, 10);
}

static bool fails(void) {
        static const char words[] = "an allocation fails\n";

        if (fail_at == 0 || gettid() != getpid() || ++count != fail_at)
                return false;
        if (write(STDERR_FILENO, words, sizeof(words) - 1) < 0)
                abort();
        errno = ENOMEM;
        return true;
}

/* The next one in the order of libraries: libc's, or a sanitizer's. */
static void *next(const char *name) {
        void *function = dlsym(RTLD_NEXT, name);

        if (function == NULL)
                abort();
        return function;
}

EXPORTED void *malloc(size_t size) {
        static void *(*real)(size_t);

        if (real == NULL)
                *(void **) &real = next("malloc");
        return fails() ? NULL : real(size);
}

EXPORTED void *calloc(size_t count_of, size_t size) {
        static void *(*real)(size_t, size_t);

        if (real == NULL)
                *(void **) &real = next("calloc");
        return fails() ? NULL : real(count_of, size);
}

EXPORTED void *realloc(void *memory, size_t size) {
        static void *(*real)(void *, size_t);

        if (real == NULL)
                *(void **) &real = next("realloc");
        return fails() ? NULL : real(memory, size);
}
