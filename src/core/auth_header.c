/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The authentication header of VRRP version 2: RFC 2402, HMAC-MD5-96 of RFC 2403, as RFC 2338
 * 5.3.6.3 asks for it.  It computes and compares; what follows from it, vrouter.c decides.
 *
 * RFC 2402 takes the TTL as zero, because routers change it.  No router forwards what is sent to
 * VRRP's group, and keepalived takes the TTL of multicast as it is, and as zero only for unicast.
 * We write what keepalived reads and read both.
 */
#include "core/auth_header.h"

#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <string.h>

#include "core/envelope.h"

#define PROTOCOL_VRRP 112
#define ICV_SIZE 12u			/* the first 96 bits */
#define WORDS (AUTH_HEADER_SIZE / 4 - 2)	/* payload length as the header counts it */
#define SEQUENCE_AT (IPV4_HEADER + 8)
#define ICV_AT (IPV4_HEADER + AUTH_HEADER_SIZE - ICV_SIZE)

/* Places in the IPv4 header. */
#define TOS 1
#define FLAGS 6				/* and fragment offset */
#define TTL 8
#define CHECKSUM 10
#define DESTINATION 16

static bool
is_multicast(const uint8_t *packet)
{
	struct ip destination = ip_from_v4(packet + DESTINATION);

	return envelope_is_multicast(&destination);
}

/* The ICV of a packet in which fields that may change, and the ICV itself, count as zero. */
static void
compute(const uint8_t *packet, size_t length, const uint8_t password[PASSWORD_SIZE],
        bool with_ttl, uint8_t ret_icv[ICV_SIZE])
{
	static const uint8_t none[ICV_SIZE];
	uint8_t header[IPV4_HEADER];
	struct hmac_md5_ctx hmac;

	memcpy(header, packet, sizeof(header));
	header[TOS] = 0;
	header[FLAGS] = header[FLAGS + 1] = 0;
	header[CHECKSUM] = header[CHECKSUM + 1] = 0;
	if (!with_ttl)
		header[TTL] = 0;

	hmac_md5_set_key(&hmac, PASSWORD_SIZE, password);
	hmac_md5_update(&hmac, sizeof(header), header);
	hmac_md5_update(&hmac, ICV_AT - IPV4_HEADER, packet + IPV4_HEADER);
	hmac_md5_update(&hmac, sizeof(none), none);
	hmac_md5_update(&hmac, length - ICV_AT - ICV_SIZE, packet + ICV_AT + ICV_SIZE);
	hmac_md5_digest(&hmac, ICV_SIZE, ret_icv);
}

bool
auth_header_read(struct reader *in, const uint8_t *packet, size_t length,
                 struct auth_header *ret_ah)
{
	bool right_behind = in->at == packet + IPV4_HEADER;
	uint8_t next = read_u8(in);
	uint8_t words = read_u8(in);
	struct auth_header ah = { .present = true };

	(void)read_u16(in);		/* reserved; covered by the ICV all the same */
	ah.spi = read_u32(in);
	ah.sequence = read_u32(in);
	/* The length counts all words but two; the fields above are three. */
	(void)read_bytes(in, words > 1 ? 4u * (words - 1u) : 0);
	if (in->short_read || next != PROTOCOL_VRRP)
		return false;
	if (words == WORDS && right_behind) {
		ah.packet = packet;
		ah.packet_length = length;
	}
	*ret_ah = ah;
	return true;
}

bool
auth_header_holds(const struct auth_header *ah, const uint8_t password[PASSWORD_SIZE])
{
	uint8_t icv[ICV_SIZE];
	bool multicast;

	if (!ah->packet)
		return false;
	multicast = is_multicast(ah->packet);
	compute(ah->packet, ah->packet_length, password, multicast, icv);
	if (memeql_sec(icv, ah->packet + ICV_AT, ICV_SIZE))
		return true;
	if (!multicast)
		return false;
	compute(ah->packet, ah->packet_length, password, false, icv);
	return memeql_sec(icv, ah->packet + ICV_AT, ICV_SIZE);
}

void
auth_header_write(struct writer *w, const struct ip *source)
{
	write_u8(w, PROTOCOL_VRRP);
	write_u8(w, WORDS);
	write_u16(w, 0);
	write_bytes(w, source->bytes, 4);	/* SPI: keepalived insists on it */
	write_u32(w, 0);
	write_zeros(w, ICV_SIZE);
}

void
auth_header_seal(uint8_t *packet, size_t length, const uint8_t password[PASSWORD_SIZE],
                 uint32_t sequence)
{
	struct writer w = writer_over(packet + SEQUENCE_AT, 4);

	assert(length > ICV_AT + ICV_SIZE && packet[0] == 0x45);
	write_u32(&w, sequence);
	compute(packet, length, password, is_multicast(packet), packet + ICV_AT);
}

bool
auth_header_is_fresh(const struct ah_window *window, uint32_t sequence)
{
	uint32_t behind = window->greatest - sequence;

	if (sequence == 0)
		return false;
	if (sequence > window->greatest)
		return true;
	return behind < AUTH_HEADER_WINDOW && !(window->seen >> behind & 1);
}

void
auth_header_note(struct ah_window *window, uint32_t sequence)
{
	assert(auth_header_is_fresh(window, sequence));
	if (sequence > window->greatest) {
		uint32_t ahead = sequence - window->greatest;

		window->seen = ahead < AUTH_HEADER_WINDOW ? window->seen << ahead : 0;
		window->greatest = sequence;
	}
	window->seen |= UINT64_C(1) << (window->greatest - sequence);
}

struct ah_window
auth_header_resume(uint32_t last)
{
	return (struct ah_window){ .greatest = last, .seen = UINT64_MAX };
}
