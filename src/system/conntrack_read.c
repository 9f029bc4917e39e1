/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages about flows and expectations, read in one pass and where they lie.  Attributes are
 * walked here and not by a library, as this runs for each event: a call each would cost as much as
 * the rest.
 */
#include "system/conntrack_read.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* ---- attributes ---- */

struct attribute {
	uint16_t type;
	uint16_t size;
	const uint8_t *bytes;
};

/* What is left of a list of attributes. */
struct list {
	const uint8_t *at;
	size_t left;
};

/* False at the end, and when what is left is no attribute. */
static inline bool
next(struct list *list, struct attribute *ret)
{
	struct nlattr head;
	size_t whole;

	if (list->left < sizeof(head))
		return false;
	memcpy(&head, list->at, sizeof(head));
	if (head.nla_len < sizeof(head) || head.nla_len > list->left)
		return false;
	ret->type = head.nla_type & NLA_TYPE_MASK;
	ret->size = (uint16_t)(head.nla_len - sizeof(head));
	ret->bytes = list->at + sizeof(head);
	whole = NLA_ALIGN((size_t)head.nla_len);
	whole = whole < list->left ? whole : list->left;
	list->at += whole;
	list->left -= whole;
	return true;
}

static inline struct list
inside(const struct attribute *attribute)
{
	return (struct list){ .at = attribute->bytes, .left = attribute->size };
}

/* Numbers are in network order; one of another length makes the message senseless. */

static inline bool
number8(const struct attribute *attribute, uint8_t *ret)
{
	if (attribute->size != sizeof(*ret))
		return false;
	*ret = attribute->bytes[0];
	return true;
}

static inline bool
number16(const struct attribute *attribute, uint16_t *ret)
{
	if (attribute->size != sizeof(*ret))
		return false;
	memcpy(ret, attribute->bytes, sizeof(*ret));
	*ret = ntohs(*ret);
	return true;
}

static inline bool
number32(const struct attribute *attribute, uint32_t *ret)
{
	if (attribute->size != sizeof(*ret))
		return false;
	memcpy(ret, attribute->bytes, sizeof(*ret));
	*ret = ntohl(*ret);
	return true;
}

static bool
number64(const struct attribute *attribute, uint64_t *ret)
{
	uint32_t halves[2];

	if (attribute->size != sizeof(halves))
		return false;
	memcpy(halves, attribute->bytes, sizeof(halves));
	*ret = (uint64_t)ntohl(halves[0]) << 32 | ntohl(halves[1]);
	return true;
}

/* A name that fits with its final zero; one byte 0 after another is not told apart from none. */
static bool
name(const struct attribute *attribute, char *ret, size_t size)
{
	size_t length = strnlen((const char *)attribute->bytes, attribute->size);

	if (length >= size)
		return false;
	memcpy(ret, attribute->bytes, length);
	ret[length] = '\0';
	return true;
}

/* ---- tuples ---- */

