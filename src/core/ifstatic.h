/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Planning of static routes.  They do not belong to links: a unit is a number of them that are
 * planned together.  A part of the planner, see ifplan.h.
 *
 * Each distance of a destination is a route of the kernel, with the distance as its metric and the
 * next hops that can be used now; so when the best one goes the kernel has the next at hand.  A
 * next hop can be used while its interface is usable, as VRRP means it; without an interface, while
 * a usable link has an address in its network.  Routes of another origin are never replaced.
 */
#ifndef TANDEM_IFSTATIC_H
#define TANDEM_IFSTATIC_H

#include "core/ifplan.h"

#define IFSTATIC_A_UNIT 256u

/* How many units the settings' static routes make. */
uint32_t ifstatic_units(const struct settings *settings);

/* Append the steps for one of them, which name it as the link whose plan they belong to by a
 * number behind those of the links. */
void ifstatic_plan(const struct ifplan *plan, const struct ifplan_view *view, uint32_t unit,
                   struct ifsteps *out);

/* Is a route with the mark of static routes one of the settings?  Its unit is stored in *ret_unit
 * (may be NULL). */
bool ifstatic_find(const struct settings *settings, const struct ifroute *route,
                   uint32_t *ret_unit);

/* How a next hop stands, or a route that has none. */
enum ifstatic_state {
	IFSTATIC_INSTALLED,		/* the kernel has it */
	IFSTATIC_WAITING,		/* it cannot be used now: ifstatic_reason() */
	IFSTATIC_MISSING,		/* it could be; refused, or about to be installed */
};

/* Of the view, world, routes and nets are asked.  hop is NULL for a route without next hops;
 * *ret_link is the link over which it is reached now, or NULL. */
enum ifstatic_state ifstatic_state(const struct ifplan_view *view,
                                   const struct static_settings *route,
                                   const struct hop_settings *hop,
                                   const struct ifworld_link **ret_link);

/* What a next hop waits for, as the rest of a sentence: "waits for dp0s1, which is down". */
#define IFSTATIC_REASON_SIZE 128u
const char *ifstatic_reason(const struct ifplan_view *view, const struct hop_settings *hop,
                            char text[IFSTATIC_REASON_SIZE]);

/* The step that adds the route, without its next hops: by it a refusal is recognised. */
struct ifstep ifstatic_step(const struct static_settings *route);

/* What a person should know of next hops that cannot be used now: calls say for each sentence. */
void ifstatic_remarks(const struct ifplan *plan, const struct ifplan_view *view,
                      void (*say)(void *owner, const char *sentence), void *owner);

#endif
