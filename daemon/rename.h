/*
 * Taking a Rename with replace back, when the kernel refused to end what was replaced:
 * the method and the end of a work share it.
 */
#pragma once

#include "broker.h"

/* The entry has its name of before again, and what it replaced has its own, unless
 * somebody went on with one of the names meanwhile. take_from: from malloc(3). */
void rename_undo(struct broker *broker, struct entry *entry, char *take_from,
                 struct entry *replaced);
