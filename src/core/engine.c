/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The front door: every call first notices a pause (design: stalls), then hands what came in to the
 * member or the party it concerns.  What they decide is in party.c and hear.c, what they emit in
 * vrouter.c and herald.c.
 */
#include "core/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/announce.h"
#include "core/frames.h"
#include "core/hear.h"
#include "core/herald.h"
#include "core/judge.h"
#include "core/roster.h"
#include "core/stranger.h"

/*
 * The most one call can make a group emit: to leave one state and enter another, twice (12), to
 * clear and raise each alarm, advert, renewal, announcement, router advertisement.
 */
#define EFFECTS_A_GROUP (12u + 2 * VROUTER_ALARMS + 6)

/*
 * A wake-up may be late by this part of a tick.  That makes one and a half intervals: a master that
 * advertised an interval before such a pause is still in time after it.
 */
#define TICK_SLACK 3

/* As if somebody advertised every second: a call now and then costs nothing. */
#define TICK_INTERVAL_MAX NSEC_PER_SEC

struct engine {
	struct roster *roster;		/* NULL before the first engine_adopt() */
	struct roster *next;		/* prepared, or NULL */
	struct engine_status overall;
	nsec_t last_call;
	bool called;
};

struct engine *
engine_new(void)
{
	return calloc(1, sizeof(struct engine));
}

void
engine_free(struct engine *engine)
{
	if (!engine)
		return;
	roster_free(engine->roster);
	roster_free(engine->next);
	free(engine);
}

/*
 * Time went on to now.  Whoever was not asked for longer than its down interval begins anew, and so
 * does a master whose silence on the wire, which began before the pause, became that long.
 */
static void
wake(struct engine *engine, nsec_t now, struct effects *out)
{
	nsec_t gap = engine->called ? now - engine->last_call : 0;
	nsec_t tick = engine_tick(engine);
	struct roster *r = engine->roster;
	bool stalled = false;

	assert(gap >= 0);
	engine->called = true;
	engine->last_call = now;
	if (!r || gap <= tick + tick / TICK_SLACK)
		return;			/* regular calls keep every master in time */
	for (uint32_t i = 0; i < r->party_count; i++)
		if (gap > r->parties[i].down_interval || party_is_overdue(&r->parties[i], now))
			stalled |= party_stalled(&r->parties[i], now, out);
	engine->overall.lateness.stalls += stalled;
}

static struct vrouter *
vrouter_of(const struct engine *engine, uint32_t group)
{
	assert(engine->roster && group < engine->roster->settings->group_count);
	return &engine->roster->vrouters[group];
}

static struct roster_link *
link_of(const struct engine *engine, uint32_t link)
{
	assert(engine->roster && link < engine->roster->settings->link_count);
	return &engine->roster->links[link];
}

static size_t
group_count(const struct engine *engine)
{
	return engine->roster ? engine->roster->settings->group_count : 0;
}

/* ---- settings ------------------------------------------------------------------------------- */

int
engine_prepare(struct engine *engine, const struct settings *settings, nsec_t now)
{
	roster_free(engine->next);
	engine->next = roster_new(settings, &engine->overall.lateness, now);
	if (!engine->next)
		return -ENOMEM;
	roster_match(engine->next, engine->roster);
	return 0;
}

static bool
is_prepared(const struct engine *engine, const struct settings *settings)
{
	const struct settings *next = engine->next ? engine->next->settings : NULL;

	return next && next->size == settings->size && memcmp(next, settings, next->size) == 0;
}

void
engine_retire(struct engine *engine, const struct settings *settings, nsec_t now,
              struct effects *out)
{
	struct roster *r = engine->roster;

	wake(engine, now, out);
	if (!r)
		return;
	if (!is_prepared(engine, settings))
		roster_mark(r, settings);
	for (uint32_t i = 0; i < r->settings->group_count; i++)
		if (!r->vrouters[i].stays)
			party_retire(&r->vrouters[i], now, out);
	for (uint32_t i = 0; i < r->party_count; i++)
		party_retired(&r->parties[i], now, out);
}

static void
assert_none_left_master(const struct roster *r)
{
	for (uint32_t i = 0; i < r->settings->group_count; i++)
		assert(r->vrouters[i].stays || !r->vrouters[i].holds);	/* not retired first */
}

