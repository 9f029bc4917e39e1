/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The picture of the kernel's links and addresses.  Both live in pools of slots that are never
 * moved one by one, chained into hashes by slot number: four for links (index, name, for macvlans
 * parent and address, for members whose), one for addresses (link and prefix).  It decides nothing.
 */
#include "core/ifworld.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define NONE (-1)
#define FIRST_SLOTS 64
#define STORIES_MAX 10u			/* of links upon links; the kernel allows 8 */

enum hash { BY_INDEX, BY_NAME, BY_STATION, BY_MASTER, LINK_HASHES };
enum list { OWN, VIRTUAL, LISTS };

struct link_slot {
	struct ifworld_link link;	/* index 0 = slot unused */
	int32_t next[LINK_HASHES];	/* next[BY_INDEX] chains the unused slots, too */
	int32_t first[LISTS];
	int32_t last[LISTS];
	uint32_t seen;			/* number of the dump that showed it last */
	uint32_t carriers;		/* a bond's members that carry its traffic now */
	struct vlanset *vlans;		/* of a port or bridge, or NULL */
	struct vlanset *former;		/* those before they were forgotten, or NULL */
};

struct address_slot {
	struct ifworld_address address;
	int index;			/* of its link; 0 = slot unused */
	int32_t hash_next;
	int32_t next;
	int32_t previous;
	uint32_t seen;
};

struct ifworld {
	struct link_slot *links;
	struct address_slot *addresses;
	int32_t *link_heads[LINK_HASHES];	/* as many as slots */
	int32_t *address_heads;
	int32_t link_slots;
	int32_t address_slots;
	int32_t free_link;
	int32_t free_address;
	uint32_t dump;
	int16_t all[TUNES];
	bool compares;			/* VLANs were forgotten, and not compared since */
};

static void *
allocate(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	assert(memory != NULL);
	return memory;
}

static uint32_t
hash_number(int number)
{
	return hash_bytes(HASH_BEGIN, &number, sizeof(number));
}

static uint32_t
hash_name(const char *name)
{
	return hash_bytes(HASH_BEGIN, name, strnlen(name, NAME_SIZE));
}

static uint32_t
hash_station(int parent, const struct mac *mac)
{
	return hash_bytes(hash_number(parent), mac->bytes, sizeof(mac->bytes));
}

static uint32_t
hash_address(int index, const struct ip *ip)
{
	return hash_bytes(hash_number(index), ip->bytes, sizeof(ip->bytes));
}

static uint32_t
link_hash(const struct ifworld_link *link, enum hash hash)
{
	switch (hash) {
	case BY_INDEX:
		return hash_number(link->index);
	case BY_NAME:
		return hash_name(link->name);
	case BY_STATION:
		return hash_station(link->parent, &link->mac);
	case BY_MASTER:
		return hash_number(link->master);
	case LINK_HASHES:
		break;
	}
	assert(!"hash of links");
	return 0;
}

static int32_t *
link_head(const struct ifworld *w, enum hash hash, uint32_t value)
{
	return &w->link_heads[hash][value & (uint32_t)(w->link_slots - 1)];
}

static int32_t *
address_head(const struct ifworld *w, uint32_t value)
{
	return &w->address_heads[value & (uint32_t)(w->address_slots - 1)];
}

static bool
is_station(const struct ifworld_link *link)
{
	return link->kind == IFWORLD_MACVLAN && link->private;
}

/* Is a link found by this? */
static bool
is_hashed(const struct ifworld_link *link, enum hash hash)
{
	return (hash != BY_STATION || is_station(link)) && (hash != BY_MASTER || link->master != 0);
}

static void
chain_link(struct ifworld *w, int32_t slot)
{
	struct link_slot *s = &w->links[slot];

	for (enum hash hash = 0; hash < LINK_HASHES; hash++) {
		if (!is_hashed(&s->link, hash))
			continue;
		int32_t *head = link_head(w, hash, link_hash(&s->link, hash));

		s->next[hash] = *head;
		*head = slot;
	}
}

