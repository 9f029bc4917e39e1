/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests about flows and expectations.  What the kernel needs and what it refuses stands beside
 * the attribute it is about.  Nothing can overflow: the longest flow takes less than
 * CONNTRACK_REQUEST_MAX, whatever it says.
 */
#include "system/conntrack_write.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "system/conntrack_read.h"

/* ---- attributes ---- */

struct request {
	struct nlmsghdr *head;
	uint8_t *at;
};

static inline void
put(struct request *r, uint16_t type, const void *bytes, size_t size)
{
	struct nlattr attribute = { (uint16_t)(NLA_HDRLEN + size), type };

	/* The padding first: the bytes may end where it lies. */
	memset(r->at + NLA_HDRLEN + (size & ~3u), 0, size & 3 ? 4 : 0);
	memcpy(r->at, &attribute, sizeof(attribute));
	memcpy(r->at + NLA_HDRLEN, bytes, size);
	r->at += NLA_ALIGN(NLA_HDRLEN + size);
}

/* Numbers travel in network order. */

static inline void
put8(struct request *r, uint16_t type, uint8_t value)
{
	put(r, type, &value, sizeof(value));
}

static inline void
put16(struct request *r, uint16_t type, uint16_t value)
{
	value = htons(value);
	put(r, type, &value, sizeof(value));
}

static inline void
put32(struct request *r, uint16_t type, uint32_t value)
{
	value = htonl(value);
	put(r, type, &value, sizeof(value));
}

static void
put64(struct request *r, uint16_t type, uint64_t value)
{
	uint32_t halves[2] = { htonl((uint32_t)(value >> 32)), htonl((uint32_t)value) };

	put(r, type, halves, sizeof(halves));
}

/* With its final zero, and whoever forgot that one gets away with it. */
static void
put_name(struct request *r, uint16_t type, const char *name, size_t size)
{
	char text[FLOW_FUNCTION_SIZE];
	size_t length = strnlen(name, size - 1);

	memcpy(text, name, length);
	text[length] = '\0';
	put(r, type, text, length + 1);
}

/* Attributes put from here to the end of the nest are inside this one. */
static inline uint8_t *
begin(struct request *r, uint16_t type)
{
	struct nlattr attribute = { 0, type | NLA_F_NESTED };
	uint8_t *nest = r->at;

	memcpy(nest, &attribute, sizeof(attribute));
	r->at += NLA_HDRLEN;
	return nest;
}

static inline void
end(struct request *r, uint8_t *nest)
{
	uint16_t length = (uint16_t)(r->at - nest);

	memcpy(nest, &length, sizeof(length));
}

static struct request
start(void *buffer, uint16_t type, uint16_t flags, uint32_t sequence, uint8_t family)
{
	struct nfgenmsg general = {
		.nfgen_family = family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC,
		.version = NFNETLINK_V0,
	};
	struct nlmsghdr *head = buffer;

	*head = (struct nlmsghdr){ .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags,
	                           .nlmsg_seq = sequence };
	memcpy(NLMSG_DATA(head), &general, sizeof(general));
	return (struct request){ .head = head, .at = (uint8_t *)buffer +
	                                             NLMSG_LENGTH(sizeof(general)) };
}

static size_t
finish(struct request *r)
{
	size_t length = (size_t)(r->at - (uint8_t *)r->head);

	assert(length <= CONNTRACK_REQUEST_MAX);
	r->head->nlmsg_len = (uint32_t)length;
	return length;
}

/* ---- tuples ---- */

#define FLOWS (NFNL_SUBSYS_CTNETLINK << 8)
#define EXPECTATIONS (NFNL_SUBSYS_CTNETLINK_EXP << 8)

static void
put_addresses(struct request *r, const struct flow_key *key)
{
	bool four = key->family == 4;
	uint8_t *nest = begin(r, CTA_TUPLE_IP);

	put(r, four ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, key->source, four ? 4 : 16);
	put(r, four ? CTA_IP_V4_DST : CTA_IP_V6_DST, key->destination, four ? 4 : 16);
	end(r, nest);
}

