/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner's part for bonds.  Two facts about Linux shape it:
 *  - A bond changes its mode only when it is down and has no members, its LACP options only when it
 *    is down.
 *  - A member joins a bond only when it is down, and comes up with it.
 */
#include "core/ifbond.h"

static uint8_t
bond_parts_that_differ(const struct ifworld_bond *want, const struct ifworld_bond *now)
{
	uint8_t parts = 0;

	if (want->mode != now->mode)
		parts |= BOND_PART_MODE;
	if (want->mode != BOND_ACTIVE_BACKUP && want->hash34 != now->hash34)
		parts |= BOND_PART_HASH;
	if (want->mode == BOND_LACP && (want->fast != now->fast || want->passive != now->passive ||
	                                want->key != now->key))
		parts |= BOND_PART_LACP;
	if (want->minimum_links != now->minimum_links)
		parts |= BOND_PART_MINIMUM;
	if (want->miimon != now->miimon)
		parts |= BOND_PART_MIIMON;
	return parts;
}

/* Bring the bond's options from what they are to what they should be. */
void
ifbond_change(const struct ifjob *job, const struct ifworld_bond *want)
{
	const struct ifworld *world = job->view->world;
	const struct ifworld_link *bond = job->now;
	struct ifstep change = ifjob_step(job, IFSTEP_SET_BOND, bond);
	bool down;
	bool empty;

	change.bond = *want;
	change.parts = bond_parts_that_differ(want, &bond->bond);
	if (change.parts == 0 || ifjob_is_refused(job, &change))
		return;
	empty = (change.parts & BOND_PART_MODE) != 0;
	down = empty || (change.parts & BOND_PART_LACP) != 0;
	if (empty && want->mode == BOND_LACP)
		change.parts |= BOND_PART_LACP | BOND_PART_HASH;
	if (down && bond->up)
		ifjob_simple(job, IFSTEP_SET_DOWN, bond);
	for (const struct ifworld_link *l = NULL; empty && (l = ifworld_next_link(world, l));) {
		if (l->master == bond->index)
			ifjob_master(job, l, 0);
	}
	ifjob_add(job, &change);
	/* Those that were members before come back, whoever made them members; they are down since
	 * they left. */
	for (const struct ifworld_link *l = NULL; empty && (l = ifworld_next_link(world, l));) {
		if (l->master == bond->index)
			ifjob_master(job, l, bond->index);
	}
	if (down && bond->up)
		ifjob_simple(job, IFSTEP_SET_UP, bond);
}

struct ifworld_bond
ifbond_wanted(const struct bond_settings *settings)
{
	return (struct ifworld_bond){
		.mode = settings->mode,
		.hash34 = settings->mode != BOND_ACTIVE_BACKUP,
		.fast = settings->fast,
		.passive = settings->passive,
		.key = settings->key,
		.minimum_links = settings->minimum_links,
		.miimon = IFPLAN_MIIMON,
	};
}

static void
plan_primary(const struct ifjob *job)
{
	const struct bond_settings *settings = &job->wanted->bonding;
	const struct ifworld_link *primary = ifworld_named(job->view->world, settings->primary);
	struct ifstep step = ifjob_step(job, IFSTEP_SET_BOND, job->now);

	if (settings->mode != BOND_ACTIVE_BACKUP || job->now->bond.mode != BOND_ACTIVE_BACKUP ||
	    primary == NULL || primary->master != job->now->index ||
	    primary->index == job->now->bond.primary)
		return;
	step.bond.primary = primary->index;
	step.parts = BOND_PART_PRIMARY;
	ifjob_add(job, &step);
}

void
ifbond_plan(const struct ifjob *job)
{
	struct ifworld_bond want = ifbond_wanted(&job->wanted->bonding);

	if (job->now->kind != IFWORLD_BOND)
		return;
	if (!ifjob_is_created(job) && bond_parts_that_differ(&want, &job->now->bond) != 0)
		ifjob_save(job, ORIGINAL_BOND);
	ifbond_change(job, &want);
	plan_primary(job);
}
