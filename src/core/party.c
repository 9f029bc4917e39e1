/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state machine of RFC 3768 6.4, for a whole sync group at once: one table, one function that
 * writes the state, effects after it.  Packets and links are first classified into an event.
 *
 * After a reset (make before break) the party is backup but its members keep their addresses until
 * another master was heard and has had ENGINE_LINGER for its announcements.  The new master is
 * normally weaker than we are.  With preempt we would ignore it and be master again at once, so
 * for one down interval after the reset a weaker master is accepted; after that preempt may bring
 * the mastership back, between one and two down intervals after the reset.
 */
#include "core/party.h"

#include "core/election.h"

/* How often a master answers resignations: shorter than any skew, so that a real one is. */
#define RESIGNATION_PAUSE (2 * NSEC_PER_MSEC)

#define I VROUTER_INIT
#define B VROUTER_BACKUP
#define M VROUTER_MASTER
#define F VROUTER_FAULT

static const enum vrouter_state table[VROUTER_STATES][PARTY_EVENTS] = {
	/*      READY LOST SILENCE STRONGER RESET STALLED JOINED RESUMED STOP */
	[I] = { B,    F,   I,      I,       I,    I,      I,     B,      I },
	[B] = { B,    F,   M,      B,       B,    B,      B,     B,      I },
	[M] = { M,    F,   M,      B,       B,    B,      M,     B,      I },
	[F] = { B,    F,   F,      F,       F,    F,      F,     B,      I },
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

/*
 * An advert accepted later moves a member's deadline away without coming here: the queue may ring
 * too early, once in a down interval, which is cheaper than asking all members at each advert.
 */
void
party_schedule(struct party *p)
{
	nsec_t when = NSEC_NEVER;

	/* While an interface is unknown the next event is that somebody tells us. */
	if (p->state == VROUTER_INIT && p->unknown == 0)
		when = p->start_at;
	if (p->state == VROUTER_BACKUP && p->unknown == 0)
		when = silence_deadline(p);
	if (p->lingering)
		when = nsec_min(when, p->linger_until);
	deadlines_set(&p->timers->parties, p->number, when);
}

/* ---- the one writer of the state ------------------------------------------------------------ */

/* Why this member goes where the event sends its party. */
static enum vrouter_reason
reason_of(const struct party *p, const struct vrouter *v, enum party_event event)
{
	switch (event) {
	case PARTY_READY:
		if (v->status.state == VROUTER_INIT)
			return REASON_STARTED;
		return v->status.state == VROUTER_FAULT ? REASON_LINK_UP : REASON_SYNC_GROUP;
	case PARTY_LOST:
		if (v->condition == CONDITION_DOWN)
			return REASON_LINK_DOWN;
		return v->condition == CONDITION_NO_ADDRESS ? REASON_NO_ADDRESS :
		                                              REASON_MEMBER_DOWN;
	case PARTY_SILENCE:
		if (p->lingering)
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
	case PARTY_STOP:
	case PARTY_EVENTS:
		break;
	}
	return REASON_STOPPED;
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
		else if (event != PARTY_RESET)
			vrouter_drop(v, out);
	}
	speak_up(members, count, true, now, out);
	for (uint32_t i = 0; i < count; i++)
		if (vrouter_moved(members[i]) && members[i]->status.state == VROUTER_MASTER)
			vrouter_announce(members[i], now, out);
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
		p->lingering = event == PARTY_RESET;
		p->linger_until = NSEC_NEVER;
	}
	act(p->members, p->count, event, now, out);
	party_schedule(p);
}

static void
handle(struct party *p, enum party_event event, nsec_t now, struct effects *out)
{
	enum vrouter_state state = table[p->state][event];

	if (state != p->state)
		enter(p, state, event, now, out);
}

/* ---- links ---------------------------------------------------------------------------------- */

static bool
is_lost(const struct vrouter *v)
{
	return v->condition == CONDITION_DOWN || v->condition == CONDITION_NO_ADDRESS;
}

