/* Every method and every error of the interface, by its raw JSON. */
#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <unistd.h>

static char *read_file(const char *path) {
        static char text[65536];
        FILE *file = fopen(path, "re");

        ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
        size_t n = fread(text, 1, sizeof(text) - 1, file);
        text[n] = '\0';
        fclose(file);
        return text;
}

static int connect_daemon(void) {
        return wire_connect(&harness_daemon);
}

/* -------------------------------------------------------- org.varlink.service */

START_TEST(get_info_names_the_interfaces) {
        int fd = connect_daemon();

        wire_send(fd, "{'method':'org.varlink.service.GetInfo'}");
        cJSON *reply = wire_receive(fd);
        static const char *const strings[] = {"vendor", "product", "version", "url"};
        for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++)
                ck_assert_str_ne(reply_string(reply, strings[i]), "");
        const cJSON *interfaces = reply_at(reply, "interfaces");
        ck_assert_int_eq(cJSON_GetArraySize(interfaces), 2);
        ck_assert_str_eq(cJSON_GetArrayItem(interfaces, 0)->valuestring, "org.varlink.service");
        ck_assert_str_eq(cJSON_GetArrayItem(interfaces, 1)->valuestring, "io.shmbroker");
        cJSON_Delete(reply);
        close(fd);
}
END_TEST

START_TEST(descriptions_are_the_files) {
        static const char *const files[][2] = {
                {"io.shmbroker", INTERFACES "/io.shmbroker.varlink"},
                {"org.varlink.service", INTERFACES "/org.varlink.service.varlink"},
        };
        int fd = connect_daemon();

        for (size_t i = 0; i < 2; i++) {
                cJSON *reply = wire_call(fd, "org.varlink.service.GetInterfaceDescription",
                                         "'interface':'%s'", files[i][0]);
                ck_assert_str_eq(reply_string(reply, "description"), read_file(files[i][1]));
                cJSON_Delete(reply);
        }
        expect_error(wire_call(fd, "org.varlink.service.GetInterfaceDescription",
                               "'interface':'io.other'"),
                     "org.varlink.service.InterfaceNotFound", "interface=io.other");
        expect_error(wire_call(fd, "org.varlink.service.GetInterfaceDescription", " "),
                     "org.varlink.service.InvalidParameter", "parameter=interface");
        close(fd);
}
END_TEST

START_TEST(every_method_of_the_files_is_known) {
        static const char *const files[][2] = {
                {"io.shmbroker", INTERFACES "/io.shmbroker.varlink"},
                {"org.varlink.service", INTERFACES "/org.varlink.service.varlink"},
        };
        unsigned methods = 0;
        int fd = connect_daemon();

        for (size_t i = 0; i < 2; i++) {
                char *text = read_file(files[i][1]);
                for (char *at = text; (at = strstr(at, "\nmethod ")) != NULL; methods++) {
                        char name[64];
                        at += strlen("\nmethod ");
                        ck_assert_int_eq(sscanf(at, "%63[A-Za-z]", name), 1);
                        wire_send(fd, "{'method':'%s.%s'}", files[i][0], name);
                        cJSON *reply = wire_receive(fd);
                        const char *error = reply_error(reply);
                        ck_assert_msg(error == NULL || strstr(error, "NotFound") == NULL, "%s: %s",
                                      name, error);
                        cJSON_Delete(reply);
                }
        }
        ck_assert_uint_eq(methods, 15);
        close(fd);
}
END_TEST

START_TEST(unknown_methods_and_interfaces_are_named) {
        int fd = connect_daemon();

        expect_error(wire_call(fd, "Stats", " "), "org.varlink.service.MethodNotFound",
                     "method=io.shmbroker.Stats");
        expect_error(wire_call(fd, "stat", " "), "org.varlink.service.MethodNotFound",
                     "method=io.shmbroker.stat");
        expect_error(wire_call(fd, "io.other.Stat", " "), "org.varlink.service.InterfaceNotFound",
                     "interface=io.other");
        expect_success(wire_call(fd, "GetStatus", " "));
        close(fd);
}
END_TEST

/* ------------------------------------------------------------- each method */

