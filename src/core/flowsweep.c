/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our own kernel's table against the shadow, and its timers.
 *
 * A dump is asked for at the start, after a demotion, after lost news, after a full table, now and
 * then, and some time after a promotion, our own or the peer's.  What it shows counts as news; what
 * it does not show is gone (active, or just demoted), or is put back (standby).  No dump revives
 * what died meanwhile.
 *
 * On a standby router flows get a timer that is longer than any a kernel gives: so a live flow of
 * which there is no news does not end there, and a dump after a promotion shows which flows saw no
 * packet since.  Those get what was left of their own timer, a few at a time.  And a dump of a
 * router that stands by shows which flows had a packet here all the same: those of TCP are made
 * anew.
 */
#include "core/flowsync_inside.h"

#define DUMP_PAUSE NSEC_PER_SEC		/* between two, at least */
#define SWEEP_AFTER (20 * NSEC_PER_SEC)	/* a promotion: live flows had a packet by then */
#define STEP NSEC_PER_MSEC		/* of a walk */
#define NOTICED (2 * NSEC_PER_SEC)	/* that the peer forwards, by all who send through us */
#define CALM (100 * NSEC_PER_MSEC)	/* a promotion: the first packets come before a dump */
#define STEP_ENTRIES 4000u		/* looked at in a step */
#define STEP_LEAST 5u			/* timers put right in a step, at least */
#define TIMER_LEAST 60u			/* seconds a flow gets after a promotion, at least */

void
flowsweep_want_dump(struct flowsync *f, nsec_t earliest)
{
	f->dump.earliest = f->dump.wanted ? nsec_min(f->dump.earliest, earliest) :
	                                    nsec_max(f->dump.earliest, earliest);
	f->dump.wanted = true;
}

static nsec_t
dump_at(const struct flowsync *f)
{
	/* Nor before it is known what the first one did not show, or that might never be. */
	if (!f->dump.wanted || f->dump.running || f->walk.believe)
		return NSEC_NEVER;
	return f->role == FLOWSYNC_STANDBY ? f->dump.earliest :
	       nsec_max(f->dump.earliest, f->shift.promoted_at + CALM);
}

static void
start_dump(struct flowsync *f, nsec_t now)
{
	f->dump.wanted = false;
	f->dump.running = true;
	f->dump.compare = true;
	f->dump.number++;
	f->dump.earliest = now + DUMP_PAUSE;
	f->dump.verify_at = f->options.verify_period ? now + f->options.verify_period : NSEC_NEVER;
	f->walk = (struct flowsync_walk){ 0 };
	flowsync_count(f, FLOW_DUMPS);
	f->hooks.dump(f->hooks.owner);
}

void
flowsweep_look_again(struct flowsync *f, nsec_t now)
{
	f->settle_at = now + NOTICED;
}

/* Not before it is known what our kernel has, nor in the middle of putting its timers right: they
 * would look like those that a packet gave. */
static nsec_t
settle_at(const struct flowsync *f)
{
	return f->settle_at && f->dump.done && !f->dump.running && !f->walk.running ?
	       f->settle_at : NSEC_NEVER;
}

/* ---- what a dump shows ---------------------------------------------------------------------- */

/* A timer that only a standby router gives. */
static bool
is_long(const struct flowsync *f, uint32_t timeout)
{
	return f->options.long_timer > 0 && timeout > f->options.long_timer / 2;
}

/* Is a timer one of the other role? */
static bool
is_off(const struct flowsync *f, uint32_t timeout)
{
	return is_long(f, timeout) == (f->role == FLOWSYNC_ACTIVE);
}

static uint32_t
shortened(const struct flowsync *f, uint32_t timeout)
{
	if (!is_long(f, timeout))
		return timeout;
	return timeout > f->options.long_timer + TIMER_LEAST ? timeout - f->options.long_timer :
	                                                       TIMER_LEAST;
}

/* It began or changed while this router forwarded, and nobody may have been told. */
static void
make_lone(const struct flowsync *f, struct flowtable_entry *e)
{
	if (f->dump.done || !f->shift.lone)
		return;
	e->version = f->shift.lone;
	e->exposed = false;
}

/* A flow of the kernel that the shadow does not have alive.  The first dump is no news: sums will
 * tell what the peer lacks. */
