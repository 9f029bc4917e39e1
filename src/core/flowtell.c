/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The active side: what our kernel says is marked in the shadow, and what is marked is told to the
 * peer as it is when it is told.  While there is nobody to tell, marks are taken off as if it had
 * been told: a later comparison of sums finds what the peer does not have.
 *
 * Order of what is told: live changes, expectations, then what is repaired.
 */
#include "core/flowsync_inside.h"

#define RELEASE (NSEC_PER_MSEC)		/* from one look at young flows to the next */
#define LOOK_PATIENCE (50 * NSEC_PER_MSEC)	/* for the answer to a look */
#define WAITED_LONG (20 * NSEC_PER_MSEC)	/* to be told */
#define LOOK_EVERY 16u			/* flows, where looks are in vain */
#define FOLD_AT_ONCE 4096u		/* marks taken off in one go */
#define EXPECTATION_GRACE 60		/* seconds that an expectation may outlive its timer */

static bool
has_nat(uint32_t has)
{
	return has & (FLOW_HAS_SOURCE_NAT | FLOW_HAS_DESTINATION_NAT);
}

/* Can the peer have heard of it: in this state, in an older one, or that it ended? */
static bool
is_known_to_peer(const struct flowtable_entry *e)
{
	return e->told != 0 || e->exposed;
}

static void
make_dirty(struct flowsync *f, uint32_t number, nsec_t now)
{
	struct flowtable_entry *e = flowtable_entry(&f->table, number);

	if (e->list == FLOWTABLE_DIRTY)
		return;
	e->since = flowsync_tick(now);
	flowtable_move(&f->table, number, FLOWTABLE_DIRTY);
}

void
flowtell_bury(struct flowsync *f, uint32_t number)
{
	struct flowtable_entry *e = flowtable_entry(&f->table, number);
	bool late_news = f->role == FLOWSYNC_ACTIVE && flowshift_is_open(f);

	if (!f->dump.running && !late_news) {
		flowtable_remove(&f->table, number);
		return;
	}
	e->exposed = false;
	if (late_news)
		e->version = f->shift.ours;
	flowtable_tell(&f->table, number, 0);
	flowtable_move(&f->table, number, late_news ? FLOWTABLE_TOMBS : FLOWTABLE_GRAVES);
}

/* ---- the kernel's news ---------------------------------------------------------------------- */

void
flowtell_gone(struct flowsync *f, uint32_t number, nsec_t now)
{
	struct flowtable_entry *e = flowtable_entry(&f->table, number);
	bool known = is_known_to_peer(e);

	flowtable_kill(&f->table, number);
	e->dump = f->dump.number;
	if (!known) {
		flowsync_count(f, FLOW_CANCELLED);
		flowtell_bury(f, number);
		return;
	}
	make_dirty(f, number, now);
}

/* A deleted flow leaves a tombstone while a dump runs that may show it once more. */
static void
on_gone(struct flowsync *f, const struct flow_key *key, nsec_t now)
{
	uint64_t hash = flowtable_hash(&f->table, key);
	uint32_t number = flowtable_find(&f->table, key, hash);

	if (number && flowtable_entry(&f->table, number)->alive) {
		flowtell_gone(f, number, now);
		return;
	}
	flowsync_count(f, FLOW_NEWS_IGNORED);
	if (number)
		flowtable_entry(&f->table, number)->dump = f->dump.number;
	if (!number && f->dump.running) {
		number = flowtable_add(&f->table, key, hash);
		if (number) {
			flowtable_entry(&f->table, number)->dump = f->dump.number;
			flowtable_move(&f->table, number, FLOWTABLE_GRAVES);
		}
	}
}

static void
on_no_room(struct flowsync *f)
{
	flowsync_count(f, FLOW_TABLE_FULL);
	f->missed = true;
	flowsync_raise(f, FLOWSYNC_FULL, true);
}

