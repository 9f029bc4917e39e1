/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner's index of the settings: a sorted array of names, groups in the order of their links,
 * and a hash of addresses.  It compares nothing with the kernel.
 */
#include "core/ifwish.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "core/ifstep.h"

#define REAL UINT32_MAX			/* instead of a group: an address of the link itself */

/* An address that belongs on a link itself: its own, or one of a group. */
struct wish {
	uint32_t link;
	uint32_t address;		/* index + 1 into the settings' addresses; 0 = slot empty */
	uint32_t group;
};

/* A virtual route. */
struct way {
	uint32_t route;			/* index + 1 into the settings' routes; 0 = slot empty */
	uint32_t group;
};

struct name_entry {
	const char *name;
	uint32_t link;
};

/* Lists of groups, one a link, laid end to end. */
struct lists {
	uint32_t *first;		/* link_count + 1 places in order */
	uint32_t *order;
};

struct ifwishes {
	const struct settings *settings;
	struct lists groups;
	struct lists visitors;
	uint32_t *crowds;		/* virtual IPv4 addresses on each link itself */
	struct name_entry *names;	/* sorted */
	uint32_t name_count;
	struct wish *wishes;		/* open addressing, half empty */
	uint32_t wish_mask;
	struct way *ways;		/* the same */
	uint32_t way_mask;
};

static void *
allocate(size_t count, size_t size)
{
	void *memory = calloc(count > 0 ? count : 1, size);

	assert(memory != NULL);
	return memory;
}

uint32_t
ifwish_home(const struct group_settings *group, const struct address_settings *address)
{
	return (uint32_t)(address->link >= 0 ? address->link : group->link);
}

bool
ifwish_is_apart(const struct group_settings *group, const struct address_settings *address)
{
	return group->rfc_compatibility &&
	       ifwish_home(group, address) == (uint32_t)group->link;
}

uint32_t
ifwish_route_home(const struct group_settings *group, const struct route_settings *route)
{
	return (uint32_t)(route->link >= 0 ? route->link : group->link);
}

static uint32_t
wish_hash(uint32_t link, const struct ip *ip)
{
	return hash_bytes(HASH_BEGIN + link * 2654435761u, ip->bytes, sizeof(ip->bytes));
}

static const struct prefix *
wish_prefix(const struct ifwishes *w, const struct wish *wish)
{
	return &settings_addresses(w->settings)[wish->address - 1].prefix;
}

static void
add_wish(struct ifwishes *w, uint32_t link, uint32_t address, uint32_t group)
{
	const struct prefix *prefix = &settings_addresses(w->settings)[address].prefix;
	uint32_t slot = wish_hash(link, &prefix->ip) & w->wish_mask;

	while (w->wishes[slot].address != 0)
		slot = (slot + 1) & w->wish_mask;
	w->wishes[slot] = (struct wish){ link, address + 1, group };
	w->crowds[link] += group != REAL && prefix->ip.family == 4;
}

/* The next wish for this address on this link; *slot starts at UINT32_MAX. */
static const struct wish *
next_wish(const struct ifwishes *w, uint32_t link, const struct ip *ip, uint32_t *slot)
{
	if (*slot == UINT32_MAX)
		*slot = wish_hash(link, ip);
	else
		*slot = *slot + 1;
	for (*slot &= w->wish_mask; w->wishes[*slot].address != 0;
	     *slot = (*slot + 1) & w->wish_mask) {
		const struct wish *wish = &w->wishes[*slot];

		if (wish->link == link && ip_equal(&wish_prefix(w, wish)->ip, ip))
			return wish;
	}
	return NULL;
}

bool
ifwishes_real(const struct ifwishes *w, uint32_t link, const struct prefix *prefix)
{
	uint32_t slot = UINT32_MAX;
	const struct wish *wish;

	while ((wish = next_wish(w, link, &prefix->ip, &slot)) != NULL) {
		if (wish->group == REAL && wish_prefix(w, wish)->length == prefix->length)
			return true;
	}
	return false;
}

