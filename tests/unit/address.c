#include "address.h"
#include "shmbroker.h"

#include "suite.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES_MAX (sizeof(((struct sockaddr_un *) NULL)->sun_path) - 1)

static const char *filled(char *text, size_t path_bytes) {
        strcpy(text, "unix:");
        memset(text + 5, 'x', path_bytes);
        text[5 + path_bytes] = '\0';
        return text;
}

START_TEST(a_path_is_an_address) {
        struct address address;

        ck_assert_int_eq(address_parse(&address, "unix:/run/a"), 0);
        ck_assert_int_eq(address.socket.sun_family, AF_UNIX);
        ck_assert_str_eq(address.socket.sun_path, "/run/a");
        ck_assert_uint_eq(address.length_bytes, offsetof(struct sockaddr_un, sun_path) + 7);
        ck_assert_str_eq(address.text, "unix:/run/a");
}
END_TEST

START_TEST(an_abstract_name_has_no_byte_behind_it) {
        struct address address;

        ck_assert_int_eq(address_parse(&address, "unix:@a"), 0);
        ck_assert_mem_eq(address.socket.sun_path, "\0a", 2);
        ck_assert_uint_eq(address.length_bytes, offsetof(struct sockaddr_un, sun_path) + 2);
}
END_TEST

START_TEST(the_longest_path_fits) {
        struct address address;
        char text[PATH_BYTES_MAX + 8];

        ck_assert_int_eq(address_parse(&address, filled(text, PATH_BYTES_MAX)), 0);
        ck_assert_uint_eq(strlen(address.socket.sun_path), PATH_BYTES_MAX);
        ck_assert_str_eq(address.text, text);
        ck_assert_int_eq(address_parse(&address, filled(text, PATH_BYTES_MAX + 1)), -EINVAL);
}
END_TEST

START_TEST(anything_else_is_refused_by_name) {
        static const char *const none[] = {"",        "unix",    "unix:",    "unix:@",
                                           "/run/a",  "UNIX:/a", " unix:/a", "tcp:localhost",
                                           "unix;/a", "@a"};

        for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
                struct address address = {.length_bytes = 77};
                ck_assert_msg(address_parse(&address, none[i]) == -EINVAL, "%s", none[i]);
                ck_assert_uint_eq(address.length_bytes, 77);
                ck_assert_ptr_nonnull(strstr(shmb_error(NULL), none[i]));
        }
}
END_TEST

START_TEST(what_is_said_goes_before_the_environment) {
        struct address address;

        ck_assert_int_eq(setenv("SHMBROKER_ADDRESS", "unix:@environment", 1), 0);
        ck_assert_int_eq(address_find(&address, "unix:@said"), 0);
        ck_assert_str_eq(address.text, "unix:@said");
        ck_assert_int_eq(address_find(&address, NULL), 0);
        ck_assert_str_eq(address.text, "unix:@environment");
        ck_assert_int_eq(setenv("SHMBROKER_ADDRESS", "nonsense", 1), 0);
        ck_assert_int_eq(address_find(&address, NULL), -EINVAL);
}
END_TEST

START_TEST(the_users_place_counts_where_it_is_there) {
        static const char system_place[] = "/run/shmbroker/io.shmbroker";
        char directory[] = "/tmp/shmbroker-address-XXXXXX", place[64], text[80];
        struct address address;

        ck_assert_int_eq(unsetenv("SHMBROKER_ADDRESS"), 0);
        ck_assert_ptr_nonnull(mkdtemp(directory));
        ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", directory, 1), 0);
        ck_assert_int_eq(address_find(&address, NULL), 0);
        ck_assert_str_eq(address.socket.sun_path, system_place);

        snprintf(place, sizeof place, "%s/shmbroker", directory);
        ck_assert_int_eq(mkdir(place, 0700), 0);
        snprintf(place, sizeof place, "%s/shmbroker/io.shmbroker", directory);
        ck_assert_int_eq(symlink("/", place), 0);
        snprintf(text, sizeof text, "unix:%s", place);
        ck_assert_int_eq(address_find(&address, NULL), 0);
        ck_assert_str_eq(address.socket.sun_path,
                         access(system_place, F_OK) == 0 ? system_place : place);

        ck_assert_int_eq(unlink(place), 0);
        snprintf(place, sizeof place, "%s/shmbroker", directory);
        ck_assert_int_eq(rmdir(place), 0);
        ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {a_path_is_an_address},
                {an_abstract_name_has_no_byte_behind_it},
                {the_longest_path_fits},
                {anything_else_is_refused_by_name},
                {what_is_said_goes_before_the_environment},
                {the_users_place_counts_where_it_is_there},
        };

        return suite_run("address", NULL, NULL, SUITE_ROWS(rows));
}
