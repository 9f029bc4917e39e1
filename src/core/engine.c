/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The front door: every call first notices a pause (design: stalls), then hands what came in to the
 * member or the party it concerns.  What they decide is in party.c, what they emit in vrouter.c.
 */
#include "core/engine.h"

#include <errno.h>
#include <stdlib.h>

#include "core/announce.h"
#include "core/roster.h"

/*
 * The most one call can make a group emit: to leave one state and enter another (8), to clear and
 * raise each alarm, advert, renewal, announcement.
 */
#define EFFECTS_A_GROUP (8u + 2 * VROUTER_ALARMS + 4)

struct engine {
	struct roster *roster;		/* NULL before the first engine_adopt() */
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
	struct roster *r = engine->roster;

	assert(gap >= 0);
	engine->called = true;
	engine->last_call = now;
	if (!r || gap <= 2 * ENGINE_TICK)
		return;			/* regular calls keep every master in time */
	for (uint32_t i = 0; i < r->party_count; i++)
		if (gap > r->parties[i].down_interval || party_is_overdue(&r->parties[i], now))
			party_stalled(&r->parties[i], now, out);
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

struct departure {
	nsec_t now;
	struct effects *out;
};

static void
depart(struct vrouter *v, void *context)
{
	struct departure *departure = context;

	party_retire(v, departure->now, departure->out);
}

void
engine_retire(struct engine *engine, const struct settings *settings, nsec_t now,
              struct effects *out)
{
	struct departure departure = { .now = now, .out = out };
	struct roster *r = engine->roster;

	wake(engine, now, out);
	if (!r)
		return;
	roster_departing(r, settings, depart, &departure);
	for (uint32_t i = 0; i < r->party_count; i++)
		party_retired(&r->parties[i], now, out);
}

static void
assert_none_left_master(struct vrouter *v, void *context UNUSED)
{
	assert(!v->holds);		/* engine_retire() was not called */
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
	struct roster *next = roster_new(settings, now);

	if (!next)
		return -ENOMEM;
	if (old)
		roster_departing(old, settings, assert_none_left_master, NULL);
	roster_carry(next, old);
	engine->roster = next;
	wake(engine, now, out);
	for (uint32_t i = 0; i < next->party_count; i++)
		party_adopt(&next->parties[i], now, out);
	for (uint32_t i = 0; i < settings->group_count; i++) {
		vrouter_revise(&next->vrouters[i], now, out);
		next->vrouters[i].before = NULL;
		party_schedule_member(&next->vrouters[i]);
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
	uint32_t hint = 0;

	assert(r);
	wake(engine, now, out);
	for (size_t i = 0; i < count; i++) {
		struct vrouter *v = roster_find_named(r, records[i].interface, records[i].vrid,
		                                      &hint);

		if (v)
			vrouter_restore(v, &records[i], now);
	}
	for (uint32_t i = 0; i < r->party_count; i++)
		party_resume(&r->parties[i], now, out);
}

/* ---- what comes in -------------------------------------------------------------------------- */

/* A master whose frames have a new source: who knew the old one must learn, once. */
static void
introduce(struct vrouter *v, bool was_known, const struct mac *old_mac, nsec_t now,
          struct effects *out)
{
	/* A resumed master goes on as if nothing had happened; one that joined has never spoken. */
	bool spoke = was_known ? mac_equal(old_mac, &v->mac) : v->status.last_advert_sent != 0;

	if (v->status.state != VROUTER_MASTER || spoke)
		return;
	vrouter_send(v, now, out);
	vrouter_announce(v, now, out);
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
		bool was_known = v->condition != CONDITION_UNKNOWN;
		struct mac mac = v->mac;

		party_set_link(v->party, v, input);
		introduce(v, was_known, &mac, now, out);
	}
	for (uint32_t i = 0; i < l->count; i++)
		party_settle(members[i]->party, now, out);
}

void
engine_on_frame(struct engine *engine, uint32_t link, struct reader frame, nsec_t arrival,
                nsec_t now, struct effects *out)
{
	struct roster_link *l = link_of(engine, link);
	enum advert_fault fault;
	struct packet packet;
	struct advert ad;
	struct vrouter *v;

	assert(arrival <= now);
	wake(engine, now, out);
	if (!advert_open(frame, &packet))
		return;
	fault = advert_decode(&packet, &ad);
	v = roster_find(engine->roster, link, ad.vrid);
	if (!v) {
		l->unknown_vrids++;
		return;
	}
	if (fault == ADVERT_OK)
		fault = vrouter_judge(v, &ad);
	if (fault == ADVERT_OK)
		party_on_advert(v->party, v, &ad, arrival, now, out);
	else
		vrouter_reject(v, fault, &ad, now, out);
	party_schedule_member(v);
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
		vrouter_on_time(&r->vrouters[item], now, out);
		party_schedule_member(&r->vrouters[item]);
	}
	while (deadlines_first(&r->timers.parties, &item) <= heard)
		party_on_time(&r->parties[item], heard, now, out);
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

struct frame
engine_advert(const struct engine *engine, uint32_t group, bool resign)
{
	const struct vrouter *v = vrouter_of(engine, group);

	return (struct frame){ .bytes = v->frames[resign], .length = v->frame_length };
}

size_t
engine_announcement(const struct engine *engine, uint32_t group, uint32_t index,
                    uint8_t bytes[ANNOUNCE_FRAME_MAX])
{
	const struct vrouter *v = vrouter_of(engine, group);

	assert(index < v->settings->address_count);
	return announce_encode(&v->mac, &v->addresses[index].ip, bytes);
}
