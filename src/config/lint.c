/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advice: what is legal, and what an engineer who knows VRRP would not do.  Never refuses, and is
 * silent about what somebody may have meant.  Here stands what is about one group alone.
 *   L2  preempt left on                         L3  an interval above 5 seconds
 *   L4  rfc-compatibility on a vif              L5  no address of the family on the interface
 *   L7  an address on two interfaces (group_rules.c, with V1)
 *   L9  an mtu below 114                        L12 unicast peers with rfc-compatibility
 *   L13 a group tracks its own interface        L14 weights that lead out of 1 to 254
 *   L20 a group, or what it tracks, on an interface that is disabled
 *   L33 a bond with groups and without members, where another bond has some
 *   L23 notify ipsec where packets to the virtual address are dropped
 * The others: lint_sync.c, lint_network.c, lint_routing.c, lint_service.c.
 */
#include <stdlib.h>
#include <string.h>

#include "config/linting.h"
#include "config/tree.h"

static bool
has_family(const struct survey *s, const struct survey_link *link, uint8_t family)
{
	for (size_t i = 0; i < link->address_count; i++) {
		if (s->addresses[link->address_first + i].prefix.ip.family == family)
			return true;
	}
	return false;
}

static unsigned long
value_of(const struct lyd_node *leaf)
{
	return strtoul(lyd_get_value(leaf), NULL, 10);
}

#define INTERVAL_ADVISED_MAX 5000	/* ms */

static void
advise_interval(const struct survey_group *group, struct problems *problems)
{
	const struct lyd_node *seconds = tree_child(group->node, "advertise-interval");
	const struct lyd_node *fast = tree_child(group->node, "fast-advertise-interval");

	if (seconds && value_of(seconds) * 1000 > INTERVAL_ADVISED_MAX)
		rules_warning(problems, "L3", seconds,
		              "a failover takes more than three times this long; use 5 or less");
	if (fast && value_of(fast) > INTERVAL_ADVISED_MAX)
		rules_warning(problems, "L3", fast,
		              "a failover takes more than three times this long; use 5000 or less");
}

/* Itself, or an interface below it? */
static bool
is_disabled(const struct survey *s, int link)
{
	while (link >= 0 && !s->links[link].disable)
		link = s->links[link].parent;
	return link >= 0;
}

static void
advise_own_interface(const struct survey *s, const struct survey_group *group,
                     struct problems *problems)
{
	if (group->ignores_link)
		rules_warning(problems, "L37", tree_child(tree_child(group->node, "track"),
		                                          "exclude-vrrp-interface"),
		              "while %s is down this group is not in FAULT: each router that has "
		              "lost it becomes master, or stays it, and has the addresses, as the "
		              "other does%s%s; delete it, unless %s leads straight to the other "
		              "router", s->links[group->link].name,
		              group->sync ? ", and so have all of sync group " : "",
		              group->sync ? group->sync : "", s->links[group->link].name);
	else if (is_disabled(s, group->link))
		rules_warning(problems, "L20", group->node,
		              "%s is disabled, so the group stays in FAULT%s%s; enable it, or "
		              "disable the group, too", s->links[group->link].name,
		              group->sync ? ", and with it all of sync group " : "",
		              group->sync ? group->sync : "");
}

/* One tracked interface. */
static void
advise_tracked(const struct survey *s, const struct survey_group *group,
               const struct lyd_node *node, struct problems *problems)
{
	int link = survey_find(s, tree_value(node, "name"));

	if (link == group->link && group->ignores_link && !tree_child(node, "weight"))
		rules_warning(problems, "L38", node,
		              "is the interface of the group itself, and undoes "
		              "exclude-vrrp-interface: while it is down the group is in FAULT; "
		              "give it a weight, or delete one of the two");
	else if (link == group->link && !group->ignores_link)
		rules_warning(problems, "L13", node,
		              "is the interface of the group itself, which is watched in any case: "
		              "while it is unusable the group is in FAULT; delete it");
	else if (link >= 0 && link != group->link && !tree_child(node, "weight") &&
	         is_disabled(s, link))
		rules_warning(problems, "L20", node,
		              "this interface is disabled, so the group that tracks it stays in "
		              "FAULT%s%s; enable it, or do not track it",
		              group->sync ? ", and with it all of sync group " : "",
		              group->sync ? group->sync : "");
}

/* Sums of what is added while something is good and subtracted while it is bad. */
static void
add_weights(const struct lyd_node *siblings, unsigned long *up, unsigned long *down)
{
	for (const struct lyd_node *node = siblings; node; node = node->next) {
		bool is_weight = strcmp(node->schema->name, "weight") == 0;
		const struct lyd_node *value = is_weight ? tree_child(node, "value") : NULL;
		const char *type = is_weight ? tree_value(node, "type") : NULL;

		if (!is_weight)
			add_weights(lyd_child(node), up, down);
		else if (type && value)		/* otherwise it is an error already */
			*(strcmp(type, "increment") == 0 ? up : down) += value_of(value);
	}
}

