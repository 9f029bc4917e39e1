/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of the replication of connections.
 *   S10  connsync has a sync group, an interface and a partner, each path the latter two
 *   S11  interfaces and sync groups that it names are configured
 *   S12  a partner is another router            S13  the two paths are two
 *   S14  its own addresses are such, and of the partner's family
 *   S15  what is excluded are networks
 *   L35  the routers are not paired            L36  anybody may read and forge connections
 *   L46  a group may be master here while connsync's sync group is not
 *   L47  the routers' tables of connections differ in size
 *   L48  the kernel does not tell of connections
 */
#include <stdio.h>
#include <string.h>

#include "config/rules.h"
#include "config/tree.h"

static void
check_partner(const struct survey *s, const struct lyd_node *node, struct problems *problems)
{
	const struct survey_address *own;
	struct ip ip;

	if (!ip_parse(lyd_get_value(node), &ip) || !rules_is_usable(&ip)) {
		rules_error(problems, "S12", node,
		            "is no address of a router; name the partner's own one");
		return;
	}
	own = survey_find_address(s, &ip);
	if (own)
		rules_error(problems, "S12", node,
		            "is %s of this router itself, so nothing reaches the other one; name "
		            "the other router's own address",
		            own->group < 0 ? "an address" : "a virtual address");
}

static void
check_own(const struct survey *s, const struct lyd_node *node, const struct lyd_node *partner,
          struct problems *problems)
{
	const char *other = partner ? lyd_get_value(partner) : NULL;
	struct ip ip, remote;

	if (!ip_parse(lyd_get_value(node), &ip) || !survey_find_real(s, &ip)) {
		rules_error(problems, "S14", node,
		            "is no address of an interface of this router; name one that it always "
		            "has, or delete it");
		return;
	}
	if (other && ip_parse(other, &remote) && remote.family != ip.family)
		rules_error(problems, "S14", node,
		            "is an IPv%u address, and the partner's %s is not; use one of its "
		            "family", ip.family, other);
}

/* What a path needs, and what it says of others; node is connsync itself or second-path. */
static void
check_path(const struct survey *s, const struct lyd_node *node, struct problems *problems)
{
	const struct lyd_node *interface = tree_child(node, "interface");
	const struct lyd_node *partner = tree_child(node, "remote-peer");
	const struct lyd_node *own = tree_child(node, "listen-address");

	if (!interface || !partner)
		rules_error(problems, "S10", node,
		            "%s missing; set %s", interface ? "remote-peer is" :
		            partner ? "interface is" : "interface and remote-peer are",
		            interface || partner ? "it" : "both");
	if (interface && survey_find(s, lyd_get_value(interface)) < 0)
		rules_error(problems, "S11", interface,
		            "there is no such interface; configure it, or name another");
	if (partner)
		check_partner(s, partner, problems);
	if (own)
		check_own(s, own, partner, problems);
}

static void
check_second(const struct lyd_node *first, const struct lyd_node *second,
             struct problems *problems)
{
	const char *one = tree_value(first, "interface"), *two = tree_value(second, "interface");
	const char *here = tree_value(first, "remote-peer");
	const char *there = tree_value(second, "remote-peer");

	if (one && two && here && there && strcmp(one, two) == 0 && strcmp(here, there) == 0)
		rules_error(problems, "S13", second,
		            "is the first path once more; use another interface, or delete it");
}

static void
check_sync_group(const struct survey *s, const struct lyd_node *node, struct problems *problems)
{
	const struct lyd_node *mechanism = tree_child(node, "failover-mechanism");
	const struct lyd_node *vrrp = mechanism ? tree_child(mechanism, "vrrp") : NULL;
	const struct lyd_node *sync = vrrp ? tree_child(vrrp, "sync-group") : NULL;

	if (!sync) {
		rules_error(problems, "S10", node,
		            "failover-mechanism vrrp sync-group is missing; name the sync group "
		            "whose master forwards");
		return;
	}
	for (size_t i = 0; i < s->group_count; i++)
		if (s->groups[i].sync && strcmp(s->groups[i].sync, lyd_get_value(sync)) == 0)
			return;
	rules_error(problems, "S11", sync,
	            "no VRRP group is in this sync group, so nothing would be followed; name one "
	            "that is used");
}

static void
check_excluded(const struct lyd_node *node, struct problems *problems)
{
	const struct lyd_node *exclude = tree_child(node, "exclude"), *child;
	struct prefix network;

	for (child = exclude ? lyd_child(exclude) : NULL; child; child = child->next)
		if (strcmp(child->schema->name, "address") == 0)
			(void)rules_network(child, "S15", &network, problems);
}