static void expect_segment(const cJSON *reply, const char *name, int64_t size, int64_t mode) {
        struct shmid_ds ds;
        int id = (int) reply_integer(reply, "segment.id");

        ck_assert_int_eq(shmctl(id, IPC_STAT, &ds), 0);
        ck_assert_str_eq(reply_string(reply, "segment.name"), name);
        ck_assert_int_eq(reply_integer(reply, "segment.size"), size);
        ck_assert_int_eq(reply_integer(reply, "segment.mode"), mode);
        ck_assert_uint_eq(ds.shm_segsz, (size_t) size);
        ck_assert_uint_eq(ds.shm_perm.mode & 0777, (unsigned) mode);
        ck_assert_uint_eq((uint32_t) ds.shm_perm.__key,
                          (uint32_t) reply_integer(reply, "segment.key"));
        ck_assert_uint_eq(ds.shm_perm.uid, reply_integer(reply, "segment.uid"));
        ck_assert_uint_eq(ds.shm_perm.gid, reply_integer(reply, "segment.gid"));
}

START_TEST(create_tells_every_field) {
        int fd = connect_daemon();
        cJSON *reply = wire_call(fd, "Create",
                                 "'name':'cam/still','size':6000,'mode':416,'exclusive':true,"
                                 "'lifetime':'persistent','hugePageSize':0,'noReserve':false,"
                                 "'labels':{'a':'1','b.c/d-e_f':''},'token':'t1'");
        struct daemon *daemon = &harness_daemon;

        ck_assert_ptr_null(reply_error(reply));
        ck_assert(reply_true(reply, "created"));
        expect_segment(reply, "cam/still", 6000, 0640);
        ck_assert_int_ne(reply_integer(reply, "segment.key"), 0);
        ck_assert_int_eq(reply_integer(reply, "segment.uid"), geteuid());
        ck_assert_int_eq(reply_integer(reply, "segment.gid"), getegid());
        ck_assert_int_eq(reply_integer(reply, "segment.cuid"), daemon->uid);
        ck_assert_int_eq(reply_integer(reply, "segment.cgid"), daemon->gid);
        ck_assert_int_ge(reply_integer(reply, "segment.seq"), 0);
        ck_assert_int_eq(reply_integer(reply, "segment.atime"), 0);
        ck_assert_int_eq(reply_integer(reply, "segment.dtime"), 0);
        ck_assert_int_gt(reply_integer(reply, "segment.ctime"), 0);
        ck_assert_int_eq(reply_integer(reply, "segment.cpid"), daemon->pid);
        ck_assert_int_eq(reply_integer(reply, "segment.lpid"), 0);
        ck_assert_int_eq(reply_integer(reply, "segment.nattch"), 0);
        ck_assert(!reply_true(reply, "segment.locked"));
        ck_assert(!reply_true(reply, "segment.removed"));
        ck_assert_int_eq(reply_integer(reply, "segment.pageSize"), sysconf(_SC_PAGESIZE));
        ck_assert_str_eq(reply_string(reply, "segment.lifetime"), "persistent");
        ck_assert_int_eq(reply_integer(reply, "segment.creator.uid"), geteuid());
        ck_assert_int_eq(reply_integer(reply, "segment.creator.gid"), getegid());
        ck_assert_int_eq(reply_integer(reply, "segment.creator.pid"), getpid());
        ck_assert_str_ne(reply_string(reply, "segment.creator.command"), "");
        ck_assert_int_gt(reply_integer(reply, "segment.createdAt"), 0);
        ck_assert(!reply_true(reply, "segment.adopted"));
        const cJSON *labels = reply_at(reply, "segment.labels");
        ck_assert_int_eq(cJSON_GetArraySize(labels), 2);
        ck_assert_str_eq(cJSON_GetObjectItemCaseSensitive(labels, "b.c/d-e_f")->valuestring, "");
        cJSON_Delete(reply);
        close(fd);
}
END_TEST

START_TEST(create_finds_what_exists) {
        int fd = connect_daemon();

        expect_success(wire_call(fd, "Create", "'name':'a','size':8192"));
        cJSON *reply = wire_call(fd, "Create", "'name':'a','size':4096,'mode':0");
        ck_assert(!reply_true(reply, "created"));
        expect_segment(reply, "a", 8192, 0600);
        cJSON_Delete(reply);
        expect_success(wire_call(fd, "Create", "'name':'a','size':0"));
        expect_error(wire_call(fd, "Create", "'name':'a','size':8193"), "InvalidSize", "size=8193");
        expect_error(wire_call(fd, "Create", "'name':'a','size':8192,'exclusive':true"), "Exists",
                     "name=a");
        expect_error(wire_call(fd, "Create", "'name':'b','size':0"), "InvalidSize", "minimum=1");
        close(fd);
}
END_TEST

