/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One simulated router: the shipped engine in a fake system.  The fake kernel holds addresses with
 * a lease and a bounded queue of received packets with their arrival times, whether or not the
 * process runs; the fake process does what the daemon's loop does, and nothing else.
 */
#ifndef TANDEM_SIM_ROUTER_H
#define TANDEM_SIM_ROUTER_H

#include "core/engine.h"
#include "sim/plan.h"

#define QUEUE_MAX 256u			/* packets the kernel keeps for a sleeping process */
#define BATCH_MAX 64u			/* packets a process reads in one turn of its loop */
/* How long the scheduler may let a runnable process wait. */
#define LATENCY_MAX (500 * NSEC_PER_USEC)

struct world;
struct parcel;

enum router_run {
	ROUTER_OFF,			/* no power */
	ROUTER_CRASHED,			/* the engine's process is gone, the kernel runs */
	ROUTER_FROZEN,			/* the process is stopped, the kernel runs */
	ROUTER_RUNNING,
};

struct arrival {
	struct parcel *parcel;
	nsec_t time;
	uint8_t segment;
};

/* What the fake kernel knows of a group's virtual addresses. */
struct held {
	bool held;
	nsec_t expires;
	uint64_t list;			/* a hash of the addresses */
};

/* What the rules remember of a group. */
struct watch {
	uint8_t state;			/* by the transitions told */
	nsec_t since;			/* of that state */
	nsec_t last_sent;		/* 0 = never in this state */
	nsec_t interval;		/* longest allowed to the next */
	nsec_t anchor;			/* of the phase; 0 = not yet known */
	unsigned transitions;
	unsigned became_master;
};

struct router {
	unsigned number;
	enum router_run run;
	struct engine *engine;
	struct settings *settings;	/* last adopted; outlives a crash */
	uint32_t revision;		/* of the plan they were made from */
	int index_of[PLAN_GROUPS_MAX];	/* the engine's index of a group of the plan, or -1 */
	uint8_t group_of[PLAN_GROUPS_MAX];	/* and back */
	struct vrouter_status records[PLAN_GROUPS_MAX];	/* outlive a crash */
	uint32_t record_count;
	struct effects effects;
	bool port_up[SEGMENTS_MAX];
	bool port_told[SEGMENTS_MAX];	/* the process knows */
	struct held held[PLAN_GROUPS_MAX];
	struct arrival queue[QUEUE_MAX];
	unsigned queue_limit;		/* at most QUEUE_MAX */
	unsigned queue_first;
	unsigned queue_count;
	nsec_t wake_at;
	nsec_t disturbed_at;		/* when last something happened that peers notice */
	nsec_t ran_since;		/* its process runs without a pause */
	nsec_t frozen_at;
	nsec_t paused;			/* for how long before that; 0 = a fresh process */
	bool heard_genuine;		/* in this turn of its loop, from another router */
	struct watch watch[PLAN_GROUPS_MAX];
};

void router_init(struct router *router, unsigned number);
void router_done(struct router *router);

/* The plan's group as this router's engine knows it; NULL when it has none of it. */
const struct group_settings *router_group(const struct router *router, unsigned group);
/* Does the fake kernel hold the addresses of this group of the plan? */
bool router_holds(const struct router *router, unsigned group, nsec_t now);
/* A hash of the addresses the group should have by the router's settings. */
uint64_t router_address_list(const struct router *router, unsigned group);
/* Is the group master there, as far as anybody was told? */
bool router_is_master(const struct router *router, unsigned group);

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
void router_crash(struct world *world, struct router *router, nsec_t duration);
void router_restart(struct world *world, struct router *router);
void router_set_port(struct world *world, struct router *router, unsigned segment, bool up);

/* What an operator may ask for. */
void router_reset_master(struct world *world, struct router *router, unsigned group);
void router_stop(struct world *world, struct router *router);

#endif
