/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state machine of RFC 3768 6.4 and RFC 9568 6.4, for a whole sync group at once: one table,
 * one function that writes the state, effects after it.  Links and what is tracked are classified
 * into an event here, packets in hear.c.
 *
 * After a reset (make before break) the party is backup but its members keep their addresses until
 * another master was heard and has had ENGINE_LINGER for its announcements.  The new master is
 * normally weaker than we are.  With preempt we would ignore it and be master again at once, so
 * for one down interval after the reset a weaker master is accepted; after that preempt may bring
 * the mastership back, between one and two down intervals after the reset.
 */
#include "core/party.h"

#include "core/election.h"
#include "core/herald.h"
#include "core/lateness.h"
#include "core/track.h"

#define I VROUTER_INIT
#define B VROUTER_BACKUP
#define M VROUTER_MASTER
#define F VROUTER_FAULT

static const enum vrouter_state table[VROUTER_STATES][PARTY_EVENTS] = {
	/*      READY OWNER LOST SILENCE STRONGER RESET LEAVE STALLED JOINED RESUMED STOP */
	[I] = { B,    M,    F,   I,      I,       I,    I,    I,      I,     B,      I },
	[B] = { B,    M,    F,   M,      B,       B,    B,    B,      B,     B,      I },
	[M] = { M,    M,    F,   M,      B,       B,    B,    B,      M,     B,      I },
	[F] = { B,    M,    F,   F,      F,       F,    F,    F,      F,     B,      I },
};

#undef I
#undef B
#undef M
#undef F

/* ---- deadlines ------------------------------------------------------------------------------ */

void
party_schedule_member(struct vrouter *v)
{
	deadlines_set(&v->party->timers->members, v->group, vrouter_deadline(v));
}

/* When silence becomes a takeover: when the last member has given up. */
static nsec_t
silence_deadline(const struct party *p)
{
	nsec_t latest = 0;

	for (uint32_t i = 0; i < p->count; i++)
		latest = nsec_max(latest, p->members[i]->status.down_deadline);
	return latest;
}

/* Did the member that gave up last do so because of a resignation? */
static bool
was_resigned_to(const struct party *p)
{
	nsec_t deadline = silence_deadline(p);

	for (uint32_t i = 0; i < p->count; i++)
		if (p->members[i]->status.down_deadline == deadline && p->members[i]->resigned)
			return true;
	return false;
}

/* Up to when has everything been handed in that arrived for any member? */
static nsec_t
heard_by_all(const struct party *p)
{
	nsec_t earliest = NSEC_NEVER;

	for (uint32_t i = 0; i < p->count; i++)
		earliest = nsec_min(earliest, p->members[i]->heard);
	return earliest;
}

/* It may not be master any more. */
static bool
is_leaving(const struct party *p)
{
	return p->leave_by != NSEC_NEVER;
}

/* What has not been heard on a link with a backlog is no silence: nothing rings for it. */
static bool
is_silent(const struct party *p, nsec_t when)
{
	nsec_t deadline = silence_deadline(p);

	return deadline <= when && deadline <= heard_by_all(p);
}

/* Is all that the members need known? */
static bool
is_known(const struct party *p)
{
	return p->unknown == 0 && p->untold == 0;
}

static nsec_t
shortest_down_interval(const struct party *p)
{
	nsec_t shortest = NSEC_NEVER;

	for (uint32_t i = 0; i < p->count; i++)
		shortest = nsec_min(shortest, p->members[i]->down_interval);
	return shortest;
}

/*
 * An advert accepted later moves a member's deadline away without coming here: the queue may ring
 * too early, once in a down interval, which is cheaper than asking all members at each advert.
 */
void
party_schedule(struct party *p)
{
	nsec_t when = NSEC_NEVER;

	p->down_interval = shortest_down_interval(p);
	/* While something is unknown the next event is that somebody tells us. */
	if (p->state == VROUTER_INIT && is_known(p))
		when = p->start_at;
	if (p->state == VROUTER_BACKUP && p->unknown == 0 && !is_leaving(p) &&
	    is_silent(p, NSEC_NEVER))
		when = silence_deadline(p);
	if (p->lingering)
		when = nsec_min(when, nsec_min(p->linger_until, p->leave_by));
	deadlines_set(&p->timers->parties, p->number, when);
}

/* ---- the one writer of the state ------------------------------------------------------------ */

