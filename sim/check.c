/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of docs/simulator.md.  They look at what a person beside the routers could see: the
 * kernels' addresses, the packets, the transitions told, the records shown; never into the engine.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world.h"

/* A process is woken late, reads its packets in turns, and a turn takes a little. */
#define SLACK (2 * NSEC_PER_MSEC)
/* The kernel counts lifetimes in whole seconds, and a little is allowed on top. */
#define LEASE_SLACK (1500 * NSEC_PER_MSEC)

void
check_broken(struct world *world, const char *rule, const char *format, ...)
{
	va_list args;

	if (world->check.broken)
		return;
	world->check.broken = true;
	history_print(&world->history, stdout);
	printf("seed %llu, at %.6f s, rule %s is broken: ", (unsigned long long)world->seed,
	       (double)(world->now - WORLD_START) / (double)NSEC_PER_SEC, rule);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

static const char *
label(const struct world *world, const struct router *router, unsigned group, char text[32])
{
	snprintf(text, 32, "router %u lan%u/%u", router->number + 1,
		 world->plan.groups[group].segment, world->plan.groups[group].vrid);
	return text;
}

/* Do both belong to the same sync group (or are the same)? */
static bool
same_party(const struct settings *s, uint32_t a, uint32_t b)
{
	int32_t sync = settings_groups(s)[a].sync;

	return a == b || (sync >= 0 && sync == settings_groups(s)[b].sync);
}

/* R1: addresses are held exactly while master or lingering, and the right ones. */
static void
check_addresses(struct world *world, struct router *router, uint32_t index)
{
	unsigned group = router->group_of[index];
	const struct vrouter_status *st = engine_status(router->engine, index);
	bool should = st->state == VROUTER_MASTER || st->lingering;
	bool does = router_holds(router, group, world->now);
	char text[32];

	world->check.checked++;
	if (should != engine_holds_addresses(router->engine, index))
		check_broken(world, "R1", "%s is %s%s, but the engine says it %s its addresses",
			     label(world, router, group, text), vrouter_state_name(st->state),
			     st->lingering ? " and lingers" : "", should ? "lacks" : "holds");
	if (should != does)
		check_broken(world, "R1", "%s is %s%s, but the kernel %s its addresses",
			     label(world, router, group, text), vrouter_state_name(st->state),
			     st->lingering ? " and lingers" : "", does ? "holds" : "lacks");
	if (does && router->held[group].list != router_address_list(router, group))
		check_broken(world, "R1", "%s holds other addresses than configured",
			     label(world, router, group, text));
}

/* R2: all members of a sync group are in the same state. */
static void
check_party(struct world *world, struct router *router, uint32_t index)
{
	const struct settings *s = router->settings;
	const struct vrouter_status *st = engine_status(router->engine, index);
	char text[32];

	world->check.checked++;
	for (uint32_t i = 0; i < index; i++) {
		const struct vrouter_status *other = engine_status(router->engine, i);

		if (same_party(s, i, index) && other->state != st->state)
			check_broken(world, "R2", "%s is %s, another of its sync group is %s",
				     label(world, router, router->group_of[index], text),
				     vrouter_state_name(st->state),
				     vrouter_state_name(other->state));
	}
}

/* Since when do the two hear each other undisturbed on this segment?  NSEC_NEVER: they do not. */
static nsec_t
clean_since(const struct world *world, const struct router *a, const struct router *b,
            unsigned segment)
{
	const struct segment *s = &world->segments[segment];
	unsigned i = a->number;
	unsigned k = b->number;
	nsec_t since = nsec_max(a->disturbed_at, b->disturbed_at);

	if (a->run != ROUTER_RUNNING || b->run != ROUTER_RUNNING || s->loss > 0 ||
	    s->cut[i][k] || s->cut[k][i])
		return NSEC_NEVER;
	since = nsec_max(since, s->loss_ended);
	return nsec_max(since, nsec_max(s->cut_ended[i][k], s->cut_ended[k][i]));
}

/* Would each accept the other's packets? */
static bool
understand(const struct group_settings *a, const struct group_settings *b)
{
	return a->interval == b->interval && a->auth == b->auth &&
		memcmp(a->password, b->password, sizeof(a->password)) == 0;
}

/* R3: two masters that hear each other end within one interval and the longest delay. */
static void
check_one_master(struct world *world, struct router *router, unsigned group)
{
	const struct group_settings *g = router_group(router, group);
	char text[32];

	for (unsigned i = 0; i < world->plan.routers; i++) {
		struct router *other = &world->routers[i];
		nsec_t since;

		if (other == router || !router_is_master(other, group) ||
		    !understand(g, router_group(other, group)))
			continue;
		world->check.checked++;
		since = clean_since(world, router, other, world->plan.groups[group].segment);
		since = nsec_max(since, router->watch[group].since);
		since = nsec_max(since, other->watch[group].since);
		if (since != NSEC_NEVER && world->now - since > g->interval + DELAY_MAX + SLACK)
			check_broken(world, "R3", "%s and router %u are both master for %.3f s "
				     "though they hear each other",
				     label(world, router, group, text), i + 1,
				     (double)(world->now - since) / (double)NSEC_PER_SEC);
	}
}

/* When the master's next advertisement must have left at the latest. */
static nsec_t
latest(const struct router *router, unsigned group)
{
	const struct watch *w = &router->watch[group];
	nsec_t interval = nsec_max(w->interval, router_group(router, group)->interval);

	return nsec_max(nsec_max(w->last_sent, w->since) + interval, router->ran_since) + SLACK;
}

/* R5: a master that runs is never silent for longer than its interval. */
static void
check_silence(struct world *world, struct router *router, unsigned group)
{
	char text[32];

	world->check.checked++;
	if (world->now > latest(router, group))
		check_broken(world, "R5", "%s, master, has sent nothing for %.6f s",
			     label(world, router, group, text),
			     (double)(world->now - router->watch[group].last_sent) /
			     (double)NSEC_PER_SEC);
}

void
check_sent(struct world *world, struct router *router, unsigned group)
{
	struct watch *w = &router->watch[group];
	nsec_t interval = router_group(router, group)->interval;
	nsec_t beside = w->anchor > 0 ? (world->now - w->anchor) % interval : 0;
	char text[32];

	if (w->state == VROUTER_MASTER)
		check_silence(world, router, group);
	/* The first advertisement is sent by the transition, the second begins the phase. */
	if (w->anchor < router->disturbed_at)
		w->anchor = 0;
	if (router->heard_genuine)
		;	/* may be an answer to a weaker master, beside the phase */
	else if (w->anchor == 0)
		w->anchor = w->last_sent > nsec_max(w->since, router->disturbed_at) ?
			    world->now : 0;
	else if (beside > SLACK && beside < interval - SLACK)
		check_broken(world, "R5", "%s sends %.6f s beside its phase",
			     label(world, router, group, text),
			     (double)beside / (double)NSEC_PER_SEC);
	w->last_sent = world->now;
	w->interval = interval;
}

void
check_turn(struct world *world, struct router *router)
{
	char text[32];

	for (uint32_t i = 0; i < router->settings->group_count; i++) {
		unsigned group = router->group_of[i];
		const struct vrouter_status *st = engine_status(router->engine, i);

		if (st->state != router->watch[group].state)
			check_broken(world, "R8",
				     "%s is %s, but the last transition told led to %s",
				     label(world, router, group, text),
				     vrouter_state_name(st->state),
				     vrouter_state_name(router->watch[group].state));
		check_addresses(world, router, i);
		check_party(world, router, i);
		if (st->state == VROUTER_MASTER) {
			check_one_master(world, router, group);
			check_silence(world, router, group);
		}
	}
	for (unsigned i = 0; i < world->plan.group_count; i++)
		if (router->index_of[i] < 0 && router_holds(router, i, world->now))
			check_broken(world, "R1", "%s is not configured, but the kernel holds its "
				     "addresses", label(world, router, i, text));
}

/* R9: whoever stood still for longer than any down interval listens before it claims silence. */
static void
check_listening(struct world *world, struct router *router, unsigned group,
                const struct effect *effect)
{
	const struct settings *s = router->settings;
	nsec_t listened = world->now - router->ran_since;
	nsec_t shortest = NSEC_NEVER;
	nsec_t longest = 0;
	char text[32];

	if (effect->to != VROUTER_MASTER || effect->detail != REASON_NO_ADVERT)
		return;
	for (uint32_t i = 0; i < s->group_count; i++) {
		shortest = nsec_min(shortest, settings_groups(s)[i].interval);
		longest = nsec_max(longest, settings_groups(s)[i].interval);
	}
	world->check.checked++;
	if (router->paused > 4 * longest && listened < 3 * shortest)
		check_broken(world, "R9", "%s takes over %.3f s after it stood still for %.3f s",
			     label(world, router, group, text),
			     (double)listened / (double)NSEC_PER_SEC,
			     (double)router->paused / (double)NSEC_PER_SEC);
}

void
check_transition(struct world *world, struct router *router, unsigned group,
                 const struct effect *effect)
{
	struct watch *w = &router->watch[group];
	char text[32];

	world->check.checked++;
	if (effect->from != w->state || effect->to == w->state)
		check_broken(world, "R8", "%s is told to go from %s to %s, but was %s",
			     label(world, router, group, text), vrouter_state_name(effect->from),
			     vrouter_state_name(effect->to), vrouter_state_name(w->state));
	if (world->check.calm)
		check_broken(world, "R6/R7", "%s goes from %s to %s for no reason",
			     label(world, router, group, text), vrouter_state_name(effect->from),
			     vrouter_state_name(effect->to));
	check_listening(world, router, group, effect);
	*w = (struct watch){
		.state = effect->to,
		.since = world->now,
		.last_sent = w->last_sent == world->now ? world->now : 0,
		.interval = w->interval,
		.transitions = w->transitions + 1,
		.became_master = w->became_master + (effect->to == VROUTER_MASTER),
	};
	world->check.takeovers += effect->to == VROUTER_MASTER;
}

/*
 * R1, for a process that stops running: its partner takes over when it has heard nothing on any
 * segment for three intervals and a skew, and by then and a little the addresses must be free.
 */
void
check_leases(struct world *world, struct router *router)
{
	const struct settings *s = router->settings;
	char text[32];

	for (uint32_t i = 0; i < s->group_count; i++) {
		const struct held *held = &router->held[router->group_of[i]];
		nsec_t silent = 0;

		if (router->watch[router->group_of[i]].state != VROUTER_MASTER)
			continue;
		for (uint32_t k = 0; k < s->group_count; k++)
			if (same_party(s, i, k))
				silent = nsec_max(silent,
					router->watch[router->group_of[k]].last_sent +
					3 * settings_groups(s)[k].interval);
		world->check.checked++;
		if (held->expires > silent + LEASE_SLACK)
			check_broken(world, "R1", "%s keeps its addresses %.3f s longer than a "
				     "partner waits",
				     label(world, router, router->group_of[i], text),
				     (double)(held->expires - silent) / (double)NSEC_PER_SEC);
	}
}

static bool
same_group(const struct settings *a, const struct group_settings *x, const struct settings *b,
           const struct group_settings *y)
{
	struct group_settings left = *x;
	struct group_settings right = *y;
	const char *sync_a = x->sync < 0 ? "" : settings_syncs(a)[x->sync].name;
	const char *sync_b = y->sync < 0 ? "" : settings_syncs(b)[y->sync].name;

	left.link = right.link = 0;	/* compared by name, or by the caller */
	left.sync = right.sync = 0;
	left.address_first = right.address_first = 0;
	return memcmp(&left, &right, sizeof(left)) == 0 && strcmp(sync_a, sync_b) == 0 &&
		memcmp(settings_group_addresses(a, x), settings_group_addresses(b, y),
		       x->address_count * sizeof(struct address_settings)) == 0;
}

/* Is every interface of its party in use? */
static bool
party_linked(const struct router *router, uint32_t index)
{
	const struct settings *s = router->settings;

	for (uint32_t i = 0; i < s->group_count; i++) {
		unsigned segment = plan_segment(settings_link_of(s, &settings_groups(s)[i])->name);

		if (same_party(s, i, index) &&
		    (!router->port_up[segment] || !router->port_told[segment]))
			return false;
	}
	return true;
}

void
check_before_adopting(const struct router *router, struct check_adopting *adopting)
{
	adopting->old = router->settings;
	for (unsigned i = 0; i < PLAN_GROUPS_MAX; i++) {
		adopting->old_index[i] = router->index_of[i];
		adopting->transitions[i] = router->watch[i].transitions;
		adopting->steady[i] = router->index_of[i] >= 0 &&
			(router->watch[i].state == VROUTER_BACKUP ||
			 router->watch[i].state == VROUTER_MASTER) &&
			party_linked(router, (uint32_t)router->index_of[i]);
	}
}

void
check_after_adopting(struct world *world, struct router *router, struct check_adopting *adopting)
{
	char text[32];

	for (unsigned i = 0; i < PLAN_GROUPS_MAX; i++) {
		const struct group_settings *now = router_group(router, i);
		const struct group_settings *before;

		if (now == NULL || !adopting->steady[i] ||
		    !party_linked(router, (uint32_t)router->index_of[i]))
			continue;
		before = &settings_groups(adopting->old)[adopting->old_index[i]];
		if (!same_group(adopting->old, before, router->settings, now))
			continue;
		world->check.checked++;
		if (adopting->transitions[i] != router->watch[i].transitions)
			check_broken(world, "R6", "%s changed state, though the new configuration "
				     "leaves it as it was", label(world, router, i, text));
	}
	free(adopting->old);
}

/* R7: a party that was master and was not silent for too long goes on; one that was, does not. */
void
check_resumed(struct world *world, struct router *router)
{
	const struct settings *s = router->settings;
	char text[32];

	for (uint32_t i = 0; i < s->group_count; i++) {
		const struct vrouter_status *st = engine_status(router->engine, i);
		unsigned group = router->group_of[i];
		bool must = true;
		bool may = true;

		for (uint32_t k = 0; k < s->group_count; k++) {
			nsec_t silent = world->now - router->records[k].last_advert_sent;
			nsec_t interval = settings_groups(s)[k].interval;

			if (!same_party(s, i, k))
				continue;
			may &= router->records[k].state == VROUTER_MASTER && silent <= 4 * interval;
			for (uint32_t m = 0; m < s->group_count; m++)
				if (same_party(s, i, m))
					must &= silent < 3 * settings_groups(s)[m].interval;
		}
		must &= may;
		world->check.checked++;
		if ((must && st->state != VROUTER_MASTER) || (!may && st->state == VROUTER_MASTER))
			check_broken(world, "R7", "%s goes on after a crash as %s",
				     label(world, router, group, text),
				     vrouter_state_name(st->state));
	}
}

nsec_t
check_settling_bound(const struct world *world)
{
	return 3 * plan_down_interval(&world->plan) + plan_preempt_delay(&world->plan) +
		plan_start_delay(&world->plan) + 2 * NSEC_PER_SEC;
}

/* The priority a router's party has in an election, and whether it claims what a weaker one has. */
static unsigned
party_priority(const struct router *router, uint32_t index, bool *ret_preempts)
{
	const struct settings *s = router->settings;
	unsigned least = 255;

	*ret_preempts = true;
	for (uint32_t i = 0; i < s->group_count; i++) {
		const struct group_settings *g = &settings_groups(s)[i];

		if (!same_party(s, i, index))
			continue;
		least = g->priority < least ? g->priority : least;
		*ret_preempts &= g->preempt;
	}
	return least;
}

static int
only_master(struct world *world, unsigned group)
{
	int master = -1;

	for (unsigned i = 0; i < world->plan.routers; i++) {
		struct router *router = &world->routers[i];
		char text[32];

		if (!router_is_master(router, group))
			continue;
		if (master >= 0)
			check_broken(world, "R4", "%s and router %d are both master",
				     label(world, router, group, text), master + 1);
		master = (int)i;
	}
	if (master < 0)
		check_broken(world, "R4", "lan%u/%u has no master",
			     world->plan.groups[group].segment, world->plan.groups[group].vrid);
	return master;
}

void
check_settled(struct world *world)
{
	for (unsigned g = 0; g < world->plan.group_count && !world->check.broken; g++) {
		struct router *master;
		unsigned priority;
		bool preempts;
		int number;

		if (!world->plan.groups[g].present)
			continue;
		world->check.checked++;
		number = only_master(world, g);
		if (number < 0)
			return;
		master = &world->routers[number];
		priority = party_priority(master, (uint32_t)master->index_of[g], &preempts);
		for (unsigned i = 0; i < world->plan.routers; i++) {
			struct router *other = &world->routers[i];
			unsigned claim = party_priority(other, (uint32_t)other->index_of[g],
							&preempts);
			char text[32];

			if (preempts && claim > priority)
				check_broken(world, "R4", "%s is not master, though it preempts "
					     "and has priority %u, and router %d has %u",
					     label(world, other, g, text), claim, number + 1,
					     priority);
		}
	}
}