static void
unchain_link(struct ifworld *w, int32_t slot)
{
	struct link_slot *s = &w->links[slot];

	for (enum hash hash = 0; hash < LINK_HASHES; hash++) {
		if (!is_hashed(&s->link, hash))
			continue;
		int32_t *at = link_head(w, hash, link_hash(&s->link, hash));

		while (*at != slot)
			at = &w->links[*at].next[hash];
		*at = s->next[hash];
	}
}

static void
chain_address(struct ifworld *w, int32_t slot)
{
	struct address_slot *s = &w->addresses[slot];
	int32_t *head = address_head(w, hash_address(s->index, &s->address.prefix.ip));

	s->hash_next = *head;
	*head = slot;
}

static void
grow_links(struct ifworld *w)
{
	int32_t old = w->link_slots;
	int32_t slots = old == 0 ? FIRST_SLOTS : 2 * old;
	struct link_slot *links = allocate((size_t)slots, sizeof(*links));

	if (old > 0)
		memcpy(links, w->links, (size_t)old * sizeof(*links));
	free(w->links);
	w->links = links;
	w->link_slots = slots;
	for (enum hash hash = 0; hash < LINK_HASHES; hash++) {
		free(w->link_heads[hash]);
		w->link_heads[hash] = allocate((size_t)slots, sizeof(int32_t));
		memset(w->link_heads[hash], 0xff, (size_t)slots * sizeof(int32_t));
	}
	for (int32_t i = 0; i < old; i++) {
		assert(links[i].link.index != 0);	/* we grow only when all are used */
		chain_link(w, i);
	}
	w->free_link = NONE;
	for (int32_t i = slots - 1; i >= old; i--) {
		links[i].next[BY_INDEX] = w->free_link;
		w->free_link = i;
	}
}

static void
grow_addresses(struct ifworld *w)
{
	int32_t old = w->address_slots;
	int32_t slots = old == 0 ? FIRST_SLOTS : 2 * old;
	struct address_slot *addresses = allocate((size_t)slots, sizeof(*addresses));

	if (old > 0)
		memcpy(addresses, w->addresses, (size_t)old * sizeof(*addresses));
	free(w->addresses);
	free(w->address_heads);
	w->addresses = addresses;
	w->address_slots = slots;
	w->address_heads = allocate((size_t)slots, sizeof(int32_t));
	memset(w->address_heads, 0xff, (size_t)slots * sizeof(int32_t));
	for (int32_t i = 0; i < old; i++)
		chain_address(w, i);
	w->free_address = NONE;
	for (int32_t i = slots - 1; i >= old; i--) {
		addresses[i].hash_next = w->free_address;
		w->free_address = i;
	}
}

struct ifworld *
ifworld_new(void)
{
	struct ifworld *w = allocate(1, sizeof(*w));

	grow_links(w);
	grow_addresses(w);
	memset(w->all, 0xff, sizeof(w->all));
	return w;
}

void
ifworld_free(struct ifworld *w)
{
	if (w == NULL)
		return;
	for (enum hash hash = 0; hash < LINK_HASHES; hash++)
		free(w->link_heads[hash]);
	for (int32_t slot = 0; slot < w->link_slots; slot++) {
		free(w->links[slot].vlans);
		free(w->links[slot].former);
	}
	free(w->links);
	free(w->address_heads);
	free(w->addresses);
	free(w);
}

static int32_t
find_link(const struct ifworld *w, int index)
{
	int32_t slot = *link_head(w, BY_INDEX, hash_number(index));

	while (slot != NONE && w->links[slot].link.index != index)
		slot = w->links[slot].next[BY_INDEX];
	return slot;
}

static int32_t
find_address(const struct ifworld *w, int index, const struct prefix *prefix)
{
	int32_t slot = *address_head(w, hash_address(index, &prefix->ip));

	while (slot != NONE && !(w->addresses[slot].index == index &&
	                         prefix_equal(&w->addresses[slot].address.prefix, prefix)))
		slot = w->addresses[slot].hash_next;
	return slot;
}

