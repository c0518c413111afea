#include "replies.h"

#include "proto/buffer.h"
#include "proto/message.h"
#include "proto/method.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

static struct replies *replies;

/* What is told, and what it was made from. */
static struct shmb_segment segment;
static struct reply_source source;

static void setup(void) {
        replies = calloc(1, sizeof(*replies));
        ck_assert_ptr_nonnull(replies);
        segment = (struct shmb_segment){.name = "cam/still", .id = 7, .size = 4096};
        source = (struct reply_source){.version = 1, .everything = true};
}

static void teardown(void) {
        free(replies);
}

/* Is it told as it is now, whatever was there before? */
static void expect_the_truth(void) {
        struct segment_result result = {.segment = &segment};
        struct buffer expected, told;

        buffer_init(&expected, 1 << 20);
        buffer_init(&told, 1 << 20);
        buffer_append(&told, "before", 6);
        reply_write(&expected, methods[METHOD_STAT].result, &result, false);
        replies_write(replies, &told, &result, &source);
        ck_assert_int_eq(buffer_error(&told), 0);
        ck_assert_uint_eq(told.length_bytes, 6 + expected.length_bytes);
        ck_assert_mem_eq(told.bytes, "before", 6);
        ck_assert_mem_eq(told.bytes + 6, expected.bytes, expected.length_bytes);
        buffer_free(&expected);
        buffer_free(&told);
}

static const struct kept_reply *kept(void) {
        return &replies->items[segment.id % REPLIES];
}

static bool is_kept(void) {
        return kept()->length_bytes > 0 && kept()->source.version == source.version &&
               kept()->source.ds.shm_nattch == source.ds.shm_nattch &&
               kept()->source.everything == source.everything;
}

START_TEST(what_is_asked_twice_is_kept) {
        expect_the_truth();
        ck_assert(!is_kept());
        expect_the_truth();
        ck_assert(is_kept());
        expect_the_truth();
}
END_TEST

START_TEST(what_has_changed_is_told_anew) {
        for (int i = 0; i < 3; i++)
                expect_the_truth();
        for (int i = 0; i < 3; i++) { /* the kernel's part */
                segment.nattch = source.ds.shm_nattch = 1;
                expect_the_truth();
                ck_assert(is_kept());
        }
        for (int i = 0; i < 3; i++) { /* ours */
                segment.name = "cam/moved";
                source.version = 2;
                expect_the_truth();
        }
        for (int i = 0; i < 3; i++) { /* who asks */
                segment.creator.command = i % 2 == 0 ? NULL : "camera";
                source.everything = i % 2 != 0;
                expect_the_truth();
        }
}
END_TEST

/* Of two that share a place none is told for the other. */
START_TEST(segments_share_a_place) {
        for (int i = 0; i < 12; i++) {
                segment.id = i / 2 % 2 == 0 ? 7 : 7 + REPLIES;
                source.version = (uint64_t) segment.id;
                expect_the_truth();
        }
        ck_assert_int_eq(segment.id, 7 + REPLIES);
        ck_assert(is_kept());
}
END_TEST

START_TEST(a_long_one_is_not_kept) {
        static char name[REPLY_KEPT_BYTES];

        memset(name, 'n', sizeof(name) - 1);
        segment.name = name;
        for (int i = 0; i < 3; i++)
                expect_the_truth();
        ck_assert(!is_kept());
}
END_TEST

START_TEST(what_had_no_room_is_not_kept) {
        struct segment_result result = {.segment = &segment};

        expect_the_truth();
        for (size_t maximum = 0; maximum < 64; maximum++) {
                struct buffer out;
                buffer_init(&out, maximum);
                replies_write(replies, &out, &result, &source);
                ck_assert_int_ne(buffer_error(&out), 0);
                ck_assert(!is_kept());
                buffer_free(&out);
        }
        expect_the_truth();
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {what_is_asked_twice_is_kept}, {what_has_changed_is_told_anew},
                {segments_share_a_place},      {a_long_one_is_not_kept},
                {what_had_no_room_is_not_kept},
        };

        return suite_run("replies", setup, teardown, SUITE_ROWS(rows));
}
