/* Huge pages: whether there are any, whether the broker may have them, and whether
 * the transparent kind is there for shared memory. */
#include "doctor.h"

#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#define POOLS "/sys/kernel/mm/hugepages"

bool doctor_has_ipc_lock(const struct doctor *doctor) {
        char text[DOCTOR_STATUS_BYTES];
        uint64_t capabilities;
        const char *line = NULL;

        if (doctor_read_broker_status(doctor, text))
                line = doctor_line(text, "CapEff:");
        return line && sscanf(line, "%" SCNx64, &capabilities) == 1 &&
               (capabilities & (UINT64_C(1) << CAP_IPC_LOCK));
}

struct pools {
        uint64_t reserved, free, more; /* pages, of any size */
};

/* One directory for each size of page. */
static void count_pages(const struct doctor *doctor, struct pools *ret) {
        const struct {
                const char *file;
                uint64_t *count;
        } files[] = {
                {"nr_hugepages", &ret->reserved},
                {"free_hugepages", &ret->free},
                {"nr_overcommit_hugepages", &ret->more},
        };
        char pattern[PATH_MAX];
        glob_t sizes = {0};

        *ret = (struct pools){0};
        snprintf(pattern, sizeof pattern, "%s" POOLS "/hugepages-*kB", doctor->root);
        if (glob(pattern, 0, NULL, &sizes) != 0)
                return;
        for (size_t i = 0; i < sizes.gl_pathc; i++)
                for (size_t j = 0; j < sizeof files / sizeof files[0]; j++) {
                        char path[PATH_MAX];
                        uint64_t count;

                        snprintf(path, sizeof path, "%s/%s",
                                 sizes.gl_pathv[i] + strlen(doctor->root), files[j].file);
                        if (doctor_read_number(doctor, path, &count))
                                *files[j].count += count;
                }
        globfree(&sizes);
}

/* Members of sysctl vm.hugetlb_shm_group need no capability. */
static bool is_broker_in_huge_page_group(const struct doctor *doctor) {
        uint64_t group;
        gid_t gid;

        return doctor_read_number(doctor, "/proc/sys/vm/hugetlb_shm_group", &group) &&
               doctor_read_broker_group(doctor, &gid) && group == gid;
}

void doctor_check_huge_pages(struct doctor *doctor) {
        struct finding finding = {.state = FINDING_NOTE};
        struct pools pools;

        count_pages(doctor, &pools);
        if (pools.free > 0 || pools.more > 0) {
                if (!doctor->is_reached) {
                        doctor_say_unknown(doctor, "the broker's process can't be looked at");
                        return;
                }
                if (doctor_has_ipc_lock(doctor) || is_broker_in_huge_page_group(doctor)) {
                        doctor_say_ok(doctor, "%" PRIu64 " of %" PRIu64 " huge pages are free",
                                      pools.free, pools.reserved);
                        return;
                }
                finding.found = "there are huge pages, and the broker may not have them";
                finding.consequence = "Creating a segment of huge pages fails with EPERM: the "
                                      "kernel asks its creator for CAP_IPC_LOCK";
                finding.file = "/etc/systemd/system/shmbrokerd.service.d/huge-pages.conf";
                finding.section = "[Service]";
                finding.line = "CapabilityBoundingSet=CAP_IPC_LOCK\n"
                               "AmbientCapabilities=CAP_IPC_LOCK";
        } else {
                finding.found =
                        pools.reserved > 0
                                ? doctor_text(doctor, "all %" PRIu64 " huge pages are in use",
                                              pools.reserved)
                                : "no huge pages are set aside";
                finding.consequence = "Creating a segment of huge pages fails with ENOMEM";
                finding.file = "/etc/sysctl.d/60-shmbroker.conf";
                finding.line = "vm.nr_hugepages = COUNT";
        }
        doctor_say(doctor, &finding);
}

void doctor_check_transparent_pages(struct doctor *doctor) {
        static const char file[] = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
        char text[256];

        if (!doctor_read(doctor, file, text, sizeof text)) {
                doctor_say_unknown(doctor, "%s can't be read", file);
                return;
        }
        if (!strstr(text, "[never]") && !strstr(text, "[deny]")) {
                doctor_say_ok(doctor, "shared memory gets them, at least where it asks for them");
                return;
        }
        struct finding finding = {
                .state = FINDING_NOTE,
                .found = "shared memory gets none",
                .consequence = "SHMB_HUGE_ADVICE (madvise(2), MADV_HUGEPAGE) does nothing",
                .file = "/etc/tmpfiles.d/shmbroker.conf",
                .line = doctor_text(doctor, "w %s - - - - advise", file),
        };
        doctor_say(doctor, &finding);
}
