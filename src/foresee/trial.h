/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One thing that may happen to a pair, tried in the simulator: both start, and when they have
 * settled it happens; when they have settled again it is undone.  The master of each seat is noted
 * after each of the three, and how long what moved was on its way.
 */
#ifndef TANDEM_TRIAL_H
#define TANDEM_TRIAL_H

#include "foresee/moment.h"

enum trial_kind {
	TRIAL_START,			/* both start at the same time, and nothing else */
	TRIAL_INTERFACE,		/* an interface of a router fails, and it sees that */
	TRIAL_ROUTER,			/* a router loses power */
	TRIAL_STOP,			/* a router is stopped in order */
	TRIAL_RESET,			/* "reset vrrp master" of a group */
	TRIAL_CABLE,			/* an interface is cut off, its router does not see it */
	TRIAL_NETWORK,			/* the switch passes nothing on a network */
	TRIAL_KINDS,
};

enum phase { PHASE_BEFORE, PHASE_DURING, PHASE_AFTER, PHASES };

struct trial {
	enum trial_kind kind;
	unsigned router;
	uint32_t link;			/* INTERFACE, CABLE: of that router */
	uint32_t network;		/* NETWORK */
	uint32_t seat;			/* RESET */
	unsigned alike;			/* so many others are like it and were not tried */
	bool undone;			/* there is a PHASE_AFTER */
	struct moment moments[PHASES];
	nsec_t *took[PHASES];		/* by seat: until its master was it, 0 = did not move */
};

struct trials {
	struct trial *list;
	size_t count;
	nsec_t simulated;
};

/* Everything that the scene allows. */
void trials_make(const struct scene *scene, struct trials *ret_trials);
void trials_run(const struct scene *scene, struct trials *trials);
void trials_done(struct trials *trials);

/* "r1 dp0bond0.10 fails" */
#define TRIAL_TEXT_SIZE 96
const char *trial_text(const struct scene *scene, const struct trial *trial,
                       char text[TRIAL_TEXT_SIZE]);
/* "interface", a word for programs. */
const char *trial_word(enum trial_kind kind);
/* Can no router know of it by itself? */
bool trial_is_silent(const struct trial *trial);

/* Is somebody else master of a seat than in the phase before? */
bool trial_moved(const struct trial *trial, enum phase phase, uint32_t seat);

#endif
