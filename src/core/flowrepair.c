/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two tables are compared by sums over buckets and made equal where they differ, whatever the
 * reason: a first synchronisation, lost news, a healed split, memory that ran out.
 *
 * The active side names the sums of what it told, and the last datagram in which it told something
 * (DIGEST).  When all those datagrams are here or given up, the standby side compares, and leaves
 * out buckets that later datagrams touched already.  It wants (WANT) a listing of buckets that
 * differ, and those altogether of which it has nothing.  A listing (LIST) is of keys and states by
 * their hashes; what the standby side has and the listing has not, is removed; what it lacks is
 * asked for (KEYS) and told anew by datagrams.  An empty WANT says that all was equal.
 */
#include <string.h>

#include "core/flowsync_inside.h"

#define LISTS_MOST 16u			/* not yet answered */
#define REFILL 256u			/* flows to be repaired at a time, about */
#define WALK_FROM 4u			/* one flow in so many: looking at all entries is faster */
#define WALK_MOST 8192u			/* entries in one go */
#define ANSWER_PATIENCE (3 * NSEC_PER_SEC)
#define AT_ONCE (2 * NSEC_PER_MSEC)	/* from a repair to the comparison that may prove it */
#define DIGEST_PAUSE (50 * NSEC_PER_MSEC)	/* between two comparisons, at least */
#define STUCK 5			/* periods with a bucket that stays different: an alarm */

static uint32_t
lower(uint64_t hash)
{
	return (uint32_t)hash;
}

static uint32_t
key_mark(const struct flowsync *f, uint32_t number)
{
	struct flow_key key;

	flowtable_key(&f->table, number, &key);
	return lower(flowtable_hash(&f->table, &key));
}

static uint32_t
read_be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* ---- a set of marks, over an array of big-endian numbers "step" bytes apart ------------------ */

struct marks {
	const uint8_t *items;
	size_t step;
	unsigned count;
	uint16_t *places;		/* number of an item + 1 */
	uint32_t mask;
};

static struct marks
gather(struct flowsync *f, const uint8_t *items, size_t step, unsigned count)
{
	struct marks marks = { .items = items, .step = step, .count = count, .places = f->set };
	uint32_t size = 64;

	assert(count <= FLOWSYNC_SET / 2);
	while (size < 2 * count)
		size <<= 1;
	marks.mask = size - 1;
	memset(f->set, 0, size * sizeof(f->set[0]));
	for (unsigned i = 0; i < count; i++) {
		uint32_t place = read_be32(items + i * step) & marks.mask;

		while (f->set[place])
			place = (place + 1) & marks.mask;
		f->set[place] = (uint16_t)(i + 1);
	}
	return marks;
}

/* The number of the item + 1, or 0. */
static unsigned
look_up(const struct marks *marks, uint32_t mark)
{
	uint32_t place = mark & marks->mask;

	while (marks->places[place] &&
	       read_be32(marks->items + (marks->places[place] - 1u) * marks->step) != mark)
		place = (place + 1) & marks->mask;
	return marks->places[place];
}

/* count: of bits that are set. */
static void
set_bit(uint8_t *map, unsigned bit, bool value, unsigned *count)
{
	if (flowsync_bit(map, bit) == value)
		return;
	if (value)
		flowsync_set_bit(map, bit);
	else
		flowsync_clear_bit(map, bit);
	*count += value ? 1u : -1u;
}

/* ---- the active side ------------------------------------------------------------------------ */

static void
forget_wants(struct flowsync *f)
{
	struct flowsync_repair *r = &f->repair;

	memset(r->list, 0, sizeof(r->list));
	memset(r->whole, 0, sizeof(r->whole));
	r->left = r->bucket = r->lists_open = 0;
	r->walk = r->waiting = 0;
	r->asked = false;
}

bool
flowrepair_is_known(const struct flowsync *f)
{
	return f->repair.answered || f->peer.readiness == FLOWSYNC_SYNCED ||
	       f->peer.readiness == FLOWSYNC_STALE;
}

