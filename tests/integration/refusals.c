/* What is wrong with a call is named: parameters, names, rights, limits. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <unistd.h>

/* --------------------------------------------------------------- parameters */

START_TEST(what_is_wrong_with_parameters_is_named) {
        static const struct {
                const char *method, *parameters, *named;
        } rows[] = {
                /* unknown, and no other spelling of a known one */
                {"Create", "'name':'a','size':1,'colour':1", "colour"},
                {"Create", "'Name':'a','size':1", "Name"},
                {"Stat", "'name':'a','':1", ""},
                {"GetStatus", "'x':null", "x"},
                {"List", "'pattern':'*','x':1", "x"},
                {"org.varlink.service.GetInfo", "'x':1", "x"},
                /* absent, and null as absent */
                {"Create", "'name':'a'", "size"},
                {"Create", "'name':'a','size':null", "size"},
                {"Open", " ", "name"},
                {"Open", "'name':null", "name"},
                {"Find", " ", "name"},
                {"Adopt", "'id':0", "name"},
                {"Rename", "'name':'a'", "to"},
                {"Rename", "'to':'a'", "name"},
                /* of another type */
                {"Create", "'name':1,'size':1", "name"},
                {"Create", "'name':'a','size':'1'", "size"},
                {"Create", "'name':'a','size':true", "size"},
                {"Create", "'name':'a','size':1,'exclusive':1", "exclusive"},
                {"Create", "'name':'a','size':1,'labels':[]", "labels"},
                {"Create", "'name':'a','size':1,'labels':{'k':1}", "labels"},
                {"Create", "'name':'a','size':1,'labels':{'k':null}", "labels"},
                {"Create", "'name':'a','size':1,'lifetime':0", "lifetime"},
                {"Create", "'name':'a','size':1,'token':7", "token"},
                {"Stat", "'name':['a']", "name"},
                {"Stat", "'id':'0'", "id"},
                {"Stat", "'id':{}", "id"},
                {"List", "'pattern':{}", "pattern"},
                /* fractions */
                {"Create", "'name':'a','size':1.5", "size"},
                {"Create", "'name':'a','size':1,'mode':1e-1", "mode"},
                {"Stat", "'id':0.5", "id"},
                /* out of range */
                {"Create", "'name':'a','size':-1", "size"},
                {"Create", "'name':'a','size':9007199254740992", "size"},
                {"Create", "'name':'a','size':1e300", "size"},
                {"Create", "'name':'a','size':1,'mode':512", "mode"},
                {"Create", "'name':'a','size':1,'mode':-1", "mode"},
                {"Create", "'name':'a','size':1,'hugePageSize':-1", "hugePageSize"},
                {"Create", "'name':'a','size':1,'hugePageSize':3000000", "hugePageSize"},
                {"Create", "'name':'a','size':1,'lifetime':'eternal'", "lifetime"},
                {"Create", "'name':'a','size':1,'token':''", "token"},
                {"Open", "'name':'a','mode':512", "mode"},
                {"Open", "'name':'a','size':-1", "size"},
                {"Find", "'name':'a','mode':512", "mode"},
                {"Find", "'name':'a','size':-1", "size"},
                {"Stat", "'id':-1", "id"},
                {"Stat", "'id':2147483648", "id"},
                {"Adopt", "'name':'a','key':4294967296", "key"},
                {"Adopt", "'name':'a','key':-1", "key"},
                {"Set", "'name':'a','uid':4294967295", "uid"},
                {"Set", "'name':'a','gid':4294967295", "gid"},
                {"Set", "'name':'a','uid':-1", "uid"},
                {"Set", "'name':'a','mode':1000", "mode"},
                /* labels beyond their bounds */
                {"Create", "'name':'a','size':1,'labels':{'':'v'}", "labels"},
                {"Create", "'name':'a','size':1,'labels':{'k k':'v'}", "labels"},
                {"Create", "'name':'a','size':1,'labels':{'k':'a\\nb'}", "labels"},
                {"Create", "'name':'a','size':1,'labels':{'k':'\\u007f'}", "labels"},
                {"Create",
                 "'name':'a','size':1,'labels':{'1':'','2':'','3':'','4':'','5':'','6':'','7':'',"
                 "'8':'','9':'','10':'','11':'','12':'','13':'','14':'','15':'','16':'','17':''}",
                 "labels"},
                /* lifetimes that are not served yet */
                {"Create", "'name':'a','size':1,'lifetime':'process'", "lifetime"},
                {"Create", "'name':'a','size':1,'lifetime':'unit'", "lifetime"},
                {"Create", "'name':'a','size':1,'lifetime':'attached'", "lifetime"},
                /* patterns */
                {"List", "'pattern':'[a'", "pattern"},
                {"List", "'pattern':''", "pattern"},
        };
        int fd = connect_daemon();

        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                wire_send(fd, "{'method':'%s%s','parameters':{%s},'more':%s}",
                          strchr(rows[i].method, '.') == NULL ? "io.shmbroker." : "",
                          rows[i].method, rows[i].parameters,
                          strcmp(rows[i].method, "List") == 0 ? "true" : "false");
                cJSON *reply = wire_receive(fd);
                const char *error = reply_error(reply);
                ck_assert_msg(error != NULL &&
                                      strcmp(error, "org.varlink.service.InvalidParameter") == 0 &&
                                      strcmp(reply_string(reply, "parameter"), rows[i].named) == 0,
                              "%s {%s}: %s", rows[i].method, rows[i].parameters,
                              cJSON_PrintUnformatted(reply));
                cJSON_Delete(reply);
        }
        expect_success(wire_call(fd, "GetStatus", " "));
        close(fd);
}
END_TEST

