/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One walk over "protocols static".
 */
#include "config/statics.h"

#include <stdlib.h>
#include <string.h>

#include "config/tree.h"

void
statics_each(const struct survey *s, void (*visit)(void *owner, const struct lyd_node *route),
             void *owner)
{
	const struct lyd_node *all = s->protocols ? tree_child(s->protocols, "static") : NULL;

	for (const struct lyd_node *node = all ? lyd_child(all) : NULL; node; node = node->next) {
		/* Those of other tables are refused as a whole. */
		if (node->schema->nodetype == LYS_LIST && strcmp(node->schema->name, "table") != 0)
			visit(owner, node);
	}
}

struct collection {
	struct statics statics;
	size_t room;
};

static void
add(struct collection *c, const struct static_way *way)
{
	if (c->statics.count == c->room) {
		c->room = c->room ? 2 * c->room : 64;
		c->statics.list = reallocarray(c->statics.list, c->room, sizeof(*way));
		assert(c->statics.list);
	}
	c->statics.list[c->statics.count++] = *way;
}

static void
collect_way(struct collection *c, struct static_way way)
{
	const char *name = way.node->schema->name;
	const char *distance = tree_value(way.node, "distance");
	const char *interface = tree_value(way.node, "interface");

	if (strcmp(name, "blackhole") == 0)
		way.kind = STATIC_BLACKHOLE;
	else if (strcmp(name, "unreachable") == 0)
		way.kind = STATIC_UNREACHABLE;
	if (way.kind == STATIC_HOPS && tree_child(way.node, "disable"))
		return;
	way.distance = (uint8_t)(distance ? strtoul(distance, NULL, 10) : 1);
	way.interface = interface ? interface : "";
	if (strcmp(name, "next-hop") == 0 &&
	    !ip_parse(tree_value(way.node, "address"), &way.gateway))
		return;
	add(c, &way);
}

static void
collect_route(void *owner, const struct lyd_node *route)
{
	struct static_way way = { .route = route };

	if (!prefix_parse(tree_value(route, "prefix"), &way.destination))
		return;
	for (way.node = lyd_child(route); way.node; way.node = way.node->next) {
		if (!(way.node->schema->nodetype & LYD_NODE_TERM))
			collect_way(owner, way);
	}
}

static int
by_route(const struct static_way *a, const struct static_way *b)
{
	const struct static_settings x = { .destination = a->destination,
	                                   .distance = a->distance };
	const struct static_settings y = { .destination = b->destination,
	                                   .distance = b->distance };

	return static_settings_order(&x, &y);
}

static int
by_way(const void *first, const void *second)
{
	const struct static_way *a = first, *b = second;
	int order = by_route(a, b);

	if (order == 0)
		order = (int)b->kind - (int)a->kind;
	if (order == 0)
		order = ip_compare(&b->gateway, &a->gateway);
	return order ? order : strcmp(a->interface, b->interface);
}

struct statics
statics_collect(const struct survey *survey)
{
	struct collection c = { 0 };

	statics_each(survey, collect_route, &c);
	if (c.statics.count)
		qsort(c.statics.list, c.statics.count, sizeof(*c.statics.list), by_way);
	return c.statics;
}

void
statics_done(struct statics *statics)
{
	free(statics->list);
	*statics = (struct statics){ 0 };
}

size_t
statics_same(const struct statics *s, size_t first)
{
	size_t count = 1;

	while (first + count < s->count && by_route(&s->list[first], &s->list[first + count]) == 0)
		count++;
	return count;
}
