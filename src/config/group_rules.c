/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of VRRP groups.  C1 and C6 are restrictions of the model itself (check.c), C10 and C11
 * rules of interfaces; what a group tracks is track_rules.c's, what moves with it carry_rules.c's.
 *   C2  authentication is version 2's          C3  advertise-interval is version 2's
 *   C4  fast-advertise-interval is version 3's, in steps of 10 ms
 *   C5  accept true is version 3's             C7  version 2 has IPv4 addresses only
 *   C7b IPv6 needs a link-local address        C9  hello-source-address is a host's
 *   V1  an address belongs to one group        V2  an excluded address is no real one
 *   V3  checksum and version-2-compatibility are for IPv4 in version 3
 *   V4  virtual addresses that cannot be       V5  an interface has an address once
 *   V6  virtual-address-interface names an address and an interface
 *   V7  excluded addresses are of the families that the group advertises
 *   W1  preempt-delay without preempt          W2  rfc-compatibility under VMware
 *   W4  hello-source-address is not configured here
 * W3, a name of the virtual link that is too long, cannot happen: lift makes names that fit.
 */
#include <stdlib.h>
#include <string.h>

#include "config/rules.h"
#include "config/tree.h"

static void
check_version_2(const struct lyd_node *group, struct problems *problems)
{
	static const char *const of_version_3[] = { "checksum", "version-2-compatibility" };
	const struct lyd_node *fast = tree_child(group, "fast-advertise-interval");
	const struct lyd_node *accept = tree_child(group, "accept");

	if (fast)
		rules_error(problems, "C4", fast,
		            "belongs to version 3; version 2 has advertise-interval, in seconds");
	if (strcmp(lyd_get_value(accept), "true") == 0)
		rules_error(problems, "C5", accept,
		            "belongs to version 3; version 2 always accepts packets to its virtual "
		            "addresses; delete accept");
	for (size_t i = 0; i < ARRAY_SIZE(of_version_3); i++) {
		const struct lyd_node *node = tree_child(group, of_version_3[i]);

		if (node)
			rules_error(problems, "V3", node,
			            "belongs to version 3; delete it, or set version 3");
	}
}

static void
check_version_3(const struct survey_group *group, struct problems *problems)
{
	const struct lyd_node *authentication = tree_child(group->node, "authentication");
	const struct lyd_node *seconds = tree_child(group->node, "advertise-interval");
	const struct lyd_node *both = tree_child(group->node, "version-2-compatibility");
	const struct lyd_node *checksum = tree_child(group->node, "checksum");

	if (authentication)
		rules_error(problems, "C2", authentication,
		            "version 3 has no authentication (RFC 9568 8); delete it, or use "
		            "version 2");
	if (seconds)
		rules_error(problems, "C3", seconds,
		            "belongs to version 2; version 3 has fast-advertise-interval, in "
		            "milliseconds");
	if (both && !group->has_v4)
		rules_error(problems, "V3", both,
		            "is for IPv4, which version 2 knows only; delete it");
	if (checksum && !group->has_v4)
		rules_error(problems, "V3", checksum,
		            "is for IPv4; the checksum of IPv6 has one form only; delete it");
}

static void
check_version(const struct survey_group *group, struct problems *problems)
{
	const struct lyd_node *fast = tree_child(group->node, "fast-advertise-interval");

	if (group->version == 3)
		check_version_3(group, problems);
	else
		check_version_2(group->node, problems);
	if (fast && strtoul(lyd_get_value(fast), NULL, 10) % 10 != 0)
		rules_error(problems, "C4", fast,
		            "must be a multiple of 10 milliseconds, which is the step on the wire");
}

/* Once a group, at the first address that offends. */
static void
check_families(const struct survey *s, const struct survey_group *group,
               struct problems *problems)
{
	const struct survey_address *addresses = &s->addresses[group->address_first];
	const struct survey_address *first_v6 = NULL;
	bool has_link_local = false;

	for (size_t i = 0; i < group->address_count; i++) {
		const struct ip *ip = &addresses[i].prefix.ip;

		if (ip->family == 6 && !first_v6)
			first_v6 = &addresses[i];
		has_link_local = has_link_local || ip_is_link_local(ip);
	}
	if (first_v6 && group->version == 2)
		rules_error(problems, "C7", first_v6->node,
		            "version 2 has IPv4 addresses only; set version 3, or delete it");
	else if (first_v6 && !has_link_local)
		rules_error(problems, "C7b", first_v6->node,
		            "IPv6 needs a link-local virtual address, which hosts use as their "
		            "router; add one: virtual-address fe80::%x", group->vrid);
	for (size_t i = 0; i < group->excluded_count; i++) {
		const struct survey_address *excluded = &addresses[group->address_count + i];
		uint8_t family = excluded->prefix.ip.family;

		if ((family == 4 && !group->has_v4) || (family == 6 && !group->has_v6))
			rules_error(problems, "V7", excluded->node,
			            "the group advertises no IPv%u address, so no router of IPv%u "
			            "holds it; add a virtual-address of IPv%u, or delete it",
			            family, family, family);
	}
}