START_TEST(one_of_name_and_id) {
        static const char *const methods[] = {"Stat", "Set", "Lock", "Unlock", "Remove"};
        int fd = connect_daemon();

        expect_success(wire_call(fd, "Create", "'name':'a','size':1"));
        for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
                expect_error(wire_call(fd, methods[i], "'name':'a','id':0"),
                             "org.varlink.service.InvalidParameter", NULL);
                expect_error(wire_call(fd, methods[i], " "), "org.varlink.service.InvalidParameter",
                             NULL);
                expect_error(wire_call(fd, methods[i], "'name':null,'id':null"),
                             "org.varlink.service.InvalidParameter", NULL);
        }
        expect_success(wire_call(fd, "Stat", "'name':'a','id':null"));
        close(fd);
}
END_TEST

START_TEST(the_outermost_values_are_taken) {
        char name[256], key[65], value[257], token[65];
        int fd = connect_daemon();

        memset(name, 'n', 255), name[255] = '\0';
        memset(key, 'k', 64), key[64] = '\0';
        memset(value, 'v', 256), value[256] = '\0';
        memset(token, 't', 64), token[64] = '\0';
        expect_success(wire_call(fd, "Create",
                                 "'name':'%s','size':1,'mode':511,'labels':{'%s':'%s'},"
                                 "'token':'%s'",
                                 name, key, value, token));
        expect_error(wire_call(fd, "Create", "'name':'a','size':1,'labels':{'%sk':''}", key),
                     "org.varlink.service.InvalidParameter", "parameter=labels");
        expect_error(wire_call(fd, "Create", "'name':'a','size':1,'labels':{'k':'%sv'}", value),
                     "org.varlink.service.InvalidParameter", "parameter=labels");
        expect_error(wire_call(fd, "Create", "'name':'a','size':1,'token':'%st'", token),
                     "org.varlink.service.InvalidParameter", "parameter=token");
        expect_success(wire_call(fd, "Create", "'name':'b','size':1.0,'mode':4.2e2"));
        expect_error(wire_call(fd, "Create", "'name':'c','size':9007199254740991"), "LimitExceeded",
                     "limit=totalSize");
        expect_error(wire_call(fd, "Stat", "'id':2147483647"), "NotFound", "id=2147483647");
        close(fd);
}
END_TEST