START_TEST(create_without_a_name_is_always_new) {
        int fd = connect_daemon();
        cJSON *one = wire_call(fd, "Create", "'size':1");
        cJSON *two = wire_call(fd, "Create", "'name':null,'size':1");

        const cJSON *name = reply_at(one, "segment.name");
        ck_assert(name == NULL || cJSON_IsNull(name));
        ck_assert_int_eq(reply_integer(one, "segment.key"), 0);
        ck_assert_int_ne(reply_integer(one, "segment.id"), reply_integer(two, "segment.id"));
        expect_success(
                wire_call(fd, "Stat", "'id':%lld", (long long) reply_integer(one, "segment.id")));
        cJSON_Delete(one);
        cJSON_Delete(two);
        close(fd);
}
END_TEST

START_TEST(a_repeated_token_is_answered_as_at_first) {
        int fd = connect_daemon();
        cJSON *first =
                wire_call(fd, "Create", "'name':'a','size':4096,'exclusive':true,'token':'x'");
        cJSON *again =
                wire_call(fd, "Create", "'name':'a','size':4096,'exclusive':true,'token':'x'");

        ck_assert(reply_true(again, "created"));
        ck_assert_int_eq(reply_integer(first, "segment.id"), reply_integer(again, "segment.id"));
        cJSON_Delete(first);
        cJSON_Delete(again);
        expect_error(wire_call(fd, "Create", "'name':'a','size':4096,'exclusive':true,'token':'y'"),
                     "Exists", "name=a");

        first = wire_call(fd, "Rename", "'name':'a','to':'b','token':'r'");
        again = wire_call(fd, "Rename", "'name':'a','to':'b','token':'r'");
        ck_assert_str_eq(reply_string(again, "segment.name"), "b");
        cJSON_Delete(first);
        cJSON_Delete(again);
        expect_error(wire_call(fd, "Rename", "'name':'a','to':'b','token':'s'"), "NotFound",
                     "name=a");

        int id = shmget(IPC_PRIVATE, 4096, 0600);
        first = wire_call(fd, "Adopt", "'name':'c','id':%d,'token':'d'", id);
        again = wire_call(fd, "Adopt", "'name':'c','id':%d,'token':'d'", id);
        ck_assert_int_eq(reply_integer(first, "segment.id"), id);
        ck_assert_int_eq(reply_integer(again, "segment.id"), id);
        cJSON_Delete(first);
        cJSON_Delete(again);
        close(fd);
}
END_TEST

START_TEST(open_finds) {
        int fd = connect_daemon();

        expect_success(wire_call(fd, "Create", "'name':'a','size':4096,'labels':{'k':'v'}"));
        static const char *const good[] = {" ",          "'size':4096", "'write':true",
                                           "'mode':384", "'mode':0",    "'size':1,'write':false"};
        for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
                cJSON *reply = wire_call(fd, "Open", "%s%s'name':'a'", good[i],
                                         good[i][0] == ' ' ? "" : ",");
                expect_segment(reply, "a", 4096, 0600);
                ck_assert_str_eq(reply_string(reply, "segment.labels.k"), "v");
                cJSON_Delete(reply);
        }
        expect_error(wire_call(fd, "Open", "'name':'a','size':4097"), "InvalidSize",
                     "maximum=4096");
        expect_error(wire_call(fd, "Open", "'name':'b'"), "NotFound", "name=b");
        expect_error(wire_call(fd, "Open", "'name':'a','write':true,'mode':0"),
                     "org.varlink.service.InvalidParameter", NULL);
        close(fd);
}
END_TEST

