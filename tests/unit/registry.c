#include "registry.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct registry *registry;

static void setup(void) {
        ck_assert_int_eq(registry_new(&registry), 0);
}

static void teardown(void) {
        registry_free(registry);
}

static struct entry *new_entry(const char *name, int id) {
        struct entry *entry;

        ck_assert_int_eq(entry_new(&entry, &(struct entry_texts){.name = name}), 0);
        entry->identity.id = id;
        entry->identity.size_bytes = 4096;
        return entry;
}

static struct entry *add(const char *name, int id) {
        struct entry *entry = new_entry(name, id);

        ck_assert_ptr_null(registry_add(registry, entry));
        return entry;
}

static char *copy(const char *text) {
        char *copied = strdup(text);

        ck_assert_ptr_nonnull(copied);
        return copied;
}

/* All names from `entry` on, "#id" for private ones, with blanks between. */
static const char *walk(struct entry *entry) {
        static char text[256];
        char *at = text;

        for (*at = '\0'; entry != NULL; entry = registry_next(registry, entry)) {
                if (at != text)
                        *at++ = ' ';
                at += entry->name != NULL ? sprintf(at, "%s", entry->name)
                                          : sprintf(at, "#%d", entry->identity.id);
        }
        return text;
}

START_TEST(an_entry_is_found_by_name_and_by_id) {
        struct entry *a = add("cam/still", 0), *b = add("cam", 7), *private = add(NULL, 3);

        ck_assert_ptr_eq(registry_find_name(registry, "cam/still"), a);
        ck_assert_ptr_eq(registry_find_name(registry, "cam"), b);
        ck_assert_ptr_null(registry_find_name(registry, "ca"));
        ck_assert_ptr_null(registry_find_name(registry, "cam/"));
        ck_assert_ptr_eq(registry_find_id(registry, 0), a);
        ck_assert_ptr_eq(registry_find_id(registry, 3), private);
        ck_assert_ptr_null(registry_find_id(registry, 1));
        ck_assert_ptr_null(registry_find_id(registry, -1));
}
END_TEST

START_TEST(names_come_in_their_order_and_private_ones_last_by_id) {
        ck_assert_ptr_null(registry_first(registry));
        add("b", 1);
        add(NULL, 9);
        add("a/z", 5);
        add(NULL, 2);
        add("a", 8);
        add("a-", 4);
        ck_assert_str_eq(walk(registry_first(registry)), "a a- a/z b #2 #9");
}
END_TEST

START_TEST(a_walk_goes_on_behind_what_need_not_exist) {
        add("a", 1);
        add("c", 2);
        add(NULL, 4);
        add(NULL, 6);
        ck_assert_str_eq(walk(registry_after(registry, "", 0)), "a c #4 #6");
        ck_assert_str_eq(walk(registry_after(registry, "a", 0)), "c #4 #6");
        ck_assert_str_eq(walk(registry_after(registry, "b", 0)), "c #4 #6");
        ck_assert_str_eq(walk(registry_after(registry, "c", 0)), "#4 #6");
        ck_assert_str_eq(walk(registry_after(registry, NULL, 4)), "#6");
        ck_assert_str_eq(walk(registry_after(registry, NULL, 5)), "#6");
        ck_assert_str_eq(walk(registry_after(registry, NULL, 6)), "");
}
END_TEST

START_TEST(ids_come_in_their_order_with_removed_ones) {
        struct entry *a = add("a", 5), *b = add(NULL, 0), *c = add("c", 9);

        registry_retire(registry, a);
        ck_assert_ptr_eq(registry_first_id(registry), b);
        ck_assert_ptr_eq(registry_after_id(registry, -1), b);
        ck_assert_ptr_eq(registry_after_id(registry, 0), a);
        ck_assert_ptr_eq(registry_after_id(registry, 4), a);
        ck_assert_ptr_eq(registry_after_id(registry, 5), c);
        ck_assert_ptr_null(registry_after_id(registry, 9));
        ck_assert_ptr_eq(registry_next_id(registry, b), a);
        ck_assert_ptr_eq(registry_next_id(registry, a), c);
        ck_assert_ptr_null(registry_next_id(registry, c));
}
END_TEST

