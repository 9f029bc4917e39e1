/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes plans and turns them into the settings of a router.  Order of links and groups in the
 * settings turns with the revision, so that whoever mistakes an index for a name is found out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sim/plan.h"

void
plan_init(struct plan *plan, unsigned routers, unsigned segments)
{
	assert(routers <= ROUTERS_MAX && segments <= SEGMENTS_MAX);
	memset(plan, 0, sizeof(*plan));
	plan->revision = 1;
	plan->routers = routers;
	plan->segments = segments;
}

static void
share_random(struct plan_share *share, struct chance *chance)
{
	if (chance_percent(chance, 10))
		share->preempt_delay = chance_between(chance, 1, 5) * NSEC_PER_SEC;
	if (chance_percent(chance, 10))
		share->start_delay = chance_between(chance, 1, 3) * NSEC_PER_SEC;
}

static void
groups_random(struct plan *plan, struct chance *chance)
{
	static const uint8_t vrids[] = { 1, 10, 255 };
	bool same_interval = chance_percent(chance, 70);
	nsec_t interval = chance_between(chance, 1, 3) * NSEC_PER_SEC;

	plan->group_count = 1 + chance_below(chance, 6);
	for (unsigned i = 0; i < plan->group_count; i++) {
		struct plan_group *g = &plan->groups[i];

		g->present = i == 0 || chance_percent(chance, 90);
		g->segment = (uint8_t)(i % plan->segments);
		g->vrid = vrids[i / plan->segments % 3];
		if (i / plan->segments >= 3)	/* more than three groups on one segment */
			g->vrid = (uint8_t)(100 + i);
		g->sync = -1;
		g->interval = same_interval ? interval :
			chance_between(chance, 1, 3) * NSEC_PER_SEC;
		g->auth = chance_percent(chance, 30) ? AUTH_TEXT : AUTH_NONE;
		g->password = (uint8_t)('a' + chance_below(chance, 3));
		g->address_first = (uint8_t)(100 + 20 * i);
		g->address_count = (uint8_t)(1 + chance_below(chance, 3));
		for (unsigned r = 0; r < plan->routers; r++)
			share_random(&g->at[r], chance);
	}
}

static void
syncs_random(struct plan *plan, struct chance *chance)
{
	unsigned shape = chance_below(chance, 4);	/* all in one twice, split, none */

	plan->sync_count = shape == 3 ? 0 : shape == 2 ? 2 : 1;
	for (unsigned i = 0; i < plan->sync_count; i++)
		snprintf(plan->sync_names[i], SYNC_NAME_SIZE, "SYNC%u", i + 1);
	for (unsigned i = 0; i < plan->group_count; i++) {
		if (plan->sync_count == 1)
			plan->groups[i].sync = 0;
		if (plan->sync_count == 2)
			plan->groups[i].sync = (int8_t)(chance_below(chance, 3) - 1);
	}
}

void
plan_random(struct plan *plan, struct chance *chance, unsigned routers, unsigned segments)
{
	bool ties = chance_percent(chance, 10);
	bool uneven = chance_percent(chance, 20);	/* priorities differ inside a router */
	unsigned preempt = chance_below(chance, 3);	/* nobody, everybody, some */

	plan_init(plan, routers, segments);
	groups_random(plan, chance);
	syncs_random(plan, chance);
	for (unsigned r = 0; r < routers; r++) {
		unsigned priority = ties ? 100 + chance_below(chance, 2) :
			1 + (r * 254 + chance_below(chance, 253)) / routers;
		bool preempts = preempt == 1 || (preempt == 2 && chance_percent(chance, 50));

		for (unsigned i = 0; i < plan->group_count; i++) {
			struct plan_share *share = &plan->groups[i].at[r];

			share->priority = (uint8_t)priority;
			if (uneven)
				share->priority = (uint8_t)(1 + chance_below(chance, 254));
			share->preempt = preempts;
		}
	}
}

void
plan_change(struct plan *plan, struct chance *chance)
{
	struct plan_group *g = &plan->groups[chance_below(chance, plan->group_count)];
	struct plan_share *share = &g->at[chance_below(chance, plan->routers)];

	plan->revision++;
	switch (chance_below(chance, 8)) {
	case 0:
	case 1:
		share->priority = (uint8_t)(1 + chance_below(chance, 254));
		break;
	case 2:
		share->preempt = !share->preempt;
		break;
	case 3:
		g->present = !g->present;
		break;
	case 4:
		if (plan->sync_count > 0)
			g->sync = (int8_t)(chance_below(chance, plan->sync_count + 1) - 1);
		break;
	case 5:
		g->address_count = (uint8_t)(1 + chance_below(chance, 3));
		break;
	case 6:
		g->interval = chance_between(chance, 1, 3) * NSEC_PER_SEC;
		break;
	case 7:
		g->password = (uint8_t)('a' + chance_below(chance, 3));
		break;
	}
}

