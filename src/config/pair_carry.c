/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What moves with a group, and what an interface does for its groups: after a failover it is to be
 * as before.
 *   P27 virtual routes, virtual rules or router advertisements differ
 *   P28 announcements of addresses differ         P29 start-delay differs
 *   P30 the mtu differs
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/pairing.h"
#include "config/tree.h"

/* ------------------------------------------------------------------ of a group */

/* Interfaces may be called otherwise on each router, and a source is its own address. */
static const char *const own_words[] = {
	"interface", "source", "inbound-interface", "outbound-interface", NULL
};

/* All children of a node with this name, or with any (NULL); heap. */
static char *
text_of(const struct lyd_node *node, const char *name)
{
	size_t count, size;
	const struct lyd_node **children = tree_children(node ? lyd_child(node) : NULL, &count);
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	assert(out);
	for (size_t i = 0; i < count; i++)
		if (!name || strcmp(children[i]->schema->name, name) == 0)
			pairing_print(out, children[i], own_words);
	free(children);
	fclose(out);
	assert(text);
	return text;
}

static bool
differs(const struct lyd_node *first, const struct lyd_node *second, const char *name)
{
	char *own = text_of(first, name), *other = text_of(second, name);
	bool differs = strcmp(own, other) != 0;

	free(own);
	free(other);
	return differs;
}

void
pair_carry(const struct pairing *p, struct pair_findings *findings)
{
	static const char *const moved[] = {
		"virtual-route", "virtual-rule", "router-advertisements",
	};

	for (size_t i = 0; i < ARRAY_SIZE(moved); i++)
		if (differs(p->groups[0]->node, p->groups[1]->node, moved[i]))
			pairing_add(findings, true, "P27", pairing_node(p, 0, moved[i]),
			            pairing_node(p, 1, moved[i]), "configure the same on both",
			            "%s of r1 and r2 differ: after a failover packets take other "
			            "ways than before, or none", moved[i]);
	if (differs(tree_child(p->groups[0]->node, "garp"), tree_child(p->groups[1]->node, "garp"),
	            NULL))
		pairing_add(findings, true, "P28", pairing_node(p, 0, "garp"),
		            pairing_node(p, 1, "garp"), "configure the same on both",
		            "r1 and r2 announce the addresses in another way: hosts learn of a "
		            "failover at once in one direction, and perhaps late in the other");
}

/* ------------------------------------------------------------------ of an interface */

static const struct lyd_node *
start_delay_of(const struct survey_link *link)
{
	const struct lyd_node *vrrp = tree_child(link->node, "vrrp");

	return vrrp ? tree_child(vrrp, "start-delay") : NULL;
}

static void
compare_start_delay(const struct survey_link *x, const struct survey_link *y,
                    struct pair_findings *findings)
{
	const struct lyd_node *own = start_delay_of(x), *other = start_delay_of(y);
	const char *first = own ? lyd_get_value(own) : "0";
	const char *second = other ? lyd_get_value(other) : "0";

	if (strcmp(first, second) != 0)
		pairing_add(findings, true, "P29", own ? own : x->node, other ? other : y->node,
		            "set one start-delay on both routers",
		            "start-delay is %s s on r1 and %s s on r2: when both start, after a "
		            "power failure, the one with the shorter delay becomes master, "
		            "whatever the priorities", first, second);
}

/* A vif has at most that of its parent. */
static unsigned
mtu_of(const struct survey *s, const struct survey_link *link)
{
	if (link->mtu == 0 && link->parent >= 0)
		return mtu_of(s, &s->links[link->parent]);
	return link->mtu ? link->mtu : SURVEY_MTU;
}

void
pair_link_carry(const struct pair *pair, const struct survey_link *x, const struct survey_link *y,
                struct pair_findings *findings)
{
	unsigned own = mtu_of(&pair->surveys[0], x), other = mtu_of(&pair->surveys[1], y);
	const struct lyd_node *first = tree_child(x->node, "mtu");
	const struct lyd_node *second = tree_child(y->node, "mtu");

	compare_start_delay(x, y, findings);
	if (own != other)
		pairing_add(findings, true, "P30", first ? first : x->node,
		            second ? second : y->node, "set one mtu on both routers",
		            "The mtu of %s is %u on r1 and that of %s %u on r2: what passes while "
		            "r%u is master is too large for r%u", x->name, own, y->name, other,
		            own > other ? 1u : 2u, own > other ? 2u : 1u);
}