START_TEST(a_removed_one_is_found_by_its_id_alone) {
        struct entry *removed = add("a", 1), *successor;

        registry_set_token(registry, removed, 1000, copy("token"));
        registry_retire(registry, removed);
        registry_retire(registry, removed);
        ck_assert(removed->removed);
        ck_assert_str_eq(removed->name, "a");
        ck_assert_ptr_null(registry_find_name(registry, "a"));
        ck_assert_ptr_null(registry_find_token(registry, 1000, "token"));
        ck_assert_ptr_eq(registry_find_id(registry, 1), removed);

        successor = add("a", 2);
        registry_set_token(registry, successor, 1000, copy("token"));
        ck_assert_ptr_eq(registry_find_name(registry, "a"), successor);
        ck_assert_ptr_eq(registry_find_token(registry, 1000, "token"), successor);
        ck_assert_str_eq(walk(registry_first(registry)), "a");
        registry_take(registry, removed);
        ck_assert(removed->removed);
        ck_assert_ptr_null(registry_find_id(registry, 1));
        ck_assert_ptr_eq(registry_find_name(registry, "a"), successor);
        entry_free(removed);
}
END_TEST

START_TEST(one_added_as_removed_takes_no_name) {
        struct entry *named = add("a", 1), *removed = new_entry("a", 2);

        removed->removed = true;
        ck_assert_ptr_null(registry_add(registry, removed));
        ck_assert_ptr_eq(registry_find_name(registry, "a"), named);
        ck_assert_int_eq(registry_count(registry), 1);
}
END_TEST

START_TEST(who_has_the_id_or_the_name_is_told_and_nothing_changes) {
        struct entry *a = add("a", 1), *same_id = new_entry("b", 1), *same_name = new_entry("a", 2);

        ck_assert_ptr_eq(registry_add(registry, same_id), a);
        ck_assert_ptr_eq(registry_add(registry, same_name), a);
        ck_assert_ptr_eq(registry_find_id(registry, 1), a);
        ck_assert_ptr_null(registry_find_id(registry, 2));
        ck_assert_ptr_null(registry_find_name(registry, "b"));
        ck_assert_str_eq(walk(registry_first(registry)), "a");
        ck_assert_int_eq(registry_count(registry), 1);

        registry_retire(registry, a);
        ck_assert_ptr_eq(registry_add(registry, same_id), a);
        ck_assert_ptr_null(registry_add(registry, same_name));
        entry_free(same_id);
}
END_TEST

START_TEST(what_is_taken_out_is_the_callers_again) {
        struct entry *entry = add("a", 1);

        registry_set_token(registry, entry, 1, copy("token"));
        registry_take(registry, entry);
        ck_assert(!entry->removed);
        ck_assert_ptr_null(registry_find_name(registry, "a"));
        ck_assert_ptr_null(registry_find_id(registry, 1));
        ck_assert_ptr_null(registry_find_token(registry, 1, "token"));
        ck_assert_int_eq(registry_count(registry), 0);
        ck_assert_ptr_null(registry_add(registry, entry));
        ck_assert_ptr_eq(registry_find_name(registry, "a"), entry);
        ck_assert_ptr_eq(registry_find_token(registry, 1, "token"), entry);
}
END_TEST

START_TEST(a_rename_keeps_the_order) {
        struct entry *entry = add("b", 1);

        add("c", 2);
        registry_rename(registry, entry, copy("d"));
        ck_assert_ptr_null(registry_find_name(registry, "b"));
        ck_assert_ptr_eq(registry_find_name(registry, "d"), entry);
        ck_assert_str_eq(walk(registry_first(registry)), "c d");
}
END_TEST