/* Into the list of young flows, or at once among those to be told. */
static void
on_born(struct flowsync *f, uint32_t number, const struct flow *flow, bool known_to_peer,
        nsec_t now)
{
	struct flowtable_entry *e = flowtable_entry(&f->table, number);

	flowtable_set(&f->table, number, flow);
	e->applied = true;
	if (known_to_peer || f->options.hold_down == 0 || has_nat(e->has)) {
		make_dirty(f, number, now);
		return;
	}
	e->since = flowsync_tick(now);
	flowtable_move(&f->table, number, FLOWTABLE_HELD);
}

static void
on_changed(struct flowsync *f, uint32_t number, const struct flow *flow, bool fresh, nsec_t now)
{
	struct flowtable_entry *e = flowtable_entry(&f->table, number);
	struct flow whole;

	/* The kernel does not change the NAT of a flow: this is another one, the news of whose
	 * birth, and of the end of the one before, got lost. */
	if (fresh || ((flow->has & FLOW_HAS_STATUS) &&
	              !flowtable_same_nat(&f->table, number, flow))) {
		whole = *flow;
	} else {
		flowtable_get(&f->table, number, &whole);
		flow_merge(&whole, flow);
	}
	flowtable_set(&f->table, number, &whole);
	flowtable_mark_timer(&f->table, number, false);
	if ((e->list == FLOWTABLE_HELD || e->list == FLOWTABLE_ASKED) && !has_nat(e->has))
		return;
	if (e->list == FLOWTABLE_OVER && flowtell_is_over(e))
		return;
	if (e->list == FLOWTABLE_NONE && flowtable_state(&f->table, number) == e->told) {
		e->since = flowsync_tick(now);
		flowsync_count(f, FLOW_NEWS_IGNORED);
		return;
	}
	make_dirty(f, number, now);
}

/*
 * A closed connection stays in the kernel's table for a while, to no use for anybody else.  (One
 * that begins anew with its key is another flow to the kernel.)
 */
bool
flowtell_is_over(const struct flowtable_entry *e)
{
	return (e->has & FLOW_HAS_TCP) &&
	       (e->state == FLOW_TCP_TIME_WAIT || e->state == FLOW_TCP_CLOSE);
}

void
flowtell_on_looked(struct flowsync *f, const struct flow *flow, nsec_t now)
{
	uint32_t number = flowtable_find(&f->table, &flow->key,
	                                 flowtable_hash(&f->table, &flow->key));
	struct flowtable_entry *e = flowtable_entry(&f->table, number);

	if (!number || !e->alive || e->list != FLOWTABLE_ASKED)
		return;
	on_changed(f, number, flow, false, now);
	/* As news are, it is younger than what a dump did not show. */
	e->dump = f->dump.number;
	if (flowtell_is_over(e)) {
		f->looks = FLOWTELL_LOOKS;
		flowtable_move(&f->table, number, FLOWTABLE_OVER);
		return;
	}
	if (f->looks > 0)
		f->looks--;
	make_dirty(f, number, now);
}

void
flowtell_on_news(struct flowsync *f, enum flow_op op, const struct flow *flow, bool fresh,
                 nsec_t now)
{
	uint64_t hash;
	uint32_t number;
	struct flowtable_entry *e;

	flowsync_count(f, FLOW_NEWS);
	if (f->role != FLOWSYNC_ACTIVE) {
		flowsync_count(f, FLOW_NEWS_IGNORED);
		return;
	}
	if (op == FLOW_DELETE) {
		on_gone(f, &flow->key, now);
		return;
	}
	hash = flowtable_hash(&f->table, &flow->key);
	number = flowtable_find(&f->table, &flow->key, hash);
	if (!number) {
		number = flowtable_add(&f->table, &flow->key, hash);
		if (!number) {
			on_no_room(f);
			return;
		}
		e = flowtable_entry(&f->table, number);
		on_born(f, number, flow, false, now);
	} else {
		e = flowtable_entry(&f->table, number);
		if (e->alive)
			on_changed(f, number, flow, fresh, now);
		else
			on_born(f, number, flow, is_known_to_peer(e), now);
	}
	e->dump = f->dump.number;
}

