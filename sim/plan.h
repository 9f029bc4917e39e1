/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the operator of the simulated world wants: the VRRP groups, the same on all routers but for
 * what stands in struct plan_share.  A group keeps its number for the whole run, present or not;
 * in the settings made from the plan its index may be another, and changes with the revision.
 */
#ifndef TANDEM_SIM_PLAN_H
#define TANDEM_SIM_PLAN_H

#include "core/settings.h"

#define ROUTERS_MAX 4u
#define SEGMENTS_MAX 4u
#define OBJECTS_MAX 4u
#define PLAN_GROUPS_MAX 8u
#define PLAN_SYNCS_MAX 3u
#define PLAN_TRACKS_MAX 3u

struct plan_share {			/* a group's settings on one router */
	uint8_t priority;
	uint8_t version;
	bool both_versions;
	bool owner;			/* its first virtual address is a real one of this router */
	bool preempt;
	uint8_t sum_form;		/* enum sum_form */
	nsec_t interval;
	nsec_t preempt_delay;
	nsec_t start_delay;
};

struct plan_group {
	bool present;
	uint8_t segment;
	uint8_t vrid;
	uint8_t family;			/* 4 or 6 */
	int8_t sync;			/* -1 = none */
	uint8_t auth;			/* enum auth_type; for routers that speak version 2 */
	uint8_t password;		/* its first letter */
	bool unicast;			/* every other router is a peer */
	bool virtual_mac;
	bool ignores_link;
	uint8_t address_first;		/* last byte of its first virtual address */
	uint8_t address_count;
	uint8_t excluded_count;
	uint8_t track_count;
	struct track_settings tracks[PLAN_TRACKS_MAX];
	struct garp_settings garp;
	struct plan_share at[ROUTERS_MAX];
};

struct plan {
	unsigned revision;
	unsigned routers;
	unsigned segments;
	unsigned trunk;			/* bits: segments that are VLANs of one port */
	unsigned objects;		/* that can be tracked */
	unsigned group_count;
	unsigned sync_count;
	char sync_names[PLAN_SYNCS_MAX][SYNC_NAME_SIZE];
	struct plan_group groups[PLAN_GROUPS_MAX];
	/* Of all groups, present or not, now or ever since the beginning. */
	nsec_t shortest_interval;
	nsec_t longest_interval;
	nsec_t longest_track_delay;
};

/* An empty plan. */
void plan_init(struct plan *plan, unsigned routers, unsigned segments);

/* A new group, version 2, not yet part of the plan: fill it, then raise group_count. */
struct plan_group *plan_new_group(struct plan *plan, unsigned segment, unsigned vrid,
                                  unsigned family);
/* Could an operator configure the group like this?  NULL, or what is wrong. */
const char *plan_trouble(const struct plan_group *group, unsigned routers);
/* The plan was changed: take note of its intervals. */
void plan_note_intervals(struct plan *plan);

/* The settings of this router: on the heap, free() them. Out of memory ends the program. */
struct settings *plan_settings(const struct plan *plan, unsigned router);

/* Number of the group on this segment with this VRID and family, or -1. */
int plan_find(const struct plan *plan, unsigned segment, unsigned vrid, unsigned family);

/* The real address of a router on a segment; for version 6 its link-local one. */
struct ip plan_address(unsigned family, unsigned router, unsigned segment);
/* A virtual address of the group. */
struct ip plan_virtual_address(const struct plan_group *group, unsigned index);

/* Segment of the link of this name; SEGMENTS_MAX for the port below the VLANs. */
unsigned plan_segment(const char *link_name);

/* The longest time any router of this plan waits for a silent master. */
nsec_t plan_down_interval(const struct plan *plan);
/* The longest of all delays of this kind. */
nsec_t plan_preempt_delay(const struct plan *plan);
nsec_t plan_start_delay(const struct plan *plan);
nsec_t plan_track_delay(const struct plan *plan);

#endif
