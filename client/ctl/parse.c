#include "parse.h"

#include "proto/segment.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

/* strtoumax(3) without what it forgives: blanks, signs. Moves `text` behind the digits. */
static bool read_digits(const char **text, int base, uint64_t *ret) {
        unsigned long long value;
        char *end;

        if (!isxdigit((unsigned char) **text))
                return false;
        errno = 0;
        value = strtoull(*text, &end, base);
        if (end == *text || errno == ERANGE)
                return false;
        *text = end;
        *ret = value;
        return true;
}

static bool read_number(const char *text, int base, uint64_t maximum, uint64_t *ret) {
        uint64_t value;

        if (!read_digits(&text, base, &value) || *text || value > maximum)
                return false;
        *ret = value;
        return true;
}

const char *parse_text(const char *value, void *ret) {
        *(const char **) ret = value;
        return NULL;
}

const char *parse_size(const char *value, void *ret) {
        static const char units[] = "KMGT";
        uint64_t size;
        unsigned shift = 0;

        if (!value)
                return NULL;
        if (!read_digits(&value, 10, &size))
                return isdigit((unsigned char) *value) ? "too large" : "not a size in bytes";
        if (*value) {
                const char *unit = strchr(units, toupper((unsigned char) *value));

                if (!unit || (value[1] && strcmp(value + 1, "iB") != 0))
                        return "not a size: digits, and K, M, G or T for powers of 1024";
                shift = 10 * (unsigned) (unit - units + 1);
        }
        if (size > UINT64_MAX >> shift)
                return "too large";
        *(uint64_t *) ret = size << shift;
        return NULL;
}

const char *parse_huge(const char *value, void *ret) {
        uint64_t size = 1;
        const char *reason = parse_size(value, &size);

        if (!reason && size == 0)
                reason = "a page has more than 0 bytes";
        if (!reason)
                *(uint64_t *) ret = size;
        return reason;
}

const char *parse_mode(const char *value, void *ret) {
        uint64_t mode;

        if (!read_number(value, 8, 0777, &mode))
                return "not a mode: octal, 0 to 0777";
        *(mode_t *) ret = (mode_t) mode;
        return NULL;
}

/* As chown(1): what is a name is no number. -1 is no id, it stands for none. */
const char *parse_user(const char *value, void *ret) {
        const struct passwd *user = getpwnam(value);
        uint64_t uid;

        if (user)
                uid = user->pw_uid;
        else if (!read_number(value, 10, UINT32_MAX - 1, &uid))
                return "no such user";
        *(uid_t *) ret = (uid_t) uid;
        return NULL;
}

const char *parse_group(const char *value, void *ret) {
        const struct group *group = getgrnam(value);
        uint64_t gid;

        if (group)
                gid = group->gr_gid;
        else if (!read_number(value, 10, UINT32_MAX - 1, &gid))
                return "no such group";
        *(gid_t *) ret = (gid_t) gid;
        return NULL;
}

const char *parse_owner(const char *value, void *ret) {
        struct parsed_owner *owner = ret, parsed = {.uid = (uid_t) -1, .gid = (gid_t) -1};
        const char *colon = strchrnul(value, ':');
        size_t length = (size_t) (colon - value);
        char user[LOGIN_NAME_MAX];
        const char *reason = NULL;

        if (length >= sizeof user)
                return "no such user";
        memcpy(user, value, length);
        user[length] = '\0';
        if (*user || !*colon)
                reason = parse_user(user, &parsed.uid);
        if (!reason && *colon)
                reason = parse_group(colon + 1, &parsed.gid);
        if (!reason)
                *owner = parsed;
        return reason;
}

const char *parse_label(const char *value, void *ret) {
        struct parsed_labels *labels = ret;
        const char *equals = strchr(value, '=');
        size_t length = equals ? (size_t) (equals - value) : 0;
        char *key = labels->keys[labels->count % LABELS_MAX];

        if (length == 0)
                return "not a label: KEY=VALUE";
        if (length > LABEL_KEY_BYTES_MAX)
                return "a key has at most 64 bytes";
        if (labels->count == LABELS_MAX)
                return "a segment has 16 labels at most";
        memcpy(key, value, length);
        key[length] = '\0';
        for (size_t i = 0; i < labels->count; i++)
                if (strcmp(labels->items[i].key, key) == 0)
                        return "this label was given already";
        labels->items[labels->count++] = (struct shmb_label){.key = key, .value = equals + 1};
        return NULL;
}

const char *parse_lifetime(const char *value, void *ret) {
        for (int i = 0; segment_lifetimes[i]; i++)
                if (strcmp(value, segment_lifetimes[i]) == 0) {
                        *(int *) ret = i;
                        return NULL;
                }
        return "not a lifetime: persistent, process, unit or attached";
}

const char *parse_id(const char *value, void *ret) {
        uint64_t id;

        if (!read_number(value, 10, INT_MAX, &id))
                return "not the id of a segment: 0 to 2147483647";
        *(int *) ret = (int) id;
        return NULL;
}

const char *parse_key(const char *value, void *ret) {
        bool hexadecimal = value[0] == '0' && (value[1] == 'x' || value[1] == 'X');
        uint64_t key;

        if (!read_number(value, hexadecimal ? 16 : 10, UINT32_MAX, &key) || key == IPC_PRIVATE)
                return "not a key: 1 to 4294967295, or 0x1 to 0xffffffff";
        *(key_t *) ret = (key_t) (uint32_t) key;
        return NULL;
}
