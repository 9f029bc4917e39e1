/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An advertisement never waits for address work, with one exception: the first one from a virtual
 * MAC turns switches towards us, so it leaves right behind the request that raises the virtual link
 * (if that takes longer than until the next advertisement, this one does not wait).  Announcements
 * always go behind the addresses they announce (RFC 9568 8.1.2), and so many of them at once that
 * the loop had better not send them itself.
 */
#include "daemon/courier.h"

#include <errno.h>
#include <stdlib.h>

#include "core/gate.h"
#include "daemon/report.h"
#include "system/clock.h"

#define FRAMES_A_SEND 64u

/* Tokens of frames that go the way of the interfaces. */
enum { TOKEN_NONE, TOKEN_ADVERT, TOKEN_RESIGN };

/* What is sized by the settings. */
struct room {
	struct effects aftermath;	/* of having sent; alarms only */
	uint32_t *taken;		/* per group: the last round that takes its addresses */
	uint32_t *resigned;		/* ... in which its resignation was given to them */
	bool *behind;			/* per effect of the list: not sent at once */
};

struct courier {
	struct engine *engine;
	struct interfaces *interfaces;
	struct recorder *recorder;
	const struct settings *settings;
	struct packet_senders senders;
	struct room room;
	struct room next;		/* prepared */
	struct gate gate;
	struct gate next_gate;
	uint32_t round;
	bool watched;			/* packets go into the journal, in this round */
	struct outgoing frames[FRAMES_A_SEND];		/* collected to be sent together */
	struct effect owners[FRAMES_A_SEND];		/* the effect each of them comes from */
	size_t count;
};

/* ---- advertisements ------------------------------------------------------------------------- */

static void
tell_engine(struct courier *c, uint32_t group, bool resign, int error, nsec_t now)
{
	c->room.aftermath.count = 0;
	engine_on_sent(c->engine, group, resign, error, now, &c->room.aftermath);
	for (size_t i = 0; i < c->room.aftermath.count; i++) {
		recorder_effect(c->recorder, &c->room.aftermath.list[i]);
		report_effect(c->engine, &c->room.aftermath.list[i]);
	}
}

/*
 * Send what was collected.  An advertisement is one packet, or one for each of several peers, which
 * then stand side by side: it was sent if one of them was.
 */
static void
send_collected(struct courier *c)
{
	nsec_t now;

	if (c->count == 0)
		return;
	packet_send(&c->senders, c->frames, c->count);
	now = clock_now();
	for (size_t i = 0, next; i < c->count; i = next) {
		const struct effect *owner = &c->owners[i];
		int error = c->frames[i].error;

		for (next = i + 1; next < c->count && c->owners[next].group == owner->group &&
		     c->owners[next].resign == owner->resign; next++)
			error = c->frames[next].error == 0 ? 0 : error;
		tell_engine(c, owner->group, owner->resign, error, now);
	}
	c->count = 0;
}

/* Is this the advertisement that must not leave before its virtual link is up? */
static bool
must_follow_take(const struct courier *c, uint32_t group)
{
	return settings_groups(c->settings)[group].rfc_compatibility &&
	       (c->room.taken[group] == c->round || interfaces_is_taking(c->interfaces, group)) &&
	       !interfaces_is_sending(c->interfaces, group);
}

/* Should the advertisement go the way of the interfaces? */
static bool
goes_behind(struct courier *c, const struct effect *effect)
{
	if (!effect->resign)
		return must_follow_take(c, effect->group);
	interfaces_forget_frames(c->interfaces, effect->group);
	/* One that the writer has already must not come after the resignation. */
	return interfaces_is_sending(c->interfaces, effect->group);
}