static void
add_shown(struct flowsync *f, uint32_t number, const struct flow *flow, nsec_t now)
{
	struct flowtable_entry *e = flowtable_entry(&f->table, number);
	struct flow shown = *flow;

	shown.timeout = shortened(f, flow->timeout);
	flowtable_set(&f->table, number, &shown);
	e->applied = true;
	e->dump = f->dump.number;
	make_lone(f, e);
	e->since = flowsync_tick(now);
	flowtable_mark_timer(&f->table, number, is_off(f, flow->timeout));
	if (f->dump.done)
		flowsync_count(f, FLOW_DUMP_CORRECTIONS);
	if (f->role == FLOWSYNC_ACTIVE && (f->dump.done || e->list != FLOWTABLE_NONE)) {
		flowtable_move(&f->table, number, FLOWTABLE_DIRTY);
		return;
	}
	flowtable_tell(&f->table, number, flowtable_state(&f->table, number));
	flowtable_move(&f->table, number, FLOWTABLE_NONE);
}

/* What a dump does not show of a flow it does not have: news that got lost may have said that it is
 * another one by now.  But of one that hardware forwards, the kernel keeps timer and state to
 * itself. */
static struct flow
all_there_is(const struct flowsync *f, uint32_t number, const struct flow *flow)
{
	const uint32_t hidden = FLOW_HAS_TCP | FLOW_HAS_SCTP | FLOW_HAS_DCCP | FLOW_HAS_TIMEOUT;
	struct flow all = *flow, known;

	if (flow->has & FLOW_HAS_TIMEOUT)
		return all;
	flowtable_get(&f->table, number, &known);
	all.has |= known.has & hidden;
	all.timeout = known.timeout;
	all.tcp = known.tcp;
	all.sctp = known.sctp;
	all.dccp = known.dccp;
	return all;
}

/* The kernel is the truth. */
static void
learn_shown(struct flowsync *f, uint32_t number, const struct flow *flow, nsec_t now)
{
	struct flowtable_entry *e = flowtable_entry(&f->table, number);
	struct flow whole = all_there_is(f, number, flow);

	if (is_long(f, flow->timeout))
		whole.timeout = e->timeout;
	else if (e->list == FLOWTABLE_NONE)
		e->since = flowsync_tick(now);
	flowtable_set(&f->table, number, &whole);
	e->applied = true;
	/* Closed, when we forwarded, and kept to ourselves: to offer it would be of no use. */
	if (f->role == FLOWSYNC_STANDBY && e->list == FLOWTABLE_OVER && flowtell_is_over(e)) {
		flowhear_discard(f, number);
		return;
	}
	flowtable_mark_timer(&f->table, number, is_off(f, flow->timeout));
	if (e->list == FLOWTABLE_PARKED || e->list == FLOWTABLE_REFUSED ||
	    (e->list == FLOWTABLE_OVER && !flowtell_is_over(e)))
		flowtable_move(&f->table, number, FLOWTABLE_NONE);
	if (e->list != FLOWTABLE_NONE || flowtable_state(&f->table, number) == e->told)
		return;
	flowsync_count(f, FLOW_DUMP_CORRECTIONS);
	e->since = flowsync_tick(now);
	make_lone(f, e);
	if (f->role == FLOWSYNC_ACTIVE)
		flowtable_move(&f->table, number, FLOWTABLE_DIRTY);
	else
		flowtable_tell(&f->table, number, flowtable_state(&f->table, number));
}

/* Our kernel should have what the peer told: is that so, and will it last? */
static bool
is_as_told(const struct flowsync *f, uint32_t number, const struct flow *flow)
{
	const struct flowtable_entry *e = &f->table.entries[number];

	return flow->timeout >= f->options.long_timer / 7 * 5 &&
	       (!(flow->has & FLOW_HAS_TCP) || flow->tcp.state == e->state) &&
	       (flow->has & FLOW_HAS_MARK ? flow->mark : 0) == e->mark;
}

