/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a checked configuration tree to the engine's struct settings.  Applies the defaults that
 * Vyatta's schema leaves to the implementation (priority 100, interval 1 s, version 2), orders
 * links so that what others refer to comes first, and names virtual links: the first three
 * characters of the parent's name, "vrrp", and a number.  A group that had such a name in the
 * previous settings keeps it; a new one gets the lowest free number.
 */
#ifndef TANDEM_LIFT_H
#define TANDEM_LIFT_H

#include <libyang/libyang.h>

#include "config/problem.h"
#include "core/settings.h"

/* tree passed check_tree(); previous may be NULL.  Heap (free()); NULL with an error when a limit
 * of struct settings is exceeded (S1: of one kind of thing, S2: of all together). */
struct settings *lift_settings(const struct lyd_node *tree, uint64_t revision,
                               const struct settings *previous, struct problems *problems);

#endif
