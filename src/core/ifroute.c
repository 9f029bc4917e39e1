/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The picture of routes and rules with our mark: one pool of slots that are never moved one by
 * one, chained into a hash by slot number.  It decides nothing.
 */
#include "core/ifroute.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "core/ifworld.h"

#define NONE (-1)
#define FIRST_SLOTS 64

struct slot {
	bool used;
	bool is_rule;
	int32_t next;			/* in its chain, or of the unused slots */
	uint32_t seen;			/* number of the dump that showed it last */
	union {
		struct ifroute route;
		struct ifrule rule;
	};
};

struct ifroutes {
	struct slot *slots;
	int32_t *heads;			/* as many as slots */
	int32_t count;
	int32_t unused;
	uint32_t sourced;		/* routes that a source address can take with it */
	uint32_t dump;
};

static uint32_t
hash_route(const struct ifroute *route)
{
	const uint32_t numbers[] = { route->table, route->metric, route->destination.length };
	uint32_t hash = hash_bytes(HASH_BEGIN, numbers, sizeof(numbers));

	/* Host bits do not count, so only whole bytes of the network do here. */
	return hash_bytes(hash, route->destination.ip.bytes, route->destination.length / 8u);
}

static uint32_t
hash_rule(const struct ifrule *rule)
{
	const uint32_t numbers[] = { rule->priority, rule->table, rule->mark, rule->family };

	return hash_bytes(hash_bytes(HASH_BEGIN, numbers, sizeof(numbers)), rule->from.ip.bytes,
	                  sizeof(rule->from.ip.bytes));
}

struct ifroute
ifroute_stand_in(int link, const struct ip *ip)
{
	return (struct ifroute){
		.kind = IFROUTE_STAND_IN,
		.protocol = MARK_VIRTUAL,
		.destination = { *ip, 32 },
		.table = IFROUTE_LOCAL,
		.hop_count = 1,
		.hops = { { .link = link } },
	};
}

bool
ifroute_same(const struct ifroute *a, const struct ifroute *b)
{
	return a->table == b->table && a->metric == b->metric &&
	       (a->kind == IFROUTE_STAND_IN) == (b->kind == IFROUTE_STAND_IN) &&
	       prefix_same_network(&a->destination, &b->destination);
}

/* Where among the hops of a route is one to this gateway, over this link (0: any)?  Or -1. */
static int
find_hop(const struct ifroute *route, const struct ifhop *hop)
{
	for (unsigned i = 0; i < route->hop_count && i < IFROUTE_HOPS; i++) {
		if (ip_equal(&route->hops[i].gateway, &hop->gateway) &&
		    (hop->link == 0 || route->hops[i].link == hop->link))
			return (int)i;
	}
	return -1;
}

bool
ifroute_fulfils(const struct ifroute *there, const struct ifroute *wish)
{
	unsigned count = wish->hop_count == 0 ? 1 : wish->hop_count;

	if (!ifroute_same(there, wish) || there->kind != wish->kind)
		return false;
	if (wish->kind == IFROUTE_REFUSAL)
		return there->answers == wish->answers;
	if (there->hop_count != count || !ip_equal(&there->source, &wish->source))
		return false;
	for (unsigned i = 0; i < count && i < IFROUTE_HOPS; i++) {
		if (find_hop(there, &wish->hops[i]) < 0)
			return false;
	}
	return true;
}

bool
ifroute_leads(const struct ifroute *route, const struct ifhop *hop)
{
	return route->kind == IFROUTE_UNICAST && find_hop(route, hop) >= 0;
}

bool
ifrule_equal(const struct ifrule *a, const struct ifrule *b)
{
	return a->family == b->family && a->priority == b->priority && a->table == b->table &&
	       a->mark == b->mark && prefix_equal(&a->from, &b->from) &&
	       prefix_equal(&a->to, &b->to) && strncmp(a->in, b->in, NAME_SIZE) == 0 &&
	       strncmp(a->out, b->out, NAME_SIZE) == 0;
}

/* ---- slots ---- */

static int32_t *
head_of(const struct ifroutes *r, uint32_t hash)
{
	return &r->heads[hash & (uint32_t)(r->count - 1)];
}

static uint32_t
hash_slot(const struct slot *slot)
{
	return slot->is_rule ? hash_rule(&slot->rule) : hash_route(&slot->route);
}

static void
chain(struct ifroutes *r, int32_t at)
{
	int32_t *head = head_of(r, hash_slot(&r->slots[at]));

	r->slots[at].next = *head;
	*head = at;
}

