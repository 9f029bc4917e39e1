/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loop of each router's process is that of router.c, and of the daemon: it reads what arrived,
 * tells the engine what has changed, lets time pass, and sleeps until the engine's deadline.
 *
 * What is tracked is found out from the links: an interface is up when it can be used, a route when
 * the link with its network can, a monitored address in a network of ours when that can be reached.
 * Of all else nothing is known here, and it counts as up.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/agenda.h"
#include "sim/chance.h"
#include "sim/duo.h"

#define START (1000 * NSEC_PER_SEC)
#define DELAY (200 * NSEC_PER_USEC)	/* of a packet */
#define LATENCY_MAX (500 * NSEC_PER_USEC)	/* of the scheduler */
#define TURN_COST (50 * NSEC_PER_USEC)
#define BATCH_MAX 64u			/* packets read in a turn */
#define ETHERNET 14u

enum event_kind { EVENT_ARRIVAL, EVENT_WAKE };

struct arrival {
	struct parcel *parcel;
	nsec_t time;
	uint32_t link;
};

struct port {				/* a link of a router */
	int32_t segment;
	bool down;			/* the router sees it */
	bool cut;			/* the router does not */
	bool told;
	bool told_usable;
};

struct side {
	unsigned number;
	const struct settings *settings;
	struct engine *engine;		/* NULL: no power */
	struct effects effects;
	struct effects answers;		/* to how a sending went */
	struct port *ports;		/* by link */
	int32_t *link_on;		/* by segment; -1 = none */
	bool *object_told;
	struct arrival *queue;
	size_t queue_count;
	size_t queue_room;
	struct chance chance;
	nsec_t wake_at;
	bool disturbed;			/* links may be other than told */
	bool leaving;
};

struct duo {
	nsec_t now;
	struct agenda agenda;
	uint32_t segment_count;
	bool *broken;			/* by segment */
	struct side sides[DUO_ROUTERS];
	const struct side *awaited;	/* its group's advertisement ends the run; NULL = none */
	uint32_t awaited_group;
	struct duo_transition *transitions;
	size_t transition_count;
	size_t transition_room;
};

static void *
new_array(size_t count, size_t size)
{
	void *array = calloc(count + 1, size);

	assert(array != NULL);
	return array;
}

/* Room for one more at the end of a list. */
static void *
grow(void *list, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return list;
	*room = 2 * *room + 64;
	list = realloc(list, *room * size);
	assert(list != NULL);
	return list;
}

static struct effects *
room_for(struct effects *effects, size_t count)
{
	if (effects->capacity < count) {
		effects->list = realloc(effects->list, count * sizeof(*effects->list));
		assert(effects->list != NULL);
		effects->capacity = count;
	}
	effects->count = 0;
	return effects;
}

static struct effects *
room(struct side *side)
{
	return room_for(&side->effects, engine_effects_needed(side->engine));
}

/* ---- links ---------------------------------------------------------------------------------- */

static const struct link_settings *
link_of(const struct side *side, uint32_t link)
{
	return &settings_links(side->settings)[link];
}

/* Can the router use it, as far as it sees?  A link needs the one below. */
static bool
is_usable(const struct side *side, uint32_t link)
{
	for (int32_t i = (int32_t)link; i >= 0; i = link_of(side, (uint32_t)i)->parent)
		if (side->ports[i].down || link_of(side, (uint32_t)i)->disable)
			return false;
	return true;
}

/* Does what leaves by it arrive on its segment, and the reverse? */
static bool
passes(const struct duo *duo, const struct side *side, uint32_t link)
{
	int32_t segment = side->ports[link].segment;

	if (segment < 0 || duo->broken[segment] || !is_usable(side, link))
		return false;
	for (int32_t i = (int32_t)link; i >= 0; i = link_of(side, (uint32_t)i)->parent)
		if (side->ports[i].cut)
			return false;
	return true;
}

/* The link with an address of its own of this network, or -1. */
static int32_t
find_network(const struct side *side, const struct ip *ip)
{
	for (uint32_t i = 0; i < side->settings->link_count; i++) {
		const struct link_settings *l = link_of(side, i);
		const struct address_settings *a = settings_link_addresses(side->settings, l);

		for (uint32_t k = 0; k < l->address_count; k++)
			if (prefix_contains(&a[k].prefix, ip))
				return (int32_t)i;
	}
	return -1;
}

/* ---- packets -------------------------------------------------------------------------------- */

static void
deliver(struct duo *duo, const struct side *to, uint32_t link, const void *bytes, size_t length)
{
	agenda_add(&duo->agenda, (struct event){
		.time = duo->now + DELAY,
		.kind = EVENT_ARRIVAL,
		.router = (uint8_t)to->number,
		.segment = link,
		.parcel = parcel_new(bytes, length, false),
	});
}