/* Could this be the other router? */
static bool
is_another(const struct survey *s, const char *address)
{
	struct ip ip;

	return address && ip_parse(address, &ip) && rules_is_usable(&ip) &&
	       !survey_find_address(s, &ip);
}

static void
advise_key(const struct survey *s, const struct lyd_node *node, struct problems *problems)
{
	const struct lyd_node *unauthenticated = tree_child(node, "unauthenticated");
	const struct lyd_node *pair = s->system ? tree_child(s->system, "pair") : NULL;
	const char *partner = tree_value(node, "remote-peer");

	if (unauthenticated)
		rules_warning(problems, "L36", unauthenticated,
		              "whoever reaches the paths of connsync reads all connections of "
		              "this router and can make some up, past the firewall; pair the "
		              "routers and delete this");
	else if (!tree_child(node, "disable") && (!pair || !tree_value(pair, "fingerprint")))
		rules_warning(problems, "L35", node,
		              "the routers are not paired, so nothing is replicated and "
		              "connections break at a failover; run here: pair %s, and on the "
		              "other router pair with this one's address",
		              is_another(s, partner) ? partner : "ADDRESS");
}

static void
advise_kernel(const struct surroundings *around, const struct lyd_node *node,
              struct problems *problems)
{
	if (around->table_smaller || around->table_larger)
		rules_warning(problems, "L47", node,
		              "%s table of connections is smaller than %s: once it is full, it "
		              "cannot hold all that the other router has, and those break at a "
		              "failover; set sysctl net.netfilter.nf_conntrack_max to the same on "
		              "both",
		              around->table_smaller ? "this router's" : "the partner's",
		              around->table_smaller ? "the partner's" : "this router's");
	if (around->events_off)
		rules_warning(problems, "L48", node,
		              "the kernel does not tell of all connections, so some are not "
		              "replicated, and break at a failover; set sysctl "
		              "net.netfilter.nf_conntrack_events to 1, which the service is not "
		              "allowed to");
}

/* Are the connections through this group none of connsync's business? */
static bool
is_excluded(const struct survey *s, const struct survey_group *group, const struct lyd_node *node)
{
	const struct lyd_node *exclude = tree_child(node, "exclude"), *child;
	bool all = group->address_count > 0;

	for (size_t i = 0; i < group->address_count; i++) {
		const struct ip *ip = &s->addresses[group->address_first + i].prefix.ip;
		struct prefix network;
		bool found = ip->family == 6 && ip_is_link_local(ip);

		for (child = exclude ? lyd_child(exclude) : NULL; child; child = child->next)
			found = found || (strcmp(child->schema->name, "address") == 0 &&
			                  prefix_parse(lyd_get_value(child), &network) &&
			                  prefix_contains(&network, ip));
		all = all && found;
	}
	return all;
}

/*
 * A router whose sync group is backup takes the partner's connections for all there are: what it
 * forwards itself for another group is not among them, and is removed from its kernel.
 */
static void
advise_groups(const struct survey *s, const struct lyd_node *node, struct problems *problems)
{
	const struct lyd_node *mechanism = tree_child(node, "failover-mechanism");
	const struct lyd_node *vrrp = mechanism ? tree_child(mechanism, "vrrp") : NULL;
	const struct lyd_node *sync = vrrp ? tree_child(vrrp, "sync-group") : NULL;
	const struct survey_group *first = NULL;
	unsigned more = 0;
	char others[32] = "";

	for (size_t i = 0; sync && !tree_child(node, "disable") && i < s->group_count; i++) {
		const struct survey_group *group = &s->groups[i];

		if (group->disable ||
		    (group->sync && strcmp(group->sync, lyd_get_value(sync)) == 0) ||
		    is_excluded(s, group, node))
			continue;
		more += first != NULL;
		first = first ? first : group;
	}
	if (more > 0)
		snprintf(others, sizeof(others), " and %u more", more);
	if (first)
		rules_warning(problems, "L46", sync,
		              "VRRP group %u of %s%s can be master here while this sync group is "
		              "not: connections through it are not replicated, and removed from "
		              "this router, so that they break; put all groups into this sync "
		              "group, or their networks into exclude", first->vrid,
		              s->links[first->link].name, others);
}

void
connsync_rules(const struct survey *s, struct problems *problems)
{
	const struct lyd_node *node = s->service ? tree_child(s->service, "connsync") : NULL;
	const struct lyd_node *second = node ? tree_child(node, "second-path") : NULL;

	if (!node)
		return;
	check_sync_group(s, node, problems);
	check_path(s, node, problems);
	if (second) {
		check_path(s, second, problems);
		check_second(node, second, problems);
	}
	check_excluded(node, problems);
	advise_key(s, node, problems);
	advise_groups(s, node, problems);
	if (s->around)
		advise_kernel(s->around, node, problems);
}
