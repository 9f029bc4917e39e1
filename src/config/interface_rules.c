/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of interfaces:
 *   I1  a bond-group must name a configured bond       I6  mtu
 *   I2  what a member of a bond may not have           I7  VLANs and names of vifs
 *   I3  primary only, and always, with active-backup   I8  addresses
 *   I4  minimum-links                                  I9  MAC addresses
 *   I5  lacp-options key is one bond's
 *   I14 protocols of VLAN tags
 *   C10 a member of a bond runs no VRRP                C11 MAC address of a switch
 */
#include <stdlib.h>
#include <string.h>

#include "config/rules.h"
#include "config/tree.h"

#define VLAN_MAX 4094

static void
refuse_for_member(const struct survey_link *link, const char *name, struct problems *problems)
{
	const struct lyd_node *node = tree_child(link->node, name);

	if (node && tree_is_explicit(node))
		rules_error(problems, "I2", node,
		            "a member of a bond must not have this; configure it on %s, or delete "
		            "bond-group", link->bond_group);
}

static void
check_member(const struct survey *s, const struct survey_link *link, struct problems *problems)
{
	static const char *const not_on_members[] = {
		"address", "disable", "ip", "ipv6", "mtu", "switch-group", "vif", "vlan-protocol",
	};

	if (link->bond < 0)
		rules_error(problems, "I1", tree_child(link->node, "bond-group"),
		            "there is no such bond; add it: set interfaces bonding %s",
		            link->bond_group);
	for (size_t i = 0; i < ARRAY_SIZE(not_on_members); i++)
		refuse_for_member(link, not_on_members[i], problems);
	for (size_t i = 0; i < link->group_count; i++)
		rules_error(problems, "C10", s->groups[link->group_first + i].node,
		            "a member of a bond cannot run VRRP; configure the group on %s",
		            link->bond_group);
}

static void
check_primary(const struct survey *s, int bond, const char *mode, struct problems *problems)
{
	const struct lyd_node *node = s->links[bond].node;
	const struct lyd_node *primary = tree_child(node, "primary");
	bool active_backup = strcmp(mode, "active-backup") == 0;
	int member;

	if (!primary) {
		if (active_backup)
			rules_error(problems, "I3", node, "mode active-backup needs a primary: set "
			            "primary to the member that works as long as it can");
		return;
	}
	if (!active_backup)
		rules_error(problems, "I3", primary,
		            "only mode active-backup has a primary; delete it or change the mode");
	member = survey_find(s, lyd_get_value(primary));
	if (member < 0 || s->links[member].bond != bond)
		rules_error(problems, "I3", primary,
		            "is not a member of %s; set interfaces dataplane %s bond-group %s",
		            s->links[bond].name, lyd_get_value(primary), s->links[bond].name);
}

static void
check_bond(const struct survey *s, int bond, struct problems *problems)
{
	const struct survey_link *link = &s->links[bond];
	const struct lyd_node *minimum = tree_child(link->node, "minimum-links");
	const char *mode = tree_value(link->node, "mode");
	unsigned long links = strtoul(lyd_get_value(minimum), NULL, 10);

	check_primary(s, bond, mode, problems);
	if (links > 1 && strcmp(mode, "lacp") != 0)
		rules_error(problems, "I4", minimum,
		            "more than 1 is possible only with mode lacp; set 1 or change the "
		            "mode");
	if (links > 1 && links > link->member_count)
		rules_error(problems, "I4", minimum,
		            "the bond has %u member%s; it would never be up; add members or lower "
		            "it",
		            link->member_count, link->member_count == 1 ? "" : "s");
}

/* Few bonds have keys: each is compared with those before it. */
static void
check_lacp_keys(const struct survey *s, struct problems *problems)
{
	const struct lyd_node **keys = calloc(s->link_count + 1, sizeof(const struct lyd_node *));
	size_t count = 0;

	assert(keys);
	for (size_t i = 0; i < s->link_count; i++) {
		const struct lyd_node *options, *key;

		if (s->links[i].kind != SURVEY_BONDING)
			continue;
		options = tree_child(s->links[i].node, "lacp-options");
		key = tree_child(options, "key");
		if (strcmp(lyd_get_value(key), "0") == 0)
			continue;
		for (size_t j = 0; j < count; j++) {
			if (strcmp(lyd_get_value(keys[j]), lyd_get_value(key)) == 0)
				rules_error(problems, "I5", key,
				            "another bond has the same key; every bond needs its "
				            "own");
		}
		keys[count++] = key;
	}
	free(keys);
}

