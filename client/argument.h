/*
 * What is refused before it reaches the broker: arguments that C allows and a call can't
 * carry. What the broker can judge is left to it. 0, or -EINVAL with its sentence.
 */
#pragma once

#include "proto/fields.h"

#include <stdint.h>

int argument_name(const char *name); /* NULL is none */
int argument_pattern(const char *pattern);
int argument_labels(const struct labels *labels); /* absent ones are well */
int argument_size(uint64_t size_bytes);
int argument_lifetime(int lifetime);
int argument_flags(int flags, int allowed);
