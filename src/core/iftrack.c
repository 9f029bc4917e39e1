/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tracked interfaces and routes.  The tracked prefixes are sorted, so that whether a route matters
 * to one of them is found by bisection, however many there are.  The routes that do are kept in an
 * array, which is sorted before it is asked: those that cover a prefix are found by bisection and
 * then from each to the next wider one, so that thousands of objects cost no more than one each.
 */
#include "core/iftrack.h"

#include <stdlib.h>
#include <string.h>

#define PROTOCOL_KERNEL 2		/* routes that come with addresses */

enum told { TOLD_NOTHING, TOLD_DOWN, TOLD_UP };

struct kept_route {
	struct ifroute route;
	struct prefix network;		/* its destination without host bits */
	int32_t wider;			/* the next that covers it, -1 = none; of the sorted */
	uint32_t seen;
};

struct kept_rule {
	struct ifrule rule;
	uint32_t seen;
};

struct iftrack {
	const struct settings *settings;
	uint8_t *told;			/* enum told, per object */
	const struct prefix **prefixes;	/* of route objects, sorted */
	size_t prefix_count;
	struct kept_route *routes;
	size_t route_count;
	size_t route_room;
	bool sorted;
	struct kept_rule *rules;	/* those without conditions, by priority */
	size_t rule_count;
	size_t rule_room;
	uint32_t dump;
	bool known;			/* a dump is complete */
	bool touched;
};

static void *
allocate(size_t count, size_t size)
{
	void *memory = calloc(count > 0 ? count : 1, size);

	assert(memory != NULL);
	return memory;
}

/* ---- which routes matter ---- */

/* Order by family, then by network, then the shorter first. */
static int
compare_prefixes(const void *a, const void *b)
{
	const struct prefix *p = *(const struct prefix *const *)a;
	const struct prefix *q = *(const struct prefix *const *)b;
	int r = ip_compare(&p->ip, &q->ip);

	return r != 0 ? r : (int)p->length - (int)q->length;
}

/* The lowest address of a network: ip without host bits. */
static struct ip
network_of(const struct prefix *prefix)
{
	struct ip ip = { .family = prefix->ip.family };

	for (unsigned i = 0; i < ip_size(&ip); i++) {
		unsigned kept = prefix->length <= 8 * i ? 0 :
		                prefix->length >= 8 * i + 8 ? 8 : prefix->length - 8 * i;

		ip.bytes[i] = prefix->ip.bytes[i] & (uint8_t)(0xff00 >> kept);
	}
	return ip;
}

static bool
counts_for(const struct prefix *route, const struct prefix *tracked)
{
	return route->length <= tracked->length && prefix_contains(route, &tracked->ip) &&
	       (route->length > 0 || tracked->length == 0);
}

