#include "script.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#define ADOPTED_KEY 18193 /* as the step has it */

struct step {
        const char *method;
        const char *name;       /* whom it is about; "-": the private one */
        const char *to;         /* Rename */
        const char *parameters; /* further ones */
        bool attach;            /* and keep it attached */
};

/* clang-format off */
/* With as many labels as there may be: a dozen of these and the journal is written anew. */
#define COMES_AND_GOES                                                                             \
        {"Create", "churn", NULL, "'size':1,'token':'t-churn','labels':$labels"},           \
        {"Remove", "churn", NULL, ""}

static const struct step steps[] = {
        {"Create", "a", NULL, "'size':5000,'token':'t-a','labels':{'k':'v'}"},
        {"Create", "b", NULL, "'size':1,'exclusive':true,'mode':416,'token':'t-b'"},
        {"Create", "-", NULL, "'size':100,'token':'t-private','labels':{'private':'yes'}"},
        {"Set", "a", NULL, "'mode':420,'labels':{'k':'w','l':'x'}"},
        {"Set", "b", NULL, "'uid':$uid,'gid':$gid"},
        {"Set", "b", NULL, "'labels':{'only':'labels'}"},
        {"Lock", "a", NULL, ""},
        {"Unlock", "a", NULL, ""},
        {"Rename", "a", "c/renamed", "'token':'t-rename'"},
        {"Create", "d", NULL, "'size':4096,'token':'t-d'"},
        {"Rename", "d", "c/renamed", "'replace':true,'token':'t-replace'"},
        {"Adopt", "e", NULL, "'key':18193,'token':'t-e','labels':{'by':'key'}"},
        {"Rename", "e", "e2", "'token':'t-e2'"},
        {"Create", "f", NULL, "'size':4096,'token':'t-f'", .attach = true},
        {"Remove", "f", NULL, ""},
        {"Create", "f", NULL, "'size':8192,'exclusive':true,'token':'t-f2'", .attach = true},
        {"Create", "g", NULL, "'size':10,'token':'t-g'"},
        {"Rename", "g", "f", "'replace':true,'token':'t-gf'"},
        {"Remove", "b", NULL, ""},
        {"Remove", "-", NULL, ""},
        /* Large ones, whose removal and locking a helper thread does. */
        {"Create", "large", NULL, "'size':4194304,'token':'t-large'"},
        {"Remove", "large", NULL, ""},
        {"Create", "large", NULL, "'size':2097152,'token':'t-large2'"},
        {"Create", "small", NULL, "'size':1,'token':'t-small'"},
        {"Rename", "small", "large", "'replace':true,'token':'t-small-large'"},
        {"Rename", "e2", "large", "'replace':true,'token':'t-e-large'"},
        COMES_AND_GOES, COMES_AND_GOES, COMES_AND_GOES, COMES_AND_GOES, COMES_AND_GOES,
        COMES_AND_GOES, COMES_AND_GOES, COMES_AND_GOES, COMES_AND_GOES, COMES_AND_GOES,
        COMES_AND_GOES, COMES_AND_GOES, COMES_AND_GOES, COMES_AND_GOES,
        {"Create", "last", NULL, "'size':7,'mode':0,'token':'t-last'"},
        {"Remove", "large", NULL, ""}, /* an adopted one: its name alone */
};
/* clang-format on */

#define STEPS (sizeof(steps) / sizeof(*steps))

static char *states[STEPS + 1]; /* what stands before each step, and at the end */

unsigned script_steps(void) {
        return STEPS;
}

/* ------------------------------------------------------------ what was told */

static struct known *find_known(struct script *script, const char *name) {
        for (size_t i = 0; i < script->known_count; i++)
                if (strcmp(script->known[i].name, name) == 0)
                        return &script->known[i];
        return NULL;
}

static void forget_known(struct script *script, const char *name) {
        struct known *known = find_known(script, name);

        if (known != NULL) {
                free(known->identity);
                *known = script->known[--script->known_count];
        }
}