static void
put_protocol(struct request *r, const struct flow_key *key)
{
	uint8_t *nest = begin(r, CTA_TUPLE_PROTO);

	put8(r, CTA_PROTO_NUM, key->protocol);
	switch (key->protocol) {
	case IPPROTO_ICMP:
		put16(r, CTA_PROTO_ICMP_ID, key->source_port);
		put8(r, CTA_PROTO_ICMP_TYPE, (uint8_t)(key->destination_port >> 8));
		put8(r, CTA_PROTO_ICMP_CODE, (uint8_t)key->destination_port);
		break;
	case IPPROTO_ICMPV6:
		put16(r, CTA_PROTO_ICMPV6_ID, key->source_port);
		put8(r, CTA_PROTO_ICMPV6_TYPE, (uint8_t)(key->destination_port >> 8));
		put8(r, CTA_PROTO_ICMPV6_CODE, (uint8_t)key->destination_port);
		break;
	default:
		put16(r, CTA_PROTO_SRC_PORT, key->source_port);
		put16(r, CTA_PROTO_DST_PORT, key->destination_port);
	}
	end(r, nest);
}

static void
put_tuple(struct request *r, uint16_t type, const struct flow_key *key)
{
	uint8_t *nest = begin(r, type);

	put_addresses(r, key);
	put_protocol(r, key);
	end(r, nest);
}

static void
put_zone(struct request *r, uint16_t type, const struct flow_key *key)
{
	if (key->zone)
		put16(r, type, key->zone);
}

/* The type that answers this one; the kernel tracks no others than these. */
static uint8_t
icmp_answer(uint8_t protocol, uint8_t type)
{
	static const uint8_t answers4[][2] = { { 8, 0 }, { 13, 14 }, { 15, 16 }, { 17, 18 } };
	static const uint8_t answers6[][2] = { { 128, 129 }, { 139, 140 } };
	const uint8_t (*answers)[2] = protocol == IPPROTO_ICMP ? answers4 : answers6;
	size_t count = protocol == IPPROTO_ICMP ? ARRAY_SIZE(answers4) : ARRAY_SIZE(answers6);

	for (size_t i = 0; i < count; i++) {
		if (answers[i][0] == type)
			return answers[i][1];
		if (answers[i][1] == type)
			return answers[i][0];
	}
	return type;
}

/* The way back, as if nothing were translated. */
static struct flow_key
inverse(const struct flow_key *key)
{
	struct flow_key reply = *key;

	memcpy(reply.source, key->destination, sizeof(reply.source));
	memcpy(reply.destination, key->source, sizeof(reply.destination));
	if (key->protocol == IPPROTO_ICMP || key->protocol == IPPROTO_ICMPV6) {
		uint8_t type = icmp_answer(key->protocol, (uint8_t)(key->destination_port >> 8));

		reply.destination_port = (uint16_t)(type << 8 | (key->destination_port & 0xff));
		return reply;
	}
	reply.source_port = key->destination_port;
	reply.destination_port = key->source_port;
	return reply;
}

/* The way back with what NAT makes of it. */
static struct flow_key
way_back(const struct flow *flow)
{
	struct flow_key reply = inverse(&flow->key);
	bool icmp = flow->key.protocol == IPPROTO_ICMP || flow->key.protocol == IPPROTO_ICMPV6;

	if (flow->has & FLOW_HAS_SOURCE_NAT) {
		memcpy(reply.destination, flow->source_nat.address, sizeof(reply.destination));
		*(icmp ? &reply.source_port : &reply.destination_port) = flow->source_nat.port;
	}
	if (flow->has & FLOW_HAS_DESTINATION_NAT) {
		memcpy(reply.source, flow->destination_nat.address, sizeof(reply.source));
		if (!icmp)
			reply.source_port = flow->destination_nat.port;
	}
	return reply;
}

/* ---- parts of a flow ---- */

static void
put_nat(struct request *r, uint16_t type, uint8_t family, const uint8_t *address, uint16_t port)
{
	uint8_t *nest = begin(r, type);
	uint8_t *protocol;

	/* Without a maximum it is the minimum: this and no other. */
	put(r, family == 4 ? CTA_NAT_V4_MINIP : CTA_NAT_V6_MINIP, address, family == 4 ? 4 : 16);
	protocol = begin(r, CTA_NAT_PROTO);
	put16(r, CTA_PROTONAT_PORT_MIN, port);
	end(r, protocol);
	end(r, nest);
}

