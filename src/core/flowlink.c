/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sending: a window that grows with every arrival and halves on loss, as TCP's does, under a cap in
 * bytes per second.  A datagram is lost when later ones of the same path arrived, or after a time.
 * Datagrams take turns over the paths that are alive; a path is dead when nothing sent over it
 * arrives any more, and is tried now and then.
 *
 * Receiving: a map of what came above a floor that its sender raises.  What is below the floor is
 * of the past: received, or told anew in a later datagram.
 */
#include <string.h>

#include "core/flowlink.h"

#define WINDOW_FIRST 32u
#define WINDOW_LEAST 8u
#define TOLERANCE_FIRST 3u
#define TOLERANCE_MOST 64u
#define BACKOFF_MOST 16u
#define ROUND_TRIP_FIRST (50 * NSEC_PER_MSEC)
#define TIMEOUT_EXTRA (3 * NSEC_PER_MSEC)
#define TIMEOUT_MOST NSEC_PER_SEC
#define TIMEOUT_CARRIED (2 * NSEC_PER_SEC)
#define CARRIED_MOST 16u		/* datagrams in the control stream at a time */
#define DEAD_AFTER 8u			/* losses in a row ... */
#define DEAD_SILENCE (100 * NSEC_PER_MSEC)	/* ... and so long nothing */
#define PROBE_DEAD (100 * NSEC_PER_MSEC)
#define PROBE_DOUBT (50 * NSEC_PER_MSEC)	/* alive, but the last try got lost */
#define PROBE_ALIVE NSEC_PER_SEC
#define ACK_EVERY 32u
#define ACK_DELAY NSEC_PER_MSEC
#define MAP_BITS (2 * FLOWLINK_WINDOW)

static uint32_t
usec(nsec_t now)
{
	return (uint32_t)(now / NSEC_PER_USEC);
}

/* Is a before b, on the circle of numbers? */
static bool
before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* The number so many after this one, where those below FLOWLINK_GAP are left out. */
static uint32_t
after(uint32_t number, uint32_t count)
{
	uint32_t sum = number + count;

	return sum < number || sum < FLOWLINK_GAP ? sum + FLOWLINK_GAP : sum;
}

static void
go_on_at(struct flowlink *link, uint32_t number)
{
	link->next = link->floor = link->recover = number;
	link->answered = number - 1;
}

/* The end of the circle is reached and nothing is under way: what is left out there may be. */
static void
close_circle(struct flowlink *link)
{
	if (link->next == 0 && link->floor == 0)
		go_on_at(link, FLOWLINK_GAP);
}

/* ---- life ----------------------------------------------------------------------------------- */

void
flowlink_adopt(struct flowlink *link, const struct flowsync_options *options)
{
	for (unsigned i = 0; i < FLOWSYNC_PATHS; i++) {
		struct flowlink_path *path = &link->paths[i];

		path->usable = i < options->paths;
		path->payload = options->payload[i] < FLOWSYNC_DATAGRAM_MIN ?
		                FLOWSYNC_DATAGRAM_MIN : options->payload[i];
		if (path->payload > FLOWSYNC_DATAGRAM_MAX)
			path->payload = FLOWSYNC_DATAGRAM_MAX;
	}
	link->paths[FLOWLINK_CARRIED].usable = true;
	link->paths[FLOWLINK_CARRIED].payload = 1400;
	link->rate = options->rate;
	link->overhead = options->overhead;
}

void
flowlink_init(struct flowlink *link, const struct flowsync_options *options, nsec_t now)
{
	link->next = link->floor = options->sequence + 1;
	link->credited = now;
	flowlink_adopt(link, options);
}

void
flowlink_give_up(struct flowlink *link, const struct flowlink_settle *settle)
{
	for (; link->floor != link->next; link->floor++) {
		struct flowlink_slot *slot = &link->slots[link->floor % FLOWLINK_WINDOW];

		if (slot->flying)
			settle->settle(settle->owner, slot, false);
		slot->flying = false;
	}
	link->flying = 0;
	for (unsigned i = 0; i < FLOWLINK_PATHS; i++)
		link->paths[i].flying = 0;
	close_circle(link);
}

