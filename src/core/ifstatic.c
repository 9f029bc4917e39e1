/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner's part for static routes.  The settings have them in order, so each is found by
 * bisection.
 */
#include "core/ifstatic.h"

#include <stdio.h>
#include <string.h>

#include "core/ifjob.h"
#include "core/ifnets.h"

#define REMARKS_MAX 5u			/* of thousands that wait, a few say it */

uint32_t
ifstatic_units(const struct settings *settings)
{
	return (settings->static_count + IFSTATIC_A_UNIT - 1) / IFSTATIC_A_UNIT;
}

bool
ifstatic_find(const struct settings *s, const struct ifroute *route, uint32_t *ret_unit)
{
	const struct static_settings *statics = settings_statics(s);
	uint32_t low = 0, high = s->static_count;

	if (route->table != IFROUTE_MAIN || route->metric == 0 || route->metric > UINT8_MAX)
		return false;
	const struct static_settings key = { .destination = route->destination,
	                                     .distance = (uint8_t)route->metric };

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = static_settings_order(&statics[middle], &key);

		if (order == 0) {
			if (ret_unit != NULL)
				*ret_unit = middle / IFSTATIC_A_UNIT;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* The link over which a next hop is reached now, or NULL. */
static const struct ifworld_link *
link_of(const struct ifplan_view *view, const struct hop_settings *hop)
{
	const struct ifworld_link *link;

	if (hop->interface[0] == '\0')
		return ifnets_link_to(view->nets, &hop->gateway);
	link = ifworld_named(view->world, hop->interface);
	return link != NULL && ifworld_usable(view->world, link) ? link : NULL;
}

/* The route of the kernel that one of the settings is, without its next hops. */
static struct ifroute
bare_route(const struct static_settings *route)
{
	return (struct ifroute){
		.kind = route->kind == STATIC_HOPS ? IFROUTE_UNICAST : IFROUTE_REFUSAL,
		.answers = route->kind == STATIC_UNREACHABLE,
		.protocol = MARK_REAL,
		.destination = route->destination,
		.table = IFROUTE_MAIN,
		.metric = route->distance,
	};
}

/* The route as the kernel would have it; false while that cannot be. */
static bool
wish_of(const struct ifplan *plan, const struct ifplan_view *view,
        const struct static_settings *route, struct ifroute *ret)
{
	const struct hop_settings *hops = &settings_hops(plan->settings)[route->hop_first];

	*ret = bare_route(route);
	for (uint32_t i = 0; i < route->hop_count; i++) {
		const struct ifworld_link *link = link_of(view, &hops[i]);

		if (link != NULL)
			ret->hops[ret->hop_count++] = (struct ifhop){ link->index,
			                                              hops[i].gateway };
	}
	return route->kind != STATIC_HOPS || ret->hop_count > 0;
}

static void
add_step(const struct ifjob *job, enum ifstep_kind kind, const struct ifroute *route)
{
	struct ifstep step = ifjob_step(job, kind, NULL);

	memcpy(step.name, "static", sizeof("static"));
	step.route = *route;
	ifjob_add(job, &step);
}

void
ifstatic_plan(const struct ifplan *plan, const struct ifplan_view *view, uint32_t unit,
              struct ifsteps *out)
{
	const struct settings *s = plan->settings;
	const struct ifjob job = { .plan = plan, .view = view, .out = out,
	                           .link = s->link_count + unit };
	uint32_t first = unit * IFSTATIC_A_UNIT, end = first + IFSTATIC_A_UNIT;

	for (uint32_t i = first; i < end && i < s->static_count; i++) {
		struct ifroute wish;
		bool possible = wish_of(plan, view, &settings_statics(s)[i], &wish);
		const struct ifroute *there = ifroutes_find(view->routes, &wish);

		if (possible && there == NULL)
			add_step(&job, IFSTEP_NEW_ROUTE, &wish);
		else if (possible && !ifroute_fulfils(there, &wish))
			add_step(&job, IFSTEP_ADD_ROUTE, &wish);
		else if (!possible && there != NULL)
			add_step(&job, IFSTEP_REMOVE_ROUTE, there);
	}
}

/* ---- how they stand ---- */

struct ifstep
ifstatic_step(const struct static_settings *route)
{
	return (struct ifstep){ .kind = IFSTEP_NEW_ROUTE, .route = bare_route(route) };
}

enum ifstatic_state
ifstatic_state(const struct ifplan_view *view, const struct static_settings *route,
               const struct hop_settings *hop, const struct ifworld_link **ret_link)
{
	struct ifroute wish = bare_route(route);
	const struct ifroute *there = ifroutes_find(view->routes, &wish);
	const struct ifworld_link *link = hop != NULL ? link_of(view, hop) : NULL;

	*ret_link = link;
	if (hop == NULL)
		return there != NULL && ifroute_fulfils(there, &wish) ? IFSTATIC_INSTALLED :
		                                                        IFSTATIC_MISSING;
	if (link == NULL)
		return IFSTATIC_WAITING;
	return there != NULL && ifroute_leads(there, &(struct ifhop){ link->index, hop->gateway }) ?
	       IFSTATIC_INSTALLED : IFSTATIC_MISSING;
}

const char *
ifstatic_reason(const struct ifplan_view *view, const struct hop_settings *hop,
                char text[IFSTATIC_REASON_SIZE])
{
	if (hop->interface[0] == '\0')
		snprintf(text, IFSTATIC_REASON_SIZE, "waits for an interface that is up and has an "
		         "address in the network of the next hop");
	else
		snprintf(text, IFSTATIC_REASON_SIZE, "waits for %s, %s", hop->interface,
		         ifworld_named(view->world, hop->interface) == NULL ?
		         "which does not exist" : "which is down");
	return text;
}

/* ---- remarks ---- */

static void
write_remark(const struct ifplan_view *view, const struct static_settings *route,
             const struct hop_settings *hop, char *text, size_t size)
{
	const char *family = route->destination.ip.family == 4 ? "" : "6";
	char destination[PREFIX_TEXT_SIZE], gateway[IP_TEXT_SIZE], reason[IFSTATIC_REASON_SIZE];

	prefix_text(&route->destination, destination);
	ifstatic_reason(view, hop, reason);
	if (hop->gateway.family != 0)
		snprintf(text, size, "protocols static route%s %s next-hop %s: %s", family,
		         destination, ip_text(&hop->gateway, gateway), reason);
	else
		snprintf(text, size, "protocols static interface-route%s %s: %s", family,
		         destination, reason);
}

void
ifstatic_remarks(const struct ifplan *plan, const struct ifplan_view *view,
                 void (*say)(void *owner, const char *sentence), void *owner)
{
	const struct settings *s = plan->settings;
	uint32_t waiting = 0;
	char text[256];

	for (uint32_t i = 0; i < s->static_count; i++) {
		const struct static_settings *route = &settings_statics(s)[i];

		for (uint32_t h = 0; h < route->hop_count; h++) {
			const struct hop_settings *hop = &settings_hops(s)[route->hop_first + h];

			if (link_of(view, hop) != NULL || waiting++ >= REMARKS_MAX)
				continue;
			write_remark(view, route, hop, text, sizeof(text));
			say(owner, text);
		}
	}
	if (waiting > REMARKS_MAX) {
		snprintf(text, sizeof(text), "protocols static: %u more next hops wait for their "
		         "interfaces", waiting - REMARKS_MAX);
		say(owner, text);
	}
}