static enum list
list_of(const struct ifworld_address *address)
{
	return address->mark == MARK_VIRTUAL ? VIRTUAL : OWN;
}

static void
append_address(struct ifworld *w, struct link_slot *link, int32_t slot)
{
	struct address_slot *s = &w->addresses[slot];
	enum list list = list_of(&s->address);

	s->next = NONE;
	s->previous = link->last[list];
	if (s->previous == NONE)
		link->first[list] = slot;
	else
		w->addresses[s->previous].next = slot;
	link->last[list] = slot;
}

static void
unlist_address(struct ifworld *w, struct link_slot *link, int32_t slot)
{
	struct address_slot *s = &w->addresses[slot];
	enum list list = list_of(&s->address);

	if (s->previous == NONE)
		link->first[list] = s->next;
	else
		w->addresses[s->previous].next = s->next;
	if (s->next == NONE)
		link->last[list] = s->previous;
	else
		w->addresses[s->next].previous = s->previous;
}

static void
forget_address(struct ifworld *w, struct link_slot *link, int32_t slot)
{
	struct address_slot *s = &w->addresses[slot];
	int32_t *at = address_head(w, hash_address(s->index, &s->address.prefix.ip));

	while (*at != slot)
		at = &w->addresses[*at].hash_next;
	*at = s->hash_next;
	unlist_address(w, link, slot);
	s->index = 0;
	s->hash_next = w->free_address;
	w->free_address = slot;
}

/* A link that is up has its local routes. */
static void
unsilence(struct ifworld *w, struct link_slot *link)
{
	for (int32_t i = link->first[VIRTUAL]; i != NONE; i = w->addresses[i].next)
		w->addresses[i].address.silent = false;
}

/* A member came (1) or goes (-1): its bond, if that is known already, has one more or less. */
static void
count_carrier(struct ifworld *w, const struct ifworld_link *member, int by)
{
	int32_t bond = member->master != 0 && member->carries ? find_link(w, member->master) : NONE;

	if (bond != NONE)
		w->links[bond].carriers += (uint32_t)by;
}

/* A bond that is new here: its members may have been shown before it. */
static uint32_t
carriers_of(const struct ifworld *w, int index)
{
	uint32_t carriers = 0;

	for (const struct ifworld_link *member = NULL;
	     (member = ifworld_next_member(w, index, member)) != NULL;)
		carriers += member->carries;
	return carriers;
}

static void
drop_vlans(struct link_slot *link)
{
	free(link->vlans);
	link->vlans = NULL;
}

/* What the kernel's news do not say of a link, as far as it still holds. */
static struct ifworld_port
port_after(const struct ifworld *w, const struct link_slot *before, const struct ifworld_link *link)
{
	struct ifworld_port port = before->link.port;

	port.known &= before->seen == w->dump && before->link.up == link->up &&
	              before->link.running == link->running;
	return port;
}

void
ifworld_put_link(struct ifworld *w, const struct ifworld_link *link)
{
	struct ifworld_port port = { 0 };
	int32_t slot = find_link(w, link->index);

	assert(link->index > 0);
	if (slot == NONE) {
		if (w->free_link == NONE)
			grow_links(w);
		slot = w->free_link;
		w->free_link = w->links[slot].next[BY_INDEX];
		w->links[slot].first[OWN] = w->links[slot].last[OWN] = NONE;
		w->links[slot].first[VIRTUAL] = w->links[slot].last[VIRTUAL] = NONE;
		w->links[slot].carriers = link->kind == IFWORLD_BOND ?
		                          carriers_of(w, link->index) : 0;
	} else {
		count_carrier(w, &w->links[slot].link, -1);
		unchain_link(w, slot);
		port = port_after(w, &w->links[slot], link);
		if (w->links[slot].link.master != link->master)
			drop_vlans(&w->links[slot]);
	}
	w->links[slot].link = *link;
	w->links[slot].link.port = port;
	count_carrier(w, link, 1);
	w->links[slot].seen = w->dump;
	chain_link(w, slot);
	if (link->up)
		unsilence(w, &w->links[slot]);
}