static char *identity_of(const cJSON *segment) {
        static const char *const fields[] = {"id",   "key",  "size", "cuid",
                                             "cgid", "cpid", "seq",  "createdAt"};
        cJSON *identity = cJSON_CreateObject();

        for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
                cJSON_AddItemToObject(
                        identity, fields[i],
                        cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(segment, fields[i]),
                                        true));
        cJSON_AddItemToObject(
                identity, "creator",
                cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(segment, "creator"), true));
        char *text = cJSON_PrintUnformatted(identity);
        cJSON_Delete(identity);
        return text;
}

/* The step was done, and told (NULL: not told) with this segment. */
static void note_done(struct script *script, const struct step *step, const cJSON *segment) {
        if (strcmp(step->method, "Create") == 0 || strcmp(step->method, "Adopt") == 0) {
                forget_known(script, step->name);
                ck_assert_uint_lt(script->known_count, 16);
                struct known *known = &script->known[script->known_count++];
                *known = (struct known){.id = -1};
                snprintf(known->name, sizeof(known->name), "%s", step->name);
                if (segment != NULL) {
                        known->id = cJSON_GetObjectItemCaseSensitive(segment, "id")->valueint;
                        known->identity = identity_of(segment);
                }
        } else if (strcmp(step->method, "Rename") == 0) {
                forget_known(script, step->to);
                struct known *known = find_known(script, step->name);
                ck_assert_ptr_nonnull(known);
                snprintf(known->name, sizeof(known->name), "%s", step->to);
        } else if (strcmp(step->method, "Remove") == 0) {
                forget_known(script, step->name);
        }
        script->step++;
        script->unheard = false;
}

/* --------------------------------------------------------------- what stands */

/* What differs from run to run, or is the kernel's own. */
static const char *const volatile_fields[] = {"id",    "key",   "seq",   "cpid",      "lpid",
                                              "atime", "dtime", "ctime", "createdAt", "nattch"};

static char *state_text(const cJSON *segments) {
        char *text = NULL;
        size_t size;
        const cJSON *segment;
        FILE *out = open_memstream(&text, &size);

        ck_assert_ptr_nonnull(out);
        cJSON_ArrayForEach(segment, segments) {
                cJSON *copy = cJSON_Duplicate(segment, true);
                for (size_t i = 0; i < sizeof(volatile_fields) / sizeof(*volatile_fields); i++)
                        cJSON_DeleteItemFromObjectCaseSensitive(copy, volatile_fields[i]);
                cJSON *creator = cJSON_GetObjectItemCaseSensitive(copy, "creator");
                cJSON_DeleteItemFromObjectCaseSensitive(creator, "pid");
                /* For people: absent where /proc does not tell. */
                cJSON_DeleteItemFromObjectCaseSensitive(creator, "command");
                char *line = cJSON_PrintUnformatted(copy);
                fprintf(out, "%s\n", line);
                cJSON_free(line);
                cJSON_Delete(copy);
        }
        fclose(out);
        return text;
}

static void check_identities(struct script *script, const cJSON *segments) {
        const cJSON *segment;

        cJSON_ArrayForEach(segment, segments) {
                const cJSON *name = cJSON_GetObjectItemCaseSensitive(segment, "name");
                struct known *known =
                        find_known(script, cJSON_IsString(name) ? name->valuestring : "-");
                ck_assert_ptr_nonnull(known);
                if (known->id < 0)
                        continue;
                char *identity = identity_of(segment);
                ck_assert_str_eq(identity, known->identity);
                cJSON_free(identity);
        }
}

static bool is_as_expected(const struct script *script, const char *text) {
        return strcmp(text, states[script->step]) == 0 ||
               (script->unheard && strcmp(text, states[script->step + 1]) == 0);
}

/* A List leaves out what it can't look at; what fails here fails once. */
static cJSON *list_twice(const struct script *script, char **ret_text) {
        cJSON *segments = wire_list(script->daemon);

        *ret_text = state_text(segments);
        if (is_as_expected(script, *ret_text))
                return segments;
        cJSON_Delete(segments);
        free(*ret_text);
        segments = wire_list(script->daemon);
        *ret_text = state_text(segments);
        return segments;
}