START_TEST(stat_set_lock_unlock_rename_remove) {
        int fd = connect_daemon();
        cJSON *reply = wire_call(fd, "Create", "'name':'a','size':4096");
        int id = (int) reply_integer(reply, "segment.id");
        cJSON_Delete(reply);

        reply = wire_call(fd, "Stat", "'id':%d", id);
        expect_segment(reply, "a", 4096, 0600);
        cJSON_Delete(reply);

        reply = wire_call(fd, "Set", "'name':'a','mode':438,'labels':{'k':'v'}");
        expect_segment(reply, "a", 4096, 0666);
        ck_assert_str_eq(reply_string(reply, "segment.labels.k"), "v");
        cJSON_Delete(reply);
        reply = wire_call(fd, "Set", "'id':%d,'labels':{}", id);
        ck_assert_int_eq(cJSON_GetArraySize(reply_at(reply, "segment.labels")), 0);
        ck_assert_int_eq(reply_integer(reply, "segment.mode"), 0666);
        cJSON_Delete(reply);

        reply = wire_call(fd, "Lock", "'id':%d", id);
        ck_assert(reply_true(reply, "segment.locked"));
        cJSON_Delete(reply);
        reply = wire_call(fd, "Unlock", "'name':'a'");
        ck_assert(!reply_true(reply, "segment.locked"));
        cJSON_Delete(reply);

        reply = wire_call(fd, "Rename", "'name':'a','to':'b'");
        ck_assert_str_eq(reply_string(reply, "segment.name"), "b");
        cJSON_Delete(reply);
        expect_error(wire_call(fd, "Stat", "'name':'a'"), "NotFound", "name=a");

        reply = wire_call(fd, "Remove", "'name':'b'");
        ck_assert_int_eq(reply_integer(reply, "segment.id"), id);
        ck_assert(reply_true(reply, "segment.removed"));
        cJSON_Delete(reply);
        expect_error(wire_call(fd, "Stat", "'name':'b'"), "NotFound", "name=b");
        char parameter[32];
        snprintf(parameter, sizeof(parameter), "id=%d", id);
        expect_error(wire_call(fd, "Stat", "'id':%d", id), "NotFound", parameter);
        close(fd);
}
END_TEST

START_TEST(owners_and_groups_are_set) {
        int fd;

        harness_needs_root();
        fd = connect_daemon();
        expect_success(wire_call(fd, "Create", "'name':'a','size':1"));
        cJSON *reply = wire_call(fd, "Set", "'name':'a','uid':60001,'gid':60002");
        expect_segment(reply, "a", 1, 0600);
        ck_assert_int_eq(reply_integer(reply, "segment.uid"), 60001);
        ck_assert_int_eq(reply_integer(reply, "segment.gid"), 60002);
        cJSON_Delete(reply);
        reply = wire_call(fd, "Set", "'name':'a','uid':60003");
        ck_assert_int_eq(reply_integer(reply, "segment.uid"), 60003);
        ck_assert_int_eq(reply_integer(reply, "segment.gid"), 60002);
        cJSON_Delete(reply);
        close(fd);
}
END_TEST

START_TEST(rename_replaces_in_one_step) {
        int fd = connect_daemon();

        expect_success(wire_call(fd, "Create", "'name':'new','size':1"));
        expect_success(wire_call(fd, "Create", "'name':'old','size':2"));
        expect_error(wire_call(fd, "Rename", "'name':'new','to':'old'"), "Exists", "name=old");
        expect_error(wire_call(fd, "Rename", "'name':'none','to':'old','replace':true"), "NotFound",
                     "name=none");
        cJSON *reply = wire_call(fd, "Rename", "'name':'new','to':'old','replace':true");
        expect_segment(reply, "old", 1, 0600);
        cJSON_Delete(reply);
        expect_error(wire_call(fd, "Stat", "'name':'new'"), "NotFound", "name=new");
        close(fd);
}
END_TEST

START_TEST(adopt_names_what_was_made_elsewhere) {
        int fd = connect_daemon();
        int id = shmget(0x4711, 5000, IPC_CREAT | 0640);

        cJSON *reply = wire_call(fd, "Adopt", "'name':'a','key':%d,'labels':{'k':'v'}", 0x4711);
        expect_segment(reply, "a", 5000, 0640);
        ck_assert(reply_true(reply, "segment.adopted"));
        ck_assert_int_eq(reply_integer(reply, "segment.cuid"), geteuid());
        cJSON_Delete(reply);
        expect_error(wire_call(fd, "Adopt", "'name':'a','id':%d", id), "Exists", "name=a");
        expect_error(wire_call(fd, "Adopt", "'name':'b','key':18193,'id':%d", id),
                     "org.varlink.service.InvalidParameter", NULL);
        expect_error(wire_call(fd, "Adopt", "'name':'b','key':18194"), "NotFound", NULL);
        expect_error(wire_call(fd, "Adopt", "'name':'b','id':999999"), "NotFound", "id=999999");
        if (harness_daemon.uid != geteuid()) {
                expect_error(wire_call(fd, "Set", "'name':'a','mode':384"), "Adopted", "name=a");
                expect_error(wire_call(fd, "Lock", "'name':'a'"), "Adopted", "name=a");
                expect_error(wire_call(fd, "Unlock", "'name':'a'"), "Adopted", "name=a");
        }
        expect_success(wire_call(fd, "Set", "'name':'a','labels':{'k':'w'}"));
        expect_success(wire_call(fd, "Rename", "'name':'a','to':'b'"));
        expect_success(wire_call(fd, "Remove", "'name':'b'"));
        struct shmid_ds ds;
        ck_assert_int_eq(shmctl(id, IPC_STAT, &ds), 0); /* the name alone was given up */
        close(fd);
}
END_TEST

