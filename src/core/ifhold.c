/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner's part for the addresses that groups hold.  Facts about Linux that shape it:
 *  - Replacing an address changes its lifetime and nothing else; no route comes or goes.
 *  - The host answers for an IPv4 address exactly while its local route is there.  Taking that
 *    away is the quickest way to make an address silent, and making it the quickest way to make it
 *    answer, before the address itself is there (but not where arp_ignore asks for the address).
 *  - Lowering a macvlan takes 10 to 20 ms each.  So a group that leaves is made silent at once,
 *    and its virtual link is lowered by the plan that follows, when nothing else is urgent.  Until
 *    then a link may be up whose addresses have no local routes.
 *  - Lowering a link ends its IPv6 addresses; and those need no route to answer.
 *
 * A real address is neither given nor taken away here, whoever lists it as a virtual one.
 */
#include "core/ifhold.h"

#include "core/election.h"

/* Where an address of a group lives. */
struct place {
	struct ifjob job;		/* of its home */
	const struct ifworld_link *link;	/* NULL while there is none */
	bool apart;			/* on the group's virtual link */
};

static const struct group_settings *
group_of(const struct ifplan *plan, uint32_t group)
{
	return &settings_groups(plan->settings)[group];
}

const struct ifworld_link *
ifhold_virtual_link(const struct ifjob *job, const struct group_settings *group)
{
	struct mac mac = group_virtual_mac(group->family, group->vrid);

	return job->now == NULL ? NULL : ifworld_station(job->view->world, job->now->index, &mac);
}

static struct place
place_of(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
         const struct address_settings *address, struct ifsteps *out)
{
	const struct group_settings *g = group_of(plan, group);
	struct place place = {
		.job = ifjob_of(plan, view, ifwish_home(g, address), out),
		.apart = ifwish_is_apart(g, address),
	};

	place.link = place.apart ? ifhold_virtual_link(&place.job, g) : place.job.now;
	return place;
}

static bool
covers(const struct prefix *network, const struct prefix *address)
{
	return network->length <= address->length && prefix_contains(network, &address->ip);
}

/* Is the network of a virtual address reached through the interface's own addresses already? */
static bool
is_connected(const struct ifjob *job, const struct prefix *prefix)
{
	const struct address_settings *addresses =
		settings_link_addresses(job->plan->settings, job->wanted);

	for (uint32_t i = 0; i < job->wanted->address_count; i++) {
		if (covers(&addresses[i].prefix, prefix))
			return true;
	}
	for (const struct ifworld_address *a = NULL;
	     (a = ifworld_next_own(job->view->world, job->now->index, a)) != NULL;) {
		if (covers(&a->prefix, prefix))
			return true;
	}
	return false;
}

struct ifstep
ifhold_address_step(const struct ifjob *job, const struct ifworld_link *link, uint32_t group,
                    const struct prefix *prefix, uint32_t lease)
{
	struct ifstep step = ifjob_step(job, IFSTEP_ADD_ADDRESS, link);
	bool apart = link->index != job->now->index;

	step.prefix = *prefix;
	step.mark = MARK_VIRTUAL;
	step.owner = (int32_t)group;
	step.lease = lease;
	/* A link-local address reaches only what is reached through its very link. */
	step.no_prefix_route = !(apart && ip_is_link_local(&prefix->ip)) &&
	                       is_connected(job, prefix);
	return step;
}

/* Is it for us to give and take this address there? */
static bool
is_ours(const struct place *place, const struct ip *ip)
{
	if (ifworld_owns(place->job.view->world, place->link->index, ip))
		return false;
	return place->apart || !ifwishes_owns(place->job.plan->wishes, place->job.link, ip);
}

/* ---- the plan ---- */

static void
route_step(const struct place *place, uint32_t group, enum ifstep_kind kind,
           const struct prefix *prefix, uint8_t mark, enum ifstep_urgency urgency)
{
	struct ifstep step = ifjob_step(&place->job, kind, place->link);

	step.prefix = *prefix;
	step.mark = mark;
	step.owner = (int32_t)group;
	step.urgency = (uint8_t)urgency;
	ifjob_add(&place->job, &step);
}

/* A route that stands in for an address has no lease: it must not stay. */
static void
end_stand_in(const struct place *place, uint32_t group, const struct prefix *prefix)
{
	struct ifroute route = ifroute_stand_in(place->link->index, &prefix->ip);

	if (prefix->ip.family == 4 && ifroutes_find(place->job.view->routes, &route) != NULL)
		route_step(place, group, IFSTEP_SILENCE_ADDRESS, prefix, MARK_VIRTUAL,
		          IFSTEP_LATER);
}

void
ifhold_plan(const struct ifjob *job, uint32_t group, bool apart)
{
	const struct group_settings *g = group_of(job->plan, group);
	const struct address_settings *addresses = settings_group_addresses(job->plan->settings, g);
	struct place place = { *job, apart ? ifhold_virtual_link(job, g) : job->now, apart };
	uint32_t lease = (uint32_t)(election_lease(g->version, g->interval) / NSEC_PER_SEC);

	for (uint32_t i = 0; i < group_held_count(g); i++) {
		const struct prefix *prefix = &addresses[i].prefix;
		const struct ifworld_address *there;
		struct ifstep step;

		if (ifwish_home(g, &addresses[i]) != job->link ||
		    ifwish_is_apart(g, &addresses[i]) != apart || !is_ours(&place, &prefix->ip))
			continue;
		/* The virtual link of a holder is up, or about to be by an earlier step. */
		if (prefix->ip.family == 6 && !place.link->up && !apart)
			continue;
		there = ifworld_address(job->view->world, place.link->index, prefix);
		if (there != NULL)
			end_stand_in(&place, group, prefix);
		if (there != NULL && there->leased)
			continue;
		step = ifhold_address_step(job, place.link, group, prefix, lease);
		if (there == NULL)
			step.group = (int32_t)group;
		ifjob_add(job, &step);
	}
}