bool
ifwishes_owns(const struct ifwishes *w, uint32_t link, const struct ip *ip)
{
	uint32_t slot = UINT32_MAX;
	const struct wish *wish;

	while ((wish = next_wish(w, link, ip, &slot)) != NULL) {
		if (wish->group == REAL)
			return true;
	}
	return false;
}

bool
ifwishes_held(const struct ifwishes *w, const bool *held, uint32_t link,
              const struct prefix *prefix)
{
	uint32_t slot = UINT32_MAX;
	const struct wish *wish;

	while ((wish = next_wish(w, link, &prefix->ip, &slot)) != NULL) {
		if (wish->group != REAL && held[wish->group] &&
		    wish_prefix(w, wish)->length == prefix->length)
			return true;
	}
	return false;
}

bool
ifwishes_held_ip(const struct ifwishes *w, const bool *held, uint32_t link, const struct ip *ip)
{
	uint32_t slot = UINT32_MAX;
	const struct wish *wish;

	while ((wish = next_wish(w, link, ip, &slot)) != NULL) {
		if (wish->group != REAL && held[wish->group])
			return true;
	}
	return false;
}

static void
prepare_wishes(struct ifwishes *w)
{
	const struct settings *s = w->settings;
	const struct link_settings *links = settings_links(s);
	const struct group_settings *groups = settings_groups(s);
	uint32_t slots = 16;

	while (slots < 2 * s->address_count)
		slots *= 2;
	w->wishes = allocate(slots, sizeof(*w->wishes));
	w->wish_mask = slots - 1;
	w->crowds = allocate(s->link_count, sizeof(*w->crowds));
	for (uint32_t l = 0; l < s->link_count; l++) {
		for (uint32_t i = 0; i < links[l].address_count; i++)
			add_wish(w, l, links[l].address_first + i, REAL);
	}
	for (uint32_t g = 0; g < s->group_count; g++) {
		const struct address_settings *addresses = settings_group_addresses(s, &groups[g]);

		for (uint32_t i = 0; i < group_held_count(&groups[g]); i++) {
			if (!ifwish_is_apart(&groups[g], &addresses[i]))
				add_wish(w, ifwish_home(&groups[g], &addresses[i]),
				         groups[g].address_first + i, g);
		}
	}
}

/* Calls visit for each link (some more than once) that the group lives on without running there. */
static void
for_each_visit(const struct settings *s, uint32_t group,
               void (*visit)(void *owner, uint32_t link, uint32_t group), void *owner)
{
	const struct group_settings *g = &settings_groups(s)[group];
	const struct address_settings *addresses = settings_group_addresses(s, g);
	const struct route_settings *routes = &settings_routes(s)[g->route_first];

	for (uint32_t i = 0; i < group_held_count(g); i++) {
		if (ifwish_home(g, &addresses[i]) != (uint32_t)g->link)
			visit(owner, ifwish_home(g, &addresses[i]), group);
	}
	for (uint32_t i = 0; i < g->route_count; i++) {
		if (ifwish_route_home(g, &routes[i]) != (uint32_t)g->link)
			visit(owner, ifwish_route_home(g, &routes[i]), group);
	}
}

static void
count_visit(void *owner, uint32_t link, uint32_t group UNUSED)
{
	((struct lists *)owner)->first[link]++;
}

/* Filled from their ends, so that "first" ends up at the beginnings. */
static void
note_visit(void *owner, uint32_t link, uint32_t group)
{
	struct lists *lists = owner;

	lists->order[--lists->first[link]] = group;
}

/* Turn counts into ends, the last of which stays: it is the sum. */
static uint32_t
sum_up(struct lists *lists, uint32_t link_count)
{
	for (uint32_t l = 1; l <= link_count; l++)
		lists->first[l] += lists->first[l - 1];
	return lists->first[link_count];
}

