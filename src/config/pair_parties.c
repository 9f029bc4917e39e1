/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Do the same groups move together on both routers, to the same router, and the connections with
 * them?
 *   P13 sync groups are of another shape     P21 connsync is not mirrored
 *   P25 different routers are preferred
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/nameset.h"
#include "config/pairing.h"
#include "config/tree.h"

/* ------------------------------------------------------------------ sync groups */

/* The parties of one router, and the first member of each among those that have a partner. */
struct parties {
	struct nameset names;
	const struct survey_group **first;	/* by number; of the router itself */
};

static struct parties
parties_new(size_t room)
{
	struct parties parties = { .first = calloc(room + 1, sizeof(void *)) };

	assert(parties.first);
	return parties;
}

static void
parties_done(struct parties *parties)
{
	nameset_done(&parties->names);
	free(parties->first);
}

/* The first member of the group's sync group so far; it is the group itself when it is the first,
 * or has no sync group. */
static const struct survey_group *
first_of(struct parties *parties, const struct survey_group *group)
{
	bool is_new;
	uint32_t number;

	if (!group->sync)
		return group;
	number = nameset_add(&parties->names, group->sync, &is_new);
	if (is_new)
		parties->first[number] = group;
	return parties->first[number];
}

/* "sync group SYNC1" or "no sync group" */
static const char *
sync_text(const struct survey_group *group, char text[96])
{
	snprintf(text, 96, "%s%s", group->sync ? "sync group " : "no sync group",
	         group->sync ? group->sync : "");
	return text;
}

/* Seen from one router: members of one sync group there must be together on the other. */
static void
compare_shapes(const struct pair *pair, unsigned r, struct pair_findings *findings)
{
	const struct survey *s = &pair->surveys[r];
	struct parties parties = parties_new(s->group_count);

	for (size_t i = 0; i < s->group_count; i++) {
		const struct survey_group *group = &s->groups[i], *first, *mate, *first_mate;
		const struct survey_group *partner = pairing_partner(pair, r, group);
		char with[96], without[96];

		if (!partner || group->disable || partner->disable)
			continue;
		first = first_of(&parties, group);
		if (first == group)
			continue;
		mate = partner;
		first_mate = pairing_partner(pair, r, first);
		if (mate->sync && first_mate->sync && strcmp(mate->sync, first_mate->sync) == 0)
			continue;
		pairing_add_from(findings, false, "P13", r, tree_child(group->node, "sync-group"),
				 mate->sync ? tree_child(mate->node, "sync-group") : mate->node,
				 "put the same groups into one sync-group on both routers",
				 "On r%u the group moves together with group %u of %s, on r%u it "
				 "does not (it is in %s, the other in %s): after a failover of one "
				 "of them both routers are master of a part, and traffic between "
				 "the parts is lost",
				 r + 1, first->vrid, s->links[first->link].name, 2 - r,
				 sync_text(mate, with), sync_text(first_mate, without));
	}
	parties_done(&parties);
}

/* Which router does a party prefer: by the least priority of its members. */
struct preference {
	const struct survey_group *groups[PAIR_ROUTERS];	/* its first */
	unsigned least[PAIR_ROUTERS];
};

static void
weigh(struct preference *preference, const struct survey_group *group,
      const struct survey_group *partner)
{
	const struct survey_group *both[] = { group, partner };

	for (unsigned r = 0; r < PAIR_ROUTERS; r++) {
		if (!preference->groups[r] || both[r]->priority < preference->least[r])
			preference->least[r] = both[r]->priority;
		if (!preference->groups[r])
			preference->groups[r] = both[r];
	}
}

