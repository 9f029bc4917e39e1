/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual router's own affairs: its record, advert phase, leases, alarms.  RFC 3768 6.4 and
 * RFC 9568 6.4 say what a state does; which state that is, party.c decides, and it is the only
 * caller of vrouter_enter().
 *
 * The advert timer has one writer beside vrouter_enter(): send_due(), which keeps the phase.  No
 * packet received, good or bad, ever moves it.
 */
#include "core/vrouter.h"

#include <string.h>

#include "core/change.h"
#include "core/election.h"
#include "core/frames.h"
#include "core/herald.h"
#include "core/lateness.h"
#include "core/track.h"

#define LOT 64u				/* groups that advertise in the same moment */

#define RENEWAL_PAUSE_MIN (250 * NSEC_PER_MSEC)	/* every lease is a second at least */

static void
touch(struct vrouter *v)
{
	v->version++;
}

/* ---- from settings -------------------------------------------------------------------------- */

/*
 * Where in the interval a group advertises: groups in lots, lots evenly spread.  A lot is small
 * enough to go out in one go, and whatever one lot leases ends in one go too: the kernel looks for
 * addresses past their lifetime at most once a second, so leases of one router that ended at
 * different moments could outlive the partner's takeover by that much.
 */
static nsec_t
place_in_interval(const struct settings *settings, uint32_t group)
{
	uint32_t lots = (settings->group_count + LOT - 1) / LOT;

	return settings_groups(settings)[group].interval / lots * (group / LOT);
}

void
vrouter_init(struct vrouter *v, const struct settings *settings, uint32_t group, nsec_t now)
{
	const struct group_settings *g = &settings_groups(settings)[group];
	const struct link_settings *link = settings_link_of(settings, g);

	*v = (struct vrouter){
		.group = group,
		.all = settings,
		.settings = g,
		.addresses = settings_group_addresses(settings, g),
		.peers = settings_peers(settings) + g->peer_first,
		.lease = election_lease(g->version, g->interval),
		.offset = place_in_interval(settings, group),
		.appeared = now,
		.heard = NSEC_NEVER,
		.weaker_since = NSEC_NEVER,
		.renew_at = NSEC_NEVER,
		.alarm_at = NSEC_NEVER,
		.impatient_at = NSEC_NEVER,
		.track_at = NSEC_NEVER,
		.status = {
			.vrid = g->vrid,
			.family = g->family,
			.state = VROUTER_INIT,
			.effective_priority = g->priority,
			.master_sum_form = SUM_FORMS,
			.next_advert = NSEC_NEVER,
			.down_deadline = NSEC_NEVER,
		},
	};
	memcpy(v->status.interface, link->name, sizeof(v->status.interface));
	for (unsigned i = 0; i < VROUTER_ALARMS; i++)
		v->alarm_until[i] = NSEC_NEVER;
	herald_silence(v);
	vrouter_learn(v, g->interval);
}

void
vrouter_carry(struct vrouter *v, const struct vrouter *old)
{
	struct vrouter fresh = *v;

	*v = *old;
	v->group = fresh.group;
	v->all = fresh.all;
	v->settings = fresh.settings;
	v->addresses = fresh.addresses;
	v->peers = fresh.peers;
	v->party = fresh.party;
	v->lease = fresh.lease;
	v->offset = fresh.offset;
	v->before = old->party;
	v->frames = fresh.frames;	/* filled when the links are carried over */

	v->watches = fresh.watches;
	v->track_at = fresh.track_at;
	v->impatient_at = fresh.impatient_at;
	v->weight = fresh.weight;
	v->track_lost = fresh.track_lost;
	v->untold = fresh.untold;
	v->status.tracks_known = fresh.status.tracks_known;
	v->status.tracks_up = fresh.status.tracks_up;

	v->changes = change_found(v, old);
	if (v->changes & CHANGE_TIMING || v->settings->version != old->settings->version)
		vrouter_learn(v, v->settings->interval);
}

