/*
 * The journal written anew, a slice at a time, so that nobody waits for all of it: a new
 * file beside the one in use, which has what the registry holds up to some id, and goes
 * on to have it while records come in. When it is whole, with its room, it is for the
 * journal to put it in the other's place. Until then nothing depends on it, and whatever
 * fails can be given up.
 *
 * Functions that can fail return a negated errno.
 */
#pragma once

#include "journal-file.h"

#include "proto/buffer.h"

struct journal_header;
struct record;
struct registry;

struct compaction {
        struct journal_file file; /* none: there is no compaction under way */
        struct buffer lines;      /* that come next in it */
        int last_id;              /* entries up to this one are in the file or the lines */
        int error;                /* a negated errno that is not told yet */
};

#define COMPACTION_NONE ((struct compaction){.file = JOURNAL_FILE_NONE})

bool compaction_is_under_way(const struct compaction *compaction);

/* Begins the file. None must be under way. */
int compaction_begin(struct compaction *compaction, int directory_fd, const char *name,
                     const struct journal_header *header);

/* One slice more. The registry must be as the records so far say, with no intent open; the
 * file shall have room_bytes behind its lines. 1: it is whole and mapped, 0: it goes on. */
int compaction_step(struct compaction *compaction, const struct registry *registry,
                    size_t room_bytes);

/* The journal has one record more. A failure is the next step's to tell. */
void compaction_add(struct compaction *compaction, const struct record *record);

/* Gives the file of a whole one to the caller. */
struct journal_file compaction_end(struct compaction *compaction);
/* Gives it up; removing the file is the caller's. Takes one that is not under way. */
void compaction_cancel(struct compaction *compaction);
