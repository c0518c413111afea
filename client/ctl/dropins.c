#include "dropins.h"

#include "ctl.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX         ".json"
#define FILE_BYTES_MAX ((size_t) 1 << 20)

static const char *const directories[] = {
        "/etc/shmbroker.d",
        "/run/shmbroker.d",
        "/usr/lib/shmbroker.d",
};

static bool is_dropin(const char *name) {
        size_t length = strlen(name);

        return name[0] != '.' && length > strlen(SUFFIX) &&
               strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

static bool is_hidden(const struct dropins *dropins, const char *name) {
        for (size_t i = 0; i < dropins->count; i++)
                if (strcmp(dropins->items[i].name, name) == 0)
                        return true;
        return false;
}

/* 0 or a negative errno. */
static int add(struct dropins *dropins, const char *directory, const char *name) {
        struct dropin *items, *added;

        items = reallocarray(dropins->items, dropins->count + 1, sizeof *items);
        if (!items)
                return -ENOMEM;
        dropins->items = items;
        added = items + dropins->count;
        if (asprintf(&added->path, "%s/%s", directory, name) < 0)
                return -ENOMEM;
        added->name = added->path + strlen(directory) + 1;
        dropins->count++;
        return 0;
}

static int add_directory(struct dropins *dropins, const char *path) {
        struct dirent *entry;
        int result = 0;
        DIR *directory;

        directory = opendir(path);
        if (!directory)
                return errno == ENOENT ? 0 : -errno;
        while (result == 0 && (errno = 0, entry = readdir(directory)))
                if (is_dropin(entry->d_name) && !is_hidden(dropins, entry->d_name))
                        result = add(dropins, path, entry->d_name);
        if (result == 0 && errno != 0)
                result = -errno;
        closedir(directory);
        return result;
}

static int compare(const void *a, const void *b) {
        return strcmp(((const struct dropin *) a)->name, ((const struct dropin *) b)->name);
}

int dropins_find(const struct ctl *ctl, struct dropins *ret) {
        *ret = (struct dropins){0};
        for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++) {
                int result = add_directory(ret, directories[i]);

                if (result < 0)
                        return ctl_failed(ctl, directories[i], "%s", strerror(-result));
        }
        if (ret->count > 0)
                qsort(ret->items, ret->count, sizeof *ret->items, compare);
        return CTL_DONE;
}

void dropins_free(struct dropins *dropins) {
        for (size_t i = 0; i < dropins->count; i++)
                free(dropins->items[i].path);
        free(dropins->items);
        *dropins = (struct dropins){0};
}

int dropins_read(const struct ctl *ctl, const char *path, char **ret, size_t *ret_length_bytes) {
        FILE *file = fopen(path, "re");
        char *text = malloc(FILE_BYTES_MAX + 1);
        int result = CTL_DONE;
        size_t length = 0;

        if (!file || !text) {
                result = ctl_failed(ctl, path, "%s", strerror(errno));
        } else {
                length = fread(text, 1, FILE_BYTES_MAX + 1, file);
                if (ferror(file))
                        result = ctl_failed(ctl, path, "%s", strerror(errno));
                else if (length > FILE_BYTES_MAX)
                        result = ctl_failed(ctl, path, "larger than %zu bytes", FILE_BYTES_MAX);
        }
        if (file)
                fclose(file);
        if (result != CTL_DONE) {
                free(text);
                return result;
        }
        text[length] = '\0';
        *ret = text;
        *ret_length_bytes = length;
        return CTL_DONE;
}
