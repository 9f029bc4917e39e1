/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A router: its clock, the loop of its process, its settings, and how it comes and goes.  The loop
 * reads what arrived, then lets time pass, then sleeps until the engine's deadline, as the daemon
 * does.  What passes between engine and world is process.c's.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/process.h"
#include "sim/world.h"

/* One more turn of the loop when packets are left: what a turn costs. */
#define TURN_COST (50 * NSEC_PER_USEC)

void
router_init(struct router *router, unsigned number)
{
	memset(router, 0, sizeof(*router));
	router->number = number;
	router->wake_at = NSEC_NEVER;
	router->clock_offset = number * 777 * NSEC_PER_SEC;
	kernel_init(&router->kernel);
	for (unsigned i = 0; i < OBJECTS_MAX; i++)
		router->object_up[i] = true;
	for (unsigned i = 0; i < PLAN_GROUPS_MAX; i++)
		router->index_of[i] = -1;
}

void
router_done(struct router *router)
{
	kernel_done(&router->kernel);
	engine_free(router->engine);
	free(router->settings);
	free(router->effects.list);
}

/* ---- questions ------------------------------------------------------------------------------ */

nsec_t
router_clock(const struct world *world, const struct router *router)
{
	nsec_t now = router->run == ROUTER_SUSPENDED ? router->suspended_at : world->now;

	return now + router->clock_offset + (now - WORLD_START) * router->clock_ppm / 1000000;
}

const struct group_settings *
router_group(const struct router *router, unsigned group)
{
	if (router->settings == NULL || router->index_of[group] < 0)
		return NULL;
	return &settings_groups(router->settings)[router->index_of[group]];
}

bool
router_holds(const struct world *world, const struct router *router, unsigned group)
{
	const struct held *held = &router->kernel.held[group];

	return router->run != ROUTER_SUSPENDED && held->held &&
		held->expires > router_clock(world, router);
}

bool
router_is_master(const struct router *router, unsigned group)
{
	return router->index_of[group] >= 0 && router->watch[group].state == VROUTER_MASTER;
}

uint64_t
router_address_list(const struct router *router, unsigned group)
{
	const struct group_settings *g = router_group(router, group);
	const struct address_settings *p = settings_group_addresses(router->settings, g);
	uint64_t hash = 1;

	for (uint32_t i = 0; i < group_held_count(g); i++)
		for (unsigned k = 0; k < 16; k++)
			hash = hash * 257 + p[i].prefix.ip.bytes[k];
	return hash;
}

unsigned
router_object(const struct router *router, uint32_t index)
{
	return (unsigned)(settings_objects(router->settings)[index].name[6] - '0');
}

/* ---- the loop ------------------------------------------------------------------------------- */

/* Let the process run in so long (on its clock), and some more. */
static void
wake_in(struct world *world, struct router *router, nsec_t delay)
{
	nsec_t latency = chance_between(&router->chance, 1, LATENCY_MAX);

	delay = nsec_max(delay, 0);
	delay -= delay / 1000000 * router->clock_ppm;
	router->wake_at = world->now + delay + latency;
	world_schedule(world, router->wake_at, EVENT_WAKE, router->number);
}

void
router_on_arrival(struct world *world, struct router *router, unsigned segment,
                  struct parcel *parcel)
{
	struct arrival arrival = {
		.parcel = parcel,
		.time = router_clock(world, router),
		.segment = (uint8_t)segment,
	};

	if (router->run < ROUTER_FROZEN || !router->kernel.port_up[segment])
		return;
	if (!kernel_receive(&router->kernel, &arrival)) {
		world_note(world, HAPPENED_MISSED, router->number, segment, 0, 0, 0);
		return;
	}
	if (router->run == ROUTER_RUNNING && router->wake_at > world->now + LATENCY_MAX)
		wake_in(world, router, 0);
}

/* Sleep until the engine's deadline, its tick, or the rest of the packets. */
static void
sleep_on(struct world *world, struct router *router)
{
	nsec_t now = router_clock(world, router);
	nsec_t wake = nsec_min(engine_deadline(router->engine),
			       now + engine_tick(router->engine));

	if (router->kernel.queue_count > 0)
		wake = now + TURN_COST;
	wake_in(world, router, wake - now);
}

static void
end_turn(struct world *world, struct router *router)
{
	if (router->leaving && engine_has_left(router->engine))
		router_stop(world, router);
	else
		sleep_on(world, router);
}

