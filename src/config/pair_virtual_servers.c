/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Do both routers offer the same virtual servers?
 *   P31 a virtual server differs, or one router lacks it
 */
#include <stdlib.h>
#include <string.h>

#include "config/pairing.h"
#include "config/tree.h"

static bool
is_server(const struct lyd_node *node)
{
	return strcmp(node->schema->name, "virtual-server") == 0;
}

/* The next of a list that says something, or NULL. */
static const struct lyd_node *
next_of(const struct lyd_node *const *list, size_t count, size_t *at)
{
	while (*at < count && (lyd_is_default(list[*at]) ||
	                       strcmp(list[*at]->schema->name, "description") == 0))
		(*at)++;
	return *at < count ? list[*at] : NULL;
}

/* Do two nodes of one kind and name differ?  Then they become the first below them that do; where
 * one router lacks something, what it would be part of. */
static bool
differ(const struct lyd_node *sides[PAIR_ROUTERS])
{
	const struct lyd_node **lists[PAIR_ROUTERS], *heads[PAIR_ROUTERS];
	size_t counts[PAIR_ROUTERS], at[PAIR_ROUTERS] = { 0 };
	bool found = false;

	if (sides[0]->schema->nodetype & LYD_NODE_TERM)
		return strcmp(lyd_get_value(sides[0]), lyd_get_value(sides[1])) != 0;
	for (unsigned r = 0; r < PAIR_ROUTERS; r++)
		lists[r] = tree_children(lyd_child(sides[r]), &counts[r]);
	while (!found) {
		int order;

		for (unsigned r = 0; r < PAIR_ROUTERS; r++)
			heads[r] = next_of(lists[r], counts[r], &at[r]);
		if (!heads[0] && !heads[1])
			break;
		order = !heads[1] ? -1 : !heads[0] ? 1 : tree_order(heads[0], heads[1]);
		found = order != 0 || differ(heads);
		if (order <= 0 && found)
			sides[0] = heads[0];
		if (order >= 0 && found)
			sides[1] = heads[1];
		at[0]++;
		at[1]++;
	}
	for (unsigned r = 0; r < PAIR_ROUTERS; r++)
		free(lists[r]);
	return found;
}

static void
compare(const struct lyd_node *own, const struct lyd_node *other, struct pair_findings *findings)
{
	const struct lyd_node *sides[PAIR_ROUTERS] = { own, other };

	if (differ(sides))
		pairing_add(findings, true, "P31", sides[0], sides[1],
		            "set the same on both routers",
		            "The two differ in this, and perhaps in more of virtual server %s: a "
		            "failover changes how connections are spread", tree_value(own, "name"));
}

void
pair_virtual_servers(const struct pair *pair, struct pair_findings *findings)
{
	for (unsigned r = 0; r < PAIR_ROUTERS; r++)
		for (const struct lyd_node *node = lyd_child(pair->surveys[r].service); node;
		     node = node->next) {
			const struct lyd_node *other;

			if (!is_server(node))
				continue;
			other = survey_entry(&pair->surveys[1 - r].virtuals,
			                     tree_value(node, "name"));
			if (!other)
				pairing_add_from(findings, true, "P31", r, node, NULL,
				                 "configure it on both routers",
				                 "Only r%u has this virtual server: nobody answers "
				                 "there after a failover", r + 1);
			else if (r == 0)
				compare(node, other, findings);
		}
}