void
flowtell_on_expectation(struct flowsync *f, enum flow_op op, const struct flow_expectation *x,
                        nsec_t now)
{
	uint32_t number = flowexpect_find(&f->expect, x);
	struct flowexpect_entry *e;

	flowsync_count(f, FLOW_NEWS);
	if (f->role != FLOWSYNC_ACTIVE || (op == FLOW_DELETE && !number)) {
		flowsync_count(f, FLOW_NEWS_IGNORED);
		return;
	}
	if (!number)
		number = flowexpect_add(&f->expect, x);
	if (!number) {
		flowsync_count(f, FLOW_TABLE_FULL);
		return;
	}
	e = flowexpect_entry(&f->expect, number);
	e->since = flowsync_tick(now);
	if (op == FLOW_UPSERT)
		flowexpect_set(&f->expect, number, x);
	else if (e->alive)
		flowexpect_kill(&f->expect, number);
	flowexpect_queue(&f->expect, number);
}

/* The kernel tells when an expectation ends; where that news was lost, time ends it. */
void
flowtell_expire_expectations(struct flowsync *f, nsec_t now)
{
	for (uint32_t i = 1; i <= f->expect.used; i++) {
		struct flowexpect_entry *e = flowexpect_entry(&f->expect, i);
		nsec_t age = (nsec_t)(uint32_t)(flowsync_tick(now) - e->since) * FLOWSYNC_TICK;

		if (!e->alive || age < (e->expectation.timeout + EXPECTATION_GRACE) * NSEC_PER_SEC)
			continue;
		flowexpect_kill(&f->expect, i);
		flowexpect_queue(&f->expect, i);
	}
}

/* ---- telling -------------------------------------------------------------------------------- */

/* The record of an entry; then it counts as told by this datagram.  False: it does not fit. */
static bool
tell_flow(struct flowsync *f, uint32_t number, uint32_t sequence, struct writer *out)
{
	struct flowtable_entry *e = flowtable_entry(&f->table, number);
	uint8_t *start = out->at;
	struct flow flow;

	if (e->alive) {
		flowtable_get(&f->table, number, &flow);
		flowwire_write_upsert(out, &flow);
	} else {
		flowtable_key(&f->table, number, &flow.key);
		flowwire_write_delete(out, &flow.key);
	}
	if (out->overflow) {
		out->at = start;
		out->overflow = false;
		return false;
	}
	flowsync_count(f, e->alive ? FLOW_UPSERTS_SENT : FLOW_DELETES_SENT);
	flowtable_tell(&f->table, number, e->alive ? flowtable_state(&f->table, number) : 0);
	flowtable_move(&f->table, number, FLOWTABLE_NONE);
	e->version = sequence;
	e->exposed = true;
	return true;
}

static bool
tell_expectation(struct flowsync *f, uint32_t number, uint32_t sequence, struct writer *out)
{
	struct flowexpect_entry *e = flowexpect_entry(&f->expect, number);
	uint8_t *start = out->at;

	flowwire_write_expectation(out, e->alive ? FLOWWIRE_EXPECT : FLOWWIRE_UNEXPECT,
	                           &e->expectation);
	if (out->overflow) {
		out->at = start;
		out->overflow = false;
		return false;
	}
	flowsync_count(f, e->alive ? FLOW_UPSERTS_SENT : FLOW_DELETES_SENT);
	flowexpect_tell(&f->expect, number, e->alive ? flowexpect_state(&f->expect, number) : 0);
	e->version = sequence;
	return true;
}

/* How long the change waited, and its way to the peer, as far as we can know.  Before anything came
 * back, only of what waited for long, because it was told in vain, something is known. */
static void
measure_lag(struct flowsync *f, uint32_t since, nsec_t now)
{
	nsec_t waited = (nsec_t)(uint32_t)(flowsync_tick(now) - since) * FLOWSYNC_TICK;

	if (f->link.round_trip > 0 || waited >= WAITED_LONG)
		flowtally_time(&f->tally.lag, waited + f->link.round_trip / 2);
}

static void
fill_from(struct flowsync *f, enum flowtable_list list, struct flowlink_slot *slot,
          struct writer *out, nsec_t now)
{
	uint32_t number;

