/*
 * What the records of a journal mean: from the lines of a file to the registry that
 * they tell of. What can't be read is passed over with a warning, and nothing is ever
 * undone on account of it.
 */
#pragma once

#include "journal-file.h"
#include "journal-record.h"
#include "journal.h"

/* All lines from `begin` up to the first empty one, which ends what is used of the file. It
 * must end with a newline. `uid` is whose journal it is. Of records that
 * contradict each other the later one counts: whoever takes a name last has it, and the
 * entry that had it stays without one. Returns how many lines could not be read.
 * Errors: -ERROR_NO_MEMORY. */
int journal_replay(struct journal_file *file, size_t begin, uid_t uid, struct registry *registry,
                   struct record_tally *tally, struct journal_intent *ret_intent);