/* Real or virtual addresses. */
static bool
has_ipv6(const struct survey *s, const struct survey_link *link)
{
	for (size_t i = 0; i < link->address_count; i++) {
		if (s->addresses[link->address_first + i].prefix.ip.family == 6)
			return true;
	}
	for (size_t i = 0; i < link->group_count; i++) {
		if (s->groups[link->group_first + i].has_v6)
			return true;
	}
	return false;
}

#define IPV6_MTU_MIN 1280		/* RFC 8200 section 5 */

/* The largest packet that a link takes: of a switch, that each of its ports takes. */
static unsigned
room_of(const struct survey *s, const struct survey_link *link)
{
	unsigned mtu = link->kind == SURVEY_SWITCH ? link->room : link->mtu;

	if (link->kind == SURVEY_OUTER)
		return room_of(s, &s->links[link->parent]);
	return mtu ? mtu : SURVEY_MTU;
}

static void
check_mtu(const struct survey *s, const struct survey_link *link, struct problems *problems)
{
	const struct survey_link *parent = link->parent >= 0 ? &s->links[link->parent] : NULL;
	unsigned parent_mtu = parent ? room_of(s, parent) : 0;

	if (parent && parent->kind == SURVEY_OUTER)
		parent = &s->links[parent->parent];
	if (parent && link->mtu > parent_mtu)
		rules_error(problems, "I6", tree_child(link->node, "mtu"),
		            "is larger than the %u of %s; raise that first, or lower this",
		            parent_mtu, parent->kind == SURVEY_SWITCH ? "a port of its switch" :
		                                                        parent->name);
	if (!has_ipv6(s, link))
		return;
	if (link->mtu && link->mtu < IPV6_MTU_MIN)
		rules_error(problems, "I6", tree_child(link->node, "mtu"),
		            "IPv6 needs 1280 or more; raise it, or delete the IPv6 addresses");
	else if (parent && parent->mtu && parent->mtu < IPV6_MTU_MIN)
		rules_error(problems, "I6", tree_child(parent->node, "mtu"),
		            "IPv6 on %s needs 1280 or more; raise it, or delete its IPv6 addresses",
		            link->name);
}

static void
check_vif(const struct survey_link *link, struct problems *problems)
{
	const struct lyd_node *vlan = tree_child(link->node, "vlan");
	const struct lyd_node *inner = tree_child(link->node, "inner-vlan");

	if (!vlan && link->vlan > VLAN_MAX)
		rules_error(problems, "I7", link->node,
		            "a vif above 4094 needs 'vlan', because its number is no VLAN; set "
		            "vlan");
	if (inner && !vlan)
		rules_error(problems, "I7", inner, "needs 'vlan' for the outer tag; set vlan");
	if (link->kind == SURVEY_OUTER && strlen(link->name) >= NAME_SIZE)
		rules_error(problems, "I7", vlan,
		            "the interface of the outer VLAN would be called %s, and the kernel's "
		            "limit is 15 characters; give a vif this VLAN without inner-vlan",
		            link->name);
	else if (strlen(link->name) >= NAME_SIZE)
		rules_error(problems, "I7", link->node,
		            "its name %s has more than 15 characters, the kernel's limit; use a "
		            "shorter number, with 'vlan' for the VLAN", link->name);
}

static int
by_tag(const void *first, const void *second)
{
	const struct survey_link *a = *(const struct survey_link *const *)first;
	const struct survey_link *b = *(const struct survey_link *const *)second;

	if (a->parent != b->parent)
		return a->parent < b->parent ? -1 : 1;
	if (a->vlan != b->vlan)
		return a->vlan < b->vlan ? -1 : 1;
	return a < b ? -1 : 1;
}

