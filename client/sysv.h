/*
 * Between the words of System V and those of the broker's interface.
 */
#pragma once

#include <stddef.h>
#include <sys/shm.h>

struct create_request;
struct shmb_segment;

/* What shmget(2) is asked with these flags, as a Create; name may be NULL. The token is
 * left out. */
void sysv_create_request(struct create_request *ret, const char *name, size_t size_bytes,
                         int shmflg);

/* What shmctl(2) IPC_STAT would tell, had the client called shmget(2) by itself. */
void sysv_describe(struct shmid_ds *ret, const struct shmb_segment *segment);
