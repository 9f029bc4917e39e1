/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pair at a moment when nothing moves any more: who is master of what, and what is wrong with it.
 */
#ifndef TANDEM_MOMENT_H
#define TANDEM_MOMENT_H

#include "foresee/scene.h"

/* What is wrong with the traffic when nothing moves any more; the worst last. */
enum verdict {
	VERDICT_GOOD,
	VERDICT_ASYMMETRIC,		/* seats are with different routers */
	VERDICT_LOST,			/* a master lacks the way to another network that the other
					 * router has */
	VERDICT_TWO_MASTERS,		/* of one seat, on a network that both reach */
	VERDICT_NO_MASTER,		/* of a seat, though a router could be */
	VERDICT_GIVEN_UP,		/* the same, and both routers could be */
	VERDICTS,
};

struct moment {
	uint8_t *masters;		/* by seat: bit 0 is r1, bit 1 is r2 */
	enum verdict verdict;
	uint32_t seat;			/* an example of what is wrong */
	uint32_t network;		/* VERDICT_LOST: towards it */
	uint32_t other_seat;		/* VERDICT_ASYMMETRIC: with the other router */
	bool uplink_lost;		/* a master lacks the way to a network without seats */
	uint32_t uplink_seat;
	uint32_t uplink;		/* that network */
};

/* How it is now; end it with moment_done(). */
void moment_look(const struct scene *scene, const struct duo *duo, struct moment *ret_moment);
void moment_done(struct moment *moment);

#endif
