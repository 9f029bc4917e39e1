/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash of networks with one entry each: the best link for it.  Lookups begin with the longest
 * prefix length that occurs.  Unusable links are left out, so what is found can be used.
 */
#include "core/ifnets.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define LENGTHS 129u

struct entry {
	struct prefix network;		/* no bits beyond its length; family 0 = slot empty */
	int link;
	bool is_virtual;
};

struct ifnets {
	const struct ifworld *world;
	bool current;
	struct entry *entries;		/* open addressing, half empty at most */
	uint32_t mask;
	uint32_t count;
	bool lengths[2][LENGTHS];	/* of IPv4 and IPv6: is there one of this length? */
};

struct ifnets *
ifnets_new(const struct ifworld *world)
{
	struct ifnets *n = calloc(1, sizeof(*n));

	assert(n != NULL);
	n->world = world;
	return n;
}

void
ifnets_free(struct ifnets *n)
{
	if (n == NULL)
		return;
	free(n->entries);
	free(n);
}

void
ifnets_touch(struct ifnets *n)
{
	n->current = false;
}

static struct prefix
network_of(const struct ip *ip, unsigned length)
{
	struct prefix network = { .ip.family = ip->family, .length = (uint8_t)length };

	memcpy(network.ip.bytes, ip->bytes, length / 8);
	if (length % 8 != 0)
		network.ip.bytes[length / 8] =
			ip->bytes[length / 8] & (uint8_t)(0xff00u >> length % 8);
	return network;
}

/* Where a network stands, or the empty slot where it would. */
static struct entry *
slot_of(const struct ifnets *n, const struct prefix *network)
{
	uint32_t hash = hash_bytes(HASH_BEGIN + network->length, network->ip.bytes,
	                           sizeof(network->ip.bytes));

	for (;; hash++) {
		struct entry *entry = &n->entries[hash & n->mask];

		if (entry->network.ip.family == 0 || prefix_equal(&entry->network, network))
			return entry;
	}
}

static void
grow(struct ifnets *n)
{
	struct entry *old = n->entries;
	uint32_t slots = old == NULL ? 0 : n->mask + 1;

	n->mask = slots == 0 ? 63 : 2 * slots - 1;
	n->entries = calloc(n->mask + 1, sizeof(*n->entries));
	assert(n->entries != NULL);
	for (uint32_t i = 0; i < slots; i++) {
		if (old[i].network.ip.family != 0)
			*slot_of(n, &old[i].network) = old[i];
	}
	free(old);
}

static bool
is_better(const struct entry *entry, int link, bool is_virtual)
{
	return entry->is_virtual != is_virtual ? entry->is_virtual : link < entry->link;
}

static void
add(struct ifnets *n, int link, const struct ifworld_address *address, bool is_virtual)
{
	const struct ip *ip = &address->prefix.ip;
	struct prefix network = network_of(ip, address->prefix.length);
	struct entry *entry;

	/* An address alone has no network; link-local networks are everywhere. */
	if (address->prefix.length >= 8 * ip_size(ip) || ip_is_link_local(ip))
		return;
	if (2 * n->count > n->mask)
		grow(n);
	entry = slot_of(n, &network);
	if (entry->network.ip.family == 0)
		n->count++;
	else if (!is_better(entry, link, is_virtual))
		return;
	*entry = (struct entry){ network, link, is_virtual };
	n->lengths[ip->family == 6][network.length] = true;
}

static void
make(struct ifnets *n)
{
	if (n->entries == NULL)
		grow(n);
	memset(n->entries, 0, (n->mask + 1) * sizeof(*n->entries));
	memset(n->lengths, 0, sizeof(n->lengths));
	n->count = 0;
	for (const struct ifworld_link *l = NULL;
	     (l = ifworld_next_link(n->world, l)) != NULL;) {
		const struct ifworld_address *a = NULL;

		if (!ifworld_usable(n->world, l))
			continue;
		while ((a = ifworld_next_own(n->world, l->index, a)) != NULL)
			add(n, l->index, a, false);
		while ((a = ifworld_next_virtual(n->world, l->index, a)) != NULL)
			add(n, l->index, a, true);
	}
	n->current = true;
}

const struct ifworld_link *
ifnets_link_to(struct ifnets *n, const struct ip *ip)
{
	unsigned bits = 8 * ip_size(ip);

	if (!n->current)
		make(n);
	for (unsigned length = bits; length-- > 0;) {
		struct prefix network;
		const struct entry *entry;

		if (!n->lengths[ip->family == 6][length])
			continue;
		network = network_of(ip, length);
		entry = slot_of(n, &network);
		if (entry->network.ip.family != 0)
			return ifworld_link(n->world, entry->link);
	}
	return NULL;
}