static void
send_advert(struct courier *c, const struct effect *effect, bool behind)
{
	const struct group_settings *group = &settings_groups(c->settings)[effect->group];
	uint32_t count = engine_advert_count(c->engine, effect->group, effect->resign);
	int ifindex = interfaces_index(c->interfaces, (uint32_t)group->link);

	if (ifindex == 0)
		return;
	if (c->count + count > FRAMES_A_SEND)
		send_collected(c);
	for (uint32_t i = 0; i < count; i++) {
		struct frame frame = engine_advert(c->engine, effect->group, effect->resign, i);
		struct outgoing outgoing = {
			.ifindex = ifindex,
			.bytes = frame.bytes,
			.length = frame.length,
			.unicast = frame.unicast,
		};

		if (c->watched)
			recorder_sent(c->recorder, effect->group, &frame, clock_now());
		if (behind) {
			interfaces_send(c->interfaces, effect->group, true, &outgoing,
			                i + 1 < count ? TOKEN_NONE :
			                effect->resign ? TOKEN_RESIGN : TOKEN_ADVERT);
			continue;
		}
		c->owners[c->count] = *effect;
		c->frames[c->count++] = outgoing;
	}
	if (behind && effect->resign)
		c->room.resigned[effect->group] = c->round;
}

void
courier_on_sent(struct courier *c, uint32_t group, uint32_t token, int error)
{
	if (error != ECANCELED)
		tell_engine(c, group, token == TOKEN_RESIGN, error, clock_now());
}

/* ---- the rest ------------------------------------------------------------------------------- */

/* Send one announcement for each virtual address of the group. */
static void
announce(struct courier *c, uint32_t group)
{
	uint32_t count = group_held_count(&settings_groups(c->settings)[group]);
	uint8_t bytes[ANNOUNCE_FRAME_MAX];

	for (uint32_t i = 0; i < count; i++) {
		uint32_t link;
		size_t length = engine_announcement(c->engine, group, i, bytes, &link);
		int ifindex = length > 0 ? interfaces_index(c->interfaces, link) : 0;
		struct outgoing frame = { .ifindex = ifindex, .bytes = bytes, .length = length };

		if (ifindex != 0)
			interfaces_send(c->interfaces, group, i == 0, &frame, TOKEN_NONE);
	}
}

static void
advertise_router(struct courier *c, uint32_t group)
{
	const struct group_settings *g = &settings_groups(c->settings)[group];
	uint8_t bytes[ROUTER_ADVERT_MAX];
	struct outgoing frame = {
		.ifindex = interfaces_index(c->interfaces, (uint32_t)g->link),
		.bytes = bytes,
		.length = engine_router_advert(c->engine, group, bytes),
	};

	if (frame.length > 0 && frame.ifindex != 0)
		interfaces_send(c->interfaces, group, false, &frame, TOKEN_NONE);
}

/* First round: what leaves at once.  Notes whose addresses are about to be taken. */
static void
send_adverts(struct courier *c, const struct effects *effects)
{
	for (size_t i = 0; i < effects->count; i++) {
		const struct effect *effect = &effects->list[i];

		if (effect->kind == EFFECT_TAKE_ADDRESSES)
			c->room.taken[effect->group] = c->round;
		if (effect->kind != EFFECT_SEND_ADVERT)
			continue;
		c->room.behind[i] = goes_behind(c, effect);
		if (!c->room.behind[i])
			send_advert(c, effect, false);
	}
	send_collected(c);
}

/* Second round: what may have to wait for the kernel. */
static void
carry_out_one(struct courier *c, const struct effect *effect, bool behind)
{
	switch (effect->kind) {
	case EFFECT_SEND_ADVERT:
		if (behind)
			send_advert(c, effect, true);
		return;
	case EFFECT_TAKE_ADDRESSES:
		interfaces_take(c->interfaces, effect->group, effect->lease);
		return;
	case EFFECT_RENEW_ADDRESSES:
		interfaces_renew(c->interfaces, effect->group, effect->lease);
		return;
	case EFFECT_DROP_ADDRESSES:
		if (c->room.resigned[effect->group] != c->round)
			interfaces_forget_frames(c->interfaces, effect->group);
		interfaces_drop(c->interfaces, effect->group);
		return;
	case EFFECT_ANNOUNCE:
		announce(c, effect->group);
		return;
	case EFFECT_ADVERTISE_ROUTER:
		advertise_router(c, effect->group);
		return;
	case EFFECT_TRANSITION:
	case EFFECT_ALARM:
		return;			/* for people */
	case EFFECT_KINDS:
		break;
	}
	assert(!"known effect");
}