void
flowlink_restart(struct flowlink *link, uint32_t session, uint32_t above,
                 const struct flowlink_settle *settle, nsec_t now)
{
	uint32_t last = link->next - 1;

	flowlink_give_up(link, settle);
	/* Who sent nothing yet knows of no number that is later than another one. */
	if (last == 0 || before(last, above))
		last = above;
	go_on_at(link, after(last, FLOWLINK_GAP + 1));
	link->session = session;
	link->window = WINDOW_FIRST;
	link->window_part = 0;
	link->threshold = FLOWLINK_WINDOW;
	link->tolerance = TOLERANCE_FIRST;
	link->backoff = 1;
	link->round_trip = 0;
	link->hearing = false;
	link->unanswered = 0;
	for (unsigned i = 0; i < FLOWLINK_PATHS; i++) {
		struct flowlink_path *path = &link->paths[i];

		path->alive = path->usable && i != FLOWLINK_CARRIED;
		path->order = path->heard_order = 0;
		path->lost_in_a_row = 0;
		path->heard = path->sent = path->received = now;
	}
}

void
flowlink_take_turn(struct flowlink *link)
{
	uint32_t last = link->next - 1;

	assert(link->flying == 0);
	if (link->hearing && before(last, link->heard_highest))
		last = link->heard_highest;
	/* Neither sent nor heard anything: see flowlink_restart(). */
	if (last > 0)
		go_on_at(link, after(last, FLOWLINK_GAP + 1));
}

/* ---- sending -------------------------------------------------------------------------------- */

static bool
any_alive(const struct flowlink *link)
{
	for (unsigned i = 0; i < FLOWSYNC_PATHS; i++) {
		if (link->paths[i].usable && link->paths[i].alive)
			return true;
	}
	return false;
}

static nsec_t
probe_pause(const struct flowlink_path *path)
{
	if (!path->alive)
		return PROBE_DEAD;
	return path->lost_in_a_row == 0 ? PROBE_ALIVE : PROBE_DOUBT;
}

static bool
wants_probe(const struct flowlink_path *path, nsec_t now)
{
	return path->usable && now >= path->sent + probe_pause(path);
}

bool
flowlink_wants_probe(const struct flowlink *link, nsec_t now)
{
	for (unsigned i = 0; i < FLOWSYNC_PATHS; i++) {
		if (wants_probe(&link->paths[i], now))
			return true;
	}
	return false;
}

/* At short intervals a byte may take longer than one of them: time is used up only with bytes. */
static void
earn_credit(struct flowlink *link, nsec_t now)
{
	nsec_t passed = nsec_min(now - link->credited, NSEC_PER_SEC);
	int64_t most = (int64_t)(link->rate / 50) + 2 * FLOWSYNC_DATAGRAM_MAX;
	int64_t earned = (int64_t)((__uint128_t)link->rate * (uint64_t)passed /
	                           (uint64_t)NSEC_PER_SEC);

	if (earned <= 0)
		return;
	link->credit = link->credit + earned < most ? link->credit + earned : most;
	link->credited = now;
}

/* Is the window, or the circle, used up, for probes too? */
static bool
is_closed(const struct flowlink *link)
{
	return link->next == 0 || link->next - link->floor >= FLOWLINK_WINDOW ||
	       link->flying - link->paths[FLOWLINK_CARRIED].flying >= link->window;
}

bool
flowlink_is_full(const struct flowlink *link, nsec_t now)
{
	return is_closed(link) ||
	       (link->paths[FLOWLINK_CARRIED].flying >= CARRIED_MOST && !any_alive(link) &&
	        !flowlink_wants_probe(link, now));
}

bool
flowlink_may_send(struct flowlink *link, nsec_t now)
{
	if (link->rate)
		earn_credit(link, now);
	return !flowlink_is_full(link, now) && (!link->rate || link->credit >= 0);
}

