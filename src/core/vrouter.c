/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual router's own affairs: frames, advert phase, leases, announcements, alarms, counters.
 * RFC 3768 6.4 says what a state does; which state that is, party.c decides, and it is the only
 * caller of vrouter_enter().
 *
 * The advert timer has one writer beside vrouter_enter(): send_due(), which keeps the phase.  No
 * packet received, good or bad, ever moves it.
 */
#include "core/vrouter.h"

#include <string.h>

#include "core/election.h"

/* Gratuitous ARP after a takeover: Vyatta's defaults. */
#define BURST 5u
#define ANNOUNCEMENTS (2 * BURST)
/* The second corrects who asked an old master that lingered and has let go by then. */
#define BURST_STEP (ENGINE_LINGER + 10 * NSEC_PER_MSEC)
#define SECOND_BURST (5 * NSEC_PER_SEC)

#define LOT 64u				/* groups that advertise in the same moment */

#define ALARM_HOLD 3			/* intervals without a reason clear an alarm */

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
		.settings = g,
		.addresses = settings_group_addresses(settings, g),
		.down_interval = election_down_interval(g->version, g->priority, g->interval),
		.lease = election_lease(g->version, g->interval),
		.offset = place_in_interval(settings, group),
		.appeared = now,
		.weaker_since = NSEC_NEVER,
		.renew_at = NSEC_NEVER,
		.announced = ANNOUNCEMENTS,
		.status = {
			.vrid = g->vrid,
			.state = VROUTER_INIT,
			.effective_priority = g->priority,
			.family = settings_group_addresses(settings, g)->ip.family,
			.next_advert = NSEC_NEVER,
			.down_deadline = NSEC_NEVER,
		},
	};
	memcpy(v->status.interface, link->name, sizeof(v->status.interface));
	for (unsigned i = 0; i < VROUTER_ALARMS; i++)
		v->alarm_until[i] = NSEC_NEVER;
}

static bool
same_addresses(const struct vrouter *a, const struct vrouter *b)
{
	if (a->settings->address_count != b->settings->address_count)
		return false;
	for (uint32_t i = 0; i < a->settings->address_count; i++)
		if (!prefix_equal(&a->addresses[i], &b->addresses[i]))
			return false;
	return a->settings->rfc_compatibility == b->settings->rfc_compatibility &&
	       memcmp(a->settings->vmac_name, b->settings->vmac_name, NAME_SIZE) == 0;
}

/* Would both advertise the same, given the same link? */
static bool
same_frame(const struct group_settings *a, const struct group_settings *b)
{
	return a->interval == b->interval && a->auth == b->auth &&
	       memcmp(a->password, b->password, PASSWORD_SIZE) == 0 &&
	       ip_equal(&a->hello_source, &b->hello_source);
}

void
vrouter_carry(struct vrouter *v, const struct vrouter *old)
{
	struct vrouter fresh = *v;
	bool addresses = !same_addresses(old, v);

	*v = *old;
	v->group = fresh.group;
	v->settings = fresh.settings;
	v->addresses = fresh.addresses;
	v->party = fresh.party;
	v->down_interval = fresh.down_interval;
	v->lease = fresh.lease;
	v->offset = fresh.offset;
	v->before = old->party;
	v->status.effective_priority = fresh.status.effective_priority;
	v->status.family = fresh.status.family;

	v->changes = 0;
	if (addresses)
		v->changes |= CHANGE_ADDRESSES | CHANGE_FRAME;
	if (!same_frame(old->settings, v->settings))
		v->changes |= CHANGE_FRAME;
	if (old->settings->interval != v->settings->interval)
		v->changes |= CHANGE_TIMING;
	if (old->status.effective_priority != v->status.effective_priority)
		v->changes |= CHANGE_FRAME | CHANGE_TIMING;
}

