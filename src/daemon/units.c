/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Units: the links of the settings, their static routes, and the rest.  News make those dirty that
 * they may concern: rather one too many than one too few, for a plan that finds nothing to do costs
 * little.
 */
#include "daemon/units.h"

#include <stdlib.h>
#include <string.h>

#include "core/ifgroup.h"
#include "core/ifstatic.h"
#include "daemon/requests.h"
#include "daemon/turns.h"

#define FAILED_DELAY NSEC_PER_SEC	/* until what could not be read is asked for again */

void
units_open(struct interfaces *i)
{
	const struct link_settings *links = settings_links(i->settings);
	int r;

	i->unit_count = i->settings->link_count + ifstatic_units(i->settings) + 1;
	i->units = calloc(i->unit_count, sizeof(*i->units));
	assert(i->units != NULL);
	r = marks_init(&i->dirty, i->unit_count);
	assert(r == 0);
	r = marks_init(&i->changed, i->unit_count);
	assert(r == 0);
	for (uint32_t l = 0; l < i->settings->link_count; l++) {
		if (links[l].parent >= 0)
			i->units[links[l].parent].has_dependants = true;
		if (links[l].member_of >= 0)
			i->units[links[l].member_of].has_dependants = true;
	}
}

void
units_close(struct interfaces *i)
{
	free(i->units);
	marks_done(&i->dirty);
	marks_done(&i->changed);
}

static uint32_t
number_of(const struct interfaces *i, uint32_t link)
{
	return link == IFSTEP_REST ? i->unit_count - 1 : link;
}

struct unit *
units_find(struct interfaces *i, uint32_t link)
{
	return &i->units[number_of(i, link)];
}

void
units_make_dirty(struct interfaces *i, uint32_t link)
{
	marks_put(&i->dirty, number_of(i, link));
	turns_ask(i);
}

static void
make_changed(struct interfaces *i, uint32_t link)
{
	units_make_dirty(i, link);
	marks_put(&i->changed, number_of(i, link));
}

/* The networks that links are in, or whether they are usable, may have changed. */
static void
make_statics_dirty(struct interfaces *i)
{
	ifnets_touch(i->nets);
	for (uint32_t u = i->settings->link_count; u + 1 < i->unit_count; u++)
		units_make_dirty(i, u);
}

void
units_make_all_dirty(struct interfaces *i)
{
	units_make_dirty(i, IFSTEP_REST);
	for (uint32_t l = 0; l < i->settings->link_count; l++)
		make_changed(i, l);
	make_statics_dirty(i);
}

/* What stands on a link, or belongs to it, is planned when it comes, goes, rises or falls. */
static void
make_dependants_dirty(struct interfaces *i, uint32_t link)
{
	const struct link_settings *links = settings_links(i->settings);
	uint32_t count = units_find(i, link)->has_dependants ? i->settings->link_count : 0;

	for (uint32_t l = 0; l < count; l++) {
		if (links[l].parent == (int32_t)link || links[l].member_of == (int32_t)link)
			units_make_dirty(i, l);
	}
	if (links[link].member_of >= 0)
		units_make_dirty(i, (uint32_t)links[link].member_of);
}

/* ---- what the news tell ---- */

static void
on_link(void *owner, const struct ifworld_link *link, bool deep)
{
	struct interfaces *i = owner;
	uint32_t number;

	if (i->settings == NULL)
		return;
	iftrack_touch(i->track);
	make_statics_dirty(i);
	number = ifplan_owner(i->plan, i->world, link);
	/* A virtual link outlives its parent's move to another network namespace. */
	if (ifgroup_is_ours(link) && ifworld_link(i->world, link->parent) == NULL)
		units_make_dirty(i, IFSTEP_REST);
	if (number == IFSTEP_REST)
		return;
	/* Renamed: what we put on it is a matter of no settings any more. */
	if (deep && ifworld_named(i->world, link->name) == NULL)
		units_make_dirty(i, IFSTEP_REST);
	make_changed(i, number);
	if (deep && strncmp(settings_links(i->settings)[number].name, link->name, NAME_SIZE) == 0)
		make_dependants_dirty(i, number);
}

/* A link became (un)usable without a word of the kernel about those that stand on it: its vifs, and
 * the switch that it is a port of. */
static void
make_those_above_changed(struct interfaces *i, uint32_t link)
{
	const struct link_settings *links = settings_links(i->settings);
	uint32_t count = units_find(i, link)->has_dependants ? i->settings->link_count : 0;

	for (uint32_t l = 0; l < count; l++) {
		if (links[l].parent != (int32_t)link)
			continue;
		make_changed(i, l);
		make_those_above_changed(i, l);
	}
	if (links[link].member_of >= 0) {
		make_changed(i, (uint32_t)links[link].member_of);
		make_those_above_changed(i, (uint32_t)links[link].member_of);
	}
}

/* A member of this bond began or ceased to carry traffic: the bond and its vifs are (un)usable. */
static void
on_bond(void *owner, int index)
{
	struct interfaces *i = owner;
	const struct ifworld_link *bond = ifworld_link(i->world, index);
	uint32_t number = i->settings != NULL && bond != NULL ?
	                  ifplan_owner(i->plan, i->world, bond) : IFSTEP_REST;

	if (i->settings == NULL)
		return;
	iftrack_touch(i->track);
	make_statics_dirty(i);
	if (number == IFSTEP_REST)
		return;
	make_changed(i, number);
	make_those_above_changed(i, number);
}

/* Sockets on a link that comes back under the same number must be opened anew. */
static void
on_gone(void *owner, const struct ifworld_link *link)
{
	struct interfaces *i = owner;
	uint32_t number = i->settings != NULL ? ifplan_owner(i->plan, i->world, link) :
	                                        IFSTEP_REST;

	if (number != IFSTEP_REST)
		units_find(i, number)->told = false;
}

static void
on_route(void *owner, const struct ifroute *route)
{
	struct interfaces *i = owner;
	uint32_t link;

	if (i->settings != NULL && ifplan_route_owner(i->plan, route, &link))
		units_make_dirty(i, link);
}

static void
on_rule(void *owner, const struct ifrule *rule)
{
	struct interfaces *i = owner;

	if (i->settings != NULL)
		units_make_dirty(i, ifplan_rule_owner(i->plan, rule));
}

static void
on_routes_gone(void *owner)
{
	struct interfaces *i = owner;

	for (uint32_t u = 0; i->settings != NULL && u + 1 < i->unit_count; u++)
		units_make_dirty(i, u);
}

/* What is said of links where that overrides their settings may be outdated. */
static void
on_conf(void *owner)
{
	struct interfaces *i = owner;

	i->replanned = true;
}

/* News that were lost may have hidden a link that went and came back. */
static void
on_all(void *owner, bool lost)
{
	struct interfaces *i = owner;

	if (i->settings == NULL || !lost)
		return;
	iftrack_touch(i->track);
	for (uint32_t l = 0; l + 1 < i->unit_count; l++)
		i->units[l].told = false;
	units_make_all_dirty(i);
}

/* At the start nobody waits for it: there the whole start fails. */
static void
on_failed(void *owner)
{
	struct interfaces *i = owner;

	if (i->look_source != NULL)
		turns_plan_look(i, FAILED_DELAY);
}

const struct news_calls units_news_calls = {
	.on_link = on_link,
	.on_gone = on_gone,
	.on_bond = on_bond,
	.on_route = on_route,
	.on_rule = on_rule,
	.on_routes_gone = on_routes_gone,
	.on_conf = on_conf,
	.on_all = on_all,
	.on_failed = on_failed,
	.ask = requests_ask,
};