/* A path that is due for a try; else the next of those alive; else the control stream. */
static unsigned
choose_path(const struct flowlink *link, nsec_t now)
{
	for (unsigned i = 0; i < FLOWSYNC_PATHS; i++) {
		if (wants_probe(&link->paths[i], now))
			return i;
	}
	for (unsigned i = 1; i <= FLOWSYNC_PATHS; i++) {
		unsigned path = (link->turn + i) % FLOWSYNC_PATHS;

		if (link->paths[path].usable && link->paths[path].alive)
			return path;
	}
	return FLOWLINK_CARRIED;
}

struct flowlink_slot *
flowlink_open(struct flowlink *link, nsec_t now)
{
	struct flowlink_slot *slot = &link->slots[link->next % FLOWLINK_WINDOW];

	assert(!slot->flying && link->next - link->floor < FLOWLINK_WINDOW);
	slot->sequence = link->next;
	slot->path = (uint8_t)choose_path(link, now);
	slot->count = 0;
	return slot;
}

void
flowlink_sent(struct flowlink *link, struct flowlink_slot *slot, size_t bytes, nsec_t now)
{
	struct flowlink_path *path = &link->paths[slot->path];

	if (slot->path != FLOWLINK_CARRIED)
		link->turn = slot->path;
	slot->order = ++path->order;
	slot->sent = path->sent = now;
	slot->flying = true;
	path->flying++;
	link->flying++;
	link->next++;
	if (link->rate)
		link->credit -= (int64_t)(bytes + link->overhead);
}

nsec_t
flowlink_credit_at(const struct flowlink *link, nsec_t now)
{
	if (!link->rate || link->credit >= 0)
		return NSEC_NEVER;
	return nsec_max(now, link->credited + -link->credit * NSEC_PER_SEC / (nsec_t)link->rate) +
	       NSEC_PER_USEC;
}

nsec_t
flowlink_probe_at(const struct flowlink *link, nsec_t now)
{
	nsec_t when = NSEC_NEVER;

	if (is_closed(link))
		return NSEC_NEVER;
	for (unsigned i = 0; i < FLOWSYNC_PATHS; i++) {
		const struct flowlink_path *path = &link->paths[i];

		if (path->usable)
			when = nsec_min(when, path->sent + probe_pause(path));
	}
	if (link->rate && link->credit < 0)
		when = nsec_max(when, flowlink_credit_at(link, now));
	return when;
}

/* ---- what became of it ---------------------------------------------------------------------- */

static void
settle_slot(struct flowlink *link, struct flowlink_slot *slot, bool arrived,
            const struct flowlink_settle *settle)
{
	slot->flying = false;
	link->flying--;
	link->paths[slot->path].flying--;
	settle->settle(settle->owner, slot, arrived);
}

static void
raise_floor(struct flowlink *link)
{
	while (link->floor != link->next && !link->slots[link->floor % FLOWLINK_WINDOW].flying)
		link->floor++;
	close_circle(link);
}

static void
on_arrived(struct flowlink *link, struct flowlink_slot *slot, nsec_t now)
{
	struct flowlink_path *path = &link->paths[slot->path];

	path->alive = slot->path != FLOWLINK_CARRIED;
	path->lost_in_a_row = 0;
	path->heard = now;
	if (before(path->heard_order, slot->order))
		path->heard_order = slot->order;
	link->backoff = 1;
	if (link->window < link->threshold) {
		link->window++;
	} else if (++link->window_part >= link->window) {
		link->window_part = 0;
		link->window++;
	}
	if (link->window > FLOWLINK_WINDOW)
		link->window = FLOWLINK_WINDOW;
}

static void
on_lost(struct flowlink *link, struct flowlink_slot *slot, nsec_t now)
{
	struct flowlink_path *path = &link->paths[slot->path];

	if (slot->path == FLOWLINK_CARRIED)
		return;
	if (++path->lost_in_a_row >= DEAD_AFTER && now - path->heard >= DEAD_SILENCE)
		path->alive = false;
	/* That a path is dead says nothing of how much the others carry. */
	if (slot->count == 0 || before(slot->sequence, link->recover))
		return;
	link->recover = link->next;
	link->threshold = link->window / 2 > WINDOW_LEAST ? link->window / 2 : WINDOW_LEAST;
	link->window = link->threshold;
}

