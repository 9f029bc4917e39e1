/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated world: one clock, one queue of events, segments (broadcast domains) that lose,
 * delay, duplicate and cut, and the routers on them.  Everything that happens, happens in the
 * order of its time, then of its making: nothing but the seed decides.
 *
 * The functions below "fault" are what a driver (turmoil.c, story.c) may do to the world.
 */
#ifndef TANDEM_SIM_WORLD_H
#define TANDEM_SIM_WORLD_H

#include "base/base.h"
#include "sim/chance.h"
#include "sim/check.h"
#include "sim/history.h"
#include "sim/plan.h"
#include "sim/router.h"

#define WORLD_START (1000 * NSEC_PER_SEC)
/* Nothing travels longer than this: the rules count on it. */
#define DELAY_MAX (300 * NSEC_PER_MSEC)
#define PARCEL_MAX 192u

struct parcel {
	unsigned references;
	bool forged;			/* not sent by any router of this world */
	size_t length;
	uint8_t bytes[PARCEL_MAX];
};

enum event_kind {
	EVENT_ARRIVAL,			/* a packet reaches a router's port */
	EVENT_WAKE,			/* a router's process gets the processor */
	EVENT_RESTART,
	EVENT_THAW,
	EVENT_BOOT,
	EVENT_ADOPT,			/* the newest plan reaches a router */
};

struct event {
	nsec_t time;
	uint64_t order;
	enum event_kind kind;
	uint8_t router;
	uint8_t segment;
	struct parcel *parcel;
};

struct segment {
	unsigned loss;			/* percent */
	unsigned duplicates;		/* percent */
	nsec_t delay;			/* least */
	nsec_t jitter;			/* on top, evenly */
	bool cut[ROUTERS_MAX][ROUTERS_MAX];	/* [from][to] */
	nsec_t loss_ended;
	nsec_t cut_ended[ROUTERS_MAX][ROUTERS_MAX];
};

struct world {
	uint64_t seed;
	nsec_t now;
	struct chance chance;
	struct history history;
	struct plan plan;
	struct segment segments[SEGMENTS_MAX];
	struct router routers[ROUTERS_MAX];
	struct check check;
	struct event *events;		/* a heap, earliest first */
	size_t event_count;
	size_t event_capacity;
	uint64_t event_order;
};

/* A world without a plan: fill world->plan, then world_boot(). */
void world_init(struct world *world, uint64_t seed, bool verbose);
void world_done(struct world *world);
/* All routers get power, one after the other within the given time. */
void world_boot(struct world *world, nsec_t within);

/* Let the world go on until then, or until a rule is broken: false. */
bool world_run_until(struct world *world, nsec_t time);

void world_schedule(struct world *world, nsec_t time, enum event_kind kind, unsigned router);

/* A frame leaves a port of a router (ROUTERS_MAX = a stranger) for everyone else on the segment. */
void world_transmit(struct world *world, unsigned from, unsigned segment, const void *bytes,
                    size_t length, bool forged);
void parcel_release(struct parcel *parcel);

void world_note(struct world *world, enum happening what, unsigned router, unsigned segment,
                unsigned vrid, int64_t a, int64_t b);

/* fault */
void world_lose(struct world *world, unsigned segment, unsigned percent, nsec_t jitter);
void world_cut(struct world *world, unsigned segment, unsigned from, unsigned to, bool cut);
/* The plan was changed: it reaches the routers one after the other within the given time. */
void world_spread_plan(struct world *world, nsec_t within);
/* All faults end: segments whole, ports up, every router runs the newest plan (or is about to). */
void world_heal(struct world *world);

#endif
