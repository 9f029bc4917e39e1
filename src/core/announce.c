/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gratuitous ARP (RFC 5944 4.6, RFC 3768 8.2): an ARP request, broadcast, in which sender and
 * target are the virtual address and its MAC.  When and how often is decided by vrouter.c.
 */
#include "core/announce.h"

#include "base/bytes.h"

#define ETHERTYPE_ARP 0x0806
#define ETHERTYPE_IPV4 0x0800
#define HARDWARE_ETHERNET 1
#define OPERATION_REQUEST 1

size_t
announce_encode(const struct mac *mac, const struct ip *ip, uint8_t frame[ANNOUNCE_FRAME_IPV4])
{
	static const struct mac broadcast = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
	struct writer w = writer_over(frame, ANNOUNCE_FRAME_IPV4);

	assert(ip->family == 4);
	write_bytes(&w, broadcast.bytes, sizeof(broadcast.bytes));
	write_bytes(&w, mac->bytes, sizeof(mac->bytes));
	write_u16(&w, ETHERTYPE_ARP);

	write_u16(&w, HARDWARE_ETHERNET);
	write_u16(&w, ETHERTYPE_IPV4);
	write_u8(&w, sizeof(mac->bytes));
	write_u8(&w, 4);
	write_u16(&w, OPERATION_REQUEST);
	write_bytes(&w, mac->bytes, sizeof(mac->bytes));
	write_bytes(&w, ip->bytes, 4);
	write_bytes(&w, mac->bytes, sizeof(mac->bytes));
	write_bytes(&w, ip->bytes, 4);
	assert(!w.overflow);
	return writer_length(&w);
}
