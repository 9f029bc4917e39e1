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
	const uint8_t *bytes = mnl_attr_get_payload(attribute);

	if (mnl_attr_get_payload_len(attribute) != (family == 4 ? 4 : 16) ||
	    length > (family == 4 ? 32 : 128))
		return false;
	prefix->ip = family == 4 ? ip_from_v4(bytes) : ip_from_v6(bytes);
	prefix->length = length;
	return true;
}

static void
copy_name(char name[NAME_SIZE], const struct nlattr *attribute)
{
	size_t length = mnl_attr_get_payload_len(attribute);

	if (length >= NAME_SIZE)
		length = NAME_SIZE - 1;
	memset(name, 0, NAME_SIZE);
	memcpy(name, mnl_attr_get_payload(attribute),
	       strnlen(mnl_attr_get_payload(attribute), length));
}

static uint32_t
number_of(const struct nlattr *attribute)
{
	switch (mnl_attr_get_payload_len(attribute)) {
	case 1:
		return mnl_attr_get_u8(attribute);
	case 4:
		return mnl_attr_get_u32(attribute);
	default:
		return 0;
	}
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
		copy_name(rule->in, a);
		break;
	case FRA_OIFNAME:
		copy_name(rule->out, a);
		break;
	case FRA_PRIORITY:
		rule->priority = number_of(a);
		break;
	case FRA_TABLE:
		rule->table = number_of(a);
		break;
	case FRA_FWMARK:
		rule->mark = number_of(a);
		break;
	case FRA_PROTOCOL:
		rule->protocol = (uint8_t)number_of(a);
		break;
	case FRA_TUN_ID:
	case FRA_UID_RANGE:
	case FRA_IP_PROTO:
	case FRA_SPORT_RANGE:
	case FRA_DPORT_RANGE:
	case FRA_L3MDEV:
		/* Reported as a number that is zero, or not at all, where it is no condition. */
		rule->plain &= mnl_attr_get_type(a) == FRA_L3MDEV && number_of(a) == 0;
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
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	memcpy(mnl_nlmsg_put_extra_header(message, sizeof(info)), &info, sizeof(info));
	return message;
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
