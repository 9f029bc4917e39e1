/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Do two routers stand in for each other on every network, with addresses that fit?
 *   P1  an interface with groups has no partner     P2  a group is on one router only
 *   P3  a virtual address is in different groups    P18 real addresses without a common network
 *   P19 the same real address on both               P20 a real address is virtual on the other
 *   P23 an interface is disabled on one of them     P26 the VLAN differs
 */
#include "config/pairing.h"
#include "config/tree.h"

/* ------------------------------------------------------------------ interfaces */

static unsigned
running_groups(const struct survey *s, const struct survey_link *link)
{
	unsigned count = 0;

	for (size_t i = 0; i < link->group_count; i++)
		count += !s->groups[link->group_first + i].disable;
	return count;
}

static void
compare_addresses(const struct pair *pair, const struct survey_link *x, const struct survey_link *y,
                  struct pair_findings *findings)
{
	const struct survey *a = &pair->surveys[0], *b = &pair->surveys[1];
	const struct survey_address *p, *q;

	for (size_t i = 0; i < x->address_count; i++) {
		for (size_t k = 0; k < y->address_count; k++) {
			p = &a->addresses[x->address_first + i];
			q = &b->addresses[y->address_first + k];
			if (p->prefix.ip.family && ip_equal(&p->prefix.ip, &q->prefix.ip))
				pairing_add(findings, false, "P19", p->node, q->node,
				            "give one of them another address of the network",
				            "Both routers have this address as their own: hosts "
				            "reach now the one, now the other, and each takes "
				            "the other's advertisements for its own");
		}
	}
	if (x->address_count == 0 || y->address_count == 0 || pairing_share_network(a, x, b, y))
		return;
	p = &a->addresses[x->address_first];
	q = &b->addresses[y->address_first];
	if (p->prefix.ip.family == q->prefix.ip.family && p->prefix.ip.family)
		pairing_add(findings, true, "P18", p->node, q->node,
		            "use two addresses of one network, such as a /30 of their own",
		            "The own addresses of the two routers on this network have no network "
		            "in common: they can not reach each other there, which connection "
		            "synchronisation, unicast peers and people who look for a fault need");
}

/* VLANs with one tag, or the inner ones of two; those around them are compared likewise. */
static void
compare_vlans(const struct pair *pair, const struct survey_link *x, const struct survey_link *y,
              struct pair_findings *findings)
{
	const struct survey_link *links[] = { pair->surveys[0].links, pair->surveys[1].links };
	const struct lyd_node *vlan = tree_child(x->node, "vlan");
	const struct lyd_node *other = tree_child(y->node, "vlan");

	if (x->parent < 0 || y->parent < 0)
		return;
	if (x->vlan == y->vlan) {
		compare_vlans(pair, &links[0][x->parent], &links[1][y->parent], findings);
		return;
	}
	pairing_add(findings, false, "P26", vlan ? vlan : x->node, other ? other : y->node,
	            "use one VLAN on both",
	            "%s is VLAN %u on r1 and %s VLAN %u on r2: the routers do not hear each other, "
	            "and both become master", x->name, x->vlan, y->name, y->vlan);
}

static void
compare_disable(const struct survey_link *x, const struct survey_link *y,
                struct pair_findings *findings)
{
	const struct lyd_node *own = tree_child(x->node, "disable");
	const struct lyd_node *other = tree_child(y->node, "disable");

	if (!own != !other)
		pairing_add(findings, false, "P23", own ? own : x->node, other ? other : y->node,
		            "delete it there",
		            "Interface %s is disabled on r%u: nobody stands in for r%u there",
		            own ? x->name : y->name, own ? 1u : 2u, own ? 2u : 1u);
}

