/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lift of static routes: each distance of a destination is one, with its next hops.
 */
#include <string.h>

#include "config/lifting.h"
#include "config/statics.h"

static void
lift_hop(struct lifting *l, const struct static_way *way)
{
	struct hop_settings *hop = lift_add(l, PART_HOPS);

	hop->gateway = way->gateway;
	lift_text(hop->interface, sizeof(hop->interface), way->interface);
}

void
lift_statics(struct lifting *l)
{
	struct statics statics = statics_collect(l->survey);

	for (size_t i = 0, count; i < statics.count; i += count) {
		const struct static_way *first = &statics.list[i];
		struct static_settings *route = lift_add(l, PART_STATICS);

		count = statics_same(&statics, i);
		route->destination = first->destination;
		route->distance = first->distance;
		route->kind = first->kind;
		route->hop_first = lift_count(l, PART_HOPS);
		if (first->kind != STATIC_HOPS)
			continue;
		route->hop_count = (uint32_t)count;
		for (size_t h = 0; h < count; h++)
			lift_hop(l, &first[h]);
	}
	statics_done(&statics);
}
