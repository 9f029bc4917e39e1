/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routing rules in route netlink.  Conditions that we never set are not decoded one by one; a rule
 * that has one is just not plain.
 */
#include "system/nlrule.h"

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "system/netlink.h"

static bool
read_prefix(const struct nlattr *attribute, uint8_t family, uint8_t length, struct prefix *prefix)
{
	prefix->length = length;
	return length <= (family == 4 ? 32 : 128) && netlink_ip(attribute, family, &prefix->ip);
}

static bool
decode_attribute(const struct nlattr *a, const struct fib_rule_hdr *info, struct ifrule *rule)
{
	switch (mnl_attr_get_type(a)) {
	case FRA_SRC:
		return read_prefix(a, rule->family, info->src_len, &rule->from);
	case FRA_DST:
		return read_prefix(a, rule->family, info->dst_len, &rule->to);
	case FRA_IIFNAME:
		netlink_text(a, rule->in, sizeof(rule->in));
		break;
	case FRA_OIFNAME:
		netlink_text(a, rule->out, sizeof(rule->out));
		break;
	case FRA_PRIORITY:
		rule->priority = netlink_number(a);
		break;
	case FRA_TABLE:
		rule->table = netlink_number(a);
		break;
	case FRA_FWMARK:
		rule->mark = netlink_number(a);
		break;
	case FRA_PROTOCOL:
		rule->protocol = (uint8_t)netlink_number(a);
		break;
	case FRA_TUN_ID:
	case FRA_UID_RANGE:
	case FRA_IP_PROTO:
	case FRA_SPORT_RANGE:
	case FRA_DPORT_RANGE:
	case FRA_L3MDEV:
		/* Reported as a number that is zero, or not at all, where it is no condition. */
		rule->plain &= mnl_attr_get_type(a) == FRA_L3MDEV && netlink_number(a) == 0;
		break;
	}
	return true;
}

bool
nlrule_decode(const struct nlmsghdr *message, struct ifrule *ret)
{
	const struct fib_rule_hdr *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *a;

	memset(ret, 0, sizeof(*ret));
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) ||
	    (info->family != AF_INET && info->family != AF_INET6))
		return false;
	ret->family = info->family == AF_INET ? 4 : 6;
	ret->table = info->table;
	ret->action = info->action == FR_ACT_TO_TBL ? IFRULE_TABLE :
	              info->action == FR_ACT_BLACKHOLE || info->action == FR_ACT_UNREACHABLE ||
	              info->action == FR_ACT_PROHIBIT ? IFRULE_REFUSAL : IFRULE_OTHER;
	ret->plain = info->tos == 0 && !(info->flags & FIB_RULE_INVERT);
	mnl_attr_for_each(a, message, sizeof(*info)) {
		if (!decode_attribute(a, info, ret))
			return false;
	}
	ret->plain &= ret->from.length == 0 && ret->to.length == 0 && ret->mark == 0 &&
	              ret->in[0] == '\0' && ret->out[0] == '\0';
	return true;
}

static struct nlmsghdr *
begin(void *buffer, uint16_t type, uint16_t flags, struct fib_rule_hdr info)
{
	return netlink_begin(buffer, type, flags, &info, sizeof(info));
}

struct nlmsghdr *
nlrule_dump(void *buffer, uint32_t sequence, uint8_t family)
{
	struct nlmsghdr *message = begin(buffer, RTM_GETRULE, NLM_F_DUMP, (struct fib_rule_hdr){
		.family = family == 4 ? AF_INET : AF_INET6,
	});

	message->nlmsg_seq = sequence;
	return message;
}

struct nlmsghdr *
nlrule_change(void *buffer, const struct ifstep *step)
{
	const struct ifrule *r = &step->rule;
	bool add = step->kind == IFSTEP_ADD_RULE;
	struct nlmsghdr *message;

	assert(add || step->kind == IFSTEP_REMOVE_RULE);
	message = begin(buffer, add ? RTM_NEWRULE : RTM_DELRULE,
	                add ? NLM_F_CREATE | NLM_F_EXCL : 0, (struct fib_rule_hdr){
		.family = r->family == 4 ? AF_INET : AF_INET6,
		.src_len = r->from.length,
		.dst_len = r->to.length,
		.table = r->table < 256 ? (uint8_t)r->table : RT_TABLE_UNSPEC,
		.action = FR_ACT_TO_TBL,
	});
	mnl_attr_put_u32(message, FRA_PRIORITY, r->priority);
	mnl_attr_put_u32(message, FRA_TABLE, r->table);
	mnl_attr_put_u8(message, FRA_PROTOCOL, MARK_VIRTUAL);
	if (r->from.length > 0)
		mnl_attr_put(message, FRA_SRC, ip_size(&r->from.ip), r->from.ip.bytes);
	if (r->to.length > 0)
		mnl_attr_put(message, FRA_DST, ip_size(&r->to.ip), r->to.ip.bytes);
	if (r->mark != 0)
		mnl_attr_put_u32(message, FRA_FWMARK, r->mark);
	if (r->in[0] != '\0')
		mnl_attr_put_strz(message, FRA_IIFNAME, r->in);
	if (r->out[0] != '\0')
		mnl_attr_put_strz(message, FRA_OIFNAME, r->out);
	return message;
}
