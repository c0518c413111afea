/* The verbs: one row each, in the file of its name or the one noted. */
#pragma once

#include "ctl.h"

extern const struct verb verb_adopt;
extern const struct verb verb_apply;
extern const struct verb verb_create;
extern const struct verb verb_doctor;
extern const struct verb verb_lock;
extern const struct verb verb_ls;
extern const struct verb verb_mv;
extern const struct verb verb_open;
extern const struct verb verb_read;
extern const struct verb verb_rm;
extern const struct verb verb_set;
extern const struct verb verb_stat;
extern const struct verb verb_status;
extern const struct verb verb_unlock; /* lock.c */
extern const struct verb verb_write;
