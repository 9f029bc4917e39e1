/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What surrounds every message that we write ourselves: Ethernet, IPv4 and IPv6 headers, and the
 * Internet checksum.  Inside core only.
 */
#ifndef TANDEM_ENVELOPE_H
#define TANDEM_ENVELOPE_H

#include "base/base.h"
#include "base/bytes.h"
#include "base/inet.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define ETHERTYPE_ARP 0x0806
#define IPV4_HEADER 20u
#define IPV6_HEADER 40u

/* 224.0.0.0/4 or ff00::/8 */
bool envelope_is_multicast(const struct ip *ip);

/*
 * The checksum of RFC 1071 over the bytes, begun with what envelope_pseudo() returned, or 0.  It is
 * 0 over bytes that contain their right checksum.
 */
uint16_t envelope_sum(uint32_t pseudo, const uint8_t *bytes, size_t length);
/* Sum of the pseudo-header: RFC 8200 8.1, and the same fields for IPv4 (RFC 793 3.1). */
uint32_t envelope_pseudo(const struct ip *source, const struct ip *destination, uint8_t protocol,
                         size_t length);
/* Put the checksum into the two bytes at offset, which are zero. */
void envelope_seal(uint32_t pseudo, uint8_t *bytes, size_t length, size_t offset);

/* Ethernet and IP header up to an IP payload of so many bytes. */
struct envelope {
	struct mac sender;
	struct ip source;		/* of one family with destination */
	struct ip destination;		/* unicast: the Ethernet destination stays zero */
	uint8_t class;			/* TOS or traffic class; TTL or hop limit is always 255 */
	uint8_t protocol;
};
void envelope_write(struct writer *w, const struct envelope *envelope, size_t payload);

#endif
