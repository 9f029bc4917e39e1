/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A group's effects are held in the form of bits, because only the last word of each kind counts:
 * so nothing is allocated and nothing overflows, however long an answer takes.
 */
#include "core/gate.h"

#include <errno.h>
#include <stdlib.h>

#include "core/election.h"

enum held {
	HELD_TAKE = 1 << 0,
	HELD_ADVERT = 1 << 1,
	HELD_ANNOUNCE = 1 << 2,
	HELD_ROUTER = 1 << 3,
};

struct gate_group {
	uint8_t held;
	bool taken;			/* has passed */
	nsec_t lease;
};

int
gate_prepare(struct gate *next, const struct settings *settings)
{
	gate_done(next);
	next->settings = settings;
	next->connsync = settings_connsync(settings);
	next->groups = calloc(settings->group_count + 1u, sizeof(*next->groups));
	return next->groups ? 0 : -ENOMEM;
}

static bool
is_followed(const struct gate *gate, uint32_t group)
{
	return gate->connsync &&
	       settings_groups(gate->settings)[group].sync == gate->connsync->sync;
}

static void
set_taken(struct gate *gate, uint32_t group, bool taken)
{
	if (gate->groups[group].taken == taken)
		return;
	gate->groups[group].taken = taken;
	gate->taken = taken ? gate->taken + 1 : gate->taken - 1;
}

void
gate_adopt(struct gate *gate, struct gate *next, const struct engine *engine)
{
	assert(next->groups);		/* prepared */
	gate_done(gate);
	*gate = *next;
	*next = (struct gate){ .until = NSEC_NEVER, .speak_at = NSEC_NEVER };
	gate->settings = engine_settings(engine);
	gate->connsync = settings_connsync(gate->settings);
	gate->until = gate->speak_at = NSEC_NEVER;
	for (uint32_t i = 0; i < gate->settings->group_count; i++)
		if (is_followed(gate, i) && engine_holds_addresses(engine, i))
			set_taken(gate, i, true);
}

void
gate_done(struct gate *gate)
{
	free(gate->groups);
	*gate = (struct gate){ .until = NSEC_NEVER, .speak_at = NSEC_NEVER };
}

/* The bit of an effect that can be held; 0 for the others. */
static unsigned
bit_of(const struct effect *effect, bool behind)
{
	switch (effect->kind) {
	case EFFECT_TAKE_ADDRESSES:
		return HELD_TAKE;
	case EFFECT_SEND_ADVERT:
		return behind && !effect->resign ? HELD_ADVERT : 0;
	case EFFECT_ANNOUNCE:
		return HELD_ANNOUNCE;
	case EFFECT_ADVERTISE_ROUTER:
		return HELD_ROUTER;
	case EFFECT_RENEW_ADDRESSES:
	case EFFECT_DROP_ADDRESSES:
	case EFFECT_TRANSITION:
	case EFFECT_ALARM:
	case EFFECT_KINDS:
		break;
	}
	return 0;
}

/* The first addresses of all begin the wait; those that come while others have passed do not. */
static bool
begins_wait(const struct gate *gate, const struct effect *effect)
{
	return effect->kind == EFFECT_TAKE_ADDRESSES && gate->taken == 0 &&
	       gate->connsync->promotion_wait > 0;
}

/*
 * How long a new master may say nothing.  The next router may take over as soon as its skew is
 * longer than ours by the least there is; half of that is for the packet to arrive.
 */
static nsec_t
speechless(const struct gate *gate, uint32_t group)
{
	const struct group_settings *g = &settings_groups(gate->settings)[group];

	return (election_skew(g->version, 1, g->interval) -
	        election_skew(g->version, 2, g->interval)) / 2;
}

bool
gate_holds(struct gate *gate, const struct effect *effect, bool behind, nsec_t now)
{
	unsigned bit = bit_of(effect, behind);
	struct gate_group *group;

	if (!is_followed(gate, effect->group))
		return false;
	group = &gate->groups[effect->group];
	if (effect->kind == EFFECT_DROP_ADDRESSES) {
		group->held = 0;
		set_taken(gate, effect->group, false);
		return false;
	}
	/* Who resigned announces nothing, though it may keep the addresses until another is
	 * heard. */
	if (effect->kind == EFFECT_SEND_ADVERT && effect->resign)
		group->held &= HELD_TAKE;
	if (effect->kind == EFFECT_RENEW_ADDRESSES && !(group->held & HELD_TAKE))
		set_taken(gate, effect->group, true);
	if (gate->until == NSEC_NEVER && begins_wait(gate, effect))
		gate->until = nsec_add(now, gate->connsync->promotion_wait);
	if (gate->until == NSEC_NEVER || group->taken) {
		if (effect->kind == EFFECT_TAKE_ADDRESSES)
			set_taken(gate, effect->group, true);
		return false;
	}
	if (effect->kind == EFFECT_TAKE_ADDRESSES)
		group->lease = effect->lease;
	group->held |= (uint8_t)bit;
	if (bit == HELD_ADVERT)
		gate->speak_at = nsec_min(gate->speak_at,
		                          nsec_add(now, speechless(gate, effect->group)));
	/* A lease is prolonged with the addresses themselves. */
	return bit != 0 || effect->kind == EFFECT_RENEW_ADDRESSES;
}

bool
gate_speak(struct gate *gate, uint32_t group)
{
	bool held = gate->groups[group].held & HELD_ADVERT;

	gate->groups[group].held &= (uint8_t)~HELD_ADVERT;
	return held;
}

void
gate_spoken(struct gate *gate)
{
	gate->speak_at = NSEC_NEVER;
}

void
gate_open(struct gate *gate)
{
	gate->until = gate->speak_at = NSEC_NEVER;
}

size_t
gate_release(struct gate *gate, uint32_t number, struct effect effects[GATE_EFFECTS_MAX])
{
	static const struct {
		unsigned bit;
		enum effect_kind kind;
	} order[GATE_EFFECTS_MAX] = {
		{ HELD_TAKE, EFFECT_TAKE_ADDRESSES },
		{ HELD_ADVERT, EFFECT_SEND_ADVERT },
		{ HELD_ANNOUNCE, EFFECT_ANNOUNCE },
		{ HELD_ROUTER, EFFECT_ADVERTISE_ROUTER },
	};
	struct gate_group *group = &gate->groups[number];
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (group->held & order[i].bit)
			effects[count++] = (struct effect){ .kind = order[i].kind,
				                            .group = number,
				                            .lease = group->lease };
	if (group->held & HELD_TAKE)
		set_taken(gate, number, true);
	group->held = 0;
	return count;
}
