/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules by which an attempt goes on.  An attempt is bound to one key by the first number that
 * is given away, in either direction, and is never bound a second time: whoever wants another guess
 * must wait for the operators to begin anew.
 */
#include "daemon/pairing.h"

#include <stdio.h>
#include <string.h>

#define OK 200u
#define NOT_HERE 404u
#define CONFLICT 409u

/* ---- words ---------------------------------------------------------------------------------- */

/* "word" or "word HEX" */
static const char *
say(char text[PAIRING_TEXT_SIZE], const char *word, const uint8_t *number)
{
	int length = snprintf(text, PAIRING_TEXT_SIZE, "%s%s", word, number ? " " : "");

	for (unsigned i = 0; number && i < COMPARE_SIZE; i++)
		snprintf(text + length + 2 * i, 3, "%02x", number[i]);
	return text;
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Is text exactly this word, with a number behind it if one is wanted? */
static bool
is_said(const char *text, const char *word, uint8_t *ret_number)
{
	size_t length = strlen(word);
	uint8_t number[COMPARE_SIZE];

	if (strncmp(text, word, length) != 0)
		return false;
	text += length;
	if (!ret_number)
		return *text == '\0';
	if (*text++ != ' ' || strlen(text) != 2 * COMPARE_SIZE)
		return false;
	for (unsigned i = 0; i < COMPARE_SIZE; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		number[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(ret_number, number, COMPARE_SIZE);
	return true;
}

/* ---- the attempt ---------------------------------------------------------------------------- */

const char *
pairing_phase_name(enum pairing_phase phase)
{
	static const char *const names[] = {
		[PAIRING_NONE] = "none", [PAIRING_SEEKING] = "seeking", [PAIRING_BOUND] = "seeking",
		[PAIRING_COMPARING] = "comparing", [PAIRING_AGREED] = "agreed",
		[PAIRING_FAILED] = "failed",
	};

	assert(phase < ARRAY_SIZE(names));
	return names[phase];
}

static void
fail(struct pairing *p, const char *reason)
{
	p->phase = PAIRING_FAILED;
	snprintf(p->reason, sizeof(p->reason), "%s", reason);
}

void
pairing_begin(struct pairing *p, const struct fingerprint *own, const struct ip *address,
              uint16_t port, nsec_t now)
{
	*p = (struct pairing){ .phase = PAIRING_SEEKING, .address = *address, .port = port,
	                       .deadline = now + PAIRING_PATIENCE, .own.key = *own };
	compare_throw(p->own.number);
}

void
pairing_expire(struct pairing *p, nsec_t now)
{
	if (p->phase == PAIRING_NONE || now < p->deadline)
		return;
	if (p->phase == PAIRING_FAILED || p->phase == PAIRING_AGREED)
		*p = (struct pairing){ 0 };
	else if (p->phase == PAIRING_SEEKING && p->reason[0])
		p->phase = PAIRING_FAILED;
	else
		fail(p, "the time is over, 10 minutes; begin anew");
	/* It can be looked at for a while. */
	p->deadline = now + PAIRING_PATIENCE;
}

static void
agree(struct pairing *p)
{
	if (p->own_yes && p->peer_yes)
		p->phase = PAIRING_AGREED;
}

bool
pairing_decide(struct pairing *p, bool yes)
{
	if (p->phase != PAIRING_COMPARING)
		return false;
	p->unsaid = true;
	if (yes) {
		p->own_yes = true;
		agree(p);
	} else {
		fail(p, "it was refused on this router: the codes differ, or nobody was sure");
	}
	return true;
}

/* Both numbers are known: so is the code. */
static void
compare(struct pairing *p)
{
	(void)compare_code(p->client ? &p->own : &p->peer, p->client ? &p->peer : &p->own,
	                   p->code);
	p->phase = PAIRING_COMPARING;
	p->reason[0] = '\0';
}

/* How things stand on this router. */
static const char *
standing(const struct pairing *p)
{
	return p->phase == PAIRING_FAILED ? "refused" : p->own_yes ? "agreed" : "waiting";
}

/* The other router's standing; false when it is none. */
static bool
take_standing(struct pairing *p, const char *text)
{
	if (is_said(text, "agreed", NULL)) {
		p->peer_yes = true;
		agree(p);
	} else if (is_said(text, "refused", NULL)) {
		if (p->phase == PAIRING_COMPARING)
			fail(p, "it was refused on the other router: the codes differ, or nobody "
			     "was sure");
	} else if (!is_said(text, "waiting", NULL)) {
		return false;
	}
	return true;
}

/* ---- as client ------------------------------------------------------------------------------ */

bool
pairing_next(struct pairing *p, char text[PAIRING_TEXT_SIZE], const struct fingerprint **ret_pin)
{
	bool seeking = p->phase == PAIRING_SEEKING;
	uint8_t commitment[COMPARE_SIZE];

	if (p->asking || (!seeking && !p->client))
		return false;
	*ret_pin = seeking ? NULL : &p->peer.key;
	if (seeking) {
		compare_commit(p->own.number, commitment);
		say(text, "commit", commitment);
	} else if (p->phase == PAIRING_BOUND) {
		say(text, "reveal", p->own.number);
	} else if (p->phase == PAIRING_COMPARING || p->unsaid) {
		say(text, standing(p), NULL);
		p->saying = p->unsaid;
	} else {
		return false;
	}
	p->asking = true;
	return true;
}

/* The answer to a commitment. */
static void
hear_number(struct pairing *p, const struct fingerprint *key, unsigned status, const char *text)
{
	if (fingerprint_equal(key, &p->own.key)) {
		fail(p, "that is this router itself");
	} else if (status == OK && is_said(text, "number", p->peer.number)) {
		p->client = true;
		p->peer.key = *key;
		p->phase = PAIRING_BOUND;
	} else {
		snprintf(p->reason, sizeof(p->reason), status == CONFLICT ?
		         "the other router was not told to pair with this one yet" :
		         "what answers there is no router that can be paired");
	}
}

void
pairing_heard(struct pairing *p, const struct fingerprint *key, unsigned status, const char *text)
{
	p->asking = false;
	if (p->saying)
		p->unsaid = p->saying = false;
	switch (p->phase) {
	case PAIRING_SEEKING:
		hear_number(p, key, status, text);
		break;
	case PAIRING_BOUND:
		if (status == OK && is_said(text, "revealed", NULL))
			compare(p);
		else
			fail(p, "the other router broke off; begin anew on both");
		break;
	case PAIRING_COMPARING:
		if (status != OK || !take_standing(p, text))
			fail(p, "the other router broke off; begin anew on both");
		break;
	case PAIRING_NONE:
	case PAIRING_AGREED:
	case PAIRING_FAILED:
		break;
	}
}

void
pairing_unheard(struct pairing *p, const char *reason)
{
	p->asking = p->saying = false;
	if (p->phase == PAIRING_FAILED)
		p->unsaid = false;	/* it will come to nothing there anyway */
	if (p->phase == PAIRING_SEEKING)
		snprintf(p->reason, sizeof(p->reason), "%s", reason);
	else if (p->phase == PAIRING_BOUND)
		fail(p, reason);
}

/* ---- as server ------------------------------------------------------------------------------ */

static unsigned
serve_commitment(struct pairing *p, const struct fingerprint *key, char answer[PAIRING_TEXT_SIZE])
{
	if (fingerprint_equal(key, &p->own.key)) {
		fail(p, "that is this router itself");
		return CONFLICT;
	}
	/* Both ask at once: the lower one goes on. */
	if (p->asking && memcmp(p->own.key.bytes, key->bytes, FINGERPRINT_SIZE) < 0) {
		say(answer, "busy", NULL);
		return CONFLICT;
	}
	p->asking = false;
	p->client = false;
	p->peer.key = *key;
	p->phase = PAIRING_BOUND;
	say(answer, "number", p->own.number);
	return OK;
}

static unsigned
serve_revelation(struct pairing *p, char answer[PAIRING_TEXT_SIZE])
{
	uint8_t commitment[COMPARE_SIZE];

	compare_commit(p->peer.number, commitment);
	if (memcmp(commitment, p->commitment, COMPARE_SIZE) != 0) {
		fail(p, "the other router did not keep its word: somebody may be in the middle");
		return CONFLICT;
	}
	compare(p);
	say(answer, "revealed", NULL);
	return OK;
}

unsigned
pairing_serve(struct pairing *p, const struct ip *from, const struct fingerprint *key,
              const char *asked, char answer[PAIRING_TEXT_SIZE])
{
	uint8_t number[COMPARE_SIZE];
	bool bound = p->phase > PAIRING_SEEKING && !p->client &&
	             fingerprint_equal(key, &p->peer.key);

	answer[0] = '\0';
	if (p->phase == PAIRING_NONE || !ip_equal(from, &p->address))
		return CONFLICT;
	if (p->phase == PAIRING_SEEKING && is_said(asked, "commit", number)) {
		memcpy(p->commitment, number, COMPARE_SIZE);
		return serve_commitment(p, key, answer);
	}
	if (!bound)
		return CONFLICT;
	if (p->phase == PAIRING_BOUND && is_said(asked, "reveal", p->peer.number))
		return serve_revelation(p, answer);
	if (p->phase == PAIRING_BOUND || (p->phase == PAIRING_COMPARING &&
	                                  is_said(asked, "commit", number))) {
		fail(p, "the other router broke off; begin anew on both");
		return CONFLICT;
	}
	if (!take_standing(p, asked))
		return NOT_HERE;
	say(answer, standing(p), NULL);
	return OK;
}
