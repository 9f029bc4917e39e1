/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps: the list of them, their identity, and their words.
 */
#include "core/ifstep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
ifsteps_add(struct ifsteps *steps, const struct ifstep *step)
{
	if (steps->count == steps->room) {
		steps->room = steps->room == 0 ? 64 : 2 * steps->room;
		steps->list = reallocarray(steps->list, steps->room, sizeof(*steps->list));
		assert(steps->list != NULL);
	}
	steps->list[steps->count++] = *step;
}

void
ifsteps_done(struct ifsteps *steps)
{
	free(steps->list);
	*steps = (struct ifsteps){ 0 };
}

void
ifstep_group_alias(const char *interface, uint8_t vrid, char alias[DESCRIPTION_SIZE])
{
	snprintf(alias, DESCRIPTION_SIZE, "%.15s group %u", interface, vrid);
}

static uint64_t
mix(uint64_t hash, const void *bytes, size_t length)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ b[i]) * 1099511628211u;
	return hash;
}

static uint64_t
mix_bond(uint64_t hash, const struct ifworld_bond *b)
{
	const uint32_t numbers[] = {
		b->mode, b->hash34, b->fast, b->passive, b->key, b->minimum_links, b->miimon,
		(uint32_t)b->primary,
	};

	return mix(hash, numbers, sizeof(numbers));
}

static uint64_t
mix_switch(uint64_t hash, const struct ifstep *s)
{
	const uint32_t bridge[] = { s->bridge.filtering, s->bridge.snooping, s->bridge.aging,
	                            s->bridge.default_primary };
	const uint32_t vlans[] = { s->vlans.first, s->vlans.last, s->vlans.untagged,
	                           s->vlans.primary };

	return s->kind == IFSTEP_ADD_VLANS || s->kind == IFSTEP_REMOVE_VLANS ?
	       mix(hash, vlans, sizeof(vlans)) : mix(hash, bridge, sizeof(bridge));
}

static uint64_t
mix_prefix(uint64_t hash, const struct prefix *prefix)
{
	hash = mix(hash, &prefix->length, sizeof(prefix->length));
	hash = mix(hash, &prefix->ip.family, sizeof(prefix->ip.family));
	return mix(hash, prefix->ip.bytes, sizeof(prefix->ip.bytes));
}

static uint64_t
mix_route(uint64_t hash, const struct ifroute *r)
{
	const uint32_t numbers[] = { r->kind, r->protocol, r->answers, r->table, r->metric };

	hash = mix_prefix(mix(hash, numbers, sizeof(numbers)), &r->destination);
	for (unsigned i = 0; i < IFROUTE_HOPS; i++) {
		hash = mix(hash, &r->hops[i].link, sizeof(r->hops[i].link));
		hash = mix(hash, r->hops[i].gateway.bytes, sizeof(r->hops[i].gateway.bytes));
	}
	return mix(hash, r->source.bytes, sizeof(r->source.bytes));
}

static uint64_t
mix_rule(uint64_t hash, const struct ifrule *r)
{
	const uint32_t numbers[] = { r->family, r->priority, r->table, r->mark };

	hash = mix_prefix(mix(hash, numbers, sizeof(numbers)), &r->from);
	hash = mix(mix_prefix(hash, &r->to), r->in, strnlen(r->in, sizeof(r->in)));
	return mix(hash, r->out, strnlen(r->out, sizeof(r->out)));
}

uint64_t
ifstep_key(const struct ifstep *s)
{
	const uint32_t numbers[] = {
		s->kind, (uint32_t)s->index, (uint32_t)s->other, s->mark, s->vrid, s->parts,
		s->vlan, s->vlan_protocol, s->mtu, (uint32_t)s->arp.ignore,
		(uint32_t)s->arp.announce, (uint32_t)s->arp.rp_filter,
		s->prefix.ip.family, s->prefix.length, s->batch,
		s->tune, (uint32_t)s->value, s->port.negotiated, s->port.half, s->port.speed,
	};
	uint64_t hash = mix(14695981039346656037u, numbers, sizeof(numbers));

	hash = mix(hash, s->name, strnlen(s->name, sizeof(s->name)));
	hash = mix(hash, s->prefix.ip.bytes, sizeof(s->prefix.ip.bytes));
	hash = mix(hash, s->mac.bytes, sizeof(s->mac.bytes));
	if (s->kind == IFSTEP_CREATE_BOND || s->kind == IFSTEP_SET_BOND)
		hash = mix_bond(hash, &s->bond);
	if (s->kind == IFSTEP_CREATE_SWITCH || s->kind == IFSTEP_SET_SWITCH ||
	    s->kind == IFSTEP_ADD_VLANS || s->kind == IFSTEP_REMOVE_VLANS)
		hash = mix_switch(hash, s);
	if (ifstep_is_route(s))
		hash = mix_route(hash, &s->route);
	if (s->kind == IFSTEP_ADD_RULE || s->kind == IFSTEP_REMOVE_RULE)
		hash = mix_rule(hash, &s->rule);
	return s->text == NULL ? hash : mix(hash, s->text, strlen(s->text));
}