void
vrouter_revise(struct vrouter *v, nsec_t now, struct effects *out)
{
	unsigned changed = v->changes;

	v->changes = 0;
	if (changed == 0 || vrouter_moved(v))
		return;
	if (changed & CHANGE_ADDRESSES && v->holds) {
		vrouter_take(v, now, out);
	} else if (changed & CHANGE_TIMING && v->holds) {
		/* The others wait for another time now. */
		vrouter_effect(v, EFFECT_RENEW_ADDRESSES, out)->lease = v->lease;
		v->renewed = now;
	}
	if (v->status.state == VROUTER_MASTER) {
		if (changed & CHANGE_TIMING)
			v->status.next_advert = nsec_min(v->status.next_advert,
			                                 now + v->settings->interval);
		if (changed & CHANGE_FRAME)
			vrouter_send(v, now, out);
		if (changed & CHANGE_ADDRESSES)
			herald_begin(v, now, out);
		else if (changed & CHANGE_ROUTER)
			herald_advertise(v, now, out);
	}
	if (v->status.state == VROUTER_BACKUP && changed & CHANGE_TIMING) {
		v->status.down_deadline = now + v->down_interval;
		v->yield_until = nsec_min(v->yield_until, v->status.down_deadline);
	}
	touch(v);
}

static void
restore_times(struct vrouter *v, const struct vrouter_status *record, nsec_t now)
{
	struct vrouter_status *s = &v->status;
	nsec_t interval = v->settings->interval;

	s->last_transition = nsec_min(record->last_transition, now);
	s->last_advert_sent = record->last_advert_sent <= now ? record->last_advert_sent : 0;
	s->next_advert = NSEC_NEVER;
	if (s->state == VROUTER_MASTER) {
		bool plausible = record->next_advert > 0 && record->next_advert <= now + interval;

		s->next_advert = plausible ? record->next_advert : now;
	}
	if (s->state == VROUTER_BACKUP && v->settings->version == 3 &&
	    record->master_interval >= 10 * NSEC_PER_MSEC &&
	    record->master_interval <= 255 * NSEC_PER_SEC)
		vrouter_learn(v, record->master_interval);
}

void
vrouter_restore(struct vrouter *v, const struct vrouter_status *record, nsec_t now)
{
	struct vrouter_status *s = &v->status;
	uint8_t owner;

	s->counters = record->counters;
	s->master_priority = record->master_priority;
	s->master_source = record->master_source;
	s->master_mac = record->master_mac;
	s->master_version = record->master_version;
	s->master_sum_form = record->master_sum_form < SUM_FORMS ? record->master_sum_form :
	                                                           SUM_FORMS;
	s->rival = record->rival;
	s->rival_mac = record->rival_mac;
	s->rival_priority = record->rival_priority;
	s->offender = record->offender;
	s->offender_mac = record->offender_mac;
	s->last_fault = record->last_fault < ADVERT_FAULTS ? record->last_fault : ADVERT_OK;
	s->state = record->state < VROUTER_STATES ? record->state : VROUTER_INIT;
	s->reason = record->reason < VROUTER_REASONS ? record->reason : REASON_NONE;
	v->holds = s->state == VROUTER_MASTER || record->lingering;
	s->lingering = s->state == VROUTER_BACKUP && record->lingering;
	memcpy(&owner, &record->owner, 1);
	s->owner = owner == 1;
	s->ah_sequence = record->ah_sequence;
	v->window = auth_header_resume(record->ah_sequence);
	track_restore(v, record);
	restore_times(v, record, now);
	touch(v);
}

/* ---- how long things last ------------------------------------------------------------------- */

uint8_t
vrouter_own_priority(const struct vrouter *v)
{
	const int most = PRIORITY_OWNER - 1;
	int sum = v->settings->priority + v->weight;

	if (v->status.owner)
		return PRIORITY_OWNER;
	return (uint8_t)(sum < 1 ? 1 : sum > most ? most : sum);
}

static void
reckon(struct vrouter *v)
{
	v->down_interval = election_down_interval(v->settings->version,
	                                          v->status.effective_priority,
	                                          v->status.master_interval);
	touch(v);
}

void
vrouter_set_priority(struct vrouter *v, uint8_t priority)
{
	if (v->before && v->status.effective_priority != priority)
		v->changes |= CHANGE_FRAME | CHANGE_TIMING;
	v->status.effective_priority = priority;
	reckon(v);
	if (frames_count(v) > 0)
		frames_build(v);
}

void
vrouter_learn(struct vrouter *v, nsec_t interval)
{
	v->status.master_interval = interval;
	reckon(v);
}

nsec_t
vrouter_renewal_pause(const struct vrouter *v)
{
	/* Short intervals leave most of a lease to spare: hundreds of groups cost half then. */
	nsec_t spare = nsec_min(v->lease - 4 * v->settings->interval, v->lease / 2);

	return nsec_max(spare, RENEWAL_PAUSE_MIN);
}