static void
prepare_groups(struct ifwishes *w)
{
	const struct settings *s = w->settings;
	const struct group_settings *groups = settings_groups(s);
	uint32_t visits;

	w->groups.first = allocate(s->link_count + 1, sizeof(uint32_t));
	w->groups.order = allocate(s->group_count, sizeof(uint32_t));
	w->visitors.first = allocate(s->link_count + 1, sizeof(uint32_t));
	for (uint32_t g = 0; g < s->group_count; g++) {
		count_visit(&w->groups, (uint32_t)groups[g].link, g);
		for_each_visit(s, g, count_visit, &w->visitors);
	}
	(void)sum_up(&w->groups, s->link_count);
	visits = sum_up(&w->visitors, s->link_count);
	w->visitors.order = allocate(visits, sizeof(uint32_t));
	for (uint32_t g = s->group_count; g-- > 0;) {
		note_visit(&w->groups, (uint32_t)groups[g].link, g);
		for_each_visit(s, g, note_visit, &w->visitors);
	}
}

/* ---- routes and rules ---- */

struct ifroute
ifwish_route(const struct route_settings *s)
{
	struct ifroute route = {
		.kind = s->blackhole ? IFROUTE_REFUSAL : IFROUTE_UNICAST,
		.protocol = MARK_VIRTUAL,
		.destination.ip.family = s->destination.ip.family,
		.destination.length = s->destination.length,
		.table = s->table,
		.metric = s->metric,
		.hops = { { .gateway = s->gateway } },
		.source = s->source,
	};

	/* The kernel takes no host bits, and knows no metric 0 with IPv6. */
	for (unsigned bit = 0; bit < s->destination.length; bit++)
		route.destination.ip.bytes[bit / 8] |=
			(uint8_t)(s->destination.ip.bytes[bit / 8] & 0x80 >> bit % 8);
	if (s->metric == 0 && s->destination.ip.family == 6)
		route.metric = IFROUTE_METRIC6;
	return route;
}

struct ifrule
ifwish_rule(const struct rule_settings *s)
{
	struct ifrule rule = {
		.family = s->family,
		.protocol = MARK_VIRTUAL,
		.action = IFRULE_TABLE,
		.priority = s->priority,
		.table = s->table,
		.mark = s->mark,
	};

	/* The kernel does not tell "from everywhere" from no condition. */
	if (s->from.length > 0)
		rule.from = s->from;
	if (s->to.length > 0)
		rule.to = s->to;
	memcpy(rule.in, s->in, sizeof(rule.in));
	memcpy(rule.out, s->out, sizeof(rule.out));
	return rule;
}

static uint32_t
way_hash(const struct ifroute *route)
{
	return wish_hash(route->table + route->metric * 31u + route->destination.length,
	                 &route->destination.ip);
}

static void
prepare_ways(struct ifwishes *w)
{
	const struct settings *s = w->settings;
	const struct group_settings *groups = settings_groups(s);
	uint32_t slots = 16;

	while (slots < 2 * s->route_count)
		slots *= 2;
	w->ways = allocate(slots, sizeof(*w->ways));
	w->way_mask = slots - 1;
	for (uint32_t g = 0; g < s->group_count; g++) {
		for (uint32_t i = 0; i < groups[g].route_count; i++) {
			uint32_t index = groups[g].route_first + i;
			struct ifroute route = ifwish_route(&settings_routes(s)[index]);
			uint32_t slot = way_hash(&route) & w->way_mask;

			while (w->ways[slot].route != 0)
				slot = (slot + 1) & w->way_mask;
			w->ways[slot] = (struct way){ index + 1, g };
		}
	}
}

