/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The static routes of a configuration tree as one sorted list, whatever they are called there:
 * rules, advice and lift read this.  Judges nothing.  Borrows from the tree, which must hold its
 * defaults.
 */
#ifndef TANDEM_STATICS_H
#define TANDEM_STATICS_H

#include <libyang/libyang.h>

#include "base/base.h"
#include "base/inet.h"
#include "config/survey.h"
#include "core/settings.h"

/* One way of a route: a next hop, or that there is none. */
struct static_way {
	const struct lyd_node *node;	/* next-hop, next-hop-interface, blackhole, unreachable */
	const struct lyd_node *route;	/* above it */
	struct prefix destination;
	uint8_t distance;
	uint8_t kind;			/* enum static_kind */
	struct ip gateway;		/* family 0 = none */
	const char *interface;		/* "" = none */
};

/* Of those with a destination that parses, and that are not disabled: sorted by destination and
 * distance, then refusals, next hops with gateways, and the others. */
struct statics {
	struct static_way *list;
	size_t count;
};

/* The list is on the heap, until statics_done(). */
struct statics statics_collect(const struct survey *survey);
void statics_done(struct statics *statics);

/* How many from the first on are of one route: same destination, same distance. */
size_t statics_same(const struct statics *statics, size_t first);

/* Calls visit for each route, of whatever name, as the tree has them. */
void statics_each(const struct survey *survey,
                  void (*visit)(void *owner, const struct lyd_node *route), void *owner);

#endif
