/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One simulated router: the shipped engine in a fake process, which does what the daemon's loop
 * does and nothing else, on a fake kernel (kernel.h) and a clock of its own.
 */
#ifndef TANDEM_SIM_ROUTER_H
#define TANDEM_SIM_ROUTER_H

#include "core/engine.h"
#include "sim/chance.h"
#include "sim/kernel.h"
#include "sim/plan.h"

#define BATCH_MAX 64u			/* packets a process reads in one turn of its loop */
/* How long the scheduler may let a runnable process wait. */
#define LATENCY_MAX (500 * NSEC_PER_USEC)

struct world;

enum router_run {
	ROUTER_OFF,			/* no power */
	ROUTER_SUSPENDED,		/* all of it stands still, its clock too */
	ROUTER_CRASHED,			/* the engine's process is gone, the kernel runs */
	ROUTER_FROZEN,			/* the process is stopped, the kernel runs */
	ROUTER_RUNNING,
};

/* What the rules remember of a group.  Times are of the world, but the anchor. */
struct watch {
	uint8_t state;			/* by the transitions told */
	nsec_t since;			/* of that state */
	nsec_t last_sent;		/* 0 = never in this state */
	nsec_t interval;		/* longest allowed to the next */
	uint8_t priority;		/* it was sent with */
	nsec_t anchor;			/* of the phase, on the router's clock; 0 = not yet known */
	nsec_t due;			/* as the record says: takeover, on the router's clock */
	uint8_t due_priority;		/* that this was said with */
	unsigned transitions;
	unsigned became_master;
};

struct router {
	unsigned number;
	enum router_run run;
	struct chance chance;		/* of its scheduler and its kernel */
	struct engine *engine;
	struct settings *settings;	/* last adopted; outlives a crash */
	uint32_t revision;		/* of the plan they were made from */
	int index_of[PLAN_GROUPS_MAX];	/* the engine's index of a group of the plan, or -1 */
	uint8_t group_of[PLAN_GROUPS_MAX];	/* and back */
	bool owns[PLAN_GROUPS_MAX];	/* since the settings: a virtual address is its own */
	struct vrouter_status records[PLAN_GROUPS_MAX];	/* outlive a crash */
	uint32_t record_count;
	struct effects effects;
	struct kernel kernel;

	/* Its clock; see router_clock(). */
	nsec_t clock_offset;
	int clock_ppm;
	nsec_t suspended_at;		/* of the world */

	bool port_told[SEGMENTS_MAX];	/* the process knows it as kernel.port_up says */
	bool object_up[OBJECTS_MAX];
	bool object_told[OBJECTS_MAX];
	nsec_t object_changed;		/* any of them */
	unsigned mute;			/* percent of its sendings that the kernel refuses */
	nsec_t vain_at;			/* when it last did */

	nsec_t wake_at;
	nsec_t disturbed_at;		/* when last something happened that peers notice */
	nsec_t ran_since;		/* its process runs without a pause */
	nsec_t frozen_at;
	nsec_t paused;			/* for how long before that; 0 = a fresh process */
	bool leaving;			/* before a stop, until somebody else is heard */
	nsec_t leaving_since;
	bool heard_genuine;		/* in this turn of its loop, from another router */
	struct watch watch[PLAN_GROUPS_MAX];
};

void router_init(struct router *router, unsigned number);
void router_done(struct router *router);

/*
 * What its clock shows now.  It began somewhere, runs a little fast or slow, and stands still while
 * the router is suspended.
 */
nsec_t router_clock(const struct world *world, const struct router *router);

/* The plan's group as this router's engine knows it; NULL when it has none of it. */
const struct group_settings *router_group(const struct router *router, unsigned group);
/* Do the addresses of this group of the plan answer there? */
bool router_holds(const struct world *world, const struct router *router, unsigned group);
/* A hash of the addresses the group should have by the router's settings. */
uint64_t router_address_list(const struct router *router, unsigned group);
/* Is the group master there, as far as anybody was told? */
bool router_is_master(const struct router *router, unsigned group);
/* Number of the plan's object with this index in the router's settings. */
unsigned router_object(const struct router *router, uint32_t index);

/* Events of the world. */
void router_on_arrival(struct world *world, struct router *router, unsigned segment,
                       struct parcel *parcel);
void router_on_wake(struct world *world, struct router *router);
void router_on_adopt(struct world *world, struct router *router);

/* Faults, and their ends; each is without effect where it makes no sense. */
void router_boot(struct world *world, struct router *router);
void router_cut_power(struct world *world, struct router *router);
void router_freeze(struct world *world, struct router *router, nsec_t duration);
void router_thaw(struct world *world, struct router *router);
void router_suspend(struct world *world, struct router *router, nsec_t duration);
void router_go_on(struct world *world, struct router *router);
void router_crash(struct world *world, struct router *router, nsec_t duration);
void router_restart(struct world *world, struct router *router);
void router_set_port(struct world *world, struct router *router, unsigned segment, bool up);
void router_set_object(struct world *world, struct router *router, unsigned object, bool up);
void router_set_mute(struct world *world, struct router *router, unsigned percent);

/* What an operator may ask for. */
void router_reset_master(struct world *world, struct router *router, unsigned group);
void router_stop(struct world *world, struct router *router);
/* An orderly stop: resign, wait for the next master, stop. */
void router_leave(struct world *world, struct router *router);

#endif
