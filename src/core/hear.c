/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Master: who outranks us is followed, who does not is answered.  Backup: who may be our master
 * moves the deadline of its group, and of no other.  No packet moves the advert timer.
 */
#include "core/hear.h"

#include "core/election.h"
#include "core/herald.h"
#include "core/judge.h"

/* How often a master answers resignations at most: no flood answers a flood. */
#define RESIGNATION_PAUSE (2 * NSEC_PER_MSEC)

/* A weaker master that goes on for so many intervals does not hear us. */
#define ONE_WAY_INTERVALS 3

/* Its sender is our master: learn its interval (RFC 9568 6.4.2) and wait for its next advert. */
static void
follow(struct vrouter *v, const struct advert *ad, nsec_t arrival)
{
	struct vrouter_status *s = &v->status;
	nsec_t since = nsec_max(arrival, v->party->listening_since);

	s->master_priority = ad->priority;
	s->master_version = ad->version;
	/* Only version 3 over IPv4 has two. */
	s->master_sum_form = ad->version == 3 && ad->family == 4 ? ad->sum_form : SUM_FORMS;
	s->master_source = ad->source;
	s->master_mac = ad->sender;
	v->version++;
	if (ad->interval != s->master_interval) {
		vrouter_learn(v, ad->interval);
		s->down_deadline = since + v->down_interval;
		party_learned(v);
	}
	s->down_deadline = nsec_max(s->down_deadline, arrival + v->down_interval);
	v->resigned = false;
}

/*
 * A master that is weaker than we are, and we are the right one.  RFC 9568 6.4.3: assert ourselves
 * at once, to the other router and to bridges and hosts that it misled; but answer no flood with a
 * flood.
 */
static void
answer_weaker(struct vrouter *v, const struct advert *ad, nsec_t now, struct effects *out)
{
	nsec_t interval = v->settings->interval;

	if (!(v->status.alarms & 1u << ALARM_TWO_MASTERS))
		v->rival_since = now;
	v->status.rival = ad->source;
	v->status.rival_mac = ad->sender;
	v->status.rival_priority = ad->priority;
	judge_raise(v, ALARM_TWO_MASTERS, ad, now, out);
	if (now - v->rival_since >= ONE_WAY_INTERVALS * nsec_max(interval, ad->interval))
		judge_raise(v, ALARM_ONE_WAY, ad, now, out);
	if (now >= v->answer_at) {
		vrouter_send(v, now, out);
		v->answer_at = now + interval / 4;
	}
	if (now >= v->reannounce_at) {
		herald_assert(v, now, out);
		v->reannounce_at = now + interval;
	}
}

/* Other backups now wait for their skew only: they must hear us before the shortest is over. */
static void
answer_resignation(struct vrouter *v, nsec_t now, struct effects *out)
{
	if (now < v->assert_at)
		return;
	vrouter_send(v, now, out);
	v->assert_at = now + nsec_min(RESIGNATION_PAUSE, v->settings->interval / 256);
}

static void
hear_as_master(struct party *p, struct vrouter *v, const struct advert *ad, nsec_t arrival,
               nsec_t now, struct effects *out)
{
	struct claim sender = { .priority = ad->priority, .source = ad->source };
	struct claim own = {
		.priority = v->status.effective_priority,
		.source = v->status.source,
	};

	if (ad->priority == ADVERT_PRIORITY_RESIGN) {
		answer_resignation(v, now, out);
	} else if (election_outranks(&sender, &own)) {
		party_handle(p, PARTY_STRONGER, now, out);
		follow(v, ad, arrival);
		party_schedule(p);
	} else {
		answer_weaker(v, ad, now, out);
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
		nsec_t skew = election_skew(v->settings->version, v->status.effective_priority,
		                            v->status.master_interval);

		v->status.down_deadline = nsec_min(v->status.down_deadline, arrival + skew);
		v->resigned = true;
		v->version++;
	}
	p->resigned = true;
	party_schedule(p);
}