void
ifworld_remove_link(struct ifworld *w, int index)
{
	int32_t slot = find_link(w, index);

	if (slot == NONE)
		return;
	for (enum list list = 0; list < LISTS; list++) {
		while (w->links[slot].first[list] != NONE)
			forget_address(w, &w->links[slot], w->links[slot].first[list]);
	}
	count_carrier(w, &w->links[slot].link, -1);
	unchain_link(w, slot);
	drop_vlans(&w->links[slot]);
	free(w->links[slot].former);
	w->links[slot].former = NULL;
	w->links[slot].link.index = 0;
	w->links[slot].next[BY_INDEX] = w->free_link;
	w->free_link = slot;
}

bool
ifworld_put_address(struct ifworld *w, int index, const struct ifworld_address *address)
{
	int32_t link = find_link(w, index);
	int32_t slot;

	if (link == NONE)
		return false;
	slot = find_address(w, index, &address->prefix);
	if (slot == NONE) {
		if (w->free_address == NONE)
			grow_addresses(w);
		slot = w->free_address;
		w->free_address = w->addresses[slot].hash_next;
		w->addresses[slot] = (struct address_slot){ .address = *address, .index = index };
		w->addresses[slot].address.silent = false;
		chain_address(w, slot);
		append_address(w, &w->links[link], slot);
	} else {
		bool silent = w->addresses[slot].address.silent;
		bool moves = list_of(&w->addresses[slot].address) != list_of(address);

		if (moves)
			unlist_address(w, &w->links[link], slot);
		w->addresses[slot].address = *address;
		w->addresses[slot].address.silent = silent;
		if (moves)
			append_address(w, &w->links[link], slot);
	}
	w->addresses[slot].seen = w->dump;
	return true;
}

void
ifworld_remove_address(struct ifworld *w, int index, const struct prefix *prefix)
{
	int32_t link = find_link(w, index);
	int32_t slot = find_address(w, index, prefix);

	if (link != NONE && slot != NONE)
		forget_address(w, &w->links[link], slot);
}

void
ifworld_set_silent(struct ifworld *w, int index, const struct prefix *prefix)
{
	int32_t link = find_link(w, index);
	int32_t slot = find_address(w, index, prefix);

	if (link != NONE && slot != NONE && !w->links[link].link.up)
		w->addresses[slot].address.silent = true;
}

bool
ifworld_set_tune(struct ifworld *w, int index, enum tune tune, int16_t value)
{
	int32_t slot = find_link(w, index);
	int16_t *at = index == IFWORLD_ALL ? &w->all[tune] :
	              slot == NONE         ? NULL : &w->links[slot].link.tunes[tune];

	if (at == NULL || *at == value)
		return false;
	*at = value;
	return true;
}

int16_t
ifworld_tune(const struct ifworld *w, int index, enum tune tune)
{
	const struct ifworld_link *link = ifworld_link(w, index);

	return index == IFWORLD_ALL ? w->all[tune] : link == NULL ? -1 : link->tunes[tune];
}

void
ifworld_set_port(struct ifworld *w, int index, const struct ifworld_port *port)
{
	int32_t slot = find_link(w, index);
	struct ifworld_port before;

	if (slot == NONE)
		return;
	before = w->links[slot].link.port;
	w->links[slot].link.port = *port;
	if (port->speed != 0 || port->negotiated || before.negotiated)
		return;
	w->links[slot].link.port.speed = before.speed;
	w->links[slot].link.port.half = before.half;
}

void
ifworld_put_vlans(struct ifworld *w, int index, const struct vlan_settings *range)
{
	int32_t slot = find_link(w, index);

	if (slot == NONE)
		return;
	if (w->links[slot].vlans == NULL)
		w->links[slot].vlans = allocate(1, sizeof(struct vlanset));
	vlanset_put(w->links[slot].vlans, range);
}

