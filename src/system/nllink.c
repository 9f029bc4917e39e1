/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links in route netlink: decoding RTM_NEWLINK, writing requests.  The IPv4 layer's per-link
 * settings (arp_ignore, arp_announce, rp_filter ...) travel in the same messages, so that no file
 * below /proc is needed for them; those of the IPv6 layer can be read there, but not set.
 */
#include "system/nllink.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "system/netlink.h"
#include "system/nlvlan.h"

/* <net/if.h> and <linux/if.h> cannot be included together; these are the kernel's values. */
#define FLAG_LOWER_UP (1u << 16)
#define OPERATION_UNKNOWN 0u
#define OPERATION_UP 6u
#define BOND_MODE_KERNEL_ACTIVE_BACKUP 1u
#define BOND_MODE_KERNEL_XOR 2u
#define BOND_MODE_KERNEL_8023AD 4u
#define BOND_HASH_LAYER34 1u
#define BOND_MEMBER_ACTIVE 0u
#define BOND_MEMBER_UP 0u
#define ADDR_GEN_NONE 1u
#define TICKS_A_SECOND 100u		/* of what bridges count in */
/* Links to be deleted together have a group of the kernel in common (what "ip link" calls group);
 * nobody else uses numbers like these. */
#define BATCH_FIRST 0x56a00000u
#define BATCH_LAST 0x5eafffffu

/* ---- decoding ---- */

static uint8_t
bond_mode_from(uint32_t mode)
{
	switch (mode) {
	case BOND_MODE_KERNEL_8023AD:
		return BOND_LACP;
	case BOND_MODE_KERNEL_ACTIVE_BACKUP:
		return BOND_ACTIVE_BACKUP;
	case BOND_MODE_KERNEL_XOR:
		return BOND_BALANCED;
	default:
		return BOND_MODES;
	}
}

static void
decode_bond(const struct nlattr *data, struct ifworld_bond *bond)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, data) {
		uint32_t number = netlink_number(a);

		switch (mnl_attr_get_type(a)) {
		case IFLA_BOND_MODE:
			bond->mode = bond_mode_from(number);
			break;
		case IFLA_BOND_XMIT_HASH_POLICY:
			bond->hash34 = number == BOND_HASH_LAYER34;
			break;
		case IFLA_BOND_AD_LACP_RATE:
			bond->fast = number == 1;
			break;
		case IFLA_BOND_AD_LACP_ACTIVE:
			bond->passive = number == 0;
			break;
		case IFLA_BOND_AD_USER_PORT_KEY:
			bond->key = (uint16_t)number;
			break;
		case IFLA_BOND_MIN_LINKS:
			bond->minimum_links = number;
			break;
		case IFLA_BOND_MIIMON:
			bond->miimon = number;
			break;
		case IFLA_BOND_PRIMARY:
			bond->primary = (int)number;
			break;
		}
	}
}

static void
decode_vlan(const struct nlattr *data, struct ifworld_link *link)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, data) {
		if (mnl_attr_get_type(a) == IFLA_VLAN_ID)
			link->vlan = (uint16_t)netlink_number(a);
		if (mnl_attr_get_type(a) == IFLA_VLAN_PROTOCOL)
			link->vlan_protocol = __builtin_bswap16((uint16_t)netlink_number(a));
	}
	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		link->vlan_protocol = __builtin_bswap16(link->vlan_protocol);
}

static void
decode_bridge(const struct nlattr *data, struct ifworld_bridge *bridge)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, data) {
		uint32_t number = netlink_number(a);

		switch (mnl_attr_get_type(a)) {
		case IFLA_BR_VLAN_FILTERING:
			bridge->filtering = number != 0;
			break;
		/* Every kernel speaks of filtering, but of this only those that can filter. */
		case IFLA_BR_VLAN_DEFAULT_PVID:
			bridge->can_filter = true;
			bridge->default_primary = (uint16_t)number;
			break;
		case IFLA_BR_MCAST_SNOOPING:
			bridge->snooping = number != 0;
			break;
		case IFLA_BR_AGEING_TIME:
			bridge->aging = number / TICKS_A_SECOND;
			break;
		}
	}
}

