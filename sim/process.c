/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a router's fake process does with the engine: it carries out what the engine wants, and
 * tells it what it wants to know.  No decision of the protocol may be made here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/process.h"
#include "sim/world.h"

#define ETHERNET 14u

struct effects *
process_room_for(struct router *router, size_t count)
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

struct effects *
process_room(struct router *router)
{
	return process_room_for(router, engine_effects_needed(router->engine));
}

/* ---- what the engine wants ------------------------------------------------------------------ */

/* A packet for one address: a frame again, for the port of the router that has it. */
static void
send_unicast(struct world *world, struct router *router, unsigned segment,
             const struct frame *frame)
{
	uint8_t bytes[PARCEL_MAX] = { 0 };
	unsigned to = frame->unicast.bytes[frame->unicast.family == 6 ? 15 : 3] - 1u;

	assert(frame->length + ETHERNET <= sizeof(bytes) && to < world->plan.routers);
	memcpy(bytes + 12, frame->unicast.family == 6 ? "\x86\xdd" : "\x08\x00", 2);
	memcpy(bytes + ETHERNET, frame->bytes, frame->length);
	world_transmit(world, router->number, to, segment, bytes, frame->length + ETHERNET, false);
}

/* What somebody missed would be news to it when it is sent again. */
static bool
all_hear(const struct world *world, unsigned segment, unsigned group)
{
	const struct segment *s = &world->segments[segment];

	for (unsigned i = 0; i < world->plan.routers; i++) {
		const struct router *router = &world->routers[i];

		if (router->run == ROUTER_OFF)
			continue;
		if (router->run != ROUTER_RUNNING || router->index_of[group] < 0 ||
		    !router->kernel.port_up[segment])
			return false;
		for (unsigned k = 0; k < world->plan.routers; k++)
			if (s->cut[i][k] || s->cut[k][i])
				return false;
	}
	return s->loss == 0 && s->damage == 0;
}

/* An advertisement leaves by the group's port; what the kernel says of it. */
static int
send_advert(struct world *world, struct router *router, unsigned group, const struct effect *effect)
{
	const struct plan_group *g = &world->plan.groups[group];
	const struct vrouter_status *st = engine_status(router->engine, effect->group);
	uint32_t count = engine_advert_count(router->engine, effect->group, effect->resign);
	int error = router->kernel.port_up[g->segment] ? 0 : ENETDOWN;

	assert(count > 0);
	if (router->mute > 0 && chance_percent(&router->chance, router->mute)) {
		error = ENOBUFS;
		router->vain_at = world->now;
	}
	world_note(world, HAPPENED_SENT, router->number, g->segment, g->vrid,
		   effect->resign ? 0 : st->effective_priority, error);
	if (!effect->resign)
		check_sent(world, router, group);
	for (uint32_t i = 0; i < count; i++) {
		struct frame frame = engine_advert(router->engine, effect->group, effect->resign,
						   i);

		if (error == 0 && frame.unicast.family != 0)
			send_unicast(world, router, g->segment, &frame);
		else if (error == 0)
			world_transmit(world, router->number, ROUTERS_MAX, g->segment, frame.bytes,
				       frame.length, false);
		if (error == 0 && g->auth == AUTH_AH && !effect->resign && !frame.unicast.family &&
		    all_hear(world, g->segment, group))
			world_capture(world, group, frame.bytes, frame.length);
	}
	return error;
}

static void
request(struct world *world, struct router *router, unsigned group, enum request_kind kind,
        nsec_t lease)
{
	kernel_request(world, router, group, &(struct request){
		.kind = kind,
		.expires = router_clock(world, router) + lease,
		.list = kind == REQUEST_TAKE ? router_address_list(router, group) : 0,
	});
}

/* Frames that nobody in this world reads, but which must be made. */
static void
announce(struct router *router, const struct effect *effect)
{
	const struct group_settings *g = &settings_groups(router->settings)[effect->group];
	uint8_t bytes[ANNOUNCE_FRAME_MAX];
	uint32_t link;

	for (uint32_t i = 0; i < group_held_count(g); i++)
		(void)engine_announcement(router->engine, effect->group, i, bytes, &link);
}

