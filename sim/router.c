/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A router's fake kernel and fake process around the shipped engine.  The process reads what
 * arrived, then lets time pass, then sleeps until the engine's deadline, as the daemon does; the
 * kernel keeps packets and addresses meanwhile.  No decision of the protocol may be made here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world.h"

/* One more turn of the loop when packets are left: what a turn costs. */
#define TURN_COST (50 * NSEC_PER_USEC)

void
router_init(struct router *router, unsigned number)
{
	memset(router, 0, sizeof(*router));
	router->number = number;
	router->wake_at = NSEC_NEVER;
	router->queue_limit = QUEUE_MAX;
	for (unsigned i = 0; i < SEGMENTS_MAX; i++)
		router->port_up[i] = true;
	for (unsigned i = 0; i < PLAN_GROUPS_MAX; i++)
		router->index_of[i] = -1;
}

static void
forget_queue(struct router *router)
{
	for (; router->queue_count > 0; router->queue_count--) {
		parcel_release(router->queue[router->queue_first].parcel);
		router->queue_first = (router->queue_first + 1) % QUEUE_MAX;
	}
}

void
router_done(struct router *router)
{
	forget_queue(router);
	engine_free(router->engine);
	free(router->settings);
	free(router->effects.list);
}

const struct group_settings *
router_group(const struct router *router, unsigned group)
{
	if (router->settings == NULL || router->index_of[group] < 0)
		return NULL;
	return &settings_groups(router->settings)[router->index_of[group]];
}

bool
router_holds(const struct router *router, unsigned group, nsec_t now)
{
	return router->held[group].held && router->held[group].expires > now;
}

bool
router_is_master(const struct router *router, unsigned group)
{
	return router->index_of[group] >= 0 && router->watch[group].state == VROUTER_MASTER;
}

/* The list of effects, empty and with room for count. */
static struct effects *
room(struct router *router, size_t count)
{
	struct effects *effects = &router->effects;

	if (count > effects->capacity) {
		effects->list = realloc(effects->list, count * sizeof(*effects->list));
		assert(effects->list != NULL);
		effects->capacity = count;
	}
	effects->count = 0;
	return effects;
}

static struct effects *
room_for_call(struct router *router)
{
	return room(router, engine_effects_needed(router->engine));
}

uint64_t
router_address_list(const struct router *router, unsigned group)
{
	const struct group_settings *g = router_group(router, group);
	const struct address_settings *p = settings_group_addresses(router->settings, g);
	uint64_t hash = 1;

	for (uint32_t i = 0; i < g->address_count; i++)
		for (unsigned k = 0; k < 4; k++)
			hash = hash * 257 + p[i].prefix.ip.bytes[k];
	return hash;
}

/* An advertisement leaves by the group's port; what the kernel says of it. */
static int
send_advert(struct world *world, struct router *router, unsigned group, const struct effect *effect)
{
	struct frame frame = engine_advert(router->engine, effect->group, effect->resign, 0);
	const struct plan_group *g = &world->plan.groups[group];
	int error = router->port_up[g->segment] ? 0 : ENETDOWN;

	assert(frame.length > 36);
	world_note(world, HAPPENED_SENT, router->number, g->segment, g->vrid, frame.bytes[36],
		   error);
	if (!effect->resign)
		check_sent(world, router, group);
	if (error == 0)
		world_transmit(world, router->number, g->segment, frame.bytes, frame.length, false);
	return error;
}

