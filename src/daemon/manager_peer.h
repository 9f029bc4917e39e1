/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager and the other router of the pair: manager_peer.c has this router's key, the door as
 * it is configured, and asks the peer for its configuration; manager_pair.c makes two routers a
 * pair when their operators want it.
 */
#ifndef TANDEM_MANAGER_PEER_H
#define TANDEM_MANAGER_PEER_H

#include "daemon/door.h"
#include "daemon/manager_inside.h"
#include "daemon/pairing.h"
#include "daemon/peer_call.h"

#define PEER_ADDRESSES_MAX 4u		/* as in tandem-system.yang */
#define PEER_UNINVITED_MAX 4u

/* Somebody who wants to be paired and was not waited for. */
struct uninvited {
	struct ip address;		/* family 0: no entry */
	struct fingerprint key;
	nsec_t when;
};

struct peer_question;

struct manager_peer {
	struct identity *identity;	/* NULL until it is needed */
	struct identity **former;	/* of sessions that began before there was another */
	size_t former_count;
	struct door *door;
	char *problems;			/* what an operator should repair; heap */

	bool paired;			/* as configured, with the following three */
	struct fingerprint key;
	uint16_t port;
	struct ip addresses[PEER_ADDRESSES_MAX];
	unsigned address_count;
	struct door_places places;	/* of the door; count 0: https is not configured */

	struct peer_question *questions;
	unsigned question_count;

	struct pairing pairing;
	struct peer_call *call;		/* of the pairing */
	sd_event_source *tick;		/* while a pairing is under way */
	nsec_t failed_at;
	struct uninvited uninvited[PEER_UNINVITED_MAX];
};

/* Set up, and do as running says.  What goes wrong is a problem to repair and no more. */
void manager_peer_start(struct manager *m);
void manager_peer_end(struct manager *m);
/* Running, or a pairing, may want another door or another peer. */
void manager_peer_follow(struct manager *m);
/* This router's key, made if there is none; NULL with *error. */
const struct identity *manager_peer_identity(struct manager *m, struct error *error);
/* Operation: answer with the configuration that the router at this address runs. */
void manager_peer_configuration(struct manager *m, struct http_request *request,
                                const char *address);

/* Operations of pairing. */
void manager_pair_begin(struct manager *m, struct http_request *request, const char *address,
                        uint16_t port);
void manager_pair_answer(struct manager *m, struct http_request *request, const char *code,
                         bool agree);
void manager_pair_reset(struct manager *m, struct http_request *request);
void manager_pair_key(struct manager *m, struct http_request *request);
/* Somebody at the door asks for PAIRING_PATH. */
void manager_pair_on_request(struct manager *m, struct http_request *request);
/* Must the door be open for a pairing, and where? */
bool manager_pair_needs_door(const struct manager *m, struct door_places *ret_places);
/* State container pair-state. */
void manager_pair_state(struct manager *m, struct lyd_node **tree);
void manager_pair_end(struct manager *m);

#endif
