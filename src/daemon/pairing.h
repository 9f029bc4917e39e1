/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How two routers become a pair: one attempt, from the operator's command to "agreed", as a machine
 * without sockets and clocks.  Each operator gives the command on his router; the routers find one
 * another, one of them as client, and come to a code (system/compare) that both operators compare;
 * when both have said yes, each knows the other's key for good.
 *
 * What is said, a line each, over TLS with the keys of both (POST to PAIRING_PATH):
 *     client: commit HEX      server: number HEX      once an attempt, and never again
 *     client: reveal HEX      server: revealed
 *     client: waiting | agreed | refused              again and again, until both agreed
 *                             server: waiting | agreed | refused
 * Anything that does not fit ends the attempt, or is refused without effect if it does not come
 * from the router of the attempt: an attempt gives a man in the middle one guess.
 *
 * If both begin at once, the one with the lower fingerprint stays client.
 */
#ifndef TANDEM_PAIRING_H
#define TANDEM_PAIRING_H

#include "base/base.h"
#include "base/inet.h"
#include "base/nsec.h"
#include "system/compare.h"

#define PAIRING_PATH "/pair"
#define PAIRING_TEXT_SIZE 96		/* of anything that is said */
#define PAIRING_PATIENCE (600 * NSEC_PER_SEC)
#define PAIRING_REASON_SIZE 512

enum pairing_phase {
	PAIRING_NONE,			/* nobody asked for one */
	PAIRING_SEEKING,		/* the other router */
	PAIRING_BOUND,			/* to one key; the code is not known yet */
	PAIRING_COMPARING,		/* the code is known, or the other operator is waited for */
	PAIRING_AGREED,			/* both operators said yes */
	PAIRING_FAILED,			/* see reason */
};

struct pairing {
	enum pairing_phase phase;
	struct ip address;		/* of the other router */
	uint16_t port;
	struct ip local;		/* our own on the way there; family 0 = not known */
	nsec_t deadline;
	char reason[PAIRING_REASON_SIZE];	/* FAILED: why; SEEKING: why not yet; or "" */
	char code[COMPARE_CODE_SIZE];	/* COMPARING, AGREED */
	bool own_yes, peer_yes;
	bool client;
	bool asking;			/* the answer to pairing_next() has not come yet */
	bool unsaid;			/* the other router must hear our operator's word ... */
	bool saying;			/* ... and is just being told */
	uint8_t commitment[COMPARE_SIZE];	/* the client's */
	struct compare_side own, peer;
};

/* The operator's command; whatever was under way is over. */
void pairing_begin(struct pairing *pairing, const struct fingerprint *own,
                   const struct ip *address, uint16_t port, nsec_t now);
/* The operator's word on the code; false when there is no code to speak of. */
bool pairing_decide(struct pairing *pairing, bool yes);
/* Has its time come to an end? */
void pairing_expire(struct pairing *pairing, nsec_t now);

/*
 * What to ask of the other router now, if anything; call it about once a second while no call is
 * under way.  *ret_pin: whose key it must be, or NULL.
 */
bool pairing_next(struct pairing *pairing, char text[PAIRING_TEXT_SIZE],
                  const struct fingerprint **ret_pin);
/* What came back: HTTP status and body of who has this key. */
void pairing_heard(struct pairing *pairing, const struct fingerprint *key, unsigned status,
                   const char *text);
/* Nothing came back, for this reason. */
void pairing_unheard(struct pairing *pairing, const char *reason);

/* Somebody asks; the HTTP status of the answer.  When a call of ours is under way and asking is
 * false afterwards, it is to be forgotten. */
unsigned pairing_serve(struct pairing *pairing, const struct ip *from,
                       const struct fingerprint *key, const char *asked,
                       char answer[PAIRING_TEXT_SIZE]);

/* "seeking" and so on. */
const char *pairing_phase_name(enum pairing_phase phase);

#endif
