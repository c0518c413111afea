#include "name.h"

#include <stdint.h>
#include <string.h>

/* ------------------------------------------------------------------- names */

static bool is_name_byte(unsigned char byte) {
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
               (byte >= '0' && byte <= '9') || (byte != '\0' && strchr("._-:@+/", byte));
}

const char *name_reason(const char *name) {
        size_t length = strnlen(name, NAME_BYTES_MAX + 1);

        if (length == 0)
                return "it is empty";
        if (length > NAME_BYTES_MAX)
                return "it is longer than 255 bytes";

        for (const char *at = name; *at != '\0'; at++) {
                if (!is_name_byte((unsigned char) *at))
                        return "it has a character other than A-Z a-z 0-9 . _ - : @ + /";
        }
        if (name[0] == '/')
                return "it begins with /";
        if (name[length - 1] == '/')
                return "it ends with /";

        for (const char *at = name;; at++) {
                size_t component = strcspn(at, "/");
                if (component == 0)
                        return "it has two / in a row";
                if (component <= 2 && strspn(at, ".") >= component)
                        return "it has a component . or ..";
                at += component;
                if (*at == '\0')
                        return NULL;
        }
}

/* ------------------------------------------------------------------- globs */

enum glob_kind {
        GLOB_BYTE,
        GLOB_ANY,    /* ? */
        GLOB_CLASS,  /* [...] */
        GLOB_WITHIN, /* * */
        GLOB_ACROSS, /* ** */
};

/* One step of a pattern: it matches a byte, or any number of them. */
struct glob_step {
        enum glob_kind kind;
        char byte;                     /* GLOB_BYTE */
        bool negated;                  /* GLOB_CLASS */
        const char *items, *items_end; /* GLOB_CLASS: what is between the brackets */
};

/* Reads the step at `pattern` and returns what follows it; NULL and a reason where
 * there is no valid one. */
static const char *glob_step(const char *pattern, struct glob_step *ret, const char **ret_reason) {
        *ret = (struct glob_step){.kind = GLOB_BYTE, .byte = *pattern};

        switch (*pattern++) {
        case '*':
                ret->kind = *pattern == '*' ? GLOB_ACROSS : GLOB_WITHIN;
                return pattern + strspn(pattern, "*");
        case '?':
                ret->kind = GLOB_ANY;
                return pattern;
        case '\\':
                ret->byte = *pattern;
                if (*pattern == '\0') {
                        *ret_reason = "nothing follows the last \\";
                        return NULL;
                }
                return pattern + 1;
        case '[':
                break;
        default:
                return pattern;
        }

        ret->kind = GLOB_CLASS;
        ret->negated = *pattern == '!' || *pattern == '^';
        ret->items = pattern + ret->negated;
        /* a ] that comes first is one of the items */
        ret->items_end = *ret->items == '\0' ? NULL : strchr(ret->items + 1, ']');
        if (!ret->items_end) {
                *ret_reason = "a [ has no ]";
                return NULL;
        }
        return ret->items_end + 1;
}

/* A range, a-z, or one byte; moves *items behind it. */
static void class_item(const char **items, const char *end, unsigned char *ret_low,
                       unsigned char *ret_high) {
        const char *at = *items;
        bool range = end - at >= 3 && at[1] == '-';

        *ret_low = (unsigned char) at[0];
        *ret_high = (unsigned char) at[range ? 2 : 0];
        *items = at + (range ? 3 : 1);
}

static const char *class_reason(const struct glob_step *step) {
        for (const char *at = step->items; at < step->items_end;) {
                if (*at == '/')
                        return "a [...] has a /, which it cannot match";
                if (*at == '[' && at + 1 < step->items_end && strchr(":.=", at[1]))
                        return "a [...] has a class with a name, like [:alpha:]";

                unsigned char low, high;
                class_item(&at, step->items_end, &low, &high);
                if (low > high)
                        return "a range in a [...] runs backwards";
        }
        return NULL;
}

static bool class_has(const struct glob_step *step, unsigned char byte) {
        for (const char *at = step->items; at < step->items_end;) {
                unsigned char low, high;
                class_item(&at, step->items_end, &low, &high);
                if (byte >= low && byte <= high)
                        return !step->negated;
        }
        return step->negated;
}

const char *glob_reason(const char *pattern) {
        size_t length = strnlen(pattern, PATTERN_BYTES_MAX + 1);
        unsigned stars = 0;

        if (length == 0)
                return "it is empty";
        if (length > PATTERN_BYTES_MAX)
                return "it is longer than 255 bytes";

        while (*pattern != '\0') {
                struct glob_step step;
                const char *reason = NULL;
                pattern = glob_step(pattern, &step, &reason);
                if (pattern && step.kind == GLOB_CLASS)
                        reason = class_reason(&step);
                if (reason)
                        return reason;
                stars += step.kind == GLOB_WITHIN || step.kind == GLOB_ACROSS;
        }
        return stars > GLOB_STARS_MAX ? "it has more than eight *" : NULL;
}

/* A match in progress: every place of the name, in ascending order, up to which the
 * steps so far match. They are followed all at once, so nothing is ever tried twice. */
struct glob_places {
        uint8_t at[NAME_BYTES_MAX + 1];
        size_t count;
};

static bool step_takes(const struct glob_step *step, char byte) {
        switch (step->kind) {
        case GLOB_BYTE:
                return byte == step->byte;
        case GLOB_ANY:
                return byte != '/';
        default:
                return byte != '/' && class_has(step, (unsigned char) byte);
        }
}

static void places_take_byte(struct glob_places *places, const struct glob_step *step,
                             const char *name, size_t length) {
        size_t kept = 0;

        for (size_t i = 0; i < places->count; i++) {
                uint8_t at = places->at[i];
                if (at < length && step_takes(step, name[at]))
                        places->at[kept++] = at + 1;
        }
        places->count = kept;
}

/* Any number of bytes, up to the next / unless the step crosses it. */
static void places_take_run(struct glob_places *places, const struct glob_step *step,
                            const char *name, size_t length) {
        bool reached[NAME_BYTES_MAX + 1] = {false};
        bool running = false;

        for (size_t i = 0; i < places->count; i++)
                reached[places->at[i]] = true;

        places->count = 0;
        for (size_t at = 0; at <= length; at++) {
                running = running || reached[at];
                if (running)
                        places->at[places->count++] = (uint8_t) at;
                if (name[at] == '/' && step->kind == GLOB_WITHIN)
                        running = false;
        }
}

bool glob_match(const char *pattern, const char *name) {
        size_t length = strnlen(name, NAME_BYTES_MAX + 1), prefix = glob_prefix_bytes(pattern);
        if (length > NAME_BYTES_MAX || strncmp(pattern, name, prefix) != 0)
                return false;

        struct glob_places places;
        places.at[0] = (uint8_t) prefix;
        places.count = 1;
        pattern += prefix;
        while (*pattern != '\0' && places.count > 0) {
                struct glob_step step;
                const char *reason;
                pattern = glob_step(pattern, &step, &reason);
                if (!pattern)
                        return false;
                if (step.kind == GLOB_WITHIN || step.kind == GLOB_ACROSS)
                        places_take_run(&places, &step, name, length);
                else
                        places_take_byte(&places, &step, name, length);
        }
        return places.count > 0 && places.at[places.count - 1] == length;
}

size_t glob_prefix_bytes(const char *pattern) {
        return strcspn(pattern, "*?[\\");
}
