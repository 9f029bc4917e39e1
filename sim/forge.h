/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that no router of the world sent and none may believe: each claims the highest priority
 * or a resignation, and each has one thing wrong; or it was sent long ago and is sent again.
 */
#ifndef TANDEM_SIM_FORGE_H
#define TANDEM_SIM_FORGE_H

#include "sim/world.h"

/* So many wrong packets about the group, to all routers of its segment, within the given time. */
bool forge_storm(struct world *world, unsigned group, unsigned count, nsec_t within);
/* So many packets of the group that were captured, again; only those with a header that counts. */
bool forge_replay(struct world *world, unsigned group, unsigned count, nsec_t within);

#endif