START_TEST(list_answers_with_more) {
        int fd = connect_daemon();

        expect_error(wire_call(fd, "List", " "), "org.varlink.service.ExpectedMore", NULL);
        wire_send(fd, "{'method':'io.shmbroker.List','more':true}");
        cJSON *reply = wire_receive(fd);
        ck_assert_ptr_null(reply_error(reply));
        ck_assert_ptr_null(reply_at(reply, "segment"));
        ck_assert(!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reply, "continues")));
        cJSON_Delete(reply);

        static const char *const names[] = {"b", "a/y", "a/x", "a-b", "a/x/z"};
        for (size_t i = 0; i < 5; i++)
                expect_success(wire_call(fd, "Create", "'name':'%s','size':1", names[i]));
        expect_success(wire_call(fd, "Create", "'size':1"));

        static const struct {
                const char *pattern;
                const char *found; /* names in their order, "-" for a private one */
        } rows[] = {
                {"null", "a-b a/x a/x/z a/y b - "},
                {"'**'", "a-b a/x a/x/z a/y b "},
                {"'a/*'", "a/x a/y "},
                {"'a/**'", "a/x a/x/z a/y "},
                {"'?'", "b "},
                {"'a[-.]b'", "a-b "},
                {"'c'", ""},
                {"'a/[!x]'", "a/y "},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                char found[256] = "";
                wire_send(fd,
                          "{'method':'io.shmbroker.List','more':true,'parameters':{'pattern':%s}}",
                          rows[i].pattern);
                for (bool more = true; more;) {
                        reply = wire_receive(fd);
                        const cJSON *name = reply_at(reply, "segment.name");
                        if (reply_at(reply, "segment") != NULL) {
                                strcat(found, cJSON_IsString(name) ? name->valuestring : "-");
                                strcat(found, " ");
                        }
                        more = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reply, "continues"));
                        cJSON_Delete(reply);
                }
                ck_assert_msg(strcmp(found, rows[i].found) == 0, "%s: \"%s\"", rows[i].pattern,
                              found);
        }
        close(fd);
}
END_TEST

START_TEST(wait_and_watch_are_not_implemented_yet) {
        int fd = connect_daemon();

        expect_error(wire_call(fd, "Wait", "'name':'a'"),
                     "org.varlink.service.MethodNotImplemented", "method=io.shmbroker.Wait");
        wire_send(fd, "{'method':'io.shmbroker.Watch','more':true}");
        expect_error(wire_receive(fd), "org.varlink.service.MethodNotImplemented",
                     "method=io.shmbroker.Watch");
        close(fd);
}
END_TEST

