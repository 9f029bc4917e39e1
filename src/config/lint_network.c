/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advice about addresses and the networks that interfaces are in.
 *   L15 a virtual address that no network here reaches
 *   L16 a virtual address of the network of another interface
 *   L17 one group number twice in one network   L18 lengths that differ
 *   L19 the first or the last address of a network
 *   L43 groups on two interfaces in one network
 * Link-local networks are every interface's own, and of no interest here.
 */
#include <stdlib.h>
#include <string.h>

#include "config/linting.h"
#include "config/tree.h"

/* The network of an address, with one entry an interface. */
struct network {
	struct prefix prefix;		/* no bits beyond its length */
	const struct survey_address *address;
};

struct networks {
	struct network *list;		/* by address, length, interface; real ones first */
	size_t count;
	bool lengths[2][129];		/* of IPv4 and IPv6: is there one of this length? */
};

/* ------------------------------------------------------------------ the networks there are */

static struct prefix
network_of(const struct ip *ip, uint8_t length)
{
	struct prefix network = { .ip = *ip, .length = length };

	for (unsigned bit = length; bit < 8 * ip_size(ip); bit++)
		network.ip.bytes[bit / 8] &= (uint8_t)~(0x80u >> bit % 8);
	return network;
}

/* Does the address stand alone, in no network of its own? */
static bool
is_host(const struct prefix *prefix)
{
	return prefix->length == 8 * ip_size(&prefix->ip);
}

static int
compare_networks(const struct prefix *a, const struct prefix *b)
{
	int order = ip_compare(&a->ip, &b->ip);

	return order ? order : a->length - b->length;
}

static int
by_network(const void *first, const void *second)
{
	const struct network *a = first, *b = second;
	int order = compare_networks(&a->prefix, &b->prefix);

	if (order == 0)
		order = a->address->place - b->address->place;
	if (order == 0)
		order = (a->address->group >= 0) - (b->address->group >= 0);
	return order ? order : a->address < b->address ? -1 : 1;
}

static bool
is_counted(const struct survey *s, const struct survey_address *address)
{
	const struct ip *ip = &address->prefix.ip;

	return ip->family != 0 && !ip_is_link_local(ip) &&
	       (address->group < 0 || !s->groups[address->group].disable);
}

static struct networks
collect_networks(const struct survey *s)
{
	struct networks n = { .list = calloc(s->address_count + 1, sizeof(*n.list)) };
	size_t kept = 0;

	assert(n.list);
	for (size_t i = 0; i < s->address_count; i++) {
		const struct survey_address *address = &s->addresses[i];
		const struct prefix *prefix = &address->prefix;

		if (!is_counted(s, address) || is_host(prefix))
			continue;
		n.lengths[prefix->ip.family == 6][prefix->length] = true;
		n.list[n.count].prefix = network_of(&prefix->ip, prefix->length);
		n.list[n.count++].address = address;
	}
	qsort(n.list, n.count, sizeof(*n.list), by_network);
	for (size_t i = 0; i < n.count; i++) {
		const struct network *before = kept ? &n.list[kept - 1] : NULL;

		if (!before || compare_networks(&before->prefix, &n.list[i].prefix) != 0 ||
		    before->address->place != n.list[i].address->place)
			n.list[kept++] = n.list[i];
	}
	n.count = kept;
	return n;
}

