/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What would be lost when another router becomes the active one, were roles and epochs all that
 * counts.  Three things are known better than that:
 *
 * Late news.  Datagrams that were here before the promotion, and what the old master forwards for
 * a moment longer in a planned handover, are of the older epoch, and true all the same.  They count
 * within the same session, for a short time, for flows that our own kernel told nothing about
 * since.  A router that was dead cannot use this: of an unplanned promotion only what arrived
 * before counts.
 *
 * Parting.  The old master is invited to that, and goes on telling until it forwards no more.
 *
 * Lone flows.  What began or changed at an active router while nobody heard it (the partner
 * forwards as well, or cannot be reached) carries the number of that time as its version.  When the
 * router gives in, it offers those of them that the other one has never heard of, instead of
 * removing them.  The other one takes what it does not know: no conflict can come of that.  Where
 * both know a flow, the one that goes on forwarding is right.
 */
#include "core/flowsync_inside.h"

#define LISTENING (2 * NSEC_PER_SEC)	/* after a planned promotion ... */
#define STRAGGLING (200 * NSEC_PER_MSEC)	/* ... any other: what waited is read by then */
#define PARTING_MOST 256u		/* datagrams: far less than FLOWLINK_GAP */
#define OFFERING (600 * NSEC_PER_SEC)	/* after a demotion; later nobody waits for answers */
#define LONE_TIMES 1000u		/* see FLOWSHIFT_OURS */

_Static_assert(PARTING_MOST + FLOWLINK_WINDOW < FLOWLINK_GAP,
               "the old master's numbers stay below the new one's");
_Static_assert(LONE_TIMES < FLOWSHIFT_OURS &&
               FLOWSHIFT_OURS + FLOWSHIFT_OURS_MOST < FLOWLINK_GAP,
               "these versions are no datagram's");

/* ---- the new master ------------------------------------------------------------------------- */

void
flowshift_on_promotion(struct flowsync *f, bool followed, uint32_t epoch, nsec_t now)
{
	struct flowsync_shift *s = &f->shift;

	s->promoted_at = now;
	s->session = followed ? f->link.session : 0;
	s->epoch = epoch;
	s->turn = f->link.next;
	s->ours = FLOWSHIFT_OURS + (s->ours + 1) % FLOWSHIFT_OURS_MOST;
	s->planned = s->expected;
	s->listen_until = now + (s->planned ? LISTENING : STRAGGLING);
	s->expected = false;
}

void
flowshift_close(struct flowsync *f)
{
	f->shift.session = 0;
}

bool
flowshift_is_open(const struct flowsync *f)
{
	return f->shift.session && f->now < f->shift.listen_until;
}

bool
flowshift_listens(const struct flowsync *f)
{
	return flowshift_is_open(f) && f->shift.planned;
}

enum flowshift_belief
flowshift_belief(const struct flowsync *f, const struct flowwire_head *head, nsec_t arrival)
{
	const struct flowsync_shift *s = &f->shift;

	if (!flowshift_is_open(f) || head->session != s->session || head->epoch != s->epoch)
		return FLOWSHIFT_NOTHING;
	if (arrival <= s->promoted_at)
		return FLOWSHIFT_ALL;
	return s->planned ? FLOWSHIFT_ADDITIONS : FLOWSHIFT_NOTHING;
}

/* Does what our kernel said of it wait, to be told in the end? */
static bool
is_untold(const struct flowtable_entry *e)
{
	return e->list == FLOWTABLE_DIRTY || e->list == FLOWTABLE_HELD ||
	       e->list == FLOWTABLE_ASKED;
}

bool
flowshift_is_touched(const struct flowsync *f, uint32_t number)
{
	const struct flowtable_entry *e = &f->table.entries[number];

	if (!number)
		return false;
	return is_untold(e) || e->list == FLOWTABLE_OVER || e->version == f->shift.ours ||
	       (f->shift.lone && e->version == f->shift.lone) ||
	       (e->version >= FLOWLINK_GAP &&
	        e->version - f->shift.turn < f->link.next - f->shift.turn);
}

/* ---- the old master ------------------------------------------------------------------------- */

void
flowshift_part(struct flowsync *f, nsec_t now)
{
	f->shift.tell_until = now + LISTENING;
	f->shift.told_from = f->link.next;
	flowtell_release_all(f, now);
}

void
flowshift_stop_telling(struct flowsync *f)
{
	struct flowlink_settle settler = flowtell_settler(f);

	f->shift.tell_until = 0;
	flowlink_give_up(&f->link, &settler);
	flowshift_begin_lone(f);
}

bool
flowshift_has_parted(const struct flowsync *f)
{
	return f->shift.tell_until &&
	       (f->now >= f->shift.tell_until ||
	        f->link.next - f->shift.told_from >= PARTING_MOST);
}