START_TEST(get_status_tells_how_it_does) {
        int fd = connect_daemon();

        expect_success(wire_call(fd, "Create", "'name':'a','size':4096"));
        expect_success(wire_call(fd, "Create", "'name':'b','size':5000"));
        expect_error(wire_call(fd, "Stat", "'name':'c'"), "NotFound", NULL);
        cJSON *reply = wire_call(fd, "GetStatus", " ");
        ck_assert_int_eq(reply_integer(reply, "pid"), harness_daemon.pid);
        ck_assert_int_eq(reply_integer(reply, "uid"), harness_daemon.uid);
        ck_assert_int_gt(reply_integer(reply, "startedAt"), 0);
        char path[64], expected[64];
        snprintf(path, sizeof(path), "/proc/self/ns/ipc");
        ssize_t n = readlink(path, expected, sizeof(expected) - 1);
        ck_assert_int_gt(n, 0);
        expected[n] = '\0';
        char actual[64];
        snprintf(actual, sizeof(actual), "ipc:[%lld]",
                 (long long) reply_integer(reply, "ipcNamespace"));
        ck_assert_str_eq(actual, expected);
        ck_assert_int_eq(reply_integer(reply, "segments"), 2);
        ck_assert_int_eq(reply_integer(reply, "totalSize"), 9096);
        ck_assert_int_ge(reply_integer(reply, "connections"), 1);
        ck_assert_int_eq(reply_integer(reply, "watchers"), 0);
        ck_assert_int_ge(reply_integer(reply, "requests"), 3);
        ck_assert_int_ge(reply_integer(reply, "errors"), 1);
        static const char *const limits[] = {
                "segments",           "segmentSize",    "totalSize",
                "segmentsPerUser",    "sizePerUser",    "connections",
                "connectionsPerUser", "watchesPerUser", "messageSize",
        };
        for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
                snprintf(path, sizeof(path), "limits.%s", limits[i]);
                ck_assert_int_gt(reply_integer(reply, path), 0);
        }
        ck_assert_int_eq(reply_integer(reply, "limits.messageSize"), 65536);
        cJSON_Delete(reply);
        close(fd);
}
END_TEST

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

/* ---------------------------------------------------------------- envelopes */

START_TEST(a_thousand_calls_in_one_write_are_answered_in_order) {
        static char text[1000 * 80];
        size_t length = 0;
        int fd = connect_daemon();

        for (int i = 0; i < 1000; i++) {
                int n = snprintf(
                        text + length, sizeof(text) - length,
                        "{\"method\":\"io.shmbroker.%s\",\"parameters\":{\"name\":\"n%d\"}}",
                        i % 3 == 0 ? "Open" : "Stat", i);
                length += (size_t) n + 1;
        }
        wire_send_bytes(fd, text, length);
        for (int i = 0; i < 1000; i++) {
                char expected[32];
                snprintf(expected, sizeof(expected), "name=n%d", i);
                expect_error(wire_receive(fd), "NotFound", expected);
        }
        expect_success(wire_call(fd, "GetStatus", " "));
        close(fd);
}
END_TEST

START_TEST(oneway_is_done_and_not_answered) {
        int fd = connect_daemon();

        wire_send(fd, "{'method':'io.shmbroker.Create','parameters':{'name':'a','size':1},"
                      "'oneway':true}");
        wire_send(fd,
                  "{'method':'io.shmbroker.Stat','parameters':{'name':'nobody'},'oneway':true}");
        wire_send(fd, "{'method':'io.shmbroker.List','more':true,'oneway':true}");
        wire_send(fd, "{'method':'io.shmbroker.Remove','parameters':{'name':'a'},'oneway':true}");
        wire_send(fd, "{'method':'io.shmbroker.Create','parameters':{'name':'b','size':1048576},"
                      "'oneway':true}");
        wire_send(fd, "{'method':'io.shmbroker.Remove','parameters':{'name':'b'},'oneway':true}");
        cJSON *reply = wire_call(fd, "GetStatus", " ");
        ck_assert_int_eq(reply_integer(reply, "segments"), 0);
        ck_assert_int_eq(reply_integer(reply, "errors"), 1);
        cJSON_Delete(reply);
        close(fd);
}
END_TEST

START_TEST(more_is_no_harm_to_other_methods) {
        int fd = connect_daemon();

        wire_send(fd, "{'method':'io.shmbroker.GetStatus','more':true}");
        cJSON *reply = wire_receive(fd);
        ck_assert(!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reply, "continues")));
        expect_success(reply);
        close(fd);
}
END_TEST

START_TEST(a_message_may_come_byte_by_byte) {
        static const char text[] = "{ \"method\" :\t\"io.shmbroker.Create\",\r\n\"parameters\":"
                                   "{\"name\":\"caf\\u0065\",\"size\":1}}";
        int fd = connect_daemon(), other = connect_daemon();

        for (size_t i = 0; i < sizeof(text); i++) {
                wire_send_bytes(fd, text + i, 1);
                if (i % 16 == 0)
                        expect_success(wire_call(other, "GetStatus", " "));
        }
        cJSON *reply = wire_receive(fd);
        ck_assert_str_eq(reply_string(reply, "segment.name"), "cafe");
        cJSON_Delete(reply);
        close(fd);
        close(other);
}
END_TEST

