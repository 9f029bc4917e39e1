/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door for other routers: TLS on TCP, and behind it the same HTTP as on the Unix socket.  Who
 * comes in has proved to have a key; which requests a key may make is its owner's business.
 *
 * Nobody can use it up: whoever has not been let in yet is limited in number, in time, in bytes and
 * in how often he may try; those who are expected have places that strangers cannot take.
 */
#ifndef TANDEM_DOOR_H
#define TANDEM_DOOR_H

#include "api/http.h"
#include "base/error.h"
#include "base/inet.h"
#include "system/identity.h"

#define DOOR_ADDRESSES_MAX 8u

struct sd_event;
struct door;

struct door_calls {
	/* Is this the key of the peer?  Then peer->full is true in its requests, and its
	 * connections may stay. */
	bool (*is_paired)(void *owner, const struct fingerprint *key);
	/* Is somebody from this address waited for? */
	bool (*is_expected)(void *owner, const struct ip *address);
	/* A request; request->peer.key and .remote say whose. */
	http_call *on_request;
};

/* Where to listen.  Two that are equal are equal byte by byte. */
struct door_places {
	unsigned count;			/* 0: the door is shut */
	uint16_t port;
	struct ip addresses[DOOR_ADDRESSES_MAX];	/* family 0: all of both families */
};

/* A shut door; calls and identity are borrowed. */
int door_new(struct sd_event *event, const struct door_calls *calls, void *owner,
             struct door **ret_door, struct error *error) MUST_USE;
/* NULL is fine. */
void door_free(struct door *door);

/*
 * Listen at these places and no others; identity is needed unless there are none.  Connections that
 * are open stay.  0, or negative errno with *error for the first place where it cannot; it listens
 * at the others all the same.
 */
int door_open(struct door *door, const struct identity *identity, const struct door_places *places,
              struct error *error) MUST_USE;

/* End the connections of everybody whose key is the peer's no more. */
void door_dismiss(struct door *door);

#endif
