/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The standby side: a datagram is judged as a whole before anything of it counts, then its records
 * become the shadow's, and the kernel is asked for what they changed.  A record older than what is
 * known of its flow counts for nothing.
 *
 * A flow that another one belongs to must be in the kernel first: until its master is there it is
 * parked, and after a while put in without one.
 */
#include <errno.h>

#include "core/flowsync_inside.h"

#define PARKED_AT_ONCE 64u
#define PARKED_PATIENCE (2 * NSEC_PER_SEC)
#define REFUSED_AT_ONCE 256u
#define REFUSED_PAUSE (2 * NSEC_PER_SEC)
#define EXIST_PAUSE NSEC_PER_SEC
#define LATE_DUMP (2 * NSEC_PER_SEC)	/* after a promotion: see take_data() */
#define TIMEOUT_MOST (22u * 86400u)	/* seconds; the kernel counts milliseconds in 31 bits */

bool
flowhear_is_fenced(const struct flowsync *f, uint32_t epoch)
{
	return flowsync_is_newer(f->epoch, epoch) || (epoch == f->epoch && f->own_epoch);
}

/* ---- to the kernel -------------------------------------------------------------------------- */

/* Is the flow that this one belongs to in our kernel? */
static bool
has_master(const struct flowsync *f, const struct flow_key *master)
{
	uint32_t number = flowtable_find(&f->table, master, flowtable_hash(&f->table, master));
	const struct flowtable_entry *e = &f->table.entries[number];

	return number && e->alive && e->applied;
}

static void
give(struct flowsync *f, uint32_t number, struct flow *flow)
{
	struct flowtable_entry *e = flowtable_entry(&f->table, number);
	bool known = e->applied;

	if (f->role == FLOWSYNC_STANDBY && flow->timeout < TIMEOUT_MOST) {
		uint32_t room = TIMEOUT_MOST - flow->timeout;

		flow->timeout += f->options.long_timer < room ? f->options.long_timer : room;
	}
	e->applied = true;
	e->dump = f->dump.number;
	flowsync_count(f, FLOW_APPLIED);
	f->hooks.apply(f->hooks.owner, FLOW_UPSERT, flow, known);
}

void
flowhear_apply(struct flowsync *f, uint32_t number)
{
	struct flowtable_entry *e = flowtable_entry(&f->table, number);
	struct flow flow;

	flowtable_get(&f->table, number, &flow);
	if ((flow.has & FLOW_HAS_MASTER) && !e->applied && !has_master(f, &flow.master)) {
		if (e->list != FLOWTABLE_PARKED) {
			e->since = flowsync_tick(f->now);
			flowsync_count(f, FLOW_PARKED);
		}
		flowtable_move(&f->table, number, FLOWTABLE_PARKED);
		return;
	}
	/* What still waits to be told, after a change of role, goes on waiting. */
	if (e->list == FLOWTABLE_PARKED || e->list == FLOWTABLE_REFUSED)
		flowtable_move(&f->table, number, FLOWTABLE_NONE);
	give(f, number, &flow);
}

static void
ask_to_delete(struct flowsync *f, const struct flow_key *key)
{
	struct flow flow = { .key = *key };

	flowsync_count(f, FLOW_APPLIED);
	f->hooks.apply(f->hooks.owner, FLOW_DELETE, &flow, false);
}

void
flowhear_renew(struct flowsync *f, uint32_t number)
{
	struct flowtable_entry *e = flowtable_entry(&f->table, number);
	struct flow_key key;

	flowtable_key(&f->table, number, &key);
	ask_to_delete(f, &key);
	e->applied = false;
	flowhear_apply(f, number);
	for (uint32_t i = 1; (e->has & FLOW_HAS_HELPER) && i <= f->expect.used; i++) {
		const struct flowexpect_entry *x = flowexpect_entry(&f->expect, i);

		if (x->used && x->alive && flow_key_equal(&x->expectation.master, &key))
			f->hooks.apply_expectation(f->hooks.owner, FLOW_UPSERT, &x->expectation);
	}
}

