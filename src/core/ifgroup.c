/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner's part for groups.  One fact about Linux shapes it: an IPv4 address given to a link
 * that is down gets a local route all the same, and keeps it when the link goes down later: the
 * host would answer ARP and ping for it.  So an address staged on a virtual link that is down is
 * silenced: its local route is removed.  Raising the link makes the kernel put all of them back at
 * once, which is what makes a takeover one step a group.  IPv6 addresses do not survive on a link
 * that is down, so they are not staged.
 *
 * Another: lowering a macvlan, or deleting one, waits until every processor has passed by (10 to
 * 20 ms, under a lock that all changes need), but deleting many in one request waits no longer than
 * deleting one.  So where there are many virtual links, those that must go down are deleted, a
 * batch at a time, and made anew: a hundred times faster, and nobody else is kept waiting.  Where
 * there are few they are lowered, and keep their number and what others set on them.
 *
 * When the name of a group's virtual link is taken by a foreign link, the virtual link gets
 * another name: running without it would announce a virtual MAC that nobody listens to.
 */
#include "core/ifgroup.h"

#include <stdio.h>
#include <string.h>

#include "core/ifhold.h"
#include "core/iftune.h"
#include "core/ifway.h"

bool
ifgroup_is_virtual(const struct ifworld_link *link)
{
	return link->kind == IFWORLD_MACVLAN && link->private &&
	       memcmp(link->mac.bytes, "\x00\x00\x5e\x00", 4) == 0 &&
	       (link->mac.bytes[4] == 1 || link->mac.bytes[4] == 2);
}

bool
ifgroup_is_ours(const struct ifworld_link *link)
{
	char end[16];
	size_t length = strlen(link->alias);
	size_t end_length = (size_t)snprintf(end, sizeof(end), " group %u", link->mac.bytes[5]);

	return ifgroup_is_virtual(link) &&
	       (link->marked || (length > end_length &&
	                         strcmp(link->alias + length - end_length, end) == 0));
}

void
ifgroup_other_name(int parent, const struct group_settings *group, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, group->family == 6 ? "vrrp%d.%u-6" : "vrrp%d.%u",
	         parent, group->vrid);
}

/* ---- many virtual links ---- */

/* So many of them are not lowered one by one. */
#define MANY 32u
/* How many go at a time: their deletion takes no longer than lowering two. */
#define BATCH 32
/* The batch of those that go when the service stops: of new ones as well, known or not. */
#define AT_ONCE 0u

static struct ifstep
condemnation(const struct ifjob *job, const struct ifworld_link *link)
{
	struct ifstep step = ifjob_step(job, IFSTEP_CONDEMN, link);

	step.batch = 1 + (uint32_t)link->index / BATCH;
	return step;
}

void
ifgroup_condemn(const struct ifjob *job, const struct ifworld_link *link, bool at_once)
{
	struct ifstep step = condemnation(job, link);

	if (at_once)
		step.batch = AT_ONCE;
	ifjob_add(job, &step);
}

void
ifgroup_delete_at_once(const struct ifjob *job)
{
	struct ifstep step = ifjob_step(job, IFSTEP_DELETE_BATCH, NULL);

	step.batch = AT_ONCE;
	memcpy(step.name, "interfaces", sizeof("interfaces"));
	ifjob_add(job, &step);
}

void
ifgroup_delete_condemned(const struct ifjob *job, size_t from)
{
	size_t end = job->out->count;
	uint32_t last = UINT32_MAX;

	for (size_t i = from; i < end; i++) {
		struct ifstep step = job->out->list[i];

		if (step.kind != IFSTEP_CONDEMN || step.batch == last)
			continue;
		last = step.batch;
		step.kind = IFSTEP_DELETE_BATCH;
		step.owner = -1;
		ifjob_add(job, &step);
	}
}

/* Is a virtual link that must go down deleted and made anew? */
static bool
is_renewed(const struct ifplan *plan, const struct ifworld_link *link)
{
	return link->condemned || ifwishes_virtual_links(plan->wishes) >= MANY;
}

/* Where none is condemned, what others use the kernel's link group for stays as it is. */
static struct ifstep
raising(const struct ifjob *job, const struct ifworld_link *link, uint32_t group)
{
	struct ifstep step = ifjob_step(job, is_renewed(job->plan, link) ? IFSTEP_RAISE :
	                                                                   IFSTEP_SET_UP, link);

	step.owner = (int32_t)group;
	return step;
}

/* ---- virtual links ---- */

