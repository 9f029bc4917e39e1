/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VRRP advertisement as bytes and as a struct: version 2 over IPv4 (RFC 3768, authentication
 * of RFC 2338), version 3 over IPv4 and IPv6 (RFC 9568 with errata 8299 to 8301; RFC 5798).
 * advert_open() finds the message in a frame, advert_decode() reads it, advert_encode() writes a
 * whole frame.  What depends on our own configuration (version, group number, password, interval,
 * peers and the TTL of unicast) is judged by vrouter_judge(), not here.
 */
#ifndef TANDEM_ADVERT_H
#define TANDEM_ADVERT_H

#include "base/base.h"
#include "base/bytes.h"
#include "base/inet.h"
#include "base/nsec.h"
#include "core/auth_header.h"
#include "core/settings.h"
#include "core/status.h"

/* Ethernet; then IPv6, fixed part, addresses: more than the largest over IPv4 with its AH. */
#define ADVERT_ETHERNET 14u
#define ADVERT_FRAME_MAX (ADVERT_ETHERNET + 40u + 8u + 16u * GROUP_ADDRESSES_MAX)

#define ADVERT_PRIORITY_RESIGN 0u

/* Largest interval that a message of this version can name. */
#define ADVERT_INTERVAL_MAX_V2 (255 * NSEC_PER_SEC)
#define ADVERT_INTERVAL_MAX_V3 (4095 * 10 * NSEC_PER_MSEC)

/* A frame that carries VRRP, opened as far as the message; nothing about it is judged yet. */
struct packet {
	struct mac sender;
	struct ip source;
	struct ip destination;
	uint8_t ttl;			/* or hop limit */
	bool whole;			/* headers and lengths hold, not a fragment */
	bool header_sum_holds;		/* IPv4; true for IPv6, which has none */
	struct auth_header ah;
	struct reader message;		/* the VRRP message and what follows inside the IP packet */
};

struct advert {
	uint8_t version;		/* 2 or 3 */
	uint8_t family;			/* 4 or 6 */
	uint8_t vrid;
	uint8_t priority;
	uint8_t auth;			/* version 2, as on the wire: enum auth_type; otherwise 0 */
	uint8_t auth_data[PASSWORD_SIZE];	/* version 2; otherwise zero */
	uint8_t sum_form;		/* version 3 over IPv4: enum sum_form of its checksum;
					 * received: SUM_FORMS when both hold */
	uint8_t ttl;			/* or hop limit; not used by advert_encode() */
	nsec_t interval;		/* version 2: whole seconds; version 3: centiseconds */
	struct mac sender;
	struct ip source;
	struct ip destination;
	struct auth_header ah;		/* received: judge it when auth is AUTH_AH */
	uint8_t address_count;
	const uint8_t *addresses;	/* so many of 4 or 16 bytes, network order, borrowed */
};

/* Number index of its addresses; index is below address_count. */
struct ip advert_address(const struct advert *advert, unsigned index);

/*
 * Does the frame carry VRRP: over IPv4, plain or behind an authentication header, or over IPv6,
 * plain or behind options?  Multicast or unicast.  The frame is as a packet socket delivers it: a
 * VLAN tag that is still in it makes it another network's.  False leaves *ret_packet untouched.
 */
bool advert_open(struct reader frame, struct packet *ret_packet) MUST_USE;

/*
 * Read and judge the message in the order of RFC 3768 7.1 or RFC 9568 7.1, as far as that needs no
 * configuration.  A TTL (hop limit) other than 255 is a fault when sent to multicast; for unicast
 * the caller must compare ret_advert->ttl with what it asks of that peer.  Either checksum form is
 * accepted for version 3 over IPv4; ret_advert says which it was.  An authentication type of AH
 * and the header come together in all that is ADVERT_OK; whether its ICV is right, the caller asks
 * auth_header_holds().  Not judged here: whether the destination is ours, the source a neighbour's.
 *
 * Sender, source, destination, ttl, family and, when they could be read, version, VRID and priority
 * are filled in whatever the answer (VRID 0: not readable); all the rest is usable only on
 * ADVERT_OK.  ret_advert borrows from the packet's bytes.
 */
enum advert_fault advert_decode(const struct packet *packet, struct advert *ret_advert) MUST_USE;

/*
 * Write the frame and return its length: TTL 255, class of network control.  To a multicast
 * destination the frame is complete.  To a unicast one the Ethernet destination stays zero: send
 * what follows the first ADVERT_ETHERNET bytes through a raw IP socket.  With auth AUTH_AH the
 * frame holds an authentication header that every sending must advert_seal() first.  The interval
 * is at least a second (version 2) or a centisecond, and within the version's maximum.
 */
size_t advert_encode(const struct advert *advert, uint8_t frame[ADVERT_FRAME_MAX]);

/* Finish a frame encoded with AUTH_AH; again with the next number for the next sending. */
void advert_seal(uint8_t *frame, size_t length, const uint8_t password[PASSWORD_SIZE],
                 uint32_t sequence);

/* 224.0.0.18 or ff02::12 */
struct ip advert_destination(uint8_t family);

#endif
