/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first thing that is wrong with a packet is the one that is counted; a packet that is wrong
 * changes nothing else.  What is right, but other than ours (address list, interval of version 3),
 * raises an alarm.  What becomes of an accepted packet is decided in hear.c.
 */
#include "core/judge.h"

#include <string.h>

#include "core/frames.h"

#define ALARM_HOLD 3			/* intervals without a reason clear an alarm */

/* So many damaged packets within that time are no accident. */
#define DAMAGED_PACKETS 3u
#define DAMAGED_WINDOW (10 * NSEC_PER_SEC)

/* ---- does it fit? --------------------------------------------------------------------------- */

/* Compare in a time that does not depend on where they differ. */
static bool
password_equal(const uint8_t a[PASSWORD_SIZE], const uint8_t b[PASSWORD_SIZE])
{
	volatile uint8_t difference = 0;

	for (unsigned i = 0; i < PASSWORD_SIZE; i++)
		difference |= a[i] ^ b[i];
	return difference == 0;
}

static const struct peer_settings *
find_peer(const struct vrouter *v, const struct ip *address)
{
	for (uint32_t i = 0; i < v->settings->peer_count; i++)
		if (ip_equal(&v->peers[i].address, address))
			return &v->peers[i];
	return NULL;
}

/* From where it may come, and where it must go to. */
static enum advert_fault
judge_way(const struct vrouter *v, const struct advert *ad)
{
	struct ip multicast = advert_destination(v->settings->family);
	const struct peer_settings *peer;

	if (v->settings->peer_count == 0) {
		if (!ip_equal(&ad->destination, &multicast))
			return ADVERT_DESTINATION;
		if (ip_equal(&ad->source, &v->status.source))
			return ADVERT_OWN;
		if (ad->family == 6 && !ip_is_link_local(&ad->source))
			return ADVERT_SOURCE;
		return ADVERT_OK;
	}
	if (ip_equal(&ad->source, &v->status.source))
		return ADVERT_OWN;
	peer = find_peer(v, &ad->source);
	if (!peer)
		return ADVERT_SOURCE;
	if (!ip_equal(&ad->destination, &v->status.source))
		return ADVERT_DESTINATION;
	return ad->ttl < peer->minimum_ttl ? ADVERT_TTL : ADVERT_OK;
}

/* What only version 2 has; RFC 3768 7.1. */
static enum advert_fault
judge_version_2(const struct vrouter *v, const struct advert *ad)
{
	const struct group_settings *g = v->settings;

	if (ad->auth >= AUTH_TYPES)
		return ADVERT_AUTH_INVALID;
	if (ad->auth != g->auth)
		return ADVERT_AUTH_MISMATCH;
	if (g->auth == AUTH_TEXT && !password_equal(ad->auth_data, g->password))
		return ADVERT_AUTH_FAILED;
	/* Who speaks both versions follows any interval (RFC 9568 8.4), but not none at all. */
	if (g->version == 2 ? ad->interval != g->interval : ad->interval == 0)
		return ADVERT_INTERVAL;
	return ad->address_count == 0 ? ADVERT_NO_ADDRESS : ADVERT_OK;
}

/* Last of all: it costs most, and it moves the window. */
static enum advert_fault
judge_auth_header(struct vrouter *v, const struct advert *ad)
{
	if (!auth_header_holds(&ad->ah, v->settings->password))
		return ADVERT_AUTH_FAILED;
	if (!auth_header_is_fresh(&v->window, ad->ah.sequence))
		return ADVERT_REPLAY;
	/* What was sent before the first that we hear may have been kept by anybody. */
	if (v->window.greatest == 0)
		v->window = auth_header_resume(ad->ah.sequence);
	else
		auth_header_note(&v->window, ad->ah.sequence);
	if (ad->ah.sequence > v->status.ah_sequence)
		v->status.ah_sequence = ad->ah.sequence;
	return ADVERT_OK;
}