START_TEST(bad_names_are_told_why) {
        static const char *const names[] = {
                "",    "/",   "/a",    "a/",      "a//b", ".",         "..",  "a/./b", "a/../b",
                "a b", "a*b", "a\\\\", "\\u00e9", "a?",   "a\\u0001b", "a[b", "~",     "#",
        };
        static const char *const calls[] = {
                "Create|'name':'%s','size':1",
                "Open|'name':'%s'",
                "Find|'name':'%s'",
                "Stat|'name':'%s'",
                "Remove|'name':'%s'",
                "Rename|'name':'x','to':'%s'",
                "Adopt|'name':'%s','id':0",
        };
        int fd = connect_daemon();

        expect_success(wire_call(fd, "Create", "'name':'x','size':1"));
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
                for (size_t j = 0; j < sizeof(calls) / sizeof(*calls); j++) {
                        char method[16], parameters[512];
                        const char *bar = strchr(calls[j], '|');
                        const char *hole = strstr(bar, "%s");
                        snprintf(method, sizeof(method), "%.*s", (int) (bar - calls[j]), calls[j]);
                        snprintf(parameters, sizeof(parameters), "%.*s%s%s", (int) (hole - bar - 1),
                                 bar + 1, names[i], hole + 2);
                        cJSON *reply = wire_call(fd, method, "%s", parameters);
                        ck_assert_msg(
                                reply_error(reply) != NULL &&
                                        strcmp(reply_error(reply), "io.shmbroker.InvalidName") == 0,
                                "%s {%s}: %s", method, parameters, cJSON_PrintUnformatted(reply));
                        ck_assert_str_ne(reply_string(reply, "reason"), "");
                        cJSON_Delete(reply);
                }
        }
        char name[257];
        memset(name, 'n', 256), name[256] = '\0';
        expect_error(wire_call(fd, "Create", "'name':'%s','size':1", name), "InvalidName", NULL);
        close(fd);
}
END_TEST

static void stranger_is_refused(void *context) {
        int fd = connect_daemon();

        expect_error(wire_call(fd, "Stat", "'name':'a'"), "AccessDenied", "name=a");
        expect_error(wire_call(fd, "Open", "'name':'a'"), "AccessDenied", "name=a");
        expect_error(wire_call(fd, "Find", "'name':'a'"), "AccessDenied", "name=a");
        expect_error(wire_call(fd, "Create", "'name':'a','size':1"), "AccessDenied", "name=a");
        expect_error(wire_call(fd, "Set", "'name':'a','mode':511"), "NotOwner", "name=a");
        expect_error(wire_call(fd, "Lock", "'name':'a'"), "NotOwner", "name=a");
        expect_error(wire_call(fd, "Unlock", "'name':'a'"), "NotOwner", "name=a");
        expect_error(wire_call(fd, "Remove", "'name':'a'"), "NotOwner", "name=a");
        expect_error(wire_call(fd, "Rename", "'name':'a','to':'b'"), "NotOwner", "name=a");
        expect_error(wire_call(fd, "Adopt", "'name':'b','key':18193"), "NotOwner", NULL);
        expect_success(wire_call(fd, "Create", "'name':'mine','size':1"));
        expect_error(wire_call(fd, "Rename", "'name':'mine','to':'a','replace':true"), "NotOwner",
                     "name=a");
        close(fd);
}

START_TEST(strangers_are_refused_by_name) {
        int fd;

        harness_needs_root();
        fd = connect_daemon();
        expect_success(wire_call(fd, "Create", "'name':'a','size':1"));
        ck_assert_int_ge(shmget(0x4711, 1, IPC_CREAT | 0666), 0);
        as(&stranger, stranger_is_refused, NULL);
        expect_success(wire_call(fd, "Stat", "'name':'a'"));
        close(fd);
}
END_TEST