void
pair_links(const struct pair *pair, struct pair_findings *findings)
{
	for (unsigned r = 0; r < PAIR_ROUTERS; r++) {
		const struct survey *s = &pair->surveys[r];

		for (size_t i = 0; i < s->link_count; i++) {
			const struct survey_link *link = &s->links[i];

			if (pair->mates[r][i] >= 0 || running_groups(s, link) == 0)
				continue;
			pairing_add_from(findings, false, "P1", r, link->node, NULL,
					 "configure it and its groups on the other router, too",
					 "r%u has no interface on the network of %s: nobody stands "
					 "in for r%u there", 2 - r, link->name, r + 1);
		}
	}
	for (size_t i = 0; i < pair->surveys[0].link_count; i++) {
		const struct survey_link *x = &pair->surveys[0].links[i], *y;

		if (pair->mates[0][i] < 0)
			continue;
		y = &pair->surveys[1].links[pair->mates[0][i]];
		if (running_groups(&pair->surveys[0], x) || running_groups(&pair->surveys[1], y)) {
			compare_addresses(pair, x, y, findings);
			compare_vlans(pair, x, y, findings);
			compare_disable(x, y, findings);
			pair_link_carry(pair, x, y, findings);
		}
	}
}

/* ------------------------------------------------------------------ groups */

/* P3: a virtual address that is in another group there; once a group.  False: none. */
static bool
search_elsewhere(const struct pair *pair, unsigned r, const struct survey_group *group,
                 const struct survey_group *partner, struct pair_findings *findings)
{
	const struct survey *s = &pair->surveys[r], *other = &pair->surveys[1 - r];

	for (size_t i = 0; i < group->address_count; i++) {
		const struct survey_address *own = &s->addresses[group->address_first + i], *found;
		size_t at = pairing_find_address(other, &own->prefix.ip);

		if (ip_is_link_local(&own->prefix.ip))
			continue;	/* means something else on every network */
		while ((found = pairing_next_virtual(other, &own->prefix.ip, &at))) {
			const struct survey_group *theirs = &other->groups[found->group];

			if (theirs == partner)
				continue;
			if (r == 0)
				pairing_add(findings, false, "P3", own->node, found->node,
				            "use one group number on one network for it",
				            "The virtual address is in group %u of %s on r1 and in "
				            "group %u of %s on r2: the two groups do not know of "
				            "each other, both are master, and both routers answer "
				            "for the address", group->vrid,
				            s->links[group->link].name, theirs->vrid,
				            other->links[theirs->link].name);
			return true;
		}
	}
	return false;
}

/* P20 */
static void
search_real(const struct pair *pair, unsigned r, const struct survey_group *group,
            struct pair_findings *findings)
{
	const struct survey *s = &pair->surveys[r], *other = &pair->surveys[1 - r];

	for (size_t i = 0; i < group->address_count; i++) {
		const struct survey_address *own = &s->addresses[group->address_first + i];
		const struct survey_address *real = survey_find_real(other, &own->prefix.ip);
		size_t at = pairing_find_address(other, &own->prefix.ip);

		if (!real || ip_is_link_local(&own->prefix.ip) ||
		    pairing_next_virtual(other, &own->prefix.ip, &at))
			continue;
		pairing_add_from(findings, false, "P20", r, own->node, real->node,
				 "give the interface another address",
				 "What is a virtual address of r%u is r%u's own, which does not "
				 "know it as virtual: two routers answer for it", r + 1, 2 - r);
	}
}

/* P2 */
static void
miss_partner(const struct pair *pair, unsigned r, const struct survey_group *group,
             struct pair_findings *findings)
{
	int mate = pair->mates[r][group->link];
	const struct survey_link *link = mate >= 0 ? &pair->surveys[1 - r].links[mate] : NULL;

	if (link)		/* otherwise P1 has said it */
		pairing_add_from(findings, false, "P2", r, group->node, link->node,
				 "configure the group on both routers, with one number",
				 "r%u has no VRRP group %u on %s: nobody stands in for r%u", 2 - r,
				 group->vrid, link->name, r + 1);
}

void
pair_groups(const struct pair *pair, struct pair_findings *findings)
{
	for (unsigned r = 0; r < PAIR_ROUTERS; r++) {
		const struct survey *s = &pair->surveys[r];

		for (size_t i = 0; i < s->group_count; i++) {
			const struct survey_group *group = &s->groups[i];
			const struct survey_group *partner = pairing_partner(pair, r, group);
			struct pairing p = { .pair = pair, .groups = { group, partner } };

			if (partner && r == 0)
				pair_rules(&p, findings);
			if (group->disable)
				continue;
			search_real(pair, r, group, findings);
			if (!search_elsewhere(pair, r, group, partner, findings) && !partner)
				miss_partner(pair, r, group, findings);
		}
	}
}