void
flowsweep_on_dump(struct flowsync *f, const struct flow *flow, nsec_t now)
{
	uint64_t hash = flowtable_hash(&f->table, &flow->key);
	uint32_t number = flowtable_find(&f->table, &flow->key, hash);
	struct flowtable_entry *e = flowtable_entry(&f->table, number);

	if (!f->dump.running)
		return;
	if (!number) {
		number = flowtable_add(&f->table, &flow->key, hash);
		if (!number) {
			flowsync_count(f, FLOW_TABLE_FULL);
			f->missed = true;
			flowsync_raise(f, FLOWSYNC_FULL, true);
			return;
		}
		add_shown(f, number, flow, now);
		return;
	}
	if (!e->alive) {
		/* Dead since before the dump began, and here: news of its return got lost. */
		if (e->dump != f->dump.number)
			add_shown(f, number, flow, now);
		return;
	}
	/* News, or the peer, told of it since the dump began: they are younger, perhaps. */
	if (e->dump == f->dump.number)
		return;
	e->dump = f->dump.number;
	if (f->role == FLOWSYNC_ACTIVE || !f->dump.done)
		learn_shown(f, number, flow, now);
	else
		flowtable_mark_timer(&f->table, number, !is_as_told(f, number, flow));
}

void
flowsweep_on_dump_done(struct flowsync *f, bool whole, nsec_t now)
{
	if (!f->dump.running)
		return;
	f->dump.running = false;
	/* The role changed meanwhile: what it did not show may be gone, and the next one finds out.
	 * Until then our own table is not known. */
	if (!whole || (!f->dump.done && !f->dump.compare)) {
		flowsweep_want_dump(f, now + DUMP_PAUSE);
		return;
	}
	f->walk = (struct flowsync_walk){
		.running = true,
		.missing = f->dump.compare,
		.believe = !f->dump.done,
		.renew = f->dump.done && f->role == FLOWSYNC_STANDBY,
		.next = now,
	};
}

/* ---- the walk ------------------------------------------------------------------------------- */

/* What is left of the timer of a flow that saw no packet since the last news of it. */
static uint32_t
time_left(const struct flowsync *f, const struct flowtable_entry *e, nsec_t now)
{
	nsec_t idle = (nsec_t)(uint32_t)(flowsync_tick(now) - e->since) * FLOWSYNC_TICK;
	uint32_t passed = (uint32_t)(idle / NSEC_PER_SEC);
	uint32_t left = e->timeout > passed ? e->timeout - passed : 0;

	if (f->options.idle_limit && left > f->options.idle_limit)
		left = f->options.idle_limit;
	return left > TIMER_LEAST ? left : TIMER_LEAST;
}

static void
retime(struct flowsync *f, uint32_t number, nsec_t now)
{
	struct flowtable_entry *e = flowtable_entry(&f->table, number);
	struct flow flow;

	flowtable_mark_timer(&f->table, number, false);
	flowsync_count(f, FLOW_SWEPT);
	/* Packets came through here although we stand by: our kernel remembers TCP's windows, and
	 * will find every packet invalid when we forward, as they go on elsewhere. */
	if (f->walk.renew && (e->has & FLOW_HAS_TCP)) {
		flowhear_renew(f, number);
		return;
	}
	if (f->role == FLOWSYNC_STANDBY) {
		flowhear_apply(f, number);
		return;
	}
	flowtable_get(&f->table, number, &flow);
	flow.timeout = time_left(f, e, now);
	f->hooks.retime(f->hooks.owner, &flow);
}

/* The kernel does not have it: that is so, or is to be mended.  When the table became known only by
 * this dump, the end may be of before a split, and the key of another flow of the peer by now: that
 * is not for us to tell, the comparison that follows finds what the peer has of it. */
static void
on_missing(struct flowsync *f, uint32_t number, nsec_t now)
{
	struct flowtable_entry *e = flowtable_entry(&f->table, number);

	flowsync_count(f, FLOW_DUMP_CORRECTIONS);
	if (f->walk.believe) {
		flowtable_kill(&f->table, number);
		flowtell_bury(f, number);
	} else if (f->role == FLOWSYNC_ACTIVE) {
		flowtell_gone(f, number, now);
	} else {
		e->applied = false;
		flowhear_apply(f, number);
	}
}

/* True: something was asked of the kernel. */
static bool
visit(struct flowsync *f, uint32_t number, nsec_t now)
{
	struct flowtable_entry *e = flowtable_entry(&f->table, number);
	bool waits = f->role == FLOWSYNC_STANDBY &&
	             (e->list == FLOWTABLE_PARKED || e->list == FLOWTABLE_REFUSED);

	if (!e->alive)
		return false;
	if (f->walk.missing && e->dump != f->dump.number && !waits) {
		on_missing(f, number, now);
		return true;
	}
	if (e->retime && !waits && !f->walk.missing) {
		retime(f, number, now);
		return true;
	}
	return false;
}