static enum vrouter_reason
reason_of_recovery(const struct vrouter *v)
{
	const struct vrouter_status *s = &v->status;

	if (s->state == VROUTER_INIT)
		return REASON_STARTED;
	if (s->state != VROUTER_FAULT)
		return REASON_SYNC_GROUP;
	return s->reason == REASON_TRACK_DOWN || s->reason == REASON_MEMBER_TRACK_DOWN ?
	       REASON_TRACK_UP : REASON_LINK_UP;
}

/* Its own loss before that of others, its interface before what it tracks. */
static enum vrouter_reason
reason_of_loss(const struct party *p, const struct vrouter *v)
{
	if (v->condition == CONDITION_DOWN)
		return REASON_LINK_DOWN;
	if (v->condition == CONDITION_NO_ADDRESS)
		return REASON_NO_ADDRESS;
	if (v->track_lost)
		return REASON_TRACK_DOWN;
	return p->cut > 0 ? REASON_MEMBER_DOWN : REASON_MEMBER_TRACK_DOWN;
}

/* Why this member goes where the event sends its party. */
static enum vrouter_reason
reason_of(const struct party *p, const struct vrouter *v, enum party_event event)
{
	switch (event) {
	case PARTY_READY:
		return reason_of_recovery(v);
	case PARTY_OWNER:
		return REASON_OWNER;
	case PARTY_LOST:
		return reason_of_loss(p, v);
	case PARTY_SILENCE:
		/* Until another master was heard, who may have gone again. */
		if (p->lingering && p->linger_until == NSEC_NEVER)
			return REASON_NOBODY_TOOK_OVER;
		return p->resigned ? REASON_PEER_RESIGNED : REASON_NO_ADVERT;
	case PARTY_STRONGER:
		return REASON_STRONGER_MASTER;
	case PARTY_RESET:
		return REASON_RESET;
	case PARTY_STALLED:
		return REASON_STALLED;
	case PARTY_JOINED:
		return REASON_SYNC_GROUP;
	case PARTY_RESUMED:
		return REASON_RESUMED;
	case PARTY_LEAVE:
	case PARTY_STOP:
	case PARTY_EVENTS:
		break;
	}
	return REASON_STOPPED;
}

/* Does a master that leaves for this reason keep its addresses until another one is heard? */
static bool
lingers(enum party_event event)
{
	return event == PARTY_RESET || event == PARTY_LEAVE;
}

/* Does a master that leaves for this reason tell the others that it goes? */
static bool
resigns(enum party_event event)
{
	/* A stronger master is there already; after a pause somebody else may well be. */
	return event != PARTY_STRONGER && event != PARTY_STALLED && event != PARTY_RESUMED;
}

/*
 * The first advertisement of new masters, either of those with a virtual MAC or of the others.  The
 * first frame from a virtual MAC turns switches towards us: it must find us able to receive.
 */
static void
speak_up(struct vrouter **members, uint32_t count, bool virtual_mac, nsec_t now,
         struct effects *out)
{
	for (uint32_t i = 0; i < count; i++) {
		struct vrouter *v = members[i];

		if (vrouter_moved(v) && v->status.state == VROUTER_MASTER &&
		    v->settings->rfc_compatibility == virtual_mac)
			vrouter_send(v, now, out);
	}
}

/* Tell the world about those members that were moved, every step for all before the next. */
static void
act(struct vrouter **members, uint32_t count, enum party_event event, nsec_t now,
    struct effects *out)
{
	for (uint32_t i = 0; i < count; i++)
		if (vrouter_moved(members[i]) && members[i]->from == VROUTER_MASTER &&
		    resigns(event))
			vrouter_resign(members[i], out);
	speak_up(members, count, false, now, out);
	for (uint32_t i = 0; i < count; i++) {
		struct vrouter *v = members[i];

		if (!vrouter_moved(v))
			continue;
		if (v->status.state == VROUTER_MASTER)
			vrouter_take(v, now, out);
		else if (!lingers(event))
			vrouter_drop(v, out);
	}
	speak_up(members, count, true, now, out);
	for (uint32_t i = 0; i < count; i++)
		if (vrouter_moved(members[i]) && members[i]->status.state == VROUTER_MASTER)
			herald_begin(members[i], now, out);
	for (uint32_t i = 0; i < count; i++) {
		struct vrouter *v = members[i];

		if (!vrouter_moved(v))
			continue;
		if (v->from == VROUTER_MASTER)
			vrouter_clear(v, ALARM_TRANSMIT, out);

		struct effect *effect = vrouter_effect(v, EFFECT_TRANSITION, out);

		effect->from = (uint8_t)v->from;
		effect->to = v->status.state;
		effect->detail = v->status.reason;
		party_schedule_member(v);
	}
}

