/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gratuitous ARP (RFC 826, RFC 5227 3, RFC 9568 8.1.2), neighbour and router advertisements (RFC
 * 4861 4.4 and 4.2): frames, nothing else.  When and how often is decided by vrouter.c.
 */
#include "core/announce.h"

#include <string.h>

#include "base/bytes.h"
#include "core/envelope.h"

#define HARDWARE_ETHERNET 1
#define OPERATION_REQUEST 1
#define OPERATION_REPLY 2

#define PROTOCOL_ICMPV6 58
#define ICMPV6_CHECKSUM 2u		/* its place in every message */
#define NEIGHBOUR_MESSAGE 32u		/* with the option below */
#define NEIGHBOUR_ADVERTISEMENT 136
#define FLAG_ROUTER 0x80000000u
#define FLAG_OVERRIDE 0x20000000u
#define OPTION_TARGET 2

#define ROUTER_MESSAGE 24u		/* with the option below */
#define ROUTER_ADVERTISEMENT 134
#define FLAG_MANAGED 0x80
#define FLAG_OTHER 0x40
#define OPTION_SOURCE 1
#define OPTION_PREFIX 3
#define PREFIX_SIZE 32u
#define FLAG_ON_LINK 0x80
#define FLAG_AUTONOMOUS 0x40
#define OPTION_MTU 5
#define MTU_SIZE 8u

size_t
announce_arp(const struct mac *mac, const struct ip *ip, bool reply,
             uint8_t frame[ANNOUNCE_ARP_SIZE])
{
	static const struct mac broadcast = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
	struct writer w = writer_over(frame, ANNOUNCE_ARP_SIZE);

	assert(ip->family == 4);
	write_bytes(&w, broadcast.bytes, sizeof(broadcast.bytes));
	write_bytes(&w, mac->bytes, sizeof(mac->bytes));
	write_u16(&w, ETHERTYPE_ARP);

	write_u16(&w, HARDWARE_ETHERNET);
	write_u16(&w, ETHERTYPE_IPV4);
	write_u8(&w, sizeof(mac->bytes));
	write_u8(&w, 4);
	write_u16(&w, reply ? OPERATION_REPLY : OPERATION_REQUEST);
	write_bytes(&w, mac->bytes, sizeof(mac->bytes));
	write_bytes(&w, ip->bytes, 4);
	write_bytes(&w, mac->bytes, sizeof(mac->bytes));
	write_bytes(&w, ip->bytes, 4);
	assert(!w.overflow);
	return writer_length(&w);
}

static void
write_link_layer_option(struct writer *w, uint8_t type, const struct mac *mac)
{
	write_u8(w, type);
	write_u8(w, 1);			/* in units of 8 bytes */
	write_bytes(w, mac->bytes, sizeof(mac->bytes));
}

/* Ethernet and IPv6 up to an ICMPv6 message of so many bytes to all nodes. */
static struct envelope
write_envelope(struct writer *w, const struct mac *mac, const struct ip *source, size_t length)
{
	struct envelope envelope = {
		.sender = *mac,
		.source = *source,
		.destination = ip_from_v6((const uint8_t[]){ 0xff, 0x02, [15] = 1 }),
		.protocol = PROTOCOL_ICMPV6,
	};

	assert(source->family == 6);
	envelope_write(w, &envelope, length);
	return envelope;
}

/* The checksum over the message, which is all that was written from start on: RFC 4443 2.3. */
static void
seal(const struct writer *w, uint8_t *start, const struct envelope *envelope)
{
	size_t length = (size_t)(w->at - start);

	assert(!w->overflow);
	envelope_seal(envelope_pseudo(&envelope->source, &envelope->destination, PROTOCOL_ICMPV6,
	                              length), start, length, ICMPV6_CHECKSUM);
}

size_t
announce_neighbour(const struct mac *mac, const struct ip *ip, bool router,
                   uint8_t frame[ANNOUNCE_NEIGHBOUR_SIZE])
{
	struct writer w = writer_over(frame, ANNOUNCE_NEIGHBOUR_SIZE);
	struct envelope envelope = write_envelope(&w, mac, ip, NEIGHBOUR_MESSAGE);
	uint8_t *message = w.at;

	write_u8(&w, NEIGHBOUR_ADVERTISEMENT);
	write_u8(&w, 0);
	write_u16(&w, 0);
	write_u32(&w, FLAG_OVERRIDE | (router ? FLAG_ROUTER : 0));
	write_bytes(&w, ip->bytes, 16);
	write_link_layer_option(&w, OPTION_TARGET, mac);
	seal(&w, message, &envelope);
	return writer_length(&w);
}

size_t
announce_encode(const struct mac *mac, const struct ip *ip,
                uint8_t frame[ANNOUNCE_NEIGHBOUR_SIZE])
{
	if (ip->family == 6)
		return announce_neighbour(mac, ip, true, frame);
	return announce_arp(mac, ip, false, frame);
}

/* RFC 4861 4.6.2; bits after the prefix are sent as zero. */
static void
write_prefix(struct writer *w, const struct announce_prefix *p)
{
	uint8_t bytes[16] = { 0 };
	unsigned whole = p->prefix.length / 8, rest = p->prefix.length % 8;

	assert(p->prefix.ip.family == 6 && p->prefix.length <= 128);
	memcpy(bytes, p->prefix.ip.bytes, whole);
	if (rest)
		bytes[whole] = p->prefix.ip.bytes[whole] & (uint8_t)(0xff00u >> rest);

	write_u8(w, OPTION_PREFIX);
	write_u8(w, PREFIX_SIZE / 8);
	write_u8(w, p->prefix.length);
	write_u8(w, (uint8_t)((p->on_link ? FLAG_ON_LINK : 0) |
	                      (p->autonomous ? FLAG_AUTONOMOUS : 0)));
	write_u32(w, p->valid_lifetime);
	write_u32(w, p->preferred_lifetime);
	write_u32(w, 0);
	write_bytes(w, bytes, sizeof(bytes));
}

static void
write_mtu(struct writer *w, uint32_t mtu)
{
	write_u8(w, OPTION_MTU);
	write_u8(w, MTU_SIZE / 8);
	write_u16(w, 0);
	write_u32(w, mtu);
}

size_t
announce_router(const struct announce_router *r, uint8_t frame[ANNOUNCE_ROUTER_MAX])
{
	size_t length = ROUTER_MESSAGE + (r->mtu ? MTU_SIZE : 0) + r->prefix_count * PREFIX_SIZE;
	struct writer w = writer_over(frame, ANNOUNCE_ROUTER_MAX);
	struct envelope envelope = write_envelope(&w, &r->mac, &r->source, length);
	uint8_t *message = w.at;

	write_u8(&w, ROUTER_ADVERTISEMENT);
	write_u8(&w, 0);
	write_u16(&w, 0);
	write_u8(&w, r->hop_limit);
	write_u8(&w, (uint8_t)((r->managed ? FLAG_MANAGED : 0) | (r->other ? FLAG_OTHER : 0)));
	write_u16(&w, r->lifetime);
	write_u32(&w, 0);		/* reachable time: unspecified */
	write_u32(&w, 0);		/* retransmission timer: unspecified */
	write_link_layer_option(&w, OPTION_SOURCE, &r->mac);
	if (r->mtu)
		write_mtu(&w, r->mtu);
	for (unsigned i = 0; i < r->prefix_count; i++)
		write_prefix(&w, &r->prefixes[i]);
	seal(&w, message, &envelope);
	return writer_length(&w);
}
