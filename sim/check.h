/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules.  Each is a sentence of docs/simulator.md (R1 to R9); each is checked whenever
 * something happens that could break it.  A broken rule is printed with seed, time and history,
 * and ends the run.
 */
#ifndef TANDEM_SIM_CHECK_H
#define TANDEM_SIM_CHECK_H

#include "base/base.h"
#include "base/nsec.h"
#include "sim/plan.h"

struct effect;
struct router;
struct settings;
struct world;

struct check {
	bool broken;
	bool calm;			/* no transition is allowed anywhere */
	uint64_t checked;		/* how many times a rule was looked at */
	uint64_t takeovers;		/* transitions to master */
};

/* A rule does not hold. */
void check_broken(struct world *world, const char *rule, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* After each turn of a router's loop. */
void check_turn(struct world *world, struct router *router);
/* The engine told a transition. */
void check_transition(struct world *world, struct router *router, unsigned group,
                      const struct effect *effect);
/* An advertisement of a master leaves. */
void check_sent(struct world *world, struct router *router, unsigned group);
/* The process stops running (frozen or crashed): are its leases short enough? */
void check_leases(struct world *world, struct router *router);

/* What is kept from before to after new settings are adopted. */
struct check_adopting {
	struct settings *old;
	int old_index[PLAN_GROUPS_MAX];
	bool steady[PLAN_GROUPS_MAX];	/* started, and all links of its party in use */
	unsigned transitions[PLAN_GROUPS_MAX];
};
void check_before_adopting(const struct router *router, struct check_adopting *adopting);
/* Frees the old settings. */
void check_after_adopting(struct world *world, struct router *router,
                          struct check_adopting *adopting);

/* The engine was handed its old records. */
void check_resumed(struct world *world, struct router *router);

/* How long after the end of all faults there may be no, several, or the wrong masters. */
nsec_t check_settling_bound(const struct world *world);
/* R4, to be asked after that. */
void check_settled(struct world *world);

#endif