static void
carry_out_one(struct world *world, struct router *router, const struct effect *effect, int *error)
{
	unsigned group = router->group_of[effect->group];
	const struct plan_group *g = &world->plan.groups[group];
	struct held *held = &router->held[group];
	enum happening what = HAPPENED_ANNOUNCE;
	int64_t a = 0;
	int64_t b = 0;

	switch (effect->kind) {
	case EFFECT_SEND_ADVERT:
		*error = send_advert(world, router, group, effect);
		return;
	case EFFECT_TAKE_ADDRESSES:
		what = HAPPENED_TAKE;
		a = effect->lease;
		*held = (struct held){
			.held = true,
			.expires = world->now + effect->lease,
			.list = router_address_list(router, group),
		};
		break;
	case EFFECT_RENEW_ADDRESSES:	/* an address that is gone is not brought back by this */
		what = HAPPENED_RENEW;
		a = effect->lease;
		if (router_holds(router, group, world->now))
			held->expires = world->now + effect->lease;
		break;
	case EFFECT_DROP_ADDRESSES:
		what = HAPPENED_DROP;
		held->held = false;
		break;
	case EFFECT_ANNOUNCE:
		break;
	case EFFECT_TRANSITION:
		what = HAPPENED_TRANSITION;
		a = effect->from << 8 | effect->to;
		b = effect->detail;
		break;
	case EFFECT_ADVERTISE_ROUTER:
	case EFFECT_ALARM:
		what = HAPPENED_ALARM;
		a = effect->detail;
		b = effect->raised;
		break;
	case EFFECT_KINDS:
		assert(!"no such effect");
	}
	world_note(world, what, router->number, g->segment, g->vrid, a, b);
	if (effect->kind == EFFECT_TRANSITION)
		check_transition(world, router, group, effect);
}

/* Do what the engine wants; when tell is set, tell it how its sending went. */
static void
carry_out(struct world *world, struct router *router, bool tell)
{
	struct effects *effects = &router->effects;
	struct { uint32_t group; bool resign; int error; } sent[4 * PLAN_GROUPS_MAX];
	unsigned count = 0;

	assert(effects->count <= effects->capacity);
	for (size_t i = 0; i < effects->count; i++) {
		const struct effect *e = &effects->list[i];
		int error = -1;

		carry_out_one(world, router, e, &error);
		if (error >= 0) {
			assert(count < ARRAY_SIZE(sent));
			sent[count].group = e->group;
			sent[count].resign = e->resign;
			sent[count++].error = error;
		}
	}
	effects->count = 0;

	for (unsigned i = 0; tell && i < count; i++) {
		engine_on_sent(router->engine, sent[i].group, sent[i].resign, sent[i].error,
			       world->now, room_for_call(router));
		carry_out(world, router, true);
	}
}

void
router_on_arrival(struct world *world, struct router *router, unsigned segment,
                  struct parcel *parcel)
{
	unsigned last = (router->queue_first + router->queue_count) % QUEUE_MAX;
	nsec_t wake;

	if (router->run < ROUTER_FROZEN || !router->port_up[segment])
		return;
	if (router->queue_count >= router->queue_limit) {
		world_note(world, HAPPENED_MISSED, router->number, segment, 0, 0, 0);
		return;
	}
	parcel->references++;
	router->queue[last] = (struct arrival){ parcel, world->now, (uint8_t)segment };
	router->queue_count++;
	if (router->run != ROUTER_RUNNING)
		return;
	wake = world->now + chance_between(&world->chance, 1, LATENCY_MAX);
	if (wake < router->wake_at) {
		router->wake_at = wake;
		world_schedule(world, wake, EVENT_WAKE, router->number);
	}
}

static void
tell_link(struct world *world, struct router *router, unsigned link)
{
	unsigned segment = plan_segment(settings_links(router->settings)[link].name);
	struct link_input input = {
		.usable = router->port_up[segment],
		.mac.bytes = { 2, 0, 0, 0, (uint8_t)segment, (uint8_t)(router->number + 1) },
		.source4 = plan_address(router->number, segment),
	};

	router->port_told[segment] = router->port_up[segment];
	engine_on_link(router->engine, link, &input, world->now, room_for_call(router));
	carry_out(world, router, true);
}

static void
tell_all_links(struct world *world, struct router *router)
{
	for (uint32_t i = 0; i < router->settings->link_count; i++)
		tell_link(world, router, i);
}