static void
enter(struct party *p, enum vrouter_state state, enum party_event event, nsec_t now,
      struct effects *out)
{
	for (uint32_t i = 0; i < p->count; i++)
		vrouter_enter(p->members[i], state, reason_of(p, p->members[i], event), now);
	if (state != p->state) {
		p->state = state;
		p->listening_since = now;
		p->resigned = false;
		p->lingering = lingers(event);
		p->linger_until = NSEC_NEVER;
	}
	act(p->members, p->count, event, now, out);
	party_schedule(p);
}

void
party_handle(struct party *p, enum party_event event, nsec_t now, struct effects *out)
{
	enum vrouter_state state = table[p->state][event];

	if (state != p->state)
		enter(p, state, event, now, out);
}

/* ---- what the members need ------------------------------------------------------------------ */

static bool
is_cut(const struct vrouter *v)
{
	return v->condition == CONDITION_DOWN || v->condition == CONDITION_NO_ADDRESS;
}

/* Count the member in; before it changes, count it out. */
static void
count_member(struct party *p, const struct vrouter *v, bool in)
{
	uint32_t one = in ? 1 : UINT32_MAX;	/* or minus one */

	p->unknown += v->condition == CONDITION_UNKNOWN ? one : 0;
	p->untold += v->untold ? one : 0;
	p->cut += is_cut(v) ? one : 0;
	p->lost += is_cut(v) || v->track_lost ? one : 0;
}

void
party_count(struct party *p)
{
	p->unknown = p->untold = p->cut = p->lost = 0;
	p->start_at = 0;
	for (uint32_t i = 0; i < p->count; i++) {
		const struct vrouter *v = p->members[i];

		count_member(p, v, true);
		p->start_at = nsec_max(p->start_at, v->appeared + v->settings->start_delay);
	}
	p->down_interval = shortest_down_interval(p);
}

bool
party_share_priority(struct party *p)
{
	uint8_t lowest = UINT8_MAX;

	for (uint32_t i = 0; i < p->count; i++) {
		uint8_t own = vrouter_own_priority(p->members[i]);

		lowest = own < lowest ? own : lowest;
	}
	if (lowest == p->priority)
		return false;
	p->priority = lowest;
	for (uint32_t i = 0; i < p->count; i++) {
		struct vrouter *v = p->members[i];
		nsec_t before = v->down_interval;

		vrouter_set_priority(v, lowest);
		/* The silence began when it began; only our patience is another. */
		if (v->status.down_deadline != NSEC_NEVER && !v->resigned)
			v->status.down_deadline += v->down_interval - before;
	}
	return true;
}

void
party_set_link(struct vrouter *v, const struct link_input *input)
{
	count_member(v->party, v, false);
	vrouter_set_link(v, input);
	count_member(v->party, v, true);
	v->party->stirred = true;
}

void
party_track(struct vrouter *v, uint32_t index, bool up, nsec_t now)
{
	count_member(v->party, v, false);
	track_report(v, index, up, now);
	count_member(v->party, v, true);
	v->party->stirred = true;
}

void
party_track_on_time(struct vrouter *v, nsec_t now)
{
	count_member(v->party, v, false);
	track_on_time(v, now);
	count_member(v->party, v, true);
	v->party->stirred = true;
}

void
party_set_owner(struct vrouter *v, bool owner)
{
	v->party->stirred |= v->status.owner != owner;
	v->status.owner = owner;
	v->version++;
}

/* Where the members' needs send the party. */
static void
follow_needs(struct party *p, nsec_t now, struct effects *out)
{
	/* At the start all members wait until each is known and its delay is over. */
	bool starting = p->state == VROUTER_INIT && (!is_known(p) || now < p->start_at);
	bool begins = p->state == VROUTER_INIT || p->state == VROUTER_FAULT;
	bool owner = begins && p->priority == PRIORITY_OWNER && !is_leaving(p);

	if (!starting && p->lost > 0)
		party_handle(p, PARTY_LOST, now, out);
	else if (!starting && is_known(p))
		party_handle(p, owner ? PARTY_OWNER : PARTY_READY, now, out);
}