static bool
matters(const struct iftrack *t, const struct ifroute *route)
{
	const struct ip first = network_of(&route->destination);
	size_t low = 0, high = t->prefix_count;

	if (route->kind == IFROUTE_OTHER || route->kind == IFROUTE_STAND_IN ||
	    route->protocol == MARK_VIRTUAL || route->table == IFROUTE_LOCAL)
		return false;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (ip_compare(&t->prefixes[middle]->ip, &first) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	/* Those inside the network follow; the first may be shorter than the network is. */
	for (; low < t->prefix_count &&
	     prefix_contains(&route->destination, &t->prefixes[low]->ip); low++) {
		if (counts_for(&route->destination, t->prefixes[low]))
			return true;
		if (route->destination.length == 0 && t->prefixes[low]->length > 0)
			return false;
	}
	return false;
}

/* ---- what was heard ---- */

struct iftrack *
iftrack_new(const struct settings *settings)
{
	const struct object_settings *objects = settings_objects(settings);
	struct iftrack *t = allocate(1, sizeof(*t));

	t->settings = settings;
	t->told = allocate(settings->object_count, sizeof(*t->told));
	t->prefixes = allocate(settings->object_count, sizeof(struct prefix *));
	t->touched = true;
	for (uint32_t o = 0; o < settings->object_count; o++) {
		if (objects[o].kind == OBJECT_ROUTE)
			t->prefixes[t->prefix_count++] = &objects[o].prefix;
	}
	qsort(t->prefixes, t->prefix_count, sizeof(struct prefix *), compare_prefixes);
	return t;
}

void
iftrack_free(struct iftrack *t)
{
	if (t == NULL)
		return;
	free(t->told);
	free(t->prefixes);
	free(t->routes);
	free(t->rules);
	free(t);
}

bool
iftrack_has_routes(const struct iftrack *t)
{
	return t->prefix_count > 0;
}

size_t
iftrack_route_count(const struct iftrack *t)
{
	return t->route_count;
}

static bool
is_identical(const struct ifroute *a, const struct ifroute *b)
{
	if (!ifroute_same(a, b) || a->kind != b->kind || a->protocol != b->protocol ||
	    a->hop_count != b->hop_count)
		return false;
	for (unsigned i = 0; i < IFROUTE_HOPS; i++) {
		if (a->hops[i].link != b->hops[i].link ||
		    !ip_equal(&a->hops[i].gateway, &b->hops[i].gateway))
			return false;
	}
	return true;
}

static void
forget_route(struct iftrack *t, size_t at)
{
	t->routes[at] = t->routes[--t->route_count];
	t->sorted = false;
	t->touched = true;
}

void
iftrack_put_route(struct iftrack *t, const struct ifroute *route, bool replace)
{
	bool known = false;

	if (!matters(t, route))
		return;
	for (size_t i = t->route_count; i-- > 0;) {
		if (is_identical(&t->routes[i].route, route)) {
			t->routes[i].seen = t->dump;
			known = true;
		} else if (replace && ifroute_same(&t->routes[i].route, route)) {
			forget_route(t, i);
		}
	}
	if (known)
		return;
	if (t->route_count == t->route_room) {
		t->route_room = t->route_room == 0 ? 16 : 2 * t->route_room;
		t->routes = reallocarray(t->routes, t->route_room, sizeof(*t->routes));
		assert(t->routes != NULL);
	}
	t->routes[t->route_count++] = (struct kept_route){
		.route = *route,
		.network = { .ip = network_of(&route->destination),
		             .length = route->destination.length },
		.seen = t->dump,
	};
	t->sorted = false;
	t->touched = true;
}

bool
iftrack_remove_route(struct iftrack *t, const struct ifroute *route)
{
	bool similar = false;

	if (!matters(t, route))
		return true;
	for (size_t i = 0; i < t->route_count; i++) {
		if (is_identical(&t->routes[i].route, route)) {
			forget_route(t, i);
			return true;
		}
		similar |= ifroute_same(&t->routes[i].route, route);
	}
	return !similar;
}

void
iftrack_put_rule(struct iftrack *t, const struct ifrule *rule)
{
	size_t at;

	if (!rule->plain || rule->protocol == MARK_VIRTUAL)
		return;
	for (at = 0; at < t->rule_count && t->rules[at].rule.priority <= rule->priority; at++) {
		if (ifrule_equal(&t->rules[at].rule, rule) &&
		    t->rules[at].rule.action == rule->action) {
			t->rules[at].seen = t->dump;
			return;
		}
	}
	if (t->rule_count == t->rule_room) {
		t->rule_room = t->rule_room == 0 ? 8 : 2 * t->rule_room;
		t->rules = reallocarray(t->rules, t->rule_room, sizeof(*t->rules));
		assert(t->rules != NULL);
	}
	memmove(&t->rules[at + 1], &t->rules[at], (t->rule_count - at) * sizeof(*t->rules));
	t->rules[at] = (struct kept_rule){ *rule, t->dump };
	t->rule_count++;
	t->touched = true;
}

static void
forget_rule(struct iftrack *t, size_t at)
{
	t->rule_count--;
	memmove(&t->rules[at], &t->rules[at + 1], (t->rule_count - at) * sizeof(*t->rules));
	t->touched = true;
}

void
iftrack_remove_rule(struct iftrack *t, const struct ifrule *rule)
{
	for (size_t i = 0; rule->plain && i < t->rule_count; i++) {
		if (ifrule_equal(&t->rules[i].rule, rule) &&
		    t->rules[i].rule.action == rule->action) {
			forget_rule(t, i);
			return;
		}
	}
}

void
iftrack_begin_dump(struct iftrack *t)
{
	t->dump++;
}

void
iftrack_end_dump(struct iftrack *t)
{
	for (size_t i = t->route_count; i-- > 0;) {
		if (t->routes[i].seen != t->dump)
			forget_route(t, i);
	}
	for (size_t i = t->rule_count; i-- > 0;) {
		if (t->rules[i].seen != t->dump)
			forget_rule(t, i);
	}
	t->known = t->touched = true;
}

/* ---- what it means ---- */

/* Is it the route to the network of a virtual address, and of no other? */
static bool
comes_from_us(const struct ifworld *world, const struct ifroute *route)
{
	const struct ifworld_address *a;

	if (route->protocol != PROTOCOL_KERNEL || route->hop_count != 1)
		return false;
	for (a = NULL; (a = ifworld_next_own(world, route->hops[0].link, a)) != NULL;) {
		if (prefix_same_network(&a->prefix, &route->destination))
			return false;
	}
	for (a = NULL; (a = ifworld_next_virtual(world, route->hops[0].link, a)) != NULL;) {
		if (prefix_same_network(&a->prefix, &route->destination))
			return true;
	}
	return false;
}

static bool
is_usable(const struct ifworld *world, const struct ifroute *route)
{
	if (route->hop_count == 0 || route->hop_count > IFROUTE_HOPS)
		return true;
	for (unsigned i = 0; i < route->hop_count; i++) {
		const struct ifworld_link *link = ifworld_link(world, route->hops[i].link);

		if (link != NULL && ifworld_usable(world, link))
			return true;
	}
	return false;
}

static int
compare_networks(const struct prefix *p, const struct prefix *q)
{
	return compare_prefixes(&p, &q);
}

static int
compare_routes(const void *a, const void *b)
{
	const struct kept_route *p = a, *q = b;

	return compare_networks(&p->network, &q->network);
}

/* Wider networks come before all that is in them. */
static void
sort_routes(struct iftrack *t)
{
	if (t->sorted)
		return;
	if (t->route_count > 0)
		qsort(t->routes, t->route_count, sizeof(*t->routes), compare_routes);
	for (size_t i = 0; i < t->route_count; i++) {
		const struct prefix *inner = &t->routes[i].network;
		int32_t wider = (int32_t)i - 1;

		while (wider >= 0 && !prefix_contains(&t->routes[wider].network, &inner->ip))
			wider = t->routes[wider].wider;
		t->routes[i].wider = wider;
	}
	t->sorted = true;
}

/* Of the routes that may cover a prefix, the narrowest: the others are found from there. */
static int32_t
narrowest(const struct iftrack *t, const struct prefix *prefix)
{
	const struct prefix network = { .ip = network_of(prefix), .length = prefix->length };
	int32_t low = 0, high = (int32_t)t->route_count;

	while (low < high) {
		int32_t middle = (low + high) / 2;

		if (compare_networks(&t->routes[middle].network, &network) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

/* The best route of a table for the prefix, or NULL. */
static const struct ifroute *
best_of(const struct iftrack *t, const struct ifworld *world, const struct prefix *prefix,
        uint32_t table)
{
	const struct ifroute *best = NULL;

	for (int32_t i = narrowest(t, prefix); i >= 0; i = t->routes[i].wider) {
		const struct ifroute *r = &t->routes[i].route;

		if (r->table != table || !counts_for(&r->destination, prefix) ||
		    (r->kind == IFROUTE_UNICAST &&
		     (!is_usable(world, r) || comes_from_us(world, r))))
			continue;
		if (best == NULL || r->destination.length > best->destination.length ||
		    (r->destination.length == best->destination.length &&
		     r->metric < best->metric))
			best = r;
	}
	return best;
}

static bool
is_reached(const struct iftrack *t, const struct ifworld *world, const struct prefix *prefix)
{
	for (size_t i = 0; i < t->rule_count; i++) {
		const struct ifrule *rule = &t->rules[i].rule;
		const struct ifroute *best;

		if (rule->family != prefix->ip.family || rule->action == IFRULE_OTHER)
			continue;
		if (rule->action == IFRULE_REFUSAL)
			return false;
		best = best_of(t, world, prefix, rule->table);
		if (best != NULL && best->kind != IFROUTE_THROW)
			return best->kind == IFROUTE_UNICAST;
	}
	return false;
}

void
iftrack_touch(struct iftrack *t)
{
	t->touched = true;
}

void
iftrack_tell(struct iftrack *t, const struct ifworld *world,
             void (*tell)(void *owner, uint32_t object, bool up), void *owner)
{
	const struct object_settings *objects = settings_objects(t->settings);

	if (!t->touched)
		return;
	t->touched = false;
	sort_routes(t);
	for (uint32_t o = 0; o < t->settings->object_count; o++) {
		const struct ifworld_link *link;
		bool up;

		if (objects[o].kind == OBJECT_INTERFACE) {
			link = ifworld_named(world, objects[o].name);
			up = link != NULL && ifworld_usable(world, link);
		} else if (objects[o].kind == OBJECT_ROUTE && t->known) {
			up = is_reached(t, world, &objects[o].prefix);
		} else {
			continue;
		}
		if (t->told[o] == (up ? TOLD_UP : TOLD_DOWN))
			continue;
		t->told[o] = up ? TOLD_UP : TOLD_DOWN;
		tell(owner, o, up);
	}
}
