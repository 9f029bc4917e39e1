/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clock, what happens when, and segments.  It decides when a packet arrives, if at all; what a
 * router does about it is router.c's, and whether that is right is check.c's.
 */
#include <string.h>

#include "sim/world.h"

#define DELAY_HEALTHY (200 * NSEC_PER_USEC)

void
world_seed(struct world *world, uint64_t seed)
{
	struct chance chance = { .state = seed };

	/* Each has its own: what happens to one moves no other's dice. */
	world->chance.state = chance_next(&chance);
	for (unsigned i = 0; i < ROUTERS_MAX; i++)
		world->routers[i].chance.state = chance_next(&chance);
	for (unsigned i = 0; i < SEGMENTS_MAX; i++)
		world->segments[i].chance.state = chance_next(&chance);
}

void
world_init(struct world *world, uint64_t seed, bool verbose)
{
	memset(world, 0, sizeof(*world));
	world->now = WORLD_START;
	world->delay_max = DELAY_HEALTHY;
	history_init(&world->history, verbose);
	for (unsigned i = 0; i < ROUTERS_MAX; i++)
		router_init(&world->routers[i], i);
	for (unsigned i = 0; i < SEGMENTS_MAX; i++)
		world->segments[i].delay = DELAY_HEALTHY;
	world_seed(world, seed);
}

void
world_done(struct world *world)
{
	for (unsigned i = 0; i < ROUTERS_MAX; i++)
		router_done(&world->routers[i]);
	agenda_done(&world->agenda);
	for (unsigned i = 0; i < CAPTURED_MAX; i++)
		parcel_release(world->captured[i].parcel);
}

void
world_note(struct world *world, enum happening what, unsigned router, unsigned segment,
           unsigned vrid, int64_t a, int64_t b)
{
	struct history_line line = {
		.time = world->now - WORLD_START,
		.what = (uint8_t)what,
		.router = (uint8_t)router,
		.segment = (uint8_t)segment,
		.vrid = (uint8_t)vrid,
		.a = a,
		.b = b,
	};

	history_note(&world->history, &line);
}

void
world_schedule(struct world *world, nsec_t time, enum event_kind kind, unsigned router)
{
	agenda_add(&world->agenda, (struct event){
		.time = time,
		.kind = kind,
		.router = (uint8_t)router,
	});
}

void
world_schedule_request(struct world *world, nsec_t time, unsigned router, unsigned group,
                       const struct request *request, unsigned process)
{
	agenda_add(&world->agenda, (struct event){
		.time = time,
		.kind = EVENT_REQUEST,
		.router = (uint8_t)router,
		.group = (uint8_t)group,
		.process = process,
		.request = *request,
	});
}

/* ---- packets -------------------------------------------------------------------------------- */

/* Sums and codes must find out one wrong bit; behind the Ethernet header, which nobody judges. */
static struct parcel *
damaged(struct segment *s, struct parcel *parcel)
{
	struct parcel *wrong = parcel_new(parcel->bytes, parcel->length, true);
	unsigned bit = chance_below(&s->chance, 8 * (unsigned)(parcel->length - 14));

	wrong->bytes[14 + bit / 8] ^= (uint8_t)(1u << bit % 8);
	return wrong;
}

static void
deliver(struct world *world, struct parcel *parcel, unsigned segment, unsigned to)
{
	struct segment *s = &world->segments[segment];

	if (s->damage > 0 && chance_percent(&s->chance, s->damage))
		parcel = damaged(s, parcel);
	else
		parcel->references++;
	agenda_add(&world->agenda, (struct event){
		.time = world->now + s->delay + chance_between(&s->chance, 0, s->jitter),
		.kind = EVENT_ARRIVAL,
		.router = (uint8_t)to,
		.segment = segment,
		.parcel = parcel,
	});
}

void
world_transmit(struct world *world, unsigned from, unsigned to, unsigned segment,
               const void *bytes, size_t length, bool forged)
{
	struct segment *s = &world->segments[segment];
	struct parcel *parcel = parcel_new(bytes, length, forged);

	for (unsigned i = 0; i < world->plan.routers; i++) {
		if (i == from || (to < ROUTERS_MAX && i != to) ||
		    (from < ROUTERS_MAX && s->cut[from][i]))
			continue;
		if (s->loss > 0 && chance_percent(&s->chance, s->loss))
			continue;
		deliver(world, parcel, segment, i);
		if (s->duplicates > 0 && chance_percent(&s->chance, s->duplicates))
			deliver(world, parcel, segment, i);
	}
	parcel_release(parcel);
}

void
world_capture(struct world *world, unsigned group, const void *bytes, size_t length)
{
	struct captured *c = &world->captured[world->captured_count++ % CAPTURED_MAX];

	parcel_release(c->parcel);
	c->group = (uint8_t)group;
	c->parcel = parcel_new(bytes, length, true);
}

static bool
has_master(const struct world *world, unsigned group)
{
	for (unsigned i = 0; i < world->plan.routers; i++)
		if (world->routers[i].run == ROUTER_RUNNING &&
		    router_is_master(&world->routers[i], group))
			return true;
	return false;
}

