/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VRRP advertisement as bytes and as a struct.  advert_open() finds the message in a frame,
 * advert_decode() reads it, advert_encode() writes a whole frame.  What depends on our own
 * configuration (password, interval, group number) is judged by vrouter_judge(), not here.
 */
#ifndef TANDEM_ADVERT_H
#define TANDEM_ADVERT_H

#include "base/base.h"
#include "base/bytes.h"
#include "base/inet.h"
#include "base/nsec.h"
#include "core/settings.h"
#include "core/status.h"

/* Ethernet, IPv4, fixed part, addresses, authentication data. */
#define ADVERT_FRAME_MAX (14u + 20u + 8u + 4u * GROUP_ADDRESSES_MAX + PASSWORD_SIZE)

#define ADVERT_PRIORITY_RESIGN 0u

/* A frame that carries VRRP, opened as far as the message; nothing about it is judged yet. */
struct packet {
	struct mac sender;
	struct ip source;		/* family 0 when not even the IP header is whole */
	struct ip destination;
	uint8_t ttl;
	bool whole;			/* header and length hold, not a fragment */
	bool header_sum_holds;
	struct reader message;		/* the VRRP message and what follows inside the IP packet */
};

struct advert {
	uint8_t version;		/* 2 */
	uint8_t family;			/* of its addresses: 4 */
	uint8_t vrid;
	uint8_t priority;
	uint8_t auth;			/* as on the wire: RFC 2338 5.3.6 */
	uint8_t auth_data[PASSWORD_SIZE];
	nsec_t interval;
	struct mac sender;
	struct ip source;
	struct ip destination;
	uint8_t address_count;
	const uint8_t *addresses;	/* address_count of them in network order, borrowed */
};

/*
 * Does the frame carry VRRP over IPv4, plain or behind an authentication header?  False leaves
 * *ret_packet untouched.
 */
bool advert_open(struct reader frame, struct packet *ret_packet) MUST_USE;

/*
 * Read and judge the message, RFC 3768 7.1, as far as that needs no configuration.  The sender and,
 * when it could be read, the VRID are filled in whatever the answer (VRID 0: not readable); all
 * the rest is usable only on ADVERT_OK.  ret_advert borrows from the packet's bytes.
 */
enum advert_fault advert_decode(const struct packet *packet, struct advert *ret_advert) MUST_USE;

/* Write the frame and return its length. */
size_t advert_encode(const struct advert *advert, uint8_t frame[ADVERT_FRAME_MAX]);

/* 224.0.0.18 */
struct ip advert_destination(void);

#endif