void
router_on_wake(struct world *world, struct router *router)
{
	nsec_t now = router_clock(world, router);
	nsec_t heard_until = now;

	router->wake_at = NSEC_NEVER;
	if (router->run != ROUTER_RUNNING)
		return;
	process_read_packets(world, router);
	if (router->kernel.queue_count > 0)
		heard_until = router->kernel.queue[router->kernel.queue_first].time - 1;
	process_tell_changes(world, router);
	check_before_time(router);
	engine_on_time(router->engine, now, heard_until, process_room(router));
	process_carry_out(world, router, true);
	check_turn(world, router);
	if (router->kernel.queue_count == 0 && engine_deadline(router->engine) <= now)
		check_broken(world, "R8", "router %u: the engine's deadline is over and it did "
			     "nothing", router->number + 1);
	end_turn(world, router);
}

/* ---- settings ------------------------------------------------------------------------------- */

/* Learn which group of the plan is which of the engine. */
static void
number_groups(struct world *world, struct router *router)
{
	const struct settings *s = router->settings;

	for (unsigned i = 0; i < PLAN_GROUPS_MAX; i++)
		router->index_of[i] = -1;
	for (uint32_t i = 0; i < s->group_count; i++) {
		const struct group_settings *g = &settings_groups(s)[i];
		unsigned segment = plan_segment(settings_link_of(s, g)->name);
		int group = plan_find(&world->plan, segment, g->vrid, g->family);

		assert(group >= 0);
		router->index_of[group] = (int)i;
		router->group_of[i] = (uint8_t)group;
	}
	for (unsigned i = 0; i < PLAN_GROUPS_MAX; i++)
		if (router->index_of[i] < 0)
			router->watch[i].state = VROUTER_INIT;
}

static void
note_owned(struct world *world, struct router *router)
{
	for (unsigned i = 0; i < world->plan.group_count; i++)
		router->owns[i] = world->plan.groups[i].at[router->number].owner;
}

/* The engine begins with these settings; settings are taken. */
static void
adopt_first(struct world *world, struct router *router, struct settings *settings)
{
	size_t needed;
	int done;

	router->engine = engine_new();
	assert(router->engine != NULL);
	if (router->settings != settings)
		free(router->settings);
	router->settings = settings;
	router->revision = (uint32_t)settings->revision;
	number_groups(world, router);
	needed = engine_adopt_needed(router->engine, settings);
	done = engine_adopt(router->engine, settings, router_clock(world, router),
			    process_room_for(router, needed));
	assert(done == 0);
	for (unsigned i = 0; i < PLAN_GROUPS_MAX; i++)
		router->watch[i].state = VROUTER_INIT;
	process_carry_out(world, router, true);
}

static void
run(struct world *world, struct router *router)
{
	router->paused = router->run == ROUTER_FROZEN ? world->now - router->frozen_at : 0;
	router->run = ROUTER_RUNNING;
	router->ran_since = world->now;
	router->disturbed_at = world->now;
	wake_in(world, router, 0);
}

void
router_on_adopt(struct world *world, struct router *router)
{
	struct settings *settings;
	struct check_adopting adopting;
	nsec_t now = router_clock(world, router);
	size_t needed;
	int done;

	if (router->run != ROUTER_RUNNING || router->revision == world->plan.revision)
		return;
	if (world->now <= router->ran_since + LATENCY_MAX) {	/* it reads its packets first */
		world_schedule(world, world->now + 2 * LATENCY_MAX, EVENT_ADOPT, router->number);
		return;
	}
	settings = plan_settings(&world->plan, router->number);
	world_note(world, HAPPENED_ADOPT, router->number, 0, 0, world->plan.revision, 0);
	check_before_adopting(world, router, &adopting);

	router->disturbed_at = world->now;
	needed = engine_adopt_needed(router->engine, settings);
	engine_retire(router->engine, settings, now, process_room_for(router, needed));
	process_carry_out(world, router, false);	/* the numbers of its groups end now */
	router->settings = settings;
	router->revision = world->plan.revision;
	number_groups(world, router);
	note_owned(world, router);
	done = engine_adopt(router->engine, settings, now, process_room_for(router, needed));
	assert(done == 0);
	process_carry_out(world, router, true);
	process_tell_all(world, router);

	check_after_adopting(world, router, &adopting);
	check_turn(world, router);
	end_turn(world, router);
}

/* A plan that came while it could not read it. */
static void
catch_up(struct world *world, struct router *router)
{
	if (router->revision != world->plan.revision)
		world_schedule(world, world->now + 2 * LATENCY_MAX, EVENT_ADOPT, router->number);
}

