/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagrams between two routers: numbers, acknowledgements, what was lost, how fast to send, and
 * over which path.  Nothing is ever sent again here: a lost datagram gives back what it told, and
 * its sender tells it anew, as it is then.  What is told, this file does not know: numbers.
 *
 * Numbers of datagrams never go back between two routers, whoever of them sends: so they also say
 * which of two records about one flow is the newer.
 */
#ifndef TANDEM_FLOWLINK_H
#define TANDEM_FLOWLINK_H

#include "base/base.h"
#include "base/nsec.h"
#include "core/flowtally.h"
#include "core/flowwire.h"

#define FLOWLINK_WINDOW 512u		/* datagrams under way at most; a power of two */
#define FLOWLINK_ITEMS 128u		/* told in one datagram at most */
/* So many numbers are left out when the sender changes, and where their circle begins: no datagram
 * has a number below this; versions that are no datagram's are there. */
#define FLOWLINK_GAP (2 * FLOWLINK_WINDOW)

/* The third path is the control stream: used while nothing comes through the others. */
#define FLOWLINK_CARRIED FLOWSYNC_PATHS
#define FLOWLINK_PATHS (FLOWSYNC_PATHS + 1)

struct flowlink_slot {
	uint32_t sequence;
	uint32_t order;			/* of its path */
	nsec_t sent;
	uint16_t count;
	uint8_t path;
	bool flying;
	uint32_t items[FLOWLINK_ITEMS];
};

struct flowlink_path {
	bool usable;			/* configured */
	bool alive;
	uint32_t order;			/* datagrams sent over it */
	uint32_t heard_order;		/* the highest of those that arrived */
	unsigned lost_in_a_row;
	unsigned flying;
	nsec_t heard;			/* last time one of ours arrived */
	nsec_t received;		/* last time one of the peer's came */
	nsec_t sent;
	uint16_t payload;
};

struct flowlink {
	uint32_t session;
	/* What we send. */
	uint32_t next;
	uint32_t floor;			/* all below are settled */
	unsigned flying;
	unsigned window;
	unsigned window_part;		/* arrivals since it last grew, above the threshold */
	unsigned threshold;
	uint32_t recover;		/* losses below this number were reacted to */
	unsigned tolerance;		/* later arrivals over the same path that prove a loss */
	unsigned backoff;
	uint32_t answered;		/* the highest number acknowledged */
	nsec_t round_trip;		/* smoothed; 0 = not known */
	unsigned turn;			/* the path used last */
	uint64_t rate;			/* bytes per second; 0 = any */
	int64_t credit;			/* bytes; negative: owed */
	nsec_t credited;
	uint16_t overhead;
	struct flowlink_path paths[FLOWLINK_PATHS];
	struct flowlink_slot slots[FLOWLINK_WINDOW];
	/* What we hear. */
	bool hearing;
	uint32_t heard_floor;		/* all below were received or settled */
	uint32_t heard_highest;
	uint64_t heard[2 * FLOWLINK_WINDOW / 64];
	unsigned unanswered;		/* datagrams received since the last acknowledgement */
	nsec_t unanswered_since;
	uint32_t echo;			/* send time of the newest */
	nsec_t echo_arrival;
	unsigned echo_path;
};

/* Which became of a datagram that was sent.  The slot is free afterwards. */
struct flowlink_settle {
	void *owner;
	void (*settle)(void *owner, const struct flowlink_slot *slot, bool arrived);
};

/* A link with its paths; nothing is under way. */
void flowlink_init(struct flowlink *link, const struct flowsync_options *options, nsec_t now);
void flowlink_adopt(struct flowlink *link, const struct flowsync_options *options);
/* A connection begins (session is not 0), or ended (0): all that is under way is settled as lost;
 * numbers go on above "above". */
void flowlink_restart(struct flowlink *link, uint32_t session, uint32_t above,
                      const struct flowlink_settle *settle, nsec_t now);
/* We begin to send where the peer sent: our numbers go on above its. */
void flowlink_take_turn(struct flowlink *link);
/* All that is under way is settled as lost. */
void flowlink_give_up(struct flowlink *link, const struct flowlink_settle *settle);

/* May another datagram leave now: window, rate? */
bool flowlink_may_send(struct flowlink *link, nsec_t now);
/* Is it something other than the rate that forbids it: does an answer, or a loss, have to come? */
bool flowlink_is_full(const struct flowlink *link, nsec_t now);
/* The slot of the next datagram, with its number and path; to be filled and sent at once. */
struct flowlink_slot *flowlink_open(struct flowlink *link, nsec_t now);
/* It leaves with so many bytes. */
void flowlink_sent(struct flowlink *link, struct flowlink_slot *slot, size_t bytes, nsec_t now);
/* Is this path alive, or the control stream? */
static inline bool
flowlink_is_sound(const struct flowlink *link, unsigned path)
{
	return path == FLOWLINK_CARRIED || link->paths[path].alive;
}
/* A path that was silent for so long that an empty datagram should ask whether it is alive? */
bool flowlink_wants_probe(const struct flowlink *link, nsec_t now);

/* Is this datagram of ours under way? */
static inline bool
flowlink_is_flying(const struct flowlink *link, uint32_t sequence)
{
	const struct flowlink_slot *slot = &link->slots[sequence % FLOWLINK_WINDOW];

	return slot->flying && slot->sequence == sequence;
}

/* When flowlink_wants_probe() is true next and the probe may leave; NSEC_NEVER: an answer, or a
 * loss, has to come first. */
nsec_t flowlink_probe_at(const struct flowlink *link, nsec_t now);

/* An acknowledgement: its head, and its map. */
enum flow_fault flowlink_on_ack(struct flowlink *link, const struct flowwire_head *head,
                                struct reader map, const struct flowlink_settle *settle,
                                nsec_t now);
/* What was not acknowledged for long is settled as lost. */
void flowlink_on_time(struct flowlink *link, const struct flowlink_settle *settle, nsec_t now);
/* When something of the above or an acknowledgement is due. */
nsec_t flowlink_deadline(const struct flowlink *link);
/* When a rate that is used up lets flowlink_may_send() be true again; NSEC_NEVER: it is not. */
nsec_t flowlink_credit_at(const struct flowlink *link, nsec_t now);

/* May this datagram of data be believed: neither here before, nor settled by its sender? */
enum flow_fault flowlink_check(const struct flowlink *link, const struct flowwire_head *head);
/* It was, and is taken. */
void flowlink_take(struct flowlink *link, const struct flowwire_head *head, unsigned path,
                   nsec_t arrival, nsec_t now);
/* Is every datagram below this number here, or given up? */
bool flowlink_has_all_below(const struct flowlink *link, uint32_t sequence);
/* Of two numbers, both not above the highest heard: is a the later? */
static inline bool
flowlink_is_later(const struct flowlink *link, uint32_t a, uint32_t b)
{
	return link->heard_highest - a < link->heard_highest - b;
}

bool flowlink_owes_ack(const struct flowlink *link, nsec_t now);
/* Write it, and which path it is to take. */
unsigned flowlink_write_ack(struct flowlink *link, uint32_t epoch, struct writer *out, nsec_t now);

#endif