/*
 * Both sides, even if only one is translated: what is not named, the kernel may choose, and if the
 * tuple is taken it chooses another port in silence.  What is named it takes, or refuses the flow.
 */
static void
put_both_nat(struct request *r, const struct flow *flow)
{
	const struct flow_key *key = &flow->key;
	bool icmp = key->protocol == IPPROTO_ICMP || key->protocol == IPPROTO_ICMPV6;

	if (flow->has & FLOW_HAS_SOURCE_NAT)
		put_nat(r, CTA_NAT_SRC, key->family, flow->source_nat.address,
		        flow->source_nat.port);
	else
		put_nat(r, CTA_NAT_SRC, key->family, key->source, key->source_port);
	if (flow->has & FLOW_HAS_DESTINATION_NAT)
		put_nat(r, CTA_NAT_DST, key->family, flow->destination_nat.address,
		        icmp ? key->source_port : flow->destination_nat.port);
	else
		put_nat(r, CTA_NAT_DST, key->family, key->destination,
		        icmp ? key->source_port : key->destination_port);
}

/* Our flags, and only ours, are set or cleared; the scales count when both sides have that flag. */
static void
put_tcp(struct request *r, const struct flow *flow)
{
	uint8_t *outer = begin(r, CTA_PROTOINFO);
	uint8_t *inner = begin(r, CTA_PROTOINFO_TCP);

	put8(r, CTA_PROTOINFO_TCP_STATE, flow->tcp.state);
	put8(r, CTA_PROTOINFO_TCP_WSCALE_ORIGINAL, flow->tcp.scale[0]);
	put8(r, CTA_PROTOINFO_TCP_WSCALE_REPLY, flow->tcp.scale[1]);
	for (unsigned i = 0; i < 2; i++) {
		struct nf_ct_tcp_flags flags = { flow->tcp.flags[i] & CONNTRACK_TCP_FLAGS,
		                                 CONNTRACK_TCP_FLAGS };

		put(r, i == 0 ? CTA_PROTOINFO_TCP_FLAGS_ORIGINAL : CTA_PROTOINFO_TCP_FLAGS_REPLY,
		    &flags, sizeof(flags));
	}
	end(r, inner);
	end(r, outer);
}

static void
put_sctp(struct request *r, const struct flow *flow)
{
	uint8_t *outer = begin(r, CTA_PROTOINFO);
	uint8_t *inner = begin(r, CTA_PROTOINFO_SCTP);

	put8(r, CTA_PROTOINFO_SCTP_STATE, flow->sctp.state);
	put32(r, CTA_PROTOINFO_SCTP_VTAG_ORIGINAL, flow->sctp.tag[0]);
	put32(r, CTA_PROTOINFO_SCTP_VTAG_REPLY, flow->sctp.tag[1]);
	end(r, inner);
	end(r, outer);
}

static void
put_dccp(struct request *r, const struct flow *flow)
{
	uint8_t *outer = begin(r, CTA_PROTOINFO);
	uint8_t *inner = begin(r, CTA_PROTOINFO_DCCP);

	put8(r, CTA_PROTOINFO_DCCP_STATE, flow->dccp.state);
	put8(r, CTA_PROTOINFO_DCCP_ROLE, flow->dccp.role);
	put64(r, CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ, flow->dccp.handshake);
	end(r, inner);
	end(r, outer);
}

static void
put_seqadj(struct request *r, uint16_t type, const struct flow_seqadj *seqadj)
{
	uint8_t *nest = begin(r, type);

	put32(r, CTA_SEQADJ_CORRECTION_POS, seqadj->correction_at);
	put32(r, CTA_SEQADJ_OFFSET_BEFORE, seqadj->before);
	put32(r, CTA_SEQADJ_OFFSET_AFTER, seqadj->after);
	end(r, nest);
}

static void
put_synproxy(struct request *r, const struct flow *flow)
{
	uint8_t *nest = begin(r, CTA_SYNPROXY);

	put32(r, CTA_SYNPROXY_ISN, flow->synproxy.initial);
	put32(r, CTA_SYNPROXY_ITS, flow->synproxy.timestamp);
	put32(r, CTA_SYNPROXY_TSOFF, flow->synproxy.offset);
	end(r, nest);
}

