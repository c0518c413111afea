/* The tables of methods and errors, against the text of the interfaces: whoever reads one
 * knows the other. */
#include "method.h"

#include "buffer.h"
#include "error.h"
#include "interface-texts.h"
#include "json.h"
#include "message.h"
#include "segment.h"
#include "suite.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static const struct {
        const char *name, *text;
} interfaces[] = {
        {INTERFACE_SHMBROKER, interface_io_shmbroker},
        {INTERFACE_SERVICE, interface_org_varlink_service},
};

static bool is_word(char byte) {
        return isalnum((unsigned char) byte) || byte == '_' || byte == '.';
}

/* Without comments, and without blanks but one between two words. */
static char *compact(const char *text) {
        char *compacted = malloc(strlen(text) + 1), *at = compacted;
        bool blank = false;

        for (; *text != '\0'; text++) {
                if (*text == '#')
                        text += strcspn(text, "\n");
                if (isspace((unsigned char) *text)) {
                        blank = true;
                        continue;
                }
                if (blank && at > compacted && is_word(at[-1]) && is_word(*text))
                        *at++ = ' ';
                blank = false;
                *at++ = *text;
        }
        *at = '\0';
        return compacted;
}

/* What stands in parentheses behind "type Name" and the like; NULL where there is none. */
static const char *find(const char *interface, const char *what, const char *name) {
        char wanted[96];
        const char *at;

        sprintf(wanted, "%s %s(", what, name);
        at = strstr(interface, wanted);
        return at ? at + strlen(wanted) - 1 : NULL;
}

/* Writes a type, from its parenthesis to the one that closes it, with what is inside for
 * each type that has a name. Returns what follows. */
static const char *expand(FILE *out, const char *interface, const char *at) {
        static const char *const plain[] = {"string", "int", "bool"};

        ck_assert_int_eq(*at, '(');
        fputc(*at++, out);
        for (bool is_type = false; *at != ')';) {
                if (*at == '(') {
                        at = expand(out, interface, at);
                        continue;
                }
                if (!is_word(*at)) {
                        is_type = *at == ':' || *at == '?' || *at == '[' || *at == ']';
                        fputc(*at++, out);
                        continue;
                }
                char word[64];
                size_t length = 0;
                while (is_word(*at))
                        word[length++] = *at++;
                word[length] = '\0';
                for (size_t i = 0; i < COUNT(plain); i++)
                        is_type = is_type && strcmp(word, plain[i]) != 0;
                const char *type = is_type ? find(interface, "type", word) : NULL;
                ck_assert_msg(!is_type || type, "no type %s", word);
                if (type)
                        expand(out, interface, type);
                else
                        fputs(word, out);
        }
        fputc(')', out);
        return at + 1;
}

static void describe(FILE *out, const struct fields *fields);

static void describe_type(FILE *out, const struct field *field) {
        switch (field->type) {
        case FIELD_STRING:
                fputs("string", out);
                return;
        case FIELD_INTEGER:
                fputs("int", out);
                return;
        case FIELD_BOOLEAN:
                fputs("bool", out);
                return;
        case FIELD_CHOICE:
                for (size_t i = 0; field->choices[i]; i++)
                        fprintf(out, "%c%s", i == 0 ? '(' : ',', field->choices[i]);
                fputc(')', out);
                return;
        case FIELD_LABELS:
                fputs("[string]string", out);
                return;
        case FIELD_STRINGS:
                fputs("[]string", out);
                return;
        case FIELD_RECORD:
        case FIELD_POINTER:
                describe(out, field->record);
                return;
        case FIELD_OBJECT:
                fputs("object", out);
                return;
        }
}

/* A table in the words of an interface. */
static void describe(FILE *out, const struct fields *fields) {
        fputc('(', out);
        for (size_t i = 0; i < fields->count; i++) {
                const struct field *field = &fields->items[i];
                fprintf(out, "%s%s:%s", i == 0 ? "" : ",", field->name, field->required ? "" : "?");
                describe_type(out, field);
        }
        fputc(')', out);
}

