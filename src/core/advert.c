/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VRRP version 2 over IPv4: RFC 3768 5.1 to 5.3, authentication fields of RFC 2338 5.3.6.  Bytes
 * in, struct or named fault out, and back.  Every byte passes the bounded reader or writer.  It
 * knows no group and no state; it must never assert on what a peer sent.
 */
#include "core/advert.h"

#include <string.h>

#define ETHERTYPE_IPV4 0x0800
#define PROTOCOL_AH 51
#define PROTOCOL_VRRP 112
#define IPV4_HEADER 20u
#define IPV4_DONT_FRAGMENT 0x4000
#define IPV4_FRAGMENT 0x3fff		/* more fragments, or an offset */
#define TOS_CONTROL 0xc0
#define TTL 255
#define TYPE_ADVERTISEMENT 1
#define FIXED_PART 8u
#define ADDRESS_SIZE 4u

/* One's complement sum, RFC 1071; zero over bytes that contain their right checksum. */
static uint16_t
checksum(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	if (length % 2 != 0)
		sum += (uint32_t)bytes[length - 1] << 8;
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

struct ip
advert_destination(void)
{
	return ip_from_v4((const uint8_t[]){ 224, 0, 0, 18 });
}

/*
 * Step over an authentication header (RFC 2402 2) to the VRRP message behind it.  We do not speak
 * it; but its sender shall be told apart by the type of authentication that the message names.
 */
static bool
skip_authentication_header(struct reader *payload)
{
	uint8_t next = read_u8(payload);
	uint8_t words = read_u8(payload);

	(void)read_bytes(payload, 4u * words + 6u);
	return next == PROTOCOL_VRRP && !payload->short_read;
}

/* ip stands on the IPv4 header.  False: whatever it is, it is not VRRP. */
static bool
open_ipv4(struct reader ip, struct packet *packet)
{
	const uint8_t *header = ip.at;
	size_t available = reader_left(&ip);
	uint8_t version_length = read_u8(&ip);
	size_t header_length = 4u * (version_length & 0x0fu);
	uint8_t source[4], destination[4];

	(void)read_u8(&ip);		/* type of service */
	size_t total = read_u16(&ip);
	(void)read_u16(&ip);		/* identification */
	uint16_t fragment = read_u16(&ip);
	packet->ttl = read_u8(&ip);
	uint8_t protocol = read_u8(&ip);
	(void)read_u16(&ip);		/* header checksum: summed below */
	read_copy(&ip, source, sizeof(source));
	read_copy(&ip, destination, sizeof(destination));

	if (ip.short_read || version_length >> 4 != 4 ||
	    (protocol != PROTOCOL_VRRP && protocol != PROTOCOL_AH))
		return false;
	packet->source = ip_from_v4(source);
	packet->destination = ip_from_v4(destination);
	packet->whole = header_length >= IPV4_HEADER && total >= header_length &&
	                total <= available && (fragment & IPV4_FRAGMENT) == 0;
	if (!packet->whole) {
		/* Read on as far as it goes, so that the group it means can count it. */
		packet->message = ip;
		return protocol == PROTOCOL_VRRP;
	}
	packet->header_sum_holds = checksum(header, header_length) == 0;
	packet->message = reader_over(header + header_length, total - header_length);
	return protocol == PROTOCOL_VRRP || skip_authentication_header(&packet->message);
}

bool
advert_open(struct reader frame, struct packet *ret_packet)
{
	struct packet packet = { 0 };

	(void)read_bytes(&frame, 6);
	read_copy(&frame, packet.sender.bytes, sizeof(packet.sender.bytes));
	if (read_u16(&frame) != ETHERTYPE_IPV4 || frame.short_read)
		return false;
	if (!open_ipv4(frame, &packet))
		return false;
	*ret_packet = packet;
	return true;
}

enum advert_fault
advert_decode(const struct packet *packet, struct advert *ret_advert)
{
	struct reader in = packet->message;
	const uint8_t *start = in.at;
	struct advert ad = {
		.family = 4,
		.sender = packet->sender,
		.source = packet->source,
		.destination = packet->destination,
	};
	uint8_t version_type = read_u8(&in);

	ad.version = version_type >> 4;
	ad.vrid = read_u8(&in);
	ad.priority = read_u8(&in);
	ad.address_count = read_u8(&in);
	ad.auth = read_u8(&in);
	ad.interval = read_u8(&in) * NSEC_PER_SEC;
	(void)read_u16(&in);		/* checksum: summed below */

	bool fixed_part = !in.short_read;

	ad.addresses = read_bytes(&in, ADDRESS_SIZE * ad.address_count);
	read_copy(&in, ad.auth_data, sizeof(ad.auth_data));
	*ret_advert = ad;

	/* RFC 3768 7.1, in this order: the first thing that is wrong is the one that is named. */
	if (!packet->whole)
		return ADVERT_LENGTH;
	if (packet->ttl != TTL)
		return ADVERT_TTL;
	if (!fixed_part)
		return ADVERT_LENGTH;
	if (ad.version != 2)
		return ADVERT_VERSION;
	if ((version_type & 0x0f) != TYPE_ADVERTISEMENT)
		return ADVERT_TYPE;
	if (in.short_read)		/* addresses and authentication data */
		return ADVERT_LENGTH;
	if (!packet->header_sum_holds || checksum(start, (size_t)(in.at - start)) != 0)
		return ADVERT_CHECKSUM;
	return ADVERT_OK;
}

/* Put the checksum over length bytes from start into the two bytes at offset, which are zero. */
static void
seal(uint8_t *start, size_t length, size_t offset)
{
	uint16_t sum = checksum(start, length);

	start[offset] = (uint8_t)(sum >> 8);
	start[offset + 1] = (uint8_t)sum;
}

static void
write_ipv4(struct writer *w, const struct advert *ad, size_t payload)
{
	uint8_t *header = w->at;

	write_u8(w, 0x45);
	write_u8(w, TOS_CONTROL);
	write_u16(w, (uint16_t)(IPV4_HEADER + payload));
	write_u16(w, 0);		/* never fragmented: no identification, RFC 6864 4.1 */
	write_u16(w, IPV4_DONT_FRAGMENT);
	write_u8(w, TTL);
	write_u8(w, PROTOCOL_VRRP);
	write_u16(w, 0);
	write_bytes(w, ad->source.bytes, 4);
	write_bytes(w, ad->destination.bytes, 4);
	seal(header, IPV4_HEADER, 10);
}

size_t
advert_encode(const struct advert *ad, uint8_t frame[ADVERT_FRAME_MAX])
{
	static const struct mac multicast = { { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x12 } };
	size_t length = FIXED_PART + ADDRESS_SIZE * ad->address_count + PASSWORD_SIZE;
	struct writer w = writer_over(frame, ADVERT_FRAME_MAX);

	assert(ad->version == 2 && ad->family == 4 && ad->address_count <= GROUP_ADDRESSES_MAX);
	write_bytes(&w, multicast.bytes, sizeof(multicast.bytes));
	write_bytes(&w, ad->sender.bytes, sizeof(ad->sender.bytes));
	write_u16(&w, ETHERTYPE_IPV4);
	write_ipv4(&w, ad, length);

	uint8_t *message = w.at;

	write_u8(&w, (uint8_t)(ad->version << 4 | TYPE_ADVERTISEMENT));
	write_u8(&w, ad->vrid);
	write_u8(&w, ad->priority);
	write_u8(&w, ad->address_count);
	write_u8(&w, ad->auth);
	write_u8(&w, (uint8_t)(ad->interval / NSEC_PER_SEC));
	write_u16(&w, 0);
	write_bytes(&w, ad->addresses, ADDRESS_SIZE * ad->address_count);
	write_bytes(&w, ad->auth_data, sizeof(ad->auth_data));
	seal(message, length, 6);
	assert(!w.overflow);
	return writer_length(&w);
}
