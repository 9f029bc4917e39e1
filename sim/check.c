/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of docs/simulator.md about what goes on; those about plans, restarts and the settled
 * world are in check_plan.c.  They look at what a person beside the routers could see: the kernels'
 * addresses, the packets, the transitions told, the records shown; never into the engine.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/world.h"

/* A process is woken late, reads its packets in turns, and a turn takes a little. */
#define SLACK (2 * NSEC_PER_MSEC)
/* The kernel counts lifetimes in whole seconds, and a little is allowed on top. */
#define LEASE_SLACK (1500 * NSEC_PER_MSEC)

void
check_broken(struct world *world, const char *rule, const char *format, ...)
{
	struct check *check = &world->check;
	va_list args;

	if (check->broken)
		return;
	check->broken = true;
	check->time = world->now;
	snprintf(check->rule, sizeof(check->rule), "%s", rule);
	va_start(args, format);
	vsnprintf(check->sentence, sizeof(check->sentence), format, args);
	va_end(args);
}

const char *
check_label(const struct world *world, const struct router *router, unsigned group, char text[32])
{
	const struct plan_group *g = &world->plan.groups[group];

	snprintf(text, 32, "router %u lan%u/%u%s", router->number + 1, g->segment, g->vrid,
		 g->family == 6 ? "/6" : "");
	return text;
}

bool
check_same_party(const struct settings *s, uint32_t a, uint32_t b)
{
	int32_t sync = settings_groups(s)[a].sync;

	return a == b || (sync >= 0 && sync == settings_groups(s)[b].sync);
}

/* R11: a stopped engine wants nothing more. */
void
check_effect(struct world *world, const struct router *router, const struct effect *effect)
{
	char text[32];

	if (world->check.stopped == router && effect->kind != EFFECT_ALARM)
		check_broken(world, "R11", "%s is stopped, and still wants something",
			     check_label(world, router, router->group_of[effect->group], text));
}

/* R1: addresses are held exactly while master or lingering, and the right ones. */
static void
check_addresses(struct world *world, struct router *router, uint32_t index)
{
	unsigned group = router->group_of[index];
	const struct vrouter_status *st = engine_status(router->engine, index);
	bool should = st->state == VROUTER_MASTER || st->lingering;
	bool does = router_holds(world, router, group);
	const char *state = vrouter_state_name(st->state);
	char text[32];

	world->check.checked++;
	check_label(world, router, group, text);
	if (should != engine_holds_addresses(router->engine, index))
		check_broken(world, "R1", "%s is %s%s, but the engine says it %s its addresses",
			     text, state, st->lingering ? " and lingers" : "",
			     should ? "lacks" : "holds");
	if (!kernel_is_settled(world, router, group))
		return;			/* what went wrong there is not the engine's */
	if (should != does)
		check_broken(world, "R1", "%s is %s%s, but the kernel %s its addresses", text,
			     state, st->lingering ? " and lingers" : "",
			     does ? "holds" : "lacks");
	if (does && router->kernel.held[group].list != router_address_list(router, group))
		check_broken(world, "R1", "%s holds other addresses than configured", text);
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

		if (check_same_party(s, i, index) && other->state != st->state)
			check_broken(world, "R2", "%s is %s, another of its sync group is %s",
				     check_label(world, router, router->group_of[index], text),
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
	    s->damage > 0 || a->mute > 0 || b->mute > 0 || s->cut[i][k] || s->cut[k][i] ||
	    !a->kernel.port_up[segment] || !b->kernel.port_up[segment])
		return NSEC_NEVER;
	since = nsec_max(since, s->loss_ended);
	return nsec_max(since, nsec_max(s->cut_ended[i][k], s->cut_ended[k][i]));
}

/* The interval that the group names in version 2; 0 = it does not speak it. */
static nsec_t
interval_in_version_2(const struct group_settings *g)
{
	if (g->version == 3 && !g->both_versions)
		return 0;
	return (g->interval + NSEC_PER_SEC - 1) / NSEC_PER_SEC * NSEC_PER_SEC;
}

