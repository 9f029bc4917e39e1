/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between a router's engine and its world: effects out, packets, links, objects and owners in.
 * When any of this happens is router.c's.
 */
#ifndef TANDEM_SIM_PROCESS_H
#define TANDEM_SIM_PROCESS_H

#include "sim/router.h"

/* The list of effects, empty: with room for count, or for any call but adopting. */
struct effects *process_room_for(struct router *router, size_t count);
struct effects *process_room(struct router *router);
/* Do what the engine wants; when tell is set, tell it how its sending went. */
void process_carry_out(struct world *world, struct router *router, bool tell);

/* Who owns addresses, what became of what is tracked, how the links are. */
void process_tell_all(struct world *world, struct router *router);
/* ... as far as the engine does not know it. */
void process_tell_changes(struct world *world, struct router *router);
/* One turn's worth of what the kernel has received. */
void process_read_packets(struct world *world, struct router *router);

#endif