/* So two routers with crossing priorities agree on every segment about who is stronger. */
void
party_share_priority(struct party *p)
{
	uint8_t lowest = UINT8_MAX;

	for (uint32_t i = 0; i < p->count; i++)
		if (p->members[i]->settings->priority < lowest)
			lowest = p->members[i]->settings->priority;
	for (uint32_t i = 0; i < p->count; i++)
		vrouter_set_priority(p->members[i], lowest);
}

void
party_count(struct party *p)
{
	p->unknown = 0;
	p->lost = 0;
	p->start_at = 0;
	p->down_interval = NSEC_NEVER;
	for (uint32_t i = 0; i < p->count; i++) {
		const struct vrouter *v = p->members[i];

		p->unknown += v->condition == CONDITION_UNKNOWN;
		p->lost += is_lost(v);
		p->start_at = nsec_max(p->start_at, v->appeared + v->settings->start_delay);
		p->down_interval = nsec_min(p->down_interval, v->down_interval);
	}
}

void
party_set_link(struct party *p, struct vrouter *v, const struct link_input *input)
{
	p->unknown -= v->condition == CONDITION_UNKNOWN;
	p->lost -= is_lost(v);
	vrouter_set_link(v, input);
	p->lost += is_lost(v);
}

void
party_settle(struct party *p, nsec_t now, struct effects *out)
{
	/* At the start all members wait until each is known and its delay is over. */
	bool starting = p->state == VROUTER_INIT && (p->unknown > 0 || now < p->start_at);

	if (!starting && p->lost > 0)
		handle(p, PARTY_LOST, now, out);
	else if (!starting && p->unknown == 0)
		handle(p, PARTY_READY, now, out);
	party_schedule(p);
}

/* ---- packets -------------------------------------------------------------------------------- */

/* RFC 3768 6.4.3. */
static void
hear_as_master(struct party *p, struct vrouter *v, const struct advert *ad, nsec_t arrival,
               nsec_t now, struct effects *out)
{
	struct claim sender = { .priority = ad->priority, .source = ad->source };
	struct claim own = {
		.priority = v->status.effective_priority,
		.source = v->status.source,
	};
	nsec_t interval = v->settings->interval;

	if (ad->priority == ADVERT_PRIORITY_RESIGN) {
		/* Other backups now wait for their skew only: they must hear us at once. */
		if (now >= v->assert_at) {
			vrouter_send(v, now, out);
			v->assert_at = now + RESIGNATION_PAUSE;
		}
		return;
	}
	if (election_outranks(&sender, &own)) {
		handle(p, PARTY_STRONGER, now, out);
		vrouter_rearm(v, ad, arrival);
		return;
	}
	/*
	 * Two masters, and we are the right one.  RFC 9568 6.4.3: assert ourselves at once, to the
	 * other router and to bridges and hosts that it misled; but answer no flood with a flood.
	 */
	vrouter_raise(v, ALARM_TWO_MASTERS, now + 3 * interval, out);
	if (now >= v->answer_at) {
		vrouter_send(v, now, out);
		v->answer_at = now + interval / 4;
	}
	if (now >= v->reannounce_at) {
		vrouter_effect(v, EFFECT_ANNOUNCE, out);
		v->reannounce_at = now + interval;
	}
}

/* A router resigned with its whole sync group: all members wait for no more than their skew. */
static void
hear_resignation(struct party *p, nsec_t arrival)
{
	if (p->resigned || arrival < p->listening_since)
		return;
	for (uint32_t i = 0; i < p->count; i++) {
		struct vrouter *v = p->members[i];
		const struct group_settings *g = v->settings;
		nsec_t skew = election_skew(g->version, v->status.effective_priority, g->interval);

		v->status.down_deadline = nsec_min(v->status.down_deadline, arrival + skew);
		v->version++;
	}
	p->resigned = true;
	party_schedule(p);
}

/* RFC 3768 6.4.2, with preempt-delay: is its sender our master? */
static bool
is_followed(struct vrouter *v, const struct advert *ad, nsec_t arrival)
{
	const struct group_settings *g = v->settings;

	if (ad->priority >= v->status.effective_priority) {
		v->weaker_since = NSEC_NEVER;
		return true;
	}
	if (!g->preempt || arrival < v->yield_until) {
		v->weaker_since = NSEC_NEVER;	/* no delay runs, even if one did before a commit */
		return true;
	}
	if (v->weaker_since == NSEC_NEVER)
		v->weaker_since = nsec_max(arrival, v->party->listening_since);
	return arrival < nsec_add(v->weaker_since, g->preempt_delay);
}

