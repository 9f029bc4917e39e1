/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Planning of the addresses that groups hold, wherever those live: on the group's link, on its
 * virtual link, on another link.  A part of the planner, see ifplan.h.
 */
#ifndef TANDEM_IFHOLD_H
#define TANDEM_IFHOLD_H

#include "core/ifjob.h"

/*
 * From so many virtual IPv4 addresses on one link on, a takeover makes their local routes first.
 * An address costs the kernel time that grows with the number that is there (5,000: 55 us), a
 * local route 4 us, and the host answers ARP and echo for those, too.
 */
#define IFHOLD_CROWD 128u

/* The virtual link of a group above the job's link, or NULL. */
const struct ifworld_link *ifhold_virtual_link(const struct ifjob *job,
                                               const struct group_settings *group);

/* A step that gives an address to a link; lease in seconds, 0 = for ever. */
struct ifstep ifhold_address_step(const struct ifjob *job, const struct ifworld_link *link,
                                  uint32_t group, const struct prefix *prefix, uint32_t lease);

/* Append the steps that bring back what a holder lacks on the job's link, or on its virtual link
 * when apart. */
void ifhold_plan(const struct ifjob *job, uint32_t group, bool apart);

/* Append the steps that make a group's addresses answer (its virtual link is up by then).  True
 * when most of them are only stand-ins for what ifhold_complete() brings. */
bool ifhold_take(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
                 struct ifsteps *out);
/* Append what can wait. */
void ifhold_complete(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
                     struct ifsteps *out);

/* Append the steps that prolong a group's addresses, or make them silent. */
void ifhold_renew(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
                  struct ifsteps *out);
void ifhold_drop(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
                 struct ifsteps *out);

#endif