void
flowrepair_restart(struct flowsync *f, nsec_t now)
{
	struct flowsync_compare *c = &f->compare;

	forget_wants(f);
	f->repair.digest_at = now;
	f->repair.different = 0;
	f->repair.answered = false;
	memset(f->repair.equal, 0, sizeof(f->repair.equal));
	f->repair.equal_count = 0;
	memset(c->agreed, 0, sizeof(c->agreed));
	memset(c->doubted, 0, sizeof(c->doubted));
	memset(c->differed, 0, sizeof(c->differed));
	memset(c->touched, 0, sizeof(c->touched));
	c->agreed_count = c->doubted_count = 0;
	c->pending = false;
	c->different = 0;
	c->stuck_since = now;
	flowsync_raise(f, FLOWSYNC_DISAGREE, false);
}

static void
send_digest(struct flowsync *f, nsec_t now)
{
	struct writer out = writer_over(f->message, sizeof(f->message));

	flowwire_begin(&out, FLOWWIRE_DIGEST);
	write_u32(&out, f->epoch);
	write_u32(&out, f->link.next - 1);
	write_u32(&out, f->link.floor);
	for (unsigned i = 0; i < FLOWTABLE_BUCKETS; i++)
		write_u64(&out, f->table.sums[i]);
	write_u64(&out, f->expect.sum);
	flowwire_end(&out);
	flowtalk_send(f, &out);
	flowsync_count(f, FLOW_DIGESTS);
	f->repair.asked = true;
	f->repair.named = f->link.next - 1;
	f->repair.last = now;
	f->repair.answer_by = now + ANSWER_PATIENCE;
	f->repair.digest_at = now + f->options.digest_period;
}

static bool
is_repairing(const struct flowsync *f)
{
	return f->repair.left > 0 || f->repair.lists_open > 0 ||
	       flowtable_listed(&f->table, FLOWTABLE_REPAIR) > 0;
}

static bool
may_digest(const struct flowsync *f)
{
	return flowsync_is_telling(f) && f->dump.done && !f->repair.asked && !is_repairing(f);
}

void
flowrepair_on_time(struct flowsync *f, nsec_t now)
{
	if (!flowsync_is_telling(f))
		return;
	/* An answer that never comes (the peer took a breath, or lost its role): ask anew. */
	if ((f->repair.asked || f->repair.lists_open > 0) && now >= f->repair.answer_by)
		forget_wants(f);
	if (may_digest(f) && now >= f->repair.digest_at)
		send_digest(f, now);
}

nsec_t
flowrepair_deadline(const struct flowsync *f)
{
	if (!flowsync_is_telling(f))
		return NSEC_NEVER;
	if (f->repair.asked || f->repair.lists_open > 0)
		return f->repair.answer_by;
	return may_digest(f) ? f->repair.digest_at : NSEC_NEVER;
}

enum flow_fault
flowrepair_on_want(struct flowsync *f, struct reader body, nsec_t now)
{
	struct flowsync_repair *r = &f->repair;
	struct flowwire_want want;
	enum flow_fault fault = flowwire_read_want(body, &want);
	uint32_t wanted = 0, whole = 0;		/* buckets; flows to be sent altogether */

	if (fault != FLOW_OK)
		return fault;
	if (!flowsync_is_telling(f) || !r->asked)
		return FLOW_ORDER;
	/* It answers what we asked before we lost our role, and was on its way since. */
	if (want.sequence != r->named)
		return FLOW_OK;
	forget_wants(f);
	for (unsigned i = 0; i < FLOWWIRE_BUCKETS; i++) {
		bool all = flowsync_bit(want.whole, i), some = flowsync_bit(want.list, i);

		/* Nothing is known of what we touched since. */
		if (all && some)
			continue;
		set_bit(r->equal, i, !all && !some, &r->equal_count);
		if (all) {
			flowsync_set_bit(r->whole, i);
			whole += i < FLOWTABLE_BUCKETS ? f->table.told[i] : 0;
		} else if (some) {
			flowsync_set_bit(r->list, i);
		}
		wanted += all || some;
	}
	r->left = wanted;
	r->walk = whole > f->table.used / WALK_FROM ? 1 : 0;
	r->waiting = whole;
	f->tally.counts[FLOW_BUCKETS_DIFFERENT] += wanted;
	if (wanted == 0)
		f->compare.agreed_at = now;
	if (r->equal_count == FLOWWIRE_BUCKETS)
		flowshift_on_agreement(f);
	/* What differed is compared again as soon as it is repaired, unless that does not help; and
	 * what later datagrams touched soon, while the peer has not seen all of it equal. */
	if (wanted > 0 ? r->different == 0 || wanted < r->different ||
	                 f->peer.readiness != FLOWSYNC_SYNCED :
	                 f->peer.readiness == FLOWSYNC_BULK)
		r->digest_at = nsec_max(now + AT_ONCE, r->last + DIGEST_PAUSE);
	r->different = wanted;
	r->answered = true;
	return FLOW_OK;
}