static void
advise_track(const struct survey *s, const struct survey_group *group, struct problems *problems)
{
	const struct lyd_node *track = tree_child(group->node, "track"), *node, *lists[2] = {
		track ? lyd_child(track) : NULL, lyd_child(group->node),
	};
	unsigned long up = 0, down = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const char *list = i ? "track-interface" : "interface";

		for (node = lists[i]; node; node = node->next) {
			if (strcmp(node->schema->name, list) == 0)
				advise_tracked(s, group, node, problems);
		}
	}
	add_weights(lists[0], &up, &down);
	for (node = lists[1]; node; node = node->next) {
		if (strcmp(node->schema->name, "track-interface") == 0)
			add_weights(lyd_child(node), &up, &down);
	}
	if (group->priority + up > 254 || down >= group->priority)
		rules_warning(problems, "L14", group->node,
		              "the weights lead from priority %u up to %lu and down to %ld; what "
		              "is above 254 or below 1 counts as that, so that not every tracked "
		              "thing has its effect; choose smaller weights", group->priority,
		              group->priority + up, (long)group->priority - (long)down);
}

/* IKE speaks to the virtual address. */
static void
advise_ipsec(const struct survey_group *group, struct problems *problems)
{
	const struct lyd_node *notify = tree_child(group->node, "notify");
	const struct lyd_node *ipsec = notify ? tree_child(notify, "ipsec") : NULL;

	if (ipsec && group->version == 3 && strcmp(tree_value(group->node, "accept"), "true") != 0)
		rules_warning(problems, "L23", ipsec,
		              "version 3 drops packets to the virtual addresses unless accept is "
		              "true, so that no tunnel to them comes up; set accept true");
}

/* With a preempt-delay somebody has thought about it. */
static void
advise_preempt(const struct survey_group *group, struct problems *problems)
{
	const struct lyd_node *delay = tree_child(group->node, "preempt-delay");

	if (group->preempt && !(delay && value_of(delay) > 0))
		rules_warning(problems, "L2", group->node,
		              "preempt is on: a router that comes back takes over, which "
		              "interrupts traffic a second time; set preempt false on both "
		              "routers");
}

static void
advise_group(const struct survey *s, const struct survey_group *group, struct problems *problems)
{
	const struct survey_link *link = &s->links[group->link];

	advise_own_interface(s, group, problems);
	advise_preempt(group, problems);
	advise_interval(group, problems);
	if (group->rfc_compatibility && link->kind == SURVEY_VIF)
		rules_warning(problems, "L4", tree_child(group->node, "rfc-compatibility"),
		              "a virtual MAC address belongs on the native interface; virtual "
		              "switches may drop its packets on a vif; delete it");
	if (group->rfc_compatibility && tree_child(group->node, "peer-address"))
		rules_warning(problems, "L12", tree_child(group->node, "rfc-compatibility"),
		              "unicast peers are usually behind routers, which do not learn a "
		              "virtual MAC address; delete it, unless they share the network");
	/* A link-local address, which IPv6 speaks from, is made by the kernel. */
	if (group->has_v4 && !has_family(s, link, 4) &&
	    !tree_child(tree_child(link->node, "ip"), "unnumbered"))
		rules_warning(problems, "L5", group->node,
		              "%s has no IPv4 address, which advertisements come from: unless it "
		              "gets one elsewhere, the group stays in FAULT; set an address",
		              link->name);
	advise_ipsec(group, problems);
	advise_track(s, group, problems);
}

/* Where no bond has members they are configured elsewhere. */
static void
advise_bonds(const struct survey *s, struct problems *problems)
{
	unsigned members = 0;

	for (size_t i = 0; i < s->link_count; i++)
		members += s->links[i].member_count;
	for (size_t i = 0; members > 0 && i < s->link_count; i++) {
		const struct survey_link *link = &s->links[i];

		if (link->kind == SURVEY_BONDING && link->member_count == 0 && !link->disable &&
		    survey_carries_groups(s, i))
			rules_warning(problems, "L33", link->node,
			              "has groups, and no members: it never comes up, and they "
			              "stay in FAULT; set bond-group %s on the interfaces that "
			              "belong to it", link->name);
	}
}

#define MTU_ADVISED_MIN 114

void
lint(const struct survey *s, struct problems *problems)
{
	lint_sync(s, problems);
	lint_network(s, problems);
	for (size_t i = 0; i < s->group_count; i++) {
		if (!s->groups[i].disable)
			advise_group(s, &s->groups[i], problems);
	}
	for (size_t i = 0; i < s->link_count; i++) {
		if (s->links[i].mtu && s->links[i].mtu < MTU_ADVISED_MIN)
			rules_warning(problems, "L9", tree_child(s->links[i].node, "mtu"),
			              "large advertisements do not fit; use 114 or more");
	}
	advise_bonds(s, problems);
	lint_routing(s, problems);
	lint_service(s, problems);
}
