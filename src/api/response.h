/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One answer of an HTTP server, collected from whatever pieces arrive: the client's half of what
 * two routers of a pair say to each other (RFC 9112).  Only what our own door sends is understood:
 * a body has its length in the head.
 */
#ifndef TANDEM_RESPONSE_H
#define TANDEM_RESPONSE_H

#include "base/base.h"

#define RESPONSE_HEAD_MAX 8192u
#define RESPONSE_BODY_MAX (32u << 20)

enum response_state {
	RESPONSE_HEAD,			/* more must come */
	RESPONSE_BODY,			/* likewise */
	RESPONSE_DONE,
	RESPONSE_BAD,			/* it is no HTTP, too much, or not what we understand */
};

/* All zero is the beginning of a response. */
struct response {
	enum response_state state;
	unsigned status;		/* once the head is over: 200 .. 599 */
	uint64_t revision;		/* of the ETag, 0 = none */
	char *body;			/* once DONE: ended with a zero beyond its size; heap */
	size_t size;
	char *head;			/* response.c's own */
	size_t head_size;
	size_t length;			/* of the body, as announced */
};

/* What follows came in.  At most body_max bytes of body are taken. */
enum response_state response_feed(struct response *response, const void *bytes, size_t size,
                                  size_t body_max);
void response_done(struct response *response);

#endif
