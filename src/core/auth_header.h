/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IP authentication header of version 2: RFC 2402 with HMAC-MD5-96 (RFC 2403) as RFC 2338
 * 5.3.6.3 demands, and its guard against replay.  The ICV, integrity check value, is
 * 96 bits of HMAC.
 *
 * Sequence numbers.  All routers of a group count on one line: whoever speaks uses one more than
 * the greatest it ever sent or heard, auth_header_next().  That is what keepalived does, which
 * accepts only numbers above all it sent or heard; so a takeover goes on where the old master
 * stopped.  The window holds what was heard, from whomever, never what was sent: two masters that
 * count alike must hear each other.  For a restart, keep the greatest number sent or heard in the
 * status record; auth_header_resume() begins there.  A router that lost its count (reboot) hears
 * the present master before it speaks; should it speak first, nobody hears it, and it catches up
 * with the first advertisement that it hears itself.
 */
#ifndef TANDEM_AUTH_HEADER_H
#define TANDEM_AUTH_HEADER_H

#include "base/base.h"
#include "base/bytes.h"
#include "base/inet.h"
#include "core/settings.h"

#define AUTH_HEADER_SIZE 24u		/* fixed part and 96 bits of ICV */
#define AUTH_HEADER_WINDOW 64u		/* numbers this far below the greatest may still come */

/* The header found in a received packet; borrows the packet's bytes. */
struct auth_header {
	bool present;
	uint32_t spi;			/* the sender's address, by custom; the ICV covers it */
	uint32_t sequence;
	const uint8_t *packet;		/* from its IPv4 header on; NULL: not what we verify */
	size_t packet_length;		/* as the IPv4 header has it */
};

/*
 * Is the ICV right for this password?  Covers the whole packet but the IPv4 fields that routers
 * change (RFC 2402 3.3.3.1.1.1).  The time it takes does not tell how much of it was right.
 */
bool auth_header_holds(const struct auth_header *ah,
                       const uint8_t password[PASSWORD_SIZE]) MUST_USE;

/*
 * Step over the header that in stands on, inside the IPv4 packet of length bytes.  False when it is
 * cut or does not carry VRRP.  A form that we cannot verify (other ICV, IP options) is present, but
 * never holds.
 */
bool auth_header_read(struct reader *in, const uint8_t *packet, size_t length,
                      struct auth_header *ret_ah) MUST_USE;
/* Write AUTH_HEADER_SIZE bytes: for VRRP, from this source, sequence and ICV still zero. */
void auth_header_write(struct writer *w, const struct ip *source);

/*
 * Put sequence number and ICV into the header of a packet, from its IPv4 header of 20 bytes on,
 * which is otherwise complete.  May be repeated on the same packet with another number.
 */
void auth_header_seal(uint8_t *packet, size_t length, const uint8_t password[PASSWORD_SIZE],
                      uint32_t sequence);

/* What was heard already.  All zero: nothing. */
struct ah_window {
	uint32_t greatest;		/* heard; 0 = none: no sender uses it */
	uint64_t seen;			/* bit n: greatest - n was heard */
};

/* Is this number neither heard nor too old?  Ask before believing, note only what was believed. */
bool auth_header_is_fresh(const struct ah_window *window, uint32_t sequence) MUST_USE;
void auth_header_note(struct ah_window *window, uint32_t sequence);
/* After a restart: all numbers up to last count as heard. */
struct ah_window auth_header_resume(uint32_t last);
/*
 * The number after the greatest sent or heard: of the next advertisement.  Never 0; after 2^32
 * (136 years) it begins anew, and the password must be changed on all routers.
 */
static inline uint32_t
auth_header_next(uint32_t greatest)
{
	return greatest == UINT32_MAX ? 1 : greatest + 1;
}

#endif
