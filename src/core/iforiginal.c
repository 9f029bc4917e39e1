/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of what links were like, in an array in the order of their making, chained into a hash by
 * name.  A record none of whose bits is left is unused until the array is packed.
 */
#include "core/iforiginal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"

#define NONE (-1)
#define MAGIC 0x544f5249u
#define VERSION 1u
#define HEADER_BYTES 10u
#define RECORD_BYTES_MAX (NAME_SIZE + 2u + 1u + 4u + 6u + NAME_SIZE + 15u + 8u + 3u + \
                          2u * TUNES + 6u + 8u + 1u + 6u * ORIGINAL_VLANS_MAX + 2u + \
                          DESCRIPTION_SIZE)

struct iforiginals {
	struct iforiginal *records;
	int32_t *next;
	int32_t *heads;
	int32_t count;			/* records made, unused ones included */
	int32_t room;
	bool dirty;
};

static void *
allocate(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	assert(memory != NULL);
	return memory;
}

static int32_t *
head_of(const struct iforiginals *o, const char *name)
{
	uint32_t hash = hash_bytes(HASH_BEGIN, name, strnlen(name, NAME_SIZE));

	return &o->heads[hash & (uint32_t)(o->room - 1)];
}

static void
chain(struct iforiginals *o, int32_t i)
{
	int32_t *head = head_of(o, o->records[i].name);

	o->next[i] = *head;
	*head = i;
}

/* Pack the used records and make room for as many again. */
static void
make_room(struct iforiginals *o)
{
	struct iforiginal *old = o->records;
	int32_t old_count = o->count;
	int32_t used = 0;

	for (int32_t i = 0; i < old_count; i++)
		used += old[i].saved != 0;
	while (o->room < 2 * used || o->room < 16)
		o->room = o->room == 0 ? 16 : 2 * o->room;
	free(o->next);
	free(o->heads);
	o->records = allocate((size_t)o->room, sizeof(*o->records));
	o->next = allocate((size_t)o->room, sizeof(*o->next));
	o->heads = allocate((size_t)o->room, sizeof(*o->heads));
	memset(o->heads, 0xff, (size_t)o->room * sizeof(*o->heads));
	o->count = 0;
	for (int32_t i = 0; i < old_count; i++) {
		if (old[i].saved == 0)
			continue;
		o->records[o->count] = old[i];
		chain(o, o->count++);
	}
	free(old);
}

struct iforiginals *
iforiginals_new(void)
{
	struct iforiginals *o = allocate(1, sizeof(*o));

	make_room(o);
	return o;
}

void
iforiginals_free(struct iforiginals *o)
{
	if (o == NULL)
		return;
	free(o->records);
	free(o->next);
	free(o->heads);
	free(o);
}

static struct iforiginal *
find(const struct iforiginals *o, const char *name)
{
	int32_t i = *head_of(o, name);

	while (i != NONE && strncmp(o->records[i].name, name, NAME_SIZE) != 0)
		i = o->next[i];
	return i == NONE ? NULL : &o->records[i];
}

static struct iforiginal *
find_or_make(struct iforiginals *o, const char *name)
{
	struct iforiginal *record = find(o, name);

	if (record != NULL)
		return record;
	if (o->count == o->room)
		make_room(o);
	record = &o->records[o->count];
	memset(record, 0, sizeof(*record));
	memcpy(record->name, name, strnlen(name, NAME_SIZE - 1));
	chain(o, o->count++);
	return record;
}

const struct iforiginal *
iforiginals_find(const struct iforiginals *o, const char *name)
{
	return find(o, name);
}

bool
iforiginals_has(const struct iforiginals *o, const char *name, enum iforiginal_bit bit)
{
	const struct iforiginal *record = find(o, name);

	return record != NULL && (record->saved & bit) != 0;
}

void
iforiginals_save(struct iforiginals *o, const struct ifworld_link *link, const char *master,
                 enum iforiginal_bit bit)
{
	struct iforiginal *record = find_or_make(o, link->name);

