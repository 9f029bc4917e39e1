/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VRRP version 2 over IPv4: RFC 3768 5.1 to 5.3, authentication fields of RFC 2338 5.3.6; version 3
 * over IPv4 and IPv6: RFC 9568 5.1 to 5.3.  Bytes in, struct or named fault out, and back.  Every
 * byte passes the bounded reader or writer.  It knows no group and no state; it must never assert
 * on what a peer sent.
 */
#include "core/advert.h"

#include <string.h>

#include "core/envelope.h"

#define PROTOCOL_HOP_OPTIONS 0
#define PROTOCOL_FRAGMENT 44
#define PROTOCOL_AH 51
#define PROTOCOL_DESTINATION_OPTIONS 60
#define PROTOCOL_VRRP 112
#define IPV4_FRAGMENT 0x3fff		/* more fragments, or an offset */
#define IPV4_OFFSET 0x1fff
#define IPV6_OFFSET 0xfff8
#define IPV6_EXTENSIONS 4u		/* that we step over */
#define CLASS_CONTROL 0xc0
#define TTL 255
#define TYPE_ADVERTISEMENT 1
#define FIXED_PART 8u
#define CHECKSUM_AT 6u
#define CENTISECOND (10 * NSEC_PER_MSEC)
#define INTERVAL_BITS 0x0fff		/* version 3; the four above are reserved */

struct ip
advert_destination(uint8_t family)
{
	if (family == 4)
		return ip_from_v4((const uint8_t[]){ 224, 0, 0, 18 });
	return ip_from_v6((const uint8_t[]){ 0xff, 0x02, [15] = 0x12 });
}

struct ip
advert_address(const struct advert *ad, unsigned index)
{
	assert(index < ad->address_count);
	if (ad->family == 4)
		return ip_from_v4(ad->addresses + 4 * (size_t)index);
	return ip_from_v6(ad->addresses + 16 * (size_t)index);
}

/* ---- opening a frame ------------------------------------------------------------------------ */

/* ip stands on the IPv4 header.  False: whatever it is, it is not VRRP. */
static bool
open_ipv4(struct reader ip, struct packet *packet)
{
	const uint8_t *header = ip.at;
	size_t length = reader_left(&ip);
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
	if (ip.short_read || version_length >> 4 != 4)
		return false;

	packet->source = ip_from_v4(source);
	packet->destination = ip_from_v4(destination);
	packet->whole = header_length >= IPV4_HEADER && total >= header_length &&
	                total <= length && (fragment & IPV4_FRAGMENT) == 0;
	if (packet->whole) {
		length = total;
		packet->header_sum_holds = envelope_sum(0, header, header_length) == 0;
		packet->message = reader_over(header + header_length, total - header_length);
	} else {
		/* Read on as far as it goes, so that the group it means can count it. */
		packet->message = ip;
		if (fragment & IPV4_OFFSET)
			packet->message.at = ip.end;
	}
	if (protocol == PROTOCOL_AH)
		return auth_header_read(&packet->message, header, length, &packet->ah);
	return protocol == PROTOCOL_VRRP;
}

/*
 * Step over what may stand between an IPv6 header and its payload, and return what follows it.
 * Packets to VRRP's group need none of these; more than a few are somebody's game.
 */
static uint8_t
skip_extensions(struct reader *in, uint8_t next)
{
	for (unsigned i = 0; i < IPV6_EXTENSIONS; i++) {
		if (next != PROTOCOL_HOP_OPTIONS && next != PROTOCOL_DESTINATION_OPTIONS)
			break;
		next = read_u8(in);
		(void)read_bytes(in, 8u * read_u8(in) + 6u);
	}
	return next;
}

