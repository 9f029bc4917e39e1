/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Planning of what groups have on a link: virtual addresses, and the virtual link of a group with
 * rfc-compatibility.  A part of the planner, see ifplan.h.
 */
#ifndef TANDEM_IFGROUP_H
#define TANDEM_IFGROUP_H

#include "core/ifjob.h"
#include "core/ifplan.h"

/* Does the link's MAC name a group number, as those do that we make for groups? */
bool ifgroup_is_virtual(const struct ifworld_link *link);
/* And does its description say that we made it? */
bool ifgroup_is_ours(const struct ifworld_link *link);

/* Append the steps for all groups of the job's link. */
void ifgroup_plan(const struct ifjob *job);

/* Append the steps that give a group its addresses, prolong them, or take them away. */
void ifgroup_take(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
                  struct ifsteps *out);
void ifgroup_renew(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
                   struct ifsteps *out);
void ifgroup_drop(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
                  struct ifsteps *out);

#endif