	while (slot->count < FLOWLINK_ITEMS && (number = flowtable_first(&f->table, list))) {
		uint32_t since = flowtable_entry(&f->table, number)->since;

		if (!tell_flow(f, number, slot->sequence, out))
			return;
		if (list == FLOWTABLE_DIRTY)
			measure_lag(f, since, now);
		slot->items[slot->count++] = number;
	}
}

static void
fill_expectations(struct flowsync *f, struct flowlink_slot *slot, struct writer *out)
{
	uint32_t number;

	while (slot->count < FLOWLINK_ITEMS && (number = flowexpect_first(&f->expect))) {
		if (flowexpect_entry(&f->expect, number)->used) {
			if (!tell_expectation(f, number, slot->sequence, out))
				return;
			slot->items[slot->count++] = number | FLOWSYNC_ITEM_EXPECTATION;
		}
		flowexpect_unqueue(&f->expect);
	}
}

/* A datagram inside the control stream. */
static void
carry(struct flowsync *f, const uint8_t *bytes, size_t length)
{
	struct writer out = writer_over(f->message, sizeof(f->message));

	flowwire_begin(&out, FLOWWIRE_CARRIED);
	write_bytes(&out, bytes, length);
	flowwire_end(&out);
	flowtalk_send(f, &out);
}

static void
send_datagram(struct flowsync *f, nsec_t now)
{
	struct flowlink_slot *slot = flowlink_open(&f->link, now);
	struct writer out = writer_over(f->datagram, f->link.paths[slot->path].payload);
	struct flowwire_head head = {
		.type = FLOWWIRE_DATA,
		.session = f->link.session,
		.epoch = f->epoch,
		.sequence = slot->sequence,
		.floor = f->link.floor,
		.time = (uint32_t)(now / NSEC_PER_USEC),
	};

	flowwire_write_head(&out, &head);
	/* A dead path is tried with nothing, or what it does not let through would be late. */
	if (flowlink_is_sound(&f->link, slot->path)) {
		fill_from(f, FLOWTABLE_DIRTY, slot, &out, now);
		fill_expectations(f, slot, &out);
		fill_from(f, FLOWTABLE_REPAIR, slot, &out, now);
	}
	flowlink_sent(&f->link, slot, writer_length(&out), now);
	f->flying_items += slot->count;
	flowsync_count(f, FLOW_DATAGRAMS_SENT);
	if (slot->path == FLOWLINK_CARRIED) {
		carry(f, f->datagram, writer_length(&out));
		return;
	}
	f->tally.counts[FLOW_BYTES_SENT] += writer_length(&out) + f->options.overhead;
	f->hooks.send_datagram(f->hooks.owner, slot->path, f->datagram, writer_length(&out));
}

/* ---- nobody to tell ------------------------------------------------------------------------- */

static void
fold_flow(struct flowsync *f, uint32_t number)
{
	if (!flowtable_entry(&f->table, number)->alive) {
		flowtell_bury(f, number);
		return;
	}
	flowtable_tell(&f->table, number, flowtable_state(&f->table, number));
	flowtable_move(&f->table, number, FLOWTABLE_NONE);
	if (!f->shift.lone)
		return;
	flowtable_entry(&f->table, number)->version = f->shift.lone;
	flowtable_entry(&f->table, number)->exposed = false;
}

/* Take off marks as if the flows had been told.  Closed connections stay untold whatever comes. */
static void
fold(struct flowsync *f)
{
	static const enum flowtable_list marks[] = {
		FLOWTABLE_DIRTY, FLOWTABLE_REPAIR, FLOWTABLE_HELD, FLOWTABLE_ASKED,
	};
	unsigned left = FOLD_AT_ONCE;
	uint32_t number;

	for (unsigned i = 0; i < ARRAY_SIZE(marks); i++) {
		while (left > 0 && (number = flowtable_first(&f->table, marks[i]))) {
			left--;
			fold_flow(f, number);
		}
	}
	while (left > 0 && (number = flowexpect_first(&f->expect))) {
		struct flowexpect_entry *e = flowexpect_entry(&f->expect, number);

		left--;
		flowexpect_unqueue(&f->expect);
		if (e->used && e->alive)
			flowexpect_tell(&f->expect, number, flowexpect_state(&f->expect, number));
		else if (e->used)
			flowexpect_remove(&f->expect, number);
	}
}

