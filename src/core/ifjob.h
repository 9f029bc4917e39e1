/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every function of the planner needs: the link being planned, as it is and as it should be,
 * and where its steps go.  Only for the planner's own files.
 */
#ifndef TANDEM_IFJOB_H
#define TANDEM_IFJOB_H

#include "core/ifplan.h"
#include "core/ifstep.h"
#include "core/ifwish.h"
#include "core/ifworld.h"

struct ifplan {
	const struct settings *settings;
	struct ifwishes *wishes;
};

struct ifjob {
	const struct ifplan *plan;
	const struct ifplan_view *view;
	struct ifsteps *out;
	uint32_t link;
	const struct link_settings *wanted;	/* NULL for the rest */
	const struct ifworld_link *now;
};

/* The job of a link of the settings; now is NULL while the link does not exist. */
struct ifjob ifjob_of(const struct ifplan *plan, const struct ifplan_view *view, uint32_t link,
                      struct ifsteps *out);

/* A step of this job with nothing but its kind and link (NULL for one to be made). */
struct ifstep ifjob_step(const struct ifjob *job, enum ifstep_kind kind,
                         const struct ifworld_link *link);
/* Has the kernel refused it a moment ago? */
bool ifjob_is_refused(const struct ifjob *job, const struct ifstep *step);
/* Append a step, unless it was refused a moment ago. */
void ifjob_add(const struct ifjob *job, const struct ifstep *step);

/* The same in one call, for steps with one argument or none. */
void ifjob_simple(const struct ifjob *job, enum ifstep_kind kind,
                  const struct ifworld_link *link);
void ifjob_master(const struct ifjob *job, const struct ifworld_link *link, int master);
void ifjob_mtu(const struct ifjob *job, const struct ifworld_link *link, uint32_t mtu);
void ifjob_mac(const struct ifjob *job, const struct ifworld_link *link, const struct mac *mac);
void ifjob_text(const struct ifjob *job, enum ifstep_kind kind, const struct ifworld_link *link,
                const char *text);
void ifjob_arp(const struct ifjob *job, const struct ifworld_link *link, struct ifworld_arp arp);
void ifjob_address(const struct ifjob *job, enum ifstep_kind kind,
                   const struct ifworld_link *link, const struct prefix *prefix);

/* Remember what the job's link is like before it is changed, unless that was done earlier. */
void ifjob_save(const struct ifjob *job, enum iforiginal_bit bit);
/* Did we make the job's link? */
bool ifjob_is_created(const struct ifjob *job);

#endif