void
courier_carry_out(struct courier *c, const struct effects *effects)
{
	nsec_t now = clock_now();

	c->round++;
	c->watched = recorder_is_watched(c->recorder, now);
	send_adverts(c, effects);
	for (size_t i = 0; i < effects->count; i++)
		if (!gate_holds(&c->gate, &effects->list[i], c->room.behind[i], now))
			carry_out_one(c, &effects->list[i], c->room.behind[i]);
	interfaces_flush(c->interfaces);
}

nsec_t
courier_deadline(const struct courier *c)
{
	return nsec_min(gate_deadline(&c->gate), gate_speaks_at(&c->gate));
}

/* The addresses wait on; but nobody else shall take over meanwhile. */
static void
speak(struct courier *c)
{
	for (uint32_t i = 0; i < c->settings->group_count; i++) {
		const struct effect effect = { .kind = EFFECT_SEND_ADVERT, .group = i };

		if (gate_speak(&c->gate, i))
			send_advert(c, &effect, false);
	}
	gate_spoken(&c->gate);
	send_collected(c);
}

void
courier_on_time(struct courier *c)
{
	nsec_t now = clock_now();

	if (gate_deadline(&c->gate) <= now)
		courier_pass(c);
	else if (gate_speaks_at(&c->gate) <= now)
		speak(c);
}

/* All of them stand behind the addresses, which are taken in the same breath. */
void
courier_pass(struct courier *c)
{
	struct effect effects[GATE_EFFECTS_MAX];

	if (gate_deadline(&c->gate) == NSEC_NEVER)
		return;
	c->round++;
	gate_open(&c->gate);
	for (uint32_t i = 0; i < c->settings->group_count; i++) {
		size_t count = gate_release(&c->gate, i, effects);

		for (size_t j = 0; j < count; j++)
			carry_out_one(c, &effects[j], true);
	}
	interfaces_flush(c->interfaces);
}

int
courier_new(struct engine *engine, struct interfaces *interfaces, struct recorder *recorder,
            struct courier **ret, struct error *error)
{
	struct courier *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return error_set(error, -ENOMEM, "out of memory");
	c->gate.until = c->next_gate.until = NSEC_NEVER;
	c->gate.speak_at = c->next_gate.speak_at = NSEC_NEVER;
	c->engine = engine;
	c->interfaces = interfaces;
	c->recorder = recorder;
	r = packet_open_senders(&c->senders, error);
	if (r < 0) {
		free(c);
		return r;
	}
	*ret = c;
	return 0;
}

static void
free_room(struct room *room)
{
	free(room->aftermath.list);
	free(room->taken);
	free(room->resigned);
	free(room->behind);
	*room = (struct room){ 0 };
}

void
courier_free(struct courier *c)
{
	if (!c)
		return;
	packet_close_senders(&c->senders);
	free_room(&c->room);
	free_room(&c->next);
	gate_done(&c->gate);
	gate_done(&c->next_gate);
	free(c);
}

int
courier_prepare(struct courier *c, const struct settings *settings, size_t capacity)
{
	size_t groups = settings->group_count + 1u;
	struct room *next = &c->next;

	free_room(next);
	next->taken = calloc(groups, sizeof(*next->taken));
	next->resigned = calloc(groups, sizeof(*next->resigned));
	next->behind = calloc(capacity, sizeof(*next->behind));
	next->aftermath.list = calloc(capacity, sizeof(*next->aftermath.list));
	next->aftermath.capacity = capacity;
	if (next->taken && next->resigned && next->behind && next->aftermath.list &&
	    gate_prepare(&c->next_gate, settings) == 0)
		return 0;
	free_room(next);
	return -ENOMEM;
}

void
courier_adopt(struct courier *c, const struct settings *settings)
{
	assert(c->next.taken);		/* prepared */
	free_room(&c->room);
	c->room = c->next;
	c->next = (struct room){ 0 };
	gate_adopt(&c->gate, &c->next_gate, c->engine);
	c->settings = settings;
	c->round = 0;
}
