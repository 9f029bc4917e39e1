/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of docs/simulator.md about what an operator sees: new settings move nothing that they
 * do not concern (R6), a crash moves nothing (R7), and when all faults have ended there is one
 * master, and it is the right one (R4).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world.h"

/* ---- R6 ------------------------------------------------------------------------------------- */

static bool
same_peers(const struct settings *a, const struct group_settings *x, const struct settings *b,
           const struct group_settings *y)
{
	if (x->peer_count != y->peer_count)
		return false;
	for (uint32_t i = 0; i < x->peer_count; i++)
		if (!ip_equal(&settings_peers(a)[x->peer_first + i].address,
			      &settings_peers(b)[y->peer_first + i].address))
			return false;
	return true;
}

static bool
same_addresses(const struct settings *a, const struct group_settings *x, const struct settings *b,
               const struct group_settings *y)
{
	if (x->address_count != y->address_count || x->excluded_count != y->excluded_count)
		return false;
	for (uint32_t i = 0; i < group_held_count(x); i++)
		if (!prefix_equal(&settings_group_addresses(a, x)[i].prefix,
				  &settings_group_addresses(b, y)[i].prefix))
			return false;
	return true;
}

static bool
same_garp(const struct garp_settings *a, const struct garp_settings *b)
{
	return a->interval == b->interval && a->delay == b->delay && a->repeat == b->repeat &&
		a->refresh == b->refresh;
}

static bool
same_tracks(const struct settings *a, const struct group_settings *x, const struct settings *b,
            const struct group_settings *y)
{
	if (x->track_count != y->track_count)
		return false;
	for (uint32_t i = 0; i < x->track_count; i++) {
		const struct track_settings *p = &settings_tracks(a)[x->track_first + i];
		const struct track_settings *q = &settings_tracks(b)[y->track_first + i];

		if (p->weight != q->weight || p->up_delay != q->up_delay ||
		    p->down_delay != q->down_delay ||
		    strcmp(settings_objects(a)[p->object].name,
			   settings_objects(b)[q->object].name) != 0)
			return false;
	}
	return true;
}

static bool
same_group(const struct settings *a, const struct group_settings *x, const struct settings *b,
           const struct group_settings *y)
{
	struct group_settings left, right;
	const char *sync_a = x->sync < 0 ? "" : settings_syncs(a)[x->sync].name;
	const char *sync_b = y->sync < 0 ? "" : settings_syncs(b)[y->sync].name;

	memcpy(&left, x, sizeof(left));	/* what is between the members, too */
	memcpy(&right, y, sizeof(right));
	left.link = right.link = 0;	/* compared by name, or by the caller */
	left.sync = right.sync = 0;
	left.address_first = right.address_first = 0;
	left.peer_first = right.peer_first = 0;
	left.track_first = right.track_first = 0;
	memset(&left.garp, 0, sizeof(left.garp));
	memset(&right.garp, 0, sizeof(right.garp));
	return memcmp(&left, &right, sizeof(left)) == 0 && strcmp(sync_a, sync_b) == 0 &&
		same_addresses(a, x, b, y) && same_peers(a, x, b, y) &&
		same_tracks(a, x, b, y) && same_garp(&x->garp, &y->garp);
}

static bool
tracks_steadily(const struct world *world, const struct router *router,
                const struct group_settings *g)
{
	if (g->track_count == 0)
		return true;
	if (world->now - router->object_changed <= plan_track_delay(&world->plan) + LATENCY_MAX)
		return false;
	for (uint32_t i = 0; i < g->track_count; i++) {
		const struct track_settings *t =
			&settings_tracks(router->settings)[g->track_first + i];
		unsigned object = router_object(router, t->object);

		if (!router->object_up[object] || !router->object_told[object])
			return false;
	}
	return true;
}

/* Is every interface of its party in use, and all that it tracks up since long? */
static bool
party_has_all(const struct world *world, const struct router *router, uint32_t index)
{
	const struct settings *s = router->settings;

	for (uint32_t i = 0; i < s->group_count; i++) {
		const struct group_settings *g = &settings_groups(s)[i];
		unsigned segment = plan_segment(settings_link_of(s, g)->name);

		if (check_same_party(s, i, index) &&
		    (!router->kernel.port_up[segment] || !router->port_told[segment] ||
		     !tracks_steadily(world, router, g)))
			return false;
	}
	return true;
}