/* The owner of the addresses preempts at once, whatever preempt says (RFC 9568 6.1). */
static bool
is_owner(const struct vrouter *v)
{
	return v->status.effective_priority == PRIORITY_OWNER;
}

static nsec_t
preempt_delay(const struct vrouter *v)
{
	return is_owner(v) ? 0 : v->settings->preempt_delay;
}

/* RFC 3768 6.4.2, with preempt-delay: is its sender our master? */
static bool
is_followed(struct vrouter *v, const struct advert *ad, nsec_t arrival)
{
	bool preempt = v->settings->preempt || is_owner(v);

	if (ad->priority >= v->status.effective_priority) {
		v->weaker_since = NSEC_NEVER;
		return true;
	}
	if (!preempt || arrival < v->yield_until) {
		v->weaker_since = NSEC_NEVER;	/* no delay runs, even if one did before a commit */
		return true;
	}
	if (v->weaker_since == NSEC_NEVER)
		v->weaker_since = nsec_max(arrival, v->party->listening_since);
	return arrival < nsec_add(v->weaker_since, preempt_delay(v));
}

/*
 * A weaker master that is followed for the preempt-delay only: when that is over we take over at
 * once, not a down interval after its last advert; but never sooner than RFC 3768 lets us.
 */
static void
limit_patience(struct vrouter *v)
{
	nsec_t end = nsec_add(v->weaker_since, nsec_max(preempt_delay(v), v->down_interval));

	v->status.down_deadline = nsec_min(v->status.down_deadline, end);
}

static void
hear_as_backup(struct party *p, struct vrouter *v, const struct advert *ad, nsec_t arrival,
               nsec_t now)
{
	nsec_t deadline = v->status.down_deadline;

	if (ad->priority == ADVERT_PRIORITY_RESIGN) {
		hear_resignation(p, arrival);
		return;
	}
	if (p->lingering && p->linger_until == NSEC_NEVER) {
		p->linger_until = now + ENGINE_LINGER;
		party_schedule(p);
	}
	if (is_followed(v, ad, arrival)) {
		follow(v, ad, arrival);
		limit_patience(v);
		p->resigned = false;
	}
	/* In a large party a later one is found out when the queue rings: that costs less. */
	if (v->status.down_deadline < deadline || p->count == 1)
		party_schedule(p);
}

/*
 * Both versions are spoken here (RFC 9568 8.4).  Is this the version 2 of a router whose version 3
 * we hear as well, and which says it better?
 */
static bool
is_said_better(struct vrouter *v, const struct advert *ad, nsec_t arrival)
{
	bool same = ip_equal(&v->newer_source, &ad->source);

	if (ad->version == 2)
		return same && arrival < v->newer_until;
	v->newer_source = ad->source;
	v->newer_until = arrival + 2 * ad->interval;
	return false;
}

/* Only one router can own the addresses; the election leaves one, but a person must mend it. */
static void
warn_of_owner(struct vrouter *v, const struct advert *ad, nsec_t now, struct effects *out)
{
	v->status.rival = ad->source;
	v->status.rival_mac = ad->sender;
	v->status.rival_priority = ad->priority;
	judge_raise(v, ALARM_TWO_OWNERS, ad, now, out);
}

void
hear_advert(struct party *p, struct vrouter *v, const struct advert *ad, nsec_t arrival, nsec_t now,
            struct effects *out)
{
	judge_accept(v, ad, now, out);
	if (v->settings->both_versions && is_said_better(v, ad, arrival))
		return;
	if (ad->priority == PRIORITY_OWNER && v->status.owner)
		warn_of_owner(v, ad, now, out);
	if (p->state == VROUTER_MASTER)
		hear_as_master(p, v, ad, arrival, now, out);
	else if (p->state == VROUTER_BACKUP)
		hear_as_backup(p, v, ad, arrival, now);
}
