/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of static routes.
 *   R1  a route leads somewhere             R2  its destination is a network
 *   R3  a next hop is a router's address    R4  a link-local next hop has its interface
 *   R5  one distance leads to next hops, or drops, or refuses
 *   R6  how many share one distance         R7  a way stands once
 *   R8  no group has the same route as a virtual one
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/nameset.h"
#include "config/rules.h"
#include "config/statics.h"
#include "config/tree.h"
#include "core/ifroute.h"

struct looking {
	const struct survey *survey;
	struct problems *problems;
};

/* ------------------------------------------------------------------ one route */

static void
check_next_hop(const struct lyd_node *hop, struct problems *problems)
{
	struct ip ip;

	if (!ip_parse(tree_value(hop, "address"), &ip) || !rules_is_usable(&ip))
		rules_error(problems, "R3", hop,
		            "is no address of a router; write it like 192.0.2.1 or 2001:db8::1");
	else if (ip_is_link_local(&ip) && !tree_child(hop, "interface"))
		rules_error(problems, "R4", hop,
		            "a link-local address is one of an interface; set interface, too");
}

static void
check_route(void *owner, const struct lyd_node *route)
{
	const struct looking *l = owner;
	bool by_interface = strncmp(route->schema->name, "interface", strlen("interface")) == 0;
	struct prefix destination;
	unsigned ways = 0;

	(void)rules_network(tree_first_key(route), "R2", &destination, l->problems);
	for (const struct lyd_node *node = lyd_child(route); node; node = node->next) {
		ways += !(node->schema->nodetype & LYD_NODE_TERM);
		if (strcmp(node->schema->name, "next-hop") == 0)
			check_next_hop(node, l->problems);
	}
	if (ways == 0)
		rules_error(l->problems, "R1", route, "the route leads nowhere; set %s",
		            by_interface ? "next-hop-interface" :
		                           "next-hop, blackhole or unreachable");
}

/* ------------------------------------------------------------------ one distance */

static bool
is_same_way(const struct static_way *a, const struct static_way *b)
{
	return a->kind == b->kind && ip_equal(&a->gateway, &b->gateway) &&
	       strcmp(a->interface, b->interface) == 0;
}

static void
check_sharing(const struct static_way *ways, size_t count, struct problems *problems)
{
	const struct static_way *last = &ways[count - 1];

	if (count > STATIC_HOPS_MAX)
		rules_error(problems, "R6", last->node,
		            "is next hop number %zu of distance %u to %s; at most %u share one "
		            "distance; give it another, or delete some", count, last->distance,
		            tree_value(last->route, "prefix"), STATIC_HOPS_MAX);
	else if (count > 1 && last->gateway.family == 0 && last->destination.ip.family == 6)
		rules_error(problems, "R6", last->node,
		            "has the distance of another next hop, and the kernel shares IPv6 "
		            "packets only among routers; give it another distance");
}

static void
check_distance(const struct static_way *ways, size_t count, struct problems *problems)
{
	bool all_different = true;

	for (size_t i = 1; i < count; i++) {
		if (is_same_way(&ways[i - 1], &ways[i])) {
			rules_error(problems, "R7", ways[i].node,
			            "stands twice, in different spellings; delete one");
			all_different = false;
		} else if (ways[i].kind != ways[0].kind) {
			rules_error(problems, "R5", ways[i].node,
			            "has distance %u, at which the route to %s is %s; give one of "
			            "them another distance", ways[i].distance,
			            tree_value(ways[0].route, "prefix"),
			            ways[0].node->schema->name);
			return;
		}
	}
	if (all_different && ways[0].kind == STATIC_HOPS)
		check_sharing(ways, count, problems);
}

/* ------------------------------------------------------------------ groups */

/* The route of the kernel that both would be. */
static const char *
name_route(const struct prefix *destination, unsigned long metric, char text[96])
{
	char prefix[PREFIX_TEXT_SIZE];

	snprintf(text, 96, "%s metric %lu", prefix_text(destination, prefix), metric);
	return text;
}

static void
check_virtual_route(const struct lyd_node *node, const struct survey_group *group,
                    const struct nameset *names, struct problems *problems)
{
	unsigned long metric = strtoul(tree_value(node, "metric"), NULL, 10);
	struct prefix destination;
	char text[96];

	if (strtoul(tree_value(node, "table"), NULL, 10) != IFROUTE_MAIN ||
	    !prefix_parse(tree_value(node, "prefix"), &destination) ||
	    nameset_find(names, name_route(&destination, metric, text)) < 0)
		return;
	rules_error(problems, "R8", node,
	            "protocols static has a route to it whose distance is this metric, and the "
	            "kernel keeps one of them; give group %u another metric, or delete one",
	            group->vrid);
}

static void
check_groups(const struct survey *s, const struct statics *statics, struct problems *problems)
{
	struct nameset names = { 0 };
	char text[96];
	bool is_new;

	for (size_t i = 0; i < statics->count; i += statics_same(statics, i))
		(void)nameset_add(&names, name_route(&statics->list[i].destination,
		                                     statics->list[i].distance, text), &is_new);
	for (size_t i = 0; names.count > 0 && i < s->group_count; i++) {
		const struct lyd_node *node = lyd_child(s->groups[i].node);

		for (; node && !s->groups[i].disable; node = node->next) {
			if (strcmp(node->schema->name, "virtual-route") == 0)
				check_virtual_route(node, &s->groups[i], &names, problems);
		}
	}
	nameset_done(&names);
}

void
static_rules(const struct survey *s, struct problems *problems)
{
	struct looking looking = { s, problems };
	struct statics statics = statics_collect(s);

	statics_each(s, check_route, &looking);
	for (size_t i = 0, count; i < statics.count; i += count) {
		count = statics_same(&statics, i);
		check_distance(&statics.list[i], count, problems);
	}
	check_groups(s, &statics, problems);
	statics_done(&statics);
}