static void
end_walk(struct flowsync *f)
{
	f->walk = (struct flowsync_walk){ 0 };
	f->settles = false;
}

static void
walk_on(struct flowsync *f, nsec_t now)
{
	nsec_t steps = nsec_max(f->options.sweep_time / STEP, 1);
	uint64_t asked = 0, most = STEP_LEAST + f->table.alive / (uint64_t)steps;
	uint32_t looked = 0;

	/* What is missing is urgent, and what may end here though it lives; too long a timer is
	 * not. */
	if (f->walk.missing || f->role == FLOWSYNC_STANDBY)
		most *= 20;
	while (f->walk.at < f->table.used && looked < STEP_ENTRIES && asked < most) {
		asked += visit(f, ++f->walk.at, now);
		looked++;
	}
	f->walk.next = now + STEP;
	if (f->walk.at < f->table.used)
		return;
	if (f->walk.believe) {
		f->dump.done = true;
		f->repair.digest_at = now;
		flowrepair_compare(f, now);
	}
	/* Once more, for the timers. */
	if (f->walk.missing && f->table.late_timers > 0)
		f->walk = (struct flowsync_walk){
			.running = true, .renew = f->walk.renew, .next = f->walk.next,
		};
	else
		end_walk(f);
}

/* ---- role and time -------------------------------------------------------------------------- */

void
flowsweep_on_role(struct flowsync *f, nsec_t now)
{
	bool standby = f->role == FLOWSYNC_STANDBY;

	/* Before all that a dump did not show was seen to, it does not count either. */
	if (f->dump.running || f->walk.believe)
		flowsweep_want_dump(f, now);
	f->dump.compare = false;
	end_walk(f);
	f->sweep_at = standby ? 0 : now + SWEEP_AFTER;
	f->settle_at = 0;
	if (!standby)
		return;
	/* The new master may have said so before we gave in. */
	if (f->peer.claim.active)
		flowsweep_look_again(f, now);
	/* News that were not read yet are lost: what the kernel has must be found out before tables
	 * are compared.  And nothing renews the timers of our own flows here any more: the dump
	 * finds them short. */
	f->dump.done = false;
	f->dump.wanted = true;
	f->dump.earliest = now;
}

static void
close_graves(struct flowsync *f)
{
	for (unsigned left = 4096; left > 0 && !f->dump.running; left--) {
		uint32_t number = flowtable_first(&f->table, FLOWTABLE_GRAVES);

		if (!number)
			break;
		flowtable_remove(&f->table, number);
	}
}

void
flowsweep_on_time(struct flowsync *f, nsec_t now)
{
	close_graves(f);
	if (f->sweep_at && now >= f->sweep_at) {
		f->sweep_at = 0;
		flowsweep_want_dump(f, now);
	}
	if (now >= settle_at(f)) {
		f->settle_at = 0;
		f->settles = true;
		flowsweep_want_dump(f, now);
	}
	if (f->dump.done && now >= f->dump.verify_at) {
		f->dump.verify_at = now + nsec_max(f->options.verify_period, NSEC_PER_SEC);
		if (f->options.verify_period)
			flowsweep_want_dump(f, now);
	}
	if (now >= dump_at(f))
		start_dump(f, now);
	if (f->walk.running && now >= f->walk.next)
		walk_on(f, now);
}

nsec_t
flowsweep_deadline(const struct flowsync *f)
{
	nsec_t deadline = f->sweep_at ? f->sweep_at : NSEC_NEVER;

	if (f->dump.done && f->options.verify_period)
		deadline = nsec_min(deadline, f->dump.verify_at);
	deadline = nsec_min(deadline, nsec_min(dump_at(f), settle_at(f)));
	if (f->walk.running)
		deadline = nsec_min(deadline, f->walk.next);
	if (!f->dump.running && flowtable_listed(&f->table, FLOWTABLE_GRAVES) > 0)
		deadline = nsec_min(deadline, f->now + STEP);
	return deadline;
}
