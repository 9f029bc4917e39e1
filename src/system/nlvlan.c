/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VLANs of bridges in route netlink.  The kernel tells of them in messages of their own (since
 * Linux 5.6), not in those of links.
 */
#include "system/nlvlan.h"

#include <libmnl/libmnl.h>
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "system/netlink.h"

/* False when an entry of the kernel's list makes no sense. */
static bool
decode_entry(const struct nlattr *entry, struct vlan_settings *ret)
{
	struct bridge_vlan_info info = { 0 };
	const struct nlattr *a;
	uint16_t last = 0;

	mnl_attr_for_each_nested(a, entry) {
		if (mnl_attr_get_type(a) == BRIDGE_VLANDB_ENTRY_INFO &&
		    mnl_attr_get_payload_len(a) >= sizeof(info))
			memcpy(&info, mnl_attr_get_payload(a), sizeof(info));
		if (mnl_attr_get_type(a) == BRIDGE_VLANDB_ENTRY_RANGE)
			last = (uint16_t)netlink_number(a);
	}
	*ret = (struct vlan_settings){
		.first = info.vid,
		.last = last != 0 ? last : info.vid,
		.untagged = info.flags & BRIDGE_VLAN_INFO_UNTAGGED,
		.primary = info.flags & BRIDGE_VLAN_INFO_PVID,
	};
	return ret->first >= 1 && ret->last >= ret->first && ret->last <= VLAN_ID_MAX &&
	       (!ret->primary || ret->first == ret->last);
}

void
nlvlan_decode(const struct nlmsghdr *message,
              void (*on_range)(void *owner, int index, const struct vlan_settings *range),
              void *owner)
{
	const struct br_vlan_msg *fixed = mnl_nlmsg_get_payload(message);
	struct vlan_settings range;
	const struct nlattr *a;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*fixed) || fixed->ifindex == 0 ||
	    fixed->ifindex > INT32_MAX)
		return;
	mnl_attr_for_each(a, message, sizeof(*fixed)) {
		if (mnl_attr_get_type(a) == BRIDGE_VLANDB_ENTRY && decode_entry(a, &range))
			on_range(owner, (int)fixed->ifindex, &range);
	}
}

static struct nlmsghdr *
begin(void *buffer, uint16_t type, uint16_t flags, int index)
{
	const struct br_vlan_msg fixed = { .family = AF_BRIDGE, .ifindex = (uint32_t)index };

	return netlink_begin(buffer, type, flags, &fixed, sizeof(fixed));
}

struct nlmsghdr *
nlvlan_dump(void *buffer, uint32_t sequence)
{
	struct nlmsghdr *message = begin(buffer, RTM_GETVLAN, NLM_F_DUMP, 0);

	message->nlmsg_seq = sequence;
	return message;
}

struct nlmsghdr *
nlvlan_change(void *buffer, const struct ifstep *step)
{
	bool add = step->kind == IFSTEP_ADD_VLANS;
	struct nlmsghdr *m = begin(buffer, add ? RTM_NEWVLAN : RTM_DELVLAN, 0, step->index);
	struct nlattr *entry = mnl_attr_nest_start(m, BRIDGE_VLANDB_ENTRY);
	struct bridge_vlan_info info = { .vid = step->vlans.first };

	assert(add || step->kind == IFSTEP_REMOVE_VLANS);
	if (add && step->vlans.untagged)
		info.flags |= BRIDGE_VLAN_INFO_UNTAGGED;
	if (add && step->vlans.primary)
		info.flags |= BRIDGE_VLAN_INFO_PVID;
	mnl_attr_put(m, BRIDGE_VLANDB_ENTRY_INFO, sizeof(info), &info);
	if (step->vlans.last != step->vlans.first)
		mnl_attr_put_u16(m, BRIDGE_VLANDB_ENTRY_RANGE, step->vlans.last);
	mnl_attr_nest_end(m, entry);
	return m;
}