static void
create_virtual_link(const struct ifjob *job, const struct group_settings *g)
{
	struct ifstep step = ifjob_step(job, IFSTEP_CREATE_VIRTUAL, NULL);

	memcpy(step.name, g->vmac_name, sizeof(step.name));
	if (ifworld_named(job->view->world, step.name) != NULL)
		ifgroup_other_name(job->now->index, g, step.name);
	if (ifworld_named(job->view->world, step.name) != NULL)
		return;
	step.other = job->now->index;
	step.mac = group_virtual_mac(g->family, g->vrid);
	ifjob_add(job, &step);
}

static void
configure_virtual_link(const struct ifjob *job, const struct ifworld_link *link,
                       const struct group_settings *g)
{
	char alias[DESCRIPTION_SIZE];

	if (!link->up && strncmp(link->name, g->vmac_name, NAME_SIZE) != 0 &&
	    ifworld_named(job->view->world, g->vmac_name) == NULL)
		ifjob_text(job, IFSTEP_RENAME, link, g->vmac_name);
	ifstep_group_alias(job->wanted->name, g->vrid, alias);
	if (strcmp(alias, link->alias) != 0) {
		struct ifstep step = ifjob_step(job, IFSTEP_SET_GROUP_ALIAS, link);

		step.vrid = g->vrid;
		step.text = job->wanted->name;
		ifjob_add(job, &step);
	}
	if (link->mtu != job->now->mtu)
		ifjob_mtu(job, link, job->now->mtu);
	/* No address may be made from the virtual MAC: every router of the group would have it. */
	if (!link->no_addr_gen)
		ifjob_simple(job, IFSTEP_SET_NO_ADDR_GEN, link);
	/* Answers for its own addresses only; accepts packets that the parent would answer. */
	if (link->arp.ignore != 1 || link->arp.rp_filter != 2)
		ifjob_arp(job, link, (struct ifworld_arp){ 1, -1, 2 });
	iftune_plan_virtual(job, link);
}

static bool
lists(const struct ifplan *plan, const struct group_settings *g, const struct prefix *prefix)
{
	const struct address_settings *addresses = settings_group_addresses(plan->settings, g);

	for (uint32_t i = 0; i < group_held_count(g); i++) {
		if (ifwish_is_apart(g, &addresses[i]) &&
		    prefix_equal(&addresses[i].prefix, prefix))
			return true;
	}
	return false;
}

static void
add_step(const struct ifjob *job, uint32_t group, enum ifstep_kind kind,
         const struct ifworld_link *link, const struct prefix *prefix)
{
	struct ifstep step = ifjob_step(job, kind, link);

	step.owner = (int32_t)group;
	if (prefix != NULL)
		step.prefix = *prefix;
	ifjob_add(job, &step);
}

/* What the group no longer lists, and what was made from the virtual MAC. */
static void
clean_virtual_link(const struct ifjob *job, const struct ifworld_link *link, uint32_t group)
{
	const struct group_settings *g = &settings_groups(job->plan->settings)[group];
	const struct ifworld *world = job->view->world;

	for (const struct ifworld_address *a = NULL;
	     (a = ifworld_next_virtual(world, link->index, a)) != NULL;) {
		if (!lists(job->plan, g, &a->prefix) ||
		    (a->prefix.ip.family == 6 && !job->view->held[group]))
			add_step(job, group, IFSTEP_REMOVE_ADDRESS, link, &a->prefix);
	}
	for (const struct ifworld_address *a = NULL;
	     (a = ifworld_next_own(world, link->index, a)) != NULL;) {
		if (a->prefix.ip.family == 6 &&
		    (a->mark == MARK_ADVERTISED || a->mark == MARK_GENERATED))
			add_step(job, group, IFSTEP_REMOVE_ADDRESS, link, &a->prefix);
	}
}

static void
condemn_for_group(const struct ifjob *job, const struct ifworld_link *link, uint32_t group,
                  enum ifstep_urgency urgency)
{
	struct ifstep step = condemnation(job, link);

	step.owner = (int32_t)group;
	step.urgency = (uint8_t)urgency;
	ifjob_add(job, &step);
}

/*
 * A virtual link whose group is not master: down, its IPv4 addresses there for good, but silent.
 * One that is up (after a drop, or raised by somebody) is silenced before it is lowered or deleted,
 * for that takes long.
 */