	if (record->saved & bit)
		return;
	record->saved |= bit;
	o->dirty = true;
	switch (bit) {
	case ORIGINAL_CREATED:
		break;
	case ORIGINAL_UP:
		record->up = link->up;
		break;
	case ORIGINAL_MTU:
		record->mtu = link->mtu;
		break;
	case ORIGINAL_MAC:
		record->mac = link->mac;
		break;
	case ORIGINAL_ALIAS:
		memcpy(record->alias, link->alias, sizeof(record->alias));
		break;
	case ORIGINAL_MASTER:
		memset(record->master, 0, sizeof(record->master));
		memcpy(record->master, master, strnlen(master, NAME_SIZE - 1));
		break;
	case ORIGINAL_BOND:
		record->bond = link->bond;
		record->bond.primary = 0;
		break;
	case ORIGINAL_ARP:
		record->arp = link->arp;
		break;
	case ORIGINAL_BRIDGE:
		record->bridge = link->bridge;
		break;
	case ORIGINAL_VLANS:
		record->vlan_count = 0;
		break;
	case ORIGINAL_TUNES:
		record->tuned = 0;
		break;
	case ORIGINAL_PORT:
		record->port = link->port;
		break;
	}
}

void
iforiginals_save_vlans(struct iforiginals *o, const struct ifworld_link *link,
                       const struct vlanset *vlans)
{
	struct vlan_settings range = { 0 };
	struct iforiginal *record;

	if (iforiginals_has(o, link->name, ORIGINAL_VLANS))
		return;
	iforiginals_save(o, link, "", ORIGINAL_VLANS);
	record = find(o, link->name);
	while (record->vlan_count < ORIGINAL_VLANS_MAX && vlanset_next(vlans, range.last, &range))
		record->vlans[record->vlan_count++] = range;
}

void
iforiginals_save_tune(struct iforiginals *o, const struct ifworld_link *link, enum tune tune)
{
	struct iforiginal *record;

	iforiginals_save(o, link, "", ORIGINAL_TUNES);
	record = find(o, link->name);
	if (record->tuned >> tune & 1)
		return;
	record->tuned |= (uint16_t)(1u << tune);
	record->tunes[tune] = link->tunes[tune];
	o->dirty = true;
}

void
iforiginals_save_created(struct iforiginals *o, const char *name)
{
	struct ifworld_link link = { 0 };

	memcpy(link.name, name, strnlen(name, NAME_SIZE - 1));
	iforiginals_save(o, &link, "", ORIGINAL_CREATED);
}

void
iforiginals_forget(struct iforiginals *o, const char *name, unsigned bits)
{
	struct iforiginal *record = find(o, name);

	if (record == NULL || (record->saved & bits) == 0)
		return;
	record->saved &= (uint16_t)~bits;
	o->dirty = true;
	if (record->saved != 0)
		return;
	int32_t slot = (int32_t)(record - o->records);
	int32_t *at = head_of(o, record->name);

	while (*at != slot)
		at = &o->next[*at];
	*at = o->next[slot];
}

void
iforiginals_forget_tune(struct iforiginals *o, const char *name, enum tune tune)
{
	struct iforiginal *record = find(o, name);

	if (record == NULL || !(record->saved & ORIGINAL_TUNES) || !(record->tuned >> tune & 1))
		return;
	record->tuned &= (uint16_t)~(1u << tune);
	o->dirty = true;
	if (record->tuned == 0)
		iforiginals_forget(o, name, ORIGINAL_TUNES);
}

const struct iforiginal *
iforiginals_next(const struct iforiginals *o, const struct iforiginal *record)
{
	int32_t i = record == NULL ? o->count : (int32_t)(record - o->records);

	while (i > 0) {
		if (o->records[--i].saved != 0)
			return &o->records[i];
	}
	return NULL;
}

bool
iforiginals_dirty(const struct iforiginals *o)
{
	return o->dirty;
}

