/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules.  Each is a sentence of docs/simulator.md (R1 to R15); each is checked whenever
 * something happens that could break it.  The first that is broken is kept as a sentence, and ends
 * the run.
 */
#ifndef TANDEM_SIM_CHECK_H
#define TANDEM_SIM_CHECK_H

#include "base/base.h"
#include "base/nsec.h"
#include "sim/plan.h"

/* How late a takeover was: bucket i counts those below 10 us << i; the last has all others. */
#define LATE_BUCKETS 12u

struct effect;
struct router;
struct settings;
struct world;

struct check {
	bool broken;
	char rule[12];			/* "R1" */
	char sentence[256];
	nsec_t time;
	bool calm;			/* no transition is allowed anywhere */
	const struct router *stopped;	/* no effect of it is allowed */
	uint64_t checked;		/* how many times a rule was looked at */
	uint64_t takeovers;		/* transitions to master */
	uint64_t late[LATE_BUCKETS];	/* of those by silence or resignation, undisturbed */
	nsec_t latest;
};

/* A rule does not hold. */
void check_broken(struct world *world, const char *rule, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* The engine wants something. */
void check_effect(struct world *world, const struct router *router, const struct effect *effect);
/* Before the engine is told the time: what do its records promise? */
void check_before_time(struct router *router);
/* After each turn of a router's loop. */
void check_turn(struct world *world, struct router *router);
/* The engine told a transition. */
void check_transition(struct world *world, struct router *router, unsigned group,
                      const struct effect *effect);
/* An advertisement of a master leaves. */
void check_sent(struct world *world, struct router *router, unsigned group);
/* The process stops running (frozen or crashed): are its leases short enough? */
void check_leases(struct world *world, struct router *router);
/* It stood still for so long, and so did its clock: what it did before is no older for that. */
void check_suspended(struct router *router, nsec_t duration);
/* The engine is about to be freed: do its counters agree with what was seen? */
void check_engine_ends(struct world *world, const struct router *router);

/* In check_plan.c: what is kept from before to after new settings are adopted. */
struct check_adopting {
	struct settings *old;
	int old_index[PLAN_GROUPS_MAX];
	bool old_owns[PLAN_GROUPS_MAX];
	bool steady[PLAN_GROUPS_MAX];	/* started, and all that its party needs is there */
	unsigned transitions[PLAN_GROUPS_MAX];
};
void check_before_adopting(const struct world *world, const struct router *router,
                           struct check_adopting *adopting);
/* Frees the old settings. */
void check_after_adopting(struct world *world, struct router *router,
                          struct check_adopting *adopting);

/* The engine was handed its old records. */
void check_resumed(struct world *world, struct router *router);

/* How long after the end of all faults there may be no, several, or the wrong masters. */
nsec_t check_settling_bound(const struct world *world);
/* R4, to be asked after that. */
void check_settled(struct world *world);

/* R13, to be asked a skew after a resignation: somebody is master of the group. */
void check_mastered(struct world *world, unsigned group);

/* For both files: do the two groups belong to the same sync group (or are the same)? */
bool check_same_party(const struct settings *s, uint32_t a, uint32_t b);
/* "router 1 lan0/10" */
const char *check_label(const struct world *world, const struct router *router, unsigned group,
                        char text[32]);

#endif