static const char *
bond_part_text(const struct ifstep *s)
{
	static const char *const modes[] = {
		[BOND_LACP] = "set the bond's mode to lacp",
		[BOND_ACTIVE_BACKUP] = "set the bond's mode to active-backup",
		[BOND_BALANCED] = "set the bond's mode to balanced",
		[BOND_MODES] = "set the bond's mode",
	};

	if (s->parts & BOND_PART_MODE)
		return modes[s->bond.mode];
	if (s->parts & BOND_PART_PRIMARY)
		return "set the bond's primary member";
	if (s->parts & BOND_PART_LACP)
		return "set lacp-options";
	return "set the bond's options";
}

/* The kernel's names. */
static const char *const tune_names[TUNES] = {
	[TUNE_FORWARDING] = "ipv4 forwarding",
	[TUNE_PROXY_ARP] = "ipv4 proxy_arp",
	[TUNE_ARP_ACCEPT] = "ipv4 arp_accept",
	[TUNE_ARP_DROP] = "ipv4 drop_gratuitous_arp",
	[TUNE_ARP_NOTIFY] = "ipv4 arp_notify",
	[TUNE_RP_FILTER] = "ipv4 rp_filter",
	[TUNE_LOG_MARTIANS] = "ipv4 log_martians",
	[TUNE_IGNORE_LINKDOWN4] = "ipv4 ignore_routes_with_linkdown",
	[TUNE_IGNORE_LINKDOWN6] = "ipv6 ignore_routes_with_linkdown",
	[TUNE_ACCEPT_RA] = "ipv6 accept_ra",
	[TUNE_AUTOCONF] = "ipv6 autoconf",
	[TUNE_DISABLE_IPV6] = "ipv6 disable_ipv6",
	[TUNE_DAD_TRANSMITS] = "ipv6 dad_transmits",
};

static void
port_text(const struct ifworld_port *port, char *text, size_t size)
{
	if (port->negotiated)
		snprintf(text, size, "set speed auto");
	else
		snprintf(text, size, "set speed %u Mbit/s, duplex %s", port->speed,
		         port->half ? "half" : "full");
}

const char *
ifstep_subject(const struct ifstep *s, char text[IFSTEP_SUBJECT_SIZE])
{
	char destination[PREFIX_TEXT_SIZE];

	if (ifstep_is_route(s) && s->route.protocol == MARK_REAL)
		snprintf(text, IFSTEP_SUBJECT_SIZE, "protocols static %s %s",
		         s->route.destination.ip.family == 4 ? "route" : "route6",
		         prefix_text(&s->route.destination, destination));
	else
		snprintf(text, IFSTEP_SUBJECT_SIZE, "%.15s", s->name);
	return text;
}

static void
vlans_text(const struct ifstep *s, char *text, size_t size)
{
	const char *verb = s->kind == IFSTEP_ADD_VLANS ? "carry" : "carry no longer";

	if (s->vlans.first == s->vlans.last)
		snprintf(text, size, "%s VLAN %u", verb, s->vlans.first);
	else
		snprintf(text, size, "%s VLANs %u to %u", verb, s->vlans.first, s->vlans.last);
}

static void
master_text(const struct ifstep *s, char *text, size_t size)
{
	snprintf(text, size, "%s its bond or switch", s->other == 0 ? "leave" : "join");
}

static void
route_text(const struct ifstep *s, char *text, size_t size)
{
	const char *verb = s->kind == IFSTEP_REMOVE_ROUTE ? "remove" : "add";
	char destination[PREFIX_TEXT_SIZE];

	/* Of a static one the subject says where it leads. */
	if (s->route.protocol == MARK_REAL)
		snprintf(text, size, "%s the route of distance %u", verb, s->route.metric);
	else
		snprintf(text, size, "%s the route to %s in table %u", verb,
		         prefix_text(&s->route.destination, destination), s->route.table);
}