static void
write_vlans(struct writer *w, const struct iforiginal *r)
{
	write_u8(w, r->vlan_count);
	for (unsigned i = 0; i < r->vlan_count; i++) {
		write_u16(w, r->vlans[i].first);
		write_u16(w, r->vlans[i].last);
		write_u8(w, (uint8_t)(r->vlans[i].untagged | r->vlans[i].primary << 1));
	}
}

static void
write_record(struct writer *w, const struct iforiginal *r)
{
	size_t alias = strnlen(r->alias, sizeof(r->alias) - 1);

	write_bytes(w, r->name, sizeof(r->name));
	write_u16(w, r->saved);
	if (r->saved & ORIGINAL_UP)
		write_u8(w, r->up);
	if (r->saved & ORIGINAL_MTU)
		write_u32(w, r->mtu);
	if (r->saved & ORIGINAL_MAC)
		write_bytes(w, r->mac.bytes, sizeof(r->mac.bytes));
	if (r->saved & ORIGINAL_MASTER)
		write_bytes(w, r->master, sizeof(r->master));
	if (r->saved & ORIGINAL_BOND) {
		write_u8(w, r->bond.mode);
		write_u8(w, (uint8_t)(r->bond.hash34 | r->bond.fast << 1 | r->bond.passive << 2));
		write_u16(w, r->bond.key);
		write_u32(w, r->bond.minimum_links);
		write_u32(w, r->bond.miimon);
	}
	if (r->saved & ORIGINAL_ARP) {
		write_u32(w, (uint32_t)r->arp.ignore);
		write_u32(w, (uint32_t)r->arp.announce);
	}
	if (r->saved & ORIGINAL_BRIDGE) {
		write_u8(w, (uint8_t)(r->bridge.filtering | r->bridge.snooping << 1));
		write_u32(w, r->bridge.aging);
	}
	if (r->saved & ORIGINAL_VLANS)
		write_vlans(w, r);
	if (r->saved & ORIGINAL_TUNES) {
		write_u16(w, r->tuned);
		for (unsigned i = 0; i < TUNES; i++) {
			if (r->tuned >> i & 1)
				write_u16(w, (uint16_t)r->tunes[i]);
		}
	}
	if (r->saved & ORIGINAL_PORT) {
		write_u8(w, (uint8_t)(r->port.negotiated | r->port.half << 1));
		write_u32(w, r->port.speed);
	}
	if (r->saved & ORIGINAL_ALIAS) {
		write_u16(w, (uint16_t)alias);
		write_bytes(w, r->alias, alias);
	}
}

void *
iforiginals_write(struct iforiginals *o, size_t *ret_size)
{
	uint32_t used = 0;

	for (int32_t i = 0; i < o->count; i++)
		used += o->records[i].saved != 0;
	size_t room = HEADER_BYTES + (size_t)used * RECORD_BYTES_MAX;
	uint8_t *bytes = allocate(room, 1);
	struct writer w = writer_over(bytes, room);

	write_u32(&w, MAGIC);
	write_u16(&w, VERSION);
	write_u32(&w, used);
	for (int32_t i = 0; i < o->count; i++) {
		if (o->records[i].saved != 0)
			write_record(&w, &o->records[i]);
	}
	assert(!w.overflow);
	o->dirty = false;
	*ret_size = writer_length(&w);
	return bytes;
}

/* False when they make no sense. */
static bool
read_vlans(struct reader *in, struct iforiginal *r)
{
	uint8_t bits;

	r->vlan_count = read_u8(in);
	if (r->vlan_count > ORIGINAL_VLANS_MAX)
		return false;
	for (unsigned i = 0; i < r->vlan_count; i++) {
		r->vlans[i].first = read_u16(in);
		r->vlans[i].last = read_u16(in);
		bits = read_u8(in);
		r->vlans[i].untagged = bits & 1;
		r->vlans[i].primary = bits >> 1 & 1;
		if (r->vlans[i].first < 1 || r->vlans[i].last < r->vlans[i].first ||
		    r->vlans[i].last > VLAN_ID_MAX)
			return false;
	}
	return true;
}

