/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner's part for members.  Two facts about Linux shape it: a member joins a bond only when
 * it is down, and comes up with it; a port of a bridge stays as it is, but loses the VLANs it had
 * in the bridge before.
 */
#include "core/ifmember.h"

/* Is it what the settings call a bond, or a switch, which keeps VLANs apart if it can? */
static bool
is_as_wanted(const struct ifjob *job, const struct ifworld_link *owner)
{
	const struct link_settings *links = settings_links(job->plan->settings);

	if (job->wanted == NULL || job->wanted->member_of < 0)
		return true;
	if (links[job->wanted->member_of].kind == LINK_BOND)
		return owner->kind == IFWORLD_BOND;
	return owner->kind == IFWORLD_BRIDGE &&
	       (owner->bridge.filtering || !owner->bridge.can_filter);
}

/* The name of what it should be a member of ("" = nothing); NULL where that is not our matter. */
static const char *
wanted_owner(const struct ifjob *job)
{
	const struct iforiginal *original = iforiginals_find(job->view->originals, job->now->name);

	if (job->wanted != NULL && job->wanted->member_of >= 0)
		return settings_links(job->plan->settings)[job->wanted->member_of].name;
	return original != NULL && original->saved & ORIGINAL_MASTER ? original->master : NULL;
}

static void
save_membership(const struct ifjob *job, bool of_bond)
{
	const struct ifworld_link *before = ifworld_link(job->view->world, job->now->master);

	if (before != NULL && before->kind == IFWORLD_BRIDGE &&
	    !iforiginals_has(job->view->originals, job->now->name, ORIGINAL_MASTER))
		iforiginals_save_vlans(job->view->originals, job->now,
		                       ifworld_vlans(job->view->world, job->now->index));
	ifjob_save(job, ORIGINAL_MASTER);
	if (of_bond)
		ifjob_save(job, ORIGINAL_UP);
}

void
ifmember_plan(const struct ifjob *job)
{
	const struct ifworld_link *now = job->now;
	const char *name = wanted_owner(job);
	const struct ifworld_link *owner = NULL;
	struct ifstep join = ifjob_step(job, IFSTEP_SET_MASTER, now);
	bool configured = job->wanted != NULL && job->wanted->member_of >= 0;

	if (name == NULL)
		return;
	if (name[0] != '\0') {
		owner = ifworld_named(job->view->world, name);
		if (owner == NULL || !is_as_wanted(job, owner))
			return;
		join.other = owner->index;
	}
	if (now->master == join.other) {
		if (job->wanted != NULL && !configured)
			iforiginals_forget(job->view->originals, now->name, ORIGINAL_MASTER);
		return;
	}
	if (ifjob_is_refused(job, &join))
		return;
	if (configured)
		save_membership(job, owner->kind == IFWORLD_BOND);
	if (owner != NULL && owner->kind != IFWORLD_BRIDGE && now->up)
		ifjob_simple(job, IFSTEP_SET_DOWN, now);
	ifjob_add(job, &join);
}
