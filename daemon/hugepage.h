/*
 * Huge pages (hugetlb): the flags that ask shmget(2) for them, and what the system
 * has of them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* page_bytes: 1 for the system's default huge page, or a power of two. False for
 * anything else; whether the system has pages of that size is for shmget(2) to say. */
bool hugepage_flags(uint64_t page_bytes, int *ret_flags);

/* The system's default huge page in bytes, 0 where it has none or does not tell. */
uint64_t hugepage_default_bytes(void);

/* Pages of that size that are in use or promised, and how many there can be. 0 and 0
 * where the system does not tell. */
void hugepage_usage(uint64_t page_bytes, int64_t *ret_used, int64_t *ret_maximum);
