/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers of Ethernet (RFC 894, 1112 6.4, 2464 7), IPv4 (RFC 791) and IPv6 (RFC 8200), and the
 * checksum (RFC 1071) for advert.c and announce.c.  It knows no protocol inside.
 */
#include "core/envelope.h"

#define HOPS 255
#define IPV4_DONT_FRAGMENT 0x4000

bool
envelope_is_multicast(const struct ip *ip)
{
	return ip->family == 4 ? ip->bytes[0] >> 4 == 0xe : ip->bytes[0] == 0xff;
}

/* Add bytes to a sum; more may follow only after an even number. */
static uint32_t
add(uint32_t sum, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	if (length % 2 != 0)
		sum += (uint32_t)bytes[length - 1] << 8;
	return sum;
}

uint16_t
envelope_sum(uint32_t pseudo, const uint8_t *bytes, size_t length)
{
	uint32_t sum = add(pseudo, bytes, length);

	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t
envelope_pseudo(const struct ip *source, const struct ip *destination, uint8_t protocol,
                size_t length)
{
	uint32_t sum = add(0, source->bytes, ip_size(source));

	return add(sum, destination->bytes, ip_size(destination)) + protocol + (uint32_t)length;
}

void
envelope_seal(uint32_t pseudo, uint8_t *bytes, size_t length, size_t offset)
{
	uint16_t sum = envelope_sum(pseudo, bytes, length);

	bytes[offset] = (uint8_t)(sum >> 8);
	bytes[offset + 1] = (uint8_t)sum;
}

static struct mac
ethernet_destination(const struct ip *ip)
{
	const uint8_t *b = ip->bytes;

	if (!envelope_is_multicast(ip))
		return (struct mac){ { 0 } };
	if (ip->family == 4)
		return (struct mac){ { 0x01, 0x00, 0x5e, b[1] & 0x7f, b[2], b[3] } };
	return (struct mac){ { 0x33, 0x33, b[12], b[13], b[14], b[15] } };
}

static void
write_ipv4(struct writer *w, const struct envelope *e, size_t payload)
{
	uint8_t *header = w->at;

	write_u8(w, 0x45);
	write_u8(w, e->class);
	write_u16(w, (uint16_t)(IPV4_HEADER + payload));
	write_u16(w, 0);		/* never fragmented: no identification, RFC 6864 4.1 */
	write_u16(w, IPV4_DONT_FRAGMENT);
	write_u8(w, HOPS);
	write_u8(w, e->protocol);
	write_u16(w, 0);
	write_bytes(w, e->source.bytes, 4);
	write_bytes(w, e->destination.bytes, 4);
	envelope_seal(0, header, IPV4_HEADER, 10);
}

static void
write_ipv6(struct writer *w, const struct envelope *e, size_t payload)
{
	write_u32(w, 6u << 28 | (uint32_t)e->class << 20);
	write_u16(w, (uint16_t)payload);
	write_u8(w, e->protocol);
	write_u8(w, HOPS);
	write_bytes(w, e->source.bytes, 16);
	write_bytes(w, e->destination.bytes, 16);
}

void
envelope_write(struct writer *w, const struct envelope *e, size_t payload)
{
	struct mac to = ethernet_destination(&e->destination);

	assert(e->source.family == e->destination.family);
	write_bytes(w, to.bytes, sizeof(to.bytes));
	write_bytes(w, e->sender.bytes, sizeof(e->sender.bytes));
	write_u16(w, e->source.family == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
	if (e->source.family == 4)
		write_ipv4(w, e, payload);
	else
		write_ipv6(w, e, payload);
}