static void
tell_changed_links(struct world *world, struct router *router)
{
	for (uint32_t i = 0; i < router->settings->link_count; i++) {
		unsigned segment = plan_segment(settings_links(router->settings)[i].name);

		if (router->port_told[segment] != router->port_up[segment])
			tell_link(world, router, i);
	}
}

static void
read_packets(struct world *world, struct router *router)
{
	router->heard_genuine = false;
	for (unsigned i = 0; i < BATCH_MAX && router->queue_count > 0; i++) {
		struct arrival a = router->queue[router->queue_first];
		int link;
		char name[NAME_SIZE] = { 'l', 'a', 'n', (char)('0' + a.segment) };

		router->queue_first = (router->queue_first + 1) % QUEUE_MAX;
		router->queue_count--;
		router->heard_genuine |= !a.parcel->forged;
		world_note(world, HAPPENED_HEARD, router->number, a.segment, 0,
			   a.parcel->bytes[35], a.parcel->bytes[36]);
		link = settings_find_link(router->settings, name);
		assert(link >= 0);
		engine_on_frame(router->engine, (uint32_t)link,
				reader_over(a.parcel->bytes, a.parcel->length), a.time, world->now,
				room_for_call(router));
		carry_out(world, router, true);
		parcel_release(a.parcel);
	}
}

/* Sleep until the engine's deadline, its tick, or the rest of the packets. */
static void
sleep_on(struct world *world, struct router *router)
{
	nsec_t wake = nsec_min(engine_deadline(router->engine), world->now + engine_tick(router->engine));

	if (router->queue_count > 0)
		wake = world->now + TURN_COST;
	wake = nsec_max(wake, world->now) + chance_between(&world->chance, 1, LATENCY_MAX);
	router->wake_at = wake;
	world_schedule(world, wake, EVENT_WAKE, router->number);
}

void
router_on_wake(struct world *world, struct router *router)
{
	nsec_t heard_until = world->now;

	router->wake_at = NSEC_NEVER;
	if (router->run != ROUTER_RUNNING)
		return;
	read_packets(world, router);
	if (router->queue_count > 0)
		heard_until = router->queue[router->queue_first].time - 1;
	tell_changed_links(world, router);
	engine_on_time(router->engine, world->now, heard_until, room_for_call(router));
	carry_out(world, router, true);
	check_turn(world, router);
	if (router->queue_count == 0 && engine_deadline(router->engine) <= world->now)
		check_broken(world, "R8", "router %u: the engine's deadline is over and it did "
			     "nothing", router->number + 1);
	sleep_on(world, router);
}

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
		int group = plan_find(&world->plan, segment, g->vrid);

		assert(group >= 0);
		router->index_of[group] = (int)i;
		router->group_of[i] = (uint8_t)group;
	}
	for (unsigned i = 0; i < PLAN_GROUPS_MAX; i++)
		if (router->index_of[i] < 0)
			router->watch[i].state = VROUTER_INIT;
}

/* The engine begins with these settings; settings are taken. */
static void
adopt_first(struct world *world, struct router *router, struct settings *settings)
{
	int done;

	router->engine = engine_new();
	assert(router->engine != NULL);
	if (router->settings != settings)
		free(router->settings);
	router->settings = settings;
	router->revision = (uint32_t)settings->revision;
	number_groups(world, router);
	done = engine_adopt(router->engine, settings, world->now,
			    room(router, engine_adopt_needed(router->engine, settings)));
	assert(done == 0);
	for (unsigned i = 0; i < PLAN_GROUPS_MAX; i++)
		router->watch[i].state = VROUTER_INIT;
	carry_out(world, router, true);
}

static void
run(struct world *world, struct router *router)
{
	router->paused = router->run == ROUTER_FROZEN ? world->now - router->frozen_at : 0;
	router->run = ROUTER_RUNNING;
	router->ran_since = world->now;
	router->disturbed_at = world->now;
	router->wake_at = world->now + chance_between(&world->chance, 1, LATENCY_MAX);
	world_schedule(world, router->wake_at, EVENT_WAKE, router->number);
}

