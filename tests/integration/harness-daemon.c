#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is made and not freed yet, by the tests and their children: memory shared by all,
 * since a test that fails ends on the spot. */
#define SLOTS 64
static struct slot {
        char directory[64]; /* "": free */
        char trying[256];
} * slots;

void daemons_begin(void) {
        slots = mmap(NULL, SLOTS * sizeof(*slots), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (slots == MAP_FAILED)
                abort();
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where) {
        return remove(path);
}

static void remove_directory(const char *path) {
        nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void show_log(const struct slot *slot) {
        char path[80], line[1024];
        snprintf(path, sizeof(path), "%s/log", slot->directory);
        FILE *log = fopen(path, "re");

        if (slot->trying[0] != '\0')
                fprintf(stderr, "# failed at %s\n", slot->trying);
        while (log != NULL && fgets(line, sizeof(line), log) != NULL)
                fprintf(stderr, "# %s", line);
        if (log != NULL)
                fclose(log);
}

void daemons_end(bool failed) {
        for (size_t i = 0; i < SLOTS; i++) {
                if (slots[i].directory[0] == '\0')
                        continue;
                if (failed)
                        show_log(&slots[i]);
                remove_directory(slots[i].directory);
        }
        munmap(slots, SLOTS * sizeof(*slots));
}

void daemon_trying(struct daemon *daemon, const char *format, ...) {
        struct slot *slot = &slots[daemon->slot];
        va_list list;

        va_start(list, format);
        vsnprintf(slot->trying, sizeof(slot->trying), format, list);
        va_end(list);
}

static size_t take_slot(const char *directory) {
        for (size_t i = 0; i < SLOTS; i++) {
                char none = '\0';
                if (!__atomic_compare_exchange_n(&slots[i].directory[0], &none, '/', false,
                                                 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
                        continue;
                snprintf(slots[i].directory, sizeof(slots[i].directory), "%s", directory);
                slots[i].trying[0] = '\0';
                return i;
        }
        ck_abort_msg("too many daemons at once");
}

void daemon_new(struct daemon *daemon) {
        bool as_root = geteuid() == 0;

        *daemon = (struct daemon){.uid = as_root ? BROKER_UID : geteuid(),
                                  .gid = as_root ? BROKER_UID : getegid()};
        snprintf(daemon->directory, sizeof(daemon->directory), "/tmp/shmbroker-test.XXXXXX");
        if (mkdtemp(daemon->directory) == NULL || chmod(daemon->directory, 0755) < 0 ||
            chown(daemon->directory, daemon->uid, daemon->gid) < 0)
                ck_abort_msg("%s: %s", daemon->directory, strerror(errno));
        daemon->slot = take_slot(daemon->directory);
        snprintf(daemon->state, sizeof(daemon->state), "%s/state", daemon->directory);
        snprintf(daemon->socket, sizeof(daemon->socket), "%s/socket", daemon->directory);
        snprintf(daemon->address, sizeof(daemon->address), "unix:%s", daemon->socket);
        snprintf(daemon->log, sizeof(daemon->log), "%s/log", daemon->directory);
}

void daemon_free(struct daemon *daemon) {
        if (daemon->directory[0] == '\0')
                return;
        if (daemon->pid > 0)
                daemon_kill(daemon);
        remove_directory(daemon->directory);
        slots[daemon->slot].directory[0] = '\0';
        *daemon = (struct daemon){0};
}

/* By its descriptor, since the build folder may be closed to the broker's user. */
static void __attribute__((noreturn)) exec_daemon(const struct daemon *daemon, int program) {
        char path[32];
        const char *argv[40];
        size_t n = 0;

        snprintf(path, sizeof(path), "/proc/self/fd/%d", program);
        for (const char *const *word = daemon->wrapper; *word != NULL; word++)
                argv[n++] = *word;
        argv[n++] = path;
        argv[n++] = "--address";
        argv[n++] = daemon->address;
        argv[n++] = "--socket-mode";
        argv[n++] = "0666";
        argv[n++] = "--state-dir";
        argv[n++] = daemon->state;
        for (const char *const *word = daemon->options; *word != NULL; word++)
                argv[n++] = *word;
        argv[n] = NULL;
        for (const char *const *word = daemon->environment; *word != NULL; word++)
                putenv((char *) (uintptr_t) *word);
        execvp(argv[0], (char **) (uintptr_t) argv);
        _exit(127);
}

void daemon_begin(struct daemon *daemon) {
        ck_assert_int_eq(daemon->pid, 0);
        int program = open(SHMBROKERD, O_RDONLY);
        ck_assert_msg(program >= 0, "%s: %s", SHMBROKERD, strerror(errno));
        int log = open(daemon->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        ck_assert_int_ge(log, 0);

        fflush(NULL);
        daemon->pid = fork();
        ck_assert_int_ge(daemon->pid, 0);
        if (daemon->pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (geteuid() == 0 && (setgroups(0, NULL) < 0 ||
                                       setresgid(daemon->gid, daemon->gid, daemon->gid) < 0 ||
                                       setresuid(daemon->uid, daemon->uid, daemon->uid) < 0))
                        _exit(126);
                /* Cleared by the change of user. */
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                dup2(log, STDOUT_FILENO);
                dup2(log, STDERR_FILENO);
                exec_daemon(daemon, program);
        }
        close(program);
        close(log);
}

bool daemon_runs(struct daemon *daemon) {
        if (daemon->pid <= 0)
                return false;
        if (waitpid(daemon->pid, &daemon->status, WNOHANG) != daemon->pid)
                return true;
        daemon->pid = 0;
        return false;
}

/* That it takes connections is not yet that it works. */
static bool serves(const struct daemon *daemon) {
        int fd = wire_try_connect(daemon);
        cJSON *reply = fd < 0 ? NULL : wire_try_call(fd, "org.varlink.service.GetInfo", " ");
        bool answered = reply != NULL;

        cJSON_Delete(reply);
        if (fd >= 0)
                close(fd);
        return answered;
}

bool daemon_try_start(struct daemon *daemon) {
        int64_t since = harness_now_ms();

        daemon_begin(daemon);
        for (;;) {
                if (serves(daemon))
                        return true;
                if (!daemon_runs(daemon))
                        return false;
                harness_wait_a_moment(since, "the broker to serve");
        }
}

void daemon_run(struct daemon *daemon) {
        daemon_begin(daemon);
        daemon_wait(daemon);
}

void daemon_start(struct daemon *daemon) {
        if (!daemon_try_start(daemon))
                ck_abort_msg("the broker did not start, status %#x", daemon->status);
}

void daemon_wait(struct daemon *daemon) {
        int64_t since = harness_now_ms();

        while (daemon_runs(daemon))
                harness_wait_a_moment(since, "the broker to end");
}

/* Behind a wrapper: the one child of it. */
static pid_t broker_pid(const struct daemon *daemon) {
        char path[64];
        int child = 0;

        if (daemon->wrapper[0] == NULL)
                return daemon->pid;
        snprintf(path, sizeof(path), "/proc/%d/task/%d/children", daemon->pid, daemon->pid);
        FILE *children = fopen(path, "re");
        if (children != NULL) {
                if (fscanf(children, "%d", &child) != 1)
                        child = 0;
                fclose(children);
        }
        return child;
}

void daemon_terminate(struct daemon *daemon) {
        pid_t broker = broker_pid(daemon);

        if (broker > 0)
                kill(broker, SIGTERM);
        daemon_wait(daemon);
}

void daemon_stop(struct daemon *daemon) {
        daemon_terminate(daemon);
        if (!WIFEXITED(daemon->status) || WEXITSTATUS(daemon->status) != 0)
                ck_abort_msg("the broker ended with status %#x at SIGTERM", daemon->status);
}

/* A wrapper ends when the broker does, and is not killed, since it may not be the last to go. */
void daemon_kill(struct daemon *daemon) {
        int64_t since = harness_now_ms();

        while (daemon_runs(daemon)) {
                pid_t broker = broker_pid(daemon);
                if (broker > 0)
                        kill(broker, SIGKILL);
                harness_wait_a_moment(since, "the broker to be dead");
        }
}

/* --------------------------------------------------------- what /proc tells */

static FILE *open_proc(const struct daemon *daemon, const char *what) {
        char path[64];

        snprintf(path, sizeof(path), "/proc/%d/%s", broker_pid(daemon), what);
        FILE *file = fopen(path, "re");
        ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
        return file;
}

uint64_t daemon_busy_ms(const struct daemon *daemon) {
        unsigned long long running_ns, waiting_ns;
        FILE *file = open_proc(daemon, "schedstat");

        ck_assert_int_eq(fscanf(file, "%llu %llu", &running_ns, &waiting_ns), 2);
        fclose(file);
        return (running_ns + waiting_ns) / 1000000;
}

uint64_t daemon_resident_bytes(const struct daemon *daemon) {
        unsigned long pages;
        FILE *file = open_proc(daemon, "statm");

        ck_assert_int_eq(fscanf(file, "%*u %lu", &pages), 1);
        fclose(file);
        return pages * (unsigned long) sysconf(_SC_PAGESIZE);
}

unsigned daemon_descriptors(const struct daemon *daemon) {
        char path[64];
        unsigned n = 0;
        struct dirent *entry;

        snprintf(path, sizeof(path), "/proc/%d/fd", broker_pid(daemon));
        DIR *directory = opendir(path);
        ck_assert_msg(directory != NULL, "%s: %s", path, strerror(errno));
        while ((entry = readdir(directory)) != NULL)
                n += entry->d_name[0] != '.';
        closedir(directory);
        return n;
}

bool daemon_logged(const struct daemon *daemon, const char *text) {
        char line[1024];
        bool found = false;
        FILE *log = fopen(daemon->log, "re");

        ck_assert_ptr_nonnull(log);
        while (!found && fgets(line, sizeof(line), log) != NULL)
                found = strstr(line, text) != NULL;
        fclose(log);
        return found;
}

/* ---------------------------------------------------------------- segments */

#define LISTED_MAX 65536

static int compare_ids(const void *a, const void *b) {
        int x = *(const int *) a, y = *(const int *) b;

        return (x > y) - (x < y);
}

static size_t list_ids(const struct daemon *daemon, int *ids) {
        size_t n = 0;
        cJSON *segments = wire_list(daemon);
        const cJSON *segment;

        cJSON_ArrayForEach(segment, segments) {
                ck_assert_uint_lt(n, LISTED_MAX);
                ids[n++] = cJSON_GetObjectItemCaseSensitive(segment, "id")->valueint;
        }
        cJSON_Delete(segments);
        qsort(ids, n, sizeof(*ids), compare_ids);
        return n;
}

static bool has_id(const int *ids, size_t n, int id) {
        return bsearch(&id, ids, n, sizeof(*ids), compare_ids) != NULL;
}

void daemon_check_segments(const struct daemon *daemon) {
        static int ids[LISTED_MAX];
        size_t n;
        struct shmid_ds ds;
        struct shm_info info;

        if (geteuid() != 0)
                return;
        n = list_ids(daemon, ids);
        for (size_t i = 0; i < n; i++)
                ck_assert_msg(shmctl(ids[i], IPC_STAT, &ds) == 0,
                              "segment %d is listed and is not there", ids[i]);

        int last = shmctl(0, SHM_INFO, (struct shmid_ds *) &info);
        for (int index = 0; index <= last; index++) {
                int id = shmctl(index, SHM_STAT_ANY, &ds);
                if (id < 0 || ds.shm_perm.cuid != daemon->uid || (ds.shm_perm.mode & SHM_DEST))
                        continue;
                if (!has_id(ids, n, id)) /* what a List can't look at it leaves out */
                        n = list_ids(daemon, ids);
                ck_assert_msg(has_id(ids, n, id),
                              "segment %d (key %#x) is the broker's and has no name", id,
                              (unsigned) ds.shm_perm.__key);
        }
}