static bool
has_marks(const struct flowsync *f)
{
	return flowtable_listed(&f->table, FLOWTABLE_DIRTY) > 0 || f->expect.queued > 0 ||
	       flowtable_listed(&f->table, FLOWTABLE_REPAIR) > 0;
}

/* Is it worth to ask whether this flow is closed?  Where hardly any is, few are asked about. */
static bool
is_look_wanted(struct flowsync *f, const struct flowtable_entry *e)
{
	if (!f->hooks.look || !(e->has & FLOW_HAS_TCP))
		return false;
	return f->looks > 0 || f->unlooked++ % LOOK_EVERY == 0;
}

/* Young flows that are old enough, and those that nothing more was said of. */
static void
release_held(struct flowsync *f, nsec_t now)
{
	uint32_t most = (uint32_t)(f->options.hold_down / FLOWSYNC_TICK);
	uint32_t number;
	struct flow_key key;

	while ((number = flowtable_first(&f->table, FLOWTABLE_ASKED)) &&
	       flowsync_tick(now) - flowtable_entry(&f->table, number)->since >=
	       LOOK_PATIENCE / FLOWSYNC_TICK)
		make_dirty(f, number, now);
	while ((number = flowtable_first(&f->table, FLOWTABLE_HELD))) {
		struct flowtable_entry *e = flowtable_entry(&f->table, number);

		if (flowsync_tick(now) - e->since < most)
			return;
		flowtable_key(&f->table, number, &key);
		if (is_look_wanted(f, e) && f->hooks.look(f->hooks.owner, &key)) {
			e->since = flowsync_tick(now);
			flowtable_move(&f->table, number, FLOWTABLE_ASKED);
		} else {
			make_dirty(f, number, now);
		}
	}
}

void
flowtell_release_all(struct flowsync *f, nsec_t now)
{
	uint32_t number;

	while ((number = flowtable_first(&f->table, FLOWTABLE_HELD)) ||
	       (number = flowtable_first(&f->table, FLOWTABLE_ASKED)))
		make_dirty(f, number, now);
}

void
flowtell_last_words(struct flowsync *f, nsec_t now)
{
	if (!flowsync_may_tell(f))
		return;
	flowtell_release_all(f, now);
	while (has_marks(f) && flowlink_may_send(&f->link, now))
		send_datagram(f, now);
}

void
flowtell_pump(struct flowsync *f, nsec_t now)
{
	release_held(f, now);
	if (!flowsync_may_tell(f)) {
		fold(f);
		return;
	}
	for (;;) {
		if (!flowlink_may_send(&f->link, now))
			return;
		if (flowtable_listed(&f->table, FLOWTABLE_REPAIR) == 0)
			flowrepair_refill(f, now);
		if (!has_marks(f))
			break;
		send_datagram(f, now);
	}
	while (flowlink_wants_probe(&f->link, now) && flowlink_may_send(&f->link, now))
		send_datagram(f, now);
}

/* ---- what became of datagrams --------------------------------------------------------------- */

static void
settle_expectation(struct flowsync *f, uint32_t number, uint32_t sequence, bool arrived)
{
	struct flowexpect_entry *e = flowexpect_entry(&f->expect, number);

	if (!e->used || e->queued || e->version != sequence)
		return;
	if (!arrived)
		flowexpect_queue(&f->expect, number);
	else if (!e->alive)
		flowexpect_remove(&f->expect, number);
}

static void
settle_flow(struct flowsync *f, uint32_t number, uint32_t sequence, bool arrived)
{
	struct flowtable_entry *e = flowtable_entry(&f->table, number);

	/* Told again meanwhile, or about to be: this datagram does not matter. */
	if (e->version != sequence || e->list != FLOWTABLE_NONE)
		return;
	if (!arrived)
		flowtable_move(&f->table, number, FLOWTABLE_DIRTY);
	else if (!e->alive)
		flowtell_bury(f, number);
}