static void
send_multicast(struct duo *duo, const struct side *from, uint32_t link, const struct frame *frame)
{
	const struct side *to = &duo->sides[1 - from->number];
	int32_t there = to->link_on[from->ports[link].segment];

	if (there >= 0)
		deliver(duo, to, (uint32_t)there, frame->bytes, frame->length);
}

/* The packet finds its way when both ends have one: what is between them is not ours. */
static void
send_unicast(struct duo *duo, const struct side *from, const struct frame *frame)
{
	const struct side *to = &duo->sides[1 - from->number];
	int32_t link = find_network(to, &frame->unicast);
	uint8_t *bytes;

	if (link < 0)
		return;
	for (uint32_t i = 0; i < link_of(to, (uint32_t)link)->address_count; i++) {
		const struct link_settings *l = link_of(to, (uint32_t)link);

		if (!ip_equal(&settings_link_addresses(to->settings, l)[i].prefix.ip,
			      &frame->unicast))
			continue;
		bytes = new_array(frame->length + ETHERNET, 1);
		memcpy(bytes + 12, frame->unicast.family == 6 ? "\x86\xdd" : "\x08\x00", 2);
		memcpy(bytes + ETHERNET, frame->bytes, frame->length);
		deliver(duo, to, (uint32_t)link, bytes, frame->length + ETHERNET);
		free(bytes);
		return;
	}
}

/* An advertisement leaves by the group's link; what the kernel says of it. */
static int
send_advert(struct duo *duo, struct side *side, const struct effect *effect)
{
	uint32_t link = (uint32_t)settings_groups(side->settings)[effect->group].link;
	uint32_t count = engine_advert_count(side->engine, effect->group, effect->resign);

	if (side == duo->awaited && effect->group == duo->awaited_group)
		duo->awaited = NULL;
	if (!is_usable(side, link))
		return ENETDOWN;
	for (uint32_t i = 0; i < count; i++) {
		struct frame frame = engine_advert(side->engine, effect->group, effect->resign, i);

		if (!passes(duo, side, link))
			continue;
		if (frame.unicast.family != 0)
			send_unicast(duo, side, &frame);
		else
			send_multicast(duo, side, link, &frame);
	}
	return 0;
}

/* ---- what the engine wants ------------------------------------------------------------------ */

static void
note_transition(struct duo *duo, const struct side *side, const struct effect *effect)
{
	duo->transitions = grow(duo->transitions, duo->transition_count, &duo->transition_room,
				sizeof(*duo->transitions));
	duo->transitions[duo->transition_count++] = (struct duo_transition){
		.time = duo->now,
		.router = (uint8_t)side->number,
		.from = effect->from,
		.to = effect->to,
		.reason = effect->detail,
		.group = effect->group,
	};
}

/* Addresses are in the kernel at once and need no looking after here. */
static void
carry_out(struct duo *duo, struct side *side)
{
	for (size_t i = 0; i < side->effects.count; i++) {
		const struct effect *e = &side->effects.list[i];

		if (e->kind == EFFECT_TRANSITION)
			note_transition(duo, side, e);
		if (e->kind == EFFECT_SEND_ADVERT)
			engine_on_sent(side->engine, e->group, e->resign,
				       send_advert(duo, side, e), duo->now,
				       room_for(&side->answers,
						engine_effects_needed(side->engine)));
	}
	side->effects.count = 0;
}

/* ---- what the engine is told ---------------------------------------------------------------- */

/* The first address of a family; for version 6 one that the kernel makes. */
static struct ip
source_of(const struct side *side, uint32_t link, unsigned family)
{
	const struct link_settings *l = link_of(side, link);
	const struct address_settings *a = settings_link_addresses(side->settings, l);
	uint8_t made[16] = { 0xfe, 0x80 };

	for (uint32_t i = 0; i < l->address_count; i++)
		if (a[i].prefix.ip.family == family &&
		    (family == 4 || ip_is_link_local(&a[i].prefix.ip)))
			return a[i].prefix.ip;
	if (family == 4)
		return (struct ip){ 0 };
	made[12] = (uint8_t)(link >> 8);
	made[13] = (uint8_t)link;
	made[15] = (uint8_t)(side->number + 1);
	return ip_from_v6(made);
}