/* ---- flows ---------------------------------------------------------------------------------- */

/* Is what is known of a flow newer than a datagram? */
static bool
is_outdated(const struct flowsync *f, uint32_t version, uint32_t sequence)
{
	return flowlink_is_later(&f->link, version, sequence);
}

void
flowhear_remove(struct flowsync *f, uint32_t number, uint32_t version)
{
	struct flowtable_entry *e = flowtable_entry(&f->table, number);
	struct flow_key key;

	flowtable_key(&f->table, number, &key);
	ask_to_delete(f, &key);
	flowtable_kill(&f->table, number);
	flowtable_tell(&f->table, number, 0);
	flowtable_move(&f->table, number, FLOWTABLE_TOMBS);
	e->version = version;
	e->dump = f->dump.number;
}

void
flowhear_discard(struct flowsync *f, uint32_t number)
{
	struct flow_key key;

	flowtable_key(&f->table, number, &key);
	ask_to_delete(f, &key);
	flowtable_kill(&f->table, number);
	flowtell_bury(f, number);
}

static void
hear_delete(struct flowsync *f, const struct flow_key *key, uint32_t sequence)
{
	uint64_t hash = flowtable_hash(&f->table, key);
	uint32_t number = flowtable_find(&f->table, key, hash);
	struct flowtable_entry *e = flowtable_entry(&f->table, number);

	flowsync_count(f, FLOW_DELETES_RECEIVED);
	f->compare.touched[flowtable_bucket((uint32_t)(hash >> 32))] = sequence;
	/* What ended there is not what began here, if that was not offered yet. */
	if (number && (is_outdated(f, e->version, sequence) ||
	               (flowshift_is_lone(f, number) && !e->exposed))) {
		flowsync_count(f, FLOW_OUTDATED);
		return;
	}
	if (number && e->alive) {
		flowhear_remove(f, number, sequence);
		return;
	}
	flowsync_count(f, FLOW_SAME);
	/* What our kernel has is not known yet: it may be there, and is not to be shown alive. */
	if (f->dump.running || !f->dump.done)
		ask_to_delete(f, key);
	/* Its birth may still be under way: it must find it dead. */
	if (!number && !flowlink_has_all_below(&f->link, sequence))
		number = flowtable_add(&f->table, key, hash);
	if (number) {
		e = flowtable_entry(&f->table, number);
		e->version = sequence;
		e->dump = f->dump.number;
		flowtable_move(&f->table, number, FLOWTABLE_TOMBS);
	}
}

static void
take_over(struct flowsync *f, uint32_t number, const struct flow *flow, uint32_t sequence)
{
	struct flowtable_entry *e = flowtable_entry(&f->table, number);

	/* The kernel does not change the NAT of a flow that it has (nor its master: that the flow
	 * is without one costs less than that it is gone for a moment). */
	if (e->alive && e->applied && !flowtable_same_nat(&f->table, number, flow)) {
		ask_to_delete(f, &flow->key);
		e->applied = false;
	}
	flowtable_set(&f->table, number, flow);
	flowtable_tell(&f->table, number, flowtable_state(&f->table, number));
	flowtable_move(&f->table, number, FLOWTABLE_NONE);
	e->version = sequence;
	e->since = flowsync_tick(f->now);
	flowtable_mark_timer(&f->table, number, false);
	flowhear_apply(f, number);
}

