/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request to another router's door (daemon/door), as this router: connect, prove both keys,
 * ask, hear the whole answer.  It runs in the caller's event loop and says once how it ended.
 */
#ifndef TANDEM_PEER_CALL_H
#define TANDEM_PEER_CALL_H

#include "api/response.h"
#include "base/error.h"
#include "base/inet.h"
#include "system/identity.h"

struct sd_event;
struct peer_call;

struct peer_request {
	struct ip address;
	uint16_t port;
	const struct fingerprint *pin;	/* whose key it must be; NULL: anybody's, the answer says */
	const char *method;		/* "GET" */
	const char *path;		/* with its query */
	const char *body;		/* NULL = none; plain text */
};

/* How it ended.  All of it is gone after the call. */
struct peer_answer {
	struct error error;		/* code 0: there is an answer, whatever its status */
	struct response *response;	/* the owner may take its body */
	struct fingerprint key;		/* who answered */
	struct ip local;		/* this router's own address on the way there */
};

typedef void peer_call_done(void *owner, struct peer_answer *answer);

/* Ask.  Everything in request is copied, identity is borrowed; on_end is never called from within.
 * The call frees itself after on_end. */
struct peer_call *peer_call_new(struct sd_event *event, const struct identity *identity,
                                const struct peer_request *request, peer_call_done *on_end,
                                void *owner);
/* Forget it: on_end is not called any more.  NULL is fine. */
void peer_call_cancel(struct peer_call *call);

#endif
