/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advice about routing.
 *   L27 this router does not forward what its groups attract
 *   L28 a next hop in no network of an interface
 *   L29 a next hop that is this router itself
 */
#include <stdio.h>
#include <string.h>

#include "config/linting.h"
#include "config/nameset.h"
#include "config/statics.h"
#include "config/tree.h"

/* ------------------------------------------------------------------ forwarding */

static void
advise_forwarding(const struct survey *s, uint8_t family, struct problems *problems)
{
	static const char *const switches[] = { "net.ipv4.ip_forward",
	                                        "net.ipv6.conf.all.forwarding" };

	for (size_t i = 0; i < s->group_count; i++) {
		const struct survey_group *group = &s->groups[i];

		if (group->disable || !(family == 4 ? group->has_v4 : group->has_v6))
			continue;
		/* Once is enough: all the others are as deaf. */
		rules_warning(problems, "L27", group->node,
		              "this router does not forward IPv%u: hosts that use the virtual "
		              "address as their gateway get nowhere through it; switch on %s, now "
		              "with sysctl -w and for good in a file of /etc/sysctl.d", family,
		              switches[family == 6]);
		return;
	}
}

/* ------------------------------------------------------------------ next hops */

/* The networks around configured addresses, by name. */
struct networks {
	struct nameset names;
	bool lengths[2][129];		/* of IPv4 and IPv6: is there one of this length? */
	bool known[2];			/* is there a real address of the family at all? */
};

static const char *
name_network(const struct ip *ip, unsigned length, char text[PREFIX_TEXT_SIZE])
{
	struct prefix network = { .ip = *ip, .length = (uint8_t)length };

	for (unsigned bit = length; bit < 8 * ip_size(ip); bit++)
		network.ip.bytes[bit / 8] &= (uint8_t)~(0x80u >> bit % 8);
	return prefix_text(&network, text);
}

static struct networks
collect_networks(const struct survey *s)
{
	struct networks n = { 0 };
	char text[PREFIX_TEXT_SIZE];
	bool is_new;

	for (size_t i = 0; i < s->by_address_count; i++) {
		const struct survey_address *address = &s->addresses[s->by_address[i]];
		const struct ip *ip = &address->prefix.ip;

		if (ip_is_link_local(ip))
			continue;
		n.known[ip->family == 6] = n.known[ip->family == 6] || address->group < 0;
		n.lengths[ip->family == 6][address->prefix.length] = true;
		(void)nameset_add(&n.names, name_network(ip, address->prefix.length, text),
		                  &is_new);
	}
	return n;
}

static bool
is_near(const struct networks *n, const struct ip *ip)
{
	char text[PREFIX_TEXT_SIZE];

	for (unsigned length = 0; length < 8 * ip_size(ip); length++) {
		if (n->lengths[ip->family == 6][length] &&
		    nameset_find(&n->names, name_network(ip, length, text)) >= 0)
			return true;
	}
	return false;
}

static void
advise_next_hop(const struct survey *s, const struct networks *n, const struct static_way *way,
                struct problems *problems)
{
	const struct survey_address *own = survey_find_address(s, &way->gateway);

	if (own && own->group < 0)
		rules_warning(problems, "L29", way->node,
		              "is an address of this router itself, which the kernel takes for no "
		              "next hop; name the router that the packets shall go to");
	else if (own)
		rules_warning(problems, "L29", way->node,
		              "is the virtual address of group %u on %s, which this router has "
		              "itself while it is master; name a router that is another one at any "
		              "time", s->groups[own->group].vrid, s->links[own->link].name);
	else if (way->interface[0] == '\0' && n->known[way->gateway.family == 6] &&
	         !is_near(n, &way->gateway))
		rules_warning(problems, "L28", way->node,
		              "is in no network of an interface, so the route waits until it is; "
		              "set interface, or give the interface an address of that network");
}

static void
advise_statics(const struct survey *s, struct problems *problems)
{
	struct statics statics = statics_collect(s);
	struct networks networks;

	if (statics.count > 0) {
		networks = collect_networks(s);
		for (size_t i = 0; i < statics.count; i++) {
			if (statics.list[i].gateway.family != 0)
				advise_next_hop(s, &networks, &statics.list[i], problems);
		}
		nameset_done(&networks.names);
	}
	statics_done(&statics);
}

void
lint_routing(const struct survey *s, struct problems *problems)
{
	if (s->around && !s->around->forwards4)
		advise_forwarding(s, 4, problems);
	if (s->around && !s->around->forwards6)
		advise_forwarding(s, 6, problems);
	advise_statics(s, problems);
}
