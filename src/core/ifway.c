/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner's part for virtual routes and rules.  Addresses come first, for a route may need one
 * as its source or to reach its gateway; then routes, then the rules that lead to their tables.
 * When the group leaves, all go in the reverse order.
 *
 * The kernel drops routes by itself when a link goes down or a source address goes; the picture
 * notices, and the plan brings them back as soon as their link is up.
 */
#include "core/ifway.h"

#include <string.h>

#include "core/ifstatic.h"

static const struct group_settings *
group_of(const struct ifplan *plan, uint32_t group)
{
	return &settings_groups(plan->settings)[group];
}

/* The route as the kernel would have it; false while that cannot be. */
static bool
wish_of(const struct ifplan *plan, const struct ifplan_view *view,
        const struct route_settings *settings, struct ifroute *ret)
{
	const struct ifworld_link *link;

	*ret = ifwish_route(settings);
	if (settings->link < 0)
		return true;
	link = ifworld_named(view->world, settings_links(plan->settings)[settings->link].name);
	if (link == NULL || !link->up)
		return false;
	ret->hop_count = 1;
	ret->hops[0].link = link->index;
	return true;
}

static void
add_step(const struct ifjob *job, uint32_t group, enum ifstep_kind kind,
         const struct ifroute *route, const struct ifrule *rule, enum ifstep_urgency urgency)
{
	struct ifstep step = ifjob_step(job, kind, job->now);

	memcpy(step.name, job->wanted == NULL ? "routing" : job->wanted->name,
	       job->wanted == NULL ? sizeof("routing") : sizeof(step.name));
	if (route != NULL)
		step.route = *route;
	if (rule != NULL)
		step.rule = *rule;
	step.owner = group == UINT32_MAX ? -1 : (int32_t)group;
	step.urgency = (uint8_t)urgency;
	ifjob_add(job, &step);
}

/* ---- the plan ---- */

static void
plan_route(const struct ifjob *job, uint32_t group, const struct route_settings *settings)
{
	const struct ifplan_view *view = job->view;
	const struct ifroute *there;
	struct ifroute wish;
	bool possible = wish_of(job->plan, view, settings, &wish);

	there = ifroutes_find(view->routes, &wish);
	if (!view->held[group]) {
		if (there != NULL && !ifwishes_route(job->plan->wishes, view->held, &wish, NULL))
			add_step(job, group, IFSTEP_REMOVE_ROUTE, there, NULL, IFSTEP_LATER);
		return;
	}
	if (possible && (there == NULL || !ifroute_fulfils(there, &wish)))
		add_step(job, group, IFSTEP_ADD_ROUTE, &wish, NULL, IFSTEP_LATER);
}

static void
plan_rule(const struct ifjob *job, uint32_t group, const struct rule_settings *settings)
{
	const struct ifplan_view *view = job->view;
	struct ifrule wish = ifwish_rule(settings);
	bool there = ifroutes_has_rule(view->routes, &wish);

	if (view->held[group] && !there)
		add_step(job, group, IFSTEP_ADD_RULE, NULL, &wish, IFSTEP_LATER);
	if (!view->held[group] && there &&
	    !ifwishes_rule(job->plan->wishes, view->held, &wish, NULL))
		add_step(job, group, IFSTEP_REMOVE_RULE, NULL, &wish, IFSTEP_LATER);
}

void
ifway_plan(const struct ifjob *job, uint32_t group)
{
	const struct group_settings *g = group_of(job->plan, group);
	const struct route_settings *routes =
		&settings_routes(job->plan->settings)[g->route_first];
	const struct rule_settings *rules = &settings_rules(job->plan->settings)[g->rule_first];

	for (uint32_t i = 0; i < g->route_count; i++) {
		if (ifwish_route_home(g, &routes[i]) == job->link)
			plan_route(job, group, &routes[i]);
	}
	for (uint32_t i = 0; (uint32_t)g->link == job->link && i < g->rule_count; i++)
		plan_rule(job, group, &rules[i]);
}

