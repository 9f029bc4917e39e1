/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes in route netlink, of both families, with one next hop or several.
 */
#include "system/nlroute.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "system/netlink.h"

/* ---- decoding ---- */

static void
add_link(struct ifroute *route, int index)
{
	if (route->link_count < IFROUTE_LINKS)
		route->links[route->link_count] = index;
	if (route->link_count <= IFROUTE_LINKS)
		route->link_count++;
}

/* Several next hops: each with a length of its own, as attributes are but without a type. */
static void
decode_hops(const struct nlattr *attribute, struct ifroute *route)
{
	const uint8_t *at = mnl_attr_get_payload(attribute);
	size_t left = mnl_attr_get_payload_len(attribute);
	struct rtnexthop hop;

	while (left >= sizeof(hop)) {
		size_t step;

		memcpy(&hop, at, sizeof(hop));
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > left)
			return;
		add_link(route, hop.rtnh_ifindex);
		step = RTNH_ALIGN(hop.rtnh_len);
		step = step > left ? left : step;
		at += step;
		left -= step;
	}
}

static bool
decode_attribute(const struct nlattr *a, uint8_t family, struct ifroute *route)
{
	switch (mnl_attr_get_type(a)) {
	case RTA_DST:
		return netlink_ip(a, family, &route->destination.ip);
	case RTA_GATEWAY:
		return netlink_ip(a, family, &route->gateway);
	case RTA_PREFSRC:
		return netlink_ip(a, family, &route->source);
	case RTA_OIF:
		add_link(route, (int)netlink_number(a));
		break;
	case RTA_MULTIPATH:
		decode_hops(a, route);
		break;
	case RTA_TABLE:
		route->table = netlink_number(a);
		break;
	case RTA_PRIORITY:
		route->metric = netlink_number(a);
		break;
	}
	return true;
}

static uint8_t
kind_of(const struct rtmsg *info)
{
	switch (info->rtm_type) {
	case RTN_UNICAST:
		return IFROUTE_UNICAST;
	case RTN_LOCAL:
		return info->rtm_protocol == MARK_VIRTUAL ? IFROUTE_STAND_IN : IFROUTE_OTHER;
	case RTN_BLACKHOLE:
	case RTN_UNREACHABLE:
	case RTN_PROHIBIT:
		return IFROUTE_REFUSAL;
	case RTN_THROW:
		return IFROUTE_THROW;
	default:
		return IFROUTE_OTHER;
	}
}

bool
nlroute_decode(const struct nlmsghdr *message, struct ifroute *ret)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *a;
	uint8_t family;

	memset(ret, 0, sizeof(*ret));
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) ||
	    (info->rtm_family != AF_INET && info->rtm_family != AF_INET6) ||
	    info->rtm_flags & RTM_F_CLONED)
		return false;
	family = info->rtm_family == AF_INET ? 4 : 6;
	ret->kind = kind_of(info);
	ret->protocol = info->rtm_protocol;
	ret->table = info->rtm_table;
	ret->destination.ip.family = family;
	ret->destination.length = info->rtm_dst_len;
	mnl_attr_for_each(a, message, sizeof(*info)) {
		if (!decode_attribute(a, family, ret))
			return false;
	}
	return info->rtm_dst_len <= (family == 4 ? 32 : 128);
}

bool
nlroute_replaces(const struct nlmsghdr *message)
{
	return message->nlmsg_type == RTM_NEWROUTE && message->nlmsg_flags & NLM_F_REPLACE;
}

/* ---- requests ---- */

static struct nlmsghdr *
begin(void *buffer, uint16_t type, uint16_t flags, struct rtmsg info)
{
	return netlink_begin(buffer, type, flags, &info, sizeof(info));
}

struct nlmsghdr *
nlroute_dump(void *buffer, uint32_t sequence, uint8_t family, uint8_t mark)
{
	struct nlmsghdr *message = begin(buffer, RTM_GETROUTE, NLM_F_DUMP, (struct rtmsg){
		.rtm_family = family == 4 ? AF_INET : AF_INET6,
		.rtm_protocol = mark,
	});

	message->nlmsg_seq = sequence;
	return message;
}

struct nlmsghdr *
nlroute_change(void *buffer, const struct ifstep *step)
{
	const struct ifroute *r = &step->route;
	bool add = step->kind == IFSTEP_ADD_ROUTE;
	bool direct = r->gateway.family == 0 && r->destination.ip.family == 4;
	struct nlmsghdr *message;

	assert(add || step->kind == IFSTEP_REMOVE_ROUTE);
	message = begin(buffer, add ? RTM_NEWROUTE : RTM_DELROUTE,
	                add ? NLM_F_CREATE | NLM_F_REPLACE : 0, (struct rtmsg){
		.rtm_family = r->destination.ip.family == 4 ? AF_INET : AF_INET6,
		.rtm_dst_len = r->destination.length,
		.rtm_table = r->table < 256 ? (uint8_t)r->table : RT_TABLE_UNSPEC,
		.rtm_protocol = MARK_VIRTUAL,
		.rtm_scope = !add ? RT_SCOPE_NOWHERE :
		             direct && r->kind == IFROUTE_UNICAST ? RT_SCOPE_LINK :
		             RT_SCOPE_UNIVERSE,
		.rtm_type = r->kind == IFROUTE_REFUSAL ? RTN_BLACKHOLE : RTN_UNICAST,
	});
	if (r->destination.length > 0)
		mnl_attr_put(message, RTA_DST, ip_size(&r->destination.ip),
		             r->destination.ip.bytes);
	mnl_attr_put_u32(message, RTA_TABLE, r->table);
	if (r->metric != 0)
		mnl_attr_put_u32(message, RTA_PRIORITY, r->metric);
	/* Table, network, metric and mark say which one goes, wherever it led. */
	if (!add)
		return message;
	if (r->gateway.family != 0)
		mnl_attr_put(message, RTA_GATEWAY, ip_size(&r->gateway), r->gateway.bytes);
	if (r->source.family != 0)
		mnl_attr_put(message, RTA_PREFSRC, ip_size(&r->source), r->source.bytes);
	if (r->link_count > 0)
		mnl_attr_put_u32(message, RTA_OIF, (uint32_t)r->links[0]);
	return message;
}
