/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of virtual servers.
 *   B1  one is known by an address or by a mark    B2  a port goes with an address
 *   B3  two are not the same                       B4  addresses are such that a host can have
 *   B5  families agree                             B6  only NAT changes the port
 *   B7  a real server is not the virtual one       B8  a real server can be checked
 *   B9  a real server stands once, however it is spelled
 *   W20 no group has the address                   W21 there is no real server
 *   W22 a direct real server is in no network of this router
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/rules.h"
#include "config/tree.h"

/* What many virtual servers are compared with, in order. */
struct places {
	struct ip *carried;		/* the addresses of groups */
	size_t carried_count;
	struct prefix *networks;	/* of interfaces; none of them within another */
	size_t network_count;
};

/* What the rules compare; an address that is none has family 0. */
struct server {
	const struct lyd_node *node;
	const struct lyd_node *address, *mark, *port;
	struct ip ip;
	const char *method;
	uint8_t family;			/* that its real servers must have; 0 = any so far */
};

static bool
is_method(const struct server *v, const char *word)
{
	return v->method && strcmp(v->method, word) == 0;
}

/* The address that a leaf says, if hosts can have it; a link-local one says no interface. */
static struct ip
usable_address(const struct lyd_node *node, struct problems *problems)
{
	struct ip ip;

	if (ip_parse(lyd_get_value(node), &ip) && rules_is_usable(&ip) && !ip_is_link_local(&ip))
		return ip;
	rules_error(problems, "B4", node,
	            "is no address that packets can be sent to from anywhere (multicast, "
	            "link-local, loopback or none); name another");
	return (struct ip){ 0 };
}

/* ------------------------------------------------------------------ places */

static int
by_address(const void *a, const void *b)
{
	return ip_compare(a, b);
}

static int
by_network(const void *first, const void *second)
{
	const struct prefix *a = first, *b = second;
	int order = ip_compare(&a->ip, &b->ip);

	return order ? order : a->length - b->length;
}

static struct prefix
network_of(const struct prefix *prefix)
{
	struct prefix network = *prefix;

	for (unsigned bit = prefix->length; bit < 8 * ip_size(&prefix->ip); bit++)
		network.ip.bytes[bit / 8] &= (uint8_t)~(0x80u >> bit % 8);
	return network;
}

static struct places
collect_places(const struct survey *s)
{
	struct places p = { .carried = calloc(s->address_count + 1, sizeof(*p.carried)),
			    .networks = calloc(s->address_count + 1, sizeof(*p.networks)) };
	size_t kept = 0;

	assert(p.carried && p.networks);
	for (size_t i = 0; i < s->address_count; i++) {
		const struct survey_address *address = &s->addresses[i];

		if (address->prefix.ip.family == 0)
			continue;
		if (address->group >= 0)
			p.carried[p.carried_count++] = address->prefix.ip;
		if (!address->excluded)
			p.networks[p.network_count++] = network_of(&address->prefix);
	}
	qsort(p.carried, p.carried_count, sizeof(*p.carried), by_address);
	qsort(p.networks, p.network_count, sizeof(*p.networks), by_network);
	/* One within another stands behind it. */
	for (size_t i = 0; i < p.network_count; i++)
		if (kept == 0 || !prefix_contains(&p.networks[kept - 1], &p.networks[i].ip))
			p.networks[kept++] = p.networks[i];
	p.network_count = kept;
	return p;
}

static void
places_done(struct places *p)
{
	free(p->carried);
	free(p->networks);
}

/* Does a group of this router have the address? */
static bool
is_carried(const struct places *p, const struct ip *ip)
{
	return bsearch(ip, p->carried, p->carried_count, sizeof(*p->carried), by_address) != NULL;
}

/* Is it in a network of this router's interfaces: in the last that begins before it? */
static bool
is_neighbour(const struct places *p, const struct ip *ip)
{
	size_t low = 0, high = p->network_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ip_compare(&p->networks[middle].ip, ip) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && prefix_contains(&p->networks[low - 1], ip);
}

/* ------------------------------------------------------------------ real servers */

static void
check_family(struct server *v, const struct lyd_node *node, const struct ip *ip,
             struct problems *problems)
{
	if (v->family == 0)
		v->family = ip->family;
	if (v->family == ip->family || (v->address && is_method(v, "tunnel")))
		return;
	if (v->address && v->ip.family == 0)
		return;			/* B4 was said of it, and no family is known */
	if (v->address)
		rules_error(problems, "B5", node,
		            "is an IPv%u server of the IPv%u address %s, and forward-method %s "
		            "does not translate one into the other; name an IPv%u address, or "
		            "use tunnel", ip->family, v->family, lyd_get_value(v->address),
		            v->method, v->family);
	else
		rules_error(problems, "B5", node,
		            "is an IPv%u server beside IPv%u ones; use another virtual server "
		            "for IPv%u", ip->family, v->family, ip->family);
}

static void
check_ports(const struct server *v, const struct lyd_node *node, struct problems *problems)
{
	const struct lyd_node *port = tree_child(node, "port");
	bool has_script = tree_value(tree_child(node, "health-check"), "script");

	if (v->mark && !port && !has_script)
		rules_error(problems, "B8", node,
		            "cannot be checked, because a mark says no port; set its port, or "
		            "health-check script");
	if (port && v->port && !is_method(v, "nat") &&
	    strcmp(lyd_get_value(port), lyd_get_value(v->port)) != 0)
		rules_error(problems, "B6", port,
		            "only forward-method nat changes the port, and the virtual server's "
		            "is %s; use that, or forward-method nat", lyd_get_value(v->port));
}