enum advert_fault
judge_advert(struct vrouter *v, const struct advert *ad)
{
	const struct group_settings *g = v->settings;
	enum advert_fault fault = ADVERT_OK;

	if (ad->version != g->version && !(g->both_versions && ad->version == 2))
		return ADVERT_VERSION;
	if (ad->version == 2)
		fault = judge_version_2(v, ad);
	if (fault == ADVERT_OK)
		fault = judge_way(v, ad);
	if (fault == ADVERT_OK && g->auth == AUTH_AH)
		fault = judge_auth_header(v, ad);
	return fault;
}

/* ---- what a person should hear of ----------------------------------------------------------- */

void
judge_raise(struct vrouter *v, enum vrouter_alarm alarm, const struct advert *ad, nsec_t now,
            struct effects *out)
{
	/* The sender may be slower than we are; the alarm shall not go on and off between. */
	nsec_t interval = nsec_max(v->settings->interval, ad->interval);

	vrouter_raise(v, alarm, now + ALARM_HOLD * interval, out);
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
	case ADVERT_REPLAY:
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
	case ADVERT_FIRST_ADDRESS:
	case ADVERT_DESTINATION:
	case ADVERT_SOURCE:
	case ADVERT_FAULTS:
		break;
	}
	return VROUTER_ALARMS;
}

/* One damaged packet is an accident. */
static void
note_damage(struct vrouter *v, nsec_t now, struct effects *out)
{
	nsec_t window = nsec_max(DAMAGED_WINDOW, ALARM_HOLD * v->settings->interval);

	if (v->damaged == 0 || now - v->damaged_since > window) {
		v->damaged = 0;
		v->damaged_since = now;
	}
	if (++v->damaged >= DAMAGED_PACKETS)
		vrouter_raise(v, ALARM_CHECKSUM, now + window, out);
}

void
judge_reject(struct vrouter *v, enum advert_fault fault, const struct advert *ad, nsec_t now,
             struct effects *out)
{
	enum vrouter_alarm alarm = alarm_of(fault);

	v->status.counters.faults[fault]++;
	v->status.last_fault = (uint8_t)fault;
	v->status.offender = ad->source;
	v->status.offender_mac = ad->sender;
	v->version++;
	if (alarm != VROUTER_ALARMS)
		judge_raise(v, alarm, ad, now, out);
	if (fault == ADVERT_CHECKSUM || fault == ADVERT_LENGTH)
		note_damage(v, now, out);
}

/* Is number index of its addresses one of ours? */
static bool
lists_address(const struct vrouter *v, const uint8_t *address, size_t size)
{
	for (uint32_t i = 0; i < v->settings->address_count; i++)
		if (memcmp(v->addresses[i].prefix.ip.bytes, address, size) == 0)
			return true;
	return false;
}

/* Does the packet list the addresses that we have, in any order? */
static bool
lists_our_addresses(const struct vrouter *v, const struct advert *ad)
{
	size_t size = v->settings->family == 4 ? 4 : 16;

	if (ad->address_count != v->settings->address_count)
		return false;
	for (unsigned i = 0; i < ad->address_count; i++) {
		const uint8_t *address = ad->addresses + size * i;

		/* Mostly in the same order. */
		if (memcmp(v->addresses[i].prefix.ip.bytes, address, size) != 0 &&
		    !lists_address(v, address, size))
			return false;
	}
	return true;
}

/* The interval that a router configured like us would name in this packet. */
static nsec_t
expected_interval(const struct vrouter *v, const struct advert *ad)
{
	return ad->version == v->settings->version ? v->settings->interval :
	                                             frames_interval_of_version_2(v->settings);
}

void
judge_accept(struct vrouter *v, const struct advert *ad, nsec_t now, struct effects *out)
{
	struct vrouter_counters *counters = &v->status.counters;

	counters->adverts_received++;
	if (ad->priority == ADVERT_PRIORITY_RESIGN)
		counters->priority_zero_received++;
	/* Ends like the others, so that a peer that lists now this, now that, makes one alarm. */
	if (!lists_our_addresses(v, ad)) {
		counters->address_list_differs++;
		judge_raise(v, ALARM_ADDRESS_LIST, ad, now, out);
	}
	if (ad->interval != expected_interval(v, ad))
		judge_raise(v, ALARM_INTERVAL, ad, now, out);
	v->version++;
}
