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
add_hop(struct ifroute *route, int link)
{
	if (route->hop_count < IFROUTE_HOPS)
		route->hops[route->hop_count].link = link;
	if (route->hop_count <= IFROUTE_HOPS)
		route->hop_count++;
}

/* The gateway among the attributes of a next hop, if there is one. */
static bool
decode_gateway(const uint8_t *attributes, size_t length, uint8_t family, struct ip *ret)
{
	const struct nlattr *attr;

	mnl_attr_for_each_payload((const void *)attributes, length) {
		if (mnl_attr_get_type(attr) == RTA_GATEWAY)
			return netlink_ip(attr, family, ret);
	}
	return true;
}

/* Several next hops: each with a length of its own, as attributes are but without a type. */
static bool
decode_hops(const struct nlattr *attribute, uint8_t family, struct ifroute *route)
{
	const uint8_t *at = mnl_attr_get_payload(attribute);
	size_t left = mnl_attr_get_payload_len(attribute);
	struct rtnexthop hop;

	while (left >= sizeof(hop)) {
		size_t step;

		memcpy(&hop, at, sizeof(hop));
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > left)
			return true;
		if (route->hop_count < IFROUTE_HOPS &&
		    !decode_gateway(at + sizeof(hop), hop.rtnh_len - sizeof(hop), family,
		                    &route->hops[route->hop_count].gateway))
			return false;
		add_hop(route, hop.rtnh_ifindex);
		step = RTNH_ALIGN(hop.rtnh_len);
		step = step > left ? left : step;
		at += step;
		left -= step;
	}
	return true;
}

static bool
decode_attribute(const struct nlattr *a, uint8_t family, struct ifroute *route)
{
	switch (mnl_attr_get_type(a)) {
	case RTA_DST:
		return netlink_ip(a, family, &route->destination.ip);
	case RTA_GATEWAY:
		return netlink_ip(a, family, &route->hops[0].gateway);
	case RTA_PREFSRC:
		return netlink_ip(a, family, &route->source);
	case RTA_OIF:
		add_hop(route, (int)netlink_number(a));
		break;
	case RTA_MULTIPATH:
		return decode_hops(a, family, route);
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
	ret->answers = info->rtm_type == RTN_UNREACHABLE || info->rtm_type == RTN_PROHIBIT;
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

static void
put_gateway(struct nlmsghdr *message, const struct ip *gateway)
{
	if (gateway->family != 0)
		mnl_attr_put(message, RTA_GATEWAY, ip_size(gateway), gateway->bytes);
}

static void
put_hops(struct nlmsghdr *message, const struct ifroute *r)
{
	struct nlattr *nest;

	if (r->hop_count <= 1) {
		put_gateway(message, &r->hops[0].gateway);
		if (r->hop_count == 1)
			mnl_attr_put_u32(message, RTA_OIF, (uint32_t)r->hops[0].link);
		return;
	}
	assert(r->hop_count <= IFROUTE_HOPS);
	nest = mnl_attr_nest_start(message, RTA_MULTIPATH);
	for (unsigned i = 0; i < r->hop_count; i++) {
		struct rtnexthop *hop = mnl_nlmsg_put_extra_header(message, sizeof(*hop));

		hop->rtnh_ifindex = r->hops[i].link;
		put_gateway(message, &r->hops[i].gateway);
		hop->rtnh_len = (uint16_t)((uint8_t *)mnl_nlmsg_get_payload_tail(message) -
		                           (uint8_t *)hop);
	}
	mnl_attr_nest_end(message, nest);
}

static uint8_t
type_of(const struct ifroute *r)
{
	if (r->kind != IFROUTE_REFUSAL)
		return RTN_UNICAST;
	return r->answers ? RTN_UNREACHABLE : RTN_BLACKHOLE;
}

struct nlmsghdr *
nlroute_change(void *buffer, const struct ifstep *step)
{
	const struct ifroute *r = &step->route;
	bool add = step->kind != IFSTEP_REMOVE_ROUTE;
	bool direct = r->hop_count <= 1 && r->hops[0].gateway.family == 0 &&
	              r->destination.ip.family == 4;
	uint16_t flags = !add ? 0 : step->kind == IFSTEP_NEW_ROUTE ? NLM_F_CREATE | NLM_F_EXCL :
	                 NLM_F_CREATE | NLM_F_REPLACE;
	struct nlmsghdr *message;

	assert(ifstep_is_route(step));
	message = begin(buffer, add ? RTM_NEWROUTE : RTM_DELROUTE, flags, (struct rtmsg){
		.rtm_family = r->destination.ip.family == 4 ? AF_INET : AF_INET6,
		.rtm_dst_len = r->destination.length,
		.rtm_table = r->table < 256 ? (uint8_t)r->table : RT_TABLE_UNSPEC,
		.rtm_protocol = r->protocol,
		.rtm_scope = !add ? RT_SCOPE_NOWHERE :
		             direct && r->kind == IFROUTE_UNICAST ? RT_SCOPE_LINK :
		             RT_SCOPE_UNIVERSE,
		.rtm_type = type_of(r),
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
	if (r->source.family != 0)
		mnl_attr_put(message, RTA_PREFSRC, ip_size(&r->source), r->source.bytes);
	put_hops(message, r);
	return message;
}