START_TEST(methods_are_what_the_interface_says) {
        size_t seen = 0;

        for (size_t i = 0; i < COUNT(interfaces); i++) {
                char *interface = compact(interfaces[i].text);
                size_t prefix = strlen(interfaces[i].name);
                for (enum method_id id = 0; id < METHODS; id++) {
                        if (strncmp(methods[id].name, interfaces[i].name, prefix) != 0)
                                continue;
                        const char *at = find(interface, "method", methods[id].name + prefix + 1);
                        ck_assert_msg(at != NULL, "%s", methods[id].name);

                        char *written, *described;
                        size_t written_bytes, described_bytes;
                        FILE *out = open_memstream(&written, &written_bytes);
                        at = expand(out, interface, at);
                        ck_assert_int_eq(strncmp(at, "->", 2), 0);
                        fputs("->", out);
                        expand(out, interface, at + 2);
                        fclose(out);

                        out = open_memstream(&described, &described_bytes);
                        describe(out, methods[id].request);
                        fputs("->", out);
                        describe(out, methods[id].result);
                        fclose(out);

                        ck_assert_str_eq(described, written);
                        free(written);
                        free(described);
                        seen++;
                }
                free(interface);
        }
        ck_assert_uint_eq(seen, METHODS);
}
END_TEST

/* How often the interface says "method Name(", "error Name(". */
static size_t count_in(const char *text, const char *what) {
        char *interface = compact(text);
        size_t count = 0, length = strlen(what);

        for (const char *at = interface; (at = strstr(at, what)); at += length)
                count += at[length] == ' ' && !is_word(at[-1]);
        free(interface);
        return count;
}

START_TEST(no_method_is_missing) {
        size_t count = 0;

        for (size_t i = 0; i < COUNT(interfaces); i++)
                count += count_in(interfaces[i].text, "method");
        ck_assert_uint_eq(count, METHODS);
}
END_TEST

START_TEST(errors_are_what_the_interface_says) {
        const struct error filled = {.name = "n",
                                     .id = 1,
                                     .reason = "r",
                                     .parameter = "p",
                                     .limit = "l",
                                     .message = "m"};
        size_t seen = 0, written = 0;

        for (size_t i = 0; i < COUNT(interfaces); i++) {
                char *interface = compact(interfaces[i].text);
                size_t prefix = strlen(interfaces[i].name);
                written += count_in(interfaces[i].text, "error");
                for (enum error_code code = ERROR_NONE; code < ERROR_CODES; code++) {
                        const char *name = error_wire_name(code), *reason;
                        if (!name || strncmp(name, interfaces[i].name, prefix) != 0)
                                continue;
                        const char *at = find(interface, "error", name + prefix + 1);
                        ck_assert_msg(at != NULL, "%s", name);

                        struct error error = filled;
                        struct buffer buffer;
                        struct cJSON *document;
                        struct reply reply;
                        error.code = code;
                        buffer_init(&buffer, 1000);
                        error_write(&buffer, &error);
                        ck_assert_int_eq(json_parse(buffer.bytes, buffer.length_bytes - 1,
                                                    &document, &reason),
                                         0);
                        ck_assert_int_eq(reply_read(document, &reply, &reason), 0);

                        /* (name:?string,id:?int), member by member */
                        for (const struct cJSON *member = reply.parameters->child; member;
                             member = member->next) {
                                char expected[64];
                                int length = sprintf(expected, "%c%s:", *at, member->string);
                                ck_assert_msg(strncmp(at, expected, length) == 0, "%s: %s", name,
                                              at);
                                at += length;
                                at += *at == '?';
                                const char *type = cJSON_IsString(member) ? "string" : "int";
                                ck_assert_int_eq(strncmp(at, type, strlen(type)), 0);
                                at += strlen(type);
                        }
                        at += *at == '(';
                        ck_assert_msg(*at == ')', "%s: %s", name, at);
                        json_free(document);
                        buffer_free(&buffer);
                        seen++;
                }
                free(interface);
        }
        ck_assert_uint_eq(seen, written);
}
END_TEST

/* ------------------------------------------------------------------ tables */