void
world_forget_captured(struct world *world)
{
	for (unsigned i = 0; i < CAPTURED_MAX; i++) {
		struct captured *c = &world->captured[i];

		if (c->parcel == NULL || has_master(world, c->group))
			continue;
		parcel_release(c->parcel);
		c->parcel = NULL;
	}
}

/* ---- events --------------------------------------------------------------------------------- */

static void
happen(struct world *world, const struct event *event)
{
	struct router *router = &world->routers[event->router];

	switch ((enum event_kind)event->kind) {
	case EVENT_ARRIVAL:
		router_on_arrival(world, router, event->segment, event->parcel);
		break;
	case EVENT_WAKE:
		if (event->time == router->wake_at)
			router_on_wake(world, router);
		break;
	case EVENT_RESTART:
		router_restart(world, router);
		break;
	case EVENT_THAW:
		router_thaw(world, router);
		break;
	case EVENT_GO_ON:
		router_go_on(world, router);
		break;
	case EVENT_BOOT:
		router_boot(world, router);
		break;
	case EVENT_ADOPT:
		router_on_adopt(world, router);
		break;
	case EVENT_REQUEST:
		kernel_on_request(world, router, event->group, &event->request, event->process);
		break;
	case EVENT_MEND:
		kernel_on_mend(world, router);
		break;
	}
}

bool
world_run_until(struct world *world, nsec_t time)
{
	while (!world->check.broken && agenda_is_due(&world->agenda, time)) {
		struct event event = agenda_take(&world->agenda);

		world->now = event.time;
		happen(world, &event);
		parcel_release(event.parcel);
	}
	world->now = nsec_max(world->now, time);
	return !world->check.broken;
}

void
world_boot(struct world *world, nsec_t within)
{
	plan_note_intervals(&world->plan);
	for (unsigned i = 0; i < world->plan.routers; i++)
		world_schedule(world, world->now + chance_between(&world->chance, 0, within),
			       EVENT_BOOT, i);
}

/* ---- faults --------------------------------------------------------------------------------- */

static void
note_segment(struct world *world, unsigned segment)
{
	const struct segment *s = &world->segments[segment];

	world_note(world, HAPPENED_WEATHER, 0, segment, 0, s->loss << 16 | s->damage << 8 |
		   s->duplicates, s->delay + s->jitter);
}

void
world_lose(struct world *world, unsigned segment, unsigned percent)
{
	world->segments[segment].loss = percent;
	world->segments[segment].loss_ended = world->now;
	note_segment(world, segment);
}

void
world_damage(struct world *world, unsigned segment, unsigned percent)
{
	world->segments[segment].damage = percent;
	world->segments[segment].loss_ended = world->now;
	note_segment(world, segment);
}

void
world_delay(struct world *world, unsigned segment, nsec_t jitter)
{
	struct segment *s = &world->segments[segment];

	s->jitter = nsec_min(jitter, DELAY_MAX - s->delay);
	world->delay_max = nsec_max(world->delay_max, s->delay + s->jitter);
	note_segment(world, segment);
}

void
world_cut(struct world *world, unsigned segment, unsigned from, unsigned to, bool cut)
{
	struct segment *s = &world->segments[segment];

	if (s->cut[from][to] == cut)
		return;
	s->cut[from][to] = cut;
	s->cut_ended[from][to] = world->now;
	world_note(world, HAPPENED_CUT, from, segment, 0, to, cut);
}

void
world_spread_plan(struct world *world, nsec_t within)
{
	plan_note_intervals(&world->plan);
	world->plan.revision++;
	for (unsigned i = 0; i < world->plan.routers; i++)
		world_schedule(world, world->now + chance_between(&world->chance, 0, within),
			       EVENT_ADOPT, i);
}

static void
heal_router(struct world *world, struct router *router)
{
	kernel_set_faults(world, router, 0, 0);
	router_set_mute(world, router, 0);
	for (unsigned i = 0; i < world->plan.segments; i++)
		router_set_port(world, router, i, true);
	for (unsigned i = 0; i < world->plan.objects; i++)
		router_set_object(world, router, i, true);
	router_go_on(world, router);
	router_thaw(world, router);
	if (router->leaving)
		router_stop(world, router);
	router_restart(world, router);
	router_boot(world, router);
}

void
world_heal(struct world *world, nsec_t within)
{
	world_note(world, HAPPENED_HEALED, 0, 0, 0, 0, 0);
	for (unsigned i = 0; i < world->plan.segments; i++) {
		world->segments[i].duplicates = 0;
		world_lose(world, i, 0);
		world_damage(world, i, 0);
		world_delay(world, i, 0);
		for (unsigned from = 0; from < ROUTERS_MAX; from++)
			for (unsigned to = 0; to < ROUTERS_MAX; to++)
				world_cut(world, i, from, to, false);
	}
	for (unsigned i = 0; i < world->plan.routers; i++)
		heal_router(world, &world->routers[i]);
	world_spread_plan(world, within);
}