/* Whoever compares versions shall see that number i is not the group it was. */
static void
raise_versions(struct roster *next, const struct roster *old)
{
	uint64_t highest = 0;

	for (uint32_t i = 0; old && i < old->settings->group_count; i++)
		if (old->vrouters[i].version > highest)
			highest = old->vrouters[i].version;
	for (uint32_t i = 0; i < next->settings->group_count; i++)
		next->vrouters[i].version = highest + 1;
}

int
engine_adopt(struct engine *engine, const struct settings *settings, nsec_t now,
             struct effects *out)
{
	struct roster *old = engine->roster;
	struct roster *next;
	int r = is_prepared(engine, settings) ? 0 : engine_prepare(engine, settings, now);

	if (r < 0)
		return r;
	next = engine->next;
	engine->next = NULL;
	if (old)
		assert_none_left_master(old);
	roster_carry(next, old, now);
	engine->roster = next;
	wake(engine, now, out);
	for (uint32_t i = 0; i < next->party_count; i++)
		party_adopt(&next->parties[i], now, out);
	for (uint32_t i = 0; i < settings->group_count; i++) {
		struct vrouter *v = &next->vrouters[i];

		vrouter_revise(v, now, out);
		v->before = NULL;
		v->was = NULL;
		party_schedule_member(v);
		stranger_forget(engine->overall.strangers, v->status.interface, v->status.vrid,
		                v->status.family);
	}
	for (uint32_t i = 0; i < next->party_count; i++)
		party_schedule(&next->parties[i]);
	raise_versions(next, old);
	roster_free(old);
	return 0;
}

size_t
engine_adopt_needed(const struct engine *engine, const struct settings *settings)
{
	return EFFECTS_A_GROUP * (group_count(engine) + settings->group_count);
}

size_t
engine_effects_needed(const struct engine *engine)
{
	return EFFECTS_A_GROUP * group_count(engine);
}

void
engine_resume(struct engine *engine, const struct vrouter_status *records, size_t count,
              nsec_t now, struct effects *out)
{
	struct roster *r = engine->roster;

	assert(r);
	wake(engine, now, out);
	for (size_t i = 0; i < count; i++) {
		struct vrouter *v = roster_find_named(r, records[i].interface, records[i].vrid,
		                                      records[i].family);

		if (v)
			vrouter_restore(v, &records[i], now);
	}
	for (uint32_t i = 0; i < r->party_count; i++)
		party_resume(&r->parties[i], now, out);
}

/* ---- what comes in -------------------------------------------------------------------------- */

/* What was known of a member's link before it was told again. */
struct acquaintance {
	bool known;
	bool usable;
	struct mac mac;
};

/* A master whose frames have a new source, or that nobody could hear while its link was down: who
 * knew less must learn, once. */
static void
introduce(struct vrouter *v, const struct acquaintance *before, nsec_t now, struct effects *out)
{
	/* A resumed master goes on as if nothing had happened; one that joined has never spoken. */
	bool spoke = before->known ? mac_equal(&before->mac, &v->mac) :
	                             v->status.last_advert_sent != 0;
	bool returned = before->known && !before->usable && v->status.link_usable;

	if (v->status.state != VROUTER_MASTER || (spoke && !returned))
		return;
	vrouter_send(v, now, out);
	herald_begin(v, now, out);
	party_schedule_member(v);
}

void
engine_on_link(struct engine *engine, uint32_t link, const struct link_input *input, nsec_t now,
               struct effects *out)
{
	struct roster_link *l = link_of(engine, link);
	struct vrouter **members = engine->roster->by_link + l->first;

	wake(engine, now, out);
	l->known = true;
	l->input = *input;
	for (uint32_t i = 0; i < l->count; i++) {
		struct vrouter *v = members[i];
		struct acquaintance before = {
			.known = v->condition != CONDITION_UNKNOWN,
			.usable = v->status.link_usable,
			.mac = v->mac,
		};

		party_set_link(v, input);
		introduce(v, &before, now, out);
	}
	for (uint32_t i = 0; i < l->count; i++)
		party_settle(members[i]->party, now, out);
}

void
engine_on_owner(struct engine *engine, uint32_t group, bool owner, nsec_t now, struct effects *out)
{
	struct vrouter *v = vrouter_of(engine, group);

	wake(engine, now, out);
	party_set_owner(v, owner);
	party_settle(v->party, now, out);
}

