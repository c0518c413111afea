/* Every method of the interface, by its raw JSON. */
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
        ck_assert_uint_eq(methods, 16);
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

/* What Open and Find find a segment of 4096 bytes with, beside its name. */
static const char *const finding[] = {" ",          "'size':4096", "'write':true",
                                      "'mode':384", "'mode':0",    "'size':1,'write':false"};

static void expect_refusals_of_finding(int fd, const char *method) {
        expect_error(wire_call(fd, method, "'name':'a','size':4097"), "InvalidSize",
                     "maximum=4096");
        expect_error(wire_call(fd, method, "'name':'b'"), "NotFound", "name=b");
        expect_error(wire_call(fd, method, "'name':'a','write':true,'mode':0"),
                     "org.varlink.service.InvalidParameter", NULL);
}

START_TEST(open_finds) {
        int fd = connect_daemon();

        expect_success(wire_call(fd, "Create", "'name':'a','size':4096,'labels':{'k':'v'}"));
        for (size_t i = 0; i < sizeof(finding) / sizeof(*finding); i++) {
                cJSON *reply = wire_call(fd, "Open", "%s%s'name':'a'", finding[i],
                                         finding[i][0] == ' ' ? "" : ",");
                expect_segment(reply, "a", 4096, 0600);
                ck_assert_str_eq(reply_string(reply, "segment.labels.k"), "v");
                cJSON_Delete(reply);
        }
        expect_refusals_of_finding(fd, "Open");
        close(fd);
}
END_TEST

START_TEST(find_tells_what_it_takes_to_attach) {
        static const char *const told[] = {"segment.id", "segment.key", "segment.size",
                                           "segment.cuid"};
        int fd = connect_daemon();

        cJSON *created = wire_call(fd, "Create", "'name':'a','size':4096,'labels':{'k':'v'}");
        for (size_t i = 0; i < sizeof(finding) / sizeof(*finding); i++) {
                cJSON *reply = wire_call(fd, "Find", "%s%s'name':'a'", finding[i],
                                         finding[i][0] == ' ' ? "" : ",");
                for (size_t j = 0; j < sizeof(told) / sizeof(*told); j++)
                        ck_assert_int_eq(reply_integer(reply, told[j]),
                                         reply_integer(created, told[j]));
                ck_assert(cJSON_IsFalse(reply_at(reply, "segment.adopted")));
                ck_assert_int_eq(cJSON_GetArraySize(reply_at(reply, "segment")), 5);
                expect_success(reply);
        }
        expect_success(created);
        expect_refusals_of_finding(fd, "Find");
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

/* By Stat and by Open, and more than once: an answer that is kept is no other one. */
static void expect_told(int fd, const char *parameters, const char *path, const char *value) {
        static const char *const methods[] = {"Stat", "Stat", "Open", "Stat", "Open"};

        for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
                if (strcmp(methods[i], "Open") == 0 && strstr(parameters, "'id'") != NULL)
                        continue; /* it knows names alone */
                cJSON *reply = wire_call(fd, methods[i], "%s", parameters);
                ck_assert_ptr_null(reply_error(reply));
                const cJSON *member = reply_at(reply, path);
                char *told = member == NULL ? NULL : cJSON_PrintUnformatted(member);
                ck_assert_msg(told != NULL && strcmp(told, value) == 0, "%s %s: %s is %s, not %s",
                              methods[i], parameters, path, told, value);
                free(told);
                cJSON_Delete(reply);
        }
}

