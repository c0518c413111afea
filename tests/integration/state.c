/* What the broker keeps in its state directory: read again only where it is its own. */
#include "harness.h"

#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---------------------------------------------------------------- the journal */

/* The file of the state directory that has the text, made to have another one. */
static void replace_in_state(const char *text, const char *by) {
        unsigned replaced = 0;
        struct dirent *entry;
        DIR *directory = opendir(harness_daemon.state);

        ck_assert_ptr_nonnull(directory);
        while ((entry = readdir(directory)) != NULL) {
                char path[512];
                static char content[1 << 20];
                snprintf(path, sizeof(path), "%s/%s", harness_daemon.state, entry->d_name);
                FILE *file = fopen(path, "r+e");
                if (file == NULL)
                        continue;
                size_t n = fread(content, 1, sizeof(content), file);
                char *at = n == 0 ? NULL : memmem(content, n, text, strlen(text));
                if (at != NULL) {
                        memcpy(at, by, strlen(by));
                        rewind(file);
                        ck_assert_uint_eq(fwrite(content, 1, n, file), n);
                        replaced++;
                }
                fclose(file);
        }
        closedir(directory);
        ck_assert_uint_eq(replaced, 1);
}

static unsigned files_in_state(void) {
        unsigned n = 0;
        struct dirent *entry;
        DIR *directory = opendir(harness_daemon.state);

        ck_assert_ptr_nonnull(directory);
        while ((entry = readdir(directory)) != NULL)
                n += entry->d_name[0] != '.' && strstr(entry->d_name, "lock") == NULL;
        closedir(directory);
        return n;
}

static void expect_set_aside(unsigned files, int id) {
        int fd = connect_daemon();

        expect_error(wire_call(fd, "Stat", "'name':'a'"), "NotFound", "name=a");
        ck_assert_uint_eq(files_in_state(), files + 1);
        ck_assert(daemon_logged(&harness_daemon, "aside"));
        if (id >= 0) {
                /* Not acted on: the segment is as it was, and nobody's. */
                struct shmid_ds ds;
                ck_assert_int_eq(shmctl(id, IPC_STAT, &ds), 0);
                expect_error(wire_call(fd, "Stat", "'id':%d", id), "NotFound", NULL);
                ck_assert_int_eq(shmctl(id, IPC_RMID, NULL), 0);
        }
        expect_success(wire_call(fd, "Create", "'name':'a','size':7,'exclusive':true"));
        close(fd);
        daemon_kill(&harness_daemon);
        daemon_start(&harness_daemon);
        fd = connect_daemon();
        cJSON *reply = wire_call(fd, "Stat", "'name':'a'");
        ck_assert_int_eq(reply_integer(reply, "segment.size"), 7);
        cJSON_Delete(reply);
        close(fd);
}

static int create_a(void) {
        int fd = connect_daemon();
        cJSON *reply = wire_call(fd, "Create", "'name':'a','size':4096");
        int id = (int) reply_integer(reply, "segment.id");

        cJSON_Delete(reply);
        close(fd);
        return id;
}

START_TEST(another_boots_journal_is_set_aside) {
        char boot[64] = "";
        FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

        ck_assert(file != NULL && fscanf(file, "%63s", boot) == 1);
        fclose(file);
        int id = create_a();
        daemon_kill(&harness_daemon);
        unsigned files = files_in_state();
        replace_in_state(boot, "00000000-0000-4000-8000-000000000000");
        daemon_start(&harness_daemon);
        expect_set_aside(files, id);
}
END_TEST

START_TEST(another_namespaces_journal_is_set_aside) {
        harness_needs_root();
        int id = create_a();
        daemon_stop(&harness_daemon);
        unsigned files = files_in_state();
        ck_assert_int_eq(shmctl(id, IPC_RMID, NULL), 0);
        ck_assert_int_eq(unshare(CLONE_NEWIPC), 0);
        /* There somebody else has an id like ours. */
        ck_assert_int_eq(shmget(IPC_PRIVATE, 4096, 0600), id);
        daemon_start(&harness_daemon);
        expect_set_aside(files, id);
}
END_TEST

START_TEST(a_torn_record_is_cut_off) {
        struct dirent *entry;
        int fd = connect_daemon();

        expect_success(wire_call(fd, "Create", "'name':'a','size':1"));
        close(fd);
        daemon_stop(&harness_daemon); /* cuts the room off that is not used */
        DIR *directory = opendir(harness_daemon.state);
        ck_assert_ptr_nonnull(directory);
        while ((entry = readdir(directory)) != NULL) {
                char path[512];
                struct stat st;
                snprintf(path, sizeof(path), "%s/%s", harness_daemon.state, entry->d_name);
                if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
                        continue;
                FILE *file = fopen(path, "ae");
                ck_assert_ptr_nonnull(file);
                fputs("{\"created\":{\"name\":\"to", file);
                fclose(file);
        }
        closedir(directory);
        daemon_start(&harness_daemon);
        fd = connect_daemon();
        expect_success(wire_call(fd, "Stat", "'name':'a'"));
        expect_success(wire_call(fd, "Create", "'name':'b','size':1"));
        close(fd);
        daemon_kill(&harness_daemon);
        daemon_start(&harness_daemon);
        fd = connect_daemon();
        expect_success(wire_call(fd, "Stat", "'name':'a'"));
        expect_success(wire_call(fd, "Stat", "'name':'b'"));
        close(fd);
}
END_TEST

static void print_repeated(FILE *out, const char *text, int times) {
        while (times-- > 0)
                fputs(text, out);
}