static void
grow(struct ifroutes *r)
{
	int32_t old = r->count;

	r->count = old == 0 ? FIRST_SLOTS : 2 * old;
	r->slots = reallocarray(r->slots, (size_t)r->count, sizeof(*r->slots));
	free(r->heads);
	r->heads = calloc((size_t)r->count, sizeof(*r->heads));
	assert(r->slots != NULL && r->heads != NULL);
	memset(r->heads, 0xff, (size_t)r->count * sizeof(*r->heads));
	for (int32_t i = 0; i < old; i++)
		chain(r, i);		/* we grow only when all are used */
	r->unused = NONE;
	for (int32_t i = r->count - 1; i >= old; i--) {
		r->slots[i] = (struct slot){ .next = r->unused };
		r->unused = i;
	}
}

static struct slot *
take_slot(struct ifroutes *r, bool is_rule)
{
	struct slot *slot;

	if (r->unused == NONE)
		grow(r);
	slot = &r->slots[r->unused];
	r->unused = slot->next;
	*slot = (struct slot){ .used = true, .is_rule = is_rule };
	return slot;
}

static bool
has_source(const struct slot *slot)
{
	return !slot->is_rule && slot->route.kind != IFROUTE_STAND_IN &&
	       slot->route.source.family == 4;
}

static void
forget(struct ifroutes *r, int32_t at)
{
	int32_t *link = head_of(r, hash_slot(&r->slots[at]));

	r->sourced -= has_source(&r->slots[at]);
	while (*link != at)
		link = &r->slots[*link].next;
	*link = r->slots[at].next;
	r->slots[at].used = false;
	r->slots[at].next = r->unused;
	r->unused = at;
}

static bool
is_ours(uint8_t protocol)
{
	return protocol == MARK_VIRTUAL || protocol == MARK_REAL;
}

static int32_t
find_route(const struct ifroutes *r, const struct ifroute *route)
{
	int32_t at = *head_of(r, hash_route(route));

	while (at != NONE && (r->slots[at].is_rule ||
	                      r->slots[at].route.protocol != route->protocol ||
	                      !ifroute_same(&r->slots[at].route, route)))
		at = r->slots[at].next;
	return at;
}

static int32_t
find_rule(const struct ifroutes *r, const struct ifrule *rule)
{
	int32_t at = *head_of(r, hash_rule(rule));

	while (at != NONE && !(r->slots[at].is_rule && ifrule_equal(&r->slots[at].rule, rule)))
		at = r->slots[at].next;
	return at;
}

/* ---- public ---- */

struct ifroutes *
ifroutes_new(void)
{
	struct ifroutes *r = calloc(1, sizeof(*r));

	assert(r != NULL);
	grow(r);
	return r;
}

void
ifroutes_free(struct ifroutes *r)
{
	if (r == NULL)
		return;
	free(r->slots);
	free(r->heads);
	free(r);
}

bool
ifroutes_put(struct ifroutes *r, const struct ifroute *route)
{
	int32_t at = find_route(r, route);
	bool is_news = at == NONE || memcmp(&r->slots[at].route, route, sizeof(*route)) != 0;
	struct slot *slot;

	if (!is_ours(route->protocol))
		return false;
	if (at == NONE) {
		slot = take_slot(r, false);
		slot->route = *route;
		at = (int32_t)(slot - r->slots);
		chain(r, at);
	} else {
		r->sourced -= has_source(&r->slots[at]);
	}
	r->slots[at].route = *route;
	r->sourced += has_source(&r->slots[at]);
	r->slots[at].seen = r->dump;
	return is_news;
}

/* IPv6 routes of several next hops may lose one at a time.  False: all of it is gone. */
static bool
drop_hop(struct ifroute *known, const struct ifroute *removed)
{
	int at;

	if (removed->hop_count != 1 || known->hop_count <= 1 || known->hop_count > IFROUTE_HOPS)
		return false;
	at = find_hop(known, &removed->hops[0]);
	if (at < 0)
		at = find_hop(known, &(struct ifhop){ .gateway = removed->hops[0].gateway });
	if (at < 0)
		return false;
	known->hops[at] = known->hops[--known->hop_count];
	known->hops[known->hop_count] = (struct ifhop){ 0 };
	return true;
}

void
ifroutes_remove(struct ifroutes *r, const struct ifroute *route)
{
	int32_t at = find_route(r, route);

	if (at != NONE && !drop_hop(&r->slots[at].route, route))
		forget(r, at);
}

