/* The kernel's bounds against what is in use. */
#include "doctor.h"

#include "human.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SYSCTL_FILE "/etc/sysctl.d/60-shmbroker.conf"

/* SHM_LOCKED in /proc/sysvipc/shm's perms, which <sys/shm.h> has for the kernel's own
 * sake only. */
#define PERMS_LOCKED 02000

/* Bounds are told when nine tenths of them are used. */
static bool is_short(uint64_t used, uint64_t maximum) {
        return used >= maximum - maximum / 10;
}

/* False after it said why the figures would be no help. */
static bool count_segments(struct doctor *doctor) {
        const uint64_t page_bytes = (uint64_t) sysconf(_SC_PAGESIZE);
        struct usage usage = {0};
        char line[512];
        FILE *file;

        if (doctor->is_counted)
                return true;
        file = doctor_open(doctor, "/proc/sysvipc/shm");
        if (!file) {
                doctor_say_unknown(doctor, "/proc/sysvipc/shm can't be read");
                return false;
        }
        while (fgets(line, sizeof line, file)) {
                unsigned perms, cuid;
                uint64_t bytes;

                /* key shmid perms size cpid lpid nattch uid gid cuid; no such line: the heading */
                if (sscanf(line, "%*d %*d %o %" SCNu64 " %*d %*d %*d %*u %*u %u", &perms, &bytes,
                           &cuid) != 3)
                        continue;
                usage.segments++;
                usage.pages += (bytes + page_bytes - 1) / page_bytes;
                if (bytes > usage.largest_bytes)
                        usage.largest_bytes = bytes;
                if ((perms & PERMS_LOCKED) && doctor->is_reached && cuid == doctor->broker.uid)
                        usage.locked_bytes += bytes;
        }
        fclose(file);
        doctor->usage = usage;
        doctor->is_counted = true;
        return true;
}

static bool read_bound(struct doctor *doctor, const char *name, uint64_t *ret) {
        if (doctor_read_number(doctor, doctor_text(doctor, "/proc/sys/kernel/%s", name), ret))
                return true;
        doctor_say_unknown(doctor, "kernel.%s can't be read", name);
        return false;
}

void doctor_check_segments(struct doctor *doctor) {
        const uint64_t *used = &doctor->usage.segments;
        uint64_t maximum;

        if (!count_segments(doctor) || !read_bound(doctor, "shmmni", &maximum))
                return;
        struct finding finding = {
                .state = FINDING_PROBLEM,
                .found = doctor_text(doctor, "in use: %" PRIu64 " of kernel.shmmni = %" PRIu64,
                                     *used, maximum),
                .consequence = "Creating more fails with ENOSPC, for everybody",
                .file = SYSCTL_FILE,
                .line = doctor_text(doctor, "kernel.shmmni = %" PRIu64, 4 * maximum),
        };
        doctor_say_if(doctor, is_short(*used, maximum), &finding);
}

void doctor_check_segment_size(struct doctor *doctor) {
        const uint64_t *largest = &doctor->usage.largest_bytes;
        char text[2][HUMAN_BYTES];
        uint64_t maximum;

        if (!count_segments(doctor) || !read_bound(doctor, "shmmax", &maximum))
                return;
        struct finding finding = {
                .state = FINDING_PROBLEM,
                .found = doctor_text(doctor, "the largest segment has %s, kernel.shmmax is %s",
                                     human_size(*largest, text[0]), human_size(maximum, text[1])),
                .consequence = "One like it can't be created again: EINVAL",
                .file = SYSCTL_FILE,
                .line = doctor_text(doctor, "kernel.shmmax = %" PRIu64, *largest),
        };
        doctor_say_if(doctor, *largest > maximum, &finding);
}

void doctor_check_total_size(struct doctor *doctor) {
        const uint64_t *used = &doctor->usage.pages;
        uint64_t maximum;

        if (!count_segments(doctor) || !read_bound(doctor, "shmall", &maximum))
                return;
        struct finding finding = {
                .state = FINDING_PROBLEM,
                .found =
                        doctor_text(doctor, "pages in use: %" PRIu64 " of kernel.shmall = %" PRIu64,
                                    *used, maximum),
                .consequence = "Creating more fails with ENOSPC, for everybody",
                .file = SYSCTL_FILE,
                .line = doctor_text(doctor, "kernel.shmall = %" PRIu64, 4 * maximum),
        };
        doctor_say_if(doctor, is_short(*used, maximum), &finding);
}

/* "Max locked memory   8388608   8388608   bytes": the soft one; UINT64_MAX for none. */
static bool read_lock_limit(struct doctor *doctor, uint64_t *ret) {
        char text[DOCTOR_STATUS_BYTES];
        const char *line;

        if (!doctor_read_broker_status(doctor, text) ||
            !doctor_read(doctor, doctor_text(doctor, "/proc/%d/limits", doctor->broker.pid), text,
                         sizeof text))
                return false;
        line = doctor_line(text, "Max locked memory");
        if (!line)
                return false;
        if (strncmp(line, "unlimited", strlen("unlimited")) != 0)
                return sscanf(line, "%" SCNu64, ret) == 1;
        *ret = UINT64_MAX;
        return true;
}

void doctor_check_locked_memory(struct doctor *doctor) {
        const uint64_t *locked = &doctor->usage.locked_bytes;
        char text[2][HUMAN_BYTES];
        uint64_t limit;

        if (!read_lock_limit(doctor, &limit)) {
                doctor_say_unknown(doctor, "the broker's process can't be looked at");
                return;
        }
        if (limit == UINT64_MAX || doctor_has_ipc_lock(doctor)) {
                doctor_say_ok(doctor, "the broker may lock as much as there is");
                return;
        }
        if (!count_segments(doctor))
                return;
        struct finding finding = {
                .state = FINDING_PROBLEM,
                .found = doctor_text(doctor, "%s are locked of the %s that the broker may lock",
                                     human_size(*locked, text[0]), human_size(limit, text[1])),
                .consequence = "Locking more (SHM_LOCK) fails with ENOMEM",
                .file = "/etc/systemd/system/shmbrokerd.service.d/memlock.conf",
                .section = "[Service]",
                .line = doctor_text(doctor, "LimitMEMLOCK=%" PRIu64,
                                    2 * (limit > *locked ? limit : *locked)),
        };
        doctor_say_if(doctor, is_short(*locked, limit), &finding);
}