/* What a bond says of one of its members. */
static void
decode_member(const struct nlattr *data, struct ifworld_link *link)
{
	bool active = false, up = false;
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, data) {
		if (mnl_attr_get_type(a) == IFLA_BOND_SLAVE_STATE)
			active = netlink_number(a) == BOND_MEMBER_ACTIVE;
		if (mnl_attr_get_type(a) == IFLA_BOND_SLAVE_MII_STATUS)
			up = netlink_number(a) == BOND_MEMBER_UP;
	}
	link->carries = active && up;
}

static void
decode_info(const struct nlattr *info, struct ifworld_link *link)
{
	const struct nlattr *data = NULL, *member = NULL;
	const struct nlattr *a;
	char kind[16] = "", master[16] = "";

	mnl_attr_for_each_nested(a, info) {
		if (mnl_attr_get_type(a) == IFLA_INFO_KIND)
			netlink_text(a, kind, sizeof(kind));
		if (mnl_attr_get_type(a) == IFLA_INFO_DATA)
			data = a;
		if (mnl_attr_get_type(a) == IFLA_INFO_SLAVE_KIND)
			netlink_text(a, master, sizeof(master));
		if (mnl_attr_get_type(a) == IFLA_INFO_SLAVE_DATA)
			member = a;
	}
	if (member != NULL && strcmp(master, "bond") == 0)
		decode_member(member, link);
	if (strcmp(kind, "dummy") == 0)
		link->kind = IFWORLD_DUMMY;
	if (data == NULL)
		return;
	if (strcmp(kind, "bridge") == 0) {
		link->kind = IFWORLD_BRIDGE;
		decode_bridge(data, &link->bridge);
	} else if (strcmp(kind, "bond") == 0) {
		link->kind = IFWORLD_BOND;
		decode_bond(data, &link->bond);
	} else if (strcmp(kind, "vlan") == 0) {
		link->kind = IFWORLD_VLAN;
		decode_vlan(data, link);
	} else if (strcmp(kind, "macvlan") == 0) {
		link->kind = IFWORLD_MACVLAN;
		mnl_attr_for_each_nested(a, data) {
			if (mnl_attr_get_type(a) == IFLA_MACVLAN_MODE)
				link->private = netlink_number(a) == MACVLAN_MODE_PRIVATE;
		}
	}
}

/* The kernel's identifiers: those of IPv4 begin with 1, those of IPv6 with 0. */
static const uint8_t tune_identifiers[TUNES] = {
	[TUNE_FORWARDING] = IPV4_DEVCONF_FORWARDING,
	[TUNE_PROXY_ARP] = IPV4_DEVCONF_PROXY_ARP,
	[TUNE_ARP_ACCEPT] = IPV4_DEVCONF_ARP_ACCEPT,
	[TUNE_ARP_DROP] = IPV4_DEVCONF_DROP_GRATUITOUS_ARP,
	[TUNE_ARP_NOTIFY] = IPV4_DEVCONF_ARP_NOTIFY,
	[TUNE_RP_FILTER] = IPV4_DEVCONF_RP_FILTER,
	[TUNE_LOG_MARTIANS] = IPV4_DEVCONF_LOG_MARTIANS,
	[TUNE_IGNORE_LINKDOWN4] = IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN,
	[TUNE_IGNORE_LINKDOWN6] = DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN,
	[TUNE_ACCEPT_RA] = DEVCONF_ACCEPT_RA,
	[TUNE_AUTOCONF] = DEVCONF_AUTOCONF,
	[TUNE_DISABLE_IPV6] = DEVCONF_DISABLE_IPV6,
	[TUNE_DAD_TRANSMITS] = DEVCONF_DAD_TRANSMITS,
};

/* The array of a link's IPv4 settings: one number each, in the order of their identifiers. */
static int32_t
ip_setting(const struct nlattr *conf, unsigned identifier)
{
	int32_t value = 0;

	if (mnl_attr_get_payload_len(conf) >= identifier * sizeof(value))
		memcpy(&value, (const uint8_t *)mnl_attr_get_payload(conf) +
		       (identifier - 1) * sizeof(value), sizeof(value));
	return value;
}

static void
decode_tunes(const struct nlattr *conf, enum tune first, enum tune end, struct ifworld_link *link)
{
	unsigned base = first < TUNE_IPV6 ? 0 : 1;

	for (enum tune tune = first; tune < end; tune++)
		link->tunes[tune] = (int16_t)ip_setting(conf, tune_identifiers[tune] + base);
}

