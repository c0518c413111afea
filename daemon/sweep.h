/*
 * Looking for what is gone behind our back, ipcrm(1) by an owner for one.
 * broker_sweep() is in broker.h.
 */
#pragma once

struct broker;

/* Looks at every entry, once a second at most: a call within a second of the last one
 * does nothing. Counts what is locked on the way (broker->locked_bytes). */
void sweep_all(struct broker *broker);