/* Mark an entry to be told anew, unless that is so already. */
static void
mark_repair(struct flowsync *f, uint32_t number)
{
	const struct flowtable_entry *e = flowtable_entry(&f->table, number);

	if (!e->alive || e->list != FLOWTABLE_NONE)
		return;
	flowtable_move(&f->table, number, FLOWTABLE_REPAIR);
	flowsync_count(f, FLOW_REPAIRED);
}

static void
mark_bucket(struct flowsync *f, unsigned bucket)
{
	if (bucket == FLOWTABLE_BUCKETS) {
		for (uint32_t i = 1; i <= f->expect.used; i++) {
			if (flowexpect_entry(&f->expect, i)->alive)
				flowexpect_queue(&f->expect, i);
		}
		return;
	}
	flowtable_fetch_bucket(&f->table, bucket);
	for (uint32_t n = flowtable_next(&f->table, bucket, 0); n;
	     n = flowtable_next(&f->table, bucket, n))
		mark_repair(f, n);
}

/* Only what was told is listed: a sum has nothing else in it. */
static void
list_bucket(struct flowsync *f, unsigned bucket, struct writer *out)
{
	if (bucket == FLOWTABLE_BUCKETS) {
		for (uint32_t i = 1; i <= f->expect.used; i++) {
			const struct flowexpect_entry *e = flowexpect_entry(&f->expect, i);

			if (!e->used || !e->told)
				continue;
			write_u32(out, lower(e->hash));
			write_u32(out, lower(e->told));
		}
		return;
	}
	for (uint32_t n = flowtable_next(&f->table, bucket, 0); n;
	     n = flowtable_next(&f->table, bucket, n)) {
		const struct flowtable_entry *e = flowtable_entry(&f->table, n);

		if (!e->told)
			continue;
		write_u32(out, key_mark(f, n));
		write_u32(out, lower(e->told));
	}
}

static void
send_list(struct flowsync *f, unsigned bucket, nsec_t now)
{
	uint32_t told = bucket == FLOWTABLE_BUCKETS ? f->expect.alive : f->table.told[bucket];
	struct writer out = writer_over(f->message, sizeof(f->message));

	/* No message holds so many: they are told anew, and nothing is removed. */
	if (told > FLOWSYNC_LIST_MOST) {
		mark_bucket(f, bucket);
		return;
	}
	flowwire_begin(&out, FLOWWIRE_LIST);
	write_u32(&out, f->epoch);
	write_u16(&out, (uint16_t)bucket);
	write_u32(&out, f->link.next - 1);
	list_bucket(f, bucket, &out);
	flowwire_end(&out);
	flowtalk_send(f, &out);
	f->repair.lists_open++;
	f->repair.answer_by = now + ANSWER_PATIENCE;
}

bool
flowrepair_can_refill(const struct flowsync *f)
{
	return f->repair.left > 0 && f->repair.lists_open < LISTS_MOST;
}

/*
 * Mark what is in buckets to be sent altogether, in the order of memory: the flows of a bucket lie
 * all over it, and to fetch them one by one took a third of the time of a first synchronisation.
 */
