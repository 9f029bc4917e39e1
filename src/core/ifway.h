/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Planning of the routes and rules that move with a group.  A part of the planner, see ifplan.h.
 */
#ifndef TANDEM_IFWAY_H
#define TANDEM_IFWAY_H

#include "core/ifjob.h"

/* Append the steps that bring a group's routes on the job's link, and the rules of a group that
 * runs there, to what they should be. */
void ifway_plan(const struct ifjob *job, uint32_t group);
/* Append the steps that remove what no group has; all of it when the job has no plan. */
void ifway_sweep(const struct ifjob *job);

/* Append the steps that give a group its routes and rules, or take them away. */
void ifway_take(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
                enum ifstep_urgency urgency, struct ifsteps *out);
void ifway_drop(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
                struct ifsteps *out);

#endif