static void
tell_link(struct duo *duo, struct side *side, uint32_t link)
{
	struct port *port = &side->ports[link];
	struct link_input input = {
		.usable = is_usable(side, link),
		.exists = true,
		.mtu = 1500,
		.mac.bytes = { 2, 0, 0, (uint8_t)(link >> 8), (uint8_t)link,
			       (uint8_t)(side->number + 1) },
		.source4 = source_of(side, link, 4),
		.source6 = source_of(side, link, 6),
	};

	if (port->told && port->told_usable == input.usable)
		return;
	port->told = true;
	port->told_usable = input.usable;
	engine_on_link(side->engine, link, &input, duo->now, room(side));
	carry_out(duo, side);
}

static bool
monitor_is_up(const struct duo *duo, const struct side *side, const struct check_settings *check)
{
	int32_t link = -1;

	if (check->kind == CHECK_POLICY)
		check = &settings_checks(side->settings)[check->monitor];
	if (check->kind != CHECK_ICMP && check->kind != CHECK_TCP)
		return true;
	link = find_network(side, &check->target);
	return link < 0 || passes(duo, side, (uint32_t)link);
}

static bool
object_is_up(const struct duo *duo, const struct side *side, const struct object_settings *object)
{
	int32_t link;

	switch ((enum object_kind)object->kind) {
	case OBJECT_INTERFACE:
		link = settings_find_link(side->settings, object->name);
		return link < 0 || is_usable(side, (uint32_t)link);
	case OBJECT_ROUTE:
		link = find_network(side, &object->prefix.ip);
		return link < 0 || is_usable(side, (uint32_t)link);
	case OBJECT_CHECK:
		return monitor_is_up(duo, side,
				     &settings_checks(side->settings)[object->check]);
	case OBJECT_KINDS:
		break;
	}
	assert(!"no such object");
	return false;
}

static void
tell_objects(struct duo *duo, struct side *side, bool all)
{
	for (uint32_t i = 0; i < side->settings->object_count; i++) {
		bool up = object_is_up(duo, side, &settings_objects(side->settings)[i]);

		if (!all && up == side->object_told[i])
			continue;
		side->object_told[i] = up;
		engine_on_track(side->engine, i, up, duo->now, room(side));
		carry_out(duo, side);
	}
}

/* IPv4: the interface's first address; IPv6: any but the link-local one. */
static bool
owns(const struct side *side, const struct group_settings *group)
{
	const struct link_settings *l = settings_link_of(side->settings, group);
	const struct address_settings *virtual = settings_group_addresses(side->settings, group);
	const struct address_settings *real = settings_link_addresses(side->settings, l);
	struct ip first = source_of(side, (uint32_t)group->link, 4);

	for (uint32_t i = 0; i < group->address_count; i++) {
		if (group->family == 4 && ip_equal(&virtual[i].prefix.ip, &first))
			return true;
		for (uint32_t k = 0; group->family == 6 && k < l->address_count; k++)
			if (ip_equal(&virtual[i].prefix.ip, &real[k].prefix.ip) &&
			    !ip_is_link_local(&real[k].prefix.ip))
				return true;
	}
	return false;
}

static void
tell_owners(struct duo *duo, struct side *side)
{
	for (uint32_t i = 0; i < side->settings->group_count; i++) {
		engine_on_owner(side->engine, i,
				owns(side, &settings_groups(side->settings)[i]), duo->now,
				room(side));
		carry_out(duo, side);
	}
}

static void
tell_links(struct duo *duo, struct side *side)
{
	for (uint32_t i = 0; i < side->settings->link_count; i++)
		tell_link(duo, side, i);
}

/* ---- the loop ------------------------------------------------------------------------------- */

static void
wake_in(struct duo *duo, struct side *side, nsec_t delay)
{
	side->wake_at = duo->now + nsec_max(delay, 0) +
			chance_between(&side->chance, 1, LATENCY_MAX);
	agenda_add(&duo->agenda, (struct event){
		.time = side->wake_at,
		.kind = EVENT_WAKE,
		.router = (uint8_t)side->number,
	});
}

static void
sleep_on(struct duo *duo, struct side *side)
{
	nsec_t wake = nsec_min(engine_deadline(side->engine),
			       duo->now + engine_tick(side->engine));

	wake_in(duo, side, side->queue_count > 0 ? TURN_COST : wake - duo->now);
}

static void
read_packets(struct duo *duo, struct side *side)
{
	size_t count = side->queue_count < BATCH_MAX ? side->queue_count : BATCH_MAX;

	for (size_t i = 0; i < count; i++) {
		struct arrival *a = &side->queue[i];

		(void)engine_on_frame(side->engine, a->link,
				      reader_over(a->parcel->bytes, a->parcel->length), a->time,
				      duo->now, room(side));
		carry_out(duo, side);
		parcel_release(a->parcel);
	}
	if (count == 0)
		return;
	side->queue_count -= count;
	memmove(side->queue, side->queue + count, side->queue_count * sizeof(*side->queue));
}