void
router_on_adopt(struct world *world, struct router *router)
{
	struct settings *settings;
	struct check_adopting adopting;
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
	check_before_adopting(router, &adopting);

	router->disturbed_at = world->now;
	needed = engine_adopt_needed(router->engine, settings);
	engine_retire(router->engine, settings, world->now, room(router, needed));
	carry_out(world, router, false);	/* the numbers of its groups end now */
	router->settings = settings;
	router->revision = world->plan.revision;
	number_groups(world, router);
	done = engine_adopt(router->engine, settings, world->now, room(router, needed));
	assert(done == 0);
	carry_out(world, router, true);
	tell_all_links(world, router);

	check_after_adopting(world, router, &adopting);
	check_turn(world, router);
	sleep_on(world, router);
}

void
router_boot(struct world *world, struct router *router)
{
	if (router->run != ROUTER_OFF)
		return;
	world_note(world, HAPPENED_BOOT, router->number, 0, 0, 0, 0);
	adopt_first(world, router, plan_settings(&world->plan, router->number));
	run(world, router);
	tell_all_links(world, router);
}

/* The process is gone: what it had in its memory and its sockets goes with it. */
static void
end_process(struct world *world, struct router *router)
{
	router->disturbed_at = world->now;
	router->wake_at = NSEC_NEVER;
	forget_queue(router);
	engine_free(router->engine);
	router->engine = NULL;
}

void
router_cut_power(struct world *world, struct router *router)
{
	if (router->run == ROUTER_OFF)
		return;
	world_note(world, HAPPENED_POWER_CUT, router->number, 0, 0, 0, 0);
	end_process(world, router);
	router->run = ROUTER_OFF;
	memset(router->held, 0, sizeof(router->held));
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
	if (router->revision != world->plan.revision)
		world_schedule(world, world->now + 2 * LATENCY_MAX, EVENT_ADOPT, router->number);
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
		    !engine_holds_addresses(router->engine, (uint32_t)router->index_of[i]))
			router->held[i].held = false;
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
	engine_resume(router->engine, router->records, router->record_count, world->now,
		      room_for_call(router));
	carry_out(world, router, true);
	check_resumed(world, router);
	purge_leftovers(router);
	run(world, router);
	tell_all_links(world, router);
	check_turn(world, router);
	if (router->revision != world->plan.revision)
		world_schedule(world, world->now + 2 * LATENCY_MAX, EVENT_ADOPT, router->number);
}

void
router_set_port(struct world *world, struct router *router, unsigned segment, bool up)
{
	if (router->port_up[segment] == up)
		return;
	world_note(world, HAPPENED_PORT, router->number, segment, 0, up, 0);
	router->port_up[segment] = up;
	router->disturbed_at = world->now;
	if (router->run == ROUTER_RUNNING) {
		router->wake_at = world->now + chance_between(&world->chance, 1, LATENCY_MAX);
		world_schedule(world, router->wake_at, EVENT_WAKE, router->number);
	}
}

void
router_reset_master(struct world *world, struct router *router, unsigned group)
{
	const struct plan_group *g = &world->plan.groups[group];
	enum engine_answer answer;

	if (router->run != ROUTER_RUNNING || router->index_of[group] < 0)
		return;
	answer = engine_reset_master(router->engine, (uint32_t)router->index_of[group], world->now,
				     room_for_call(router));
	world_note(world, HAPPENED_RESET, router->number, g->segment, g->vrid, answer, 0);
	if (answer == ENGINE_DONE)
		router->disturbed_at = world->now;
	carry_out(world, router, true);
	check_turn(world, router);
	sleep_on(world, router);
}

void
router_stop(struct world *world, struct router *router)
{
	if (router->run != ROUTER_RUNNING)
		return;
	engine_stop(router->engine, world->now, room_for_call(router));
	carry_out(world, router, true);
	check_turn(world, router);
	router_cut_power(world, router);
	world_note(world, HAPPENED_STOP, router->number, 0, 0, 0, 0);
}