static void
decode_families(const struct nlattr *families, struct ifworld_link *link)
{
	const struct nlattr *family;
	const struct nlattr *a;

	mnl_attr_for_each_nested(family, families) {
		mnl_attr_for_each_nested(a, family) {
			if (mnl_attr_get_type(family) == AF_INET &&
			    mnl_attr_get_type(a) == IFLA_INET_CONF) {
				link->arp.ignore = ip_setting(a, IPV4_DEVCONF_ARP_IGNORE);
				link->arp.announce = ip_setting(a, IPV4_DEVCONF_ARP_ANNOUNCE);
				link->arp.rp_filter = ip_setting(a, IPV4_DEVCONF_RP_FILTER);
				decode_tunes(a, 0, TUNE_IPV6, link);
			}
			if (mnl_attr_get_type(family) == AF_INET6 &&
			    mnl_attr_get_type(a) == IFLA_INET6_CONF)
				decode_tunes(a, TUNE_IPV6, TUNES, link);
			if (mnl_attr_get_type(family) == AF_INET6 &&
			    mnl_attr_get_type(a) == IFLA_INET6_ADDR_GEN_MODE)
				link->no_addr_gen = netlink_number(a) == ADDR_GEN_NONE;
		}
	}
}

static void
decode_attribute(const struct nlattr *a, struct ifworld_link *link)
{
	switch (mnl_attr_get_type(a)) {
	case IFLA_IFNAME:
		netlink_text(a, link->name, sizeof(link->name));
		break;
	case IFLA_IFALIAS:
		netlink_text(a, link->alias, sizeof(link->alias));
		break;
	case IFLA_MTU:
		link->mtu = netlink_number(a);
		break;
	case IFLA_GROUP:
		link->marked = netlink_number(a) == BATCH_FIRST;
		link->condemned = netlink_number(a) > BATCH_FIRST &&
		                  netlink_number(a) <= BATCH_LAST;
		break;
	case IFLA_MASTER:
		link->master = (int)netlink_number(a);
		break;
	case IFLA_LINK:
		link->parent = (int)netlink_number(a);
		break;
	case IFLA_OPERSTATE:
		link->oper_up = netlink_number(a) == OPERATION_UP ||
		                netlink_number(a) == OPERATION_UNKNOWN;
		break;
	case IFLA_ADDRESS:
		if (mnl_attr_get_payload_len(a) == sizeof(link->mac.bytes))
			memcpy(link->mac.bytes, mnl_attr_get_payload(a), sizeof(link->mac.bytes));
		break;
	case IFLA_LINKINFO:
		decode_info(a, link);
		break;
	case IFLA_AF_SPEC:
		decode_families(a, link);
		break;
	}
}

bool
nllink_decode(const struct nlmsghdr *message, struct ifworld_link *ret)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *a;
	bool elsewhere = false;

	memset(ret, 0, sizeof(*ret));
	/* Bridges report their ports in messages of the same type. */
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) || info->ifi_family != AF_UNSPEC ||
	    info->ifi_index <= 0)
		return false;
	ret->index = info->ifi_index;
	ret->up = info->ifi_flags & IFF_UP;
	ret->running = info->ifi_flags & IFF_RUNNING;
	ret->lower_up = info->ifi_flags & FLAG_LOWER_UP;
	ret->kind = info->ifi_flags & IFF_LOOPBACK ? IFWORLD_LOOPBACK : IFWORLD_OTHER;
	ret->bond.mode = BOND_MODES;
	memset(ret->tunes, 0xff, sizeof(ret->tunes));
	ret->no_addr_gen = true;	/* unless it has an IPv6 layer that says otherwise */
	mnl_attr_for_each(a, message, sizeof(*info)) {
		decode_attribute(a, ret);
		if (mnl_attr_get_type(a) == IFLA_LINK_NETNSID)
			elsewhere = true;
	}
	if (elsewhere)
		ret->parent = 0;	/* its number counts in another network namespace */
	return ret->name[0] != '\0';
}

/* ---- requests ---- */

static struct nlmsghdr *
begin(void *buffer, uint16_t type, uint16_t flags, int index)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };

	return netlink_begin(buffer, type, flags, &info, sizeof(info));
}

