#include "key.h"

#include <stdint.h>
#include <sys/ipc.h>

/* 64-bit FNV-1a. */
static uint64_t hash(const char *text) {
        uint64_t sum = UINT64_C(0xcbf29ce484222325);

        for (; *text != '\0'; text++)
                sum = (sum ^ (unsigned char) *text) * UINT64_C(0x100000001b3);
        return sum;
}

/* SplitMix64: every bit of the hash and of the attempt reaches every bit of the key. */
static uint64_t mix(uint64_t sum, unsigned attempt) {
        sum += attempt * UINT64_C(0x9e3779b97f4a7c15);
        sum = (sum ^ sum >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        sum = (sum ^ sum >> 27) * UINT64_C(0x94d049bb133111eb);
        return sum ^ sum >> 31;
}

key_t key_derive(const char *name, unsigned attempt) {
        key_t key = (key_t) (uint32_t) mix(hash(name), attempt);

        return key != IPC_PRIVATE ? key : 1;
}