static void
settle(struct party *p, nsec_t now, struct effects *out)
{
	enum vrouter_state state = p->state;
	bool changed = party_share_priority(p);

	p->stirred = false;
	follow_needs(p, now, out);
	/* Nobody shall take a master for what it no longer is, not even for an interval. */
	for (uint32_t i = 0; changed && i < p->count; i++)
		if (state == VROUTER_MASTER && p->state == VROUTER_MASTER)
			vrouter_send(p->members[i], now, out);
	if (changed && p->priority == PRIORITY_OWNER && p->state == VROUTER_BACKUP &&
	    is_known(p) && p->lost == 0 && !is_leaving(p))
		party_handle(p, PARTY_OWNER, now, out);
	party_schedule(p);
}

void
party_settle(struct party *p, nsec_t now, struct effects *out)
{
	if (p->stirred)
		settle(p, now, out);
}

void
party_learned(struct vrouter *v)
{
	struct party *p = v->party;

	/* A longer one is found out when the queue rings. */
	p->down_interval = nsec_min(p->down_interval, v->down_interval);
	p->timers->shortest = nsec_min(p->timers->shortest, v->status.master_interval);
}

/* ---- time ----------------------------------------------------------------------------------- */

static void
stop_lingering(struct party *p, struct effects *out)
{
	p->lingering = false;
	p->linger_until = NSEC_NEVER;
	for (uint32_t i = 0; i < p->count; i++) {
		vrouter_drop(p->members[i], out);
		party_schedule_member(p->members[i]);
	}
}

void
party_on_time(struct party *p, nsec_t heard, nsec_t now, struct effects *out)
{
	if (p->lingering && (p->linger_until <= heard || p->leave_by <= now))
		stop_lingering(p, out);
	if (p->state == VROUTER_INIT) {
		settle(p, now, out);
	} else if (p->state == VROUTER_BACKUP && p->unknown == 0 && !is_leaving(p) &&
	           is_silent(p, heard)) {
		lateness_takeover(p->timers->lateness, silence_deadline(p), now);
		p->resigned = was_resigned_to(p);
		party_handle(p, PARTY_SILENCE, now, out);
	}
	party_schedule(p);
}

/* As if we had just become backup: nothing is known of the time before. */
static void
listen_afresh(struct party *p, nsec_t now, struct effects *out)
{
	if (p->lingering)
		stop_lingering(p, out);
	p->resigned = false;
	p->listening_since = now;
	for (uint32_t i = 0; i < p->count; i++) {
		p->members[i]->status.down_deadline = now + p->members[i]->down_interval;
		p->members[i]->weaker_since = NSEC_NEVER;
		p->members[i]->resigned = false;
		p->members[i]->version++;
	}
	party_schedule(p);
}

bool
party_is_overdue(const struct party *p, nsec_t now)
{
	for (uint32_t i = 0; i < p->count; i++)
		if (vrouter_is_overdue(p->members[i], now))
			return true;
	return false;
}

bool
party_stalled(struct party *p, nsec_t now, struct effects *out)
{
	party_handle(p, PARTY_STALLED, now, out);
	if (p->state != VROUTER_BACKUP)
		return false;
	listen_afresh(p, now, out);
	return true;
}

/* ---- the operator --------------------------------------------------------------------------- */

/* Master no more, but for what it holds until another one is heard. */
static void
hand_over(struct party *p, enum party_event event, nsec_t now, struct effects *out)
{
	party_handle(p, event, now, out);
	for (uint32_t i = 0; i < p->count; i++) {
		struct vrouter *v = p->members[i];

		vrouter_linger(v, now);
		party_schedule_member(v);
	}
}

bool
party_reset(struct party *p, nsec_t now, struct effects *out)
{
	if (p->state != VROUTER_MASTER)
		return false;
	hand_over(p, PARTY_RESET, now, out);
	return true;
}

/* How long the weakest router of the group waits after a resignation, and its announcements. */
static nsec_t
longest_handover(const struct vrouter *v)
{
	const struct group_settings *g = v->settings;
	nsec_t skew = election_skew(g->version, 1, g->interval);

	if (g->both_versions)		/* it may be one that speaks version 2 only */
		skew = nsec_max(skew, election_skew(2, 1, g->interval));
	return skew + ENGINE_LINGER;
}