static void
hear_upsert(struct flowsync *f, const struct flow *flow, uint32_t sequence)
{
	uint64_t hash = flowtable_hash(&f->table, &flow->key);
	uint32_t number = flowtable_find(&f->table, &flow->key, hash);
	struct flowtable_entry *e = flowtable_entry(&f->table, number);

	flowsync_count(f, FLOW_UPSERTS_RECEIVED);
	f->compare.touched[flowtable_bucket((uint32_t)(hash >> 32))] = sequence;
	if (!number) {
		number = flowtable_add(&f->table, &flow->key, hash);
		if (!number) {
			flowsync_count(f, FLOW_TABLE_FULL);
			f->no_room = true;
			flowsync_raise(f, FLOWSYNC_FULL, true);
			return;
		}
		take_over(f, number, flow, sequence);
		return;
	}
	if (is_outdated(f, e->version, sequence)) {
		flowsync_count(f, FLOW_OUTDATED);
		return;
	}
	if (e->alive && e->list != FLOWTABLE_REFUSED &&
	    flowtable_same_nat(&f->table, number, flow)) {
		flowtable_set(&f->table, number, flow);
		if (flowtable_state(&f->table, number) == e->told) {
			e->version = sequence;
			/* The timer counts from now; patience with a missing master does not. */
			if (e->list == FLOWTABLE_NONE)
				e->since = flowsync_tick(f->now);
			flowsync_count(f, FLOW_SAME);
			return;
		}
	}
	take_over(f, number, flow, sequence);
}

/* ---- expectations --------------------------------------------------------------------------- */

static void
apply_expectation(struct flowsync *f, uint32_t number)
{
	struct flowexpect_entry *e = flowexpect_entry(&f->expect, number);
	bool ready = has_master(f, &e->expectation.master);

	flowexpect_park(&f->expect, number, !ready);
	if (!ready)
		return;
	flowsync_count(f, FLOW_APPLIED);
	f->hooks.apply_expectation(f->hooks.owner, FLOW_UPSERT, &e->expectation);
}

void
flowhear_remove_expectation(struct flowsync *f, uint32_t number, uint32_t version)
{
	struct flowexpect_entry *e = flowexpect_entry(&f->expect, number);

	flowsync_count(f, FLOW_APPLIED);
	f->hooks.apply_expectation(f->hooks.owner, FLOW_DELETE, &e->expectation);
	flowexpect_kill(&f->expect, number);
	flowexpect_tell(&f->expect, number, 0);
	e->version = version;
}

static void
hear_expectation(struct flowsync *f, enum flowwire_kind kind, const struct flow_expectation *x,
                 uint32_t sequence)
{
	uint32_t number = flowexpect_find(&f->expect, x);
	struct flowexpect_entry *e;

	flowsync_count(f, kind == FLOWWIRE_EXPECT ? FLOW_UPSERTS_RECEIVED : FLOW_DELETES_RECEIVED);
	f->compare.touched[FLOWTABLE_BUCKETS] = sequence;
	if (!number && kind == FLOWWIRE_UNEXPECT && flowlink_has_all_below(&f->link, sequence))
		return;
	if (!number)
		number = flowexpect_add(&f->expect, x);
	if (!number) {
		flowsync_count(f, FLOW_TABLE_FULL);
		return;
	}
	e = flowexpect_entry(&f->expect, number);
	if (e->version && is_outdated(f, e->version, sequence)) {
		flowsync_count(f, FLOW_OUTDATED);
		return;
	}
	e->version = sequence;
	e->since = flowsync_tick(f->now);
	if (kind == FLOWWIRE_UNEXPECT) {
		if (e->alive)
			flowhear_remove_expectation(f, number, sequence);
		return;
	}
	flowexpect_set(&f->expect, number, x);
	if (flowexpect_state(&f->expect, number) == e->told && !e->parked) {
		flowsync_count(f, FLOW_SAME);
		return;
	}
	flowexpect_tell(&f->expect, number, flowexpect_state(&f->expect, number));
	apply_expectation(f, number);
}

/* ---- datagrams ------------------------------------------------------------------------------ */

/* How much of a datagram counts? */
static enum flowshift_belief
belief_in(const struct flowsync *f, const struct flowwire_head *head, nsec_t arrival)
{
	if (f->role == FLOWSYNC_ACTIVE)
		return flowshift_belief(f, head, arrival);
	return flowhear_is_fenced(f, head->epoch) ? FLOWSHIFT_NOTHING : FLOWSHIFT_ALL;
}

/* Can every record be read?  Nothing is changed before that is known. */
static enum flow_fault
read_through(struct reader in)
{
	struct flowwire_record record;

	while (reader_left(&in) > 0) {
		enum flow_fault fault = flowwire_read_record(&in, &record);

		if (fault != FLOW_OK)
			return fault;
	}
	return FLOW_OK;
}