static void
stage_virtual_link(const struct ifjob *job, const struct ifworld_link *link, uint32_t group)
{
	const struct group_settings *g = &settings_groups(job->plan->settings)[group];
	const struct address_settings *addresses = settings_group_addresses(job->plan->settings, g);
	bool fresh = link->up;		/* whatever the picture says of its addresses */

	for (uint32_t i = 0; fresh && i < group_held_count(g); i++) {
		if (ifwish_is_apart(g, &addresses[i]) && addresses[i].prefix.ip.family == 4)
			add_step(job, group, IFSTEP_SILENCE_ADDRESS, link, &addresses[i].prefix);
	}
	if ((link->up || link->condemned) && is_renewed(job->plan, link)) {
		condemn_for_group(job, link, group, IFSTEP_LATER);
		return;
	}
	if (link->up)
		add_step(job, group, IFSTEP_SET_DOWN, link, NULL);
	for (uint32_t i = 0; i < group_held_count(g); i++) {
		const struct prefix *prefix = &addresses[i].prefix;
		const struct ifworld_address *there =
			ifworld_address(job->view->world, link->index, prefix);

		if (!ifwish_is_apart(g, &addresses[i]) || prefix->ip.family != 4)
			continue;
		if (there == NULL ||
		    (there->mark == MARK_VIRTUAL && (there->leased || fresh))) {
			struct ifstep step = ifhold_address_step(job, link, group, prefix, 0);

			ifjob_add(job, &step);
		}
		if (there == NULL || fresh || !there->silent)
			add_step(job, group, IFSTEP_SILENCE_ADDRESS, link, prefix);
	}
}

static void
plan_virtual_link(const struct ifjob *job, uint32_t group)
{
	const struct group_settings *g = &settings_groups(job->plan->settings)[group];
	const struct ifworld_link *link = ifhold_virtual_link(job, g);

	if (link == NULL) {
		create_virtual_link(job, g);
		return;
	}
	configure_virtual_link(job, link, g);
	clean_virtual_link(job, link, group);
	if (!job->view->held[group]) {
		stage_virtual_link(job, link, group);
		return;
	}
	if (!link->up || link->condemned) {
		struct ifstep step = raising(job, link, group);

		step.group = (int32_t)group;
		ifjob_add(job, &step);
	}
	ifhold_plan(job, group, true);
}

void
ifgroup_plan(const struct ifjob *job)
{
	struct ifwishes_groups groups = ifwishes_groups(job->plan->wishes, job->link);
	struct ifwishes_groups visitors = ifwishes_visitors(job->plan->wishes, job->link);
	size_t before = job->out->count;

	for (size_t i = 0; i < groups.count; i++) {
		uint32_t group = groups.list[i];

		if (settings_groups(job->plan->settings)[group].rfc_compatibility)
			plan_virtual_link(job, group);
		if (job->view->held[group])
			ifhold_plan(job, group, false);
		ifway_plan(job, group);
	}
	for (size_t i = 0; i < visitors.count; i++) {
		if (i > 0 && visitors.list[i] == visitors.list[i - 1])
			continue;
		if (job->view->held[visitors.list[i]])
			ifhold_plan(job, visitors.list[i], false);
		ifway_plan(job, visitors.list[i]);
	}
	ifgroup_delete_condemned(job, before);
}

/* ---- the engine's wishes ---- */

static void
raise_virtual_link(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
                   struct ifsteps *out)
{
	const struct group_settings *g = &settings_groups(plan->settings)[group];
	struct ifjob job = ifjob_of(plan, view, (uint32_t)g->link, out);
	const struct ifworld_link *link = ifhold_virtual_link(&job, g);
	struct ifstep step;

	if (link == NULL)
		return;
	/* Even if the picture has it up: a step that lowers it may be on its way. */
	step = raising(&job, link, group);
	step.urgency = IFSTEP_FIRST;
	ifjob_add(&job, &step);
}

void
ifgroup_take(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
             struct ifsteps *out)
{
	bool stand_ins;

	if (settings_groups(plan->settings)[group].rfc_compatibility)
		raise_virtual_link(plan, view, group, out);
	stand_ins = ifhold_take(plan, view, group, out);
	if (!stand_ins)
		ifway_take(plan, view, group, IFSTEP_SOON, out);
	ifhold_complete(plan, view, group, out);
	if (stand_ins)
		ifway_take(plan, view, group, IFSTEP_LATER, out);
}

void
ifgroup_renew(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
              struct ifsteps *out)
{
	ifhold_renew(plan, view, group, out);
}

void
ifgroup_drop(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
             struct ifsteps *out)
{
	const struct group_settings *g = &settings_groups(plan->settings)[group];
	struct ifjob job = ifjob_of(plan, view, (uint32_t)g->link, out);
	const struct ifworld_link *link = NULL;

	ifway_drop(plan, view, group, out);
	ifhold_drop(plan, view, group, out);
	if (g->rfc_compatibility)
		link = ifhold_virtual_link(&job, g);
	/* Before the plans of any link, so that the first of them has the whole crowd deleted. */
	if (link != NULL && is_renewed(plan, link))
		condemn_for_group(&job, link, group, IFSTEP_LATER);
}
