/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every user of a flow needs: are two keys one flow, what does news add to what is known, and
 * a key as people write it.
 */
#include <stdio.h>
#include <string.h>

#include "core/flow.h"

#define PROTOCOL_ICMP 1u
#define PROTOCOL_TCP 6u
#define PROTOCOL_UDP 17u
#define PROTOCOL_DCCP 33u
#define PROTOCOL_GRE 47u
#define PROTOCOL_ICMP6 58u
#define PROTOCOL_SCTP 132u
#define PROTOCOL_UDPLITE 136u

_Static_assert(sizeof(struct flow_key) == 40, "a key has no holes: it is compared as bytes");

bool
flow_key_equal(const struct flow_key *a, const struct flow_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

void
flow_merge(struct flow *flow, const struct flow *news)
{
	uint32_t says = news->has;

	flow->has |= says;
	if (says & FLOW_HAS_STATUS)
		flow->status = news->status;
	if (says & FLOW_HAS_TIMEOUT)
		flow->timeout = news->timeout;
	if (says & FLOW_HAS_MARK)
		flow->mark = news->mark;
	if (says & FLOW_HAS_TCP)
		flow->tcp = news->tcp;
	if (says & FLOW_HAS_SCTP)
		flow->sctp = news->sctp;
	if (says & FLOW_HAS_DCCP)
		flow->dccp = news->dccp;
	if (says & FLOW_HAS_SOURCE_NAT)
		flow->source_nat = news->source_nat;
	if (says & FLOW_HAS_DESTINATION_NAT)
		flow->destination_nat = news->destination_nat;
	if (says & FLOW_HAS_LABELS)
		memcpy(flow->labels, news->labels, sizeof(flow->labels));
	if (says & FLOW_HAS_HELPER)
		memcpy(flow->helper, news->helper, sizeof(flow->helper));
	if (says & FLOW_HAS_SEQADJ)
		memcpy(flow->seqadj, news->seqadj, sizeof(flow->seqadj));
	if (says & FLOW_HAS_SYNPROXY)
		flow->synproxy = news->synproxy;
	if (says & FLOW_HAS_MASTER)
		flow->master = news->master;
}

/* "tcp", or "protocol 99" where no name is usual. */
static const char *
protocol_text(uint8_t protocol, char text[16])
{
	switch (protocol) {
	case PROTOCOL_ICMP:	return "icmp";
	case PROTOCOL_TCP:	return "tcp";
	case PROTOCOL_UDP:	return "udp";
	case PROTOCOL_DCCP:	return "dccp";
	case PROTOCOL_GRE:	return "gre";
	case PROTOCOL_ICMP6:	return "icmpv6";
	case PROTOCOL_SCTP:	return "sctp";
	case PROTOCOL_UDPLITE:	return "udplite";
	}
	snprintf(text, 16, "protocol %u", protocol);
	return text;
}

static const char *
address_text(uint8_t family, const uint8_t address[16], char text[IP_TEXT_SIZE])
{
	struct ip ip = family == 6 ? ip_from_v6(address) : ip_from_v4(address);

	return ip_text(&ip, text);
}

const char *
flow_key_text(const struct flow_key *key, char text[FLOW_KEY_TEXT_SIZE])
{
	const char *opening = key->family == 6 ? "[" : "", *closing = key->family == 6 ? "]" : "";
	char protocol[16], source[IP_TEXT_SIZE], destination[IP_TEXT_SIZE];
	bool icmp = key->protocol == PROTOCOL_ICMP || key->protocol == PROTOCOL_ICMP6;

	address_text(key->family, key->source, source);
	address_text(key->family, key->destination, destination);
	if (icmp)
		snprintf(text, FLOW_KEY_TEXT_SIZE, "%s %s > %s type %u code %u id %u",
		         protocol_text(key->protocol, protocol), source, destination,
		         key->destination_port >> 8, key->destination_port & 0xffu,
		         key->source_port);
	else if (key->source_port || key->destination_port)
		snprintf(text, FLOW_KEY_TEXT_SIZE, "%s %s%s%s:%u > %s%s%s:%u",
		         protocol_text(key->protocol, protocol), opening, source, closing,
		         key->source_port, opening, destination, closing, key->destination_port);
	else
		snprintf(text, FLOW_KEY_TEXT_SIZE, "%s %s > %s",
		         protocol_text(key->protocol, protocol), source, destination);
	return text;
}