static void
walk(struct flowsync *f)
{
	struct flowsync_repair *r = &f->repair;
	uint32_t end = r->walk + WALK_MOST;

	while (r->walk <= f->table.used && r->walk < end &&
	       flowtable_listed(&f->table, FLOWTABLE_REPAIR) < REFILL) {
		uint32_t number = r->walk++;

		if (!flowsync_bit(r->whole, flowtable_bucket(f->table.entries[number].hash)))
			continue;
		if (f->table.entries[number].told && r->waiting > 0)
			r->waiting--;
		mark_repair(f, number);
	}
	if (r->walk <= f->table.used)
		return;
	r->walk = 0;
	for (unsigned i = 0; i < FLOWTABLE_BUCKETS; i++) {
		r->left -= flowsync_bit(r->whole, i);
		flowsync_clear_bit(r->whole, i);
	}
}

void
flowrepair_refill(struct flowsync *f, nsec_t now)
{
	struct flowsync_repair *r = &f->repair;

	if (r->walk > 0)
		walk(f);
	if (r->walk > 0)
		return;
	while (flowrepair_can_refill(f) && flowtable_listed(&f->table, FLOWTABLE_REPAIR) < REFILL) {
		unsigned bucket = r->bucket++;

		assert(bucket < FLOWWIRE_BUCKETS);
		if (flowsync_bit(r->whole, bucket))
			mark_bucket(f, bucket);
		else if (flowsync_bit(r->list, bucket))
			send_list(f, bucket, now);
		else
			continue;
		flowsync_clear_bit(r->whole, bucket);
		flowsync_clear_bit(r->list, bucket);
		r->left--;
	}
}

bool
flowrepair_is_waiting(const struct flowsync *f, uint32_t number)
{
	return flowsync_bit(f->repair.whole, flowtable_bucket(f->table.entries[number].hash)) &&
	       number >= f->repair.walk;
}

uint64_t
flowrepair_waiting(const struct flowsync *f)
{
	uint64_t sum = 0;

	if (f->repair.walk > 0)
		return f->repair.waiting;
	for (unsigned i = 0; f->repair.left > 0 && i < FLOWTABLE_BUCKETS; i++) {
		if (flowsync_bit(f->repair.whole, i))
			sum += f->table.told[i];
	}
	return sum;
}

enum flow_fault
flowrepair_on_keys(struct flowsync *f, struct reader body, nsec_t now)
{
	unsigned bucket = read_u16(&body);
	unsigned count = (unsigned)(reader_left(&body) / 4);
	struct marks marks;

	if (body.short_read || reader_left(&body) % 4 || bucket >= FLOWWIRE_BUCKETS ||
	    count > FLOWSYNC_SET / 2)
		return FLOW_SHORT;
	if (!flowsync_is_telling(f) || f->repair.lists_open == 0)
		return FLOW_ORDER;
	f->repair.lists_open--;
	f->repair.answer_by = now + ANSWER_PATIENCE;
	if (count == 0)
		return FLOW_OK;
	marks = gather(f, body.at, 4, count);
	if (bucket == FLOWTABLE_BUCKETS) {
		for (uint32_t i = 1; i <= f->expect.used; i++) {
			const struct flowexpect_entry *e = flowexpect_entry(&f->expect, i);

			if (e->alive && look_up(&marks, lower(e->hash)))
				flowexpect_queue(&f->expect, i);
		}
		return FLOW_OK;
	}
	for (uint32_t n = flowtable_next(&f->table, bucket, 0); n;
	     n = flowtable_next(&f->table, bucket, n)) {
		if (look_up(&marks, key_mark(f, n)))
			mark_repair(f, n);
	}
	return FLOW_OK;
}

/* ---- the standby side ----------------------------------------------------------------------- */

/* Did a datagram after this one tell us that already? */
static bool
is_after(const struct flowsync *f, uint32_t version, uint32_t sequence)
{
	return f->link.hearing && (int32_t)(f->link.heard_highest - sequence) >= 0 &&
	       flowlink_is_later(&f->link, version, sequence);
}