/* Whatever a reply may tell: no version is ever had twice, by anybody. */
START_TEST(each_change_gives_a_version_that_was_never_there) {
        struct shmb_label label = {.key = "k", .value = "v"};
        struct entry other = {0}, *entry = add("a", 1);
        uint64_t seen[8];
        size_t count = 0;

        ck_assert_int_eq(entry_set_labels(&other, &(struct labels){.items = &label, .count = 1}),
                         0);
        seen[count++] = entry->version;
        seen[count++] = add("b", 2)->version;
        registry_rename(registry, entry, copy("c"));
        seen[count++] = entry->version;
        registry_swap_labels(registry, entry, &other);
        ck_assert_str_eq(entry->labels[0].key, "k");
        ck_assert_uint_eq(other.labels_count, 0);
        seen[count++] = entry->version;
        registry_retire(registry, entry);
        seen[count++] = entry->version;
        registry_take(registry, entry);
        entry->removed = false;
        registry_add(registry, entry);
        seen[count++] = entry->version;
        registry_take(registry, entry);
        entry_free(entry);
        seen[count++] = add("a", 1)->version;
        for (size_t i = 0; i < count; i++) {
                ck_assert_uint_ne(seen[i], 0);
                for (size_t j = 0; j < i; j++)
                        ck_assert_uint_ne(seen[i], seen[j]);
        }
}
END_TEST

START_TEST(tokens_belong_to_their_users) {
        struct entry *a = add("a", 1), *b = add("b", 2);

        ck_assert_ptr_null(registry_find_token(registry, 1000, "t"));
        registry_set_token(registry, a, 1000, copy("t"));
        registry_set_token(registry, b, 1001, copy("t"));
        ck_assert_ptr_eq(registry_find_token(registry, 1000, "t"), a);
        ck_assert_ptr_eq(registry_find_token(registry, 1001, "t"), b);
        ck_assert_ptr_null(registry_find_token(registry, 1002, "t"));
        ck_assert_ptr_null(registry_find_token(registry, 1000, "tt"));
}
END_TEST

START_TEST(a_token_has_one_holder_and_a_segment_one_token) {
        struct entry *a = add("a", 1), *b = add("b", 2), *c = new_entry("c", 3);

        registry_set_token(registry, a, 1000, copy("t"));
        registry_set_token(registry, b, 1000, copy("t"));
        ck_assert_ptr_eq(registry_find_token(registry, 1000, "t"), b);
        ck_assert_ptr_null(a->token);
        registry_set_token(registry, b, 1000, copy("u"));
        ck_assert_ptr_null(registry_find_token(registry, 1000, "t"));
        registry_set_token(registry, b, 1000, NULL);
        ck_assert_ptr_null(registry_find_token(registry, 1000, "u"));

        registry_set_token(registry, a, 1000, copy("t"));
        c->token = copy("t");
        c->token_uid = 1000;
        ck_assert_ptr_null(registry_add(registry, c));
        ck_assert_ptr_eq(registry_find_token(registry, 1000, "t"), c);
        ck_assert_ptr_null(a->token);
}
END_TEST

START_TEST(what_is_not_removed_is_counted_and_what_is_not_adopted_is_measured) {
        struct entry *a = add("a", 1), *adopted = new_entry("b", 2);

        adopted->adopted = true;
        ck_assert_ptr_null(registry_add(registry, adopted));
        add(NULL, 3);
        ck_assert_int_eq(registry_count(registry), 3);
        ck_assert_uint_eq(registry_size_bytes(registry), 2 * 4096);
        registry_retire(registry, a);
        ck_assert_int_eq(registry_count(registry), 2);
        ck_assert_uint_eq(registry_size_bytes(registry), 4096);
        registry_take(registry, a);
        ck_assert_int_eq(registry_count(registry), 2);
        entry_free(a);
}
END_TEST

START_TEST(what_an_entry_is_made_with_is_copied) {
        char texts[] = "a\0proc\0b.service\0tok", key[] = "codec", value[] = "";
        const struct shmb_label items[] = {{key, "h264"}, {"empty", value}};
        struct entry *entry;

        ck_assert_int_eq(entry_new(&entry, &(struct entry_texts){.name = texts,
                                                                 .creator_command = texts + 2,
                                                                 .creator_unit = texts + 7,
                                                                 .token = texts + 17,
                                                                 .labels = {items, 2}}),
                         0);
        memset(texts, 'x', sizeof(texts));
        key[0] = 'x';
        ck_assert_str_eq(entry->name, "a");
        ck_assert_str_eq(entry->creator_command, "proc");
        ck_assert_str_eq(entry->creator_unit, "b.service");
        ck_assert_str_eq(entry->token, "tok");
        ck_assert_uint_eq(entry->labels_count, 2);
        ck_assert_str_eq(entry->labels[0].key, "codec");
        ck_assert_str_eq(entry->labels[0].value, "h264");
        ck_assert_str_eq(entry->labels[1].key, "empty");
        ck_assert_str_eq(entry->labels[1].value, "");
        entry_free(entry);
}
END_TEST