static void
settle(void *owner, const struct flowlink_slot *slot, bool arrived)
{
	struct flowsync *f = owner;

	f->flying_items -= slot->count;
	for (unsigned i = 0; i < slot->count; i++) {
		if (!(slot->items[i] & FLOWSYNC_ITEM_EXPECTATION))
			flowtable_fetch(&f->table, slot->items[i]);
	}
	if (!arrived)
		flowsync_count(f, FLOW_DATAGRAMS_LOST);
	for (unsigned i = 0; i < slot->count; i++) {
		uint32_t number = slot->items[i] & ~FLOWSYNC_ITEM_EXPECTATION;

		if (slot->items[i] & FLOWSYNC_ITEM_EXPECTATION)
			settle_expectation(f, number, slot->sequence, arrived);
		else
			settle_flow(f, number, slot->sequence, arrived);
	}
}

struct flowlink_settle
flowtell_settler(struct flowsync *f)
{
	return (struct flowlink_settle){ .owner = f, .settle = settle };
}

void
flowtell_on_ack(struct flowsync *f, const struct flowwire_head *head, struct reader map, nsec_t now)
{
	struct flowlink_settle settler = flowtell_settler(f);
	enum flow_fault fault = flowlink_on_ack(&f->link, head, map, &settler, now);

	if (fault == FLOW_OK)
		flowsync_count(f, FLOW_ACKS_RECEIVED);
	else
		flowsync_fault(f, fault);
}

void
flowtell_on_time(struct flowsync *f, nsec_t now)
{
	struct flowlink_settle settler = flowtell_settler(f);
	bool dead = false;

	if (!f->peer.greeted)
		return;
	flowlink_on_time(&f->link, &settler, now);
	for (unsigned i = 0; i < FLOWSYNC_PATHS; i++)
		dead = dead || (f->link.paths[i].usable && !f->link.paths[i].alive);
	flowsync_raise(f, FLOWSYNC_PATH_DEAD, dead);
}

nsec_t
flowtell_deadline(const struct flowsync *f)
{
	uint32_t young = flowtable_first(&f->table, FLOWTABLE_HELD);
	uint32_t asked = flowtable_first(&f->table, FLOWTABLE_ASKED);
	nsec_t deadline = NSEC_NEVER;

	if (young) {
		uint32_t age = flowsync_tick(f->now) - f->table.entries[young].since;

		deadline = f->now + nsec_max(f->options.hold_down - age * FLOWSYNC_TICK, 0) +
		           RELEASE;
	}
	if (asked) {
		uint32_t age = flowsync_tick(f->now) - f->table.entries[asked].since;

		deadline = nsec_min(deadline, f->now + RELEASE +
		                    nsec_max(LOOK_PATIENCE - age * FLOWSYNC_TICK, 0));
	}
	if (flowsync_may_tell(f))
		deadline = nsec_min(deadline, flowlink_probe_at(&f->link, f->now));
	if (!has_marks(f) && !(flowsync_is_telling(f) && flowrepair_can_refill(f)))
		return deadline;
	if (!flowsync_may_tell(f))
		return nsec_min(deadline, f->now + NSEC_PER_MSEC);
	/* A full window, or stream, opens by acknowledgements, an empty purse by time. */
	if (flowlink_is_full(&f->link, f->now))
		return deadline;
	if (flowlink_credit_at(&f->link, f->now) < NSEC_NEVER)
		return nsec_min(deadline, flowlink_credit_at(&f->link, f->now));
	return nsec_min(deadline, f->now);
}

/* Flows of which the peer may not have the present state. */
uint64_t
flowtell_unsafe(const struct flowsync *f)
{
	uint64_t sum;

	if (f->role != FLOWSYNC_ACTIVE)
		return 0;
	if (!flowsync_is_telling(f) || !flowrepair_is_known(f))
		return f->table.alive;
	sum = (uint64_t)flowtable_listed(&f->table, FLOWTABLE_DIRTY) + f->flying_items +
	      flowtable_listed(&f->table, FLOWTABLE_REPAIR) +
	      flowtable_listed(&f->table, FLOWTABLE_HELD) +
	      flowtable_listed(&f->table, FLOWTABLE_ASKED) + f->peer.refused +
	      flowrepair_waiting(f);
	return sum < f->table.alive ? sum : f->table.alive;
}
