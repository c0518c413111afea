/*
 * From what the journal says to what is: after a start, every entry is held
 * against the kernel, what was begun is completed or undone, what is gone is
 * dropped. It removes nothing that the journal does not prove to be the broker's.
 */
#pragma once

struct broker;
struct journal_intent;

/* What the kernel refuses is warned of and left as it is. Charges the users of what stays.
 * May be killed, and run anew. Errors: -ERROR_NO_MEMORY. */
int recovery_run(struct broker *broker, const struct journal_intent *intent);