static void assert_sound(const struct fields *fields) {
        ck_assert_uint_le(fields->count, FIELDS_MAX);
        for (size_t i = 0; i < fields->count; i++) {
                const struct field *field = &fields->items[i];
                char key[64];

                sprintf(key, ",\"%s\":", field->name);
                ck_assert_str_eq(field->key, key);
                ck_assert_uint_eq(field->key_bytes, strlen(key));
                for (size_t j = 0; j < i; j++)
                        ck_assert_str_ne(fields->items[j].name, field->name);
                if (field->record)
                        assert_sound(field->record);
                if (field->type != FIELD_INTEGER)
                        continue;

                int64_t low = -FIELD_INTEGER_MAX, high = FIELD_INTEGER_MAX;
                if (field->width_bytes < sizeof(int64_t)) {
                        high = (INT64_C(1) << (8 * field->width_bytes - field->is_signed)) - 1;
                        low = -high - 1;
                }
                if (!field->is_signed)
                        low = 0;
                ck_assert_msg(field->range.minimum >= low && field->range.maximum <= high, "%s",
                              field->name);
                ck_assert_int_le(field->range.minimum, field->range.maximum);
        }
}

START_TEST(ranges_fit_what_they_are_kept_in) {
        for (enum method_id id = 0; id < METHODS; id++) {
                assert_sound(methods[id].request);
                assert_sound(methods[id].result);
        }
        assert_sound(&limits_fields);
}
END_TEST

START_TEST(methods_are_found_by_their_whole_name) {
        static const char *const none[] = {
                "",
                "Stat",
                "io.shmbroker",
                "io.shmbroker.",
                "io.shmbroker.stat",
                "io.shmbroker.Stat ",
                "io.shmbroker.StatX",
                "IO.shmbroker.Stat",
                "org.varlink.service.Stat",
                "io.shmbroker.GetInfo",
        };

        for (enum method_id id = 0; id < METHODS; id++)
                ck_assert_int_eq(method_find(methods[id].name), id);
        for (size_t i = 0; i < COUNT(none); i++)
                ck_assert_int_eq(method_find(none[i]), METHODS);
        ck_assert_int_eq(method_find("io.shmbroker.Stat"), METHOD_STAT);
}
END_TEST

START_TEST(requests_have_their_ranges) {
        static const struct {
                enum method_id method;
                const char *parameters;
                const char *refused; /* NULL: none */
        } cases[] = {
                {METHOD_CREATE, "{\"size\":0}", NULL},
                {METHOD_CREATE, "{\"size\":9007199254740991}", NULL},
                {METHOD_CREATE, "{\"size\":9007199254740992}", "size"},
                {METHOD_CREATE, "{\"size\":-1}", "size"},
                {METHOD_CREATE, "{}", "size"},
                {METHOD_CREATE, "{\"size\":1,\"mode\":511}", NULL},
                {METHOD_CREATE, "{\"size\":1,\"mode\":512}", "mode"},
                {METHOD_CREATE, "{\"size\":1,\"lifetime\":\"attached\"}", NULL},
                {METHOD_CREATE, "{\"size\":1,\"lifetime\":\"forever\"}", "lifetime"},
                {METHOD_CREATE, "{\"size\":1,\"hugePageSize\":-1}", "hugePageSize"},
                {METHOD_CREATE, "{\"size\":1,\"hugepagesize\":1}", "hugepagesize"},
                {METHOD_OPEN, "{\"size\":1}", "name"},
                {METHOD_OPEN, "{\"name\":null}", "name"},
                {METHOD_OPEN, "{\"name\":\"a\",\"created\":true}", "created"},
                {METHOD_FIND, "{\"size\":1}", "name"},
                {METHOD_FIND, "{\"name\":\"a\",\"mode\":512}", "mode"},
                {METHOD_ADOPT, "{\"name\":\"a\",\"key\":4294967295}", NULL},
                {METHOD_ADOPT, "{\"name\":\"a\",\"key\":4294967296}", "key"},
                {METHOD_ADOPT, "{\"name\":\"a\",\"key\":-1}", "key"},
                {METHOD_STAT, "{\"id\":0}", NULL},
                {METHOD_STAT, "{\"id\":2147483647}", NULL},
                {METHOD_STAT, "{\"id\":2147483648}", "id"},
                {METHOD_STAT, "{\"id\":-1}", "id"},
                {METHOD_STAT, "{\"name\":7}", "name"},
                {METHOD_SET, "{\"uid\":4294967294,\"gid\":4294967294}", NULL},
                {METHOD_SET, "{\"uid\":4294967295}", "uid"},
                {METHOD_SET, "{\"gid\":4294967295}", "gid"},
                {METHOD_SET, "{\"labels\":{\"a\":null}}", "labels"},
                {METHOD_RENAME, "{\"name\":\"a\"}", "to"},
                {METHOD_WAIT, "{\"name\":\"a\",\"timeout\":-1}", "timeout"},
                {METHOD_WATCH, "{}", NULL},
                {METHOD_GET_STATUS, "{}", NULL},
                {METHOD_GET_STATUS, "{\"a\":1}", "a"},
                {METHOD_GET_INFO, "{\"a\":null}", "a"},
                {METHOD_GET_INTERFACE_DESCRIPTION, "{}", "interface"},
        };

        for (size_t i = 0; i < COUNT(cases); i++) {
                union {
                        struct create_request create;
                        struct set_request set;
                        struct adopt_request adopt;
                } request;
                struct shmb_label labels[LABELS_MAX];
                struct decoding decoding = {.labels = labels};
                struct cJSON *document;
                const char *reason;

                ck_assert_int_eq(json_parse(cases[i].parameters, strlen(cases[i].parameters),
                                            &document, &reason),
                                 0);
                int r = fields_decode(methods[cases[i].method].request, document, true, &request,
                                      &decoding);
                ck_assert_msg(r == (cases[i].refused ? -ERROR_INVALID_PARAMETER : 0), "%s",
                              cases[i].parameters);
                if (cases[i].refused)
                        ck_assert_str_eq(decoding.parameter, cases[i].refused);
                json_free(document);
        }
}
END_TEST

