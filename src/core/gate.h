/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate of connsync: between the moment at which the sync group that connsync follows becomes
 * master here and the first of its addresses stands the question whether its connections are in
 * order.  Until they are, or patience ends, what makes packets come to this router is held back:
 * addresses, announcements, and advertisements from a virtual MAC behind its link.  Any other
 * advertisement leaves at once, so that nobody else takes over.  One from a virtual MAC waits for
 * the same reason no longer than a third router is surely silent: the next in priority takes over
 * 1/256 of an interval (version 2: of a second) after us, and may only do so when we are gone.
 *
 * Holds effects and gives them back; it asks nobody and knows no clock.
 */
#ifndef TANDEM_GATE_H
#define TANDEM_GATE_H

#include "base/base.h"
#include "core/engine.h"

#define GATE_EFFECTS_MAX 4u		/* of a group that are held */

struct gate {
	const struct settings *settings;
	const struct connsync_settings *connsync;	/* NULL = always open */
	struct gate_group *groups;
	uint32_t taken;			/* groups that have their addresses */
	nsec_t until;			/* patience ends; NSEC_NEVER = nothing is held */
	nsec_t speak_at;		/* that of others does; NSEC_NEVER = no advert is held */
};

/* What adopting needs: 0 or -ENOMEM; may be called again without adopting. */
int gate_prepare(struct gate *next, const struct settings *settings) MUST_USE;
/*
 * The engine has adopted the settings (borrowed until the next adopt) that next was prepared for:
 * groups that hold their addresses have passed.  Nothing is held then: gate_open() goes before.
 */
void gate_adopt(struct gate *gate, struct gate *next, const struct engine *engine);
void gate_done(struct gate *gate);

/*
 * Is this effect held back?  behind: of an advertisement, whether it follows the addresses.  The
 * first that is held makes gate_deadline() finite.
 */
bool gate_holds(struct gate *gate, const struct effect *effect, bool behind, nsec_t now);

/* When gate_open() is due whatever the answer is; NSEC_NEVER = nothing is held. */
static inline nsec_t
gate_deadline(const struct gate *gate)
{
	return gate->until;
}

/* When gate_speak() is due for every group; NSEC_NEVER = for none. */
static inline nsec_t
gate_speaks_at(const struct gate *gate)
{
	return gate->speak_at;
}

/* Its addresses wait on, but its advertisement no longer: true if one was held. */
bool gate_speak(struct gate *gate, uint32_t group);
/* All that were held have left. */
void gate_spoken(struct gate *gate);

/* The connections are in order, or patience has ended. */
void gate_open(struct gate *gate);
/* What was held for this group, in order, once; how much. */
size_t gate_release(struct gate *gate, uint32_t group, struct effect effects[GATE_EFFECTS_MAX]);

#endif