bool
ifwishes_route(const struct ifwishes *w, const bool *held, const struct ifroute *route,
               uint32_t *ret_link)
{
	const struct settings *s = w->settings;

	for (uint32_t slot = way_hash(route) & w->way_mask; w->ways[slot].route != 0;
	     slot = (slot + 1) & w->way_mask) {
		const struct way *way = &w->ways[slot];
		const struct route_settings *settings = &settings_routes(s)[way->route - 1];
		struct ifroute wish = ifwish_route(settings);

		if ((held != NULL && !held[way->group]) || !ifroute_same(&wish, route))
			continue;
		if (ret_link != NULL)
			*ret_link = ifwish_route_home(&settings_groups(s)[way->group], settings);
		return true;
	}
	return false;
}

bool
ifwishes_rule(const struct ifwishes *w, const bool *held, const struct ifrule *rule,
              uint32_t *ret_link)
{
	const struct settings *s = w->settings;
	const struct group_settings *groups = settings_groups(s);

	for (uint32_t g = 0; g < s->group_count; g++) {
		for (uint32_t i = 0; i < groups[g].rule_count; i++) {
			struct ifrule wish =
				ifwish_rule(&settings_rules(s)[groups[g].rule_first + i]);

			if ((held != NULL && !held[g]) || !ifrule_equal(&wish, rule))
				continue;
			if (ret_link != NULL)
				*ret_link = (uint32_t)groups[g].link;
			return true;
		}
	}
	return false;
}

/* ---- names ---- */

static int
compare_names(const void *a, const void *b)
{
	return strncmp(((const struct name_entry *)a)->name,
	               ((const struct name_entry *)b)->name, NAME_SIZE);
}

static void
prepare_names(struct ifwishes *w)
{
	const struct settings *s = w->settings;
	const struct group_settings *groups = settings_groups(s);

	w->names = allocate(s->link_count + s->group_count, sizeof(*w->names));
	for (uint32_t l = 0; l < s->link_count; l++)
		w->names[w->name_count++] =
			(struct name_entry){ settings_links(s)[l].name, l };
	for (uint32_t g = 0; g < s->group_count; g++) {
		if (!groups[g].rfc_compatibility)
			continue;
		w->names[w->name_count++] =
			(struct name_entry){ groups[g].vmac_name, (uint32_t)groups[g].link };
	}
	qsort(w->names, w->name_count, sizeof(*w->names), compare_names);
}

struct ifwishes *
ifwishes_new(const struct settings *settings)
{
	struct ifwishes *w = allocate(1, sizeof(*w));

	w->settings = settings;
	prepare_wishes(w);
	prepare_groups(w);
	prepare_ways(w);
	prepare_names(w);
	return w;
}

void
ifwishes_free(struct ifwishes *w)
{
	if (w == NULL)
		return;
	free(w->groups.first);
	free(w->groups.order);
	free(w->visitors.first);
	free(w->visitors.order);
	free(w->crowds);
	free(w->names);
	free(w->wishes);
	free(w->ways);
	free(w);
}

uint32_t
ifwishes_named(const struct ifwishes *w, const char *name)
{
	struct name_entry key = { .name = name };
	const struct name_entry *entry = bsearch(&key, w->names, w->name_count,
	                                         sizeof(*w->names), compare_names);

	return entry == NULL ? IFSTEP_REST : entry->link;
}

/* Each has a name besides those of the links. */
uint32_t
ifwishes_virtual_links(const struct ifwishes *w)
{
	return w->name_count - w->settings->link_count;
}

static struct ifwishes_groups
list_of(const struct lists *lists, uint32_t link)
{
	uint32_t first = lists->first[link];

	return (struct ifwishes_groups){ &lists->order[first], lists->first[link + 1] - first };
}

struct ifwishes_groups
ifwishes_groups(const struct ifwishes *w, uint32_t link)
{
	return list_of(&w->groups, link);
}

struct ifwishes_groups
ifwishes_visitors(const struct ifwishes *w, uint32_t link)
{
	return list_of(&w->visitors, link);
}

uint32_t
ifwishes_crowd(const struct ifwishes *w, uint32_t link)
{
	return w->crowds[link];
}