START_TEST(limits_are_named) {
        static const struct {
                const char *option, *limit;
        } rows[] = {
                {"segments=2", "limit=segments"},
                {"segmentsPerUser=2", "limit=segmentsPerUser"},
                {"totalSize=8192", "limit=totalSize"},
                {"sizePerUser=8192", "limit=sizePerUser"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                harness_daemon.options[0] = "--limit";
                harness_daemon.options[1] = rows[i].option;
                daemon_start(&harness_daemon);
                int fd = connect_daemon();
                expect_success(wire_call(fd, "Create", "'name':'a','size':4096"));
                expect_success(wire_call(fd, "Create", "'size':4096"));
                expect_error(wire_call(fd, "Create", "'name':'c','size':4096"), "LimitExceeded",
                             rows[i].limit);
                expect_success(wire_call(fd, "Remove", "'name':'a'"));
                expect_success(wire_call(fd, "Create", "'name':'c','size':4096"));
                expect_success(wire_call(fd, "Remove", "'name':'c'"));
                wire_send(fd, "{'method':'io.shmbroker.List','more':true}");
                cJSON *reply = wire_receive(fd);
                expect_success(wire_call(fd, "Remove", "'id':%lld",
                                         (long long) reply_integer(reply, "segment.id")));
                cJSON_Delete(reply);
                close(fd);
                daemon_stop(&harness_daemon);
        }
        harness_daemon.options[1] = "segmentSize=4096";
        daemon_start(&harness_daemon);
        int fd = connect_daemon();
        expect_success(wire_call(fd, "Create", "'name':'a','size':4096"));
        expect_error(wire_call(fd, "Create", "'name':'b','size':4097"), "InvalidSize",
                     "maximum=4096");
        close(fd);
}
END_TEST

START_TEST(the_kernels_own_limits_are_told) {
        int fd;
        FILE *file;

        harness_needs_root();
        file = fopen("/proc/sys/kernel/shmmni", "we"); /* this namespace's */
        if (file == NULL || fprintf(file, "2") < 0 || fclose(file) != 0)
                harness_skip("kernel.shmmni can't be set");
        fd = connect_daemon();
        expect_success(wire_call(fd, "Create", "'name':'a','size':4096"));
        expect_success(wire_call(fd, "Create", "'name':'b','size':4096"));
        expect_error(wire_call(fd, "Create", "'name':'c','size':4096"), "LimitExceeded",
                     "limit=shmmni");
        file = fopen("/proc/sys/kernel/shmmni", "we");
        ck_assert(file != NULL && fprintf(file, "100") > 0 && fclose(file) == 0);
        file = fopen("/proc/sys/kernel/shmall", "we");
        ck_assert(file != NULL && fprintf(file, "3") > 0 && fclose(file) == 0);
        expect_success(wire_call(fd, "Create", "'name':'c','size':4096"));
        expect_error(wire_call(fd, "Create", "'name':'d','size':4096"), "LimitExceeded",
                     "limit=shmall");
        file = fopen("/proc/sys/kernel/shmmax", "we");
        ck_assert(file != NULL && fprintf(file, "8192") > 0 && fclose(file) == 0);
        expect_error(wire_call(fd, "Create", "'name':'d','size':8193"), "InvalidSize",
                     "maximum=8192");
        close(fd);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("refusals");

        harness_test(suite, what_is_wrong_with_parameters_is_named);
        harness_test(suite, one_of_name_and_id);
        harness_test(suite, the_outermost_values_are_taken);
        harness_test(suite, bad_names_are_told_why);
        harness_test(suite, strangers_are_refused_by_name);
        harness_test_alone(suite, limits_are_named);
        harness_test(suite, the_kernels_own_limits_are_told);
        return harness_run(suite);
}