/* One VLAN of an interface, or within an outer VLAN, belongs to one vif. */
static void
check_vlans(const struct survey *s, struct problems *problems)
{
	const struct survey_link **vifs = calloc(s->link_count + 1, sizeof(const void *));
	size_t count = 0;

	assert(vifs);
	for (size_t i = 0; i < s->link_count; i++) {
		if (s->links[i].kind == SURVEY_VIF)
			vifs[count++] = &s->links[i];
	}
	qsort(vifs, count, sizeof(*vifs), by_tag);
	for (size_t i = 1; i < count; i++) {
		const struct survey_link *a = vifs[i - 1], *b = vifs[i];
		bool inner = s->links[b->parent].parent >= 0;

		if (a->parent == b->parent && a->vlan == b->vlan)
			rules_error(problems, "I7", b->node,
			            "%sVLAN %u is already that of vif %s; give one of them another "
			            "'%s'", inner ? "inner " : "", b->vlan,
			            tree_value(a->node, "id"), inner ? "inner-vlan" : "vlan");
	}
	free(vifs);
}

static void
check_names(const struct survey *s, struct problems *problems)
{
	for (size_t i = 1; i < s->link_count; i++) {
		const struct survey_link *a = &s->links[s->by_name[i - 1]];
		const struct survey_link *b = &s->links[s->by_name[i]];

		if (strcmp(a->name, b->name) == 0)
			rules_error(problems, "I7", b->node,
			            "the interface %s is configured a second time as %s; delete "
			            "one",
			            b->name, a->node->schema->name);
	}
}

static void
check_address(const struct survey *s, const struct survey_address *address,
              struct problems *problems)
{
	const char *value = lyd_get_value(address->node);

	if (strncmp(value, "dhcp", 4) == 0)
		rules_error(problems, "I8", address->node,
		            "is no address: an interface of a pair needs one that stays, because "
		            "VRRP speaks from it and the other router knows it; write it like "
		            "192.0.2.2/24, or delete it and leave it to a DHCP client of the "
		            "system");
	else if (address->prefix.ip.family == 0)
		rules_error(problems, address->group < 0 ? "I8" : "V4", address->node,
		            "is not an address; write it like 192.0.2.1/24 or 2001:db8::1/64");
	else if (!rules_is_usable(&address->prefix.ip) &&
	         (address->group >= 0 || s->links[address->link].kind != SURVEY_LOOPBACK))
		rules_error(problems, address->group < 0 ? "I8" : "V4", address->node,
		            "no interface can have this address (loopback, multicast, reserved or "
		            "none); use one of the network behind the interface");
}

static void
check_protocol(const struct survey_link *link, struct problems *problems)
{
	const struct lyd_node *node = tree_child(link->node, "vlan-protocol");
	const char *value = node ? lyd_get_value(node) : "0x8100";

	if (strcmp(value, "0x8100") != 0 && strcmp(value, "0x88A8") != 0)
		rules_error(problems, "I14", node,
		            "Linux has no VLANs with this tag; use 0x88A8, at the other end of the "
		            "cable as well");
}

static void
check_mac(const struct survey_link *link, struct problems *problems)
{
	static const uint8_t vrrp_prefix[5] = { 0x00, 0x00, 0x5e, 0x00, 0x01 };
	const char *number = link->kind == SURVEY_SWITCH ? "C11" : "I9";
	const struct lyd_node *node = tree_child(link->node, "mac");
	struct mac mac;

	if (!node)
		return;
	if (!mac_parse(lyd_get_value(node), &mac) || mac_is_zero(&mac) || (mac.bytes[0] & 1))
		rules_error(problems, number, node,
		            "is no address of a station (zero or multicast); use another");
	else if (memcmp(mac.bytes, vrrp_prefix, sizeof(vrrp_prefix)) == 0)
		rules_error(problems, number, node,
		            "is a virtual MAC address of VRRP and would clash with that group; "
		            "use another");
}

void
interface_rules(const struct survey *s, struct problems *problems)
{
	for (size_t i = 0; i < s->link_count; i++) {
		const struct survey_link *link = &s->links[i];

		if (link->bond_group)
			check_member(s, link, problems);
		if (link->kind == SURVEY_BONDING)
			check_bond(s, (int)i, problems);
		if (link->kind == SURVEY_VIF || link->kind == SURVEY_OUTER)
			check_vif(link, problems);
		if (link->kind == SURVEY_OUTER)
			continue;
		check_mtu(s, link, problems);
		check_mac(link, problems);
		check_protocol(link, problems);
	}
	for (size_t i = 0; i < s->address_count; i++)
		check_address(s, &s->addresses[i], problems);
	check_lacp_keys(s, problems);
	check_vlans(s, problems);
	check_names(s, problems);
}