struct nlmsghdr *
nllink_dump(void *buffer, uint32_t sequence)
{
	struct nlmsghdr *message = begin(buffer, RTM_GETLINK, NLM_F_DUMP, 0);

	message->nlmsg_seq = sequence;
	mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return message;
}

struct nlmsghdr *
nllink_get(void *buffer, int index)
{
	struct nlmsghdr *message = begin(buffer, RTM_GETLINK, 0, index);

	mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return message;
}

static uint8_t
bond_mode_to(uint8_t mode)
{
	switch ((enum bond_mode)mode) {
	case BOND_LACP:
		return BOND_MODE_KERNEL_8023AD;
	case BOND_ACTIVE_BACKUP:
		return BOND_MODE_KERNEL_ACTIVE_BACKUP;
	case BOND_BALANCED:
		return BOND_MODE_KERNEL_XOR;
	case BOND_MODES:
		break;
	}
	assert(!"bond mode");
	return 0;
}

static void
put_bond(struct nlmsghdr *m, const struct ifstep *step)
{
	const struct ifworld_bond *bond = &step->bond;
	struct nlattr *info = mnl_attr_nest_start(m, IFLA_LINKINFO);
	struct nlattr *data;

	mnl_attr_put_str(m, IFLA_INFO_KIND, "bond");
	data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
	if (step->parts & BOND_PART_MODE)
		mnl_attr_put_u8(m, IFLA_BOND_MODE, bond_mode_to(bond->mode));
	if (step->parts & BOND_PART_MIIMON)
		mnl_attr_put_u32(m, IFLA_BOND_MIIMON, bond->miimon);
	if (step->parts & BOND_PART_PRIMARY)
		mnl_attr_put_u32(m, IFLA_BOND_PRIMARY, (uint32_t)bond->primary);
	if (step->parts & BOND_PART_HASH)
		mnl_attr_put_u8(m, IFLA_BOND_XMIT_HASH_POLICY,
		                bond->hash34 ? BOND_HASH_LAYER34 : 0);
	if (step->parts & BOND_PART_MINIMUM)
		mnl_attr_put_u32(m, IFLA_BOND_MIN_LINKS, bond->minimum_links);
	if (step->parts & BOND_PART_LACP) {
		mnl_attr_put_u8(m, IFLA_BOND_AD_LACP_RATE, bond->fast);
		mnl_attr_put_u8(m, IFLA_BOND_AD_LACP_ACTIVE, !bond->passive);
		mnl_attr_put_u16(m, IFLA_BOND_AD_USER_PORT_KEY, bond->key);
	}
	mnl_attr_nest_end(m, data);
	mnl_attr_nest_end(m, info);
}

static void
put_bridge(struct nlmsghdr *m, const struct ifstep *step)
{
	const struct ifworld_bridge *bridge = &step->bridge;
	struct nlattr *info = mnl_attr_nest_start(m, IFLA_LINKINFO);
	struct nlattr *data;

	mnl_attr_put_str(m, IFLA_INFO_KIND, "bridge");
	data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
	if (step->parts & SWITCH_PART_FILTERING)
		mnl_attr_put_u8(m, IFLA_BR_VLAN_FILTERING, bridge->filtering);
	if (step->parts & SWITCH_PART_DEFAULT_PRIMARY)
		mnl_attr_put_u16(m, IFLA_BR_VLAN_DEFAULT_PVID, bridge->default_primary);
	if (step->parts & SWITCH_PART_SNOOPING)
		mnl_attr_put_u8(m, IFLA_BR_MCAST_SNOOPING, bridge->snooping);
	if (step->parts & SWITCH_PART_AGING)
		mnl_attr_put_u32(m, IFLA_BR_AGEING_TIME, bridge->aging * TICKS_A_SECOND);
	mnl_attr_nest_end(m, data);
	mnl_attr_nest_end(m, info);
}

static void
put_dummy(struct nlmsghdr *m)
{
	struct nlattr *info = mnl_attr_nest_start(m, IFLA_LINKINFO);

	mnl_attr_put_str(m, IFLA_INFO_KIND, "dummy");
	mnl_attr_nest_end(m, info);
}