nsec_t
vrouter_patience(const struct vrouter *v)
{
	/* The others wait for us at our own interval, whatever we learned from a master. */
	nsec_t theirs = election_down_interval(v->settings->version, v->status.effective_priority,
	                                       v->settings->interval);

	return nsec_min(theirs, v->lease - vrouter_renewal_pause(v));
}

bool
vrouter_is_overdue(const struct vrouter *v, nsec_t now)
{
	nsec_t last = v->status.last_advert_sent;

	if (v->holds && now - v->renewed >= v->lease)
		return true;
	return v->status.state == VROUTER_MASTER && last != 0 &&
	       now - last >= vrouter_patience(v);
}

/* ---- the interface -------------------------------------------------------------------------- */

void
vrouter_set_link(struct vrouter *v, const struct link_input *input)
{
	const struct group_settings *g = v->settings;
	const struct ip *own = g->family == 4 ? &input->source4 : &input->source6;

	v->status.link_usable = input->usable;
	v->status.source = g->hello_source.family ? g->hello_source : *own;
	v->mac = g->rfc_compatibility ? group_virtual_mac(g->family, g->vrid) : input->mac;
	if (!input->usable && !(g->ignores_link && input->exists))
		v->condition = CONDITION_DOWN;
	else if (v->status.source.family != g->family)
		v->condition = CONDITION_NO_ADDRESS;
	else
		v->condition = CONDITION_GOOD;
	if (v->status.source.family == g->family)
		frames_build(v);
	else
		frames_clear(v);
	touch(v);
}

/* ---- state ---------------------------------------------------------------------------------- */

/* The next moment after now that is the group's place in an interval. */
static nsec_t
next_place(const struct vrouter *v, nsec_t now)
{
	nsec_t interval = v->settings->interval;

	return now + interval - (now + interval - v->offset) % interval;
}

/* Nothing is known of any master yet: its interval is ours (RFC 9568 6.4.1). */
static void
forget_master(struct vrouter *v)
{
	struct vrouter_status *s = &v->status;

	s->master_priority = 0;
	s->master_version = 0;
	s->master_sum_form = SUM_FORMS;
	s->master_source = (struct ip){ 0 };
	s->master_mac = (struct mac){ { 0 } };
	vrouter_learn(v, v->settings->interval);
}

void
vrouter_enter(struct vrouter *v, enum vrouter_state state, enum vrouter_reason reason, nsec_t now)
{
	struct vrouter_status *s = &v->status;

	v->from = s->state;
	if (v->from == state)
		return;
	s->state = (uint8_t)state;
	s->reason = (uint8_t)reason;
	s->last_transition = now;
	s->last_advert_sent = 0;
	s->next_advert = NSEC_NEVER;
	s->down_deadline = NSEC_NEVER;
	s->lingering = false;
	forget_master(v);
	v->weaker_since = NSEC_NEVER;
	v->resigned = false;
	v->yield_until = 0;
	v->renew_at = NSEC_NEVER;
	herald_silence(v);
	if (v->from == VROUTER_MASTER)
		s->counters.released_master++;
	if (state == VROUTER_BACKUP)
		s->down_deadline = now + v->down_interval;
	if (state == VROUTER_MASTER) {
		s->counters.became_master++;
		s->next_advert = next_place(v, now);
		v->answer_at = now;
		v->assert_at = now;
		v->reannounce_at = now;
	}
}

/* ---- effects -------------------------------------------------------------------------------- */

struct effect *
vrouter_effect(struct vrouter *v, enum effect_kind kind, struct effects *out)
{
	assert(out->count < out->capacity);

	struct effect *effect = &out->list[out->count++];

	*effect = (struct effect){ .kind = kind, .group = v->group };
	return effect;
}

static void
renew(struct vrouter *v, nsec_t now, struct effects *out)
{
	vrouter_effect(v, EFFECT_RENEW_ADDRESSES, out)->lease = v->lease;
	v->renewed = now;
}

void
vrouter_renew_rest(struct vrouter *v, nsec_t now, struct effects *out)
{
	nsec_t last = v->status.last_advert_sent;

	vrouter_effect(v, EFFECT_RENEW_ADDRESSES, out)->lease = v->lease - (now - last);
	v->renewed = last;
}

