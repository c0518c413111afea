/*
 * A service as its manager knows it: the properties that systemctl(1) shows, and the
 * files that they come from.
 */
#pragma once

#include <stdbool.h>

struct doctor;
struct unit;

/* Into doctor->unit, also on failure, for unit_free(). An exit code. */
int unit_load(struct doctor *doctor, const char *name);
void unit_free(struct unit *unit); /* takes NULL */

const char *unit_name(const struct unit *unit);
/* NULL where this systemd has no such property. */
const char *unit_property(const struct unit *unit, const char *name);
bool unit_is(const struct unit *unit, const char *name); /* yes, or anything else */
/* Is `word` in a list as properties have them, divided by blanks? */
bool unit_has_word(const char *words, const char *word);

/* "camera.service has PrivateIPC=yes", with the file and line where they can be found. */
const char *unit_says(struct doctor *doctor, const char *key);
/* The file for a line of [Service] that mends `key`: the administrator's own that sets
 * it, else a drop-in to be made. */
const char *unit_file(struct doctor *doctor, const char *key);
