/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of whom a group speaks to, and of what moves with it.
 *   U1  a peer is of a family of the group     U2  a peer is another router
 *   U3  16 peers at most (the model's own)     U4  a peer stands once
 *   M1  a route leads somewhere                M2  networks and addresses of routes and rules
 *   M3  a route or rule belongs to one group   M4  interfaces of routes
 *   M5  router advertisements
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/nameset.h"
#include "config/rules.h"
#include "config/tree.h"
#include "core/ifroute.h"

static bool
has_family(const struct survey_group *group, uint8_t family)
{
	return family == 4 ? group->has_v4 : family == 6 && group->has_v6;
}

/* A group without addresses is told so by C6. */
static bool
has_addresses(const struct survey_group *group)
{
	return group->has_v4 || group->has_v6;
}

static bool
is_list(const struct lyd_node *node, const char *name)
{
	return node->schema->nodetype == LYS_LIST && strcmp(node->schema->name, name) == 0;
}

/* ------------------------------------------------------------------ peers */

static bool
is_virtual_address(const struct survey *s, const struct survey_group *group, const struct ip *ip)
{
	size_t count = group->address_count + group->excluded_count;

	for (size_t i = 0; i < count; i++) {
		if (ip_equal(&s->addresses[group->address_first + i].prefix.ip, ip))
			return true;
	}
	return false;
}

static void
check_peer(const struct survey *s, const struct survey_group *group, const struct lyd_node *node,
           struct nameset *peers, struct problems *problems)
{
	char text[IP_TEXT_SIZE];
	bool is_new;
	struct ip ip;

	if (!ip_parse(tree_value(node, "address"), &ip) || !rules_is_usable(&ip)) {
		rules_error(problems, "U2", node,
		            "is no address of a router; use the one that the other router sends "
		            "from");
		return;
	}
	(void)nameset_add(peers, ip_text(&ip, text), &is_new);
	if (!is_new)
		rules_error(problems, "U4", node, "the group has this peer twice; delete one");
	if (has_addresses(group) && !has_family(group, ip.family))
		rules_error(problems, "U1", node,
		            "the group has no IPv%u virtual address; delete it, or use an IPv%u "
		            "address of the peer", ip.family, ip.family == 4 ? 6 : 4);
	else if (survey_find_real(s, &ip))
		rules_error(problems, "U2", node,
		            "is an address of this router itself; name the other one's");
	else if (is_virtual_address(s, group, &ip))
		rules_error(problems, "U2", node,
		            "is a virtual address of the group, which only its master has; name "
		            "an address that the other router always has");
}

/* ------------------------------------------------------------------ routes and rules */

/* The same thing in two groups would be deleted by the one while the other needs it. */
struct carried {
	struct nameset names;
	const struct survey_group **groups;	/* by name */
	size_t room;
};

/* The group that has it already, or NULL: then it is this group's. */
static const struct survey_group *
note(struct carried *carried, const struct survey_group *group, const char *text)
{
	bool is_new;
	uint32_t number = nameset_add(&carried->names, text, &is_new);

	if (carried->names.count > carried->room) {
		carried->room = 2 * carried->names.count;
		carried->groups = realloc(carried->groups,
		                          carried->room * sizeof(const struct survey_group *));
		assert(carried->groups);
	}
	if (is_new)
		carried->groups[number] = group;
	return is_new ? NULL : carried->groups[number];
}

/* first: see note(). */
static void
refuse_second(const struct survey *s, const struct survey_group *first,
              const struct lyd_node *node, struct problems *problems)
{
	if (first)
		rules_error(problems, "M3", node,
		            "group %u on %s has the same; it would be deleted when either of them "
		            "ceases to be master; delete one", first->vrid,
		            s->links[first->link].name);
}

/* An address of the route: of its family, and one that can be. */
static void
check_route_address(const struct lyd_node *route, const char *name, uint8_t family,
                    struct problems *problems)
{
	const struct lyd_node *node = tree_child(route, name);
	struct ip ip;

	if (!node)
		return;
	if (!ip_parse(lyd_get_value(node), &ip) || !rules_is_usable(&ip))
		rules_error(problems, "M2", node,
		            "is no address of a router; write it like 192.0.2.1 or fe80::1");
	else if (family && ip.family != family)
		rules_error(problems, "M2", node,
		            "is of another family than the destination; use an IPv%u address",
		            family);
}

/* As the kernel has it. */
static unsigned long
route_metric(const struct lyd_node *node, uint8_t family)
{
	unsigned long metric = strtoul(tree_value(node, "metric"), NULL, 10);

	return metric == 0 && family == 6 ? IFROUTE_METRIC6 : metric;
}

static void
check_route(const struct survey *s, const struct survey_group *group, const struct lyd_node *node,
            struct carried *carried, struct problems *problems)
{
	const struct lyd_node *interface = tree_child(node, "interface");
	const struct lyd_node *gateway = tree_child(node, "next-hop");
	bool blackhole = tree_child(node, "blackhole") != NULL;
	char text[PREFIX_TEXT_SIZE], name[128];
	struct prefix network;
	struct ip ip;

	if (!gateway && !interface && !blackhole)
		rules_error(problems, "M1", node,
		            "the route leads nowhere; set next-hop, interface or blackhole");
	else if (blackhole && (gateway || interface))
		rules_error(problems, "M1", node,
		            "a blackhole has no next-hop and no interface; delete them, or "
		            "blackhole");
	else if (gateway && !interface && ip_parse(lyd_get_value(gateway), &ip) &&
	         ip_is_link_local(&ip))
		rules_error(problems, "M4", gateway,
		            "a link-local address is one of an interface; set interface, too");
	if (interface && survey_find(s, lyd_get_value(interface)) < 0)
		rules_error(problems, "M4", interface,
		            "there is no such interface; configure it, or name another");
	if (!rules_network(tree_first_key(node), "M2", &network, problems))
		return;
	if (has_addresses(group) && !has_family(group, network.ip.family))
		rules_error(problems, "M2", node,
		            "the group has no IPv%u virtual address, so no router of IPv%u has "
		            "this route; delete it", network.ip.family, network.ip.family);
	check_route_address(node, "next-hop", network.ip.family, problems);
	check_route_address(node, "source", network.ip.family, problems);
	snprintf(name, sizeof(name), "route %s table %s metric %lu", prefix_text(&network, text),
	         tree_value(node, "table"), route_metric(node, network.ip.family));
	if (!group->disable)
		refuse_second(s, note(carried, group, name), node, problems);
}

/* One of its networks; family 0 when there is none, or it is wrong. */
static struct prefix
rule_network(const struct lyd_node *rule, const char *name, struct problems *problems)
{
	const struct lyd_node *node = tree_child(rule, name);
	struct prefix network;

	return node && rules_network(node, "M2", &network, problems) ? network :
	                                                               (struct prefix){ 0 };
}

static const char *
or_any(const char *value)
{
	return value ? value : "any";
}

/* The rule as the kernel has it, which is of one family; what it returns is note()'s. */
static const struct survey_group *
note_rule(struct carried *carried, const struct survey_group *group, const struct lyd_node *node,
          uint8_t family, const struct prefix networks[2])
{
	char texts[2][PREFIX_TEXT_SIZE] = { "any", "any" }, name[512];

	for (unsigned i = 0; i < 2; i++) {
		if (networks[i].length > 0)	/* 0.0.0.0/0 is any address */
			(void)prefix_text(&networks[i], texts[i]);
	}
	snprintf(name, sizeof(name),
	         "rule %s of IPv%u from %s to %s in %s out %s mark %s table %s",
	         tree_value(node, "priority"), family, texts[0], texts[1],
	         or_any(tree_value(node, "inbound-interface")),
	         or_any(tree_value(node, "outbound-interface")), or_any(tree_value(node, "mark")),
	         or_any(tree_value(node, "table")));
	return note(carried, group, name);
}

static void
check_rule(const struct survey *s, const struct survey_group *group, const struct lyd_node *node,
           struct carried *carried, struct problems *problems)
{
	const struct prefix networks[2] = {
		rule_network(node, "from", problems), rule_network(node, "to", problems),
	};
	uint8_t from = networks[0].ip.family, to = networks[1].ip.family;
	uint8_t family = from ? from : to;
	static const uint8_t families[] = { 4, 6 };
	const struct survey_group *first = NULL;

	if (from && to && from != to)
		rules_error(problems, "M2", node,
		            "from and to are of different families; delete one, or make two rules");
	else if (family && has_addresses(group) && !has_family(group, family))
		rules_error(problems, "M2", node,
		            "the group has no IPv%u virtual address, so no router of IPv%u has "
		            "this rule; delete it", family, family);
	if (group->disable)
		return;
	/* Without addresses it is a rule of each family that the group has. */
	for (unsigned i = 0; i < ARRAY_SIZE(families); i++) {
		const struct survey_group *before = NULL;

		if (family ? family == families[i] : has_family(group, families[i]))
			before = note_rule(carried, group, node, families[i], networks);
		first = first ? first : before;
	}
	refuse_second(s, first, node, problems);
}

/* ------------------------------------------------------------------ router advertisements */

static void
check_advertised_prefix(const struct lyd_node *node, struct problems *problems)
{
	const struct lyd_node *preferred = tree_child(node, "preferred-lifetime");
	unsigned long valid = strtoul(tree_value(node, "valid-lifetime"), NULL, 10);
	struct prefix network;

	(void)rules_network(tree_first_key(node), "M5", &network, problems);
	if (strtoul(lyd_get_value(preferred), NULL, 10) > valid)
		rules_error(problems, "M5", preferred,
		            "is longer than the valid-lifetime of %lu seconds (RFC 4861 6.2.1); "
		            "raise that, or lower this", valid);
}

static void
check_advertisements(const struct survey_group *group, struct problems *problems)
{
	const struct lyd_node *node = tree_child(group->node, "router-advertisements");
	const struct lyd_node *lifetime = node ? tree_child(node, "lifetime") : NULL;
	unsigned long seconds, interval;

	if (!node)
		return;
	if (has_addresses(group) && !group->has_v6)
		rules_error(problems, "M5", node,
		            "the group has no IPv6 virtual address that hosts could use; add some, "
		            "or delete this");
	interval = strtoul(tree_value(node, "interval"), NULL, 10);
	seconds = lifetime ? strtoul(lyd_get_value(lifetime), NULL, 10) : 0;
	if (seconds && seconds < interval)
		rules_error(problems, "M5", lifetime,
		            "is shorter than the interval of %lu seconds, so hosts would lose the "
		            "router between two advertisements; set 0, or three times the interval",
		            interval);
	for (const struct lyd_node *child = lyd_child(node); child; child = child->next) {
		if (is_list(child, "prefix"))
			check_advertised_prefix(child, problems);
	}
}

void
carry_rules(const struct survey *s, struct problems *problems)
{
	struct carried carried = { 0 };

	for (size_t i = 0; i < s->group_count; i++) {
		const struct survey_group *group = &s->groups[i];
		struct nameset peers = { 0 };

		for (const struct lyd_node *node = lyd_child(group->node); node;
		     node = node->next) {
			if (is_list(node, "peer-address"))
				check_peer(s, group, node, &peers, problems);
			else if (is_list(node, "virtual-route"))
				check_route(s, group, node, &carried, problems);
			else if (is_list(node, "virtual-rule"))
				check_rule(s, group, node, &carried, problems);
		}
		nameset_done(&peers);
		check_advertisements(group, problems);
	}
	nameset_done(&carried.names);
	free(carried.groups);
}