static void
put_vlan(struct nlmsghdr *m, const struct ifstep *step)
{
	struct nlattr *info;
	struct nlattr *data;
	uint8_t protocol[2] = { (uint8_t)(step->vlan_protocol >> 8), (uint8_t)step->vlan_protocol };

	mnl_attr_put_u32(m, IFLA_LINK, (uint32_t)step->other);
	info = mnl_attr_nest_start(m, IFLA_LINKINFO);
	mnl_attr_put_str(m, IFLA_INFO_KIND, "vlan");
	data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
	mnl_attr_put_u16(m, IFLA_VLAN_ID, step->vlan);
	mnl_attr_put(m, IFLA_VLAN_PROTOCOL, sizeof(protocol), protocol);
	mnl_attr_nest_end(m, data);
	mnl_attr_nest_end(m, info);
}

static void
put_macvlan(struct nlmsghdr *m, const struct ifstep *step)
{
	struct nlattr *info;
	struct nlattr *data;

	mnl_attr_put_u32(m, IFLA_LINK, (uint32_t)step->other);
	mnl_attr_put(m, IFLA_ADDRESS, sizeof(step->mac.bytes), step->mac.bytes);
	info = mnl_attr_nest_start(m, IFLA_LINKINFO);
	mnl_attr_put_str(m, IFLA_INFO_KIND, "macvlan");
	data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
	mnl_attr_put_u32(m, IFLA_MACVLAN_MODE, MACVLAN_MODE_PRIVATE);
	mnl_attr_nest_end(m, data);
	mnl_attr_nest_end(m, info);
}

static void
put_arp(struct nlmsghdr *m, const struct ifworld_arp *arp)
{
	struct nlattr *families = mnl_attr_nest_start(m, IFLA_AF_SPEC);
	struct nlattr *family = mnl_attr_nest_start(m, AF_INET);
	struct nlattr *conf = mnl_attr_nest_start(m, IFLA_INET_CONF);

	if (arp->ignore >= 0)
		mnl_attr_put_u32(m, IPV4_DEVCONF_ARP_IGNORE, (uint32_t)arp->ignore);
	if (arp->announce >= 0)
		mnl_attr_put_u32(m, IPV4_DEVCONF_ARP_ANNOUNCE, (uint32_t)arp->announce);
	if (arp->rp_filter >= 0)
		mnl_attr_put_u32(m, IPV4_DEVCONF_RP_FILTER, (uint32_t)arp->rp_filter);
	mnl_attr_nest_end(m, conf);
	mnl_attr_nest_end(m, family);
	mnl_attr_nest_end(m, families);
}

static void
put_tune(struct nlmsghdr *m, enum tune tune, int16_t value)
{
	struct nlattr *families = mnl_attr_nest_start(m, IFLA_AF_SPEC);
	struct nlattr *family = mnl_attr_nest_start(m, AF_INET);
	struct nlattr *conf = mnl_attr_nest_start(m, IFLA_INET_CONF);

	assert(tune < TUNE_IPV6);
	mnl_attr_put_u32(m, tune_identifiers[tune], (uint32_t)value);
	mnl_attr_nest_end(m, conf);
	mnl_attr_nest_end(m, family);
	mnl_attr_nest_end(m, families);
}

static void
put_no_addr_gen(struct nlmsghdr *m)
{
	struct nlattr *families = mnl_attr_nest_start(m, IFLA_AF_SPEC);
	struct nlattr *family = mnl_attr_nest_start(m, AF_INET6);

	mnl_attr_put_u8(m, IFLA_INET6_ADDR_GEN_MODE, ADDR_GEN_NONE);
	mnl_attr_nest_end(m, family);
	mnl_attr_nest_end(m, families);
}

static void
put_batch(struct nlmsghdr *m, uint32_t batch)
{
	assert(batch <= BATCH_LAST - BATCH_FIRST);
	mnl_attr_put_u32(m, IFLA_GROUP, BATCH_FIRST + batch);
}

static struct nlmsghdr *
create(void *buffer, const struct ifstep *step)
{
	struct nlmsghdr *m = begin(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);

	mnl_attr_put_strz(m, IFLA_IFNAME, step->name);
	switch (step->kind) {
	case IFSTEP_CREATE_BOND:
		put_bond(m, step);
		break;
	case IFSTEP_CREATE_SWITCH:
		put_bridge(m, step);
		break;
	case IFSTEP_CREATE_LOOPBACK:
		put_dummy(m);
		break;
	case IFSTEP_CREATE_VIF:
		put_vlan(m, step);
		break;
	default:
		assert(step->kind == IFSTEP_CREATE_VIRTUAL);
		put_macvlan(m, step);
		put_batch(m, step->batch);
	}
	return m;
}

