/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated world: one true time, one agenda of events, segments (broadcast domains) that lose,
 * delay, double, damage and cut, and the routers on them.  Everything that happens, happens in the
 * order of its time, then of its making: nothing but the story and its seed decide.
 *
 * The functions below "fault" are what a story may do to the world.
 */
#ifndef TANDEM_SIM_WORLD_H
#define TANDEM_SIM_WORLD_H

#include "base/base.h"
#include "sim/agenda.h"
#include "sim/chance.h"
#include "sim/check.h"
#include "sim/history.h"
#include "sim/plan.h"
#include "sim/router.h"

#define WORLD_START (1000 * NSEC_PER_SEC)
/* Nothing travels longer than this, whatever a story asks for. */
#define DELAY_MAX (2 * NSEC_PER_SEC)
#define PARCEL_MAX 192u
#define CAPTURED_MAX 32u

enum event_kind {
	EVENT_ARRIVAL,			/* a packet reaches a router's port */
	EVENT_WAKE,			/* a router's process gets the processor */
	EVENT_RESTART,
	EVENT_THAW,
	EVENT_GO_ON,
	EVENT_BOOT,
	EVENT_ADOPT,			/* the newest plan reaches a router */
	EVENT_REQUEST,			/* a kernel carries out what it was asked for */
	EVENT_MEND,			/* a daemon looks after what failed */
};

struct segment {
	struct chance chance;
	unsigned loss;			/* percent */
	unsigned damage;		/* percent: one bit is wrong */
	unsigned duplicates;		/* percent */
	nsec_t delay;			/* least */
	nsec_t jitter;			/* on top, evenly */
	bool cut[ROUTERS_MAX][ROUTERS_MAX];	/* [from][to] */
	nsec_t loss_ended;		/* or damage */
	nsec_t cut_ended[ROUTERS_MAX][ROUTERS_MAX];
};

struct captured {			/* a packet that somebody may send again */
	uint8_t group;
	struct parcel *parcel;
};

struct world {
	nsec_t now;
	struct chance chance;
	struct history history;
	struct plan plan;
	struct segment segments[SEGMENTS_MAX];
	struct router routers[ROUTERS_MAX];
	struct check check;
	struct agenda agenda;
	nsec_t delay_max;		/* the longest that anything has been delayed */
	struct captured captured[CAPTURED_MAX];	/* with an authentication header, the last ones */
	unsigned captured_count;
};

/* A world without a plan: fill world->plan, then world_boot(). */
void world_init(struct world *world, uint64_t seed, bool verbose);
void world_done(struct world *world);
/* Everything that is left to chance begins anew with this seed. */
void world_seed(struct world *world, uint64_t seed);
/* All routers get power, one after the other within the given time. */
void world_boot(struct world *world, nsec_t within);

/* Let the world go on until then, or until a rule is broken: false. */
bool world_run_until(struct world *world, nsec_t time);

/* Something will happen to a router; at the same time the earlier call comes first. */
void world_schedule(struct world *world, nsec_t time, enum event_kind kind, unsigned router);
void world_schedule_request(struct world *world, nsec_t time, unsigned router, unsigned group,
                            const struct request *request, unsigned process);

/*
 * A frame leaves a port of a router (ROUTERS_MAX = a stranger) for everyone else on the segment, or
 * for router "to" only.
 */
void world_transmit(struct world *world, unsigned from, unsigned to, unsigned segment,
                    const void *bytes, size_t length, bool forged);
/* Somebody keeps this frame of a group, to replay it. */
void world_capture(struct world *world, unsigned group, const void *bytes, size_t length);
/* A router without memory boots: of groups without a master it may believe any old packet. */
void world_forget_captured(struct world *world);

/* Write into the history what happens now; a and b mean what the kind says. */
void world_note(struct world *world, enum happening what, unsigned router, unsigned segment,
                unsigned vrid, int64_t a, int64_t b);

/* fault */
void world_lose(struct world *world, unsigned segment, unsigned percent);
void world_damage(struct world *world, unsigned segment, unsigned percent);
void world_delay(struct world *world, unsigned segment, nsec_t jitter);
void world_cut(struct world *world, unsigned segment, unsigned from, unsigned to, bool cut);
/* The plan was changed: it reaches the routers one after the other within the given time. */
void world_spread_plan(struct world *world, nsec_t within);
/*
 * All faults end: segments whole, ports and objects up, kernels willing, every router runs the
 * newest plan or gets it within this time.
 */
void world_heal(struct world *world, nsec_t within);

#endif