static enum flow_fault
judge_data(const struct flowsync *f, const struct flowwire_head *head, struct reader records,
           enum flowshift_belief belief)
{
	enum flow_fault fault;

	if (belief == FLOWSHIFT_NOTHING)
		return flowhear_is_fenced(f, head->epoch) ? FLOW_EPOCH : FLOW_ROLE;
	fault = flowlink_check(&f->link, head);
	return fault != FLOW_OK ? fault : read_through(records);
}

static void
hear_record(struct flowsync *f, const struct flowwire_record *record, uint32_t sequence)
{
	if (record->kind == FLOWWIRE_UPSERT)
		hear_upsert(f, &record->flow, sequence);
	else if (record->kind == FLOWWIRE_DELETE)
		hear_delete(f, &record->flow.key, sequence);
	else
		hear_expectation(f, record->kind, &record->expectation, sequence);
}

/* Of the old master, and we forward already: what our own kernel told is younger. */
static bool
is_late_news(const struct flowsync *f, const struct flowwire_record *record,
             enum flowshift_belief belief)
{
	const struct flow_key *key = &record->flow.key;
	uint32_t number;

	if (record->kind == FLOWWIRE_UNEXPECT)
		return false;
	if (record->kind == FLOWWIRE_EXPECT)
		return !flowexpect_find(&f->expect, &record->expectation);
	number = flowtable_find(&f->table, key, flowtable_hash(&f->table, key));
	if (record->kind == FLOWWIRE_DELETE && (belief != FLOWSHIFT_ALL || !number))
		return false;
	return !flowshift_is_touched(f, number);
}

static void
take_data(struct flowsync *f, const struct flowwire_head *head, struct reader in,
          enum flowshift_belief belief)
{
	struct flowwire_record record;

	if (flowsync_is_newer(head->epoch, f->epoch))
		flowsync_set_epoch(f, head->epoch, false);
	while (reader_left(&in) > 0) {
		if (flowwire_read_record(&in, &record) != FLOW_OK)
			break;
		if (f->role == FLOWSYNC_STANDBY) {
			hear_record(f, &record, head->sequence);
		} else if (is_late_news(f, &record, belief)) {
			flowsync_count(f, FLOW_LATE_NEWS);
			hear_record(f, &record, head->sequence);
			/* News of our kernel may be under way that are younger than this. */
			flowsweep_want_dump(f, f->shift.promoted_at + LATE_DUMP);
		} else {
			flowsync_count(f, FLOW_OUTDATED);
		}
	}
}

/* Can no datagram under way revive what died with this version?  What our kernel ended when we
 * forwarded is of no datagram. */
static bool
is_settled(const struct flowsync *f, uint32_t version)
{
	return flowshift_is_ours(version) || flowlink_has_all_below(&f->link, version + 1);
}

static void
close_tombs(struct flowsync *f)
{
	uint32_t number;

	while (f->role == FLOWSYNC_STANDBY &&
	       (number = flowtable_first(&f->table, FLOWTABLE_TOMBS)) &&
	       is_settled(f, flowtable_entry(&f->table, number)->version))
		flowtell_bury(f, number);
}

void
flowhear_on_datagram(struct flowsync *f, unsigned path, const uint8_t *bytes, size_t length,
                     nsec_t arrival, nsec_t now)
{
	struct reader in = reader_over(bytes, length);
	enum flowshift_belief belief;
	struct flowwire_head head;
	enum flow_fault fault = flowwire_read_head(&in, &head);

	if (fault == FLOW_OK && (!f->peer.greeted || head.session != f->link.session))
		fault = FLOW_SESSION;
	if (fault == FLOW_OK && head.type == FLOWWIRE_ACK) {
		flowtell_on_ack(f, &head, in, now);
		return;
	}
	belief = belief_in(f, &head, arrival);
	if (fault == FLOW_OK)
		fault = judge_data(f, &head, in, belief);
	if (fault != FLOW_OK) {
		flowsync_fault(f, fault);
		return;
	}
	flowsync_count(f, FLOW_DATAGRAMS_RECEIVED);
	f->tally.counts[FLOW_BYTES_RECEIVED] += length + f->options.overhead;
	flowlink_take(&f->link, &head, path, nsec_min(arrival, now), now);
	take_data(f, &head, in, belief);
	close_tombs(f);
	flowrepair_compare(f, now);
	if (flowlink_owes_ack(&f->link, now))
		flowhear_acknowledge(f, now);
}

