/* Who may connect, and who gets more than that by the broker's own group. */
#include "doctor-unit.h"
#include "doctor.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define CLIENTS "shmbroker-clients"

static bool may_connect(const struct subject *subject, const struct stat *facts) {
        mode_t bits = facts->st_mode;

        if (subject->uid == 0)
                return true;
        if (subject->uid == facts->st_uid)
                return bits & S_IWUSR;
        if (subject_in_group(subject, facts->st_gid))
                return bits & S_IWGRP;
        return bits & S_IWOTH;
}

static const char *name_of_group(struct doctor *doctor, gid_t gid) {
        const struct group *group = getgrgid(gid);

        return group ? doctor_text(doctor, "%s", group->gr_name) : doctor_text(doctor, "%u", gid);
}

/* The line of group(5) with the user added to it; NULL where it is in there already. */
static const char *line_with_member(struct doctor *doctor, gid_t gid) {
        const struct group *group = getgrgid(gid);
        const char *members = "";

        if (!group)
                return doctor_text(doctor, CLIENTS ":x:%u:%s", gid, doctor->subject.user);
        for (char **member = group->gr_mem; *member; member++) {
                if (strcmp(*member, doctor->subject.user) == 0)
                        return NULL;
                members = doctor_text(doctor, "%s%s,", members, *member);
        }
        return doctor_text(doctor, "%s:x:%u:%s%s", group->gr_name, gid, members,
                           doctor->subject.user);
}

static void say_group_is_missing(struct doctor *doctor, gid_t gid, const char *path) {
        const char *group = name_of_group(doctor, gid);
        struct finding finding = {
                .state = FINDING_PROBLEM,
                .found = doctor_text(doctor, "%s is not in group %s, which %s is for",
                                     doctor->subject.name, group, path),
                .consequence = "Connecting to the broker fails with EACCES",
        };

        if (doctor->unit && !doctor->for_user_manager) {
                finding.file = unit_file(doctor, "SupplementaryGroups");
                finding.section = "[Service]";
                finding.line = doctor_text(doctor, "SupplementaryGroups=%s", group);
        } else if ((finding.line = line_with_member(doctor, gid))) {
                finding.file = "/etc/group";
                finding.consequence =
                        doctor_text(doctor, "%s: after usermod -aG %s %s, log in again",
                                    finding.consequence, group, doctor->subject.user);
        } else {
                finding.consequence = "Connecting to the broker fails with EACCES: the user is a "
                                      "member since this session began, so log in again";
        }
        doctor_say(doctor, &finding);
}

void doctor_check_socket(struct doctor *doctor) {
        const char *path = doctor->address ? doctor->address + strlen("unix:") : NULL;
        struct stat facts;

        if (!path)
                doctor_say_unknown(doctor, "the broker has no address");
        else if (path[0] == '@')
                doctor_say_ok(doctor, "it is abstract: for everybody");
        else if (stat(path, &facts) < 0)
                doctor_say_unknown(doctor, "%s: %s", path, strerror(errno));
        else if (may_connect(&doctor->subject, &facts))
                doctor_say_ok(doctor, "%s may connect to %s", doctor->subject.name, path);
        else if (facts.st_mode & S_IWGRP)
                say_group_is_missing(doctor, facts.st_gid, path);
        else {
                struct finding finding = {
                        .state = FINDING_PROBLEM,
                        .found = doctor_text(doctor, "%s is for user %u alone", path, facts.st_uid),
                        .consequence = "Connecting to the broker fails with EACCES",
                };
                doctor_say(doctor, &finding);
        }
}

bool doctor_read_broker_group(const struct doctor *doctor, gid_t *ret) {
        char text[DOCTOR_STATUS_BYTES];
        const char *line = NULL;

        if (doctor_read_broker_status(doctor, text))
                line = doctor_line(text, "Gid:");
        return line && sscanf(line, "%*u %u", ret) == 1; /* real, effective, ... */
}

void doctor_check_creator_group(struct doctor *doctor) {
        const struct subject *subject = &doctor->subject;
        struct finding finding = {
                .state = FINDING_PROBLEM,
                .consequence = "The kernel takes it for the creator's group of every segment: "
                               "whatever a mode lets a group do with any of them is open to it. "
                               "To connect takes group " CLIENTS " alone",
        };
        gid_t gid;

        if (!doctor_read_broker_group(doctor, &gid)) {
                doctor_say_unknown(doctor, "the broker's process can't be looked at");
                return;
        }
        const char *group = name_of_group(doctor, gid);
        if (!subject_in_group(subject, gid)) {
                doctor_say_ok(doctor, "%s is not in the broker's own group %s", subject->name,
                              group);
                return;
        }
        if (subject->uid == 0 || subject->uid == doctor->broker.uid) {
                doctor_say_ok(doctor, "%s may do as much without any group", subject->name);
                return;
        }
        finding.found =
                doctor_text(doctor, "%s is in the broker's own group %s", subject->name, group);
        if (doctor->unit) {
                finding.file = unit_file(doctor, "SupplementaryGroups");
                finding.section = "[Service]";
                finding.line = "SupplementaryGroups=\nSupplementaryGroups=" CLIENTS;
        } else {
                finding.file = "/etc/group";
                finding.line = doctor_text(doctor, "%s:x:%u:", group, gid);
        }
        doctor_say(doctor, &finding);
}
