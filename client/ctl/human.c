#include "human.h"

#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

char *human_size(uint64_t bytes, char ret[HUMAN_BYTES]) {
        static const char units[] = "BKMGTPE";
        unsigned unit = 0;
        uint64_t whole = bytes, tenths = 0;

        while (whole >= 1024 && unit + 1 < sizeof units - 1) {
                unit++;
                whole = bytes >> (10 * unit);
        }
        if (unit > 0) {
                uint64_t rest = bytes & ((UINT64_C(1) << (10 * unit)) - 1);

                tenths = ((rest >> (10 * (unit - 1))) * 10 + 512) / 1024;
        }
        if (tenths == 10) {
                tenths = 0;
                whole++;
        }
        if (tenths > 0)
                snprintf(ret, HUMAN_BYTES, "%" PRIu64 ".%" PRIu64 "%c", whole, tenths, units[unit]);
        else
                snprintf(ret, HUMAN_BYTES, "%" PRIu64 "%c", whole, units[unit]);
        return ret;
}

char *human_time(int64_t seconds, char ret[HUMAN_BYTES]) {
        time_t time = (time_t) seconds;
        struct tm tm;
        size_t length;

        if (seconds == 0 || !localtime_r(&time, &tm))
                return strcpy(ret, "never");
        length = strftime(ret, HUMAN_BYTES - 1, "%FT%T%z", &tm);
        /* strftime(3) has "+0100", ISO 8601 beside "05:41:45" wants "+01:00" */
        if (length > 2) {
                memmove(ret + length - 1, ret + length - 2, 3);
                ret[length - 2] = ':';
        }
        return ret;
}

char *human_short_time(int64_t seconds, char ret[HUMAN_BYTES]) {
        time_t at = (time_t) seconds, now = time(NULL);
        struct tm then_tm, now_tm;

        ret[0] = '\0';
        if (seconds == 0 || !localtime_r(&at, &then_tm) || !localtime_r(&now, &now_tm))
                return ret;
        if (then_tm.tm_year == now_tm.tm_year && then_tm.tm_yday == now_tm.tm_yday)
                strftime(ret, HUMAN_BYTES, "%H:%M", &then_tm);
        else
                strftime(ret, HUMAN_BYTES, "%F", &then_tm);
        return ret;
}

char *human_permissions(mode_t mode, char ret[HUMAN_BYTES]) {
        static const char letters[] = "rwxrwxrwx";

        for (unsigned i = 0; i < 9; i++)
                ret[i] = mode & (0400u >> i) ? letters[i] : '-';
        ret[9] = '\0';
        return ret;
}

char *human_status(const struct shmb_segment *segment, char ret[HUMAN_BYTES]) {
        const struct {
                bool holds;
                const char *word;
        } words[] = {
                {segment->removed, "dest"},
                {segment->locked, "locked"},
                {segment->page_size > (uint64_t) sysconf(_SC_PAGESIZE), "hugetlb"},
                {segment->adopted, "adopted"},
        };

        ret[0] = '\0';
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
                if (words[i].holds) {
                        if (ret[0])
                                strcat(ret, ",");
                        strcat(ret, words[i].word);
                }
        return ret;
}

/* getpwuid(3) reads a file, or asks a server: tens of thousands of segments belong to
 * a few users. */
struct known_name {
        bool known;
        id_t id;
        char text[HUMAN_BYTES];
};

static const char *look_up(struct known_name *cache, id_t id, const char *(*name_of)(id_t id)) {
        struct known_name *entry = cache + id % 16;

        if (!entry->known || entry->id != id) {
                const char *name = name_of(id);

                if (name)
                        snprintf(entry->text, sizeof entry->text, "%s", name);
                else
                        snprintf(entry->text, sizeof entry->text, "%u", id);
                entry->known = true;
                entry->id = id;
        }
        return entry->text;
}

static const char *user_name(id_t uid) {
        const struct passwd *user = getpwuid(uid);

        return user ? user->pw_name : NULL;
}

static const char *group_name(id_t gid) {
        const struct group *group = getgrgid(gid);

        return group ? group->gr_name : NULL;
}

const char *human_user(uid_t uid) {
        static struct known_name users[16];

        return look_up(users, uid, user_name);
}

const char *human_group(gid_t gid) {
        static struct known_name groups[16];

        return look_up(groups, gid, group_name);
}

char *human_printable(const char *from, char *ret, size_t size_bytes) {
        mbstate_t state = {0};
        size_t used = 0;

        while (*from) {
                wchar_t character;
                size_t length = mbrtowc(&character, from, strlen(from), &state);

                if (length > MB_CUR_MAX || !iswprint((wint_t) character)) {
                        if (length > MB_CUR_MAX) { /* no character at all: one byte of it */
                                length = 1;
                                memset(&state, 0, sizeof state);
                        }
                        if (used + 1 >= size_bytes)
                                break;
                        ret[used++] = '?';
                } else {
                        if (used + length >= size_bytes)
                                break;
                        memcpy(ret + used, from, length);
                        used += length;
                }
                from += length;
        }
        ret[used] = '\0';
        return ret;
}