bool
ifroutes_put_rule(struct ifroutes *r, const struct ifrule *rule)
{
	int32_t at = find_rule(r, rule);
	bool is_news = at == NONE;
	struct slot *slot;

	if (rule->protocol != MARK_VIRTUAL)
		return false;
	if (at == NONE) {
		slot = take_slot(r, true);
		slot->rule = *rule;
		at = (int32_t)(slot - r->slots);
		chain(r, at);
	}
	r->slots[at].seen = r->dump;
	return is_news;
}

void
ifroutes_remove_rule(struct ifroutes *r, const struct ifrule *rule)
{
	int32_t at = find_rule(r, rule);

	if (at != NONE && rule->protocol == MARK_VIRTUAL)
		forget(r, at);
}

/* The link of those hops that lead over it is not known any more.  True when there was one. */
static bool
forget_links(struct ifroute *route, int index)
{
	bool found = false;

	for (unsigned i = 0; i < route->hop_count && i < IFROUTE_HOPS; i++) {
		if (route->hops[i].link != index)
			continue;
		route->hops[i].link = 0;
		found = true;
	}
	return found;
}

static bool
has_links(const struct ifroute *route)
{
	for (unsigned i = 0; i < route->hop_count && i < IFROUTE_HOPS; i++) {
		if (route->hops[i].link != 0)
			return true;
	}
	return route->hop_count > IFROUTE_HOPS;
}

bool
ifroutes_link_lost(struct ifroutes *r, int index, enum ifroutes_loss loss)
{
	bool found = false;

	for (int32_t at = 0; at < r->count; at++) {
		struct slot *slot = &r->slots[at];
		bool is_v4;

		if (!slot->used || slot->is_rule)
			continue;
		is_v4 = slot->route.destination.ip.family == 4;
		/* IPv6: what goes altogether is told. */
		if ((!is_v4 && (slot->route.hop_count < 2 || loss == IFROUTES_LINK_BARE)) ||
		    (loss == IFROUTES_LINK_DOWN && slot->route.kind == IFROUTE_STAND_IN) ||
		    !forget_links(&slot->route, index))
			continue;
		found = true;
		if (is_v4 && !has_links(&slot->route))
			forget(r, at);
	}
	return found;
}

bool
ifroutes_source_gone(struct ifroutes *r, const struct ip *ip)
{
	bool found = false;

	for (int32_t at = 0; at < r->count && r->sourced > 0; at++) {
		const struct slot *slot = &r->slots[at];

		if (!slot->used || !has_source(slot) || !ip_equal(&slot->route.source, ip))
			continue;
		forget(r, at);
		found = true;
	}
	return found;
}

void
ifroutes_begin_dump(struct ifroutes *r)
{
	r->dump++;
}

bool
ifroutes_end_dump(struct ifroutes *r)
{
	bool found = false;

	for (int32_t at = 0; at < r->count; at++) {
		if (!r->slots[at].used || r->slots[at].seen == r->dump)
			continue;
		forget(r, at);
		found = true;
	}
	return found;
}

const struct ifroute *
ifroutes_find(const struct ifroutes *r, const struct ifroute *wish)
{
	int32_t at = find_route(r, wish);

	return at == NONE ? NULL : &r->slots[at].route;
}

bool
ifroutes_has_rule(const struct ifroutes *r, const struct ifrule *rule)
{
	return find_rule(r, rule) != NONE;
}

/* The next slot in use from this one on that holds a rule, or a route. */
static const struct slot *
next_slot(const struct ifroutes *r, size_t at, bool is_rule)
{
	while (at < (size_t)r->count && !(r->slots[at].used && r->slots[at].is_rule == is_rule))
		at++;
	return at == (size_t)r->count ? NULL : &r->slots[at];
}

static size_t
after(const struct ifroutes *r, const void *element, size_t offset)
{
	const struct slot *slot;

	if (element == NULL)
		return 0;
	slot = (const struct slot *)((const uint8_t *)element - offset);
	return (size_t)(slot - r->slots) + 1;
}

const struct ifroute *
ifroutes_next(const struct ifroutes *r, const struct ifroute *route)
{
	const struct slot *slot = next_slot(r, after(r, route, offsetof(struct slot, route)),
	                                    false);

	return slot == NULL ? NULL : &slot->route;
}

const struct ifrule *
ifroutes_next_rule(const struct ifroutes *r, const struct ifrule *rule)
{
	const struct slot *slot = next_slot(r, after(r, rule, offsetof(struct slot, rule)), true);

	return slot == NULL ? NULL : &slot->rule;
}
