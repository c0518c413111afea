/*
 * What the broker holds: entries in the registry, charged to the user that they were
 * made for, with the journal told.
 */
#pragma once

#include "registry.h"

struct broker;
struct error;
struct peer;

/* An entry made for this peer, now; not held yet. -ERROR_NO_MEMORY. */
int holding_new(struct broker *broker, struct peer *peer, const char *name,
                const struct labels *labels, const char *token, struct entry **ret,
                struct error *ret_error);

/* Room in the journal for what a request records. -ERROR_SYSTEM,
 * -ERROR_NO_MEMORY: nothing may be done then. */
int holding_reserve(struct broker *broker, struct error *ret_error);

/* The journal is the caller's in these three. */
void holding_add(struct broker *broker, struct entry *take_entry);
void holding_retire(struct broker *broker, struct entry *entry); /* gives its name up */
/* What a result borrowed of it stays until the next one is dropped. */
void holding_drop(struct broker *broker, struct entry *entry);

/* The kernel has it no more. While a work is in flight on it (entry->works) it stays, but
 * without its name. */
void holding_forget(struct broker *broker, struct entry *entry);
/* It shall end, or the kernel keeps it only for those who have it attached. */
void holding_lose_name(struct broker *broker, struct entry *entry);
/* The kernel would not end it: gives it its name back, where nobody took it and the journal
 * has room. */
void holding_restore(struct broker *broker, struct entry *entry);

/* Of one that the journal brought, whose user was not known yet. */
int holding_charge(struct broker *broker, struct entry *entry); /* -ERROR_NO_MEMORY */