static uint64_t
own_sum(const struct flowsync *f, unsigned bucket)
{
	return bucket == FLOWTABLE_BUCKETS ? f->expect.sum : f->table.sums[bucket];
}

static bool
is_empty(const struct flowsync *f, unsigned bucket)
{
	return bucket == FLOWTABLE_BUCKETS ? f->expect.alive == 0 : f->table.told[bucket] == 0;
}

static void
set_agreed(struct flowsync_compare *c, unsigned bucket, bool agreed)
{
	set_bit(c->agreed, bucket, agreed, &c->agreed_count);
	set_bit(c->doubted, bucket, !agreed, &c->doubted_count);
}

/* What the peer's sums want of us. */
static void
compare_all(struct flowsync *f, uint8_t *list, uint8_t *whole, nsec_t now)
{
	struct flowsync_compare *c = &f->compare;
	bool stuck = false;

	c->different = 0;
	for (unsigned i = 0; i < FLOWWIRE_BUCKETS; i++) {
		bool differed = flowsync_bit(c->differed, i);

		flowsync_clear_bit(c->differed, i);
		if (is_after(f, c->touched[i], c->sequence)) {
			flowsync_set_bit(list, i);
			flowsync_set_bit(whole, i);
			continue;
		}
		set_agreed(c, i, own_sum(f, i) == c->sums[i]);
		if (flowsync_bit(c->agreed, i))
			continue;
		flowsync_set_bit(c->differed, i);
		stuck = stuck || differed;
		c->different++;
		flowsync_set_bit(is_empty(f, i) ? whole : list, i);
	}
	if (!stuck)
		c->stuck_since = now;
	if (c->different == 0)
		c->agreed_at = now;
	if (c->agreed_count == FLOWWIRE_BUCKETS)
		flowshift_on_agreement(f);
	if (c->agreed_count == FLOWWIRE_BUCKETS || c->doubted_count > FLOWWIRE_BUCKETS / 4)
		c->proven = c->agreed_count == FLOWWIRE_BUCKETS;
	f->tally.counts[FLOW_BUCKETS_DIFFERENT] += c->different;
	flowsync_raise(f, FLOWSYNC_DISAGREE, !f->no_room &&
	               now - c->stuck_since >= STUCK * f->options.digest_period);
}

void
flowrepair_compare(struct flowsync *f, nsec_t now)
{
	struct flowsync_compare *c = &f->compare;
	uint8_t list[FLOWWIRE_BITMAP] = { 0 }, whole[FLOWWIRE_BITMAP] = { 0 };
	struct writer out = writer_over(f->message, sizeof(f->message));

	/* Our own table must be known first; then all that the sums contain must have come. */
	if (!c->pending || f->role == FLOWSYNC_ACTIVE || !f->dump.done ||
	    ((int32_t)(c->floor - c->sequence) <= 0 &&
	     !flowlink_has_all_below(&f->link, c->sequence + 1)))
		return;
	c->pending = false;
	flowsync_count(f, FLOW_DIGESTS);
	compare_all(f, list, whole, now);
	flowwire_begin(&out, FLOWWIRE_WANT);
	write_u32(&out, c->sequence);
	write_bytes(&out, list, sizeof(list));
	write_bytes(&out, whole, sizeof(whole));
	flowwire_end(&out);
	flowtalk_send(f, &out);
	flowsync_judge_readiness(f, now);
}

enum flow_fault
flowrepair_on_digest(struct flowsync *f, struct reader body, nsec_t now)
{
	struct flowsync_compare *c = &f->compare;
	struct flowwire_digest digest;
	enum flow_fault fault = flowwire_read_digest(body, &digest);

	if (fault != FLOW_OK)
		return fault;
	if (f->role == FLOWSYNC_ACTIVE)
		return FLOW_ROLE;
	if (flowhear_is_fenced(f, digest.epoch))
		return FLOW_EPOCH;
	c->pending = true;
	c->epoch = digest.epoch;
	c->sequence = digest.sequence;
	c->floor = digest.floor;
	for (unsigned i = 0; i < FLOWWIRE_BUCKETS; i++)
		c->sums[i] = read_u64(&digest.sums);
	flowrepair_compare(f, now);
	return FLOW_OK;
}

