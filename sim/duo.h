/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two routers with settings of their own, each whatever an operator configured, around the shipped
 * engine: what becomes of them when something fails?  Unlike the world (world.h), which tries the
 * engine with plans of its own and rules, this one tries settings: it judges nothing, and its
 * routers do not crash, freeze or have unwilling kernels.
 *
 * Links and groups are named by their index in their router's settings, networks (segments) by
 * numbers of the caller's.  Nothing but the settings and the calls decide what happens.
 */
#ifndef TANDEM_SIM_DUO_H
#define TANDEM_SIM_DUO_H

#include "base/base.h"
#include "base/nsec.h"
#include "core/engine.h"
#include "core/settings.h"

#define DUO_ROUTERS 2u

struct duo_stage {
	const struct settings *settings[DUO_ROUTERS];	/* borrowed */
	/* The segment of each link, -1 = none; one of a router's links at most.  Borrowed. */
	const int32_t *segments[DUO_ROUTERS];
	uint32_t segment_count;
};

struct duo_transition {
	nsec_t time;
	uint8_t router;
	uint8_t from;			/* enum vrouter_state */
	uint8_t to;
	uint8_t reason;			/* enum vrouter_reason */
	uint32_t group;
};

struct duo;

/* Both without power.  Out of memory ends the program. */
struct duo *duo_new(const struct duo_stage *stage);
void duo_free(struct duo *duo);

nsec_t duo_now(const struct duo *duo);
/* Let so much time pass. */
void duo_run(struct duo *duo, nsec_t duration);
/* Let time pass until the group has sent an advertisement, at most so much. */
void duo_run_to_advert(struct duo *duo, unsigned router, uint32_t group, nsec_t most);
/* Once everything has been told: how long until both have done what they will do. */
nsec_t duo_settling(const struct duo *duo);

/* Power comes or goes; what ran is lost. */
void duo_set_power(struct duo *duo, unsigned router, bool on);
/* The router sees that a link, and what is on it, can not be used. */
void duo_set_link(struct duo *duo, unsigned router, uint32_t link, bool up);
/* It can not be used, and the router does not see it. */
void duo_set_cable(struct duo *duo, unsigned router, uint32_t link, bool whole);
/* Nothing passes the segment. */
void duo_set_segment(struct duo *duo, uint32_t segment, bool whole);
/* "reset vrrp master". */
enum engine_answer duo_reset(struct duo *duo, unsigned router, uint32_t group);
/* An orderly stop: power goes when another router is master. */
void duo_leave(struct duo *duo, unsigned router);

bool duo_runs(const struct duo *duo, unsigned router);
/* Is its link on that segment in use, seen from beside it? */
bool duo_reaches(const struct duo *duo, unsigned router, uint32_t segment);
enum vrouter_state duo_state(const struct duo *duo, unsigned router, uint32_t group);

/* All since the beginning; borrowed until time passes. */
const struct duo_transition *duo_transitions(const struct duo *duo, size_t *ret_count);

#endif