void
engine_on_track(struct engine *engine, uint32_t object, bool up, nsec_t now, struct effects *out)
{
	struct roster *r = engine->roster;

	assert(r && object < r->settings->object_count);

	struct roster_object *o = &r->objects[object];

	wake(engine, now, out);
	o->known = true;
	o->up = up;
	for (uint32_t i = o->first; i < o->first + o->count; i++) {
		party_track(r->watchers[i].vrouter, r->watchers[i].index, up, now);
		party_schedule_member(r->watchers[i].vrouter);
	}
	for (uint32_t i = o->first; i < o->first + o->count; i++)
		party_settle(r->watchers[i].vrouter->party, now, out);
}

/* It came for a group that the link does not have. */
static void
note_stranger(struct engine *engine, uint32_t link, const struct advert *ad,
              enum advert_fault fault, nsec_t now)
{
	engine->roster->links[link].unknown_vrids++;
	if (fault == ADVERT_OK)
		stranger_note(engine->overall.strangers,
		              settings_links(engine->roster->settings)[link].name, ad, now);
}

enum advert_fault
engine_on_frame(struct engine *engine, uint32_t link, struct reader frame, nsec_t arrival,
                nsec_t now, struct effects *out)
{
	enum advert_fault fault;
	struct packet packet;
	struct advert ad;
	struct vrouter *v;

	assert(engine->roster && link < engine->roster->settings->link_count && arrival <= now);
	wake(engine, now, out);
	if (!advert_open(frame, &packet))
		return ADVERT_OK;
	fault = advert_decode(&packet, &ad);
	v = roster_find(engine->roster, link, ad.vrid, ad.family);
	if (!v) {
		note_stranger(engine, link, &ad, fault, now);
		return fault == ADVERT_OK ? ADVERT_VRID : fault;
	}
	if (fault == ADVERT_OK)
		fault = judge_advert(v, &ad);
	if (fault == ADVERT_OK)
		hear_advert(v->party, v, &ad, arrival, now, out);
	else
		judge_reject(v, fault, &ad, now, out);
	party_schedule_member(v);
	return fault;
}

void
engine_on_time(struct engine *engine, nsec_t now, nsec_t heard_until, struct effects *out)
{
	nsec_t heard = nsec_min(now, heard_until);
	struct roster *r = engine->roster;
	uint32_t item;

	wake(engine, now, out);
	if (!r)
		return;
	while (deadlines_first(&r->timers.members, &item) <= now) {
		struct vrouter *v = &r->vrouters[item];

		vrouter_on_time(v, now, &engine->overall.lateness, out);
		if (v->track_at <= now)
			party_track_on_time(v, now);
		party_settle(v->party, now, out);
		party_schedule_member(v);
	}
	while (deadlines_first(&r->timers.parties, &item) <= heard)
		party_on_time(&r->parties[item], heard, now, out);
}

void
engine_on_backlog(struct engine *engine, uint32_t link, nsec_t heard)
{
	struct roster_link *l = link_of(engine, link);
	struct vrouter **members = engine->roster->by_link + l->first;

	for (uint32_t i = 0; i < l->count; i++) {
		members[i]->heard = heard;
		party_schedule(members[i]->party);
	}
}

nsec_t
engine_tick(const struct engine *engine)
{
	nsec_t shortest = engine->roster ? engine->roster->timers.shortest : NSEC_NEVER;

	return nsec_min(shortest, TICK_INTERVAL_MAX) * 9 / 8;
}

nsec_t
engine_deadline(const struct engine *engine)
{
	const struct roster *r = engine->roster;
	uint32_t item;

	if (!r)
		return NSEC_NEVER;
	return nsec_min(deadlines_first(&r->timers.members, &item),
	                deadlines_first(&r->timers.parties, &item));
}

enum engine_answer
engine_reset_master(struct engine *engine, uint32_t group, nsec_t now, struct effects *out)
{
	wake(engine, now, out);
	if (group >= group_count(engine))
		return ENGINE_NO_GROUP;
	return party_reset(vrouter_of(engine, group)->party, now, out) ? ENGINE_DONE :
	                                                                 ENGINE_NOT_MASTER;
}