/* Would a accept what b sends? */
static bool
accepts(const struct group_settings *a, const struct group_settings *b)
{
	if ((a->peer_count > 0) != (b->peer_count > 0))
		return false;
	if (a->version == 3 && b->version == 3)
		return true;
	if (a->version == 3 && !a->both_versions)
		return false;
	if (interval_in_version_2(b) == 0 || a->auth != b->auth ||
	    memcmp(a->password, b->password, sizeof(a->password)) != 0)
		return false;
	return a->version == 3 || a->interval == interval_in_version_2(b);
}

static bool
understand(const struct group_settings *a, const struct group_settings *b)
{
	return accepts(a, b) && accepts(b, a);
}

/*
 * How long two masters that hear each other may both be.  The stronger speaks once an interval, and
 * one packet is enough for the weaker; with an authentication header it may have to hear the other
 * first, to count on from there.
 */
static nsec_t
rivalry(const struct world *world, const struct group_settings *a, const struct group_settings *b)
{
	nsec_t round = nsec_max(a->interval, b->interval) + world->delay_max + SLACK;

	return a->auth == AUTH_AH ? 2 * round : round;
}

/*
 * How long a router keeps its addresses after a reset when another one is master.  With an
 * authentication header it cannot hear one that counts behind it before it speaks itself, which is
 * after its down interval.
 */
static nsec_t
lingering(const struct group_settings *g)
{
	return ENGINE_LINGER + SLACK + (g->auth == AUTH_AH ? 4 * g->interval : 0);
}

/*
 * R3: two masters that hear each other end within one interval and the longest delay.
 * R10: and two that hold the addresses and hear each other, within the time a router lingers more.
 */