/* Options of a kind of link are changed by "new" without "create", not by "set". */
static struct nlmsghdr *
set_options(void *buffer, const struct ifstep *step)
{
	struct nlmsghdr *m = begin(buffer, RTM_NEWLINK, 0, step->index);

	if (step->kind == IFSTEP_SET_BOND)
		put_bond(m, step);
	else
		put_bridge(m, step);
	return m;
}

static struct nlmsghdr *
delete(void *buffer, const struct ifstep *step)
{
	bool batch = step->kind == IFSTEP_DELETE_BATCH;
	struct nlmsghdr *m = begin(buffer, RTM_DELLINK, 0, batch ? 0 : step->index);

	if (batch)
		put_batch(m, step->batch);
	return m;
}

static struct nlmsghdr *
set_flag(void *buffer, const struct ifstep *step)
{
	struct nlmsghdr *m = begin(buffer, RTM_SETLINK, 0, step->index);
	struct ifinfomsg *info = mnl_nlmsg_get_payload(m);

	info->ifi_change = IFF_UP;
	info->ifi_flags = step->kind == IFSTEP_SET_DOWN ? 0 : IFF_UP;
	if (step->kind == IFSTEP_RAISE)
		mnl_attr_put_u32(m, IFLA_GROUP, 0);
	return m;
}

static struct nlmsghdr *
set_attribute(void *buffer, const struct ifstep *step)
{
	struct nlmsghdr *m = begin(buffer, RTM_SETLINK, 0, step->index);
	char alias[DESCRIPTION_SIZE];

	switch (step->kind) {
	case IFSTEP_RENAME:
		mnl_attr_put_strz(m, IFLA_IFNAME, step->text);
		break;
	case IFSTEP_CONDEMN:
		put_batch(m, step->batch);
		break;
	case IFSTEP_SET_MTU:
		mnl_attr_put_u32(m, IFLA_MTU, step->mtu);
		break;
	case IFSTEP_SET_MAC:
		mnl_attr_put(m, IFLA_ADDRESS, sizeof(step->mac.bytes), step->mac.bytes);
		break;
	case IFSTEP_SET_ALIAS:
		mnl_attr_put_str(m, IFLA_IFALIAS, step->text);
		break;
	case IFSTEP_SET_GROUP_ALIAS:
		ifstep_group_alias(step->text, step->vrid, alias);
		mnl_attr_put_str(m, IFLA_IFALIAS, alias);
		mnl_attr_put_u32(m, IFLA_GROUP, 0);
		break;
	case IFSTEP_SET_MASTER:
		mnl_attr_put_u32(m, IFLA_MASTER, (uint32_t)step->other);
		break;
	case IFSTEP_SET_ARP:
		put_arp(m, &step->arp);
		break;
	case IFSTEP_SET_TUNE:
		put_tune(m, step->tune, step->value);
		break;
	default:
		assert(step->kind == IFSTEP_SET_NO_ADDR_GEN);
		put_no_addr_gen(m);
	}
	return m;
}

struct nlmsghdr *
nllink_change(void *buffer, const struct ifstep *step)
{
	switch (step->kind) {
	case IFSTEP_CREATE_BOND:
	case IFSTEP_CREATE_SWITCH:
	case IFSTEP_CREATE_LOOPBACK:
	case IFSTEP_CREATE_VIF:
	case IFSTEP_CREATE_VIRTUAL:
		return create(buffer, step);
	case IFSTEP_DELETE_LINK:
	case IFSTEP_DELETE_BATCH:
		return delete(buffer, step);
	case IFSTEP_SET_BOND:
	case IFSTEP_SET_SWITCH:
		return set_options(buffer, step);
	case IFSTEP_ADD_VLANS:
	case IFSTEP_REMOVE_VLANS:
		return nlvlan_change(buffer, step);
	case IFSTEP_SET_UP:
	case IFSTEP_SET_DOWN:
	case IFSTEP_RAISE:
		return set_flag(buffer, step);
	default:
		return set_attribute(buffer, step);
	}
}