/* Is its party beyond listening for the first master of its life? */
static bool
party_has_begun(const struct router *router, uint32_t index)
{
	for (uint32_t i = 0; i < router->settings->group_count; i++) {
		const struct vrouter_counters *c = &engine_status(router->engine, i)->counters;

		if (check_same_party(router->settings, i, index) &&
		    (c->adverts_received > 0 || c->became_master > 0))
			return true;
	}
	return false;
}

void
check_before_adopting(const struct world *world, const struct router *router,
                      struct check_adopting *adopting)
{
	adopting->old = router->settings;
	memcpy(adopting->old_owns, router->owns, sizeof(adopting->old_owns));
	for (unsigned i = 0; i < PLAN_GROUPS_MAX; i++) {
		adopting->old_index[i] = router->index_of[i];
		adopting->transitions[i] = router->watch[i].transitions;
		adopting->steady[i] = router->index_of[i] >= 0 &&
			(router->watch[i].state == VROUTER_BACKUP ||
			 router->watch[i].state == VROUTER_MASTER) &&
			party_has_begun(router, (uint32_t)router->index_of[i]) &&
			party_has_all(world, router, (uint32_t)router->index_of[i]);
	}
}

/* Who becomes an owner, or joins one, may become master at once. */
static bool
party_owns_as_before(const struct router *router, uint32_t index,
                     const struct check_adopting *adopting)
{
	const struct settings *s = router->settings;

	for (uint32_t i = 0; i < s->group_count; i++) {
		unsigned group = router->group_of[i];

		if (check_same_party(s, i, index) &&
		    (router->owns[group] || adopting->old_owns[group]))
			return false;
	}
	return true;
}

void
check_after_adopting(struct world *world, struct router *router, struct check_adopting *adopting)
{
	char text[32];

	for (unsigned i = 0; i < PLAN_GROUPS_MAX; i++) {
		const struct group_settings *now = router_group(router, i);
		const struct group_settings *before;

		if (now == NULL || !adopting->steady[i] ||
		    !party_has_all(world, router, (uint32_t)router->index_of[i]) ||
		    !party_owns_as_before(router, (uint32_t)router->index_of[i], adopting))
			continue;
		before = &settings_groups(adopting->old)[adopting->old_index[i]];
		if (!same_group(adopting->old, before, router->settings, now))
			continue;
		world->check.checked++;
		if (adopting->transitions[i] != router->watch[i].transitions)
			check_broken(world, "R6", "%s changed state, though the new configuration "
				     "leaves it as it was",
				     check_label(world, router, i, text));
	}
	free(adopting->old);
}

/* ---- R7 ------------------------------------------------------------------------------------- */

/* A party that was master and was not silent for too long goes on; one that was, does not. */
void
check_resumed(struct world *world, struct router *router)
{
	const struct settings *s = router->settings;
	nsec_t now = router_clock(world, router);
	char text[32];

	for (uint32_t i = 0; i < s->group_count; i++) {
		const struct vrouter_status *st = engine_status(router->engine, i);
		bool must = true;
		bool may = true;

		for (uint32_t k = 0; k < s->group_count; k++) {
			nsec_t silent = now - router->records[k].last_advert_sent;
			nsec_t interval = settings_groups(s)[k].interval;

			if (!check_same_party(s, i, k))
				continue;
			may &= router->records[k].state == VROUTER_MASTER && silent <= 4 * interval;
			for (uint32_t m = 0; m < s->group_count; m++)
				if (check_same_party(s, i, m))
					must &= silent < 3 * settings_groups(s)[m].interval;
		}
		must &= may;
		world->check.checked++;
		if ((must && st->state != VROUTER_MASTER) || (!may && st->state == VROUTER_MASTER))
			check_broken(world, "R7", "%s goes on after a crash as %s",
				     check_label(world, router, router->group_of[i], text),
				     vrouter_state_name(st->state));
	}
}

/* ---- R4 ------------------------------------------------------------------------------------- */

nsec_t
check_settling_bound(const struct world *world)
{
	const struct plan *plan = &world->plan;

	return 3 * plan_down_interval(plan) + plan_preempt_delay(plan) + plan_start_delay(plan) +
		plan_track_delay(plan) + world->delay_max + KERNEL_RETRY + 100 * NSEC_PER_MSEC;
}