/* Everything at its longest, and of what takes most room when it is written down. */
static char *longest_labels(const char *text) {
        char *labels;
        size_t size;
        FILE *out = open_memstream(&labels, &size);

        ck_assert_ptr_nonnull(out);
        fputc('{', out);
        for (int i = 0; i < 16; i++) {
                fprintf(out, "%s'%064d':'", i == 0 ? "" : ",", i);
                print_repeated(out, text, 256);
                fputc('\'', out);
        }
        fputc('}', out);
        fclose(out);
        return labels;
}

static char *repeated(const char *text, int times) {
        char *repeated;
        size_t size;
        FILE *out = open_memstream(&repeated, &size);

        ck_assert_ptr_nonnull(out);
        print_repeated(out, text, times);
        fclose(out);
        return repeated;
}

#define ODD_COMMAND "\"\\\"\\\"\\\"\\\"\\\"\\\"\\\""

START_TEST(the_longest_records_are_kept) {
        char *name = repeated("n", 255), *to = repeated("m", 255);
        char *token = repeated("\\\"", 64), *second_token = repeated("\\\\", 64);
        char *quotes = longest_labels("\\\""), *backslashes = longest_labels("\\\\");
        int fd = connect_daemon();

        prctl(PR_SET_NAME, ODD_COMMAND);
        for (int i = 0; i < 8; i++) { /* often enough for the file to be written anew */
                close(fd);
                fd = connect_daemon(); /* whose name is asked anew */
                expect_success(wire_call(fd, "Create",
                                         "'name':'%s','size':1,'token':'%s','labels':%s", name,
                                         token, quotes));
                expect_success(wire_call(fd, "Set", "'name':'%s','mode':511,'labels':%s", name,
                                         backslashes));
                expect_success(wire_call(fd, "Rename", "'name':'%s','to':'%s','token':'%s'", name,
                                         to, second_token));
                if (i % 2 == 0) {
                        close(fd);
                        daemon_kill(&harness_daemon);
                        daemon_start(&harness_daemon);
                        fd = connect_daemon();
                }
                cJSON *reply = wire_call(fd, "Stat", "'name':'%s'", to);
                const cJSON *labels = reply_at(reply, "segment.labels"), *label;
                ck_assert_int_eq(cJSON_GetArraySize(labels), 16);
                cJSON_ArrayForEach(label, labels) {
                        ck_assert_uint_eq(strlen(label->valuestring), 256);
                        ck_assert_uint_eq(strspn(label->valuestring, "\\"), 256);
                }
                ck_assert_str_eq(reply_string(reply, "segment.creator.command"), ODD_COMMAND);
                cJSON_Delete(reply);
                expect_success(wire_call(fd, "Remove", "'name':'%s'", to));
        }
        close(fd);
        free(name);
        free(to);
        free(token);
        free(second_token);
        free(quotes);
        free(backslashes);
}
END_TEST

/* A process may call itself anything, and what is written down must be read again. */
START_TEST(an_odd_name_of_a_creator_does_no_harm) {
        static const char *const names[] = {"\xff\xfe",       "a\nb\tc",      "\x01\x7f", "\xc3",
                                            "\"},{\"x\":{\"", "\xed\xa0\x80", "\\u0000",  ""};
        const size_t count = sizeof(names) / sizeof(*names);

        for (size_t i = 0; i < count; i++) {
                prctl(PR_SET_NAME, names[i]);
                int fd = connect_daemon();
                expect_success(wire_call(fd, "Create", "'name':'n%zu','size':1", i));
                close(fd);
        }
        daemon_kill(&harness_daemon);
        daemon_start(&harness_daemon);
        int fd = connect_daemon();
        for (size_t i = 0; i < count; i++)
                expect_success(wire_call(fd, "Stat", "'name':'n%zu'", i));
        close(fd);
}
END_TEST

static uint64_t state_bytes(void) {
        uint64_t bytes = 0;
        struct dirent *entry;
        DIR *directory = opendir(harness_daemon.state);

        ck_assert_ptr_nonnull(directory);
        while ((entry = readdir(directory)) != NULL) {
                char path[512];
                struct stat st;
                snprintf(path, sizeof(path), "%s/%s", harness_daemon.state, entry->d_name);
                if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
                        bytes += (uint64_t) st.st_blocks * 512;
        }
        closedir(directory);
        return bytes;
}

START_TEST(the_journal_stays_small) {
        int fd = connect_daemon();

        expect_success(wire_call(fd, "Create", "'name':'kept','size':1,'labels':{'k':'v'}"));
        for (int i = 0; i < 20000; i++) {
                expect_success(wire_call(fd, "Create", "'name':'comes/and/goes','size':1"));
                expect_success(wire_call(fd, "Remove", "'name':'comes/and/goes'"));
        }
        ck_assert_uint_lt(state_bytes(), 4 << 20);
        close(fd);
        daemon_kill(&harness_daemon);
        daemon_start(&harness_daemon);
        fd = connect_daemon();
        cJSON *reply = wire_call(fd, "Stat", "'name':'kept'");
        ck_assert_str_eq(reply_string(reply, "segment.labels.k"), "v");
        cJSON_Delete(reply);
        expect_error(wire_call(fd, "Stat", "'name':'comes/and/goes'"), "NotFound", NULL);
        close(fd);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("state");

        harness_test(suite, another_boots_journal_is_set_aside);
        harness_test(suite, another_namespaces_journal_is_set_aside);
        harness_test(suite, a_torn_record_is_cut_off);
        harness_test(suite, the_longest_records_are_kept);
        harness_test(suite, an_odd_name_of_a_creator_does_no_harm);
        harness_test(suite, the_journal_stays_small);
        return harness_run(suite);
}