/* in stands on the IPv6 header. */
static bool
open_ipv6(struct reader in, struct packet *packet)
{
	uint8_t version_class = read_u8(&in);

	(void)read_bytes(&in, 3);	/* class, flow label */
	size_t payload = read_u16(&in);
	uint8_t next = read_u8(&in);
	packet->ttl = read_u8(&in);
	const uint8_t *source = read_bytes(&in, 16);
	const uint8_t *destination = read_bytes(&in, 16);

	if (in.short_read || version_class >> 4 != 6)
		return false;
	packet->source = ip_from_v6(source);
	packet->destination = ip_from_v6(destination);
	packet->header_sum_holds = true;
	packet->whole = payload <= reader_left(&in);
	if (packet->whole)
		in = read_sub(&in, payload);
	next = skip_extensions(&in, next);
	if (next == PROTOCOL_FRAGMENT) {
		next = read_u8(&in);
		(void)read_u8(&in);
		bool first = (read_u16(&in) & IPV6_OFFSET) == 0;
		(void)read_u32(&in);
		packet->whole = false;
		if (!first)
			in.at = in.end;
	}
	packet->message = in;
	return next == PROTOCOL_VRRP;
}

bool
advert_open(struct reader frame, struct packet *ret_packet)
{
	struct packet packet = { 0 };
	bool is_vrrp;

	(void)read_bytes(&frame, 6);
	read_copy(&frame, packet.sender.bytes, sizeof(packet.sender.bytes));
	switch (read_u16(&frame)) {
	case ETHERTYPE_IPV4:
		is_vrrp = open_ipv4(frame, &packet);
		break;
	case ETHERTYPE_IPV6:
		is_vrrp = open_ipv6(frame, &packet);
		break;
	default:
		is_vrrp = false;
	}
	if (is_vrrp)
		*ret_packet = packet;
	return is_vrrp;
}

/* ---- decoding ------------------------------------------------------------------------------- */

/*
 * Read all of the message, whatever it says; what is missing is zero.  The fixed part has the same
 * length in both versions, and the version that a message claims decides what the rest is.
 */
static void
read_message(struct reader *in, struct advert *ad, uint8_t *ret_type, bool *ret_fixed_part)
{
	uint8_t version_type = read_u8(in);

	ad->version = version_type >> 4;
	*ret_type = version_type & 0x0f;
	ad->vrid = read_u8(in);
	ad->priority = read_u8(in);
	ad->address_count = read_u8(in);
	if (ad->version == 3) {
		ad->interval = (read_u16(in) & INTERVAL_BITS) * CENTISECOND;
	} else {
		ad->auth = read_u8(in);
		ad->interval = read_u8(in) * NSEC_PER_SEC;
	}
	(void)read_u16(in);		/* checksum: summed by find_sum() */
	*ret_fixed_part = !in->short_read;
	ad->addresses = read_bytes(in, (size_t)ip_size(&ad->source) * ad->address_count);
	if (ad->version != 3)
		read_copy(in, ad->auth_data, sizeof(ad->auth_data));
}

/* In which form does the checksum hold?  False: in none that the version knows. */
static bool
find_sum(const uint8_t *message, size_t length, struct advert *ad)
{
	uint32_t pseudo = envelope_pseudo(&ad->source, &ad->destination, PROTOCOL_VRRP, length);
	bool alone = ad->family == 4 && envelope_sum(0, message, length) == 0;
	bool with_pseudo = ad->version == 3 && envelope_sum(pseudo, message, length) == 0;

	ad->sum_form = alone && with_pseudo ? SUM_FORMS : with_pseudo ? SUM_PSEUDO : SUM_MESSAGE;
	return alone || with_pseudo;
}

/* What only version 3 asks: RFC 9568 7.1 with errata 8301, 8299 and 8300. */
static enum advert_fault
judge_version_3(const struct advert *ad)
{
	const uint8_t *first = ad->addresses;

	if (ad->ah.present)
		return ADVERT_AUTH_INVALID;
	if (ad->interval == 0)
		return ADVERT_INTERVAL;
	if (ad->address_count == 0)
		return ADVERT_NO_ADDRESS;
	if (ad->family == 6 && (first[0] != 0xfe || first[1] >> 6 != 2))
		return ADVERT_FIRST_ADDRESS;
	return ADVERT_OK;
}

