#include "doctor.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

FILE *doctor_open(const struct doctor *doctor, const char *path) {
        char below[PATH_MAX];

        if (snprintf(below, sizeof below, "%s%s", doctor->root, path) >= (int) sizeof below)
                return NULL;
        return fopen(below, "re");
}

bool doctor_read(const struct doctor *doctor, const char *path, char *ret, size_t size_bytes) {
        FILE *file = doctor_open(doctor, path);

        if (!file)
                return false;
        size_t length = fread(ret, 1, size_bytes - 1, file);
        bool good = !ferror(file);
        fclose(file);
        ret[length] = '\0';
        return good;
}

bool doctor_read_number(const struct doctor *doctor, const char *path, uint64_t *ret) {
        char text[64];

        return doctor_read(doctor, path, text, sizeof text) && sscanf(text, "%" SCNu64, ret) == 1;
}

const char *doctor_line(const char *text, const char *key) {
        size_t length = strlen(key);

        while (text && strncmp(text, key, length) != 0) {
                text = strchr(text, '\n');
                if (text)
                        text++;
        }
        return text ? text + length + strspn(text + length, " \t") : NULL;
}

/* Cuts blanks off both ends. */
static char *trim(char *text) {
        text += strspn(text, " \t");
        for (char *end = text + strlen(text); end > text && isspace((unsigned char) end[-1]);)
                *--end = '\0';
        return text;
}

bool doctor_setting(const struct doctor *doctor, const char *path, const char *section,
                    const char *key, struct setting *ret) {
        FILE *file = doctor_open(doctor, path);
        char line[2048];
        bool inside = false, found = false;

        if (!file)
                return false;
        for (unsigned number = 1; fgets(line, sizeof line, file); number++) {
                char *text = trim(line), *equals = strchr(text, '=');

                if (text[0] == '[') {
                        inside = strcmp(text, section) == 0;
                } else if (inside && equals) {
                        *equals = '\0';
                        if (strcmp(trim(text), key) != 0)
                                continue;
                        found = true;
                        ret->line = number;
                        snprintf(ret->value, sizeof ret->value, "%s", trim(equals + 1));
                        snprintf(ret->path, sizeof ret->path, "%s", path);
                }
        }
        fclose(file);
        return found;
}

bool doctor_true(const char *value) {
        static const char *const words[] = {"1", "yes", "y", "true", "t", "on"};

        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
                if (strcasecmp(value, words[i]) == 0)
                        return true;
        return false;
}
