/*
 * <bsd/sys/tree.h> for files that generate a tree of their own: its static functions
 * need a macro that libbsd does not define, since it is the name of a member in some
 * of Linux' headers. To be included last.
 */
#pragma once

#include <bsd/sys/tree.h>

#ifndef __unused
#define __unused __attribute__((unused))
#endif