void
flowhear_acknowledge(struct flowsync *f, nsec_t now)
{
	uint8_t bytes[FLOWWIRE_HEAD_SIZE + FLOWWIRE_MAP_MAX];
	struct writer out = writer_over(bytes, sizeof(bytes));
	unsigned path = flowlink_write_ack(&f->link, f->epoch, &out, now);

	flowsync_count(f, FLOW_ACKS_SENT);
	if (path < FLOWSYNC_PATHS) {
		f->tally.counts[FLOW_BYTES_SENT] += writer_length(&out) + f->options.overhead;
		f->hooks.send_datagram(f->hooks.owner, path, bytes, writer_length(&out));
		return;
	}

	struct writer carried = writer_over(f->message, sizeof(f->message));

	flowwire_begin(&carried, FLOWWIRE_CARRIED);
	write_bytes(&carried, bytes, writer_length(&out));
	flowwire_end(&carried);
	flowtalk_send(f, &carried);
}

/* ---- what the kernel refused ---------------------------------------------------------------- */

void
flowhear_count_refusal(struct flowsync *f, int error)
{
	switch (error) {
	case ENOENT:
		flowsync_count(f, FLOW_REFUSED_MASTER);
		break;
	case EEXIST:
	case EBUSY:
		flowsync_count(f, FLOW_REFUSED_CLASH);
		break;
	case ENOMEM:
	case ENFILE:
		flowsync_count(f, FLOW_REFUSED_MEMORY);
		break;
	case EOPNOTSUPP:
		flowsync_count(f, FLOW_REFUSED_UNSUPPORTED);
		break;
	default:
		flowsync_count(f, FLOW_REFUSED_OTHER);
	}
}

/* We forward, and our kernel does not want what the peer had: without its master, perhaps; or else
 * it is not there. */
static void
on_refused_active(struct flowsync *f, uint32_t number, int error, nsec_t now)
{
	struct flow flow;

	if (flowshift_is_touched(f, number))
		return;
	flowtable_get(&f->table, number, &flow);
	if (error != ENOENT || !(flow.has & FLOW_HAS_MASTER)) {
		flowtell_gone(f, number, now);
		/* It may have one of its own, of which we do not know. */
		if (error == EEXIST)
			flowsweep_want_dump(f, now + EXIST_PAUSE);
		return;
	}
	flow.has &= ~(uint32_t)FLOW_HAS_MASTER;
	flowtable_entry(&f->table, number)->applied = false;
	flowtable_set(&f->table, number, &flow);
	give(f, number, &flow);
	flowtable_move(&f->table, number, FLOWTABLE_DIRTY);
}

void
flowhear_on_refused(struct flowsync *f, enum flow_op op, const struct flow_key *key, int error,
                    nsec_t now)
{
	uint32_t number = flowtable_find(&f->table, key, flowtable_hash(&f->table, key));
	struct flowtable_entry *e = flowtable_entry(&f->table, number);
	bool parkable = false;

	flowhear_count_refusal(f, error);
	if (op != FLOW_UPSERT || !number || !e->alive)
		return;
	if (f->role == FLOWSYNC_ACTIVE) {
		on_refused_active(f, number, error, now);
		return;
	}
	if (error == ENOENT && (e->has & FLOW_HAS_MASTER)) {
		struct flow flow;

		flowtable_get(&f->table, number, &flow);
		parkable = !has_master(f, &flow.master);
	}
	e->applied = false;
	e->since = flowsync_tick(now);
	flowtable_tell(&f->table, number, flowtable_state(&f->table, number));
	flowtable_move(&f->table, number, parkable ? FLOWTABLE_PARKED : FLOWTABLE_REFUSED);
	flowsync_raise(f, FLOWSYNC_REFUSALS, flowtable_listed(&f->table, FLOWTABLE_REFUSED) > 0);
}

