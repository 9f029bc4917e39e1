/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transition scripts of one group: which is to run next.  One at a time, in the order of the
 * transitions; what happens while one runs is noted, the last of it stands (states passed through
 * meanwhile are left out), and the state for which a script ran last is not announced twice.
 */
#ifndef TANDEM_ERRAND_H
#define TANDEM_ERRAND_H

#include "base/base.h"
#include "core/settings.h"
#include "core/status.h"

#define ERRAND_NONE GROUP_SCRIPTS	/* no script, no state */

struct errand {
	uint8_t recorded;		/* enum group_script that ran last, or ERRAND_NONE */
	uint8_t running;
	uint8_t wanted;
	uint8_t reason;			/* enum vrouter_reason of what is wanted */
	uint64_t sequence;		/* of what is wanted, or was last */
	uint64_t skipped;		/* states passed through while a script ran */
};

/* Nothing is known of the group but what ran last (ERRAND_NONE = nothing). */
void errand_init(struct errand *errand, uint8_t recorded);

/* Which script goes with a state?  ERRAND_NONE for INIT, unless the group was stopped. */
uint8_t errand_script(enum vrouter_state state, enum vrouter_reason reason);
/* "master", the first argument of the program; never NULL. */
const char *errand_script_name(uint8_t script);

/* The group came to a state.  An older sequence than the last is ignored. */
void errand_want(struct errand *errand, uint8_t script, uint8_t reason, uint64_t sequence);

/* The script to start now, which counts as running from here on; or ERRAND_NONE. */
uint8_t errand_next(struct errand *errand);

/* The running script ended, or there was none to run: its state is recorded. */
void errand_done(struct errand *errand);

/* Is there nothing running and nothing to run? */
bool errand_is_idle(const struct errand *errand);

#endif