static void
rule_text(const struct ifstep *s, char *text, size_t size)
{
	snprintf(text, size, "%s rule %u to table %u",
	         s->kind == IFSTEP_ADD_RULE ? "add" : "remove", s->rule.priority, s->rule.table);
}

/* Sentences that are the same for every step of a kind. */
static const char *const plain_words[IFSTEP_KINDS] = {
	[IFSTEP_CREATE_BOND] = "create the bond",
	[IFSTEP_CREATE_SWITCH] = "create the switch",
	[IFSTEP_CREATE_LOOPBACK] = "create the loopback",
	[IFSTEP_DELETE_LINK] = "delete the interface",
	[IFSTEP_CONDEMN] = "mark the interface for deletion",
	[IFSTEP_DELETE_BATCH] = "delete all interfaces marked for it",
	[IFSTEP_RENAME] = "rename the interface",
	[IFSTEP_SET_UP] = "set the interface up",
	[IFSTEP_RAISE] = "set the interface up",
	[IFSTEP_SET_DOWN] = "set the interface down",
	[IFSTEP_SET_ALIAS] = "set the description",
	[IFSTEP_SET_GROUP_ALIAS] = "set the description",
	[IFSTEP_SET_ARP] = "set how it answers ARP",
	[IFSTEP_SET_NO_ADDR_GEN] = "switch automatic IPv6 addresses off",
	[IFSTEP_READ_PORT] = "read speed and duplex",
};

/* Sentences that end with the step's address and its length. */
static const char *const prefix_words[IFSTEP_KINDS] = {
	[IFSTEP_ADD_ADDRESS] = "add address",
	[IFSTEP_REMOVE_ADDRESS] = "remove address",
	[IFSTEP_ADD_LOCAL] = "add the local route of",
	[IFSTEP_SILENCE_ADDRESS] = "remove the local route of",
};

/* Those that end with a number or another address, or that depend on more than the kind. */
static void
special_text(const struct ifstep *s, char *text, size_t size)
{
	char address[PREFIX_TEXT_SIZE];

	switch (s->kind) {
	case IFSTEP_CREATE_VIF:
		snprintf(text, size, "create the vif of VLAN %u", s->vlan);
		break;
	case IFSTEP_CREATE_VIRTUAL:
		snprintf(text, size, "create the virtual link for %s", mac_text(&s->mac, address));
		break;
	case IFSTEP_SET_MTU:
		snprintf(text, size, "set mtu %u", s->mtu);
		break;
	case IFSTEP_SET_MAC:
		snprintf(text, size, "set mac %s", mac_text(&s->mac, address));
		break;
	case IFSTEP_SET_MASTER:
		master_text(s, text, size);
		break;
	case IFSTEP_SET_BOND:
		snprintf(text, size, "%s", bond_part_text(s));
		break;
	case IFSTEP_SET_SWITCH:
		snprintf(text, size, "%s", s->parts & SWITCH_PART_FILTERING ?
		         "let the switch keep VLANs apart" : "set the switch's options");
		break;
	case IFSTEP_ADD_VLANS:
	case IFSTEP_REMOVE_VLANS:
		vlans_text(s, text, size);
		break;
	case IFSTEP_SET_TUNE:
	case IFSTEP_WRITE_TUNE:
		snprintf(text, size, "set %s %d", tune_names[s->tune], s->value);
		break;
	case IFSTEP_SET_PORT:
		port_text(&s->port, text, size);
		break;
	case IFSTEP_ANNOUNCE:
		snprintf(text, size, "announce %s", ip_text(&s->prefix.ip, address));
		break;
	default:
		assert(!"kind of step");
	}
}

void
ifstep_text(const struct ifstep *s, char *text, size_t size)
{
	char prefix[PREFIX_TEXT_SIZE];

	assert(s->kind < IFSTEP_KINDS);
	if (plain_words[s->kind] != NULL)
		snprintf(text, size, "%s", plain_words[s->kind]);
	else if (prefix_words[s->kind] != NULL)
		snprintf(text, size, "%s %s", prefix_words[s->kind],
		         prefix_text(&s->prefix, prefix));
	else if (ifstep_is_route(s))
		route_text(s, text, size);
	else if (s->kind == IFSTEP_ADD_RULE || s->kind == IFSTEP_REMOVE_RULE)
		rule_text(s, text, size);
	else
		special_text(s, text, size);
}
