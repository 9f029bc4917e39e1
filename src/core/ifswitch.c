/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner's part for switches.  A switch is a bridge that keeps VLANs apart: a port carries
 * those that the configuration gives it and no others, the bridge itself those of its vifs.
 *
 * What others put into a bridge that was there before us stays: ports that no configuration names
 * keep their VLANs, and the bridge itself keeps those it had.
 */
#include "core/ifswitch.h"

/*
 * Multicast goes everywhere within its VLAN, as with a switch that does not look into it: a bridge
 * that does would keep the advertisements of IPv6 routers to itself once somebody asks for groups.
 */
struct ifworld_bridge
ifswitch_wanted(const struct link_settings *settings)
{
	return (struct ifworld_bridge){
		.filtering = true,
		.snooping = false,
		.aging = settings->aging,
	};
}

static uint8_t
parts_that_differ(const struct ifworld_bridge *want, const struct ifworld_bridge *now)
{
	uint8_t parts = 0;

	if (now->can_filter && want->filtering != now->filtering)
		parts |= SWITCH_PART_FILTERING;
	if (want->snooping != now->snooping)
		parts |= SWITCH_PART_SNOOPING;
	if (want->aging != now->aging)
		parts |= SWITCH_PART_AGING;
	return parts;
}

/* Append the step that brings the options to these; false when there is nothing to be done. */
static bool
change_options(const struct ifjob *job, const struct ifworld_bridge *want)
{
	struct ifstep step = ifjob_step(job, IFSTEP_SET_SWITCH, job->now);

	step.bridge = *want;
	step.parts = parts_that_differ(want, &job->now->bridge);
	if (step.parts == 0)
		return false;
	ifjob_add(job, &step);
	return true;
}

/* Append the steps that make the VLANs of the job's link these; false when they are. */
static bool
change_vlans(const struct ifjob *job, const struct vlanset *want)
{
	const struct vlanset *now = ifworld_vlans(job->view->world, job->now->index);
	struct vlanset set = vlanset_missing(now, want);
	struct ifstep step = ifjob_step(job, IFSTEP_REMOVE_VLANS, job->now);

	if (vlanset_equal(want, now))
		return false;
	while (vlanset_next(&set, step.vlans.last, &step.vlans))
		ifjob_add(job, &step);
	set = vlanset_changed(want, now);
	step = ifjob_step(job, IFSTEP_ADD_VLANS, job->now);
	while (vlanset_next(&set, step.vlans.last, &step.vlans))
		ifjob_add(job, &step);
	return true;
}

static void
add_ranges(struct vlanset *set, const struct vlan_settings *ranges, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		vlanset_put(set, &ranges[i]);
}

static bool
knows_vlans(const struct ifworld_link *bridge)
{
	return bridge != NULL && bridge->kind == IFWORLD_BRIDGE && bridge->bridge.can_filter;
}

/* ---- the bridge ---- */

/* What it had of its own accord: nothing, if we made it. */
static struct vlanset
vlans_of_others(const struct ifjob *job)
{
	const struct iforiginal *original = iforiginals_find(job->view->originals, job->now->name);
	struct vlanset set = { 0 };

	if (original != NULL && original->saved & ORIGINAL_VLANS)
		add_ranges(&set, original->vlans, original->vlan_count);
	else if (!ifjob_is_created(job))
		set = *ifworld_vlans(job->view->world, job->now->index);
	return set;
}

static void
plan_own_vlans(const struct ifjob *job)
{
	struct vlanset set = vlans_of_others(job);

	add_ranges(&set, settings_link_vlans(job->plan->settings, job->wanted),
	           job->wanted->vlan_count);
	if (!ifjob_is_created(job) &&
	    !vlanset_equal(&set, ifworld_vlans(job->view->world, job->now->index)))
		iforiginals_save_vlans(job->view->originals, job->now,
		                       ifworld_vlans(job->view->world, job->now->index));
	change_vlans(job, &set);
}

void
ifswitch_plan(const struct ifjob *job)
{
	struct ifworld_bridge want = ifswitch_wanted(job->wanted);

	if (job->now->kind != IFWORLD_BRIDGE)
		return;
	if (!ifjob_is_created(job) && parts_that_differ(&want, &job->now->bridge) != 0)
		ifjob_save(job, ORIGINAL_BRIDGE);
	change_options(job, &want);
	if (knows_vlans(job->now))
		plan_own_vlans(job);
}

void
ifswitch_restore(const struct ifjob *job)
{
	const struct iforiginal *original = iforiginals_find(job->view->originals, job->now->name);
	bool is_bridge = job->now->kind == IFWORLD_BRIDGE;
	struct vlanset set = { 0 };

	if (original->saved & ORIGINAL_VLANS && is_bridge) {
		add_ranges(&set, original->vlans, original->vlan_count);
		if (!knows_vlans(job->now) || !change_vlans(job, &set))
			iforiginals_forget(job->view->originals, job->now->name, ORIGINAL_VLANS);
	}
	if (original->saved & ORIGINAL_BRIDGE &&
	    (!is_bridge || !change_options(job, &original->bridge)))
		iforiginals_forget(job->view->originals, job->now->name, ORIGINAL_BRIDGE);
}

/* ---- its ports ---- */

void
ifswitch_plan_port(const struct ifjob *job)
{
	struct iforiginals *originals = job->view->originals;
	const struct iforiginal *original = iforiginals_find(originals, job->now->name);
	const struct ifworld_link *bridge = ifworld_link(job->view->world, job->now->master);
	bool configured = job->wanted != NULL && job->wanted->member_of >= 0;
	struct vlanset set = { 0 };

	if (configured && settings_links(job->plan->settings)[job->wanted->member_of].kind !=
	    LINK_SWITCH)
		return;
	if (!configured && (original == NULL || !(original->saved & ORIGINAL_VLANS) ||
	                    job->now->kind == IFWORLD_BRIDGE))
		return;
	if (configured)
		add_ranges(&set, settings_link_vlans(job->plan->settings, job->wanted),
		           job->wanted->vlan_count);
	else
		add_ranges(&set, original->vlans, original->vlan_count);
	if (!knows_vlans(bridge)) {
		if (!configured)
			iforiginals_forget(originals, job->now->name, ORIGINAL_VLANS);
		return;
	}
	/* One that was a port of this bridge before us gets back what it had there. */
	if (configured && !iforiginals_has(originals, job->now->name, ORIGINAL_MASTER) &&
	    !vlanset_equal(&set, ifworld_vlans(job->view->world, job->now->index)))
		iforiginals_save_vlans(originals, job->now,
		                       ifworld_vlans(job->view->world, job->now->index));
	if (!change_vlans(job, &set) && !configured)
		iforiginals_forget(originals, job->now->name, ORIGINAL_VLANS);
}