/* False when the record makes no sense. */
static bool
read_record(struct reader *in, struct iforiginal *r)
{
	uint8_t bits;
	size_t alias;

	memset(r, 0, sizeof(*r));
	read_copy(in, r->name, sizeof(r->name));
	r->saved = read_u16(in);
	if (r->saved & ORIGINAL_UP)
		r->up = read_u8(in) != 0;
	if (r->saved & ORIGINAL_MTU)
		r->mtu = read_u32(in);
	if (r->saved & ORIGINAL_MAC)
		read_copy(in, r->mac.bytes, sizeof(r->mac.bytes));
	if (r->saved & ORIGINAL_MASTER)
		read_copy(in, r->master, sizeof(r->master));
	if (r->saved & ORIGINAL_BOND) {
		r->bond.mode = read_u8(in);
		bits = read_u8(in);
		r->bond.hash34 = bits & 1;
		r->bond.fast = bits >> 1 & 1;
		r->bond.passive = bits >> 2 & 1;
		r->bond.key = read_u16(in);
		r->bond.minimum_links = read_u32(in);
		r->bond.miimon = read_u32(in);
	}
	if (r->saved & ORIGINAL_ARP) {
		r->arp.ignore = (int32_t)read_u32(in);
		r->arp.announce = (int32_t)read_u32(in);
	}
	if (r->saved & ORIGINAL_BRIDGE) {
		bits = read_u8(in);
		r->bridge = (struct ifworld_bridge){ .filtering = bits & 1,
		                                     .snooping = bits >> 1 & 1,
		                                     .aging = read_u32(in) };
	}
	if (r->saved & ORIGINAL_VLANS && !read_vlans(in, r))
		return false;
	if (r->saved & ORIGINAL_TUNES) {
		r->tuned = read_u16(in);
		for (unsigned i = 0; i < TUNES; i++) {
			if (r->tuned >> i & 1)
				r->tunes[i] = (int16_t)read_u16(in);
		}
	}
	if (r->saved & ORIGINAL_PORT) {
		bits = read_u8(in);
		r->port = (struct ifworld_port){ true, bits & 1, bits >> 1 & 1, read_u32(in) };
	}
	if (r->saved & ORIGINAL_ALIAS) {
		alias = read_u16(in);
		if (alias >= sizeof(r->alias))
			return false;
		read_copy(in, r->alias, alias);
	}
	return !in->short_read && r->saved != 0 && r->saved < ORIGINAL_VLANS << 1 &&
	       r->name[0] != '\0' && r->name[NAME_SIZE - 1] == '\0' &&
	       r->master[NAME_SIZE - 1] == '\0' && r->bond.mode <= BOND_MODES &&
	       (r->tuned != 0) == ((r->saved & ORIGINAL_TUNES) != 0) &&
	       r->tuned < 1u << TUNES;
}

int
iforiginals_read(const void *bytes, size_t size, struct iforiginals **ret, struct error *error)
{
	struct reader in = reader_over(bytes, size);
	uint32_t magic = read_u32(&in);
	uint16_t version = read_u16(&in);
	uint32_t count = read_u32(&in);
	struct iforiginals *o;
	struct iforiginal record;

	if (in.short_read || magic != MAGIC)
		return error_set(error, -EINVAL,
		                 "the stored records of original link settings are not ours");
	if (version != VERSION)
		return error_set(error, -EINVAL, "the stored records of original link settings "
		                 "have version %u instead of %u", version, VERSION);
	o = iforiginals_new();
	for (uint32_t i = 0; i < count; i++) {
		if (!read_record(&in, &record) || find(o, record.name) != NULL) {
			iforiginals_free(o);
			return error_set(error, -EINVAL, "the stored records of original link "
			                 "settings are damaged at record %u", i);
		}
		*find_or_make(o, record.name) = record;
	}
	if (reader_left(&in) != 0) {
		iforiginals_free(o);
		return error_set(error, -EINVAL, "the stored records of original link settings "
		                 "have %zu bytes too many", reader_left(&in));
	}
	*ret = o;
	return 0;
}