/* Does somebody want this route?  Static ones stay when the service stops, as addresses do. */
static bool
is_wanted(const struct ifjob *job, const struct ifroute *route)
{
	if (route->protocol == MARK_REAL)
		return job->plan == NULL || ifstatic_find(job->plan->settings, route, NULL);
	return job->plan != NULL && ifwishes_route(job->plan->wishes, NULL, route, NULL);
}

/* Is a route that stands in for an address still of use? */
static bool
may_stay(const struct ifjob *job, const struct ifroute *route)
{
	const struct ifworld_link *link = ifworld_link(job->view->world, route->hops[0].link);
	uint32_t owner;

	if (job->plan == NULL || link == NULL)
		return false;
	owner = ifwishes_named(job->plan->wishes, link->name);
	return owner != IFSTEP_REST &&
	       ifwishes_held_ip(job->plan->wishes, job->view->held, owner,
	                        &route->destination.ip);
}

void
ifway_sweep(const struct ifjob *job)
{
	for (const struct ifrule *r = NULL;
	     (r = ifroutes_next_rule(job->view->routes, r)) != NULL;) {
		if (job->plan == NULL || !ifwishes_rule(job->plan->wishes, NULL, r, NULL))
			add_step(job, UINT32_MAX, IFSTEP_REMOVE_RULE, NULL, r, IFSTEP_LATER);
	}
	for (const struct ifroute *r = NULL;
	     (r = ifroutes_next(job->view->routes, r)) != NULL;) {
		if (r->kind == IFROUTE_STAND_IN) {
			struct ifstep step = ifjob_step(job, IFSTEP_SILENCE_ADDRESS, NULL);

			if (may_stay(job, r))
				continue;
			step.index = r->hops[0].link;
			step.prefix = r->destination;
			step.mark = MARK_VIRTUAL;
			ifjob_add(job, &step);
		} else if (!is_wanted(job, r)) {
			add_step(job, UINT32_MAX, IFSTEP_REMOVE_ROUTE, r, NULL, IFSTEP_LATER);
		}
	}
}

/* ---- the engine's wishes ---- */

void
ifway_take(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
           enum ifstep_urgency urgency, struct ifsteps *out)
{
	const struct group_settings *g = group_of(plan, group);
	const struct route_settings *routes = &settings_routes(plan->settings)[g->route_first];
	const struct rule_settings *rules = &settings_rules(plan->settings)[g->rule_first];

	for (uint32_t i = 0; i < g->route_count; i++) {
		struct ifjob job = ifjob_of(plan, view, ifwish_route_home(g, &routes[i]), out);
		struct ifroute wish;

		if (wish_of(plan, view, &routes[i], &wish))
			add_step(&job, group, IFSTEP_ADD_ROUTE, &wish, NULL, urgency);
	}
	for (uint32_t i = 0; i < g->rule_count; i++) {
		struct ifjob job = ifjob_of(plan, view, (uint32_t)g->link, out);
		struct ifrule wish = ifwish_rule(&rules[i]);

		if (!ifroutes_has_rule(view->routes, &wish))
			add_step(&job, group, IFSTEP_ADD_RULE, NULL, &wish, urgency);
	}
}

void
ifway_drop(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
           struct ifsteps *out)
{
	const struct group_settings *g = group_of(plan, group);
	const struct route_settings *routes = &settings_routes(plan->settings)[g->route_first];
	const struct rule_settings *rules = &settings_rules(plan->settings)[g->rule_first];

	for (uint32_t i = g->rule_count; i-- > 0;) {
		struct ifjob job = ifjob_of(plan, view, (uint32_t)g->link, out);
		struct ifrule wish = ifwish_rule(&rules[i]);

		if (!ifwishes_rule(plan->wishes, view->held, &wish, NULL))
			add_step(&job, group, IFSTEP_REMOVE_RULE, NULL, &wish, IFSTEP_SOON);
	}
	for (uint32_t i = g->route_count; i-- > 0;) {
		struct ifjob job = ifjob_of(plan, view, ifwish_route_home(g, &routes[i]), out);
		struct ifroute wish = ifwish_route(&routes[i]);

		if (!ifwishes_route(plan->wishes, view->held, &wish, NULL))
			add_step(&job, group, IFSTEP_REMOVE_ROUTE, &wish, NULL, IFSTEP_SOON);
	}
}
