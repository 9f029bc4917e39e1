/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network configuration in route netlink: the kernel's word for news of numbers below
 * /proc/sys/net.
 */
#include "system/nlconf.h"

#include <libmnl/libmnl.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "core/ifworld.h"
#include "system/netlink.h"

/* Which tune an attribute is about, or TUNES. */
static enum tune
tune_of(uint16_t type, uint8_t family)
{
	switch (type) {
	case NETCONFA_FORWARDING:
		return family == AF_INET ? TUNE_FORWARDING : TUNES;
	case NETCONFA_RP_FILTER:
		return family == AF_INET ? TUNE_RP_FILTER : TUNES;
	case NETCONFA_PROXY_NEIGH:
		return family == AF_INET ? TUNE_PROXY_ARP : TUNES;
	case NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN:
		return family == AF_INET ? TUNE_IGNORE_LINKDOWN4 : TUNE_IGNORE_LINKDOWN6;
	default:
		return TUNES;
	}
}

bool
nlconf_decode(const struct nlmsghdr *message, struct nlconf *ret)
{
	const struct netconfmsg *info = mnl_nlmsg_get_payload(message);
	int index = NETCONFA_IFINDEX_DEFAULT;
	const struct nlattr *a;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) ||
	    (info->ncm_family != AF_INET && info->ncm_family != AF_INET6))
		return false;
	memset(ret->tunes, 0xff, sizeof(ret->tunes));
	mnl_attr_for_each(a, message, sizeof(*info)) {
		enum tune tune = tune_of(mnl_attr_get_type(a), info->ncm_family);

		if (mnl_attr_get_type(a) == NETCONFA_IFINDEX)
			index = (int)netlink_number(a);
		else if (tune < TUNES)
			ret->tunes[tune] = (int16_t)netlink_number(a);
	}
	ret->index = index == NETCONFA_IFINDEX_ALL ? IFWORLD_ALL : index;
	return index > 0 || index == NETCONFA_IFINDEX_ALL;
}

struct nlmsghdr *
nlconf_get_all(void *buffer, uint8_t family)
{
	const struct netconfmsg info = { .ncm_family = family == 4 ? AF_INET : AF_INET6 };
	struct nlmsghdr *message = netlink_begin(buffer, RTM_GETNETCONF, 0, &info, sizeof(info));

	mnl_attr_put_u32(message, NETCONFA_IFINDEX, (uint32_t)NETCONFA_IFINDEX_ALL);
	return message;
}
