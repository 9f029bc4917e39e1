/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner's part for groups.  Two facts about Linux shape it:
 *  - An address given to a link that is down gets a local route all the same, and keeps it when the
 *    link goes down later: the host would answer ARP and ping for it.  So an address staged on
 *    a virtual link that is down is silenced: its local route is removed.  Raising the link makes
 *    the kernel put all of them back at once, which is what makes a takeover one step a group.
 *  - Replacing an address changes its lifetime and nothing else; no route comes or goes.
 *
 * When the name of a group's virtual link is taken by a foreign link, the virtual link gets
 * another name: running without it would announce a virtual MAC that nobody listens to.
 */
#include "core/ifgroup.h"

#include <stdio.h>
#include <string.h>

#include "core/election.h"

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

	return ifgroup_is_virtual(link) && length > end_length &&
	       strcmp(link->alias + length - end_length, end) == 0;
}

/* ---- addresses ---- */

static bool
covers(const struct prefix *network, const struct prefix *address)
{
	return network->length <= address->length && prefix_contains(network, &address->ip);
}

/* Is the network of a virtual address reached through the interface's own addresses already? */
static bool
is_connected(const struct ifjob *job, const struct prefix *prefix)
{
	const struct prefix *addresses = settings_link_addresses(job->plan->settings, job->wanted);

	for (uint32_t i = 0; i < job->wanted->address_count; i++) {
		if (covers(&addresses[i], prefix))
			return true;
	}
	for (const struct ifworld_address *a = NULL;
	     (a = ifworld_next_own(job->view->world, job->now->index, a)) != NULL;) {
		if (covers(&a->prefix, prefix))
			return true;
	}
	return false;
}

static struct ifstep
virtual_address_step(const struct ifjob *job, const struct ifworld_link *link,
                     const struct prefix *prefix, uint32_t lease)
{
	struct ifstep step = ifjob_step(job, IFSTEP_ADD_ADDRESS, link);

	step.prefix = *prefix;
	step.mark = MARK_VIRTUAL;
	step.lease = lease;
	step.no_prefix_route = is_connected(job, prefix);
	return step;
}

/*
 * Whoever holds an address gets it leased.  force: even if it is there, for as long as the engine
 * said; otherwise what is missing comes back for the group's own lease.
 */
static void
plan_held_addresses(const struct ifjob *job, const struct ifworld_link *link, uint32_t group,
                    bool force)
{
	const struct group_settings *g = &settings_groups(job->plan->settings)[group];
	const struct prefix *addresses = settings_group_addresses(job->plan->settings, g);
	uint32_t own = (uint32_t)(election_lease(g->version, g->interval) / NSEC_PER_SEC);
	uint32_t lease = force ? job->view->lease : own;

	for (uint32_t i = 0; i < g->address_count; i++) {
		const struct ifworld_address *there =
			ifworld_address(job->view->world, link->index, &addresses[i]);
		struct ifstep step;

		if (!g->rfc_compatibility &&
		    ifwishes_real(job->plan->wishes, job->link, &addresses[i]))
			continue;
		if (there != NULL && (there->mark != MARK_VIRTUAL || (there->leased && !force)))
			continue;
		step = virtual_address_step(job, link, &addresses[i], lease);
		if (there == NULL)
			step.group = (int32_t)group;
		ifjob_add(job, &step);
	}
}

/* ---- virtual links ---- */

static const struct ifworld_link *
find_virtual_link(const struct ifjob *job, uint32_t group)
{
	const struct group_settings *g = &settings_groups(job->plan->settings)[group];
	const struct prefix *first = settings_group_addresses(job->plan->settings, g);
	struct mac mac = group_virtual_mac(first->ip.family, g->vrid);

	return ifworld_station(job->view->world, job->now->index, &mac);
}

static void
create_virtual_link(const struct ifjob *job, uint32_t group)
{
	const struct group_settings *g = &settings_groups(job->plan->settings)[group];
	const struct prefix *first = settings_group_addresses(job->plan->settings, g);
	struct ifstep step = ifjob_step(job, IFSTEP_CREATE_VIRTUAL, NULL);

	memcpy(step.name, g->vmac_name, sizeof(step.name));
	if (ifworld_named(job->view->world, step.name) != NULL)
		snprintf(step.name, sizeof(step.name), "vrrp%d.%u", job->now->index, g->vrid);
	if (ifworld_named(job->view->world, step.name) != NULL)
		return;
	step.other = job->now->index;
	step.mac = group_virtual_mac(first->ip.family, g->vrid);
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
	if (!link->no_addr_gen)
		ifjob_simple(job, IFSTEP_SET_NO_ADDR_GEN, link);
	/* Answers for its own addresses only; accepts packets that the parent would answer. */
	if (link->arp.ignore != 1 || link->arp.rp_filter != 2)
		ifjob_arp(job, link, (struct ifworld_arp){ 1, -1, 2 });
}

static bool
lists(const struct ifplan *plan, const struct group_settings *g, const struct prefix *prefix)
{
	const struct prefix *addresses = settings_group_addresses(plan->settings, g);

	for (uint32_t i = 0; i < g->address_count; i++) {
		if (prefix_equal(&addresses[i], prefix))
			return true;
	}
	return false;
}