static void
check_places(const struct survey *s, const struct survey_group *group, struct problems *problems)
{
	for (const struct lyd_node *node = lyd_child(group->node); node; node = node->next) {
		const struct survey_address *address;
		int place;

		if (strcmp(node->schema->name, "virtual-address-interface") != 0)
			continue;
		address = survey_placed(s, group, node, &place);
		if (!address)
			rules_error(problems, "V6", node,
			            "the group has no such address; add it as virtual-address or "
			            "excluded-address, or delete this");
		if (place < 0 && tree_child(node, "interface"))
			rules_error(problems, "V6", tree_child(node, "interface"),
			            "there is no such interface; configure it, or name another");
	}
}

static bool
has_peer_of_family(const struct lyd_node *group, uint8_t family)
{
	for (const struct lyd_node *node = lyd_child(group); node; node = node->next) {
		struct ip ip;

		if (strcmp(node->schema->name, "peer-address") == 0 &&
		    ip_parse(tree_value(node, "address"), &ip) && ip.family == family)
			return true;
	}
	return false;
}

/* Any address of this router will do, of whichever interface; others may come from elsewhere, and
 * link-local ones are made by the kernel. */
static void
check_hello_source(const struct survey *s, const struct survey_group *group,
                   struct problems *problems)
{
	const struct lyd_node *node = tree_child(group->node, "hello-source-address");
	const char *interface = s->links[group->link].name;
	struct ip ip;

	if (!node)
		return;
	if (!ip_parse(lyd_get_value(node), &ip))
		rules_error(problems, "C9", node, "is not an address; write it like 192.0.2.1 or "
		            "fe80::1");
	else if (!rules_is_usable(&ip))
		rules_error(problems, "C9", node,
		            "no router can have this address (loopback, multicast, reserved or "
		            "none); use one of %s", interface);
	else if ((group->has_v4 || group->has_v6) &&
	         !(ip.family == 4 ? group->has_v4 : group->has_v6))
		rules_error(problems, "C9", node,
		            "the group has no IPv%u virtual address, so nothing would be sent from "
		            "it; use an IPv%u address of %s", ip.family, ip.family == 4 ? 6 : 4,
		            interface);
	else if (ip.family == 6 && !ip_is_link_local(&ip) && !has_peer_of_family(group->node, 6))
		rules_error(problems, "C9", node,
		            "advertisements of IPv6 come from a link-local address (RFC 9568 "
		            "5.1.2.1); use that of %s, or delete hello-source-address", interface);
	else if (!ip_is_link_local(&ip) && !survey_find_real(s, &ip))
		rules_warning(problems, "W4", node,
		              "is configured on no interface of this router; the group may speak "
		              "from an address that another router holds, and its advertisements "
		              "cannot be told from a stranger's; use an address of %s, or delete "
		              "hello-source-address", interface);
}

/* An address that stands a second time, directly or as the first of its kind before it.  That an
 * interface itself has a virtual address, which makes an owner, is lint's. */
static void
judge_repeated(const struct survey *s, const struct survey_address *first,
               const struct survey_address *second, struct problems *problems)
{
	const char *name = s->links[second->place].name;

	if (first->place != second->place) {
		/* Every link has its own link-local addresses. */
		if (!ip_is_link_local(&second->prefix.ip))
			rules_warning(problems, "L7", second->node,
			              "is also configured on %s; only one of the two can be "
			              "reached; delete one", s->links[first->place].name);
	} else if (first->group < 0 && second->group < 0) {
		rules_error(problems, "V5", second->node, "%s has this address twice; delete one",
		            name);
	} else if (first->group < 0) {
		if (second->excluded)
			rules_error(problems, "V2", second->node,
			            "is also an address of %s itself, which holds it in any case; "
			            "delete one", name);
	} else if (first->group == second->group) {
		rules_error(problems, "V1", second->node,
		            "the group has this address twice; delete one");
	} else {
		rules_error(problems, "V1", second->node,
		            "is also a virtual address of group %u on %s; two masters would claim "
		            "it; delete one", s->groups[first->group].vrid,
		            s->links[first->link].name);
	}
}

static void
check_repeated(const struct survey *s, struct problems *problems)
{
	for (size_t i = 1, first = 0; i < s->by_address_count; i++) {
		const struct survey_address *before = &s->addresses[s->by_address[i - 1]];
		const struct survey_address *address = &s->addresses[s->by_address[i]];
		bool same = ip_equal(&before->prefix.ip, &address->prefix.ip);

		/* The first on this interface: its real address, if it has it. */
		if (!same || address->place != before->place)
			first = i;
		if (same)
			judge_repeated(s, first == i ? before : &s->addresses[s->by_address[first]],
			               address, problems);
	}
}

static void
warn_group(const struct survey_group *group, bool vmware, struct problems *problems)
{
	const struct lyd_node *delay = tree_child(group->node, "preempt-delay");

	if (delay && !group->preempt)
		rules_warning(problems, "W1", delay,
		              "has no effect while preempt is false; delete it, or set preempt "
		              "true");
	if (vmware && group->rfc_compatibility)
		rules_warning(problems, "W2", tree_child(group->node, "rfc-compatibility"),
		              "VMware's virtual switches drop packets to a virtual MAC address; "
		              "delete it, or allow forged transmits and promiscuous mode there");
}

void
group_rules(const struct survey *s, struct problems *problems)
{
	bool vmware = s->around && s->around->vmware;

	for (size_t i = 0; i < s->group_count; i++) {
		const struct survey_group *group = &s->groups[i];

		check_version(group, problems);
		check_families(s, group, problems);
		check_places(s, group, problems);
		check_hello_source(s, group, problems);
		warn_group(group, vmware, problems);
	}
	check_repeated(s, problems);
}