/* With what a group weighs in when it is alone; all that it tracks is up. */
static unsigned
own_priority(const struct router *router, uint32_t index)
{
	const struct group_settings *g = &settings_groups(router->settings)[index];
	int sum = g->priority;

	if (router->owns[router->group_of[index]])
		return PRIORITY_OWNER;
	for (uint32_t i = 0; i < g->track_count; i++) {
		const struct track_settings *t =
			&settings_tracks(router->settings)[g->track_first + i];

		sum += router->object_up[router_object(router, t->object)] == (t->weight > 0) ?
		       t->weight : 0;
	}
	return sum < 1 ? 1 : sum > 254 ? 254 : (unsigned)sum;
}

/* The priority a router's party has in an election, and whether it claims what a weaker one has. */
static unsigned
party_priority(const struct router *router, uint32_t index, bool *ret_preempts)
{
	const struct settings *s = router->settings;
	unsigned least = 255;

	*ret_preempts = true;
	for (uint32_t i = 0; i < s->group_count; i++) {
		unsigned own = own_priority(router, i);

		if (!check_same_party(s, i, index))
			continue;
		least = own < least ? own : least;
		*ret_preempts &= settings_groups(s)[i].preempt;
	}
	*ret_preempts |= least == PRIORITY_OWNER;
	return least;
}

static int
only_master(struct world *world, unsigned group)
{
	const struct plan_group *g = &world->plan.groups[group];
	int master = -1;

	for (unsigned i = 0; i < world->plan.routers; i++) {
		struct router *router = &world->routers[i];
		char text[32];

		if (!router_is_master(router, group))
			continue;
		if (master >= 0)
			check_broken(world, "R4", "%s and router %d are both master",
				     check_label(world, router, group, text), master + 1);
		master = (int)i;
	}
	if (master < 0)
		check_broken(world, "R4", "lan%u/%u%s has no master", g->segment, g->vrid,
			     g->family == 6 ? "/6" : "");
	return master;
}

/* R4 says nothing of groups whose routers do not speak the same language by configuration. */
static bool
is_spoken_by_all(const struct world *world, unsigned group)
{
	const struct plan_group *g = &world->plan.groups[group];

	for (unsigned i = 1; i < world->plan.routers; i++) {
		const struct plan_share *a = &g->at[0], *b = &g->at[i];
		bool two = a->version == 2 || b->version == 2;

		if (a->version != b->version && !a->both_versions && !b->both_versions)
			return false;
		if (two && g->auth != AUTH_NONE && (a->version == 3 || b->version == 3))
			return false;
		if (a->version == 2 && b->version == 2 && a->interval != b->interval)
			return false;
		if (a->version != b->version &&
		    (a->interval + NSEC_PER_SEC - 1) / NSEC_PER_SEC !=
		    (b->interval + NSEC_PER_SEC - 1) / NSEC_PER_SEC)
			return false;
	}
	return true;
}

void
check_settled(struct world *world)
{
	for (unsigned g = 0; g < world->plan.group_count && !world->check.broken; g++) {
		struct router *master;
		unsigned priority;
		bool preempts;
		int number;

		if (!world->plan.groups[g].present || !is_spoken_by_all(world, g))
			continue;
		world->check.checked++;
		number = only_master(world, g);
		if (number < 0)
			return;
		master = &world->routers[number];
		priority = party_priority(master, (uint32_t)master->index_of[g], &preempts);
		for (unsigned i = 0; i < world->plan.routers; i++) {
			struct router *other = &world->routers[i];
			char text[32];

			if (other->index_of[g] < 0)
				continue;

			unsigned claim = party_priority(other, (uint32_t)other->index_of[g],
							&preempts);

			if (preempts && claim > priority)
				check_broken(world, "R4", "%s is not master, though it preempts "
					     "and has priority %u, and router %d has %u",
					     check_label(world, other, g, text), claim, number + 1,
					     priority);
		}
	}
}

void
check_mastered(struct world *world, unsigned group)
{
	char text[32];

	if (!world->plan.groups[group].present || !is_spoken_by_all(world, group))
		return;
	world->check.checked++;
	for (unsigned i = 0; i < world->plan.routers; i++)
		if (router_is_master(&world->routers[i], group))
			return;
	check_broken(world, "R13", "nobody took over from %s, or another, when it resigned",
		     check_label(world, &world->routers[0], group, text));
}