int
plan_find(const struct plan *plan, unsigned segment, unsigned vrid)
{
	for (unsigned i = 0; i < plan->group_count; i++)
		if (plan->groups[i].segment == segment && plan->groups[i].vrid == vrid)
			return (int)i;
	return -1;
}

struct ip
plan_address(unsigned router, unsigned segment)
{
	return ip_from_v4((const uint8_t[]){ 10, 0, (uint8_t)segment, (uint8_t)(router + 1) });
}

unsigned
plan_segment(const char *link_name)
{
	return (unsigned)(link_name[3] - '0');
}

static void
fill_links(const struct plan *plan, unsigned router, struct settings *s)
{
	for (unsigned i = 0; i < plan->segments; i++) {
		struct link_settings *l = &settings_links(s)[i];
		unsigned segment = (i + plan->revision) % plan->segments;

		snprintf(l->name, sizeof(l->name), "lan%u", segment);
		l->kind = LINK_DATAPLANE;
		l->parent = -1;
		l->bond = -1;
		l->address_first = i;
		l->address_count = 1;
		settings_addresses(s)[i] = (struct address_settings){
			.prefix = { .ip = plan_address(router, segment), .length = 24 },
			.link = -1,
		};
	}
}

static void
fill_group(const struct plan_group *from, unsigned router, struct settings *s,
           struct group_settings *to, uint32_t address)
{
	const struct plan_share *share = &from->at[router];
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "lan%u", from->segment);
	group_settings_init(to);
	to->link = settings_find_link(s, name);
	to->sync = from->sync;
	to->vrid = from->vrid;
	to->priority = share->priority;
	to->auth = from->auth;
	to->preempt = share->preempt;
	to->accept = true;
	to->interval = from->interval;
	to->preempt_delay = share->preempt_delay;
	to->start_delay = share->start_delay;
	to->address_first = address;
	to->address_count = from->address_count;
	if (from->auth == AUTH_TEXT)
		memset(to->password, from->password, 5);
	for (unsigned i = 0; i < from->address_count; i++)
		settings_addresses(s)[address + i] = (struct address_settings){
			.prefix.ip = ip_from_v4((const uint8_t[]){
				10, 0, from->segment, (uint8_t)(from->address_first + i) }),
			.prefix.length = 24,
			.link = -1,
		};
}

struct settings *
plan_settings(const struct plan *plan, unsigned router)
{
	unsigned groups = 0;
	unsigned addresses = plan->segments;
	struct settings *s;
	struct error error;
	int sound;

	for (unsigned i = 0; i < plan->group_count; i++) {
		if (!plan->groups[i].present)
			continue;
		groups++;
		addresses += plan->groups[i].address_count;
	}

	s = settings_new(&(struct settings_counts){
		.links = plan->segments,
		.groups = groups,
		.syncs = plan->sync_count,
		.addresses = addresses,
	});
	assert(s != NULL);
	s->revision = plan->revision;
	fill_links(plan, router, s);
	for (unsigned i = 0; i < plan->sync_count; i++)
		memcpy(settings_syncs(s)[i].name, plan->sync_names[i], SYNC_NAME_SIZE);

	groups = 0;
	addresses = plan->segments;
	for (unsigned i = 0; i < plan->group_count; i++) {
		unsigned turned = (i + plan->revision) % plan->group_count;
		const struct plan_group *from = &plan->groups[turned];

		if (!from->present)
			continue;
		fill_group(from, router, s, &settings_groups(s)[groups++], addresses);
		addresses += from->address_count;
	}

	sound = settings_check(s, s->size, &error);
	assert(sound == 0);
	return s;
}

nsec_t
plan_down_interval(const struct plan *plan)
{
	nsec_t longest = 0;

	for (unsigned i = 0; i < plan->group_count; i++)	/* three intervals and a skew < 1 */
		longest = nsec_max(longest, 4 * plan->groups[i].interval);
	return longest;
}

nsec_t
plan_shortest_interval(const struct plan *plan)
{
	nsec_t shortest = NSEC_NEVER;

	for (unsigned i = 0; i < plan->group_count; i++)
		shortest = nsec_min(shortest, plan->groups[i].interval);
	return shortest;
}

nsec_t
plan_preempt_delay(const struct plan *plan)
{
	nsec_t longest = 0;

	for (unsigned i = 0; i < plan->group_count; i++)
		for (unsigned r = 0; r < plan->routers; r++)
			longest = nsec_max(longest, plan->groups[i].at[r].preempt_delay);
	return longest;
}

nsec_t
plan_start_delay(const struct plan *plan)
{
	nsec_t longest = 0;

	for (unsigned i = 0; i < plan->group_count; i++)
		for (unsigned r = 0; r < plan->routers; r++)
			longest = nsec_max(longest, plan->groups[i].at[r].start_delay);
	return longest;
}
