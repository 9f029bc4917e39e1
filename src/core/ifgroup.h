/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Planning of what groups have on a link: addresses and routes (ifhold.h, ifway.h), and the virtual
 * link of a group with rfc-compatibility.  A part of the planner, see ifplan.h.
 */
#ifndef TANDEM_IFGROUP_H
#define TANDEM_IFGROUP_H

#include "core/ifjob.h"
#include "core/ifplan.h"

/* Does the link's MAC name a group number, as those do that we make for groups? */
bool ifgroup_is_virtual(const struct ifworld_link *link);
/* And does its description, or a mark, say that we made it? */
bool ifgroup_is_ours(const struct ifworld_link *link);

/*
 * Deleting virtual links: condemn each, then let those go that were condemned from this place of
 * the list on, a batch at a time; or, when nothing else has to wait for it, all of them at once,
 * and all that were made and never described.
 */
void ifgroup_condemn(const struct ifjob *job, const struct ifworld_link *link, bool at_once);
void ifgroup_delete_condemned(const struct ifjob *job, size_t from);
void ifgroup_delete_at_once(const struct ifjob *job);

/* What the virtual link of a group is called when its own name is taken. */
void ifgroup_other_name(int parent, const struct group_settings *group, char name[NAME_SIZE]);

/* Append the steps for all groups of the job's link. */
void ifgroup_plan(const struct ifjob *job);

/*
 * Append the steps that give a group its addresses, routes and rules, prolong its addresses, or
 * make it silent.  Steps are in the order of their urgency.  After a drop the plans of the links
 * the steps name do the rest; steps of this group that have not been sent are outdated.
 */
void ifgroup_take(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
                  struct ifsteps *out);
void ifgroup_renew(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
                   struct ifsteps *out);
void ifgroup_drop(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
                  struct ifsteps *out);

#endif
