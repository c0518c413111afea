#include "hugepage.h"

#include <linux/shm.h> /* has SHM_HUGE_SHIFT, but does not go with <sys/shm.h> */
#include <stdio.h>

bool hugepage_flags(uint64_t page_bytes, int *ret_flags) {
        int log2 = page_bytes != 0 ? __builtin_ctzll(page_bytes) : 0;

        if (page_bytes != UINT64_C(1) << log2)
                return false;
        /* A logarithm of 0 is how the kernel is asked for its default. */
        *ret_flags = (int) (SHM_HUGETLB | (unsigned) log2 << SHM_HUGE_SHIFT);
        return true;
}

uint64_t hugepage_default_bytes(void) {
        FILE *file = fopen("/proc/meminfo", "re");
        unsigned long long kibibytes = 0;
        char line[128];

        if (file == NULL)
                return 0;
        while (fgets(line, sizeof(line), file) != NULL)
                if (sscanf(line, "Hugepagesize: %llu kB", &kibibytes) == 1)
                        break;
        fclose(file);
        return kibibytes * 1024;
}

static int64_t read_figure(uint64_t page_bytes, const char *name) {
        char path[128];
        long long figure = 0;
        FILE *file;

        snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%llukB/%s",
                 (unsigned long long) page_bytes / 1024, name);
        file = fopen(path, "re");
        if (file == NULL)
                return 0;
        if (fscanf(file, "%lld", &figure) != 1)
                figure = 0;
        fclose(file);
        return figure;
}

void hugepage_usage(uint64_t page_bytes, int64_t *ret_used, int64_t *ret_maximum) {
        int64_t pages = read_figure(page_bytes, "nr_hugepages");

        *ret_used = pages - read_figure(page_bytes, "free_hugepages") +
                    read_figure(page_bytes, "resv_hugepages");
        *ret_maximum = pages - read_figure(page_bytes, "surplus_hugepages") +
                       read_figure(page_bytes, "nr_overcommit_hugepages");
}