void script_check(struct script *script) {
        char *text;
        cJSON *segments = list_twice(script, &text);

        if (script->unheard && strcmp(text, states[script->step]) != 0) {
                ck_assert_msg(strcmp(text, states[script->step + 1]) == 0,
                              "step %u (%s %s) was not answered, and is done by half:\n%s"
                              "instead of\n%sor\n%s",
                              script->step, steps[script->step].method, steps[script->step].name,
                              text, states[script->step], states[script->step + 1]);
                note_done(script, &steps[script->step], NULL);
        }
        script->unheard = false;
        ck_assert_msg(strcmp(text, states[script->step]) == 0,
                      "before step %u stands\n%sinstead of\n%s", script->step, text,
                      states[script->step]);
        check_identities(script, segments);
        free(text);
        cJSON_Delete(segments);
        ck_assert_msg(shmget(ADOPTED_KEY, 0, 0) >= 0, "what was adopted is gone");
        for (size_t i = 0; i < script->attached_count; i++)
                ck_assert_int_eq(*(char *) script->attached[i], 'x');
        daemon_check_segments(script->daemon);
}

/* ------------------------------------------------------------------- the run */

static void print_labels(FILE *out) {
        for (int i = 0; i < 16; i++)
                fprintf(out, "%c'%d':'%0256d'", i == 0 ? '{' : ',', i, i);
        fputc('}', out);
}

/* `$uid` and `$gid` stand for somebody else's, where we may give segments away. */
static char *fill_in(const char *parameters) {
        bool as_root = geteuid() == 0;
        char *text;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        ck_assert_ptr_nonnull(out);
        while (*parameters != '\0') {
                if (strncmp(parameters, "$uid", 4) == 0) {
                        fprintf(out, "%u", as_root ? alice.uid : geteuid());
                        parameters += strlen("$uid");
                } else if (strncmp(parameters, "$gid", 4) == 0) {
                        fprintf(out, "%u", as_root ? bob.gid : getegid());
                        parameters += strlen("$gid");
                } else if (strncmp(parameters, "$labels", 7) == 0) {
                        print_labels(out);
                        parameters += strlen("$labels");
                } else {
                        fputc(*parameters++, out);
                }
        }
        fclose(out);
        return text;
}

static cJSON *call_step(struct script *script, const struct step *step) {
        char *parameters = fill_in(step->parameters);
        char whom[96] = "", to[96] = "";

        if (strcmp(step->name, "-") != 0)
                snprintf(whom, sizeof(whom), "'name':'%s'", step->name);
        else if (strcmp(step->method, "Create") != 0)
                snprintf(whom, sizeof(whom), "'id':%d", find_known(script, "-")->id);
        else
                snprintf(whom, sizeof(whom), "'name':null");
        if (step->to != NULL)
                snprintf(to, sizeof(to), ",'to':'%s'", step->to);
        cJSON *reply = wire_try_call(script->fd, step->method, "%s%s%s%s", whom, to,
                                     parameters[0] == '\0' ? "" : ",", parameters);
        free(parameters);
        return reply;
}

/* The private one has no name to find it by when its creation was not heard of. */
static void learn_private(struct script *script) {
        struct known *known = find_known(script, "-");

        if (known == NULL || known->id >= 0)
                return;
        cJSON *segments = wire_list(script->daemon);
        const cJSON *segment;
        cJSON_ArrayForEach(segment, segments) {
                if (cJSON_IsString(cJSON_GetObjectItemCaseSensitive(segment, "name")))
                        continue;
                known->id = cJSON_GetObjectItemCaseSensitive(segment, "id")->valueint;
                known->identity = identity_of(segment);
        }
        cJSON_Delete(segments);
}

static void attach_segment(struct script *script, const cJSON *segment) {
        int id = cJSON_GetObjectItemCaseSensitive(segment, "id")->valueint;
        char *at = shmat(id, NULL, 0);

        ck_assert_ptr_ne(at, (void *) -1);
        at[0] = 'x';
        script->attached[script->attached_count++] = at;
}

static enum script_result lose(struct script *script, bool unheard) {
        close(script->fd);
        script->fd = -1;
        script->unheard = unheard;
        return SCRIPT_LOST;
}

enum script_result script_next(struct script *script) {
        const struct step *step = &steps[script->step];

