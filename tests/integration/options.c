/* How shmbrokerd is started: its options, its socket, and what it says of wrong ones. */
#include "harness.h"
#include "shmbroker.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void set_options(const char *first, const char *second) {
        harness_daemon.options[0] = first;
        harness_daemon.options[1] = second;
        harness_daemon.options[2] = NULL;
        unlink(harness_daemon.log);
}

START_TEST(wrong_options_are_named) {
        static const struct {
                const char *option, *value, *words;
        } rows[] = {
                {"--colour", NULL, "colour"},
                {"--limit", NULL, "limit"},
                {"--limit", "colours=1", "colours"},
                {"--limit", "segments", "segments"},
                {"--limit", "segments=", "segments"},
                {"--limit", "segments=-1", "segments"},
                {"--limit", "segments=1X", "segments"},
                {"--limit", "segments=1KK", "segments"},
                {"--limit", "segments=9007199254740992", "segments"},
                {"--limit", "segments=99999999999999999999999", "segments"},
                {"--limit", "totalSize=9000T", "totalSize"},
                {"--limit", "messageSize=1", "messageSize"},
                {"--address", "tcp:1", "tcp:1"},
                {"--address", "unix:", "unix:"},
                {"--socket-mode", "9", "9"},
                {"--socket-mode", "1000", "1000"},
                {"--socket-mode", "", "mode"},
                {"--log-level", "loud", "loud"},
                {"word", NULL, "word"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                set_options(rows[i].option, rows[i].value);
                daemon_run(&harness_daemon);
                ck_assert_msg(WIFEXITED(harness_daemon.status) &&
                                      WEXITSTATUS(harness_daemon.status) == 2,
                              "%s %s: it ended with %#x", rows[i].option,
                              rows[i].value == NULL ? "" : rows[i].value, harness_daemon.status);
                ck_assert_msg(daemon_logged(&harness_daemon, rows[i].words), "%s %s is not named",
                              rows[i].option, rows[i].value == NULL ? "" : rows[i].value);
        }
}
END_TEST

START_TEST(help_and_version_are_told) {
        static const struct {
                const char *option, *words;
        } rows[] = {{"--help", "--state-dir"},
                    {"--help", "segmentsPerUser"},
                    {"--version", "shmbrokerd "}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                set_options(rows[i].option, NULL);
                daemon_run(&harness_daemon);
                ck_assert_int_eq(harness_daemon.status, 0);
                ck_assert(daemon_logged(&harness_daemon, rows[i].words));
        }
}
END_TEST

START_TEST(limits_may_have_suffixes) {
        set_options("--limit", "totalSize=3G");
        daemon_start(&harness_daemon);
        int fd = connect_daemon();
        cJSON *reply = wire_call(fd, "GetStatus", " ");
        ck_assert_int_eq(reply_integer(reply, "limits.totalSize"), (int64_t) 3 << 30);
        cJSON_Delete(reply);
        close(fd);
}
END_TEST

START_TEST(the_socket_has_the_mode_that_was_asked_for) {
        struct stat st;

        set_options("--socket-mode", "620");
        daemon_start(&harness_daemon);
        ck_assert_int_eq(stat(harness_daemon.socket, &st), 0);
        ck_assert(S_ISSOCK(st.st_mode));
        ck_assert_uint_eq(st.st_mode & 07777, 0620);
        daemon_stop(&harness_daemon);
        ck_assert_int_lt(stat(harness_daemon.socket, &st), 0);
        ck_assert_int_eq(stat(harness_daemon.state, &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0700);
}
END_TEST

START_TEST(a_socket_may_be_abstract) {
        char address[64];
        struct shmb *b;

        snprintf(address, sizeof(address), "unix:@shmbroker-test-%d", (int) getpid());
        set_options("--address", address);
        daemon_begin(&harness_daemon);
        int64_t since = harness_now_ms();
        while (shmb_connect(&b, address) < 0)
                harness_wait_a_moment(since, "an abstract socket");
        ck_assert_int_eq(shmb_create(b, "a", 1, NULL, NULL, NULL), 0);
        ck_assert_int_eq(shmb_remove(b, (struct shmb_which){.name = "a"}, NULL), 0);
        shmb_close(b);
        daemon_stop(&harness_daemon);
}
END_TEST

START_TEST(a_directory_that_can_not_be_is_told) {
        snprintf(harness_daemon.state, sizeof(harness_daemon.state), "%s/log/state",
                 harness_daemon.directory);
        set_options(NULL, NULL);
        daemon_run(&harness_daemon);
        ck_assert(WIFEXITED(harness_daemon.status) && WEXITSTATUS(harness_daemon.status) == 1);
        ck_assert(daemon_logged(&harness_daemon, harness_daemon.state));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("options");

        harness_test_alone(suite, wrong_options_are_named);
        harness_test_alone(suite, help_and_version_are_told);
        harness_test_alone(suite, limits_may_have_suffixes);
        harness_test_alone(suite, the_socket_has_the_mode_that_was_asked_for);
        harness_test_alone(suite, a_socket_may_be_abstract);
        harness_test_alone(suite, a_directory_that_can_not_be_is_told);
        return harness_run(suite);
}
