/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flow: one tracked connection, as two routers speak of it.  The kernel's codec
 * (system/conntrack) and the protocol between the routers (core/flowsync) both use this struct;
 * neither knows the other's form.  Nothing here decides anything.
 *
 * A flow is told apart by its zone and the tuple of its first direction.  The tuple of the other
 * direction is the plain inverse of it, but for what NAT changes; so it is never stored, nor sent:
 * see struct flow_nat.
 *
 * A message of the kernel seldom says everything (a new flow comes without labels, an update
 * without its helper): "has" says what it did say, and flow_merge() keeps what was known of the
 * rest.
 */
#ifndef TANDEM_FLOW_H
#define TANDEM_FLOW_H

#include "base/base.h"
#include "base/inet.h"

#define FLOW_HELPER_SIZE 16u		/* NF_CT_HELPER_NAME_LEN, with the final zero */
#define FLOW_FUNCTION_SIZE 24u		/* "nat-follow-master", with the final zero */
#define FLOW_LABELS_SIZE 16u		/* NF_CT_LABELS_MAX_SIZE */

/* Both ends of a flow's first direction.  All bytes count: unused ones are zero. */
struct flow_key {
	uint8_t source[16];		/* the first 4 for IPv4 */
	uint8_t destination[16];
	uint16_t source_port;		/* host order; ICMP: the identifier; no ports: 0 */
	uint16_t destination_port;	/* ICMP: type << 8 | code; GRE: the key of the way back */
	uint16_t zone;
	uint8_t family;			/* 4 or 6 */
	uint8_t protocol;		/* IPPROTO_* */
};

/* What a flow's record says; without a bit its fields are zero and mean nothing. */
enum flow_has {
	FLOW_HAS_TCP = 1 << 0,		/* tcp */
	FLOW_HAS_SCTP = 1 << 1,		/* sctp */
	FLOW_HAS_DCCP = 1 << 2,		/* dccp */
	FLOW_HAS_MARK = 1 << 3,
	FLOW_HAS_LABELS = 1 << 4,
	FLOW_HAS_HELPER = 1 << 5,
	FLOW_HAS_SEQADJ = 1 << 6,
	FLOW_HAS_SYNPROXY = 1 << 7,
	FLOW_HAS_MASTER = 1 << 8,	/* an expected flow: master is the one that expected it */
	FLOW_HAS_SOURCE_NAT = 1 << 9,	/* nat.source */
	FLOW_HAS_DESTINATION_NAT = 1 << 10,
	FLOW_HAS_TIMEOUT = 1 << 11,
	FLOW_HAS_STATUS = 1 << 12,
};

/* Bits of status, as the kernel numbers them (enum ip_conntrack_status). */
#define FLOW_SEEN_REPLY (1u << 1)
#define FLOW_ASSURED (1u << 2)
#define FLOW_CONFIRMED (1u << 3)

struct flow_nat_end {
	uint8_t address[16];		/* the address in the packets after translation ... */
	uint16_t port;			/* ... and the port or ICMP identifier, host order */
};

struct flow_seqadj {
	uint32_t correction_at;		/* CTA_SEQADJ_CORRECTION_POS and so on, host order */
	uint32_t before;
	uint32_t after;
};

/* Of enum tcp_conntrack, the states of a connection that both ends have closed. */
#define FLOW_TCP_TIME_WAIT 7u
#define FLOW_TCP_CLOSE 8u

struct flow {
	struct flow_key key;
	uint32_t has;			/* enum flow_has */
	uint32_t status;		/* of the kernel's bits those that are facts of the flow:
					 * FLOW_SEEN_REPLY, FLOW_ASSURED */
	uint32_t timeout;		/* seconds left, as the kernel said */
	uint32_t mark;
	struct {
		uint8_t state;		/* enum tcp_conntrack, such as FLOW_TCP_CLOSE */
		uint8_t flags[2];	/* IP_CT_TCP_FLAG_*, first direction and reply */
		uint8_t scale[2];	/* window scale */
	} tcp;
	struct {
		uint8_t state;
		uint32_t tag[2];	/* verification tags */
	} sctp;
	struct {
		uint8_t state;
		uint8_t role;
		uint64_t handshake;	/* sequence number */
	} dccp;
	struct flow_nat_end source_nat;
	struct flow_nat_end destination_nat;
	uint8_t labels[FLOW_LABELS_SIZE];
	char helper[FLOW_HELPER_SIZE];
	struct flow_seqadj seqadj[2];
	struct {
		uint32_t initial;	/* isn, its, tsoff */
		uint32_t timestamp;
		uint32_t offset;
	} synproxy;
	struct flow_key master;
};

/* A connection that a helper foresees (FTP data, SIP media). */
struct flow_expectation {
	struct flow_key master;		/* the flow whose helper foresees it */
	struct flow_key expected;	/* ... this one, as far as mask says */
	struct flow_key mask;		/* family, protocol and zone are those of expected */
	uint32_t timeout;		/* seconds */
	uint32_t class;
	uint32_t flags;			/* NF_CT_EXPECT_* */
	char helper[FLOW_HELPER_SIZE];
	char function[FLOW_FUNCTION_SIZE]; /* what is done when it comes true, "" = nothing */
	uint8_t nat_direction;
	bool has_nat;
	struct flow_key nat;		/* CTA_EXPECT_NAT_TUPLE */
};

/* What happened to a flow, as the kernel tells it; what is to happen, as the protocol asks. */
enum flow_op { FLOW_UPSERT, FLOW_DELETE, FLOW_OPS };

/* Same flow? */
bool flow_key_equal(const struct flow_key *a, const struct flow_key *b);

/* Take over what news says; what it does not say stays.  The keys are equal.  Who says a status
 * says all of it. */
void flow_merge(struct flow *flow, const struct flow *news);

/* "tcp 10.0.0.1:1024 > 192.0.2.7:443", for people. */
#define FLOW_KEY_TEXT_SIZE 128
const char *flow_key_text(const struct flow_key *key, char text[FLOW_KEY_TEXT_SIZE]);

#endif