/*
 * One of ours, against the listing: unknown there, it goes; with another state there, it is wanted.
 * Returns the item's number + 1, or 0, and whether its state is the same.
 */
static unsigned
judge_own(const struct marks *marks, uint32_t mark, uint64_t told, bool *ret_same)
{
	unsigned item = look_up(marks, mark);

	*ret_same = item && read_be32(marks->items + (item - 1) * marks->step + 4) == lower(told);
	return item;
}

/* Strike off the items that we have as they are; remove, or offer, what is not among them. */
static void
go_through_flows(struct flowsync *f, const struct flowwire_list *list, const struct marks *marks,
                 uint8_t *have, struct writer *offer)
{
	uint32_t n = flowtable_next(&f->table, list->bucket, 0);

	while (n) {
		uint32_t following = flowtable_next(&f->table, list->bucket, n);
		const struct flowtable_entry *e = flowtable_entry(&f->table, n);
		bool same;
		unsigned item;

		if (e->alive) {
			item = judge_own(marks, key_mark(f, n), e->told, &same);
			if (item && same)
				flowsync_set_bit(have, item - 1);
			if (!item && flowshift_is_lone(f, n)) {
				flowshift_offer(f, n, offer);
			} else if (!item && !is_after(f, e->version, list->sequence)) {
				flowhear_remove(f, n, list->sequence);
				flowsync_count(f, FLOW_REPAIRED);
			}
		}
		n = following;
	}
}

static void
go_through_expectations(struct flowsync *f, const struct flowwire_list *list,
                        const struct marks *marks, uint8_t *have)
{
	for (uint32_t i = 1; i <= f->expect.used; i++) {
		const struct flowexpect_entry *e = flowexpect_entry(&f->expect, i);
		bool same;
		unsigned item;

		if (!e->alive)
			continue;
		item = judge_own(marks, lower(e->hash), e->told, &same);
		if (item && same)
			flowsync_set_bit(have, item - 1);
		if (!item && !is_after(f, e->version, list->sequence))
			flowhear_remove_expectation(f, i, list->sequence);
	}
}

enum flow_fault
flowrepair_on_list(struct flowsync *f, struct reader body, nsec_t now)
{
	uint8_t have[FLOWSYNC_SET / 16] = { 0 };
	struct flowwire_list list;
	enum flow_fault fault = flowwire_read_list(body, &list);
	struct writer out = writer_over(f->message, sizeof(f->message));
	struct writer offer = writer_over(f->datagram, sizeof(f->datagram));
	struct marks marks;
	uint32_t room = f->table.capacity - f->table.count;
	unsigned count;

	(void)now;
	if (fault != FLOW_OK)
		return fault;
	if (f->role == FLOWSYNC_ACTIVE)
		return FLOW_ROLE;
	if (flowhear_is_fenced(f, list.epoch))
		return FLOW_EPOCH;
	count = (unsigned)(reader_left(&list.items) / 8);
	if (count > FLOWSYNC_LIST_MOST)
		return FLOW_SHORT;
	marks = gather(f, list.items.at, 8, count);
	flowwire_begin(&offer, FLOWWIRE_OFFER);
	write_u32(&offer, f->epoch);
	write_u16(&offer, list.bucket);
	if (list.bucket == FLOWTABLE_BUCKETS)
		go_through_expectations(f, &list, &marks, have);
	else
		go_through_flows(f, &list, &marks, have, &offer);
	if (writer_length(&offer) > FLOWWIRE_PREFIX + 7) {
		flowwire_end(&offer);
		flowtalk_send(f, &offer);
	}
	flowwire_begin(&out, FLOWWIRE_KEYS);
	write_u16(&out, list.bucket);
	for (unsigned i = 0; i < count && room > 0; i++) {
		if (flowsync_bit(have, i))
			continue;
		write_bytes(&out, list.items.at + i * 8, 4);
		room--;
	}
	flowwire_end(&out);
	flowtalk_send(f, &out);
	return FLOW_OK;
}
