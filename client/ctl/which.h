/*
 * Which segment a verb is about: the operand NAME, or --id. Most verbs take the one
 * or the other.
 */
#pragma once

#include "ctl.h"
#include "human.h"

#include "shmbroker.h"

struct which {
        int id; /* WHICH_NO_ID, or what --id says */
        struct shmb_which segment;
        const char *text; /* the name, or "--id 12": what messages call it */
        char id_text[HUMAN_BYTES];
};

#define WHICH_NO_ID -1

#define WHICH_OPTION(which)                                                                        \
        { "id", "ID", parse_id, &(which).id, "the segment with this id, instead of a name" }

/* Fills the rest from the operands: one name, or none with --id. An exit code. */
int which_read(const struct ctl *ctl, struct which *which, int count, char **operands);
