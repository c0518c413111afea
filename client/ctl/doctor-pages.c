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

bool doctor_has_ipc_lock(struct doctor *doctor) {
        char text[4096];
        uint64_t capabilities;
        const char *line = NULL;

        if (doctor->is_reached &&
            doctor_read(doctor, doctor_text(doctor, "/proc/%d/status", doctor->broker.pid), text,
                        sizeof text))
                line = doctor_line(text, "CapEff:");
        return line && sscanf(line, "%" SCNx64, &capabilities) == 1 &&
               (capabilities & (UINT64_C(1) << CAP_IPC_LOCK));
}

struct pools {
        uint64_t reserved, free, more; /* pages, of any size */
};

/* One directory for each size of page. */
static void count_pages(struct doctor *doctor, struct pools *ret) {
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
static bool is_broker_in_huge_page_group(struct doctor *doctor) {
        uint64_t group;
        gid_t gid;

        return doctor_read_number(doctor, "/proc/sys/vm/hugetlb_shm_group", &group) &&
               doctor_read_broker_group(doctor, &gid) && group == gid;
}

void doctor_check_huge_pages(struct doctor *doctor) {
        struct pools pools;

        count_pages(doctor, &pools);
        if (pools.reserved == 0 && pools.more == 0)
                doctor_say(
                        doctor,
                        &(struct finding){
                                .state = FINDING_NOTE,
                                .found = "no huge pages are set aside",
                                .consequence = "Creating a segment of huge pages fails with ENOMEM",
                                .file = "/etc/sysctl.d/60-shmbroker.conf",
                                .line = "vm.nr_hugepages = COUNT",
                        });
        else if (!doctor->is_reached)
                doctor_say(doctor, &(struct finding){
                                           .state = FINDING_UNKNOWN,
                                           .found = "the broker's process can't be looked at",
                                   });
        else if (!doctor_has_ipc_lock(doctor) && !is_broker_in_huge_page_group(doctor))
                doctor_say(
                        doctor,
                        &(struct finding){
                                .state = FINDING_NOTE, /* they may be there for others */
                                .found = "huge pages are set aside, and the broker may not have "
                                         "them",
                                .consequence =
                                        "Creating a segment of huge pages fails with EPERM: the "
                                        "kernel asks its creator for CAP_IPC_LOCK",
                                .file = "/etc/systemd/system/shmbrokerd.service.d/huge-pages.conf",
                                .section = "[Service]",
                                .line = "CapabilityBoundingSet=CAP_IPC_LOCK\n"
                                        "AmbientCapabilities=CAP_IPC_LOCK",
                        });
        else if (pools.free == 0 && pools.more == 0)
                doctor_say(
                        doctor,
                        &(struct finding){
                                .state = FINDING_NOTE,
                                .found =
                                        doctor_text(doctor, "all %" PRIu64 " huge pages are in use",
                                                    pools.reserved),
                                .consequence = "Creating a segment of huge pages fails with ENOMEM",
                                .file = "/etc/sysctl.d/60-shmbroker.conf",
                                .line = "vm.nr_hugepages = COUNT",
                        });
        else
                doctor_say(doctor, &(struct finding){
                                           .state = FINDING_OK,
                                           .found = doctor_text(doctor,
                                                                "%" PRIu64 " of %" PRIu64
                                                                " huge pages are free",
                                                                pools.free, pools.reserved),
                                   });
}

void doctor_check_transparent_pages(struct doctor *doctor) {
        static const char file[] = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
        char text[256];
        bool is_read = doctor_read(doctor, file, text, sizeof text);

        if (is_read && (strstr(text, "[never]") || strstr(text, "[deny]")))
                doctor_say(
                        doctor,
                        &(struct finding){
                                .state = FINDING_NOTE,
                                .found = "shared memory gets no transparent huge pages",
                                .consequence =
                                        "SHMB_HUGE_ADVICE (madvise(2), MADV_HUGEPAGE) does nothing",
                                .file = "/etc/tmpfiles.d/shmbroker.conf",
                                .line = doctor_text(doctor, "w %s - - - - advise", file),
                        });
        else
                doctor_say(doctor,
                           &(struct finding){
                                   .state = is_read ? FINDING_OK : FINDING_UNKNOWN,
                                   .found = is_read ? "shared memory gets transparent huge pages, "
                                                      "at least "
                                                      "where they are asked for"
                                                    : doctor_text(doctor, "%s can't be read", file),
                           });
}