START_TEST(every_change_is_told_at_once) {
        int fd = connect_daemon();
        cJSON *reply = wire_call(fd, "Create", "'name':'a','size':4096,'labels':{'k':'1'}");
        int id = (int) reply_integer(reply, "segment.id");
        char by_id[32];

        cJSON_Delete(reply);
        snprintf(by_id, sizeof(by_id), "'id':%d", id);
        expect_told(fd, "'name':'a'", "segment.labels", "{\"k\":\"1\"}");
        expect_success(wire_call(fd, "Set", "'name':'a','labels':{'k':'2'}"));
        expect_told(fd, "'name':'a'", "segment.labels", "{\"k\":\"2\"}");
        expect_success(wire_call(fd, "Set", "'name':'a','labels':{}"));
        expect_told(fd, "'name':'a'", "segment.labels", "{}");
        expect_success(wire_call(fd, "Set", "'name':'a','mode':432"));
        expect_told(fd, "'name':'a'", "segment.mode", "432");
        expect_success(wire_call(fd, "Rename", "'name':'a','to':'b'"));
        expect_told(fd, "'name':'b'", "segment.name", "\"b\"");
        expect_success(wire_call(fd, "Rename", "'name':'b','to':'a'"));
        expect_told(fd, "'name':'a'", "segment.name", "\"a\"");

        void *memory = shmat(id, NULL, 0);
        ck_assert_ptr_ne(memory, (void *) -1);
        expect_told(fd, "'name':'a'", "segment.nattch", "1");
        ck_assert_ptr_ne(shmat(id, NULL, SHM_RDONLY), (void *) -1);
        expect_told(fd, by_id, "segment.nattch", "2");
        ck_assert_int_eq(shmdt(memory), 0);
        expect_told(fd, "'name':'a'", "segment.nattch", "1");
        expect_success(wire_call(fd, "Remove", "'name':'a'"));
        expect_told(fd, by_id, "segment.removed", "true");

        expect_success(wire_call(fd, "Create", "'name':'a','size':8192"));
        expect_told(fd, "'name':'a'", "segment.size", "8192");
        expect_told(fd, by_id, "segment.size", "4096");
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

START_TEST(a_taken_key_is_passed_over) {
        int fd = connect_daemon();
        cJSON *reply = wire_call(fd, "Create", "'name':'a','size':10");
        int64_t key = reply_integer(reply, "segment.key");

        expect_success(reply);
        expect_success(wire_call(fd, "Remove", "'name':'a'"));
        int other = shmget((key_t) (uint32_t) key, 20, IPC_CREAT | IPC_EXCL | 0666);
        ck_assert_int_ge(other, 0);
        reply = wire_call(fd, "Create", "'name':'a','size':10");
        ck_assert(reply_true(reply, "created"));
        ck_assert_int_ne(reply_integer(reply, "segment.key"), key);
        ck_assert_int_ne(reply_integer(reply, "segment.key"), 0);
        expect_segment(reply, "a", 10, 0600);
        cJSON_Delete(reply);
        ck_assert_int_eq(shmctl(other, IPC_RMID, NULL), 0);
        expect_success(wire_call(fd, "Stat", "'name':'a'"));
        close(fd);
}
END_TEST

START_TEST(what_has_a_name_is_not_adopted_again) {
        int fd = connect_daemon();
        cJSON *reply = wire_call(fd, "Create", "'name':'a','size':10");
        long long id = reply_integer(reply, "segment.id"),
                  key = reply_integer(reply, "segment.key");

        cJSON_Delete(reply);
        expect_error(wire_call(fd, "Adopt", "'name':'b','id':%lld", id), "Exists", "name=a");
        expect_error(wire_call(fd, "Adopt", "'name':'b','key':%lld", key), "Exists", "name=a");
        reply = wire_call(fd, "Create", "'size':10");
        id = reply_integer(reply, "segment.id");
        cJSON_Delete(reply);
        expect_error(wire_call(fd, "Adopt", "'name':'b','id':%lld", id),
                     "org.varlink.service.InvalidParameter", "parameter=id");
        expect_error(wire_call(fd, "Adopt", "'name':'b','key':0"),
                     "org.varlink.service.InvalidParameter", "parameter=key");

        int removed = shmget(0x4711, 10, IPC_CREAT | 0600);
        void *at = shmat(removed, NULL, 0);
        ck_assert_int_eq(shmctl(removed, IPC_RMID, NULL), 0);
        expect_error(wire_call(fd, "Adopt", "'name':'b','id':%d", removed), "NotFound", NULL);
        ck_assert_int_eq(shmdt(at), 0);
        expect_error(wire_call(fd, "Stat", "'name':'b'"), "NotFound", NULL);
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

int main(void) {
        Suite *suite = suite_create("methods");

        harness_test(suite, get_info_names_the_interfaces);
        harness_test(suite, descriptions_are_the_files);
        harness_test(suite, every_method_of_the_files_is_known);
        harness_test(suite, unknown_methods_and_interfaces_are_named);
        harness_test(suite, create_tells_every_field);
        harness_test(suite, create_finds_what_exists);
        harness_test(suite, create_without_a_name_is_always_new);
        harness_test(suite, a_repeated_token_is_answered_as_at_first);
        harness_test(suite, open_finds);
        harness_test(suite, find_tells_what_it_takes_to_attach);
        harness_test(suite, stat_set_lock_unlock_rename_remove);
        harness_test(suite, every_change_is_told_at_once);
        harness_test(suite, owners_and_groups_are_set);
        harness_test(suite, rename_replaces_in_one_step);
        harness_test(suite, adopt_names_what_was_made_elsewhere);
        harness_test(suite, a_taken_key_is_passed_over);
        harness_test(suite, what_has_a_name_is_not_adopted_again);
        harness_test(suite, list_answers_with_more);
        harness_test(suite, wait_and_watch_are_not_implemented_yet);
        harness_test(suite, get_status_tells_how_it_does);
        return harness_run(suite);
}
