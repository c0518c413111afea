/* What systemctl(1) tells of a unit, and where its files say so. */
#include "doctor-unit.h"

#include "ctl.h"
#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROPERTIES                                                                                 \
        "Id,LoadState,FragmentPath,DropInPaths,MainPID,User,Group,UID,GID,SupplementaryGroups,"    \
        "DynamicUser,RemoveIPC,PrivateIPC,IPCNamespacePath,MemoryDenyWriteExecute,"                \
        "SystemCallFilter,SystemCallErrorNumber,RestrictAddressFamilies"

#define UNIT_NAME_BYTES_MAX 255

struct unit {
        char *text; /* lines of KEY=VALUE, each ended by NUL */
        size_t text_bytes;
};

void unit_free(struct unit *unit) {
        if (!unit)
                return;
        free(unit->text);
        free(unit);
}

const char *unit_property(const struct unit *unit, const char *name) {
        size_t length = strlen(name);

        for (const char *line = unit->text; line < unit->text + unit->text_bytes;
             line += strlen(line) + 1)
                if (strncmp(line, name, length) == 0 && line[length] == '=')
                        return line + length + 1;
        return NULL;
}

const char *unit_name(const struct unit *unit) {
        return unit_property(unit, "Id");
}

bool unit_is(const struct unit *unit, const char *name) {
        const char *value = unit_property(unit, name);

        return value && doctor_true(value);
}

bool unit_has_word(const char *words, const char *word) {
        size_t length = strlen(word);

        for (const char *at = words; *at;) {
                size_t bytes = strcspn(at, " ");

                /* A filter's system call may carry what it fails with: "shmat:EPERM". */
                if (bytes >= length && strncmp(at, word, length) == 0 &&
                    (bytes == length || at[length] == ':'))
                        return true;
                at += bytes + strspn(at + bytes, " ");
        }
        return false;
}

/* All that comes out of the descriptor, which it takes. False with errno. */
static bool read_all(int take_fd, struct unit *unit) {
        FILE *file = fdopen(take_fd, "r");
        size_t capacity = 0;
        ssize_t length;

        if (!file) {
                close(take_fd);
                return false;
        }
        errno = 0;
        length = getdelim(&unit->text, &capacity, '\0', file); /* the text has no NUL */
        unit->text_bytes = length < 0 ? 0 : (size_t) length;
        int failed = errno;
        fclose(file);
        errno = failed;
        return length >= 0 || failed == 0;
}

/* Its output in unit->text; false with errno. What it says to standard error is for
 * whoever called us. */
static bool run_systemctl(char *const *arguments, struct unit *unit) {
        posix_spawn_file_actions_t actions;
        int ends[2], status;
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return false;
        int r = posix_spawn_file_actions_init(&actions);
        if (r == 0) {
                r = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
                if (r == 0)
                        r = posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environ);
                posix_spawn_file_actions_destroy(&actions);
        }
        close(ends[1]);
        if (r != 0) {
                close(ends[0]);
                errno = r;
                return false;
        }
        bool is_read = read_all(ends[0], unit);
        int failed = errno;
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        errno = failed;
        return is_read;
}

int unit_load(struct doctor *doctor, const char *name) {
        char copy[UNIT_NAME_BYTES_MAX + 1]; /* exec(3) wants them writable */
        char *arguments[] = {
                (char[]){"systemctl"},
                doctor->for_user_manager ? (char[]){"--user"} : (char[]){"--system"},
                (char[]){"show"},
                (char[]){"--property=" PROPERTIES},
                (char[]){"--"},
                copy,
                NULL,
        };
        struct unit *unit = doctor->unit = calloc(1, sizeof *unit);

        if (snprintf(copy, sizeof copy, "%s", name) >= (int) sizeof copy)
                return ctl_failed(doctor->ctl, name, "is too long for a unit's name");
        if (!unit)
                return ctl_failed(doctor->ctl, name, "out of memory");
        if (!run_systemctl(arguments, unit))
                return ctl_failed(doctor->ctl, name, "can't ask systemctl: %s", strerror(errno));
        for (size_t i = 0; i < unit->text_bytes; i++)
                if (unit->text[i] == '\n')
                        unit->text[i] = '\0';

        const char *id = unit_name(unit), *state = unit_property(unit, "LoadState");
        size_t length = id ? strlen(id) : 0;
        if (!state)
                return ctl_failed(doctor->ctl, name, "systemctl tells nothing of it");
        if (strcmp(state, "loaded") != 0)
                return ctl_failed(doctor->ctl, name, "the unit is %s", state);
        if (length < 8 || strcmp(id + length - 8, ".service") != 0)
                return ctl_failed(doctor->ctl, name, "is no service");
        return CTL_DONE;
}

/* The last of its files that sets `key`, as systemd reads them. */
static bool find_setting(struct doctor *doctor, const char *key, struct setting *ret) {
        const char *const lists[] = {
                unit_property(doctor->unit, "FragmentPath"),
                unit_property(doctor->unit, "DropInPaths"),
        };
        bool found = false;

        for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
                for (const char *at = lists[i]; at && *at;) {
                        size_t length = strcspn(at, " ");
                        const char *path = doctor_text(doctor, "%.*s", (int) length, at);

                        found |= doctor_setting(doctor, path, "[Service]", key, ret);
                        at += length + strspn(at + length, " ");
                }
        return found;
}

const char *unit_says(struct doctor *doctor, const char *key) {
        const char *name = unit_name(doctor->unit);
        struct setting setting;

        if (find_setting(doctor, key, &setting))
                return doctor_text(doctor, "%s has %s=%s (%s:%u)", name, key, setting.value,
                                   setting.path, setting.line);
        return doctor_text(doctor, "%s has %s=%s", name, key, unit_property(doctor->unit, key));
}

const char *unit_file(struct doctor *doctor, const char *key) {
        const char *place =
                doctor->for_user_manager ? "~/.config/systemd/user" : "/etc/systemd/system";
        struct setting setting;

        /* What an administrator wrote is mended there; what a package brought is overridden. */
        if (find_setting(doctor, key, &setting) &&
            (strncmp(setting.path, "/etc/", 5) == 0 || strstr(setting.path, "/.config/")))
                return doctor_text(doctor, "%s", setting.path);
        return doctor_text(doctor, "%s/%s.d/shmbroker.conf", place, unit_name(doctor->unit));
}