/* One that gets packets at its MAC address must be a neighbour. */
static void
advise_neighbour(const struct places *p, const struct server *v, const struct lyd_node *address,
                 const struct ip *ip, struct problems *problems)
{
	if (!is_method(v, "direct") || is_neighbour(p, ip))
		return;
	rules_warning(problems, "W22", address,
	              "is in no network of this router's interfaces, and forward-method direct "
	              "reaches neighbours only: packets to it are lost; use nat or tunnel, or "
	              "name a server of such a network");
}

/* Keys are texts, and one address has many. */
static void
check_once(const struct lyd_node *address, const struct ip *ip, struct nameset *reals,
           struct problems *problems)
{
	char text[IP_TEXT_SIZE];
	bool is_new;

	(void)nameset_add(reals, ip_text(ip, text), &is_new);
	if (!is_new)
		rules_error(problems, "B9", address,
		            "stands twice, in different spellings; delete one");
}

static void
check_real(const struct places *p, struct server *v, const struct lyd_node *node,
           struct nameset *reals, struct problems *problems)
{
	const struct lyd_node *address = tree_child(node, "address");
	struct ip ip = usable_address(address, problems);

	check_ports(v, node, problems);
	if (ip.family == 0)
		return;
	check_once(address, &ip, reals, problems);
	if (v->ip.family != 0 && ip_equal(&ip, &v->ip)) {
		rules_error(problems, "B7", address,
		            "is the virtual server itself; name the server's own address");
		return;
	}
	check_family(v, address, &ip, problems);
	advise_neighbour(p, v, address, &ip, problems);
}

/* ------------------------------------------------------------------ virtual servers */

static void
check_identity(struct server *v, struct problems *problems)
{
	if (!v->address == !v->mark)
		rules_error(problems, "B1", v->node,
		            v->mark ? "has an address and a mark; delete address or fwmark"
		                    : "has nothing that clients connect to; set address, or "
		                      "fwmark");
	if (v->address && !v->port)
		rules_error(problems, "B2", v->node,
		            "has an address and no port; set port");
	if (v->mark && v->port)
		rules_error(problems, "B2", v->port,
		            "packets with a mark belong to it whatever their port; delete port");
}

static const struct lyd_node *
next_server(const struct lyd_node *node)
{
	while (node && strcmp(node->schema->name, "virtual-server") != 0)
		node = node->next;
	return node;
}

static void
advise(const struct places *p, const struct server *v, bool has_real, struct problems *problems)
{
	if (v->ip.family != 0 && !is_carried(p, &v->ip))
		rules_warning(problems, "W20", v->address,
		              "no VRRP group of this router has this address, so it does not move "
		              "to the other router when this one fails; add it to a group");
	if (!has_real)
		rules_warning(problems, "W21", v->node,
		              "has no real server, so that connections to it are refused; add one: "
		              "real-server ADDRESS");
}

/* What no other may be: "192.0.2.1 80 tcp", "mark 5 4"; a mark without servers is one of IPv4. */
static void
check_alone(const struct server *v, struct nameset *known, struct problems *problems)
{
	char key[128], text[IP_TEXT_SIZE];
	bool is_new;

	if (v->ip.family != 0)
		snprintf(key, sizeof(key), "%s %s %s", ip_text(&v->ip, text),
		         v->port ? lyd_get_value(v->port) : "", tree_value(v->node, "protocol"));
	else if (v->mark)
		snprintf(key, sizeof(key), "mark %s %u", lyd_get_value(v->mark),
		         v->family ? v->family : 4);
	else
		return;
	(void)nameset_add(known, key, &is_new);
	if (!is_new)
		rules_error(problems, "B3", v->node,
		            "another virtual server has the same %s; delete one, or change it",
		            v->mark ? "mark" : "address, port and protocol");
}

static void
check_server(const struct places *p, const struct lyd_node *node, struct nameset *known,
             struct problems *problems)
{
	struct server v = {
		.node = node,
		.address = tree_child(node, "address"),
		.mark = tree_child(node, "fwmark"),
		.port = tree_child(node, "port"),
		.method = tree_value(node, "forward-method"),
	};
	bool is_on = !tree_child(node, "disable"), has_real = false;
	struct nameset reals = { 0 };

	if (v.address)
		v.ip = usable_address(v.address, problems);
	v.family = v.ip.family;
	check_identity(&v, problems);
	for (const struct lyd_node *child = lyd_child(node); child; child = child->next) {
		if (strcmp(child->schema->name, "real-server") != 0)
			continue;
		check_real(p, &v, child, &reals, problems);
		has_real = true;
	}
	nameset_done(&reals);
	if (!is_on)
		return;
	check_alone(&v, known, problems);
	advise(p, &v, has_real, problems);
}

void
virtual_server_rules(const struct survey *s, struct problems *problems)
{
	const struct lyd_node *node = next_server(s->service ? lyd_child(s->service) : NULL);
	struct nameset known = { 0 };
	struct places places;

	if (!node)
		return;
	places = collect_places(s);
	for (; node; node = next_server(node->next))
		check_server(&places, node, &known, problems);
	places_done(&places);
	nameset_done(&known);
}
