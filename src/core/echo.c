/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Echo requests and replies: bytes to struct and back.
 */
#include "core/echo.h"

#define TYPE_REQUEST4 8u
#define TYPE_REPLY4 0u
#define TYPE_REQUEST6 128u
#define TYPE_REPLY6 129u
#define PROTOCOL_ICMP 1u
#define MORE_OR_OFFSET 0x3fffu		/* of the fragment field: anything but a whole packet */
#define MARK 0x54616e64u		/* "Tand", in front of the cookie */

/* The Internet checksum (RFC 1071). */
static uint16_t
checksum(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void
echo_encode(const struct echo *echo, uint8_t bytes[ECHO_SIZE])
{
	struct writer out = writer_over(bytes, ECHO_SIZE);

	write_u8(&out, echo->family == 4 ? TYPE_REQUEST4 : TYPE_REQUEST6);
	write_u8(&out, 0);
	write_u16(&out, 0);
	write_u16(&out, echo->identifier);
	write_u16(&out, echo->sequence);
	write_u32(&out, MARK);
	write_u32(&out, (uint32_t)(echo->cookie >> 32));
	write_u32(&out, (uint32_t)echo->cookie);
	write_zeros(&out, ECHO_SIZE - writer_length(&out));
	assert(!out.overflow);
	if (echo->family == 4) {
		uint16_t sum = checksum(bytes, ECHO_SIZE);

		bytes[2] = (uint8_t)(sum >> 8);
		bytes[3] = (uint8_t)sum;
	}
}

/* Step over the IPv4 header and leave the reader with the rest of the packet. */
static enum echo_fault
skip_header(struct reader *in)
{
	uint8_t version_length = read_u8(in);
	size_t header = (size_t)(version_length & 0xf) * 4;

	(void)read_u8(in);
	size_t total = read_u16(in);

	(void)read_u16(in);
	uint16_t fragment = read_u16(in);

	(void)read_u8(in);
	uint8_t protocol = read_u8(in);

	(void)read_bytes(in, 10);
	if (in->short_read || version_length >> 4 != 4 || header < 20 || total < header)
		return ECHO_SHORT;
	if (protocol != PROTOCOL_ICMP || (fragment & MORE_OR_OFFSET))
		return ECHO_PROTOCOL;
	(void)read_bytes(in, header - 20);
	*in = read_sub(in, total - header);
	return in->short_read ? ECHO_SHORT : ECHO_OK;
}

enum echo_fault
echo_decode(uint8_t family, struct reader in, struct echo *ret_echo)
{
	enum echo_fault fault = family == 4 ? skip_header(&in) : ECHO_OK;

	if (fault != ECHO_OK)
		return fault;

	const uint8_t *message = in.at;
	size_t length = reader_left(&in);
	uint8_t type = read_u8(&in);
	uint8_t code = read_u8(&in);

	(void)read_u16(&in);
	ret_echo->family = family;
	ret_echo->identifier = read_u16(&in);
	ret_echo->sequence = read_u16(&in);
	if (in.short_read)
		return ECHO_SHORT;
	if (type != (family == 4 ? TYPE_REPLY4 : TYPE_REPLY6) || code != 0)
		return ECHO_TYPE;
	if (family == 4 && checksum(message, length) != 0)
		return ECHO_CHECKSUM;

	uint32_t mark = read_u32(&in);
	uint64_t high = read_u32(&in);

	ret_echo->cookie = high << 32 | read_u32(&in);
	return in.short_read || mark != MARK ? ECHO_PAYLOAD : ECHO_OK;
}