enum engine_answer
engine_announce(struct engine *engine, uint32_t group, nsec_t now, struct effects *out)
{
	wake(engine, now, out);
	if (group >= group_count(engine))
		return ENGINE_NO_GROUP;

	struct vrouter *v = vrouter_of(engine, group);

	if (v->status.state != VROUTER_MASTER)
		return ENGINE_NOT_MASTER;
	if (v->condition == CONDITION_GOOD)
		vrouter_effect(v, EFFECT_ANNOUNCE, out);
	return ENGINE_DONE;
}

void
engine_leave(struct engine *engine, nsec_t now, struct effects *out)
{
	struct roster *r = engine->roster;

	wake(engine, now, out);
	for (uint32_t i = 0; r && i < r->party_count; i++)
		party_leave(&r->parties[i], now, out);
}

bool
engine_has_left(const struct engine *engine)
{
	for (uint32_t i = 0; i < group_count(engine); i++)
		if (engine->roster->vrouters[i].holds)
			return false;
	return true;
}

nsec_t
engine_leaves_by(const struct engine *engine)
{
	const struct roster *r = engine->roster;
	nsec_t latest = 0;

	for (uint32_t i = 0; r && i < r->party_count; i++)
		latest = nsec_max(latest, r->parties[i].leave_by);
	return latest;
}

void
engine_stop(struct engine *engine, nsec_t now, struct effects *out)
{
	struct roster *r = engine->roster;

	wake(engine, now, out);
	for (uint32_t i = 0; r && i < r->party_count; i++)
		party_stop(&r->parties[i], now, out);
}

void
engine_on_sent(struct engine *engine, uint32_t group, bool resign, int error, nsec_t now,
               struct effects *out)
{
	struct vrouter *v = vrouter_of(engine, group);
	struct vrouter_counters *counters = &v->status.counters;
	bool is_master = v->status.state == VROUTER_MASTER;

	v->version++;
	if (error != 0) {
		counters->transmit_errors++;
		if (is_master)
			vrouter_raise(v, ALARM_TRANSMIT, NSEC_NEVER, out);
		return;
	}
	counters->adverts_sent++;
	if (resign)
		counters->priority_zero_sent++;
	else if (is_master)
		v->status.last_advert_sent = now;
	vrouter_clear(v, ALARM_TRANSMIT, out);
}

/* ---- questions ------------------------------------------------------------------------------ */

const struct settings *
engine_settings(const struct engine *engine)
{
	return engine->roster ? engine->roster->settings : NULL;
}

const struct vrouter_status *
engine_status(const struct engine *engine, uint32_t group)
{
	return &vrouter_of(engine, group)->status;
}

uint64_t
engine_status_version(const struct engine *engine, uint32_t group)
{
	return vrouter_of(engine, group)->version;
}

bool
engine_holds_addresses(const struct engine *engine, uint32_t group)
{
	return vrouter_of(engine, group)->holds;
}

uint64_t
engine_unknown_vrids(const struct engine *engine, uint32_t link)
{
	return link_of(engine, link)->unknown_vrids;
}

const struct engine_status *
engine_overall(const struct engine *engine)
{
	return &engine->overall;
}

uint32_t
engine_advert_count(const struct engine *engine, uint32_t group, bool resign UNUSED)
{
	return frames_count(vrouter_of(engine, group));
}

struct frame
engine_advert(struct engine *engine, uint32_t group, bool resign, uint32_t index)
{
	return frames_get(vrouter_of(engine, group), resign, index);
}

size_t
engine_announcement(const struct engine *engine, uint32_t group, uint32_t index,
                    uint8_t bytes[ANNOUNCE_FRAME_MAX], uint32_t *ret_link)
{
	const struct vrouter *v = vrouter_of(engine, group);
	int32_t elsewhere;

	assert(index < group_held_count(v->settings));
	elsewhere = v->addresses[index].link;
	*ret_link = (uint32_t)(elsewhere >= 0 ? elsewhere : v->settings->link);

	const struct roster_link *link = link_of(engine, *ret_link);
	bool at_home = *ret_link == (uint32_t)v->settings->link;

	if (!link->known || !link->input.usable)
		return 0;
	return announce_encode(at_home ? &v->mac : &link->input.mac,
	                       &v->addresses[index].prefix.ip, bytes);
}

size_t
engine_router_advert(const struct engine *engine, uint32_t group, uint8_t bytes[ROUTER_ADVERT_MAX])
{
	return herald_router_advert(vrouter_of(engine, group), bytes);
}
