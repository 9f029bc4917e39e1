/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that no router of the world sent and none may believe: each claims the highest priority
 * or a resignation, and each has one thing wrong.
 */
#ifndef TANDEM_SIM_FORGE_H
#define TANDEM_SIM_FORGE_H

#include "sim/world.h"

/* One packet about the group, wrong in a way chosen by chance, to all routers of its segment. */
void forge_packet(struct world *world, unsigned group);
/* A packet of every kind, in random order, let go within the given time. False: a rule broke. */
bool forge_storm(struct world *world, unsigned group, unsigned count, nsec_t within);

#endif