static void
compare_preferences(const struct pair *pair, struct pair_findings *findings)
{
	const struct survey *s = &pair->surveys[0];
	struct parties parties = parties_new(s->group_count);
	struct preference *all = calloc(s->group_count + 1, sizeof(*all));
	const struct preference *wanted[PAIR_ROUTERS] = { NULL };

	assert(all);
	for (size_t i = 0; i < s->group_count; i++) {
		const struct survey_group *group = &s->groups[i];
		const struct survey_group *partner = pairing_partner(pair, 0, group);

		if (partner && !group->disable && !partner->disable)
			weigh(&all[first_of(&parties, group) - s->groups], group, partner);
	}
	for (size_t i = 0; i < s->group_count; i++) {
		const struct preference *p = &all[i];

		unsigned router = p->least[1] > p->least[0];

		if (p->groups[0] && p->least[0] != p->least[1] && !wanted[router])
			wanted[router] = p;
	}
	if (wanted[0] && wanted[1])
		pairing_add(findings, true, "P25", wanted[0]->groups[0]->node,
		            wanted[1]->groups[1]->node,
		            "give one router the higher priority in all groups",
		            "Group %u of %s prefers r1 and group %u of %s prefers r2: when both "
		            "start, each is master of a part, and packets go one way and their "
		            "answers another, past the firewall that knows them",
		            wanted[0]->groups[0]->vrid, s->links[wanted[0]->groups[0]->link].name,
		            wanted[1]->groups[0]->vrid, s->links[wanted[1]->groups[0]->link].name);
	free(all);
	parties_done(&parties);
}

void
pair_parties(const struct pair *pair, struct pair_findings *findings)
{
	for (unsigned r = 0; r < PAIR_ROUTERS; r++)
		compare_shapes(pair, r, findings);
	compare_preferences(pair, findings);
}

/* ------------------------------------------------------------------ connsync */

static const struct lyd_node *
connsync_of(const struct pair *pair, unsigned router)
{
	const struct lyd_node *service = pair->surveys[router].service;

	return service ? tree_child(service, "connsync") : NULL;
}

static const struct lyd_node *
followed_by(const struct lyd_node *connsync)
{
	const struct lyd_node *node = tree_child(connsync, "failover-mechanism");

	node = node ? tree_child(node, "vrrp") : NULL;
	return node ? tree_child(node, "sync-group") : NULL;
}

static void
compare_remote(const struct pair *pair, unsigned r, const struct lyd_node *own,
               const struct lyd_node *other, struct pair_findings *findings)
{
	const struct lyd_node *peer = tree_child(own, "remote-peer");
	const struct survey *s = &pair->surveys[1 - r];
	const char *interface = tree_value(own, "interface");
	int link = interface ? survey_find(&pair->surveys[r], interface) : -1;
	int mate = link >= 0 ? pair->mates[r][link] : -1;
	const struct survey_address *real;
	struct ip ip;

	if (!peer || !ip_parse(lyd_get_value(peer), &ip))
		return;
	real = survey_find_real(s, &ip);
	if (real && mate >= 0 && real->link != mate)
		pairing_add_from(findings, true, "P21", r, peer, real->node,
				 "name the other router's address on the network of the interface "
				 "that connsync uses",
				 "r%u sends its connections by %s to an address that r%u has on "
				 "%s, and not on %s: they go another way", r + 1, interface, 2 - r,
				 s->links[real->link].name, s->links[mate].name);
	if (!real)
		pairing_add_from(findings, true, "P21", r, peer, other,
				 "name an address that the other router has itself, best on the "
				 "interface that connsync uses",
				 "r%u sends its connections to an address that r%u does not have: "
				 "they are not there after a failover", r + 1, 2 - r);
}

void
pair_connsync(const struct pair *pair, struct pair_findings *findings)
{
	const struct lyd_node *own = connsync_of(pair, 0), *other = connsync_of(pair, 1);
	const struct lyd_node *a, *b;
	int link;

	if (!own && !other)
		return;
	if (!own || !other) {
		pairing_add(findings, true, "P21", own, other, "configure it on both routers",
		            "Only r%u has connsync: connections break at a failover to one of the "
		            "two", own ? 1u : 2u);
		return;
	}
	compare_remote(pair, 0, own, other, findings);
	compare_remote(pair, 1, other, own, findings);
	a = followed_by(own);
	b = followed_by(other);
	if (a && b && strcmp(lyd_get_value(a), lyd_get_value(b)) != 0)
		pairing_add(findings, true, "P21", a, b, "follow one sync-group on both routers",
		            "The two follow different sync groups: they differ on who is active");
	a = tree_child(own, "interface");
	b = tree_child(other, "interface");
	link = a ? survey_find(&pair->surveys[0], lyd_get_value(a)) : -1;
	if (link >= 0 && b && pair->mates[0][link] != survey_find(&pair->surveys[1],
								  lyd_get_value(b)))
		pairing_add(findings, true, "P21", a, b, "use interfaces on one network",
		            "The two interfaces are not on one network: what is sent on the one "
		            "does not arrive at the other");
}