        if (script->step == STEPS)
                return SCRIPT_ENDED;
        if (script->fd < 0) {
                script->fd = wire_try_connect(script->daemon);
                if (script->fd < 0)
                        return SCRIPT_LOST;
                learn_private(script);
        }
        cJSON *reply = call_step(script, step);
        if (reply == NULL)
                return lose(script, true);
        if (reply_error(reply) != NULL) {
                script->refused++;
                cJSON_Delete(reply);
                return SCRIPT_REFUSED;
        }
        const cJSON *segment = reply_at(reply, "segment");
        if (step->attach)
                attach_segment(script, segment);
        note_done(script, step, segment);
        cJSON_Delete(reply);
        return SCRIPT_DONE;
}

enum script_result script_run(struct script *script) {
        enum script_result result;

        do
                result = script_next(script);
        while (result == SCRIPT_DONE);
        return result;
}

#define ATTEMPTS 4

unsigned script_insist(struct script *script) {
        enum script_result result;
        unsigned failures = 0;

        while ((result = script_run(script)) != SCRIPT_ENDED) {
                ck_assert_msg(++failures < ATTEMPTS, "step %u (%s %s) fails again and again",
                              script->step, steps[script->step].method, steps[script->step].name);
                script_check(script);
        }
        script_check(script);
        return failures;
}

/* --------------------------------------------------------- beginning and end */

static void remove_all_segments(void) {
        struct shmid_ds ds;
        struct shm_info info;
        int last = shmctl(0, SHM_INFO, (struct shmid_ds *) &info);

        for (int index = 0; index <= last; index++) {
                int id = shmctl(index, SHM_STAT_ANY, &ds);
                if (id >= 0)
                        shmctl(id, IPC_RMID, NULL);
        }
}

static void remove_state(const struct daemon *daemon) {
        struct dirent *entry;
        DIR *directory = opendir(daemon->state);

        while (directory != NULL && (entry = readdir(directory)) != NULL)
                unlinkat(dirfd(directory), entry->d_name, 0);
        if (directory != NULL)
                closedir(directory);
        unlink(daemon->socket);
        unlink(daemon->log);
}

void script_begin(struct script *script, struct daemon *daemon) {
        *script = (struct script){.daemon = daemon, .fd = -1};
        remove_all_segments();
        remove_state(daemon);
        ck_assert_int_ge(shmget(ADOPTED_KEY, 4096, IPC_CREAT | IPC_EXCL | 0600), 0);
}

void script_end(struct script *script) {
        for (size_t i = 0; i < script->attached_count; i++)
                shmdt(script->attached[i]);
        for (size_t i = 0; i < script->known_count; i++)
                free(script->known[i].identity);
        if (script->fd >= 0)
                close(script->fd);
        remove_all_segments();
}

static char *state_now(const struct daemon *daemon) {
        cJSON *segments = wire_list(daemon);
        char *text = state_text(segments);

        cJSON_Delete(segments);
        return text;
}

void script_learn(struct daemon *daemon) {
        struct script script;

        script_begin(&script, daemon);
        daemon_start(daemon);
        states[0] = state_now(daemon);
        for (unsigned i = 0; i < STEPS; i++) {
                ck_assert_msg(script_next(&script) == SCRIPT_DONE, "step %u (%s %s) fails", i,
                              steps[i].method, steps[i].name);
                states[i + 1] = state_now(daemon);
        }
        script_check(&script);
        script_end(&script);
        daemon_stop(daemon);
}

/* ------------------------------------------------------------------- workers */

#define WORKERS 2

struct worker {
        script_worker function;
        unsigned number, count;
};

static void run_worker(void *context) {
        const struct worker *worker = context;
        struct daemon daemon;

        if (geteuid() == 0)
                ck_assert_int_eq(unshare(CLONE_NEWIPC), 0);
        daemon_new(&daemon);
        worker->function(&daemon, worker->number, worker->count);
        daemon_free(&daemon);
}

void script_in_parallel(script_worker function) {
        struct worker workers[WORKERS];
        pid_t children[WORKERS];
        unsigned count = geteuid() == 0 ? WORKERS : 1;

        for (unsigned i = 0; i < count; i++) {
                workers[i] = (struct worker){function, i, count};
                children[i] = as_begin(NULL, run_worker, &workers[i]);
        }
        for (unsigned i = 0; i < count; i++)
                as_end(children[i]);
}
