/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of lift for what an interface's IPv4 and IPv6 layers do: words of the tree become the
 * numbers that Linux has for them.
 */
#include <stdlib.h>
#include <string.h>

#include "config/lifting.h"
#include "config/tree.h"

#define EUI64_LENGTH 64u

static void
set(struct link_settings *link, enum tune tune, unsigned value)
{
	link->tunes.set |= 1u << tune;
	link->tunes.values[tune] = (uint8_t)value;
}

/* Linux treats requests and replies alike (I24, W12): who sets one sets both. */
static void
lift_arp(struct link_settings *link, const struct lyd_node *gratuitous)
{
	const char *how = tree_value(gratuitous, "request");

	if (!how)
		how = tree_value(gratuitous, "reply");
	if (!how)
		return;
	set(link, TUNE_ARP_ACCEPT, strcmp(how, "accept") == 0);
	set(link, TUNE_ARP_DROP, strcmp(how, "ignore") == 0);
}

static void
lift_ipv4(struct link_settings *link, const struct lyd_node *ip)
{
	const char *check = tree_value(ip, "rpf-check");

	if (tree_child(ip, "disable-forwarding"))
		set(link, TUNE_FORWARDING, 0);
	if (tree_child(ip, "enable-proxy-arp"))
		set(link, TUNE_PROXY_ARP, 1);
	lift_arp(link, tree_child(ip, "gratuitous-arp"));
	if (tree_child(ip, "gratuitous-arp-count")) {
		link->announcements = (uint8_t)lift_number(ip, "gratuitous-arp-count", 0);
		set(link, TUNE_ARP_NOTIFY, link->announcements > 0);
	}
	if (check)
		set(link, TUNE_RP_FILTER, strcmp(check, "strict") == 0  ? 1
		                          : strcmp(check, "loose") == 0 ? 2
		                                                        : 0);
}

static void
lift_ipv6(struct link_settings *link, const struct lyd_node *ipv6)
{
	if (tree_child(ipv6, "disable"))
		set(link, TUNE_DISABLE_IPV6, 1);
	if (tree_child(ipv6, "dup-addr-detect-transmits"))
		set(link, TUNE_DAD_TRANSMITS, lift_number(ipv6, "dup-addr-detect-transmits", 0));
	/* A router listens to others only if it is told to in spite of forwarding. */
	if (tree_child(tree_child(ipv6, "address"), "autoconf")) {
		set(link, TUNE_ACCEPT_RA, 2);
		set(link, TUNE_AUTOCONF, 1);
	}
	link->no_forwarding6 = tree_child(ipv6, "disable-forwarding") != NULL;
}

static void
lift_port(struct port_settings *port, const struct lyd_node *node)
{
	const char *speed = tree_value(node, "speed");
	const char *duplex = tree_value(node, "duplex");
	const char *unit;

	if (!speed && !duplex)
		return;
	port->mode = PORT_NEGOTIATED;
	if (!speed || strcmp(speed, "auto") == 0)
		return;
	unit = speed + strspn(speed, "0123456789.");
	port->mode = PORT_FIXED;
	port->speed = (uint32_t)(strtod(speed, NULL) * (*unit == 'g' ? 1000 : 1));
	port->half = duplex && strcmp(duplex, "half") == 0;
}

void
lift_tunes(struct link_settings *link, const struct lyd_node *node)
{
	if (tree_child(node, "log_martians"))
		set(link, TUNE_LOG_MARTIANS, 1);
	if (tree_child(node, "disable-link-detect")) {
		set(link, TUNE_IGNORE_LINKDOWN4, 0);
		set(link, TUNE_IGNORE_LINKDOWN6, 0);
	}
	lift_ipv4(link, tree_child(node, "ip"));
	lift_ipv6(link, tree_child(node, "ipv6"));
	if (link->kind == LINK_DATAPLANE)
		lift_port(&link->port, node);
}

/* An unnumbered interface has the first IPv4 address of its donor, and no network. */
static void
lift_donated(struct lifting *l, struct link_settings *link, const char *donor)
{
	const struct survey *s = l->survey;
	int from = survey_find(s, donor);

	for (size_t i = 0; from >= 0 && i < s->links[from].address_count; i++) {
		const struct survey_address *own = &s->addresses[s->links[from].address_first + i];

		if (own->prefix.ip.family != 4)
			continue;
		struct address_settings *address = lift_add(l, PART_ADDRESSES);

		address->prefix = (struct prefix){ own->prefix.ip, 32 };
		address->link = -1;
		link->address_count++;
		return;
	}
}

void
lift_made_addresses(struct lifting *l, struct link_settings *link, const struct lyd_node *node)
{
	const struct lyd_node *automatic = tree_child(tree_child(node, "ipv6"), "address");
	const char *donor = tree_value(tree_child(tree_child(node, "ip"), "unnumbered"),
	                               "donor-interface");

	if (donor)
		lift_donated(l, link, donor);
	for (const struct lyd_node *child = lyd_child(automatic); child; child = child->next) {
		struct prefix network;

		if (strcmp(child->schema->name, "eui64") != 0 ||
		    !prefix_parse(lyd_get_value(child), &network) || network.length != EUI64_LENGTH)
			continue;
		struct address_settings *address = lift_add(l, PART_ADDRESSES);

		address->prefix = network;
		address->link = -1;
		link->eui64_count++;
	}
}
