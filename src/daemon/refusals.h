/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps the kernel refused: what it said, and when to try again (after 1 s, then twice as long
 * each time, up to a minute).  Until then the planner leaves the step out.
 */
#ifndef TANDEM_REFUSALS_H
#define TANDEM_REFUSALS_H

#include "base/base.h"
#include "base/nsec.h"
#include "core/ifstep.h"

#define REFUSAL_TEXT_SIZE 256u

struct refusal {
	uint64_t key;
	int32_t next;			/* of its hash; -1 = none */
	uint32_t link;			/* whose plan: index in the settings, or IFSTEP_REST */
	uint32_t tries;
	nsec_t due;			/* NSEC_NEVER: may be tried now */
	int result;			/* negative errno */
	bool leftover;			/* of what is configured no longer: no commit is to blame */
	char text[REFUSAL_TEXT_SIZE];	/* a sentence */
};

struct refusals {
	struct refusal *list;
	int32_t *heads;			/* as many as room */
	size_t count;			/* slots in use */
	size_t room;
};

void refusals_done(struct refusals *refusals);
/* Forget all. */
void refusals_clear(struct refusals *refusals);

/* The kernel refused a step with this negative errno and these words ("" = none).  Returns the
 * record, which is new when its tries are 1. */
const struct refusal *refusals_add(struct refusals *refusals, const struct ifstep *step,
                                   int result, const char *words, nsec_t now);
/* A step succeeded: true when it had been refused before. */
bool refusals_remove(struct refusals *refusals, const struct ifstep *step);
/* Is it too early to try this step? */
bool refusals_hold(const struct refusals *refusals, const struct ifstep *step);

/* Does it say how things are at the moment (no route to there), and nothing of what is
 * configured? */
bool refusal_is_passing(const struct refusal *refusal);

/*
 * Other settings come: remember in *known (whose own are forgotten) what is refused now and will
 * last, in an order of its own, and forget all.  *known is for refusal_is_known() only.
 */
void refusals_pass(struct refusals *refusals, struct refusals *known);
/* Was exactly this said before? */
bool refusal_is_known(const struct refusal *refusal, const struct refusals *known);

/* When the next step may be tried again, or NSEC_NEVER. */
nsec_t refusals_deadline(const struct refusals *refusals);
/* Nothing is planned or under way: what was due and was not refused again is no longer asked
 * for. */
void refusals_forget_old(struct refusals *refusals);
/* Let everything due by now be tried; calls on_due with the link of each. */
void refusals_expire(struct refusals *refusals, nsec_t now,
                     void (*on_due)(void *owner, uint32_t link), void *owner);

#endif
