/* Records as lines: what is written is read back, by whichever of the two ways. */
#include "journal-record.h"
#include "opened-journal.h"

#include "proto/buffer.h"
#include "proto/error.h"

#include <limits.h>

#define LINE_BYTES 1024

static const struct shmb_label plain_labels[] = {{"a", "1"}, {"b/c", ""}, {"d", "~ {}[],:"}};
static const struct shmb_label escaped_labels[] = {{"a", "\"\\"}, {"b", "\xc3\xa9"}};

static void fill_all(struct record *record, const struct shmb_label *labels, size_t count) {
        record_init(record, RECORD_SEGMENT);
        record->id = INT_MAX;
        record->name = "a/b.c";
        record->key = UINT32_MAX;
        record->size = FIELD_INTEGER_MAX; /* one digit too many for the short way */
        record->cpid = 0;
        record->cuid = UINT32_MAX - 1;
        record->uid = 10;
        record->gid = 999999999;
        record->pid = 1;
        record->command = "x";
        record->unit = "y.service";
        record->created_at = 1;
        record->lifetime = SHMB_ATTACHED;
        record->page_size = 2 << 20;
        record->state = (RECORD_ADOPTED | RECORD_REMOVED) - 1;
        record->token = "t";
        record->token_uid = 7;
        record->labels = (struct labels){labels, count};
}

static void fill(struct record *record, int kind) {
        switch (kind) {
        case 0:
                fill_all(record, plain_labels, 3);
                return;
        case 1:
                fill_all(record, escaped_labels, 2);
                record->size = 999999999999999;
                return;
        case 2:
                fill_all(record, plain_labels, 0);
                record->created_at = -1;
                record->token = "\x01";
                return;
        case 3:
                record_init(record, RECORD_CREATE);
                record->key = 0;
                record->size = 100000000000000;
                record->cpid = INT_MAX;
                record->created_at = 1700000000;
                return;
        case 4:
                record_init(record, RECORD_SET);
                record->id = 0;
                record->mode = 0777;
                record->labels = (struct labels){plain_labels, 1};
                return;
        case 5:
                record_init(record, RECORD_RENAME);
                record->id = 65536;
                record->name = "n";
                record->replaces = 3;
                return;
        default:
                record_init(record, RECORD_DONE);
                return;
        }
}
#define KINDS 7

/* From malloc(3), without its newline. */
static char *written(const struct record *record) {
        struct buffer buffer;
        char *line;

        buffer_init(&buffer, RECORD_BYTES_MAX);
        record_write(&buffer, record);
        ck_assert_int_eq(buffer_error(&buffer), 0);
        line = strndup(buffer.bytes, buffer.length_bytes - 1);
        buffer_free(&buffer);
        return line;
}

/* What the line is read as, written again; NULL where it is refused. */
static char *read_again(const char *line, size_t length_bytes) {
        struct record_line read;
        const char *reason = NULL;
        char *again;
        int r = record_read(&read, line, length_bytes, &reason);

        if (r < 0) {
                ck_assert_int_eq(r, -ERROR_MALFORMED);
                ck_assert_ptr_nonnull(reason);
                return NULL;
        }
        again = written(&read.record);
        record_line_free(&read);
        return again;
}

START_TEST(what_is_written_is_read_back) {
        struct record record;
        char *line, *again;

        fill(&record, _i);
        line = written(&record);
        again = read_again(line, strlen(line));
        ck_assert_ptr_nonnull(again);
        ck_assert_str_eq(line, again);
        free(line);
        free(again);
}
END_TEST

/* A blank makes it a line for the parser, and nothing else. */
static void assert_same_by_the_parser(const char *line, size_t length_bytes) {
        char blank[LINE_BYTES + 1], *one, *other;

        blank[0] = line[0];
        blank[1] = ' ';
        memcpy(blank + 2, line + 1, length_bytes);
        one = read_again(line, length_bytes);
        other = read_again(blank, length_bytes + 1);
        ck_assert_msg((one == NULL) == (other == NULL) && (one == NULL || strcmp(one, other) == 0),
                      "%.*s\nis read as\n%s\nor\n%s", (int) length_bytes, line,
                      one != NULL ? one : "nothing", other != NULL ? other : "nothing");
        free(one);
        free(other);
}

START_TEST(the_short_way_takes_nothing_that_the_parser_would_not) {
        static const char bytes[] = "019\"\\,:{}[]- .eEnu\x01\x7f\x80\xc3";
        char line[LINE_BYTES], *whole;
        struct record record;
        size_t length;

        fill(&record, _i);
        whole = written(&record);
        length = strlen(whole);
        ck_assert_uint_lt(length + 2, sizeof(line));
        for (size_t at = 1; at < length; at++) {
                /* each byte another, none, or one more; and cut off */
                for (size_t i = 0; i < sizeof(bytes); i++) {
                        memcpy(line, whole, length + 1);
                        line[at] = bytes[i];
                        assert_same_by_the_parser(line, length);
                        memcpy(line + at + 1, whole + at, length - at + 1);
                        assert_same_by_the_parser(line, length + 1);
                }
                memcpy(line, whole, at);
                memcpy(line + at, whole + at + 1, length - at);
                assert_same_by_the_parser(line, length - 1);
                assert_same_by_the_parser(whole, at);
        }
        free(whole);
}
END_TEST

START_TEST(members_that_come_twice_are_refused) {
        static const char *const lines[] = {
                "{\"op\":\"forget\",\"id\":1,\"id\":1}",
                "{\"op\":\"forget\",\"op\":\"forget\",\"id\":1}",
                "{\"op\":\"set\",\"id\":1,\"labels\":{\"a\":\"1\",\"b\":\"\",\"a\":\"1\"}}",
        };

        for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
                ck_assert_ptr_null(read_again(lines[i], strlen(lines[i])));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("journal-record");
        TCase *tests = tcase_create("journal-record");

        tcase_set_timeout(tests, 60);
        tcase_add_loop_test(tests, what_is_written_is_read_back, 0, KINDS);
        tcase_add_loop_test(tests, the_short_way_takes_nothing_that_the_parser_would_not, 0, KINDS);
        tcase_add_test(tests, members_that_come_twice_are_refused);
        suite_add_tcase(suite, tests);
        return suite_run(suite);
}