/* What can be given only to a flow that begins. */
static void
put_birth(struct request *r, const struct flow *flow, bool helped)
{
	if (flow->has & (FLOW_HAS_SOURCE_NAT | FLOW_HAS_DESTINATION_NAT))
		put_both_nat(r, flow);
	if (flow->has & FLOW_HAS_MASTER)
		put_tuple(r, CTA_TUPLE_MASTER, &flow->master);
	if ((flow->has & FLOW_HAS_HELPER) && helped) {
		uint8_t *nest = begin(r, CTA_HELP);

		put_name(r, CTA_HELP_NAME, flow->helper, sizeof(flow->helper));
		end(r, nest);
	}
}

/* A flow that is there has to keep the bit that says it was expected; one that begins gets it from
 * its master and must not bring it. */
static void
put_status(struct request *r, const struct flow *flow, bool change)
{
	uint32_t status = IPS_CONFIRMED | (flow->status & (FLOW_SEEN_REPLY | FLOW_ASSURED));

	if (change && (flow->has & FLOW_HAS_MASTER))
		status |= IPS_EXPECTED;
	if (flow->has & FLOW_HAS_STATUS)
		put32(r, CTA_STATUS, status);
}

static void
put_detail(struct request *r, const struct flow *flow)
{
	if (flow->has & FLOW_HAS_TCP)
		put_tcp(r, flow);
	else if (flow->has & FLOW_HAS_SCTP)
		put_sctp(r, flow);
	else if (flow->has & FLOW_HAS_DCCP)
		put_dccp(r, flow);
	if (flow->has & FLOW_HAS_MARK)
		put32(r, CTA_MARK, flow->mark);
	if (flow->has & FLOW_HAS_LABELS)
		put(r, CTA_LABELS, flow->labels, sizeof(flow->labels));
	if (flow->has & FLOW_HAS_SEQADJ) {
		put_seqadj(r, CTA_SEQ_ADJ_ORIG, &flow->seqadj[0]);
		put_seqadj(r, CTA_SEQ_ADJ_REPLY, &flow->seqadj[1]);
	}
	if (flow->has & FLOW_HAS_SYNPROXY)
		put_synproxy(r, flow);
}

/* ---- requests ---- */

size_t
conntrack_write_flow(void *buffer, uint32_t sequence, bool ack, enum conntrack_write how,
                     const struct flow *flow, uint32_t timeout)
{
	bool change = how == CONNTRACK_WRITE_CHANGE;
	uint16_t flags = (change ? 0 : NLM_F_CREATE) | (ack ? NLM_F_ACK : 0) |
	                 (how == CONNTRACK_WRITE_NEW ? NLM_F_EXCL : 0);
	struct request r = start(buffer, FLOWS | IPCTNL_MSG_CT_NEW, flags, sequence,
	                         flow->key.family);
	struct flow_key reply = inverse(&flow->key);

	put_tuple(&r, CTA_TUPLE_ORIG, &flow->key);
	put_tuple(&r, CTA_TUPLE_REPLY, &reply);
	put_zone(&r, CTA_ZONE, &flow->key);
	put32(&r, CTA_TIMEOUT, timeout);
	put_status(&r, flow, change);
	if (!change)
		put_birth(&r, flow, how != CONNTRACK_WRITE_CREATE_UNHELPED);
	put_detail(&r, flow);
	return finish(&r);
}

static size_t
write_named(void *buffer, uint8_t command, bool ack, uint32_t sequence, uint16_t direction,
            const struct flow_key *key)
{
	struct request r = start(buffer, FLOWS | command, ack ? NLM_F_ACK : 0, sequence,
	                         key->family);

	put_tuple(&r, direction, key);
	put_zone(&r, CTA_ZONE, key);
	return finish(&r);
}

size_t
conntrack_write_timeout(void *buffer, uint32_t sequence, bool ack, const struct flow_key *key,
                        uint32_t timeout)
{
	struct request r = start(buffer, FLOWS | IPCTNL_MSG_CT_NEW, ack ? NLM_F_ACK : 0, sequence,
	                         key->family);

	put_tuple(&r, CTA_TUPLE_ORIG, key);
	put_zone(&r, CTA_ZONE, key);
	put32(&r, CTA_TIMEOUT, timeout);
	return finish(&r);
}