/* ---- power and pauses ----------------------------------------------------------------------- */

void
router_boot(struct world *world, struct router *router)
{
	if (router->run != ROUTER_OFF)
		return;
	world_note(world, HAPPENED_BOOT, router->number, 0, 0, 0, 0);
	world_forget_captured(world);
	note_owned(world, router);
	adopt_first(world, router, plan_settings(&world->plan, router->number));
	run(world, router);
	process_tell_all(world, router);
}

/* The process is gone: what it had in its memory and its sockets goes with it. */
static void
end_process(struct world *world, struct router *router)
{
	router->disturbed_at = world->now;
	router->wake_at = NSEC_NEVER;
	router->leaving = false;
	kernel_lose_process(&router->kernel);
	check_engine_ends(world, router);
	engine_free(router->engine);
	router->engine = NULL;
}

void
router_cut_power(struct world *world, struct router *router)
{
	if (router->run == ROUTER_OFF)
		return;
	world_note(world, HAPPENED_POWER_CUT, router->number, 0, 0, 0, 0);
	router_go_on(world, router);
	end_process(world, router);
	router->run = ROUTER_OFF;
	kernel_lose_power(&router->kernel);
	for (unsigned i = 0; i < PLAN_GROUPS_MAX; i++)
		router->watch[i] = (struct watch){
			.transitions = router->watch[i].transitions,
			.became_master = router->watch[i].became_master,
		};
}

void
router_freeze(struct world *world, struct router *router, nsec_t duration)
{
	if (router->run != ROUTER_RUNNING)
		return;
	world_note(world, HAPPENED_FREEZE, router->number, 0, 0, duration, 0);
	check_leases(world, router);
	router->run = ROUTER_FROZEN;
	router->frozen_at = world->now;
	router->disturbed_at = world->now;
	router->wake_at = NSEC_NEVER;
	world_schedule(world, world->now + duration, EVENT_THAW, router->number);
}

void
router_thaw(struct world *world, struct router *router)
{
	if (router->run != ROUTER_FROZEN)
		return;
	world_note(world, HAPPENED_THAW, router->number, 0, 0, 0, 0);
	run(world, router);
	catch_up(world, router);
}

void
router_suspend(struct world *world, struct router *router, nsec_t duration)
{
	if (router->run != ROUTER_RUNNING)
		return;
	world_note(world, HAPPENED_SUSPEND, router->number, 0, 0, duration, 0);
	router->suspended_at = world->now;
	router->run = ROUTER_SUSPENDED;
	router->disturbed_at = world->now;
	router->wake_at = NSEC_NEVER;
	world_schedule(world, world->now + duration, EVENT_GO_ON, router->number);
}

/* Its clock goes on where it stood: for this router no time has passed. */
void
router_go_on(struct world *world, struct router *router)
{
	nsec_t before = router_clock(world, router);

	if (router->run != ROUTER_SUSPENDED)
		return;
	world_note(world, HAPPENED_GO_ON, router->number, 0, 0, 0, 0);
	check_suspended(router, world->now - router->suspended_at);
	run(world, router);
	router->clock_offset += before - router_clock(world, router);
	catch_up(world, router);
}

void
router_crash(struct world *world, struct router *router, nsec_t duration)
{
	if (router->run < ROUTER_FROZEN)
		return;
	world_note(world, HAPPENED_CRASH, router->number, 0, 0, duration, 0);
	if (router->run == ROUTER_RUNNING)
		check_leases(world, router);
	router->record_count = router->settings->group_count;
	for (uint32_t i = 0; i < router->record_count; i++)
		router->records[i] = *engine_status(router->engine, i);
	end_process(world, router);
	router->run = ROUTER_CRASHED;
	world_schedule(world, world->now + duration, EVENT_RESTART, router->number);
}

/* Addresses that no group of ours goes on with are the daemon's to remove when it starts. */
static void
purge_leftovers(struct router *router)
{
	for (unsigned i = 0; i < PLAN_GROUPS_MAX; i++)
		if (router->index_of[i] < 0 ||
		    !engine_holds_addresses(router->engine, (uint32_t)router->index_of[i])) {
			router->kernel.held[i].held = false;
			router->kernel.held[i].wanted.kind = REQUEST_DROP;
		}
}

