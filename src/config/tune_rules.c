/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of what an interface's layers do:
 *   I20  ipv6 disable            I23  unnumbered
 *   I21  speed and duplex        I24  gratuitous-arp
 *   I22  automatic addresses
 *   W10  a group where nothing is forwarded    W11  a source check that virtual links do not have
 *   W12  half of gratuitous-arp
 */
#include <string.h>

#include "config/rules.h"
#include "config/tree.h"

#define IPV6_MTU_MIN 1280		/* RFC 8200 section 5 */

static const struct lyd_node *
first_address(const struct survey *s, const struct survey_link *link, uint8_t family)
{
	for (size_t i = 0; i < link->address_count; i++) {
		const struct survey_address *address = &s->addresses[link->address_first + i];

		if (address->prefix.ip.family == family)
			return address->node;
	}
	return NULL;
}

static void
check_ipv6(const struct survey *s, const struct survey_link *link, const struct lyd_node *ipv6,
           struct problems *problems)
{
	const struct lyd_node *automatic = tree_child(ipv6, "address");
	const struct lyd_node *disable = tree_child(ipv6, "disable");
	const struct lyd_node *mtu = tree_child(link->node, "mtu");
	bool has_groups = false;

	for (size_t i = 0; i < link->group_count; i++)
		has_groups |= s->groups[link->group_first + i].has_v6;
	if (disable && (first_address(s, link, 6) || lyd_child(automatic)))
		rules_error(problems, "I20", disable,
		            "%s has IPv6 addresses; delete them, or this", link->name);
	else if (disable && has_groups)
		rules_error(problems, "I20", disable,
		            "%s has groups with IPv6 addresses; delete those, or this", link->name);
	if (lyd_child(automatic) && link->mtu && link->mtu < IPV6_MTU_MIN)
		rules_error(problems, "I6", mtu,
		            "IPv6 needs 1280 or more; raise it, or delete ipv6 address");
	for (const struct lyd_node *child = lyd_child(automatic); child; child = child->next) {
		struct prefix network;

		if (strcmp(child->schema->name, "eui64") == 0 &&
		    (!prefix_parse(lyd_get_value(child), &network) || network.ip.family != 6 ||
		     network.length != 64 || !rules_is_usable(&network.ip)))
			rules_error(problems, "I22", child,
			            "is no IPv6 network of length 64, which a MAC address needs; "
			            "write it like 2001:db8::/64");
	}
}

static void
check_unnumbered(const struct survey *s, const struct survey_link *link,
                 const struct lyd_node *unnumbered, struct problems *problems)
{
	const struct lyd_node *leaf = tree_child(unnumbered, "donor-interface");
	int donor = leaf ? survey_find(s, lyd_get_value(leaf)) : -1;

	if (!leaf)
		rules_error(problems, "I23", unnumbered,
		            "it is not said whose address is borrowed; set donor-interface");
	else if (donor < 0 || &s->links[donor] == link || !first_address(s, &s->links[donor], 4))
		rules_error(problems, "I23", leaf,
		            "is no other configured interface with an IPv4 address; give that one "
		            "an address, or name another");
	else if (first_address(s, link, 4))
		rules_error(problems, "I23", leaf,
		            "%s has an IPv4 address of its own; delete that, or ip unnumbered",
		            link->name);
}

static void
check_arp(const struct lyd_node *gratuitous, struct problems *problems)
{
	const struct lyd_node *request = tree_child(gratuitous, "request");
	const struct lyd_node *reply = tree_child(gratuitous, "reply");

	if (request && reply && strcmp(lyd_get_value(request), lyd_get_value(reply)) != 0)
		rules_error(problems, "I24", reply,
		            "Linux treats gratuitous requests and replies alike; set both to one "
		            "value");
	else if ((request != NULL) != (reply != NULL))
		rules_warning(problems, "W12", request ? request : reply,
		              "holds for gratuitous %s as well, because Linux treats both alike; "
		              "set both to this value", request ? "replies" : "requests");
}

static void
check_groups(const struct survey *s, const struct survey_link *link, const struct lyd_node *ip,
             const struct lyd_node *ipv6, struct problems *problems)
{
	const struct lyd_node *check = tree_child(ip, "rpf-check");
	const struct lyd_node *off4 = tree_child(ip, "disable-forwarding");
	const struct lyd_node *off6 = tree_child(ipv6, "disable-forwarding");
	bool has_v4 = false, has_v6 = false, rfc = false;

	for (size_t i = 0; i < link->group_count; i++) {
		const struct survey_group *group = &s->groups[link->group_first + i];

		has_v4 |= group->has_v4 && !group->disable;
		has_v6 |= group->has_v6 && !group->disable;
		rfc |= group->rfc_compatibility && !group->disable;
	}
	if (off4 && has_v4)
		rules_warning(problems, "W10", off4,
		              "the hosts whose router the groups of %s are get nowhere: what they "
		              "send here is not forwarded; delete this, or the groups", link->name);
	if (off6 && has_v6)
		rules_warning(problems, "W10", off6,
		              "the hosts whose router the groups of %s are get nowhere: what they "
		              "send here is not forwarded; delete this, or the groups", link->name);
	if (check && rfc && strcmp(lyd_get_value(check), "strict") == 0)
		rules_warning(problems, "W11", check,
		              "packets to a virtual MAC address are checked as with loose: they "
		              "come in through another device than their way back; delete "
		              "rfc-compatibility, or set loose");
}

static void
check_port(const struct lyd_node *node, struct problems *problems)
{
	const struct lyd_node *duplex = tree_child(node, "duplex");
	const char *speed = tree_value(node, "speed");
	const char *how = duplex ? lyd_get_value(duplex) : "auto";
	bool negotiated = !speed || strcmp(speed, "auto") == 0;

	if (negotiated && strcmp(how, "auto") != 0)
		rules_error(problems, "I21", duplex,
		            "is fixed without a speed, which no port can; set speed, or delete "
		            "duplex");
	else if (!negotiated && strcmp(how, "half") == 0 && speed[strlen(speed) - 1] == 'g')
		rules_error(problems, "I21", duplex,
		            "there is no half duplex from 1 Gbit/s on; delete it, or lower speed");
}

void
tune_rules(const struct survey *s, struct problems *problems)
{
	for (size_t i = 0; i < s->link_count; i++) {
		const struct survey_link *link = &s->links[i];
		const struct lyd_node *ip = tree_child(link->node, "ip");
		const struct lyd_node *ipv6 = tree_child(link->node, "ipv6");
		const struct lyd_node *unnumbered = tree_child(ip, "unnumbered");

		if (link->kind == SURVEY_OUTER)
			continue;
		if (unnumbered)
			check_unnumbered(s, link, unnumbered, problems);
		check_arp(tree_child(ip, "gratuitous-arp"), problems);
		check_ipv6(s, link, ipv6, problems);
		check_groups(s, link, ip, ipv6, problems);
		if (link->kind == SURVEY_DATAPLANE)
			check_port(link->node, problems);
	}
}
