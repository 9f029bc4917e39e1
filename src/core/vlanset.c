/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bit for each VLAN and property.  It decides nothing.
 */
#include "core/vlanset.h"

#include <string.h>

static bool
has(const uint64_t *bits, uint16_t vlan)
{
	return bits[vlan / 64] >> vlan % 64 & 1;
}

static void
set_bit(uint64_t *bits, uint16_t vlan, bool on)
{
	bits[vlan / 64] &= ~(1ull << vlan % 64);
	bits[vlan / 64] |= (uint64_t)on << vlan % 64;
}

void
vlanset_put(struct vlanset *set, const struct vlan_settings *range)
{
	assert(range->first >= 1 && range->last <= VLAN_ID_MAX);
	for (uint16_t vlan = range->first; vlan <= range->last; vlan++) {
		set_bit(set->members, vlan, true);
		set_bit(set->untagged, vlan, range->untagged);
		if (range->primary)
			set->primary = vlan;
		else if (set->primary == vlan)
			set->primary = 0;
	}
}

void
vlanset_remove(struct vlanset *set, uint16_t first, uint16_t last)
{
	assert(first >= 1 && last <= VLAN_ID_MAX);
	for (uint16_t vlan = first; vlan <= last; vlan++) {
		set_bit(set->members, vlan, false);
		set_bit(set->untagged, vlan, false);
	}
	if (set->primary >= first && set->primary <= last)
		set->primary = 0;
}

bool
vlanset_has(const struct vlanset *set, uint16_t vlan)
{
	return vlan <= VLAN_ID_MAX && has(set->members, vlan);
}

bool
vlanset_equal(const struct vlanset *a, const struct vlanset *b)
{
	return a->primary == b->primary &&
	       memcmp(a->members, b->members, sizeof(a->members)) == 0 &&
	       memcmp(a->untagged, b->untagged, sizeof(a->untagged)) == 0;
}

/* Of a set those that these bits say. */
static struct vlanset
cut(const struct vlanset *set, const uint64_t *bits)
{
	struct vlanset part = *set;

	for (size_t i = 0; i < ARRAY_SIZE(part.members); i++) {
		part.members[i] &= bits[i];
		part.untagged[i] &= bits[i];
	}
	if (!has(part.members, part.primary))
		part.primary = 0;
	return part;
}

struct vlanset
vlanset_missing(const struct vlanset *set, const struct vlanset *other)
{
	uint64_t bits[ARRAY_SIZE(set->members)];

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		bits[i] = ~other->members[i];
	return cut(set, bits);
}

struct vlanset
vlanset_changed(const struct vlanset *set, const struct vlanset *other)
{
	uint64_t bits[ARRAY_SIZE(set->members)];

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		bits[i] = ~other->members[i] | (set->untagged[i] ^ other->untagged[i]);
	if (set->primary != other->primary) {
		set_bit(bits, set->primary, true);
		set_bit(bits, other->primary, true);
	}
	return cut(set, bits);
}

bool
vlanset_next(const struct vlanset *set, uint16_t after, struct vlan_settings *ret)
{
	unsigned vlan = after + 1u;

	/* Most sets have few members: 64 numbers at a time are skipped. */
	while (vlan <= VLAN_ID_MAX && !has(set->members, (uint16_t)vlan))
		vlan += set->members[vlan / 64] == 0 ? 64 - vlan % 64 : 1;
	if (vlan > VLAN_ID_MAX)
		return false;
	*ret = (struct vlan_settings){ (uint16_t)vlan, (uint16_t)vlan,
	                               has(set->untagged, (uint16_t)vlan), set->primary == vlan };
	while (!ret->primary && ++vlan <= VLAN_ID_MAX && has(set->members, (uint16_t)vlan) &&
	       has(set->untagged, (uint16_t)vlan) == ret->untagged && set->primary != vlan)
		ret->last = (uint16_t)vlan;
	return true;
}