START_TEST(messages_may_be_cut_anywhere) {
        static const char one[] = "{\"method\":\"io.shmbroker.GetStatus\"}";
        char text[3 * sizeof(one)];
        int fd = connect_daemon(), other = connect_daemon();

        for (size_t i = 0; i < 3; i++)
                memcpy(text + i * sizeof(one), one, sizeof(one));
        for (size_t cut = 1; cut < sizeof(text); cut++) {
                wire_send_bytes(fd, text, cut);
                /* Answered behind what was sent before it: so the broker has seen the first part.
                 */
                expect_success(wire_call(other, "GetStatus", " "));
                wire_send_bytes(fd, text + cut, sizeof(text) - cut);
                for (size_t i = 0; i < 3; i++)
                        expect_success(wire_receive(fd));
        }
        close(fd);
        close(other);
}
END_TEST

START_TEST(the_largest_message_is_answered) {
        static char text[65536];
        static const char start[] = "{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"name\":\"";
        static const char end[] = "\"}}";
        int fd = connect_daemon();

        memset(text, 'n', sizeof(text));
        memcpy(text, start, strlen(start));
        memcpy(text + sizeof(text) - sizeof(end), end, sizeof(end));
        wire_send_bytes(fd, text, sizeof(text));
        expect_error(wire_receive(fd), "InvalidName", NULL);
        close(fd);
}
END_TEST

/* ------------------------------------------------------------------ garbage */

#define CALL        "{\"method\":\"io.shmbroker.GetStatus\""
#define BYTES(text) text, sizeof(text) /* with its NUL */

static const struct {
        const char *what;
        const char *bytes;
        size_t length;
} garbage[] = {
        {"no JSON", BYTES("hello")},
        {"nothing", BYTES("")},
        {"blanks", BYTES("  ")},
        {"an array", BYTES("[]")},
        {"a number", BYTES("1")},
        {"a string", BYTES("\"x\"")},
        {"null", BYTES("null")},
        {"half an object", BYTES("{\"method\":")},
        {"no method", BYTES("{}")},
        {"a null for a method", BYTES("{\"method\":null}")},
        {"a number for a method", BYTES("{\"method\":1}")},
        {"a name twice", BYTES(CALL ",\"method\":\"io.shmbroker.GetStatus\"}")},
        {"a parameter twice",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"id\":1,\"id\":2}}")},
        {"a name twice, once escaped",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"id\":1,\"\\u0069d\":2}}")},
        {"a label twice",
         BYTES("{\"method\":\"io.shmbroker.Create\",\"parameters\":{\"name\":\"a\",\"size\":1,"
               "\"labels\":{\"k\":\"1\",\"k\":\"2\"}}}")},
        {"parameters of an array", BYTES(CALL ",\"parameters\":[]}")},
        {"parameters of a string", BYTES(CALL ",\"parameters\":\"\"}")},
        {"a string for oneway", BYTES(CALL ",\"oneway\":\"yes\"}")},
        {"a number for more", BYTES(CALL ",\"more\":1}")},
        {"a leading zero", BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"id\":01}}")},
        {"no digit behind a point",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"id\":1.}}")},
        {"a plus", BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"id\":+1}}")},
        {"a number beyond doubles",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"id\":1e400}}")},
        {"a hexadecimal number",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"id\":0x1}}")},
        {"NaN", BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"id\":NaN}}")},
        {"invalid UTF-8",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"name\":\"\xff\"}}")},
        {"overlong UTF-8",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"name\":\"\xc0\xaf\"}}")},
        {"a surrogate in UTF-8",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"name\":\"\xed\xa0\x80\"}}")},
        {"UTF-8 cut off",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"name\":\"\xc3\"}}")},
        {"a lone surrogate",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"name\":\"\\ud800\"}}")},
        {"an escaped NUL",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"name\":\"a\\u0000b\"}}")},
        {"an escaped NUL in a name",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"id\\u0000\":1}}")},
        {"a raw control character",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"name\":\"a\nb\"}}")},
        {"an unknown escape",
         BYTES("{\"method\":\"io.shmbroker.Stat\",\"parameters\":{\"name\":\"\\x41\"}}")},
        {"a byte order mark", BYTES("\xef\xbb\xbf" CALL "}")},
        {"bytes behind it", BYTES(CALL "} x")},
        {"two objects", BYTES(CALL "}" CALL "}")},
        {"a comma too many", BYTES(CALL ",}")},
        {"a comment", BYTES(CALL "/**/}")},
        {"single quotes", BYTES("{'method':'io.shmbroker.GetStatus'}")},
        {"a nesting of 9", BYTES(CALL ",\"x\":[[[[[[[[]]]]]]]]}")},
        {"a flood of opening brackets",
         BYTES("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[")},
        {"a flood of NULs",
         "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32},
};

