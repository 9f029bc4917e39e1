/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses in route netlink, with their mark (the kernel's "address protocol") and their lease (a
 * lifetime in whole seconds, after which the kernel removes them by itself).
 */
#include "system/nladdr.h"

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "system/netlink.h"

#define FOR_EVER UINT32_MAX

bool
nladdr_decode(const struct nlmsghdr *message, int *ret_index, struct ifworld_address *ret)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *a;
	struct ip remote = { 0 };
	uint32_t flags;
	uint8_t family;

	memset(ret, 0, sizeof(*ret));
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) ||
	    (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
		return false;
	family = info->ifa_family == AF_INET ? 4 : 6;
	*ret_index = (int)info->ifa_index;
	ret->prefix.length = info->ifa_prefixlen;
	flags = info->ifa_flags;
	mnl_attr_for_each(a, message, sizeof(*info)) {
		switch (mnl_attr_get_type(a)) {
		case IFA_LOCAL:
			if (!netlink_ip(a, family, &ret->prefix.ip))
				return false;
			break;
		case IFA_ADDRESS:
			if (!netlink_ip(a, family, &remote))
				return false;
			break;
		case IFA_FLAGS:
			flags = netlink_number(a);
			break;
		case IFA_PROTO:
			ret->mark = (uint8_t)netlink_number(a);
			break;
		}
	}
	if (ret->prefix.ip.family == 0)
		ret->prefix.ip = remote;	/* IPv6 without a peer says it only here */
	ret->secondary = flags & IFA_F_SECONDARY;
	ret->leased = !(flags & IFA_F_PERMANENT);
	ret->tentative = flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED);
	return ret->prefix.ip.family != 0 &&
	       ret->prefix.length <= (family == 4 ? 32 : 128);
}

static struct nlmsghdr *
begin(void *buffer, uint16_t type, uint16_t flags, const struct ifstep *step)
{
	const struct ifaddrmsg info = {
		.ifa_family = step->prefix.ip.family == 4 ? AF_INET : AF_INET6,
		.ifa_prefixlen = step->prefix.length,
		.ifa_index = (uint32_t)step->index,
	};
	struct nlmsghdr *message = netlink_begin(buffer, type, flags, &info, sizeof(info));

	mnl_attr_put(message, IFA_LOCAL, ip_size(&step->prefix.ip), step->prefix.ip.bytes);
	mnl_attr_put(message, IFA_ADDRESS, ip_size(&step->prefix.ip), step->prefix.ip.bytes);
	return message;
}

struct nlmsghdr *
nladdr_dump(void *buffer, uint32_t sequence)
{
	const struct ifaddrmsg all = { .ifa_family = AF_UNSPEC };
	struct nlmsghdr *message = netlink_begin(buffer, RTM_GETADDR, NLM_F_DUMP, &all,
	                                         sizeof(all));

	message->nlmsg_seq = sequence;
	return message;
}

static void
put_broadcast(struct nlmsghdr *message, const struct prefix *prefix)
{
	uint8_t bytes[4];

	if (prefix->ip.family != 4 || prefix->length >= 31)
		return;
	for (unsigned i = 0; i < 4; i++) {
		unsigned kept = prefix->length <= 8 * i ? 0 :
		                prefix->length >= 8 * i + 8 ? 8 : prefix->length - 8 * i;

		bytes[i] = prefix->ip.bytes[i] | (uint8_t)(0xff >> kept);
	}
	mnl_attr_put(message, IFA_BROADCAST, sizeof(bytes), bytes);
}

static struct nlmsghdr *
add_address(void *buffer, const struct ifstep *step)
{
	struct nlmsghdr *message = begin(buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, step);
	bool virtual6 = step->mark == MARK_VIRTUAL && step->prefix.ip.family == 6;
	uint32_t lifetime = step->lease == 0 ? FOR_EVER : step->lease;
	struct ifa_cacheinfo cache = { .ifa_valid = lifetime, .ifa_prefered = lifetime };
	uint32_t flags = step->no_prefix_route ? IFA_F_NOPREFIXROUTE : 0;

	/* Whether it is unique is for VRRP to say (RFC 9568 8.2.2), and a deprecated address is
	 * never chosen as a source. */
	if (virtual6) {
		flags |= IFA_F_NODAD;
		cache.ifa_prefered = 0;
	}
	/* A replacement takes over the mark as well, so it must always be named. */
	mnl_attr_put_u8(message, IFA_PROTO, step->mark);
	if (flags != 0)
		mnl_attr_put_u32(message, IFA_FLAGS, flags);
	if (step->mark == MARK_REAL)
		put_broadcast(message, &step->prefix);
	mnl_attr_put(message, IFA_CACHEINFO, sizeof(cache), &cache);
	return message;
}

/*
 * The local route of an address, as the kernel itself would make it, or one with our mark that
 * stands in for it.
 */
static struct nlmsghdr *
change_local_route(void *buffer, const struct ifstep *step)
{
	bool add = step->kind == IFSTEP_ADD_LOCAL;
	const struct rtmsg route = {
		.rtm_family = step->prefix.ip.family == 4 ? AF_INET : AF_INET6,
		.rtm_dst_len = (uint8_t)(8 * ip_size(&step->prefix.ip)),
		.rtm_table = RT_TABLE_LOCAL,
		.rtm_type = RTN_LOCAL,
		.rtm_scope = add ? RT_SCOPE_HOST : RT_SCOPE_NOWHERE,
		.rtm_protocol = step->mark != 0 ? step->mark :
		                add ? RTPROT_KERNEL : RTPROT_UNSPEC,
	};
	struct nlmsghdr *message =
		netlink_begin(buffer, add ? RTM_NEWROUTE : RTM_DELROUTE,
		              add ? NLM_F_CREATE | NLM_F_APPEND : 0, &route, sizeof(route));

	mnl_attr_put(message, RTA_DST, ip_size(&step->prefix.ip), step->prefix.ip.bytes);
	if (add)
		mnl_attr_put(message, RTA_PREFSRC, ip_size(&step->prefix.ip),
		             step->prefix.ip.bytes);
	mnl_attr_put_u32(message, RTA_OIF, (uint32_t)step->index);
	return message;
}

struct nlmsghdr *
nladdr_change(void *buffer, const struct ifstep *step)
{
	if (step->kind == IFSTEP_ADD_ADDRESS)
		return add_address(buffer, step);
	if (step->kind == IFSTEP_SILENCE_ADDRESS || step->kind == IFSTEP_ADD_LOCAL)
		return change_local_route(buffer, step);
	assert(step->kind == IFSTEP_REMOVE_ADDRESS);
	return begin(buffer, RTM_DELADDR, 0, step);
}
