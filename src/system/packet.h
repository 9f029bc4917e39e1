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
#include "base/nsec.h"

#define PACKET_BATCH 32u
#define PACKET_SIZE 2048u		/* larger frames are no VRRP and come truncated */

/*
 * A non-blocking socket that receives the untagged IPv4 frames of protocol 112 on this interface,
 * not our own, and is a member of 224.0.0.18 in the network card's filter and towards switches.
 * ret_sockets[0] receives; ret_sockets[1] only holds the membership.  Both are the caller's.
 */
int packet_open(int ifindex, int ret_sockets[2], struct error *error) MUST_USE;

/* A socket that only sends. */
int packet_open_sender(int *ret_socket, struct error *error) MUST_USE;

struct packet {
	const uint8_t *bytes;		/* from the Ethernet header on; valid until the next call */
	size_t length;
	nsec_t arrival;			/* by clock_now() */
};

struct packet_buffer;			/* room for one batch */

struct packet_buffer *packet_buffer_new(void) MUST_USE;
void packet_buffer_free(struct packet_buffer *buffer);

/*
 * Receive up to PACKET_BATCH frames.  The number of frames, 0 when nothing is there, or negative
 * errno (-ENETDOWN once when the interface went down: harmless).
 */
int packet_receive(int socket, struct packet_buffer *buffer, struct packet ret[PACKET_BATCH]);

struct outgoing {
	int ifindex;
	const uint8_t *bytes;		/* a whole Ethernet frame */
	size_t length;
	int error;			/* out: 0 or the positive errno of this frame */
};

/* Send frames in order with as few system calls as possible; each gets its own error. */
void packet_send(int socket, struct outgoing *frames, size_t count);

#endif