void
party_leave(struct party *p, nsec_t now, struct effects *out)
{
	if (is_leaving(p))
		return;
	p->leave_by = now;
	for (uint32_t i = 0; i < p->count; i++)
		p->leave_by = nsec_max(p->leave_by, now + longest_handover(p->members[i]));
	p->start_at = NSEC_NEVER;
	if (p->state == VROUTER_MASTER)
		hand_over(p, PARTY_LEAVE, now, out);
	party_schedule(p);
}

void
party_stop(struct party *p, nsec_t now, struct effects *out)
{
	party_handle(p, PARTY_STOP, now, out);
	p->start_at = NSEC_NEVER;
	party_schedule(p);
}

void
party_retire(struct vrouter *v, nsec_t now, struct effects *out)
{
	vrouter_enter(v, VROUTER_INIT, REASON_STOPPED, now);
	act(&v, 1, PARTY_STOP, now, out);
}

void
party_retired(struct party *p, nsec_t now, struct effects *out)
{
	uint32_t gone = 0;

	for (uint32_t i = 0; i < p->count; i++)
		gone += p->members[i]->status.state != p->state;
	if (p->state != VROUTER_MASTER || gone == 0)
		return;
	for (uint32_t i = 0; i < p->count; i++)
		if (p->members[i]->status.state == VROUTER_MASTER)
			vrouter_send(p->members[i], now, out);
}

void
party_adopt(struct party *p, nsec_t now, struct effects *out)
{
	enum party_event event = PARTY_JOINED;

	if (p->state == VROUTER_INIT) {
		enter(p, VROUTER_INIT, PARTY_JOINED, now, out);
		settle(p, now, out);
		return;
	}
	/* Go straight to where the interfaces allow: no taking only to drop again. */
	if (p->lost > 0)
		event = PARTY_LOST;
	else if (p->state == VROUTER_FAULT && is_known(p))
		event = p->priority == PRIORITY_OWNER && !is_leaving(p) ? PARTY_OWNER :
		                                                          PARTY_READY;
	else if (p->state == VROUTER_BACKUP && is_known(p) && p->stirred && !is_leaving(p))
		event = PARTY_OWNER;	/* since this configuration */
	p->stirred = false;
	enter(p, table[p->state][event], event, now, out);
	/* A member that lingered elsewhere: here nobody waits for another master. */
	if (!p->lingering && p->state != VROUTER_MASTER)
		stop_lingering(p, out);
}

/* ---- after a crash -------------------------------------------------------------------------- */

/* What the members' records have in common; false when they disagree. */
static bool
agreed_state(const struct party *p, enum vrouter_state *ret_state)
{
	for (uint32_t i = 1; i < p->count; i++)
		if (p->members[i]->status.state != p->members[0]->status.state)
			return false;
	*ret_state = p->members[0]->status.state;
	return true;
}

/* Have the others not yet missed enough of our adverts to take over? */
static bool
is_still_master(const struct party *p, nsec_t now)
{
	for (uint32_t i = 0; i < p->count; i++) {
		nsec_t last = p->members[i]->status.last_advert_sent;

		if (last == 0 || now - last >= vrouter_patience(p->members[i]))
			return false;
	}
	return true;
}

void
party_resume(struct party *p, nsec_t now, struct effects *out)
{
	enum vrouter_state state;

	party_count(p);
	(void)party_share_priority(p);

	bool goes_on = agreed_state(p, &state) &&
	               (state != VROUTER_MASTER || is_still_master(p, now));

	/* Not a transition: the state was entered by the engine before us. */
	if (goes_on)
		p->state = state;
	else
		enter(p, VROUTER_BACKUP, PARTY_RESUMED, now, out);

	for (uint32_t i = 0; i < p->count; i++) {
		struct vrouter *v = p->members[i];

		if (p->state == VROUTER_MASTER) {
			vrouter_renew_rest(v, now, out);
			herald_resume(v, now);
		} else {
			vrouter_drop(v, out);	/* it lingered */
		}
		party_schedule_member(v);
	}
	for (uint32_t i = 0; i < p->count && p->state == VROUTER_BACKUP; i++)
		party_learned(p->members[i]);
	if (p->state == VROUTER_BACKUP)
		listen_afresh(p, now, out);
	party_schedule(p);
}