/* ---- now and then --------------------------------------------------------------------------- */

static nsec_t
age(const struct flowsync *f, uint32_t number, nsec_t now)
{
	return (nsec_t)(flowsync_tick(now) - f->table.entries[number].since) * FLOWSYNC_TICK;
}

/* Parked flows whose master came, or did not come for long. */
void
flowhear_unpark(struct flowsync *f, nsec_t now)
{
	uint32_t left = flowtable_listed(&f->table, FLOWTABLE_PARKED);

	for (left = left < PARKED_AT_ONCE ? left : PARKED_AT_ONCE; left > 0; left--) {
		uint32_t number = flowtable_first(&f->table, FLOWTABLE_PARKED);
		struct flow flow;

		flowtable_get(&f->table, number, &flow);
		if (has_master(f, &flow.master)) {
			flowtable_move(&f->table, number, FLOWTABLE_NONE);
			give(f, number, &flow);
		} else if (age(f, number, now) >= PARKED_PATIENCE || f->role == FLOWSYNC_ACTIVE) {
			flow.has &= ~(uint32_t)FLOW_HAS_MASTER;
			flowtable_move(&f->table, number, FLOWTABLE_NONE);
			give(f, number, &flow);
		} else {
			flowtable_move(&f->table, number, FLOWTABLE_PARKED);
		}
	}
}

/* What was refused is asked for again: the reason may be gone. */
static void
ask_again(struct flowsync *f, nsec_t now)
{
	uint32_t number;

	for (unsigned left = REFUSED_AT_ONCE; left > 0; left--) {
		number = flowtable_first(&f->table, FLOWTABLE_REFUSED);
		if (!number || age(f, number, now) < REFUSED_PAUSE)
			break;
		flowhear_apply(f, number);
	}
	flowsync_raise(f, FLOWSYNC_REFUSALS, flowtable_listed(&f->table, FLOWTABLE_REFUSED) > 0);
}

/* Expectations whose master came; tombs of others. */
static void
see_to_expectations(struct flowsync *f)
{
	for (uint32_t i = 1; i <= f->expect.used; i++) {
		struct flowexpect_entry *e = flowexpect_entry(&f->expect, i);

		if (e->used && e->parked)
			apply_expectation(f, i);
		else if (e->used && !e->alive && !e->queued &&
		         (!f->peer.greeted || flowlink_has_all_below(&f->link, e->version + 1)))
			flowexpect_remove(&f->expect, i);
	}
}

/* We forward now: what our kernel refused when the peer told it is not there. */
static void
drop_refused(struct flowsync *f, nsec_t now)
{
	uint32_t number;

	for (unsigned left = REFUSED_AT_ONCE; left > 0; left--) {
		number = flowtable_first(&f->table, FLOWTABLE_REFUSED);
		if (!number)
			break;
		flowtell_gone(f, number, now);
	}
	flowsync_raise(f, FLOWSYNC_REFUSALS, flowtable_listed(&f->table, FLOWTABLE_REFUSED) > 0);
}

void
flowhear_chores(struct flowsync *f, nsec_t now)
{
	flowhear_unpark(f, now);
	if (f->role == FLOWSYNC_ACTIVE) {
		drop_refused(f, now);
	} else {
		ask_again(f, now);
		if (f->expect.parked > 0 || f->expect.count > f->expect.alive)
			see_to_expectations(f);
	}
	if (f->role == FLOWSYNC_STANDBY ? f->peer.greeted : flowshift_is_open(f))
		return;
	/* No datagram under way can be believed any more. */
	for (unsigned left = 4096; left > 0 && flowtable_first(&f->table, FLOWTABLE_TOMBS); left--)
		flowtell_bury(f, flowtable_first(&f->table, FLOWTABLE_TOMBS));
}