void
vrouter_set_priority(struct vrouter *v, uint8_t priority)
{
	const struct group_settings *g = v->settings;

	v->status.effective_priority = priority;
	v->down_interval = election_down_interval(g->version, priority, g->interval);
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

void
vrouter_revise(struct vrouter *v, nsec_t now, struct effects *out)
{
	unsigned changes = v->changes;

	v->changes = 0;
	if (changes == 0 || vrouter_moved(v))
		return;
	if (changes & CHANGE_ADDRESSES && v->holds)
		vrouter_take(v, now, out);
	else if (changes & CHANGE_TIMING && v->holds)
		vrouter_renew(v, now, out);	/* the others wait for another time now */
	if (v->status.state == VROUTER_MASTER) {
		if (changes & CHANGE_TIMING)
			v->status.next_advert = nsec_min(v->status.next_advert,
			                                 now + v->settings->interval);
		if (changes & CHANGE_FRAME)
			vrouter_send(v, now, out);
		if (changes & CHANGE_ADDRESSES)
			vrouter_announce(v, now, out);
	}
	if (v->status.state == VROUTER_BACKUP && changes & CHANGE_TIMING)
		v->status.down_deadline = now + v->down_interval;
	touch(v);
}

void
vrouter_restore(struct vrouter *v, const struct vrouter_status *record, nsec_t now)
{
	struct vrouter_status *s = &v->status;

	s->counters = record->counters;
	s->master_priority = record->master_priority;
	s->master_source = record->master_source;
	s->master_mac = record->master_mac;
	s->offender = record->offender;
	s->offender_mac = record->offender_mac;
	s->last_fault = record->last_fault < ADVERT_FAULTS ? record->last_fault : ADVERT_OK;
	s->state = record->state < VROUTER_STATES ? record->state : VROUTER_INIT;
	s->reason = record->reason < VROUTER_REASONS ? record->reason : REASON_NONE;
	s->last_transition = nsec_min(record->last_transition, now);
	v->holds = s->state == VROUTER_MASTER || record->lingering;
	s->lingering = s->state == VROUTER_BACKUP && record->lingering;
	s->last_advert_sent = record->last_advert_sent <= now ? record->last_advert_sent : 0;
	s->next_advert = NSEC_NEVER;
	if (s->state == VROUTER_MASTER) {
		bool plausible = record->next_advert > 0 &&
		                 record->next_advert <= now + v->settings->interval;

		s->next_advert = plausible ? record->next_advert : now;
	}
	touch(v);
}

/* ---- frames --------------------------------------------------------------------------------- */

static void
build_frames(struct vrouter *v)
{
	const struct group_settings *g = v->settings;
	uint8_t addresses[4 * GROUP_ADDRESSES_MAX];
	struct advert ad = {
		.version = g->version,
		.family = 4,
		.vrid = g->vrid,
		.priority = v->status.effective_priority,
		.auth = g->auth,
		.interval = g->interval,
		.sender = v->mac,
		.source = v->status.source,
		.destination = advert_destination(),
		.address_count = (uint8_t)g->address_count,
		.addresses = addresses,
	};

	for (uint32_t i = 0; i < g->address_count; i++)
		memcpy(addresses + 4 * i, v->addresses[i].ip.bytes, 4);
	if (g->auth == AUTH_TEXT)
		memcpy(ad.auth_data, g->password, sizeof(ad.auth_data));
	v->frame_length = advert_encode(&ad, v->frames[false]);
	ad.priority = ADVERT_PRIORITY_RESIGN;
	(void)advert_encode(&ad, v->frames[true]);
}

void
vrouter_set_link(struct vrouter *v, const struct link_input *input)
{
	const struct group_settings *g = v->settings;

	v->status.link_usable = input->usable;
	v->status.source = g->hello_source.family ? g->hello_source : input->source4;
	v->mac = g->rfc_compatibility ? group_virtual_mac(4, g->vrid) : input->mac;
	if (!input->usable)
		v->condition = CONDITION_DOWN;
	else if (v->status.source.family != 4)
		v->condition = CONDITION_NO_ADDRESS;
	else
		v->condition = CONDITION_GOOD;
	if (v->status.source.family == 4)
		build_frames(v);
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
	s->master_priority = 0;
	s->master_source = (struct ip){ 0 };
	s->master_mac = (struct mac){ { 0 } };
	v->weaker_since = NSEC_NEVER;
	v->yield_until = 0;
	v->renew_at = NSEC_NEVER;
	v->announced = ANNOUNCEMENTS;
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
	touch(v);
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

/*
 * Renew with every advert, so that the lease outlasts the others' patience; but ten times a second
 * is enough, whatever makes us speak.  So a lease begins at most a tick before the last advert.
 */
static bool
renewal_due(const struct vrouter *v, nsec_t now)
{
	return now - v->renewed >= nsec_min(ENGINE_TICK, v->lease / 4);
}

void
vrouter_renew(struct vrouter *v, nsec_t now, struct effects *out)
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
	if (v->holds && renewal_due(v, now))
		vrouter_renew(v, now, out);
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

void
vrouter_announce(struct vrouter *v, nsec_t now, struct effects *out)
{
	if (v->condition != CONDITION_GOOD)
		return;
	vrouter_effect(v, EFFECT_ANNOUNCE, out);
	v->announce_start = now;
	v->announced = 1;
}

void
vrouter_raise(struct vrouter *v, enum vrouter_alarm alarm, nsec_t until, struct effects *out)
{
	v->alarm_until[alarm] = until;
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
	v->alarm_until[alarm] = NSEC_NEVER;
	if (!(v->status.alarms & 1u << alarm))
		return;
	v->status.alarms &= ~(1u << alarm);
	touch(v);
	vrouter_effect(v, EFFECT_ALARM, out)->detail = (uint8_t)alarm;
}

/* ---- packets -------------------------------------------------------------------------------- */

/* Compare in a time that does not depend on where they differ. */
static bool
password_equal(const uint8_t a[PASSWORD_SIZE], const uint8_t b[PASSWORD_SIZE])
{
	volatile uint8_t difference = 0;

	for (unsigned i = 0; i < PASSWORD_SIZE; i++)
		difference |= a[i] ^ b[i];
	return difference == 0;
}

enum advert_fault
vrouter_judge(const struct vrouter *v, const struct advert *ad)
{
	const struct group_settings *g = v->settings;
	struct ip destination = advert_destination();

	if (ad->version != g->version)
		return ADVERT_VERSION;
	if (ad->auth >= AUTH_TYPES)
		return ADVERT_AUTH_INVALID;
	if (ad->auth != g->auth)
		return ADVERT_AUTH_MISMATCH;
	if (g->auth == AUTH_TEXT && !password_equal(ad->auth_data, g->password))
		return ADVERT_AUTH_FAILED;
	if (ad->interval != g->interval)
		return ADVERT_INTERVAL;
	if (ad->address_count == 0)
		return ADVERT_NO_ADDRESS;
	if (!ip_equal(&ad->destination, &destination))
		return ADVERT_DESTINATION;
	if (ip_equal(&ad->source, &v->status.source))
		return ADVERT_OWN;
	return ADVERT_OK;
}

/* Which alarm a fault raises; VROUTER_ALARMS for none: noise, not a misconfiguration. */
static enum vrouter_alarm
alarm_of(enum advert_fault fault)
{
	switch (fault) {
	case ADVERT_VERSION:
		return ALARM_VERSION;
	case ADVERT_AUTH_INVALID:
	case ADVERT_AUTH_MISMATCH:
	case ADVERT_AUTH_FAILED:
		return ALARM_AUTH;
	case ADVERT_INTERVAL:
		return ALARM_INTERVAL;
	case ADVERT_OWN:
		return ALARM_LOOPED;
	case ADVERT_OK:
	case ADVERT_LENGTH:
	case ADVERT_CHECKSUM:
	case ADVERT_TYPE:
	case ADVERT_TTL:
	case ADVERT_VRID:
	case ADVERT_NO_ADDRESS:
	case ADVERT_DESTINATION:
	case ADVERT_FAULTS:
		break;
	}
	return VROUTER_ALARMS;
}

void
vrouter_reject(struct vrouter *v, enum advert_fault fault, const struct advert *ad, nsec_t now,
               struct effects *out)
{
	enum vrouter_alarm alarm = alarm_of(fault);
	/* The sender may be slower than we are; the alarm shall not go on and off between. */
	nsec_t interval = nsec_max(v->settings->interval, ad->interval);

	v->status.counters.faults[fault]++;
	v->status.last_fault = (uint8_t)fault;
	v->status.offender = ad->source;
	v->status.offender_mac = ad->sender;
	touch(v);
	if (alarm != VROUTER_ALARMS)
		vrouter_raise(v, alarm, now + ALARM_HOLD * interval, out);
}

/* Does the packet list the addresses that we have, in any order? */
static bool
lists_our_addresses(const struct vrouter *v, const struct advert *ad)
{
	if (ad->address_count != v->settings->address_count)
		return false;
	for (unsigned i = 0; i < ad->address_count; i++) {
		struct ip ip = ip_from_v4(ad->addresses + 4 * i);
		uint32_t ours = 0;

		while (ours < v->settings->address_count &&
		       !ip_equal(&v->addresses[ours].ip, &ip))
			ours++;
		if (ours == v->settings->address_count)
			return false;
	}
	return true;
}

void
vrouter_accept(struct vrouter *v, const struct advert *ad, nsec_t now, struct effects *out)
{
	struct vrouter_counters *counters = &v->status.counters;

	counters->adverts_received++;
	if (ad->priority == ADVERT_PRIORITY_RESIGN)
		counters->priority_zero_received++;
	/* Ends like the others, so that a peer that lists now this, now that, makes one alarm. */
	if (!lists_our_addresses(v, ad)) {
		counters->address_list_differs++;
		vrouter_raise(v, ALARM_ADDRESS_LIST, now + ALARM_HOLD * v->settings->interval, out);
	}
	touch(v);
}

void
vrouter_rearm(struct vrouter *v, const struct advert *ad, nsec_t arrival)
{
	struct vrouter_status *s = &v->status;

	s->down_deadline = nsec_max(s->down_deadline, arrival + v->down_interval);
	s->master_priority = ad->priority;
	s->master_source = ad->source;
	s->master_mac = ad->sender;
	touch(v);
}

/* ---- time ----------------------------------------------------------------------------------- */

/* When the next repeat of the announcement is due. */
static nsec_t
announcement_due(const struct vrouter *v)
{
	if (v->announced >= ANNOUNCEMENTS)
		return NSEC_NEVER;
	if (v->announced < BURST)
		return v->announce_start + v->announced * BURST_STEP;
	return v->announce_start + SECOND_BURST + (v->announced - BURST) * BURST_STEP;
}

/* The first point after now of the phase that passes through due. */
static nsec_t
next_in_phase(nsec_t due, nsec_t interval, nsec_t now)
{
	return due + ((now - due) / interval + 1) * interval;
}

static void
send_due(struct vrouter *v, nsec_t now, struct effects *out)
{
	nsec_t due = v->status.next_advert;

	if (due > now)
		return;
	vrouter_send(v, now, out);
	v->status.next_advert = next_in_phase(due, v->settings->interval, now);
	touch(v);
}

static void
announce_due(struct vrouter *v, nsec_t now, struct effects *out)
{
	if (announcement_due(v) > now)
		return;
	vrouter_effect(v, EFFECT_ANNOUNCE, out);
	/* After a late wake-up one stands for all that are past. */
	while (announcement_due(v) <= now)
		v->announced++;
}

static void
renew_due(struct vrouter *v, nsec_t now, struct effects *out)
{
	if (v->renew_at > now)
		return;
	vrouter_renew(v, now, out);
	v->renew_at = next_in_phase(v->renew_at, v->settings->interval, now);
}

void
vrouter_on_time(struct vrouter *v, nsec_t now, struct effects *out)
{
	send_due(v, now, out);
	announce_due(v, now, out);
	renew_due(v, now, out);
	for (enum vrouter_alarm alarm = 0; alarm < VROUTER_ALARMS; alarm++)
		if (v->alarm_until[alarm] <= now)
			vrouter_clear(v, alarm, out);
}

nsec_t
vrouter_deadline(const struct vrouter *v)
{
	nsec_t when = nsec_min(v->status.next_advert, announcement_due(v));

	when = nsec_min(when, v->renew_at);
	for (unsigned i = 0; i < VROUTER_ALARMS; i++)
		when = nsec_min(when, v->alarm_until[i]);
	return when;
}