/* What another process asked for and did not get: this one finds out when it starts. */
static void
adopt_leftovers(struct world *world, struct router *router)
{
	for (unsigned i = 0; i < PLAN_GROUPS_MAX; i++) {
		struct held *held = &router->kernel.held[i];

		if (router->index_of[i] < 0 || router_holds(world, router, i) ||
		    !engine_holds_addresses(router->engine, (uint32_t)router->index_of[i]))
			continue;
		held->wanted.kind = REQUEST_TAKE;
		held->wanted.list = router_address_list(router, i);
		kernel_request(world, router, i, &held->wanted);
	}
}

void
router_restart(struct world *world, struct router *router)
{
	if (router->run != ROUTER_CRASHED)
		return;
	world_note(world, HAPPENED_RESTART, router->number, 0, 0, 0, 0);
	adopt_first(world, router, router->settings);
	for (uint32_t i = 0; i < router->record_count; i++)
		router->watch[router->group_of[i]].state = router->records[i].state;
	engine_resume(router->engine, router->records, router->record_count,
		      router_clock(world, router), process_room(router));
	process_carry_out(world, router, true);
	check_resumed(world, router);
	purge_leftovers(router);
	adopt_leftovers(world, router);
	run(world, router);
	process_tell_all(world, router);
	check_turn(world, router);
	catch_up(world, router);
}

/* ---- ports and objects ---------------------------------------------------------------------- */

static void
disturb(struct world *world, struct router *router)
{
	router->disturbed_at = world->now;
	if (router->run == ROUTER_RUNNING)
		wake_in(world, router, 0);
}

void
router_set_port(struct world *world, struct router *router, unsigned segment, bool up)
{
	if (router->kernel.port_up[segment] == up)
		return;
	world_note(world, HAPPENED_PORT, router->number, segment, 0, up, 0);
	router->kernel.port_up[segment] = up;
	disturb(world, router);
}

void
router_set_object(struct world *world, struct router *router, unsigned object, bool up)
{
	if (router->object_up[object] == up)
		return;
	world_note(world, HAPPENED_OBJECT, router->number, 0, 0, object, up);
	router->object_up[object] = up;
	router->object_changed = world->now;
	disturb(world, router);
}

void
router_set_mute(struct world *world, struct router *router, unsigned percent)
{
	if (router->mute == percent)
		return;
	world_note(world, HAPPENED_MUTE, router->number, 0, 0, percent, 0);
	router->mute = percent;
	router->disturbed_at = world->now;
}

/* ---- the operator --------------------------------------------------------------------------- */

void
router_reset_master(struct world *world, struct router *router, unsigned group)
{
	const struct plan_group *g = &world->plan.groups[group];
	enum engine_answer answer;

	if (router->run != ROUTER_RUNNING || router->index_of[group] < 0)
		return;
	answer = engine_reset_master(router->engine, (uint32_t)router->index_of[group],
				     router_clock(world, router), process_room(router));
	world_note(world, HAPPENED_RESET, router->number, g->segment, g->vrid, answer, 0);
	if (answer == ENGINE_DONE)
		router->disturbed_at = world->now;
	process_carry_out(world, router, true);
	check_turn(world, router);
	end_turn(world, router);
}

/* After its stop an engine wants nothing more, whatever is still in the queue and however long. */
static void
outlive(struct world *world, struct router *router)
{
	nsec_t now = router_clock(world, router);

	while (router->kernel.queue_count > 0)
		process_read_packets(world, router);
	for (unsigned i = 0; i < 20; i++, now += plan_down_interval(&world->plan) / 4) {
		engine_on_time(router->engine, now, now, process_room(router));
		process_carry_out(world, router, false);
	}
}

void
router_stop(struct world *world, struct router *router)
{
	if (router->run != ROUTER_RUNNING)
		return;
	engine_stop(router->engine, router_clock(world, router), process_room(router));
	process_carry_out(world, router, true);
	check_turn(world, router);
	world->check.stopped = router;
	outlive(world, router);
	world->check.stopped = NULL;
	router_cut_power(world, router);
	world_note(world, HAPPENED_STOP, router->number, 0, 0, 0, 0);
}

void
router_leave(struct world *world, struct router *router)
{
	if (router->run != ROUTER_RUNNING || router->leaving)
		return;
	world_note(world, HAPPENED_LEAVE, router->number, 0, 0, 0, 0);
	router->disturbed_at = world->now;
	engine_leave(router->engine, router_clock(world, router), process_room(router));
	process_carry_out(world, router, true);
	router->leaving = true;
	router->leaving_since = world->now;
	check_turn(world, router);
	end_turn(world, router);
}