/* ---- after a split -------------------------------------------------------------------------- */

void
flowshift_forget_ends(struct flowsync *f)
{
	struct flowlink_settle settler = flowtell_settler(f);
	uint32_t number, following;

	/* What is under way is of an epoch that the peer left. */
	flowlink_give_up(&f->link, &settler);
	for (number = flowtable_first(&f->table, FLOWTABLE_DIRTY); number; number = following) {
		const struct flowtable_entry *e = flowtable_entry(&f->table, number);

		following = e->next;
		if (!e->alive)
			flowtell_bury(f, number);
	}
}

/* ---- lone flows ----------------------------------------------------------------------------- */

void
flowshift_begin_lone(struct flowsync *f)
{
	if (!f->shift.lone)
		f->shift.lone = 1 + f->shift.lone_times++ % LONE_TIMES;
	f->shift.lone_until = NSEC_NEVER;
}

void
flowshift_on_demotion(struct flowsync *f, nsec_t now)
{
	flowshift_close(f);
	f->shift.expected = false;
	flowshift_stop_telling(f);
	f->shift.lone_until = now + OFFERING;
}

void
flowshift_on_agreement(struct flowsync *f)
{
	f->shift.lone = 0;
}

bool
flowshift_is_lone(const struct flowsync *f, uint32_t number)
{
	const struct flowtable_entry *e = &f->table.entries[number];

	return f->shift.lone && f->now < f->shift.lone_until && e->alive && e->applied &&
	       (e->version == f->shift.lone || is_untold(e)) && !flowtell_is_over(e);
}

void
flowshift_offer(struct flowsync *f, uint32_t number, struct writer *out)
{
	uint8_t *start = out->at;
	struct flow flow;

	flowtable_get(&f->table, number, &flow);
	flowwire_write_upsert(out, &flow);
	if (out->overflow) {
		/* The next listing of this bucket finds it again. */
		out->at = start;
		out->overflow = false;
		return;
	}
	flowsync_count(f, FLOW_OFFERED);
	flowtable_tell(&f->table, number, flowtable_state(&f->table, number));
	flowtable_move(&f->table, number, FLOWTABLE_NONE);
	/* Until both agree: the other one may have lost its role meanwhile, and not taken it. */
	flowtable_entry(&f->table, number)->version = f->shift.lone;
	flowtable_entry(&f->table, number)->exposed = true;
}

static bool
is_offerable(const struct flowsync *f, struct reader records, unsigned bucket)
{
	struct flowwire_record record;

	while (reader_left(&records) > 0) {
		if (flowwire_read_record(&records, &record) != FLOW_OK ||
		    record.kind != FLOWWIRE_UPSERT ||
		    flowtable_bucket((uint32_t)(flowtable_hash(&f->table, &record.flow.key) >>
		                                32)) != bucket)
			return false;
	}
	return true;
}

/* What we know is not touched, dead or alive. */
static void
merge(struct flowsync *f, struct flow *flow, nsec_t now)
{
	uint64_t hash = flowtable_hash(&f->table, &flow->key);
	uint32_t number = flowtable_find(&f->table, &flow->key, hash);

	if (number) {
		/* Closed, and kept from a peer that knows it all the same. */
		if (flowtable_entry(&f->table, number)->list == FLOWTABLE_OVER)
			flowtable_move(&f->table, number, FLOWTABLE_DIRTY);
		flowsync_count(f, FLOW_OUTDATED);
		return;
	}
	number = flowtable_add(&f->table, &flow->key, hash);
	if (!number) {
		flowsync_count(f, FLOW_TABLE_FULL);
		return;
	}
	if (f->options.idle_limit && flow->timeout > f->options.idle_limit)
		flow->timeout = f->options.idle_limit;
	flowsync_count(f, FLOW_MERGED);
	flowtable_set(&f->table, number, flow);
	flowtable_tell(&f->table, number, flowtable_state(&f->table, number));
	flowtable_entry(&f->table, number)->since = flowsync_tick(now);
	flowhear_apply(f, number);
}

enum flow_fault
flowshift_on_offer(struct flowsync *f, struct reader body, nsec_t now)
{
	struct flowwire_offer offer;
	struct flowwire_record record;
	enum flow_fault fault = flowwire_read_offer(body, &offer);

	if (fault != FLOW_OK)
		return fault;
	if (!flowsync_is_telling(f) || f->repair.lists_open == 0)
		return FLOW_ORDER;
	if (offer.epoch != f->epoch)
		return FLOW_EPOCH;
	if (!is_offerable(f, offer.records, offer.bucket))
		return FLOW_RECORD;
	while (reader_left(&offer.records) > 0) {
		if (flowwire_read_record(&offer.records, &record) != FLOW_OK)
			break;
		merge(f, &record.flow, now);
	}
	return FLOW_OK;
}