enum advert_fault
advert_decode(const struct packet *packet, struct advert *ret_advert)
{
	struct reader in = packet->message;
	const uint8_t *start = in.at;
	struct advert ad = {
		.family = packet->source.family,
		.ttl = packet->ttl,
		.sender = packet->sender,
		.source = packet->source,
		.destination = packet->destination,
		.ah = packet->ah,
	};
	uint8_t type;
	bool fixed_part;

	read_message(&in, &ad, &type, &fixed_part);

	bool sum_holds = !in.short_read && find_sum(start, (size_t)(in.at - start), &ad);

	*ret_advert = ad;
	/* In the order of the RFCs: the first thing that is wrong is the one that is named. */
	if (!packet->whole)
		return ADVERT_LENGTH;
	if (ad.ttl != TTL && envelope_is_multicast(&ad.destination))
		return ADVERT_TTL;
	if (!fixed_part)
		return ADVERT_LENGTH;
	if (ad.version != 3 && (ad.version != 2 || ad.family != 4))
		return ADVERT_VERSION;
	if (type != TYPE_ADVERTISEMENT)
		return ADVERT_TYPE;
	if (in.short_read)		/* addresses and authentication data */
		return ADVERT_LENGTH;
	if (!packet->header_sum_holds || !sum_holds)
		return ADVERT_CHECKSUM;
	if (ad.version == 3)
		return judge_version_3(&ad);
	return ad.ah.present == (ad.auth == AUTH_AH) ? ADVERT_OK : ADVERT_AUTH_INVALID;
}

/* ---- encoding ------------------------------------------------------------------------------- */

static void
write_message(struct writer *w, const struct advert *ad)
{
	write_u8(w, (uint8_t)(ad->version << 4 | TYPE_ADVERTISEMENT));
	write_u8(w, ad->vrid);
	write_u8(w, ad->priority);
	write_u8(w, ad->address_count);
	if (ad->version == 3) {
		write_u16(w, (uint16_t)(ad->interval / CENTISECOND));
	} else {
		write_u8(w, ad->auth);
		write_u8(w, (uint8_t)(ad->interval / NSEC_PER_SEC));
	}
	write_u16(w, 0);
	write_bytes(w, ad->addresses, (size_t)ip_size(&ad->source) * ad->address_count);
	if (ad->version == 2)
		write_bytes(w, ad->auth_data, sizeof(ad->auth_data));
}

static size_t
message_length(const struct advert *ad)
{
	return FIXED_PART + (size_t)ip_size(&ad->source) * ad->address_count +
	       (ad->version == 2 ? PASSWORD_SIZE : 0);
}

size_t
advert_encode(const struct advert *ad, uint8_t frame[ADVERT_FRAME_MAX])
{
	nsec_t unit = ad->version == 3 ? CENTISECOND : NSEC_PER_SEC;
	nsec_t max = ad->version == 3 ? ADVERT_INTERVAL_MAX_V3 : ADVERT_INTERVAL_MAX_V2;
	bool with_ah = ad->version == 2 && ad->auth == AUTH_AH;
	bool with_pseudo = ad->version == 3 && (ad->family == 6 || ad->sum_form == SUM_PSEUDO);
	const struct envelope envelope = {
		.sender = ad->sender,
		.source = ad->source,
		.destination = ad->destination,
		.class = CLASS_CONTROL,
		.protocol = with_ah ? PROTOCOL_AH : PROTOCOL_VRRP,
	};
	size_t length = message_length(ad);
	struct writer w = writer_over(frame, ADVERT_FRAME_MAX);

	assert(ad->version == 3 || (ad->version == 2 && ad->family == 4));
	assert(ad->source.family == ad->family && ad->address_count <= GROUP_ADDRESSES_MAX);
	assert(ad->interval >= unit && ad->interval <= max);

	envelope_write(&w, &envelope, length + (with_ah ? AUTH_HEADER_SIZE : 0));
	if (with_ah)
		auth_header_write(&w, &ad->source);

	uint8_t *message = w.at;
	uint32_t pseudo = envelope_pseudo(&ad->source, &ad->destination, PROTOCOL_VRRP, length);

	write_message(&w, ad);
	envelope_seal(with_pseudo ? pseudo : 0, message, length, CHECKSUM_AT);
	assert(!w.overflow);
	return writer_length(&w);
}

void
advert_seal(uint8_t *frame, size_t length, const uint8_t password[PASSWORD_SIZE],
            uint32_t sequence)
{
	assert(length > ADVERT_ETHERNET);
	auth_header_seal(frame + ADVERT_ETHERNET, length - ADVERT_ETHERNET, password, sequence);
}
