/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clock, event queue and segments.  It decides when a packet arrives, if at all; what a router
 * does about it is router.c's, and whether that is right is check.c's.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/world.h"

#define DELAY_HEALTHY (200 * NSEC_PER_USEC)

void
world_init(struct world *world, uint64_t seed, bool verbose)
{
	memset(world, 0, sizeof(*world));
	world->seed = seed;
	world->now = WORLD_START;
	world->chance.state = seed;
	history_init(&world->history, verbose);
	for (unsigned i = 0; i < ROUTERS_MAX; i++)
		router_init(&world->routers[i], i);
	for (unsigned i = 0; i < SEGMENTS_MAX; i++)
		world->segments[i].delay = DELAY_HEALTHY;
}

void
world_done(struct world *world)
{
	for (unsigned i = 0; i < ROUTERS_MAX; i++)
		router_done(&world->routers[i]);
	for (size_t i = 0; i < world->event_count; i++)
		parcel_release(world->events[i].parcel);
	free(world->events);
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

static bool
earlier(const struct event *a, const struct event *b)
{
	return a->time != b->time ? a->time < b->time : a->order < b->order;
}

static void
push(struct world *world, struct event event)
{
	size_t at = world->event_count++;

	if (world->event_count > world->event_capacity) {
		world->event_capacity = 2 * world->event_capacity + 64;
		world->events = realloc(world->events,
			world->event_capacity * sizeof(*world->events));
		assert(world->events != NULL);
	}
	event.order = world->event_order++;
	while (at > 0 && earlier(&event, &world->events[(at - 1) / 2])) {
		world->events[at] = world->events[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	world->events[at] = event;
}

static struct event
pop(struct world *world)
{
	struct event *heap = world->events;
	struct event first = heap[0];
	struct event last = heap[--world->event_count];
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= world->event_count)
			break;
		if (child + 1 < world->event_count && earlier(&heap[child + 1], &heap[child]))
			child++;
		if (!earlier(&heap[child], &last))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = last;
	return first;
}

void
world_schedule(struct world *world, nsec_t time, enum event_kind kind, unsigned router)
{
	push(world, (struct event){ .time = time, .kind = kind, .router = (uint8_t)router });
}

void
parcel_release(struct parcel *parcel)
{
	if (parcel != NULL && --parcel->references == 0)
		free(parcel);
}

static void
deliver(struct world *world, struct parcel *parcel, unsigned segment, unsigned to)
{
	const struct segment *s = &world->segments[segment];

	parcel->references++;
	push(world, (struct event){
		.time = world->now + s->delay + chance_between(&world->chance, 0, s->jitter),
		.kind = EVENT_ARRIVAL,
		.router = (uint8_t)to,
		.segment = (uint8_t)segment,
		.parcel = parcel,
	});
}

void
world_transmit(struct world *world, unsigned from, unsigned segment, const void *bytes,
               size_t length, bool forged)
{
	const struct segment *s = &world->segments[segment];
	struct parcel *parcel = malloc(sizeof(*parcel));

	assert(parcel != NULL && length <= PARCEL_MAX);
	parcel->references = 1;
	parcel->forged = forged;
	parcel->length = length;
	memcpy(parcel->bytes, bytes, length);

	for (unsigned to = 0; to < world->plan.routers; to++) {
		if (to == from || (from < ROUTERS_MAX && s->cut[from][to]))
			continue;
		if (s->loss > 0 && chance_percent(&world->chance, s->loss))
			continue;
		deliver(world, parcel, segment, to);
		if (s->duplicates > 0 && chance_percent(&world->chance, s->duplicates))
			deliver(world, parcel, segment, to);
	}
	parcel_release(parcel);
}

static void
happen(struct world *world, const struct event *event)
{
	struct router *router = &world->routers[event->router];

	switch (event->kind) {
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
	case EVENT_BOOT:
		router_boot(world, router);
		break;
	case EVENT_ADOPT:
		router_on_adopt(world, router);
		break;
	}
}

bool
world_run_until(struct world *world, nsec_t time)
{
	while (!world->check.broken && world->event_count > 0 && world->events[0].time <= time) {
		struct event event = pop(world);

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
	for (unsigned i = 0; i < world->plan.routers; i++)
		world_schedule(world, world->now + chance_between(&world->chance, 0, within),
			       EVENT_BOOT, i);
}

void
world_lose(struct world *world, unsigned segment, unsigned percent, nsec_t jitter)
{
	struct segment *s = &world->segments[segment];

	s->loss = percent;
	s->jitter = nsec_min(jitter, DELAY_MAX - s->delay);
	s->loss_ended = world->now;
	world_note(world, HAPPENED_LOSS, 0, segment, 0, percent, s->delay + s->jitter);
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
	for (unsigned i = 0; i < world->plan.routers; i++)
		world_schedule(world, world->now + chance_between(&world->chance, 0, within),
			       EVENT_ADOPT, i);
}

void
world_heal(struct world *world)
{
	world_note(world, HAPPENED_HEALED, 0, 0, 0, 0, 0);
	for (unsigned i = 0; i < world->plan.segments; i++) {
		struct segment *s = &world->segments[i];

		world_lose(world, i, 0, 0);
		s->duplicates = 0;
		for (unsigned from = 0; from < ROUTERS_MAX; from++)
			for (unsigned to = 0; to < ROUTERS_MAX; to++)
				world_cut(world, i, from, to, false);
	}
	for (unsigned i = 0; i < world->plan.routers; i++) {
		struct router *router = &world->routers[i];

		for (unsigned k = 0; k < world->plan.segments; k++)
			router_set_port(world, router, k, true);
		router_thaw(world, router);
		router_restart(world, router);
		router_boot(world, router);
	}
	world_spread_plan(world, NSEC_PER_SEC);
}