/*
 * A weaker master that is followed for the preempt-delay only: when that is over we take over at
 * once, not a down interval after its last advert; but never sooner than RFC 3768 lets us.
 */
static void
limit_patience(struct vrouter *v)
{
	nsec_t end = nsec_add(v->weaker_since,
	                      nsec_max(v->settings->preempt_delay, v->down_interval));

	v->status.down_deadline = nsec_min(v->status.down_deadline, end);
}

static void
hear_as_backup(struct party *p, struct vrouter *v, const struct advert *ad, nsec_t arrival,
               nsec_t now)
{
	if (ad->priority == ADVERT_PRIORITY_RESIGN) {
		hear_resignation(p, arrival);
		return;
	}
	if (p->lingering && p->linger_until == NSEC_NEVER) {
		p->linger_until = now + ENGINE_LINGER;
		party_schedule(p);
	}
	if (is_followed(v, ad, arrival)) {
		vrouter_rearm(v, ad, arrival);
		limit_patience(v);
		p->resigned = false;
	}
}

void
party_on_advert(struct party *p, struct vrouter *v, const struct advert *ad, nsec_t arrival,
                nsec_t now, struct effects *out)
{
	vrouter_accept(v, ad, now, out);
	if (p->state == VROUTER_MASTER)
		hear_as_master(p, v, ad, arrival, now, out);
	else if (p->state == VROUTER_BACKUP)
		hear_as_backup(p, v, ad, arrival, now);
	party_schedule_member(v);
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
	if (p->lingering && p->linger_until <= heard)
		stop_lingering(p, out);
	if (p->state == VROUTER_INIT)
		party_settle(p, now, out);
	else if (p->state == VROUTER_BACKUP && p->unknown == 0 && silence_deadline(p) <= heard)
		handle(p, PARTY_SILENCE, now, out);
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

void
party_stalled(struct party *p, nsec_t now, struct effects *out)
{
	handle(p, PARTY_STALLED, now, out);
	if (p->state == VROUTER_BACKUP)
		listen_afresh(p, now, out);
}

/* ---- the operator --------------------------------------------------------------------------- */

bool
party_reset(struct party *p, nsec_t now, struct effects *out)
{
	if (p->state != VROUTER_MASTER)
		return false;
	handle(p, PARTY_RESET, now, out);
	for (uint32_t i = 0; i < p->count; i++) {
		struct vrouter *v = p->members[i];

		v->status.lingering = v->holds;
		v->yield_until = now + v->down_interval;
		v->renew_at = nsec_max(now, v->renewed + v->settings->interval);
		party_schedule_member(v);
	}
	return true;
}

void
party_stop(struct party *p, nsec_t now, struct effects *out)
{
	handle(p, PARTY_STOP, now, out);
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
		party_settle(p, now, out);
		return;
	}
	/* Go straight to where the interfaces allow: no taking only to drop again. */
	if (p->lost > 0)
		event = PARTY_LOST;
	else if (p->state == VROUTER_FAULT && p->unknown == 0)
		event = PARTY_READY;
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
	bool goes_on = agreed_state(p, &state) &&
	               (state != VROUTER_MASTER || is_still_master(p, now));

	/* Not a transition: the state was entered by the engine before us. */
	if (goes_on)
		p->state = state;
	else
		enter(p, VROUTER_BACKUP, PARTY_RESUMED, now, out);

	for (uint32_t i = 0; i < p->count; i++) {
		struct vrouter *v = p->members[i];

		if (p->state == VROUTER_MASTER)
			vrouter_renew_rest(v, now, out);
		else
			vrouter_drop(v, out);	/* it lingered */
		party_schedule_member(v);
	}
	if (p->state == VROUTER_BACKUP)
		listen_afresh(p, now, out);
	party_schedule(p);
}