static nsec_t
timeout(const struct flowlink *link)
{
	nsec_t trip = link->round_trip ? link->round_trip : ROUND_TRIP_FIRST;

	return nsec_min((2 * trip + TIMEOUT_EXTRA) * link->backoff, TIMEOUT_MOST);
}

/* The stream loses nothing; but acknowledgements of what it carried may get lost. */
static nsec_t
timeout_of(const struct flowlink *link, const struct flowlink_slot *slot)
{
	return slot->path == FLOWLINK_CARRIED ? TIMEOUT_CARRIED : timeout(link);
}

static void
measure(struct flowlink *link, uint32_t echo, nsec_t now)
{
	nsec_t trip = (nsec_t)(uint32_t)(usec(now) - echo) * NSEC_PER_USEC;

	if (trip > 10 * NSEC_PER_SEC)
		return;
	trip = nsec_max(trip, 1);
	link->round_trip = link->round_trip ? (7 * link->round_trip + trip) / 8 : trip;
}

enum flow_fault
flowlink_on_ack(struct flowlink *link, const struct flowwire_head *head, struct reader map,
                const struct flowlink_settle *settle, nsec_t now)
{
	size_t bytes = reader_left(&map);

	/* Nobody can have received what was not sent. */
	if (bytes > FLOWWIRE_MAP_MAX || before(link->next, head->floor) ||
	    !before(head->sequence, link->next))
		return FLOW_RECORD;
	/* One that says nothing new (late, or repeated by somebody) measures nothing. */
	if (before(link->answered, head->sequence)) {
		link->answered = head->sequence;
		measure(link, head->time, now);
	}
	for (uint32_t n = link->floor; n != link->next; n++) {
		struct flowlink_slot *slot = &link->slots[n % FLOWLINK_WINDOW];
		uint32_t bit = n - head->floor;

		if (!slot->flying ||
		    !(before(n, head->floor) ||
		      (bit / 8 < bytes && map.at[bit / 8] >> bit % 8 & 1)))
			continue;
		on_arrived(link, slot, now);
		settle_slot(link, slot, true, settle);
	}
	for (uint32_t n = link->floor; n != link->next; n++) {
		struct flowlink_slot *slot = &link->slots[n % FLOWLINK_WINDOW];
		uint32_t heard = link->paths[slot->path].heard_order;

		if (!slot->flying || slot->path == FLOWLINK_CARRIED ||
		    !before(slot->order, heard) || heard - slot->order < link->tolerance)
			continue;
		on_lost(link, slot, now);
		settle_slot(link, slot, false, settle);
	}
	raise_floor(link);
	return FLOW_OK;
}

void
flowlink_on_time(struct flowlink *link, const struct flowlink_settle *settle, nsec_t now)
{
	bool lost = false;

	for (uint32_t n = link->floor; n != link->next; n++) {
		struct flowlink_slot *slot = &link->slots[n % FLOWLINK_WINDOW];

		if (!slot->flying || now < slot->sent + timeout_of(link, slot))
			continue;
		lost = lost || slot->path != FLOWLINK_CARRIED;
		on_lost(link, slot, now);
		settle_slot(link, slot, false, settle);
	}
	if (lost && link->backoff < BACKOFF_MOST)
		link->backoff *= 2;
	raise_floor(link);
}

nsec_t
flowlink_deadline(const struct flowlink *link)
{
	nsec_t deadline = NSEC_NEVER;

	if (link->session == 0)
		return NSEC_NEVER;
	/* The first that flies flies longest, but what the stream carries may fly longer. */
	for (uint32_t n = link->floor; n != link->next; n++) {
		const struct flowlink_slot *slot = &link->slots[n % FLOWLINK_WINDOW];

		if (!slot->flying)
			continue;
		deadline = nsec_min(deadline, slot->sent + timeout_of(link, slot));
		if (slot->path != FLOWLINK_CARRIED)
			break;
	}
	if (link->unanswered)
		deadline = nsec_min(deadline, link->unanswered_since + ACK_DELAY);
	return deadline;
}

