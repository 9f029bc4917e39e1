/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VLANs that a port of a switch carries: which, which of them leave it without their tag, and
 * to which one frames without a tag belong.  Pure data.
 */
#ifndef TANDEM_VLANSET_H
#define TANDEM_VLANSET_H

#include "base/base.h"
#include "core/settings.h"

struct vlanset {
	uint64_t members[(VLAN_ID_MAX + 1 + 63) / 64];
	uint64_t untagged[(VLAN_ID_MAX + 1 + 63) / 64];	/* a part of members */
	uint16_t primary;		/* a member, or 0 = none */
};

/* Add the VLANs of a range (1..VLAN_ID_MAX), or give those that are there other properties. */
void vlanset_put(struct vlanset *set, const struct vlan_settings *range);
void vlanset_remove(struct vlanset *set, uint16_t first, uint16_t last);

bool vlanset_has(const struct vlanset *set, uint16_t vlan);
bool vlanset_equal(const struct vlanset *a, const struct vlanset *b);
/* Those of a set that another lacks; and those that another lacks or has with other properties. */
struct vlanset vlanset_missing(const struct vlanset *set, const struct vlanset *other);
struct vlanset vlanset_changed(const struct vlanset *set, const struct vlanset *other);

/* Walk through the ranges of equal properties in rising order: the first that begins behind VLAN
 * after (0: the first of all).  False when there is none. */
bool vlanset_next(const struct vlanset *set, uint16_t after, struct vlan_settings *ret);

#endif