/* ---- the engine's wishes ---- */

/* Do local routes stand in for it while its link is busy with addresses? */
static bool
is_crowded(const struct place *place, const struct prefix *prefix)
{
	return prefix->ip.family == 4 && !place->apart &&
	       ifwishes_crowd(place->job.plan->wishes, place->job.link) >= IFHOLD_CROWD;
}

static bool
needs_stand_in(const struct place *place, const struct prefix *prefix)
{
	return is_crowded(place, prefix) && place->link->arp.ignore == 0;
}

/* What makes one address answer. */
static void
take_address(const struct place *place, uint32_t group, const struct prefix *prefix,
             enum ifstep_urgency urgency)
{
	struct ifstep step;

	if (needs_stand_in(place, prefix)) {
		route_step(place, group, IFSTEP_ADD_LOCAL, prefix, MARK_VIRTUAL, urgency);
		return;
	}
	step = ifhold_address_step(&place->job, place->link, group, prefix,
	                           place->job.view->lease);
	step.urgency = (uint8_t)urgency;
	ifjob_add(&place->job, &step);
	/* A link that is up already does not bring the local route back by rising. */
	if (place->apart && prefix->ip.family == 4 && place->link->up)
		route_step(place, group, IFSTEP_ADD_LOCAL, prefix, 0, urgency);
}

/* What follows when nothing is urgent. */
static void
complete_address(const struct place *place, uint32_t group, const struct prefix *prefix)
{
	struct ifstep step;

	if (needs_stand_in(place, prefix)) {
		step = ifhold_address_step(&place->job, place->link, group, prefix,
		                           place->job.view->lease);
		ifjob_add(&place->job, &step);
		route_step(place, group, IFSTEP_SILENCE_ADDRESS, prefix, MARK_VIRTUAL,
		          IFSTEP_LATER);
	} else if (place->apart && prefix->ip.family == 4 && !place->link->up) {
		/* The picture may be older than a drop that left the link up for now. */
		route_step(place, group, IFSTEP_ADD_LOCAL, prefix, 0, IFSTEP_LATER);
	}
}

/* Do this for each of the group's addresses whose link is there for it. */
static void
take_each(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group, bool complete,
          struct ifsteps *out)
{
	const struct group_settings *g = group_of(plan, group);
	const struct address_settings *addresses = settings_group_addresses(plan->settings, g);
	enum ifstep_urgency urgency = IFSTEP_FIRST;

	for (uint32_t i = 0; i < group_held_count(g); i++) {
		const struct prefix *prefix = &addresses[i].prefix;
		struct place place = place_of(plan, view, group, &addresses[i], out);

		if (place.link == NULL || !is_ours(&place, &prefix->ip) ||
		    (prefix->ip.family == 6 && !place.apart && !place.link->up))
			continue;
		if (complete)
			complete_address(&place, group, prefix);
		else
			take_address(&place, group, prefix, urgency);
		urgency = IFSTEP_SOON;
	}
}

bool
ifhold_take(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
            struct ifsteps *out)
{
	const struct group_settings *g = group_of(plan, group);

	take_each(plan, view, group, false, out);
	return g->family == 4 && !g->rfc_compatibility &&
	       ifwishes_crowd(plan->wishes, (uint32_t)g->link) >= IFHOLD_CROWD;
}

void
ifhold_complete(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
                struct ifsteps *out)
{
	take_each(plan, view, group, true, out);
}

void
ifhold_renew(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
             struct ifsteps *out)
{
	const struct group_settings *g = group_of(plan, group);
	const struct address_settings *addresses = settings_group_addresses(plan->settings, g);

	/* What is missing, the plan brings back. */
	for (uint32_t i = 0; i < group_held_count(g); i++) {
		const struct prefix *prefix = &addresses[i].prefix;
		struct place place = place_of(plan, view, group, &addresses[i], out);
		const struct ifworld_address *there;
		struct ifstep step;

		there = place.link == NULL ? NULL :
		        ifworld_address(view->world, place.link->index, prefix);
		if (there == NULL || there->mark != MARK_VIRTUAL || !is_ours(&place, &prefix->ip))
			continue;
		step = ifhold_address_step(&place.job, place.link, group, prefix, view->lease);
		step.renewal = true;
		ifjob_add(&place.job, &step);
	}
}

void
ifhold_drop(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
            struct ifsteps *out)
{
	const struct group_settings *g = group_of(plan, group);
	const struct address_settings *addresses = settings_group_addresses(plan->settings, g);

	for (uint32_t i = 0; i < group_held_count(g); i++) {
		const struct prefix *prefix = &addresses[i].prefix;
		struct place place = place_of(plan, view, group, &addresses[i], out);
		bool crowded;

		if (place.link == NULL || !is_ours(&place, &prefix->ip) ||
		    (!place.apart &&
		     ifwishes_held(plan->wishes, view->held, place.job.link, prefix)))
			continue;
		crowded = is_crowded(&place, prefix);
		if (crowded)
			route_step(&place, group, IFSTEP_SILENCE_ADDRESS, prefix, MARK_VIRTUAL,
			          IFSTEP_SOON);
		if (crowded || (place.apart && prefix->ip.family == 4))
			route_step(&place, group, IFSTEP_SILENCE_ADDRESS, prefix, 0, IFSTEP_SOON);
		else
			route_step(&place, group, IFSTEP_REMOVE_ADDRESS, prefix, 0, IFSTEP_SOON);
	}
}