/* ---- receiving ------------------------------------------------------------------------------ */

static bool
was_heard(const struct flowlink *link, uint32_t sequence)
{
	uint32_t bit = sequence % MAP_BITS;

	return link->heard[bit / 64] >> bit % 64 & 1;
}

static void
mark_heard(struct flowlink *link, uint32_t sequence, bool heard)
{
	uint32_t bit = sequence % MAP_BITS;
	uint64_t mask = (uint64_t)1 << bit % 64;

	link->heard[bit / 64] = heard ? link->heard[bit / 64] | mask :
	                                link->heard[bit / 64] & ~mask;
}

enum flow_fault
flowlink_check(const struct flowlink *link, const struct flowwire_head *head)
{
	if (head->sequence - head->floor >= FLOWLINK_WINDOW)
		return FLOW_RECORD;
	if (!link->hearing)
		return FLOW_OK;
	if (before(head->sequence, link->heard_floor))
		return FLOW_LATE;
	if (head->sequence - link->heard_floor < MAP_BITS && was_heard(link, head->sequence))
		return FLOW_REPLAYED;
	return FLOW_OK;
}

/* All below this number is of the past. */
static void
forget_below(struct flowlink *link, uint32_t floor)
{
	if (floor - link->heard_floor >= MAP_BITS && before(link->heard_floor, floor)) {
		memset(link->heard, 0, sizeof(link->heard));
		link->heard_floor = floor;
	}
	for (; before(link->heard_floor, floor); link->heard_floor++)
		mark_heard(link, link->heard_floor, false);
}

void
flowlink_take(struct flowlink *link, const struct flowwire_head *head, unsigned path,
              nsec_t arrival, nsec_t now)
{
	if (!link->hearing) {
		memset(link->heard, 0, sizeof(link->heard));
		link->hearing = true;
		link->heard_floor = head->floor;
		link->heard_highest = head->sequence;
	}
	if (path < FLOWLINK_PATHS)
		link->paths[path].received = now;
	forget_below(link, head->floor);
	mark_heard(link, head->sequence, true);
	if (!before(head->sequence, link->heard_highest)) {
		link->heard_highest = head->sequence;
		link->echo = head->time;
		link->echo_arrival = arrival;
		link->echo_path = path;
	}
	while (was_heard(link, link->heard_floor)) {
		mark_heard(link, link->heard_floor, false);
		link->heard_floor++;
	}
	if (link->unanswered++ == 0)
		link->unanswered_since = now;
}

bool
flowlink_has_all_below(const struct flowlink *link, uint32_t sequence)
{
	return link->hearing && !before(link->heard_floor, sequence);
}

bool
flowlink_owes_ack(const struct flowlink *link, nsec_t now)
{
	return link->unanswered >= ACK_EVERY ||
	       (link->unanswered && now >= link->unanswered_since + ACK_DELAY);
}

unsigned
flowlink_write_ack(struct flowlink *link, uint32_t epoch, struct writer *out, nsec_t now)
{
	nsec_t waited = nsec_max(now - link->echo_arrival, 0);
	struct flowwire_head head = {
		.type = FLOWWIRE_ACK,
		.session = link->session,
		.epoch = epoch,
		.sequence = link->heard_highest,
		.floor = link->heard_floor,
		.time = link->echo + (uint32_t)(waited / NSEC_PER_USEC),
	};
	uint32_t bits = before(link->heard_floor, link->heard_highest + 1) ?
	                link->heard_highest + 1 - link->heard_floor : 0;

	flowwire_write_head(out, &head);
	for (uint32_t i = 0; i < (bits + 7) / 8 && i < FLOWWIRE_MAP_MAX; i++) {
		uint8_t byte = 0;

		for (unsigned bit = 0; bit < 8; bit++)
			byte |= (uint8_t)(was_heard(link, link->heard_floor + 8 * i + bit) << bit);
		write_u8(out, byte);
	}
	link->unanswered = 0;
	return link->echo_path;
}