static void
carry_out_one(struct world *world, struct router *router, const struct effect *effect, int *error)
{
	unsigned group = router->group_of[effect->group];
	const struct plan_group *g = &world->plan.groups[group];
	enum happening what = HAPPENED_ANNOUNCE;
	int64_t a = 0;
	int64_t b = 0;

	check_effect(world, router, effect);
	switch (effect->kind) {
	case EFFECT_SEND_ADVERT:
		*error = send_advert(world, router, group, effect);
		return;
	case EFFECT_TAKE_ADDRESSES:
		what = HAPPENED_TAKE;
		a = effect->lease;
		break;
	case EFFECT_RENEW_ADDRESSES:
		what = HAPPENED_RENEW;
		a = effect->lease;
		break;
	case EFFECT_DROP_ADDRESSES:
		what = HAPPENED_DROP;
		break;
	case EFFECT_ADVERTISE_ROUTER:
	case EFFECT_ANNOUNCE:
		announce(router, effect);
		break;
	case EFFECT_TRANSITION:
		what = HAPPENED_TRANSITION;
		a = effect->from << 8 | effect->to;
		b = effect->detail;
		break;
	case EFFECT_ALARM:
		what = HAPPENED_ALARM;
		a = effect->detail;
		b = effect->raised;
		break;
	case EFFECT_KINDS:
		assert(!"no such effect");
	}
	world_note(world, what, router->number, g->segment, g->vrid, a, b);
	if (effect->kind == EFFECT_TAKE_ADDRESSES)
		request(world, router, group, REQUEST_TAKE, effect->lease);
	if (effect->kind == EFFECT_RENEW_ADDRESSES)
		request(world, router, group, REQUEST_RENEW, effect->lease);
	if (effect->kind == EFFECT_DROP_ADDRESSES)
		request(world, router, group, REQUEST_DROP, 0);
	if (effect->kind == EFFECT_TRANSITION)
		check_transition(world, router, group, effect);
}

void
process_carry_out(struct world *world, struct router *router, bool tell)
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
			       router_clock(world, router), process_room(router));
		process_carry_out(world, router, true);
	}
}

/* ---- what the process tells the engine ------------------------------------------------------ */

static void
tell_link(struct world *world, struct router *router, uint32_t link)
{
	unsigned segment = plan_segment(settings_links(router->settings)[link].name);

	if (segment == SEGMENTS_MAX)
		return;			/* the port below VLANs: no group is on it */

	struct link_input input = {
		.usable = router->kernel.port_up[segment],
		.exists = true,
		.mtu = 1500,
		.mac.bytes = { 2, 0, 0, 0, (uint8_t)segment, (uint8_t)(router->number + 1) },
		.source4 = plan_address(4, router->number, segment),
		.source6 = plan_address(6, router->number, segment),
	};

	router->port_told[segment] = router->kernel.port_up[segment];
	engine_on_link(router->engine, link, &input, router_clock(world, router),
		       process_room(router));
	process_carry_out(world, router, true);
}

static void
tell_object(struct world *world, struct router *router, uint32_t index)
{
	unsigned object = router_object(router, index);

	router->object_told[object] = router->object_up[object];
	engine_on_track(router->engine, index, router->object_up[object],
			router_clock(world, router), process_room(router));
	process_carry_out(world, router, true);
}

static void
tell_owner(struct world *world, struct router *router, uint32_t index)
{
	engine_on_owner(router->engine, index, router->owns[router->group_of[index]],
			router_clock(world, router), process_room(router));
	process_carry_out(world, router, true);
}

void
process_tell_all(struct world *world, struct router *router)
{
	for (uint32_t i = 0; i < router->settings->group_count; i++)
		tell_owner(world, router, i);
	for (uint32_t i = 0; i < router->settings->object_count; i++)
		tell_object(world, router, i);
	for (uint32_t i = 0; i < router->settings->link_count; i++)
		tell_link(world, router, i);
}

void
process_tell_changes(struct world *world, struct router *router)
{
	for (uint32_t i = 0; i < router->settings->link_count; i++) {
		unsigned segment = plan_segment(settings_links(router->settings)[i].name);

		if (segment < SEGMENTS_MAX &&
		    router->port_told[segment] != router->kernel.port_up[segment])
			tell_link(world, router, i);
	}
	for (uint32_t i = 0; i < router->settings->object_count; i++) {
		unsigned object = router_object(router, i);

		if (router->object_told[object] != router->object_up[object])
			tell_object(world, router, i);
	}
}

void
process_read_packets(struct world *world, struct router *router)
{
	struct kernel *kernel = &router->kernel;

	router->heard_genuine = false;
	for (unsigned i = 0; i < BATCH_MAX && kernel->queue_count > 0; i++) {
		struct arrival a = kernel_read(kernel);
		char name[NAME_SIZE] = { 'l', 'a', 'n', (char)('0' + a.segment) };
		int link = settings_find_link(router->settings, name);
		enum advert_fault fault;

		assert(link >= 0);
		fault = engine_on_frame(router->engine, (uint32_t)link,
					reader_over(a.parcel->bytes, a.parcel->length), a.time,
					router_clock(world, router), process_room(router));
		/* A replayed one may be news to who missed it. */
		router->heard_genuine |= !a.parcel->forged || fault == ADVERT_OK;
		world_note(world, HAPPENED_HEARD, router->number, a.segment, 0,
			   a.parcel->length > 60 ? a.parcel->bytes[60] : 0, fault);
		process_carry_out(world, router, true);
		parcel_release(a.parcel);
	}
}