void
ifworld_remove_vlans(struct ifworld *w, int index, uint16_t first, uint16_t last)
{
	int32_t slot = find_link(w, index);

	if (slot != NONE && w->links[slot].vlans != NULL)
		vlanset_remove(w->links[slot].vlans, first, last);
}

void
ifworld_forget_vlans(struct ifworld *w)
{
	for (int32_t slot = 0; slot < w->link_slots; slot++) {
		if (w->compares)
			free(w->links[slot].vlans);
		else
			w->links[slot].former = w->links[slot].vlans;
		w->links[slot].vlans = NULL;
	}
	w->compares = true;
}

static const struct vlanset none;

void
ifworld_compare_vlans(struct ifworld *w, void (*tell)(void *owner, const struct ifworld_link *link),
                      void *owner)
{
	for (int32_t slot = 0; slot < w->link_slots; slot++) {
		struct link_slot *s = &w->links[slot];

		if (!vlanset_equal(s->vlans == NULL ? &none : s->vlans,
		                   s->former == NULL ? &none : s->former))
			tell(owner, &s->link);
		free(s->former);
		s->former = NULL;
	}
	w->compares = false;
}

const struct vlanset *
ifworld_vlans(const struct ifworld *w, int index)
{
	int32_t slot = find_link(w, index);

	return slot == NONE || w->links[slot].vlans == NULL ? &none : w->links[slot].vlans;
}

void
ifworld_begin_dump(struct ifworld *w)
{
	w->dump++;
}

void
ifworld_end_dump(struct ifworld *w,
                 void (*tell)(void *owner, const struct ifworld_link *link, bool gone), void *owner)
{
	for (int32_t i = 0; i < w->link_slots; i++) {
		if (w->links[i].link.index == 0 || w->links[i].seen == w->dump)
			continue;
		if (tell != NULL)
			tell(owner, &w->links[i].link, true);
		ifworld_remove_link(w, w->links[i].link.index);
	}
	for (int32_t i = 0; i < w->address_slots; i++) {
		struct link_slot *link;

		if (w->addresses[i].index == 0 || w->addresses[i].seen == w->dump)
			continue;
		link = &w->links[find_link(w, w->addresses[i].index)];
		forget_address(w, link, i);
		if (tell != NULL)
			tell(owner, &link->link, false);
	}
}

const struct ifworld_link *
ifworld_link(const struct ifworld *w, int index)
{
	int32_t slot = index > 0 ? find_link(w, index) : NONE;

	return slot == NONE ? NULL : &w->links[slot].link;
}

const struct ifworld_link *
ifworld_named(const struct ifworld *w, const char *name)
{
	int32_t slot = *link_head(w, BY_NAME, hash_name(name));

	while (slot != NONE && strncmp(w->links[slot].link.name, name, NAME_SIZE) != 0)
		slot = w->links[slot].next[BY_NAME];
	return slot == NONE ? NULL : &w->links[slot].link;
}

const struct ifworld_link *
ifworld_station(const struct ifworld *w, int parent, const struct mac *mac)
{
	int32_t slot = *link_head(w, BY_STATION, hash_station(parent, mac));

	while (slot != NONE && !(w->links[slot].link.parent == parent &&
	                         mac_equal(&w->links[slot].link.mac, mac)))
		slot = w->links[slot].next[BY_STATION];
	return slot == NONE ? NULL : &w->links[slot].link;
}

const struct ifworld_address *
ifworld_address(const struct ifworld *w, int index, const struct prefix *prefix)
{
	int32_t slot = find_address(w, index, prefix);

	return slot == NONE ? NULL : &w->addresses[slot].address;
}