size_t
conntrack_write_delete(void *buffer, uint32_t sequence, bool ack, const struct flow_key *key)
{
	return write_named(buffer, IPCTNL_MSG_CT_DELETE, ack, sequence, CTA_TUPLE_ORIG, key);
}

size_t
conntrack_write_delete_reply(void *buffer, uint32_t sequence, bool ack, const struct flow *flow)
{
	struct flow_key reply = way_back(flow);

	return write_named(buffer, IPCTNL_MSG_CT_DELETE, ack, sequence, CTA_TUPLE_REPLY, &reply);
}

size_t
conntrack_write_get(void *buffer, uint32_t sequence, const struct flow_key *key)
{
	return write_named(buffer, IPCTNL_MSG_CT_GET, false, sequence, CTA_TUPLE_ORIG, key);
}

size_t
conntrack_write_expectation(void *buffer, uint32_t sequence, bool ack,
                            const struct flow_expectation *expectation)
{
	struct request r = start(buffer, EXPECTATIONS | IPCTNL_MSG_EXP_NEW,
	                         NLM_F_CREATE | (ack ? NLM_F_ACK : 0), sequence,
	                         expectation->expected.family);
	uint8_t *nest;

	put_tuple(&r, CTA_EXPECT_TUPLE, &expectation->expected);
	put_tuple(&r, CTA_EXPECT_MASK, &expectation->mask);
	put_tuple(&r, CTA_EXPECT_MASTER, &expectation->master);
	put_zone(&r, CTA_EXPECT_ZONE, &expectation->expected);
	put32(&r, CTA_EXPECT_TIMEOUT, expectation->timeout);
	put32(&r, CTA_EXPECT_CLASS, expectation->class);
	put32(&r, CTA_EXPECT_FLAGS, expectation->flags);
	if (expectation->helper[0])
		put_name(&r, CTA_EXPECT_HELP_NAME, expectation->helper,
		         sizeof(expectation->helper));
	if (expectation->function[0])
		put_name(&r, CTA_EXPECT_FN, expectation->function,
		         sizeof(expectation->function));
	if (expectation->has_nat) {
		nest = begin(&r, CTA_EXPECT_NAT);
		put_tuple(&r, CTA_EXPECT_NAT_TUPLE, &expectation->nat);
		put32(&r, CTA_EXPECT_NAT_DIR, expectation->nat_direction);
		end(&r, nest);
	}
	return finish(&r);
}

size_t
conntrack_write_expectation_delete(void *buffer, uint32_t sequence, bool ack,
                                   const struct flow_expectation *expectation)
{
	struct request r = start(buffer, EXPECTATIONS | IPCTNL_MSG_EXP_DELETE,
	                         ack ? NLM_F_ACK : 0, sequence, expectation->expected.family);

	put_tuple(&r, CTA_EXPECT_TUPLE, &expectation->expected);
	put_zone(&r, CTA_EXPECT_ZONE, &expectation->expected);
	return finish(&r);
}

size_t
conntrack_write_dump(void *buffer, uint32_t sequence, const struct conntrack_filter *filter)
{
	struct request r = start(buffer, FLOWS | IPCTNL_MSG_CT_GET, NLM_F_DUMP, sequence,
	                         filter->family);

	if (filter->mark_mask) {
		put32(&r, CTA_MARK, filter->mark);
		put32(&r, CTA_MARK_MASK, filter->mark_mask);
	}
	if (filter->status_mask) {
		put32(&r, CTA_STATUS, filter->status);
		put32(&r, CTA_STATUS_MASK, filter->status_mask);
	}
	if (filter->one_zone)
		put16(&r, CTA_ZONE, filter->zone);
	return finish(&r);
}

size_t
conntrack_write_expectation_dump(void *buffer, uint32_t sequence)
{
	struct request r = start(buffer, EXPECTATIONS | IPCTNL_MSG_EXP_GET, NLM_F_DUMP, sequence,
	                         0);

	return finish(&r);
}