static size_t
first_of(const struct networks *n, const struct prefix *network)
{
	size_t low = 0, high = n->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_networks(&n->list[middle].prefix, network) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ------------------------------------------------------------------ one address */

struct place {
	bool at_home;			/* the interface where it lives has a network around it */
	bool at_home_really;		/* ... by an address of its own */
	const struct network *elsewhere;	/* the narrowest of another interface */
};

/* Where does an address belong? */
static struct place
look_around(const struct networks *n, const struct survey_address *address)
{
	const struct ip *ip = &address->prefix.ip;
	struct place place = { 0 };

	for (unsigned length = 0; length < 8 * ip_size(ip); length++) {
		struct prefix network;

		if (!n->lengths[ip->family == 6][length])
			continue;
		network = network_of(ip, (uint8_t)length);
		for (size_t i = first_of(n, &network); i < n->count; i++) {
			const struct survey_address *other = n->list[i].address;

			if (compare_networks(&n->list[i].prefix, &network) != 0)
				break;
			if (other->place != address->place) {
				if (other->group < 0)
					place.elsewhere = &n->list[i];
				continue;
			}
			place.at_home = true;
			place.at_home_really = place.at_home_really || other->group < 0;
		}
	}
	return place;
}

/* Its own network is as wide as the other interface's, or it has none. */
static bool
claims(const struct prefix *prefix, const struct network *other)
{
	return is_host(prefix) || prefix->length <= other->prefix.length;
}

/* An interface without any address of the family may get one elsewhere, and its network with it. */
static bool
knows_networks(const struct survey *s, const struct survey_address *address)
{
	const struct survey_link *link = &s->links[address->place];

	for (size_t i = 0; i < link->address_count; i++) {
		const struct ip *ip = &s->addresses[link->address_first + i].prefix.ip;

		if (ip->family == address->prefix.ip.family && !ip_is_link_local(ip))
			return true;
	}
	return false;
}

static void
advise_place(const struct survey *s, const struct networks *n,
             const struct survey_address *address, struct problems *problems)
{
	const struct prefix *prefix = &address->prefix;
	const char *home = s->links[address->place].name;
	struct place place = look_around(n, address);

	if (!place.at_home_really && place.elsewhere && claims(prefix, place.elsewhere))
		rules_warning(problems, "L16", address->node,
		              "is in the network of %s on %s, not of %s: hosts there do not find "
		              "it, or find two; move it to a group on %s, or give %s an address of "
		              "that network", lyd_get_value(place.elsewhere->address->node),
		              s->links[place.elsewhere->address->place].name, home,
		              s->links[place.elsewhere->address->place].name, home);
	else if (!place.at_home && knows_networks(s, address) &&
	         !strchr(lyd_get_value(address->node), '/') &&
	         !tree_child(s->groups[address->group].node, "virtual-route"))
		rules_warning(problems, "L15", address->node,
		              "is in no network of %s and has no length, so this router does not "
		              "reach the hosts that use it; write it with the length of its "
		              "network, or with /%u if it stands alone", home,
		              8 * ip_size(&prefix->ip));
}

/* A network that is wider than the one in which the interface itself is. */
static void
advise_length(const struct survey *s, const struct survey_address *address,
              struct problems *problems)
{
	const struct survey_link *link = &s->links[address->place];

	for (size_t i = 0; i < link->address_count; i++) {
		const struct survey_address *real = &s->addresses[link->address_first + i];

		if (!prefix_contains(&real->prefix, &address->prefix.ip) ||
		    is_host(&real->prefix) || address->prefix.length >= real->prefix.length)
			continue;
		rules_warning(problems, "L18", address->node,
		              "has a shorter length than %s on %s, which is in the same network: a "
		              "backup does not reach all hosts that a master reaches; write both "
		              "with one length", lyd_get_value(real->node), link->name);
		return;
	}
}

/* The address of the network itself, or its broadcast address, which are no router's. */
static void
advise_end(const struct survey_address *address, struct problems *problems)
{
	const struct prefix *prefix = &address->prefix;
	bool all_zero = true, all_one = true;

	if (prefix->ip.family != 4 || prefix->length > 30)
		return;
	for (unsigned bit = prefix->length; bit < 32; bit++) {
		bool set = prefix->ip.bytes[bit / 8] & (0x80u >> bit % 8);

		all_zero = all_zero && !set;
		all_one = all_one && set;
	}
	if (all_zero || all_one)
		rules_warning(problems, "L19", address->node,
		              "is %s address of its network, which hosts do not take for a "
		              "router's; use one between",
		              all_zero ? "the first" : "the broadcast");
}

/* ------------------------------------------------------------------ one number twice */

static bool
speaks(const struct survey_group *group, uint8_t family)
{
	return !group->disable && (family == 4 ? group->has_v4 : group->has_v6);
}

static bool
has_number(const struct survey *s, int link, unsigned vrid, uint8_t family)
{
	for (size_t i = 0; i < s->links[link].group_count; i++) {
		const struct survey_group *group = &s->groups[s->links[link].group_first + i];

		if (group->vrid == vrid && speaks(group, family))
			return true;
	}
	return false;
}

/* Two interfaces with real addresses of one network are most likely on one cable.  True when it
 * has said so. */
static bool
advise_numbers(const struct survey *s, const struct network *a, const struct network *b,
               struct problems *problems)
{
	const struct survey_link *first = &s->links[a->address->place];
	const struct survey_link *second = &s->links[b->address->place];
	bool said = false;

	for (size_t i = 0; i < second->group_count; i++) {
		const struct survey_group *group = &s->groups[second->group_first + i];

		if (!speaks(group, a->prefix.ip.family) ||
		    !has_number(s, a->address->place, group->vrid, a->prefix.ip.family))
			continue;
		rules_warning(problems, "L17", group->node,
		              "%s has a group of this number, too, and an address of the same "
		              "network: on one segment each takes the other for its partner, with "
		              "the same virtual MAC address; use another number", first->name);
		said = true;
	}
	return said;
}

/* Has the interface groups of the family, and none whose rules choose a way for packets? */
static bool
speaks_plainly(const struct survey *s, const struct network *network)
{
	const struct survey_link *link = &s->links[network->address->place];
	bool speaks_at_all = false;

	for (size_t i = 0; i < link->group_count; i++) {
		const struct survey_group *group = &s->groups[link->group_first + i];

		if (!speaks(group, network->prefix.ip.family))
			continue;
		if (tree_child(group->node, "virtual-rule"))
			return false;
		speaks_at_all = true;
	}
	return speaks_at_all && !link->disable;
}

/* The kernel has two routes to one network then, and takes the first whatever becomes of its
 * cable. */
static void
advise_shared(const struct survey *s, const struct network *a, const struct network *b,
              struct problems *problems)
{
	if (speaks_plainly(s, a) && speaks_plainly(s, b))
		rules_warning(problems, "L43", b->address->node,
		              "is in the network of %s on %s, and both have groups: packets to "
		              "that network leave through one of the two alone, even while its "
		              "cable is out and the other's group goes on; put the groups on one "
		              "interface, or give the interfaces networks of their own",
		              lyd_get_value(a->address->node), s->links[a->address->place].name);
}

static void
advise_segments(const struct survey *s, const struct networks *n, struct problems *problems)
{
	const struct network *before = NULL;

	for (size_t i = 0; i < n->count; i++) {
		const struct network *network = &n->list[i];

		if (network->address->group >= 0)
			continue;
		if (before && compare_networks(&before->prefix, &network->prefix) == 0 &&
		    !advise_numbers(s, before, network, problems))
			advise_shared(s, before, network, problems);
		before = network;
	}
}

void
lint_network(const struct survey *s, struct problems *problems)
{
	struct networks networks = collect_networks(s);

	for (size_t i = 0; i < s->address_count; i++) {
		const struct survey_address *address = &s->addresses[i];

		if (!is_counted(s, address) || s->links[address->link].kind == SURVEY_LOOPBACK)
			continue;
		advise_end(address, problems);
		if (address->group < 0)
			continue;
		advise_place(s, &networks, address, problems);
		if (!is_host(&address->prefix))
			advise_length(s, address, problems);
	}
	advise_segments(s, &networks, problems);
	free(networks.list);
}