START_TEST(garbage_ends_its_own_connection_only) {
        int other = connect_daemon();

        expect_success(wire_call(other, "Create", "'name':'a','size':1"));
        for (size_t i = 0; i < sizeof(garbage) / sizeof(*garbage); i++) {
                int fd = connect_daemon();
                wire_send_bytes(fd, garbage[i].bytes, garbage[i].length);
                ck_assert_msg(wire_hung_up(fd), "%s was answered", garbage[i].what);
                close(fd);
                expect_success(wire_call(other, "Stat", "'name':'a'"));
        }
        close(other);
}
END_TEST

START_TEST(what_came_before_garbage_is_answered) {
        static const char text[] = CALL "}\0" CALL "}\0[]";
        int fd = connect_daemon();

        wire_send_bytes(fd, text, sizeof(text));
        expect_success(wire_receive(fd));
        expect_success(wire_receive(fd));
        ck_assert(wire_hung_up(fd));
        close(fd);
}
END_TEST

START_TEST(too_long_a_message_ends_its_connection) {
        static char text[65537];
        int other = connect_daemon();

        memset(text, ' ', sizeof(text));
        for (size_t length = 65536; length <= 65537; length++) {
                int fd = connect_daemon();
                memcpy(text, CALL "}", strlen(CALL "}"));
                text[length - 1] = length == 65537 ? '\0' : ' ';
                wire_send_bytes(fd, text, length);
                ck_assert(wire_hung_up(fd));
                close(fd);
        }
        expect_success(wire_call(other, "GetStatus", " "));
        close(other);
}
END_TEST

START_TEST(a_nesting_of_8_is_read) {
        int fd = connect_daemon();

        wire_send(fd, "{'method':'io.shmbroker.GetStatus','x':[[[[[[[]]]]]]]}");
        expect_success(wire_receive(fd));
        close(fd);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("wire");

        harness_test(suite, get_info_names_the_interfaces);
        harness_test(suite, descriptions_are_the_files);
        harness_test(suite, every_method_of_the_files_is_known);
        harness_test(suite, unknown_methods_and_interfaces_are_named);
        harness_test(suite, create_tells_every_field);
        harness_test(suite, create_finds_what_exists);
        harness_test(suite, create_without_a_name_is_always_new);
        harness_test(suite, a_repeated_token_is_answered_as_at_first);
        harness_test(suite, open_finds);
        harness_test(suite, stat_set_lock_unlock_rename_remove);
        harness_test(suite, owners_and_groups_are_set);
        harness_test(suite, rename_replaces_in_one_step);
        harness_test(suite, adopt_names_what_was_made_elsewhere);
        harness_test(suite, list_answers_with_more);
        harness_test(suite, wait_and_watch_are_not_implemented_yet);
        harness_test(suite, get_status_tells_how_it_does);
        harness_test(suite, what_is_wrong_with_parameters_is_named);
        harness_test(suite, one_of_name_and_id);
        harness_test(suite, the_outermost_values_are_taken);
        harness_test(suite, bad_names_are_told_why);
        harness_test(suite, strangers_are_refused_by_name);
        harness_test_alone(suite, limits_are_named);
        harness_test(suite, the_kernels_own_limits_are_told);
        harness_test(suite, a_thousand_calls_in_one_write_are_answered_in_order);
        harness_test(suite, oneway_is_done_and_not_answered);
        harness_test(suite, more_is_no_harm_to_other_methods);
        harness_test(suite, a_message_may_come_byte_by_byte);
        harness_test(suite, messages_may_be_cut_anywhere);
        harness_test(suite, the_largest_message_is_answered);
        harness_test(suite, garbage_ends_its_own_connection_only);
        harness_test(suite, what_came_before_garbage_is_answered);
        harness_test(suite, too_long_a_message_ends_its_connection);
        harness_test(suite, a_nesting_of_8_is_read);
        return harness_run(suite);
}
