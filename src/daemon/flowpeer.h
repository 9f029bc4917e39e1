/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connsync's side to the partner: one control connection (TCP, TLS 1.3 by both routers' keys) and
 * sealed datagrams (UDP) on each path.  It keeps the connection: the router with the lower address
 * on the first path connects, the other one listens; and makes it anew, with new keys, when it is
 * lost or old.  What the bytes mean is core/flowsync's business.
 *
 * Without authentication, which an operator has to ask for in words, both are in the clear.
 */
#ifndef TANDEM_FLOWPEER_H
#define TANDEM_FLOWPEER_H

#include "base/base.h"
#include "base/error.h"
#include "core/flowsync.h"
#include "core/settings.h"
#include "system/identity.h"
#include "system/seal.h"

struct sd_event;
struct flowpeer;

struct flowpeer_calls {
	/* The partner has proved who it is. */
	void (*on_connected)(void *owner);
	void (*on_disconnected)(void *owner);
	void (*on_control)(void *owner, const uint8_t *bytes, size_t length);
	/* It arrived then, or before. */
	void (*on_datagram)(void *owner, unsigned path, const uint8_t *bytes, size_t length,
	                    nsec_t arrival);
	/* A batch of what came in was handed in. */
	void (*on_batch)(void *owner);
};

struct flowpeer_counts {
	uint64_t sent[FLOWSYNC_PATHS];		/* datagrams */
	uint64_t unsent[FLOWSYNC_PATHS];	/* that the kernel did not take */
	uint64_t received[FLOWSYNC_PATHS];
	/* Bytes of all that, as the link carries them, and of the stream without its headers. */
	uint64_t bytes_sent[FLOWSYNC_PATHS];
	uint64_t bytes_received[FLOWSYNC_PATHS];
	uint64_t rate_sent[FLOWSYNC_PATHS];	/* ... in a second, of the last few */
	uint64_t rate_received[FLOWSYNC_PATHS];
	uint64_t faults[SEAL_FAULTS];		/* that could not be opened, by reason */
	uint64_t strayed;			/* of a connection before, or without any */
	uint64_t connections;			/* that were made */
	uint64_t refused;			/* ... and were not the partner's */
	unsigned path;				/* of the control connection */
	bool connected;
};

/*
 * The ways between the routers as the settings have them; local: our ends, resolved.  An interface
 * that is not there yet, or is made anew, is waited for.  identity is borrowed, and NULL without
 * authentication.  age: so long keys are used, at most SEAL_AGE.  0, or negative errno with *error.
 */
int flowpeer_new(struct sd_event *event, const struct connsync_settings *connsync,
                 const struct ip local[CONNSYNC_PATHS_MAX], const struct identity *identity,
                 nsec_t age, const struct flowpeer_calls *calls, void *owner,
                 struct flowpeer **ret, struct error *error) MUST_USE;
void flowpeer_free(struct flowpeer *link);	/* NULL is fine */

/* Bytes of a datagram's body on this path, and what it is longer on the wire. */
uint16_t flowpeer_payload(const struct flowpeer *link, unsigned path);
uint16_t flowpeer_overhead(const struct flowpeer *link);

/* The hooks of flowsync.h that concern the partner; none of them calls the owner. */
void flowpeer_send_datagram(struct flowpeer *link, unsigned path, const uint8_t *bytes,
                            size_t length);
void flowpeer_send_control(struct flowpeer *link, const uint8_t *bytes, size_t length);
void flowpeer_hang_up(struct flowpeer *link, const char *why);
/* Datagrams gathered by flowpeer_send_datagram() leave now; a connection that a hook found lost is
 * told.  Not from within a hook. */
void flowpeer_flush(struct flowpeer *link);

/* Hand in datagrams that have come, before the role changes, until then at most.  True: all of them
 * were; otherwise the rest is handed in as the loop turns. */
bool flowpeer_drain(struct flowpeer *link, nsec_t until);

/*
 * Bytes that the keys of both routers make, the same in every session and unknown to anybody else.
 * From on_connected() until the connection is lost; -ENOTCONN without one, -ENOKEY without
 * authentication.
 */
int flowpeer_secret(const struct flowpeer *link, void *secret, size_t size) MUST_USE;

struct flowpeer_counts flowpeer_counts(const struct flowpeer *link);
/* Why this path is not in use, "" when nothing is known to be wrong; valid until the next call. */
const char *flowpeer_trouble(const struct flowpeer *link, unsigned path);

#endif
