/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the operator of the simulated world wants: the VRRP groups, the same on all routers but for
 * priority, preemption and delays.  A group keeps its number for the whole run, present or not;
 * in the settings made from the plan its index may be another, and changes with the revision.
 */
#ifndef TANDEM_SIM_PLAN_H
#define TANDEM_SIM_PLAN_H

#include "core/settings.h"
#include "sim/chance.h"

#define ROUTERS_MAX 4u
#define SEGMENTS_MAX 4u
#define PLAN_GROUPS_MAX 8u
#define PLAN_SYNCS_MAX 3u

struct plan_share {			/* a group's settings on one router */
	uint8_t priority;
	bool preempt;
	nsec_t preempt_delay;
	nsec_t start_delay;
};

struct plan_group {
	bool present;
	uint8_t segment;
	uint8_t vrid;
	int8_t sync;			/* -1 = none */
	uint8_t auth;			/* AUTH_NONE or AUTH_TEXT */
	uint8_t password;		/* its first letter */
	uint8_t address_first;		/* last byte of its first virtual address */
	uint8_t address_count;
	nsec_t interval;
	struct plan_share at[ROUTERS_MAX];
};

struct plan {
	unsigned revision;
	unsigned routers;
	unsigned segments;
	unsigned group_count;
	unsigned sync_count;
	char sync_names[PLAN_SYNCS_MAX][SYNC_NAME_SIZE];
	struct plan_group groups[PLAN_GROUPS_MAX];
};

/* An empty plan. */
void plan_init(struct plan *plan, unsigned routers, unsigned segments);

/* A plan of everything Tandem can be asked for, within the limits above. */
void plan_random(struct plan *plan, struct chance *chance, unsigned routers, unsigned segments);

/* A change an operator might make; raises the revision. */
void plan_change(struct plan *plan, struct chance *chance);

/* The settings of this router: on the heap, free() them. Out of memory ends the program. */
struct settings *plan_settings(const struct plan *plan, unsigned router);

/* Number of the group on this segment with this VRID, or -1. */
int plan_find(const struct plan *plan, unsigned segment, unsigned vrid);

/* The real address of a router on a segment. */
struct ip plan_address(unsigned router, unsigned segment);

/* Segment of the link of this name. */
unsigned plan_segment(const char *link_name);

/* The longest time any router of this plan waits for a silent master. */
nsec_t plan_down_interval(const struct plan *plan);
nsec_t plan_shortest_interval(const struct plan *plan);
/* The longest of all preempt delays, or start delays. */
nsec_t plan_preempt_delay(const struct plan *plan);
nsec_t plan_start_delay(const struct plan *plan);

#endif
