/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Echo requests and replies of ICMP (RFC 792) and ICMPv6 (RFC 4443 4), as path monitors send and
 * receive them.  Codec only: the identifier says which monitor, the sequence which of its probes,
 * and a cookie in the payload that nobody who did not see the request can know it.
 */
#ifndef TANDEM_ECHO_H
#define TANDEM_ECHO_H

#include "base/base.h"
#include "base/bytes.h"

#define ECHO_SIZE 64u			/* bytes of a request: as ping sends */

struct echo {
	uint8_t family;			/* 4 or 6 */
	uint16_t identifier;
	uint16_t sequence;
	uint64_t cookie;
};

enum echo_fault {
	ECHO_OK,
	ECHO_SHORT,			/* truncated, or shorter than its header says */
	ECHO_PROTOCOL,			/* not ICMP, or a fragment */
	ECHO_TYPE,			/* not an echo reply */
	ECHO_CHECKSUM,
	ECHO_PAYLOAD,			/* not one of ours */
	ECHO_FAULTS,
};

/* Write a request.  The checksum of IPv6 stays zero: the kernel fills it in (RFC 3542 3.1). */
void echo_encode(const struct echo *echo, uint8_t bytes[ECHO_SIZE]);

/*
 * Read what a raw socket of this family received: for IPv4 with its IP header, for IPv6 without,
 * and with a checksum the kernel has seen to.  *ret_echo is usable on ECHO_OK only.
 */
enum echo_fault echo_decode(uint8_t family, struct reader in, struct echo *ret_echo);

#endif