static void
check_rivals(struct world *world, struct router *router, unsigned group)
{
	const struct group_settings *g = router_group(router, group);
	char text[32];

	for (unsigned i = 0; i < world->plan.routers; i++) {
		struct router *other = &world->routers[i];
		const struct group_settings *theirs = router_group(other, group);
		bool rival = router_is_master(other, group);
		nsec_t since, bound;

		if (other == router || theirs == NULL || !understand(g, theirs) ||
		    (!rival && !router_holds(world, other, group)))
			continue;
		world->check.checked++;
		since = clean_since(world, router, other, world->plan.groups[group].segment);
		since = nsec_max(since, router->watch[group].since);
		since = nsec_max(since, other->watch[group].since);
		bound = rivalry(world, g, theirs) + (rival ? 0 : lingering(theirs));
		if (since == NSEC_NEVER || world->now - since <= bound)
			continue;
		if (!rival && !kernel_is_settled(world, other, group))
			continue;
		check_broken(world, rival ? "R3" : "R10", "%s and router %u are both %s for %.3f s "
			     "though they hear each other",
			     check_label(world, router, group, text), i + 1,
			     rival ? "master" : "there with the addresses",
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
			     check_label(world, router, group, text),
			     (double)(world->now - router->watch[group].last_sent) /
			     (double)NSEC_PER_SEC);
}

/* R5: what it sends keeps its phase, but for answers to others and news about itself. */
void
check_sent(struct world *world, struct router *router, unsigned group)
{
	struct watch *w = &router->watch[group];
	const struct vrouter_status *st =
		engine_status(router->engine, (uint32_t)router->index_of[group]);
	nsec_t interval = router_group(router, group)->interval;
	nsec_t now = router_clock(world, router);
	nsec_t beside = w->anchor > 0 ? (now - w->anchor) % interval : 0;
	/* The first one after that is late, or an answer to it; the second begins the phase. */
	bool disturbed = w->last_sent <= nsec_max(w->since, router->disturbed_at) ||
		w->last_sent == world->now;
	char text[32];

	if (w->state == VROUTER_MASTER)
		check_silence(world, router, group);
	if (disturbed || st->effective_priority != w->priority)
		w->anchor = 0;
	else if (w->anchor == 0 && !router->heard_genuine)
		w->anchor = now;
	else if (!router->heard_genuine && beside > SLACK && beside < interval - SLACK)
		check_broken(world, "R5", "%s sends %.6f s beside its phase",
			     check_label(world, router, group, text),
			     (double)beside / (double)NSEC_PER_SEC);
	w->last_sent = world->now;
	w->interval = interval;
	w->priority = st->effective_priority;
}

void
check_before_time(struct router *router)
{
	for (uint32_t i = 0; i < router->settings->group_count; i++) {
		const struct vrouter_status *st = engine_status(router->engine, i);
		struct watch *w = &router->watch[router->group_of[i]];

		w->due = st->down_deadline;
		w->due_priority = st->effective_priority;
	}
}

/* R15: who has lost what it tracks without a weight, for longer than its delay, is in FAULT. */
static void
check_tracked(struct world *world, const struct router *router, uint32_t index)
{
	const struct group_settings *g = &settings_groups(router->settings)[index];
	const struct track_settings *tracks = settings_tracks(router->settings) + g->track_first;
	const struct vrouter_status *st = engine_status(router->engine, index);
	nsec_t since = nsec_max(router->object_changed, router->disturbed_at);
	char text[32];

	for (uint32_t i = 0; i < g->track_count; i++) {
		unsigned object = router_object(router, tracks[i].object);

		/* A delay that runs when it is reconfigured may go on as it was. */
		if (tracks[i].weight != 0 || router->object_up[object] ||
		    world->now - since <= world->plan.longest_track_delay + SLACK)
			continue;
		world->check.checked++;
		if (st->state == VROUTER_MASTER || st->state == VROUTER_BACKUP)
			check_broken(world, "R15", "%s is %s, though what it tracks is down",
				     check_label(world, router, router->group_of[index], text),
				     vrouter_state_name(st->state));
	}
}

/*
 * R14: who leaves waits for no longer than its neighbours' longest skew and their announcements.  A
 * pause of its process does not count.
 */
static void
check_leaving(struct world *world, const struct router *router)
{
	nsec_t since = nsec_max(router->leaving_since, router->ran_since);
	nsec_t skew = nsec_max(world->plan.longest_interval, NSEC_PER_SEC);

	world->check.checked++;
	if (world->now - since > skew + ENGINE_LINGER + SLACK)
		check_broken(world, "R14", "router %u wants to leave since %.3f s",
			     router->number + 1,
			     (double)(world->now - since) / (double)NSEC_PER_SEC);
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
				     check_label(world, router, group, text),
				     vrouter_state_name(st->state),
				     vrouter_state_name(router->watch[group].state));
		check_addresses(world, router, i);
		check_party(world, router, i);
		check_tracked(world, router, i);
		if (st->state == VROUTER_MASTER) {
			check_rivals(world, router, group);
			check_silence(world, router, group);
		}
	}
	if (router->leaving)
		check_leaving(world, router);
	for (unsigned i = 0; i < world->plan.group_count; i++)
		if (router->index_of[i] < 0 && router_holds(world, router, i) &&
		    kernel_is_settled(world, router, i))
			check_broken(world, "R1", "%s is not configured, but the kernel holds its "
				     "addresses", check_label(world, router, i, text));
}

/* R9: whoever stood still for longer than any down interval listens before it claims silence. */
static void
check_listening(struct world *world, struct router *router, unsigned group,
                const struct effect *effect)
{
	nsec_t listened = world->now - router->ran_since;
	char text[32];

	if (effect->to != VROUTER_MASTER || effect->detail != REASON_NO_ADVERT)
		return;
	world->check.checked++;
	if (router->paused > 4 * world->plan.longest_interval &&
	    listened < 3 * world->plan.shortest_interval - SLACK)
		check_broken(world, "R9", "%s takes over %.3f s after it stood still for %.3f s",
			     check_label(world, router, group, text),
			     (double)listened / (double)NSEC_PER_SEC,
			     (double)router->paused / (double)NSEC_PER_SEC);
}

