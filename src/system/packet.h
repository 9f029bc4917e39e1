/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet sockets for VRRP: receive with a kernel filter and arrival times, send prebuilt frames.
 * One receiving socket an interface, bound to it and seeing every frame before the protocol stack
 * does (a virtual link on the same interface would take frames from its own MAC away from the
 * stack).  No policy; nothing here knows a group.
 */
#ifndef TANDEM_PACKET_H
#define TANDEM_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "base/error.h"
#include "base/inet.h"
#include "base/nsec.h"

#define PACKET_BATCH 64u
#define PACKET_SIZE 2048u		/* larger frames are no VRRP and come truncated */

/* Families whose multicast group a socket joins; bits. */
enum packet_family {
	PACKET_IPV4 = 1,		/* 224.0.0.18 */
	PACKET_IPV6 = 2,		/* ff02::12 */
};

struct packet_sockets {
	int receive;
	int members[2];			/* only hold memberships; -1 = none */
};

/*
 * A non-blocking socket that receives the untagged VRRP frames on this interface, with or without
 * an authentication header, not our own; and memberships of the groups of these families in the
 * network card's filter and towards switches.  The caller ends it with packet_close().
 */
int packet_open(int ifindex, unsigned families, struct packet_sockets *ret,
                struct error *error) MUST_USE;
void packet_close(struct packet_sockets *sockets);

/* Sockets that only send: whole frames, and IP packets through the routing table. */
struct packet_senders {
	int frame;
	int ip4;
	int ip6;
};

/* All, or none and a negative errno; ip6 is -1 where the kernel has no IPv6.  Needs CAP_NET_RAW. */
int packet_open_senders(struct packet_senders *ret, struct error *error) MUST_USE;
void packet_close_senders(struct packet_senders *senders);

struct packet {
	const uint8_t *bytes;		/* from the Ethernet header on; valid until the next call */
	size_t length;
	nsec_t arrival;			/* by clock_now() */
};

struct packet_buffer;			/* room for one batch */

/* Heap; NULL: out of memory. */
struct packet_buffer *packet_buffer_new(void) MUST_USE;
void packet_buffer_free(struct packet_buffer *buffer);

/*
 * Receive up to PACKET_BATCH frames.  The number of frames, 0 when nothing is there, or negative
 * errno (-ENETDOWN once when the interface went down: harmless).
 */
int packet_receive(int socket, struct packet_buffer *buffer, struct packet ret[PACKET_BATCH]);

struct outgoing {
	int ifindex;
	const uint8_t *bytes;		/* an Ethernet frame, or an IP packet with its header */
	size_t length;
	struct ip unicast;		/* where an IP packet goes; family 0 = a frame */
	int error;			/* out: 0 or the positive errno of this frame */
};

/*
 * Send frames and packets in order with as few system calls as possible; each gets its own error.
 * An IP packet leaves by its interface, to the next hop that the routing table names there; where
 * it names none, the kernel takes the address for a neighbour.
 */
void packet_send(const struct packet_senders *senders, struct outgoing *frames, size_t count);

#endif
