/*
 * Keys for shmget(2) out of names: the same name has the same key as long as nobody
 * else took it. Nothing may depend on that.
 */
#pragma once

#include <sys/types.h>

/* Attempts are numbered from 0; each has a key of its own, which is never IPC_PRIVATE. */
key_t key_derive(const char *name, unsigned attempt);