/* R12: when silence has lasted long enough, the takeover comes at once. */
static void
check_lateness(struct world *world, struct router *router, unsigned group,
               const struct effect *effect)
{
	struct check *check = &world->check;
	nsec_t due = 0;
	nsec_t late;
	unsigned bucket = 0;
	char text[32];

	if (effect->to != VROUTER_MASTER ||
	    (effect->detail != REASON_NO_ADVERT && effect->detail != REASON_PEER_RESIGNED))
		return;
	for (uint32_t i = 0; i < router->settings->group_count; i++) {
		const struct watch *w = &router->watch[router->group_of[i]];

		if (!check_same_party(router->settings, i, effect->group))
			continue;
		if (w->due_priority != engine_status(router->engine, i)->effective_priority)
			return;		/* what it tracks has just made it more or less patient */
		due = nsec_max(due, w->due);
	}
	late = router_clock(world, router) - due;
	if (late < 0)
		check_broken(world, "R12", "%s takes over %.6f s before its record says so",
			     check_label(world, router, group, text),
			     (double)-late / (double)NSEC_PER_SEC);
	if (world->now - late <= nsec_max(router->ran_since, router->disturbed_at))
		return;			/* it could not be in time */
	while (bucket + 1 < LATE_BUCKETS && late >= 10 * NSEC_PER_USEC << bucket)
		bucket++;
	check->late[bucket]++;
	check->latest = nsec_max(check->latest, late);
	check->checked++;
	if (late > SLACK)
		check_broken(world, "R12", "%s takes over %.6f s late",
			     check_label(world, router, group, text),
			     (double)late / (double)NSEC_PER_SEC);
}

void
check_transition(struct world *world, struct router *router, unsigned group,
                 const struct effect *effect)
{
	struct watch *w = &router->watch[group];
	char text[32];

	world->check.checked++;
	check_label(world, router, group, text);
	if (effect->from != w->state || effect->to == w->state)
		check_broken(world, "R8", "%s is told to go from %s to %s, but was %s", text,
			     vrouter_state_name(effect->from), vrouter_state_name(effect->to),
			     vrouter_state_name(w->state));
	if (world->check.calm)
		check_broken(world, "R6/R7", "%s goes from %s to %s for no reason", text,
			     vrouter_state_name(effect->from), vrouter_state_name(effect->to));
	if (router->leaving && effect->to == VROUTER_MASTER)
		check_broken(world, "R14", "%s leaves, and becomes master", text);
	check_listening(world, router, group, effect);
	check_lateness(world, router, group, effect);
	*w = (struct watch){
		.state = effect->to,
		.since = world->now,
		.last_sent = w->last_sent == world->now ? world->now : 0,
		.interval = w->interval,
		.due = w->due,
		.due_priority = w->due_priority,
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
	nsec_t now = router_clock(world, router);
	char text[32];

	for (uint32_t i = 0; i < s->group_count; i++) {
		unsigned group = router->group_of[i];
		nsec_t expires = world->now + (router->kernel.held[group].expires - now);
		nsec_t silent = 0;

		if (router->watch[group].state != VROUTER_MASTER ||
		    !kernel_is_settled(world, router, group))
			continue;
		for (uint32_t k = 0; k < s->group_count; k++)
			if (check_same_party(s, i, k))
				silent = nsec_max(silent,
					router->watch[router->group_of[k]].last_sent +
					3 * settings_groups(s)[k].interval);
		world->check.checked++;
		if (expires > silent + LEASE_SLACK)
			check_broken(world, "R1", "%s keeps its addresses %.3f s longer than a "
				     "partner waits", check_label(world, router, group, text),
				     (double)(expires - silent) / (double)NSEC_PER_SEC);
	}
}

void
check_suspended(struct router *router, nsec_t duration)
{
	for (unsigned i = 0; i < PLAN_GROUPS_MAX; i++) {
		struct watch *w = &router->watch[i];

		w->since += duration;
		w->last_sent += w->last_sent > 0 ? duration : 0;
	}
}

/* R8: counters agree with the transitions that were told. */
void
check_engine_ends(struct world *world, const struct router *router)
{
	char text[32];

	for (uint32_t i = 0; router->engine && i < router->settings->group_count; i++) {
		const struct vrouter_status *st = engine_status(router->engine, i);
		unsigned group = router->group_of[i];

		world->check.checked++;
		if (st->state != router->watch[group].state)
			check_broken(world, "R8", "%s ends as %s, but was told to be %s",
				     check_label(world, router, group, text),
				     vrouter_state_name(st->state),
				     vrouter_state_name(router->watch[group].state));
	}
}