bool
ifworld_owns(const struct ifworld *w, int index, const struct ip *ip)
{
	int32_t slot = *address_head(w, hash_address(index, ip));

	for (; slot != NONE; slot = w->addresses[slot].hash_next) {
		const struct address_slot *s = &w->addresses[slot];

		if (s->index == index && list_of(&s->address) == OWN &&
		    ip_equal(&s->address.prefix.ip, ip))
			return true;
	}
	return false;
}

const struct ifworld_link *
ifworld_next_link(const struct ifworld *w, const struct ifworld_link *link)
{
	int32_t slot = link == NULL ? 0 : (int32_t)((const struct link_slot *)link - w->links) + 1;

	while (slot < w->link_slots && w->links[slot].link.index == 0)
		slot++;
	return slot == w->link_slots ? NULL : &w->links[slot].link;
}

const struct ifworld_link *
ifworld_next_member(const struct ifworld *w, int index, const struct ifworld_link *member)
{
	int32_t slot = member == NULL ? *link_head(w, BY_MASTER, hash_number(index)) :
	                                ((const struct link_slot *)member)->next[BY_MASTER];

	while (slot != NONE && w->links[slot].link.master != index)
		slot = w->links[slot].next[BY_MASTER];
	return slot == NONE ? NULL : &w->links[slot].link;
}

static const struct ifworld_address *
next_address(const struct ifworld *w, int index, const struct ifworld_address *address,
             enum list list)
{
	int32_t slot;

	if (address != NULL) {
		slot = ((const struct address_slot *)address)->next;
	} else {
		int32_t link = find_link(w, index);

		slot = link == NONE ? NONE : w->links[link].first[list];
	}
	return slot == NONE ? NULL : &w->addresses[slot].address;
}

const struct ifworld_address *
ifworld_next_own(const struct ifworld *w, int index, const struct ifworld_address *address)
{
	return next_address(w, index, address, OWN);
}

const struct ifworld_address *
ifworld_next_virtual(const struct ifworld *w, int index, const struct ifworld_address *address)
{
	return next_address(w, index, address, VIRTUAL);
}

static bool usable(const struct ifworld *w, const struct ifworld_link *link, unsigned stories);

/* Has a bridge a port that is? */
static bool
has_usable_port(const struct ifworld *w, int index, unsigned stories)
{
	for (const struct ifworld_link *port = NULL;
	     (port = ifworld_next_member(w, index, port)) != NULL;) {
		if (usable(w, port, stories))
			return true;
	}
	return false;
}

/* The kernel lets no links stand on each other in a ring, but a dump that was made while they were
 * changed may show one. */
static bool
usable(const struct ifworld *w, const struct ifworld_link *link, unsigned stories)
{
	int32_t below = link->kind == IFWORLD_VLAN ? find_link(w, link->parent) : NONE;

	if (stories == 0 || !link->up || !link->running || !link->lower_up || !link->oper_up)
		return false;
	if (link->kind == IFWORLD_BOND)
		return w->links[find_link(w, link->index)].carriers > 0;
	if (link->kind == IFWORLD_BRIDGE)
		return has_usable_port(w, link->index, stories - 1);
	return below == NONE || usable(w, &w->links[below].link, stories - 1);
}

bool
ifworld_usable(const struct ifworld *w, const struct ifworld_link *link)
{
	return usable(w, link, STORIES_MAX);
}

struct ip
ifworld_source4(const struct ifworld *w, int index)
{
	struct ip first = { 0 };

	for (const struct ifworld_address *a = NULL;
	     (a = ifworld_next_own(w, index, a)) != NULL;) {
		if (a->prefix.ip.family != 4)
			continue;
		if (!a->secondary)
			return a->prefix.ip;
		if (first.family == 0)
			first = a->prefix.ip;
	}
	return first;
}

struct ip
ifworld_source6(const struct ifworld *w, int index)
{
	for (const struct ifworld_address *a = NULL;
	     (a = ifworld_next_own(w, index, a)) != NULL;) {
		if (ip_is_link_local(&a->prefix.ip) && !a->tentative)
			return a->prefix.ip;
	}
	return (struct ip){ 0 };
}