static void
forget_packets(struct side *side)
{
	for (size_t i = 0; i < side->queue_count; i++)
		parcel_release(side->queue[i].parcel);
	side->queue_count = 0;
}

static void
lose_power(struct side *side)
{
	engine_free(side->engine);
	side->engine = NULL;
	side->leaving = false;
	side->wake_at = NSEC_NEVER;
	forget_packets(side);
	for (uint32_t i = 0; i < side->settings->link_count; i++)
		side->ports[i].told = false;
}

static void
on_wake(struct duo *duo, struct side *side)
{
	nsec_t heard = duo->now;

	read_packets(duo, side);
	if (side->queue_count > 0)
		heard = side->queue[0].time - 1;
	if (side->disturbed) {
		side->disturbed = false;
		tell_links(duo, side);
		tell_objects(duo, side, false);
	}
	engine_on_time(side->engine, duo->now, heard, room(side));
	carry_out(duo, side);
	if (side->leaving && engine_has_left(side->engine)) {
		engine_stop(side->engine, duo->now, room(side));
		carry_out(duo, side);
		lose_power(side);
	} else {
		sleep_on(duo, side);
	}
}

static void
on_arrival(struct duo *duo, struct side *side, const struct event *event)
{
	if (side->engine == NULL || !passes(duo, side, event->segment))
		return;
	side->queue = grow(side->queue, side->queue_count, &side->queue_room,
			   sizeof(*side->queue));
	side->queue[side->queue_count++] = (struct arrival){
		.parcel = event->parcel,
		.time = duo->now,
		.link = event->segment,
	};
	event->parcel->references++;
	if (side->wake_at > duo->now + LATENCY_MAX)
		wake_in(duo, side, 0);
}

static void
run_one(struct duo *duo)
{
	struct event event = agenda_take(&duo->agenda);
	struct side *side = &duo->sides[event.router];

	duo->now = event.time;
	if (event.kind == EVENT_ARRIVAL)
		on_arrival(duo, side, &event);
	else if (event.time == side->wake_at)
		on_wake(duo, side);
	parcel_release(event.parcel);
}

void
duo_run(struct duo *duo, nsec_t duration)
{
	nsec_t end = duo->now + duration;

	while (agenda_is_due(&duo->agenda, end))
		run_one(duo);
	duo->now = end;
}

void
duo_run_to_advert(struct duo *duo, unsigned router, uint32_t group, nsec_t most)
{
	nsec_t end = duo->now + most;

	duo->awaited = &duo->sides[router];
	duo->awaited_group = group;
	while (duo->awaited != NULL && agenda_is_due(&duo->agenda, end))
		run_one(duo);
	duo->awaited = NULL;
}

/* ---- beginning and end ---------------------------------------------------------------------- */

static void
init_side(struct duo *duo, unsigned number, const struct duo_stage *stage)
{
	struct side *side = &duo->sides[number];
	uint32_t links = stage->settings[number]->link_count;

	side->number = number;
	side->settings = stage->settings[number];
	side->chance.state = number;
	side->wake_at = NSEC_NEVER;
	side->ports = new_array(links, sizeof(*side->ports));
	side->link_on = new_array(stage->segment_count, sizeof(*side->link_on));
	side->object_told = new_array(side->settings->object_count, sizeof(bool));
	for (uint32_t i = 0; i < stage->segment_count; i++)
		side->link_on[i] = -1;
	for (uint32_t i = 0; i < links; i++) {
		int32_t segment = stage->segments[number][i];

		side->ports[i].segment = segment;
		assert(segment < (int32_t)stage->segment_count);
		assert(segment < 0 || side->link_on[segment] < 0);
		if (segment >= 0)
			side->link_on[segment] = (int32_t)i;
	}
}

struct duo *
duo_new(const struct duo_stage *stage)
{
	struct duo *duo = new_array(1, sizeof(*duo));

	duo->now = START;
	duo->segment_count = stage->segment_count;
	duo->broken = new_array(stage->segment_count, sizeof(bool));
	for (unsigned i = 0; i < DUO_ROUTERS; i++)
		init_side(duo, i, stage);
	return duo;
}

void
duo_free(struct duo *duo)
{
	for (unsigned i = 0; i < DUO_ROUTERS; i++) {
		struct side *side = &duo->sides[i];

		forget_packets(side);
		engine_free(side->engine);
		free(side->effects.list);
		free(side->answers.list);
		free(side->ports);
		free(side->link_on);
		free(side->object_told);
		free(side->queue);
	}
	agenda_done(&duo->agenda);
	free(duo->broken);
	free(duo->transitions);
	free(duo);
}

