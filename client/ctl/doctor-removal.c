/* Who removes segments behind their owner's back: systemd, logind, the kernel. */
#include "doctor-unit.h"
#include "doctor.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define SYSTEM_UID_MAX 999 /* systemd's, where /etc/login.defs does not say */
#define LOGIND_SECTION "[Login]"

#define REMOVAL                                                                                    \
        "When it stops, systemd removes each segment that its user or its group owns and nobody "  \
        "has attached"

void doctor_check_unit_removal(struct doctor *doctor) {
        if (!doctor->unit)
                return;
        /* It is about User= and Group=, spares root, and users' services have neither. */
        if (doctor->for_user_manager || (doctor->subject.uid == 0 && doctor->subject.gid == 0)) {
                doctor_say_ok(doctor, "systemd removes nothing when %s stops",
                              doctor->subject.name);
                return;
        }
        bool is_dynamic = unit_is(doctor->unit, "DynamicUser");
        if (!is_dynamic && !unit_is(doctor->unit, "RemoveIPC")) {
                doctor_say_ok(doctor, "%s has RemoveIPC=no", doctor->subject.name);
                return;
        }
        const char *key = is_dynamic ? "DynamicUser" : "RemoveIPC";
        struct finding finding = {
                .state = FINDING_PROBLEM,
                .found = unit_says(doctor, key),
                .consequence = is_dynamic ? REMOVAL ", and at its next start its user may be "
                                                    "another one. Let it run as a static user, or "
                                                    "let root own the segments: "
                                                    "shmbroker-systemd(7)"
                                          : REMOVAL,
                .file = unit_file(doctor, key),
                .section = "[Service]",
                .line = is_dynamic ? "DynamicUser=no" : "RemoveIPC=no",
        };
        doctor_say(doctor, &finding);
}

static bool is_system_user(const struct doctor *doctor, uid_t uid) {
        char text[32 * 1024];
        unsigned maximum = SYSTEM_UID_MAX;
        const char *line;

        if (doctor_read(doctor, "/etc/login.defs", text, sizeof text) &&
            (line = doctor_line(text, "SYS_UID_MAX")))
                (void) sscanf(line, "%u", &maximum);
        return uid <= maximum;
}

/* Directories and main files as logind.conf(5) has them, what counts most first. */
static const char *const logind_places[] = {
        "/etc/systemd/logind.conf",
        "/run/systemd/logind.conf",
        "/usr/local/lib/systemd/logind.conf",
        "/usr/lib/systemd/logind.conf",
};
#define LOGIND_PLACES (sizeof logind_places / sizeof logind_places[0])

static bool is_there(const struct doctor *doctor, const char *path) {
        FILE *file = doctor_open(doctor, path);

        if (file)
                fclose(file);
        return file != NULL;
}

/* A drop-in of the same name in a place that counts more replaces this one. */
static bool is_replaced(const struct doctor *doctor, size_t place, const char *name) {
        char path[PATH_MAX];

        for (size_t i = 0; i < place; i++) {
                snprintf(path, sizeof path, "%s.d/%s", logind_places[i], name);
                if (is_there(doctor, path))
                        return true;
        }
        return false;
}

/* Of all drop-ins, the last by file name that says something. */
static bool find_in_drop_ins(const struct doctor *doctor, struct setting *ret) {
        char last[NAME_MAX + 1] = "";

        for (size_t place = 0; place < LOGIND_PLACES; place++) {
                char pattern[PATH_MAX];
                glob_t files = {0};

                snprintf(pattern, sizeof pattern, "%s%s.d/*.conf", doctor->root,
                         logind_places[place]);
                if (glob(pattern, 0, NULL, &files) != 0)
                        continue;
                for (size_t i = 0; i < files.gl_pathc; i++) {
                        const char *path = files.gl_pathv[i] + strlen(doctor->root);
                        const char *name = strrchr(path, '/') + 1;

                        if (strcmp(name, last) > 0 && !is_replaced(doctor, place, name) &&
                            doctor_setting(doctor, path, LOGIND_SECTION, "RemoveIPC", ret))
                                snprintf(last, sizeof last, "%s", name);
                }
                globfree(&files);
        }
        return last[0] != '\0';
}

/* The first of the main files is read, and then all drop-ins. */
static bool find_logind_setting(const struct doctor *doctor, struct setting *ret) {
        if (find_in_drop_ins(doctor, ret))
                return true;
        for (size_t i = 0; i < LOGIND_PLACES; i++)
                if (is_there(doctor, logind_places[i]))
                        return doctor_setting(doctor, logind_places[i], LOGIND_SECTION, "RemoveIPC",
                                              ret);
        return false;
}

void doctor_check_login_removal(struct doctor *doctor) {
        const struct subject *subject = &doctor->subject;
        const char *user = subject->user;
        struct setting setting;

        bool is_set = find_logind_setting(doctor, &setting);
        const char *says = is_set ? doctor_text(doctor, "logind has RemoveIPC=%s (%s:%u)",
                                                setting.value, setting.path, setting.line)
                                  : "logind has RemoveIPC=yes, its default";
        if (subject->uid == (uid_t) -1) {
                doctor_say_ok(doctor, "%s is nobody who logs in", user);
        } else if (!is_there(doctor, "/run/systemd/seats")) {
                doctor_say_ok(doctor, "logind does not run here");
        } else if (is_system_user(doctor, subject->uid)) {
                doctor_say_ok(doctor, "%s is a system user, whom logind spares", user);
        } else if (is_there(doctor, doctor_text(doctor, "/var/lib/systemd/linger/%s", user))) {
                doctor_say_ok(doctor, "%s lingers, and so do its segments", user);
        } else if (is_set && !doctor_true(setting.value)) {
                doctor_say_ok(doctor, "%s", says);
        } else {
                struct finding finding = {
                        .state = FINDING_PROBLEM,
                        .found = says,
                        .consequence = doctor_text(
                                doctor,
                                "When the last session of %s ends, logind removes each segment "
                                "that this user owns and nobody has attached. Other ways than the "
                                "line: loginctl enable-linger %s, or an owner who is a system user",
                                user, user),
                        .file = is_set && strncmp(setting.path, "/etc/", 5) == 0
                                        ? doctor_text(doctor, "%s", setting.path)
                                        : "/etc/systemd/logind.conf.d/shmbroker.conf",
                        .section = LOGIND_SECTION,
                        .line = "RemoveIPC=no",
                };
                doctor_say(doctor, &finding);
        }
}

void doctor_check_forced_removal(struct doctor *doctor) {
        static const struct finding finding = {
                .state = FINDING_PROBLEM,
                .found = "kernel.shm_rmid_forced is 1",
                .consequence = "The kernel destroys each segment when the last process detaches "
                               "it, and when the broker ends or is restarted while nobody has it "
                               "attached",
                .file = "/etc/sysctl.d/60-shmbroker.conf",
                .line = "kernel.shm_rmid_forced = 0",
        };
        uint64_t forced = 0;

        if (!doctor_read_number(doctor, "/proc/sys/kernel/shm_rmid_forced", &forced))
                doctor_say_unknown(doctor, "kernel.shm_rmid_forced can't be read");
        else if (forced == 0)
                doctor_say_ok(doctor, "kernel.shm_rmid_forced is 0");
        else
                doctor_say(doctor, &finding);
}