/* Those that it was made with and those that it got later, in turn. */
START_TEST(strings_and_labels_are_replaced) {
        struct shmb_label label = {"codec", "h264"}, other_label = {"codec", "av1"};
        struct labels labels = {&label, 1}, others = {&other_label, 1}, none = {&label, 0};
        struct entry other = {0}, *entry;

        ck_assert_int_eq(
                entry_new(&entry,
                          &(struct entry_texts){.name = "a", .token = "t", .labels = labels}),
                0);
        ck_assert_ptr_null(registry_add(registry, entry));
        registry_rename(registry, entry, copy("b"));
        registry_rename(registry, entry, copy("c"));
        ck_assert_ptr_eq(registry_find_name(registry, "c"), entry);
        registry_set_token(registry, entry, 0, copy("u"));
        registry_set_token(registry, entry, 0, copy("v"));
        ck_assert_ptr_eq(registry_find_token(registry, 0, "v"), entry);

        ck_assert_int_eq(entry_set_labels(&other, &others), 0);
        registry_swap_labels(registry, entry, &other);
        ck_assert_str_eq(entry->labels[0].value, "av1");
        ck_assert_str_eq(other.labels[0].value, "h264");
        registry_swap_labels(registry, entry, &other);
        ck_assert_str_eq(entry->labels[0].value, "h264");
        entry_release(entry, other.labels);
        ck_assert_int_eq(entry_set_labels(entry, &others), 0);
        ck_assert_str_eq(entry->labels[0].value, "av1");
        ck_assert_int_eq(entry_set_labels(entry, &none), 0);
        ck_assert_ptr_null(entry->labels);
        ck_assert_uint_eq(entry->labels_count, 0);
}
END_TEST

START_TEST(many_are_found_and_forgotten) {
        enum { ENTRIES = 5000 };
        char name[32];

        for (int i = 0; i < ENTRIES; i++) {
                sprintf(name, "many/%u", i * 2654435761U);
                add(i % 7 == 0 ? NULL : name, i);
        }
        for (int i = 0; i < ENTRIES; i += 2) {
                struct entry *entry = registry_find_id(registry, i);

                registry_take(registry, entry);
                entry_free(entry);
        }
        for (int i = 0; i < ENTRIES; i++) {
                struct entry *entry = registry_find_id(registry, i);

                ck_assert((entry != NULL) == (i % 2 != 0));
                sprintf(name, "many/%u", i * 2654435761U);
                if (i % 7 != 0)
                        ck_assert_ptr_eq(registry_find_name(registry, name), entry);
        }
        ck_assert_int_eq(registry_count(registry), ENTRIES / 2);
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {an_entry_is_found_by_name_and_by_id},
                {names_come_in_their_order_and_private_ones_last_by_id},
                {a_walk_goes_on_behind_what_need_not_exist},
                {ids_come_in_their_order_with_removed_ones},
                {a_removed_one_is_found_by_its_id_alone},
                {one_added_as_removed_takes_no_name},
                {who_has_the_id_or_the_name_is_told_and_nothing_changes},
                {what_is_taken_out_is_the_callers_again},
                {a_rename_keeps_the_order},
                {each_change_gives_a_version_that_was_never_there},
                {tokens_belong_to_their_users},
                {a_token_has_one_holder_and_a_segment_one_token},
                {what_is_not_removed_is_counted_and_what_is_not_adopted_is_measured},
                {what_an_entry_is_made_with_is_copied},
                {strings_and_labels_are_replaced},
                {many_are_found_and_forgotten},
        };

        return suite_run("registry", setup, teardown, SUITE_ROWS(rows));
}