/* ---- what befalls them ---------------------------------------------------------------------- */

static void
disturb(struct duo *duo)
{
	for (unsigned i = 0; i < DUO_ROUTERS; i++) {
		duo->sides[i].disturbed = true;
		if (duo->sides[i].engine != NULL)
			wake_in(duo, &duo->sides[i], 0);
	}
}

static void
boot(struct duo *duo, struct side *side)
{
	size_t needed;
	int done;

	side->engine = engine_new();
	assert(side->engine != NULL);
	needed = engine_adopt_needed(side->engine, side->settings);
	done = engine_adopt(side->engine, side->settings, duo->now,
			    room_for(&side->effects, needed));
	assert(done == 0);
	carry_out(duo, side);
	tell_owners(duo, side);
	tell_objects(duo, side, true);
	tell_links(duo, side);
	wake_in(duo, side, 0);
}

void
duo_set_power(struct duo *duo, unsigned router, bool on)
{
	struct side *side = &duo->sides[router];

	if (on && side->engine == NULL)
		boot(duo, side);
	else if (!on && side->engine != NULL)
		lose_power(side);
}

void
duo_set_link(struct duo *duo, unsigned router, uint32_t link, bool up)
{
	duo->sides[router].ports[link].down = !up;
	disturb(duo);
}

void
duo_set_cable(struct duo *duo, unsigned router, uint32_t link, bool whole)
{
	duo->sides[router].ports[link].cut = !whole;
	disturb(duo);
}

void
duo_set_segment(struct duo *duo, uint32_t segment, bool whole)
{
	duo->broken[segment] = !whole;
	disturb(duo);
}

enum engine_answer
duo_reset(struct duo *duo, unsigned router, uint32_t group)
{
	struct side *side = &duo->sides[router];
	enum engine_answer answer;

	if (side->engine == NULL)
		return ENGINE_NO_GROUP;
	answer = engine_reset_master(side->engine, group, duo->now, room(side));
	carry_out(duo, side);
	sleep_on(duo, side);
	return answer;
}

void
duo_leave(struct duo *duo, unsigned router)
{
	struct side *side = &duo->sides[router];

	if (side->engine == NULL || side->leaving)
		return;
	engine_leave(side->engine, duo->now, room(side));
	carry_out(duo, side);
	side->leaving = true;
	sleep_on(duo, side);
}

/* ---- questions ------------------------------------------------------------------------------ */

nsec_t
duo_now(const struct duo *duo)
{
	return duo->now;
}

/*
 * A down interval is less than four intervals; a router that returns listens for one, what preempts
 * needs a second, and after a reset there may be a third.
 */
nsec_t
duo_settling(const struct duo *duo)
{
	nsec_t interval = NSEC_PER_SEC;
	nsec_t delay = 0;

	for (unsigned r = 0; r < DUO_ROUTERS; r++) {
		const struct settings *s = duo->sides[r].settings;

		for (uint32_t i = 0; i < s->group_count; i++) {
			const struct group_settings *g = &settings_groups(s)[i];

			interval = nsec_max(interval, g->interval);
			delay = nsec_max(delay, g->preempt_delay + g->start_delay);
		}
	}
	for (unsigned r = 0; r < DUO_ROUTERS; r++) {
		const struct settings *s = duo->sides[r].settings;
		nsec_t longest = 0;

		for (uint32_t i = 0; i < s->track_count; i++)
			longest = nsec_max(longest, nsec_max(settings_tracks(s)[i].up_delay,
							     settings_tracks(s)[i].down_delay));
		delay += longest;
	}
	return 12 * interval + delay + NSEC_PER_SEC;
}

bool
duo_runs(const struct duo *duo, unsigned router)
{
	return duo->sides[router].engine != NULL;
}

bool
duo_reaches(const struct duo *duo, unsigned router, uint32_t segment)
{
	const struct side *side = &duo->sides[router];
	int32_t link = side->link_on[segment];

	return side->engine != NULL && link >= 0 && passes(duo, side, (uint32_t)link);
}

enum vrouter_state
duo_state(const struct duo *duo, unsigned router, uint32_t group)
{
	const struct side *side = &duo->sides[router];

	if (side->engine == NULL)
		return VROUTER_INIT;
	return (enum vrouter_state)engine_status(side->engine, group)->state;
}

const struct duo_transition *
duo_transitions(const struct duo *duo, size_t *ret_count)
{
	*ret_count = duo->transition_count;
	return duo->transitions;
}
