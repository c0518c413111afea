/* Whose segments it is about: the caller's, or those of a unit's user. */
#include "ctl.h"
#include "doctor-unit.h"
#include "doctor.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int out_of_memory(const struct doctor *doctor) {
        return ctl_failed(doctor->ctl, doctor->subject.name, "out of memory");
}

int subject_from_caller(struct doctor *doctor) {
        struct subject *subject = &doctor->subject;
        const struct passwd *user = getpwuid(geteuid());
        int count = getgroups(0, NULL);

        subject->uid = geteuid();
        subject->gid = getegid();
        if (user)
                snprintf(subject->user, sizeof subject->user, "%s", user->pw_name);
        else
                snprintf(subject->user, sizeof subject->user, "%u", subject->uid);
        snprintf(subject->name, sizeof subject->name, "%s", subject->user);
        if (count > 0) {
                subject->groups = calloc((size_t) count, sizeof *subject->groups);
                if (!subject->groups)
                        return out_of_memory(doctor);
                count = getgroups(count, subject->groups);
        }
        if (count < 0)
                return ctl_failed(doctor->ctl, subject->name, "can't tell its groups: %s",
                                  strerror(errno));
        subject->groups_count = (size_t) count;
        return CTL_DONE;
}

static bool read_id(const char *text, id_t *ret) {
        char *end;

        if (!text || !*text)
                return false;
        errno = 0;
        unsigned long value = strtoul(text, &end, 10);
        if (*end || errno || value >= (id_t) -1)
                return false;
        *ret = (id_t) value;
        return true;
}

static bool find_group(const char *text, gid_t *ret) {
        const struct group *group = text && *text ? getgrnam(text) : NULL;

        if (group)
                *ret = group->gr_gid;
        return group || read_id(text, ret);
}

/* Those that the user is in by /etc/group, where it is there. */
static bool take_groups_of_user(struct subject *subject, const char *user, gid_t gid) {
        int room = 0, found;

        do {
                room = room > 0 ? 2 * room : 64;
                gid_t *more = reallocarray(subject->groups, (size_t) room, sizeof *more);
                if (!more)
                        return false;
                subject->groups = more;
                found = room;
        } while (getgrouplist(user, gid, subject->groups, &found) < 0);
        subject->groups_count = (size_t) found;
        return true;
}

static bool take_listed_groups(struct subject *subject, const char *names) {
        for (const char *at = names; at && *at;) {
                size_t bytes = strcspn(at, " ");
                char name[256];
                gid_t gid;

                snprintf(name, sizeof name, "%.*s", (int) bytes, at);
                if (find_group(name, &gid)) {
                        gid_t *more = reallocarray(subject->groups, subject->groups_count + 1,
                                                   sizeof *more);
                        if (!more)
                                return false;
                        subject->groups = more;
                        subject->groups[subject->groups_count++] = gid;
                }
                at += bytes + strspn(at + bytes, " ");
        }
        return true;
}

int subject_from_unit(struct doctor *doctor) {
        struct subject *subject = &doctor->subject;
        const struct unit *unit = doctor->unit;
        const char *user_name = unit_property(unit, "User");
        bool is_dynamic = unit_is(unit, "DynamicUser");
        const struct passwd *user = NULL;
        bool good = true;

        snprintf(subject->name, sizeof subject->name, "%s", unit_name(unit));
        if (doctor->for_user_manager)
                return CTL_DONE; /* its services are the caller's own */

        if (!user_name || !*user_name)
                user_name = is_dynamic ? unit_name(unit) : "root";
        user = getpwnam(user_name);
        snprintf(subject->user, sizeof subject->user, "%s", user_name);
        subject->groups_count = 0;
        subject->uid = (uid_t) -1;
        subject->gid = (gid_t) -1;
        if (user) {
                subject->uid = user->pw_uid;
                subject->gid = user->pw_gid;
        } else if (is_dynamic) { /* it has numbers while it runs */
                (void) (read_id(unit_property(unit, "UID"), &subject->uid) &&
                        read_id(unit_property(unit, "GID"), &subject->gid));
        } else {
                (void) read_id(user_name, &subject->uid);
        }
        (void) find_group(unit_property(unit, "Group"), &subject->gid);

        if (user)
                good = take_groups_of_user(subject, user_name, subject->gid);
        if (good)
                good = take_listed_groups(subject, unit_property(unit, "SupplementaryGroups"));
        return good ? CTL_DONE : out_of_memory(doctor);
}

bool subject_in_group(const struct subject *subject, gid_t gid) {
        if (subject->gid == gid)
                return true;
        for (size_t i = 0; i < subject->groups_count; i++)
                if (subject->groups[i] == gid)
                        return true;
        return false;
}
