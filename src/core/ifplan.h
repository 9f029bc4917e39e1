/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must be done to make the kernel what the settings and the engine want: pure comparison of
 * the picture (core/ifworld) with the settings, in ordered steps.  A plan only holds what is
 * possible now: what hangs on a link that is yet to be made is planned when the picture shows it.
 * So whoever carries out steps plans again until nothing is left; a picture that is as wanted
 * yields no step at all.
 *
 * One link of the settings with its members, addresses and groups is planned at a time, so that
 * a change of one costs nothing for the others; ifplan_rest() looks after everything that the
 * settings do not (or no longer) name.
 */
#ifndef TANDEM_IFPLAN_H
#define TANDEM_IFPLAN_H

#include "base/base.h"
#include "core/ifnets.h"
#include "core/iforiginal.h"
#include "core/ifroute.h"
#include "core/ifstep.h"
#include "core/ifwish.h"
#include "core/ifworld.h"
#include "core/settings.h"

#define IFPLAN_MIIMON 100u		/* how often a bond looks at its members, in ms */

struct ifplan_view {
	const struct ifworld *world;
	const struct ifroutes *routes;
	struct ifnets *nets;		/* of the picture; may be NULL without static routes */
	struct iforiginals *originals;	/* planning a change saves what was */
	const bool *held;		/* per group: does it hold its addresses? */
	uint32_t lease;			/* seconds */
	/* Was this step refused by the kernel, and is it too early to try again?  May be NULL. */
	bool (*refused)(void *owner, const struct ifstep *step);
	void *owner;
};

struct ifplan;

/* Prepare for settings (borrowed until ifplan_free()). */
struct ifplan *ifplan_new(const struct settings *settings) MUST_USE;
void ifplan_free(struct ifplan *plan);	/* NULL is fine */

/* Index of the link whose plan a link of this name belongs to (its own name, or the name of a
 * virtual link of a group on it), or IFSTEP_REST. */
uint32_t ifplan_owner(const struct ifplan *plan, const struct ifworld *world,
                      const struct ifworld_link *link);
/* Has the link groups? */
bool ifplan_has_groups(const struct ifplan *plan, uint32_t link);
/* The groups that run on a link, and those that only have addresses or routes on it (one may be
 * named more than once). */
struct ifwishes_groups ifplan_groups(const struct ifplan *plan, uint32_t link);
struct ifwishes_groups ifplan_visitors(const struct ifplan *plan, uint32_t link);
/* Whose plan a route or rule with a mark of ours belongs to (static routes: core/ifstatic); false:
 * to none, nothing is to be done. */
bool ifplan_route_owner(const struct ifplan *plan, const struct ifroute *route,
                        uint32_t *ret_link);
uint32_t ifplan_rule_owner(const struct ifplan *plan, const struct ifrule *rule);

/*
 * Is one of the group's virtual addresses a real one: the primary IPv4 address of its interface,
 * or any global IPv6 address of the interface?  (Those excluded do not count.)
 */
bool ifplan_is_owner(const struct ifplan *plan, const struct ifworld *world, uint32_t group);

/* Append the steps for one link of the settings, or for everything else. */
void ifplan_link(const struct ifplan *plan, const struct ifplan_view *view, uint32_t link,
                 struct ifsteps *out);
void ifplan_rest(const struct ifplan *plan, const struct ifplan_view *view, struct ifsteps *out);

/* Append the steps that remove virtual links and addresses from every link: the service stops. */
void ifplan_stop(const struct ifplan_view *view, struct ifsteps *out);

/* What a person should know about the link beyond refused steps: calls say for each sentence. */
void ifplan_remarks(const struct ifplan *plan, const struct ifworld *world, uint32_t link,
                    void (*say)(void *owner, const char *sentence), void *owner);

#endif