START_TEST(a_status_passes_over_the_wire) {
        const struct status_result status = {
                .pid = 1,
                .uid = UINT32_MAX,
                .started_at = 3,
                .ipc_namespace = UINT32_MAX,
                .segments = 5,
                .total_size = FIELD_INTEGER_MAX,
                .connections = 7,
                .watchers = 8,
                .requests = 9,
                .errors = 10,
                .limits = {11, 12, 13, 14, 15, 16, 17, 18, 19},
        };
        const struct fields *fields = methods[METHOD_GET_STATUS].result;
        struct status_result read;
        struct decoding decoding = {0};
        struct cJSON *document;
        struct buffer buffer;
        const char *reason;

        buffer_init(&buffer, 4096);
        fields_encode(&buffer, fields, &status);
        ck_assert_int_eq(json_parse(buffer.bytes, buffer.length_bytes, &document, &reason), 0);
        ck_assert_int_eq(fields_decode(fields, document, true, &read, &decoding), 0);
        ck_assert_mem_eq(&read, &status, sizeof(status));
        json_free(document);
        buffer_free(&buffer);
}
END_TEST

START_TEST(infos_list_their_interfaces) {
        static const char *const names[] = {INTERFACE_SERVICE, INTERFACE_SHMBROKER, NULL};
        const struct info_result info = {"v", "p", "1", "u", names};
        struct buffer buffer;

        buffer_init(&buffer, 4096);
        reply_write(&buffer, methods[METHOD_GET_INFO].result, &info, false);
        ck_assert_str_eq(buffer.bytes,
                         "{\"parameters\":{\"vendor\":\"v\",\"product\":\"p\",\"version\":\"1\","
                         "\"url\":\"u\",\"interfaces\":[\"org.varlink.service\","
                         "\"io.shmbroker\"]}}");
        buffer_free(&buffer);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {methods_are_what_the_interface_says},   {no_method_is_missing},
                {errors_are_what_the_interface_says},    {ranges_fit_what_they_are_kept_in},
                {methods_are_found_by_their_whole_name}, {requests_have_their_ranges},
                {a_status_passes_over_the_wire},         {infos_list_their_interfaces},
        };
        return suite_run("method", NULL, NULL, SUITE_ROWS(rows));
}