void
vrouter_send(struct vrouter *v, nsec_t now, struct effects *out)
{
	if (v->condition != CONDITION_GOOD)
		return;			/* resumed or joined before its link was known */
	vrouter_effect(v, EFFECT_SEND_ADVERT, out);
	/* With every advert, so that the lease outlasts the others' patience; but not too often. */
	if (v->holds && now - v->renewed >= vrouter_renewal_pause(v))
		renew(v, now, out);
}

void
vrouter_resign(struct vrouter *v, struct effects *out)
{
	if (v->condition == CONDITION_GOOD)
		vrouter_effect(v, EFFECT_SEND_ADVERT, out)->resign = true;
}

void
vrouter_take(struct vrouter *v, nsec_t now, struct effects *out)
{
	vrouter_effect(v, EFFECT_TAKE_ADDRESSES, out)->lease = v->lease;
	v->holds = true;
	v->renewed = now;
}

void
vrouter_drop(struct vrouter *v, struct effects *out)
{
	if (!v->holds)
		return;
	vrouter_effect(v, EFFECT_DROP_ADDRESSES, out);
	v->holds = false;
	v->renew_at = NSEC_NEVER;
	v->status.lingering = false;
	touch(v);
}

/* Without adverts leases are renewed for their own sake. */
static nsec_t
renewal_interval(const struct vrouter *v)
{
	return nsec_max(v->settings->interval, vrouter_renewal_pause(v));
}

void
vrouter_linger(struct vrouter *v, nsec_t now)
{
	v->status.lingering = v->holds;
	v->yield_until = now + v->down_interval;
	v->renew_at = nsec_max(now, v->renewed + renewal_interval(v));
	touch(v);
}

static void
reckon_alarms(struct vrouter *v)
{
	v->alarm_at = NSEC_NEVER;
	for (unsigned i = 0; i < VROUTER_ALARMS; i++)
		v->alarm_at = nsec_min(v->alarm_at, v->alarm_until[i]);
}

void
vrouter_raise(struct vrouter *v, enum vrouter_alarm alarm, nsec_t until, struct effects *out)
{
	v->alarm_until[alarm] = until;
	reckon_alarms(v);
	if (v->status.alarms & 1u << alarm)
		return;
	v->status.alarms |= 1u << alarm;
	touch(v);

	struct effect *effect = vrouter_effect(v, EFFECT_ALARM, out);

	effect->detail = (uint8_t)alarm;
	effect->raised = true;
}

void
vrouter_clear(struct vrouter *v, enum vrouter_alarm alarm, struct effects *out)
{
	if (!(v->status.alarms & 1u << alarm))
		return;
	v->alarm_until[alarm] = NSEC_NEVER;
	reckon_alarms(v);
	v->status.alarms &= ~(1u << alarm);
	touch(v);
	vrouter_effect(v, EFFECT_ALARM, out)->detail = (uint8_t)alarm;
}

/* ---- time ----------------------------------------------------------------------------------- */

/* The first point after now of the phase that passes through due. */
static nsec_t
next_in_phase(nsec_t due, nsec_t interval, nsec_t now)
{
	return due + ((now - due) / interval + 1) * interval;
}

static void
send_due(struct vrouter *v, nsec_t now, struct lateness *lateness, struct effects *out)
{
	nsec_t due = v->status.next_advert;

	if (due > now)
		return;
	lateness_advert(lateness, due, now);
	vrouter_send(v, now, out);
	v->status.next_advert = next_in_phase(due, v->settings->interval, now);
	touch(v);
}

static void
renew_due(struct vrouter *v, nsec_t now, struct effects *out)
{
	if (v->renew_at > now)
		return;
	renew(v, now, out);
	v->renew_at = next_in_phase(v->renew_at, renewal_interval(v), now);
}

static void
clear_due(struct vrouter *v, nsec_t now, struct effects *out)
{
	if (v->alarm_at > now)
		return;
	for (enum vrouter_alarm alarm = 0; alarm < VROUTER_ALARMS; alarm++)
		if (v->alarm_until[alarm] <= now)
			vrouter_clear(v, alarm, out);
}

void
vrouter_on_time(struct vrouter *v, nsec_t now, struct lateness *lateness, struct effects *out)
{
	send_due(v, now, lateness, out);
	herald_on_time(v, now, out);
	renew_due(v, now, out);
	clear_due(v, now, out);
}

nsec_t
vrouter_deadline(const struct vrouter *v)
{
	nsec_t when = nsec_min(v->status.next_advert, v->herald.due);

	when = nsec_min(when, v->renew_at);
	when = nsec_min(when, v->alarm_at);
	return nsec_min(when, v->track_at);
}