/* Everything on a virtual link that is not held: down, addresses there for good, but silent.
 * fresh: the link was up until now, whatever the picture says of its addresses. */
static void
stage_addresses(const struct ifjob *job, const struct ifworld_link *link,
                const struct group_settings *g, bool fresh)
{
	const struct prefix *addresses = settings_group_addresses(job->plan->settings, g);

	for (uint32_t i = 0; i < g->address_count; i++) {
		const struct ifworld_address *there =
			ifworld_address(job->view->world, link->index, &addresses[i]);
		struct ifstep step;

		if (there == NULL || (there->mark == MARK_VIRTUAL && (there->leased || fresh))) {
			step = virtual_address_step(job, link, &addresses[i], 0);
			ifjob_add(job, &step);
		}
		if (there == NULL || fresh || !there->silent)
			ifjob_address(job, IFSTEP_SILENCE_ADDRESS, link, &addresses[i]);
	}
}

static void
plan_virtual_link(const struct ifjob *job, uint32_t group)
{
	const struct group_settings *g = &settings_groups(job->plan->settings)[group];
	const struct ifworld_link *link = find_virtual_link(job, group);

	if (link == NULL) {
		create_virtual_link(job, group);
		return;
	}
	configure_virtual_link(job, link, g);
	for (const struct ifworld_address *a = NULL;
	     (a = ifworld_next_virtual(job->view->world, link->index, a)) != NULL;) {
		if (!lists(job->plan, g, &a->prefix))
			ifjob_address(job, IFSTEP_REMOVE_ADDRESS, link, &a->prefix);
	}
	if (!job->view->held[group]) {
		if (link->up)
			ifjob_simple(job, IFSTEP_SET_DOWN, link);
		stage_addresses(job, link, g, link->up);
		return;
	}
	plan_held_addresses(job, link, group, false);
	if (!link->up) {
		struct ifstep step = ifjob_step(job, IFSTEP_SET_UP, link);

		step.group = (int32_t)group;
		ifjob_add(job, &step);
	}
}

void
ifgroup_plan(const struct ifjob *job)
{
	struct ifwishes_groups groups = ifwishes_groups(job->plan->wishes, job->link);

	for (size_t i = 0; i < groups.count; i++) {
		uint32_t group = groups.list[i];

		if (settings_groups(job->plan->settings)[group].rfc_compatibility)
			plan_virtual_link(job, group);
		else if (job->view->held[group])
			plan_held_addresses(job, job->now, group, false);
	}
}

/* ---- the engine's wishes ---- */

/* False while the link (or virtual link) of the group does not exist. */
static bool
group_job(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
          struct ifsteps *out, struct ifjob *ret_job, const struct ifworld_link **ret_link)
{
	const struct group_settings *g = &settings_groups(plan->settings)[group];
	const struct link_settings *wanted = settings_link_of(plan->settings, g);

	*ret_job = (struct ifjob){ plan, view, out, (uint32_t)g->link, wanted,
	                         ifworld_named(view->world, wanted->name) };
	if (ret_job->now == NULL)
		return false;
	*ret_link = g->rfc_compatibility ? find_virtual_link(ret_job, group) : ret_job->now;
	return *ret_link != NULL;
}

void
ifgroup_take(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
            struct ifsteps *out)
{
	const struct ifworld_link *link;
	size_t before = out->count;
	struct ifjob job;

	if (!group_job(plan, view, group, out, &job, &link))
		return;
	plan_held_addresses(&job, link, group, true);
	for (size_t i = before; i < out->count; i++)
		out->list[i].group = -1;	/* taken, not brought back */
	/* Even if the picture has it up: a drop may be on its way. */
	if (link != job.now)
		ifjob_simple(&job, IFSTEP_SET_UP, link);
}

void
ifgroup_renew(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
             struct ifsteps *out)
{
	const struct ifworld_link *link;
	struct ifjob job;

	if (group_job(plan, view, group, out, &job, &link))
		plan_held_addresses(&job, link, group, true);
}

void
ifgroup_drop(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
            struct ifsteps *out)
{
	const struct group_settings *g = &settings_groups(plan->settings)[group];
	const struct prefix *addresses = settings_group_addresses(plan->settings, g);
	const struct ifworld_link *link;
	struct ifjob job;

	if (!group_job(plan, view, group, out, &job, &link))
		return;
	if (link != job.now) {
		ifjob_simple(&job, IFSTEP_SET_DOWN, link);
		stage_addresses(&job, link, g, true);
		return;
	}
	for (uint32_t i = 0; i < g->address_count; i++) {
		const struct ifworld_address *there =
			ifworld_address(view->world, link->index, &addresses[i]);

		if (ifwishes_real(plan->wishes, job.link, &addresses[i]) ||
		    ifwishes_held(plan->wishes, view->held, job.link, &addresses[i]) ||
		    (there != NULL && there->mark != MARK_VIRTUAL))
			continue;
		ifjob_address(&job, IFSTEP_REMOVE_ADDRESS, link, &addresses[i]);
	}
}