static bool
is_icmp(uint8_t protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

/* Both addresses, of the family that the key has. */
static bool
read_addresses(struct list list, struct flow_key *key)
{
	uint16_t source = key->family == 4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC;
	uint16_t destination = key->family == 4 ? CTA_IP_V4_DST : CTA_IP_V6_DST;
	uint16_t size = key->family == 4 ? 4 : 16;
	struct attribute a;
	unsigned seen = 0;

	while (next(&list, &a)) {
		if (a.type != source && a.type != destination)
			continue;
		if (a.size != size)
			return false;
		memcpy(a.type == source ? key->source : key->destination, a.bytes, size);
		seen |= a.type == source ? 1 : 2;
	}
	return seen == 3;
}

static bool
read_protocol(struct list list, struct flow_key *key)
{
	uint8_t icmp_type = 0, icmp_code = 0;
	bool numbered = false, good = true;
	struct attribute a;

	while (good && next(&list, &a)) {
		switch (a.type) {
		case CTA_PROTO_NUM:
			good = number8(&a, &key->protocol);
			numbered = true;
			break;
		case CTA_PROTO_SRC_PORT:
		case CTA_PROTO_ICMP_ID:
		case CTA_PROTO_ICMPV6_ID:
			good = number16(&a, &key->source_port);
			break;
		case CTA_PROTO_DST_PORT:
			good = number16(&a, &key->destination_port);
			break;
		case CTA_PROTO_ICMP_TYPE:
		case CTA_PROTO_ICMPV6_TYPE:
			good = number8(&a, &icmp_type);
			break;
		case CTA_PROTO_ICMP_CODE:
		case CTA_PROTO_ICMPV6_CODE:
			good = number8(&a, &icmp_code);
			break;
		}
	}
	if (is_icmp(key->protocol))
		key->destination_port = (uint16_t)(icmp_type << 8 | icmp_code);
	return good && numbered;
}

/* The key's family is known; its other fields are zero until now.  A zone inside a tuple would
 * count for this direction only. */
static bool
read_tuple(const struct attribute *tuple, struct flow_key *key)
{
	struct list list = inside(tuple);
	bool addresses = false, protocol = false;
	struct attribute a;

	while (next(&list, &a)) {
		if (a.type == CTA_TUPLE_IP)
			addresses = read_addresses(inside(&a), key);
		else if (a.type == CTA_TUPLE_PROTO)
			protocol = read_protocol(inside(&a), key);
		else if (a.type == CTA_TUPLE_ZONE)
			return false;
	}
	return addresses && protocol;
}

static uint8_t
family_of(const struct nlmsghdr *message)
{
	const struct nfgenmsg *head = NLMSG_DATA(message);

	return head->nfgen_family == AF_INET ? 4 : head->nfgen_family == AF_INET6 ? 6 : 0;
}

/* ---- what protocols say of themselves ---- */

/* Flags and the mask of those that are meant. */
static bool
tcp_flags(const struct attribute *attribute, uint8_t *ret)
{
	if (attribute->size != sizeof(struct nf_ct_tcp_flags))
		return false;
	*ret = attribute->bytes[0] & CONNTRACK_TCP_FLAGS;
	return true;
}

static bool
read_tcp(struct list list, struct flow *flow)
{
	bool good = true;
	struct attribute a;

	flow->has |= FLOW_HAS_TCP;
	while (good && next(&list, &a)) {
		switch (a.type) {
		case CTA_PROTOINFO_TCP_STATE:
			good = number8(&a, &flow->tcp.state);
			break;
		case CTA_PROTOINFO_TCP_WSCALE_ORIGINAL:
			good = number8(&a, &flow->tcp.scale[0]);
			break;
		case CTA_PROTOINFO_TCP_WSCALE_REPLY:
			good = number8(&a, &flow->tcp.scale[1]);
			break;
		case CTA_PROTOINFO_TCP_FLAGS_ORIGINAL:
			good = tcp_flags(&a, &flow->tcp.flags[0]);
			break;
		case CTA_PROTOINFO_TCP_FLAGS_REPLY:
			good = tcp_flags(&a, &flow->tcp.flags[1]);
			break;
		}
	}
	return good;
}

static bool
read_sctp(struct list list, struct flow *flow)
{
	bool good = true;
	struct attribute a;

	flow->has |= FLOW_HAS_SCTP;
	while (good && next(&list, &a)) {
		switch (a.type) {
		case CTA_PROTOINFO_SCTP_STATE:
			good = number8(&a, &flow->sctp.state);
			break;
		case CTA_PROTOINFO_SCTP_VTAG_ORIGINAL:
			good = number32(&a, &flow->sctp.tag[0]);
			break;
		case CTA_PROTOINFO_SCTP_VTAG_REPLY:
			good = number32(&a, &flow->sctp.tag[1]);
			break;
		}
	}
	return good;
}

static bool
read_dccp(struct list list, struct flow *flow)
{
	bool good = true;
	struct attribute a;

	flow->has |= FLOW_HAS_DCCP;
	while (good && next(&list, &a)) {
		switch (a.type) {
		case CTA_PROTOINFO_DCCP_STATE:
			good = number8(&a, &flow->dccp.state);
			break;
		case CTA_PROTOINFO_DCCP_ROLE:
			good = number8(&a, &flow->dccp.role);
			break;
		case CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ:
			good = number64(&a, &flow->dccp.handshake);
			break;
		}
	}
	return good;
}

static bool
read_protoinfo(struct list list, struct flow *flow)
{
	struct attribute a;

	while (next(&list, &a)) {
		if (a.type == CTA_PROTOINFO_TCP)
			return read_tcp(inside(&a), flow);
		if (a.type == CTA_PROTOINFO_SCTP)
			return read_sctp(inside(&a), flow);
		if (a.type == CTA_PROTOINFO_DCCP)
			return read_dccp(inside(&a), flow);
	}
	return true;
}

/* ---- the rest of a flow ---- */

static bool
read_helper(struct list list, struct flow *flow)
{
	struct attribute a;

	while (next(&list, &a)) {
		if (a.type != CTA_HELP_NAME)
			continue;
		if (!name(&a, flow->helper, sizeof(flow->helper)))
			return false;
		if (flow->helper[0])
			flow->has |= FLOW_HAS_HELPER;
	}
	return true;
}

/* The kernel wants four bytes each, and knows 128 labels. */
static bool
read_labels(const struct attribute *attribute, struct flow *flow)
{
	if (attribute->size > sizeof(flow->labels))
		return false;
	memcpy(flow->labels, attribute->bytes, attribute->size);
	flow->has |= FLOW_HAS_LABELS;
	return true;
}

static bool
read_seqadj(struct list list, struct flow *flow, unsigned direction)
{
	struct flow_seqadj *seqadj = &flow->seqadj[direction];
	bool good = true;
	struct attribute a;

	flow->has |= FLOW_HAS_SEQADJ;
	while (good && next(&list, &a)) {
		switch (a.type) {
		case CTA_SEQADJ_CORRECTION_POS:
			good = number32(&a, &seqadj->correction_at);
			break;
		case CTA_SEQADJ_OFFSET_BEFORE:
			good = number32(&a, &seqadj->before);
			break;
		case CTA_SEQADJ_OFFSET_AFTER:
			good = number32(&a, &seqadj->after);
			break;
		}
	}
	return good;
}

/* Flows put in by requests have room for it, and nothing in there. */
static bool
read_synproxy(struct list list, struct flow *flow)
{
	bool good = true;
	struct attribute a;

	while (good && next(&list, &a)) {
		switch (a.type) {
		case CTA_SYNPROXY_ISN:
			good = number32(&a, &flow->synproxy.initial);
			break;
		case CTA_SYNPROXY_ITS:
			good = number32(&a, &flow->synproxy.timestamp);
			break;
		case CTA_SYNPROXY_TSOFF:
			good = number32(&a, &flow->synproxy.offset);
			break;
		}
	}
	if (flow->synproxy.initial || flow->synproxy.timestamp || flow->synproxy.offset)
		flow->has |= FLOW_HAS_SYNPROXY;
	return good;
}

static bool
read_master(const struct attribute *attribute, struct flow *flow)
{
	flow->master.family = flow->key.family;
	flow->has |= FLOW_HAS_MASTER;
	return read_tuple(attribute, &flow->master);
}

/* Where the way back differs from the way there, the kernel translates; if it says so. */
static void
find_nat(struct flow *flow, const struct flow_key *reply, uint32_t status)
{
	bool icmp = is_icmp(flow->key.protocol);

	if (status & IPS_SRC_NAT) {
		flow->has |= FLOW_HAS_SOURCE_NAT;
		memcpy(flow->source_nat.address, reply->destination, 16);
		flow->source_nat.port = icmp ? reply->source_port : reply->destination_port;
	}
	if (status & IPS_DST_NAT) {
		flow->has |= FLOW_HAS_DESTINATION_NAT;
		memcpy(flow->destination_nat.address, reply->source, 16);
		flow->destination_nat.port = icmp ? 0 : reply->source_port;
	}
}

/* What is neither tuple, zone nor status. */
static bool
read_detail(const struct attribute *a, struct flow *flow)
{
	switch (a->type) {
	case CTA_TIMEOUT:
		flow->has |= FLOW_HAS_TIMEOUT;
		return number32(a, &flow->timeout);
	case CTA_MARK:
		flow->has |= FLOW_HAS_MARK;
		return number32(a, &flow->mark);
	case CTA_PROTOINFO:
		return read_protoinfo(inside(a), flow);
	case CTA_HELP:
		return read_helper(inside(a), flow);
	case CTA_LABELS:
		return read_labels(a, flow);
	case CTA_SEQ_ADJ_ORIG:
		return read_seqadj(inside(a), flow, 0);
	case CTA_SEQ_ADJ_REPLY:
		return read_seqadj(inside(a), flow, 1);
	case CTA_SYNPROXY:
		return read_synproxy(inside(a), flow);
	case CTA_TUPLE_MASTER:
		return read_master(a, flow);
	default:
		return true;
	}
}

/* ---- messages ---- */

static bool
attributes_of(const struct nlmsghdr *message, struct list *ret)
{
	const size_t head = NLMSG_LENGTH(NLMSG_ALIGN(sizeof(struct nfgenmsg)));

	if (message->nlmsg_len < head)
		return false;
	*ret = (struct list){ .at = (const uint8_t *)message + head,
	                      .left = message->nlmsg_len - head };
	return true;
}

enum conntrack_kind
conntrack_kind(const struct nlmsghdr *message)
{
	switch (message->nlmsg_type) {
	case NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW:
		return CONNTRACK_FLOW;
	case NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE:
		return CONNTRACK_FLOW_GONE;
	case NFNL_SUBSYS_CTNETLINK_EXP << 8 | IPCTNL_MSG_EXP_NEW:
		return CONNTRACK_EXPECTATION;
	case NFNL_SUBSYS_CTNETLINK_EXP << 8 | IPCTNL_MSG_EXP_DELETE:
		return CONNTRACK_EXPECTATION_GONE;
	default:
		return CONNTRACK_OTHER;
	}
}

bool
conntrack_read_flow(const struct nlmsghdr *message, struct flow *ret)
{
	struct flow_key reply = { .family = 0 };
	bool has_key = false, has_reply = false, good = true;
	uint32_t status = 0;
	struct attribute a;
	struct list list;

	memset(ret, 0, sizeof(*ret));
	if (!attributes_of(message, &list))
		return false;
	reply.family = ret->key.family = family_of(message);
	if (ret->key.family == 0)
		return false;
	while (good && next(&list, &a)) {
		switch (a.type) {
		case CTA_TUPLE_ORIG:
			good = has_key = read_tuple(&a, &ret->key);
			break;
		case CTA_TUPLE_REPLY:
			good = has_reply = read_tuple(&a, &reply);
			break;
		case CTA_ZONE:
			good = number16(&a, &ret->key.zone);
			break;
		case CTA_STATUS:
			good = number32(&a, &status);
			ret->has |= FLOW_HAS_STATUS;
			break;
		default:
			good = read_detail(&a, ret);
		}
	}
	if (!good || !has_key || !has_reply || reply.protocol != ret->key.protocol)
		return false;
	ret->status = status & (FLOW_SEEN_REPLY | FLOW_ASSURED);
	ret->master.zone = ret->has & FLOW_HAS_MASTER ? ret->key.zone : 0;
	find_nat(ret, &reply, status);
	return true;
}

static bool
read_expected_nat(struct list list, struct flow_expectation *expectation)
{
	bool good = true, has_tuple = false;
	uint32_t direction = 0;
	struct attribute a;

	expectation->nat.family = expectation->expected.family;
	while (good && next(&list, &a)) {
		if (a.type == CTA_EXPECT_NAT_TUPLE)
			good = has_tuple = read_tuple(&a, &expectation->nat);
		else if (a.type == CTA_EXPECT_NAT_DIR)
			good = number32(&a, &direction);
	}
	expectation->has_nat = true;
	expectation->nat_direction = direction ? 1 : 0;
	return good && has_tuple;
}

/* What is neither of the three tuples. */
static bool
read_expected_detail(const struct attribute *a, struct flow_expectation *expectation)
{
	switch (a->type) {
	case CTA_EXPECT_ZONE:
		return number16(a, &expectation->expected.zone);
	case CTA_EXPECT_TIMEOUT:
		return number32(a, &expectation->timeout);
	case CTA_EXPECT_CLASS:
		return number32(a, &expectation->class);
	case CTA_EXPECT_FLAGS:
		return number32(a, &expectation->flags);
	case CTA_EXPECT_HELP_NAME:
		return name(a, expectation->helper, sizeof(expectation->helper));
	case CTA_EXPECT_FN:
		return name(a, expectation->function, sizeof(expectation->function));
	case CTA_EXPECT_NAT:
		return read_expected_nat(inside(a), expectation);
	default:
		return true;
	}
}

bool
conntrack_read_expectation(const struct nlmsghdr *message, struct flow_expectation *ret)
{
	bool master = false, expected = false, mask = false, good = true;
	struct attribute a;
	struct list list;
	uint8_t family;

	memset(ret, 0, sizeof(*ret));
	if (!attributes_of(message, &list))
		return false;
	family = family_of(message);
	ret->master.family = ret->expected.family = ret->mask.family = family;
	if (family == 0)
		return false;
	while (good && next(&list, &a)) {
		switch (a.type) {
		case CTA_EXPECT_MASTER:
			good = master = read_tuple(&a, &ret->master);
			break;
		case CTA_EXPECT_TUPLE:
			good = expected = read_tuple(&a, &ret->expected);
			break;
		case CTA_EXPECT_MASK:
			good = mask = read_tuple(&a, &ret->mask);
			break;
		default:
			good = read_expected_detail(&a, ret);
		}
	}
	ret->master.zone = ret->mask.zone = ret->expected.zone;
	if (ret->has_nat)
		ret->nat.zone = ret->expected.zone;
	return good && master && expected && mask;
}
