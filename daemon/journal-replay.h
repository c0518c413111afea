/*
 * What the records of a journal mean: from the lines of a file to the registry that
 * they tell of. What can't be read is passed over with a warning, and nothing is ever
 * undone on account of it.
 */
#pragma once

#include "journal-file.h"
#include "journal-record.h"
#include "journal.h"

/* All lines from `begin` up to the first empty one, which ends what is used of the file;
 * a last line without its newline needs one more byte than there is. Of records that
 * contradict each other the later one counts: whoever takes a name last has it, and the
 * entry that had it stays without one. Errors: -ERROR_NO_MEMORY. */
int journal_replay(struct journal_file *file, size_t begin, struct registry *registry,
                   struct record_tally *tally, struct journal_intent *ret_intent);
