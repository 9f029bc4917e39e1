/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of connection synchronisation share: flowsync.c (front door, roles, readiness),
 * flowtalk.c (control stream), flowtell.c (the active side), flowhear.c (the standby side),
 * flowrepair.c (sums, listings), flowshift.c (what outlives a change of masters), flowsweep.c (our
 * own kernel: dumps and timers).  Nobody else includes this.
 */
#ifndef TANDEM_FLOWSYNC_INSIDE_H
#define TANDEM_FLOWSYNC_INSIDE_H

#include "core/flowexpect.h"
#include "core/flowlink.h"
#include "core/flowsync.h"
#include "core/flowtable.h"
#include "core/flowtally.h"
#include "core/flowwire.h"

/* An item of a datagram is the number of a flow, or of an expectation with this bit. */
#define FLOWSYNC_ITEM_EXPECTATION 0x80000000u

/* Places of the set used to compare listings: twice the most a message can list. */
#define FLOWSYNC_SET 32768u
#define FLOWSYNC_LIST_MOST 8000u

struct flowsync_peer {
	bool connected;			/* the stream is there */
	bool greeted;			/* and we understood each other */
	nsec_t since;
	nsec_t heard;			/* anything */
	nsec_t left;			/* heard last before the last connection ended */
	nsec_t status_at;		/* our next one is due */
	uint64_t nonce;			/* ours */
	uint8_t node[FLOWSYNC_NODE_SIZE];
	struct flowwire_claim claim;
	uint8_t readiness;
	uint32_t flows;
	uint32_t capacity;
	uint32_t refused;
	uint32_t filled;		/* bytes of a message not yet whole */
	uint8_t buffer[FLOWWIRE_MESSAGE_MAX];
};

/* A dump of our own kernel's table. */
struct flowsync_dump {
	bool running;
	bool wanted;			/* as soon as none runs, not before earliest */
	bool compare;			/* what it does not show is missing: same role all along */
	bool done;			/* one was, since the start or the last demotion, and
					 * what it did not show was seen to */
	uint8_t number;
	nsec_t earliest;
	nsec_t verify_at;
};

/* A walk over all entries, a few at a time; once for what is missing, once for timers. */
struct flowsync_walk {
	bool running;
	bool missing;			/* see to what the last dump did not show ... */
	bool believe;			/* ... when it is the one that makes the table known */
	bool renew;			/* a short timer is not our own doing of before */
	uint32_t at;
	nsec_t next;
};

/* The active side's part of repairing. */
struct flowsync_repair {
	uint8_t list[FLOWWIRE_BITMAP];	/* buckets that the peer wants to be listed */
	uint8_t whole[FLOWWIRE_BITMAP];	/* ... or sent altogether */
	unsigned left;			/* bits in both */
	unsigned bucket;		/* the next to look at ... */
	uint32_t walk;			/* ... after all entries from this one on, for the buckets
					 * to be sent altogether; 0 = no more */
	uint32_t waiting;		/* flows that this walk has not come to yet, about */
	unsigned lists_open;		/* listings not yet answered */
	nsec_t answer_by;		/* for the digest, or the listings */
	uint8_t equal[FLOWWIRE_BITMAP];	/* buckets the peer saw equal, since it was begun anew */
	unsigned equal_count;
	bool asked;			/* a digest is under way ... */
	uint32_t named;			/* ... with this number of a datagram */
	bool answered;			/* one was, since it was begun anew */
	nsec_t digest_at;
	nsec_t last;			/* when the last was made */
	unsigned different;		/* by the last answer */
};

/* The standby side's. */
struct flowsync_compare {
	uint8_t agreed[FLOWWIRE_BITMAP];	/* buckets seen equal, since it was begun anew */
	unsigned agreed_count;
	uint8_t doubted[FLOWWIRE_BITMAP];	/* ... seen different, and not equal since */
	unsigned doubted_count;
	bool proven;			/* all were equal once with this peer, in this role, and
					 * nothing says that much has changed */
	uint8_t differed[FLOWWIRE_BITMAP];	/* at the last comparison */
	uint32_t touched[FLOWWIRE_BUCKETS];	/* by which datagram last */
	bool pending;			/* a digest waits for datagrams under way */
	uint32_t sequence, floor, epoch;
	uint64_t sums[FLOWWIRE_BUCKETS];
	unsigned different;
	nsec_t stuck_since;		/* no comparison without a bucket that differed before */
	nsec_t agreed_at;		/* all were equal last; 0 = never */
};

/* What outlives a change of masters. */
struct flowsync_shift {
	/* As the new master. */
	bool expected;			/* the next promotion is a planned handover ... */
	bool planned;			/* ... and the last one was */
	nsec_t promoted_at;
	uint32_t session;		/* in which we followed the peer; 0 = not, or over */
	uint32_t epoch;			/* the peer's */
	uint32_t ours;			/* version of what our kernel ended since */
	uint32_t turn;			/* of our datagrams since: this number or more */
	nsec_t listen_until;		/* to what the peer told, or tells */
	/* As the old one. */
	nsec_t tell_until;		/* the peer forwards, and listens; 0 = no */
	uint32_t told_from;		/* number of the first datagram since */
	/* Of which nobody heard. */
	uint32_t lone;			/* the version of such flows; 0 = there is none */
	uint32_t lone_times;
	nsec_t lone_until;		/* then it is too late to offer them */
};

struct flowsync {
	struct flowsync_options options;
	struct flowsync_hooks hooks;
	enum flowsync_role role;
	bool started;			/* the role was told */
	nsec_t now;			/* of the last call */
	nsec_t start;
	uint32_t epoch;
	bool own_epoch;
	enum flowsync_readiness readiness;
	uint32_t alarms;
	bool missed;			/* there was no room for a flow of our kernel */
	bool no_room;			/* ... of the peer */
	unsigned looks;			/* so many more that may find no closed connection */
	unsigned unlooked;		/* released without one */
	nsec_t sweep_at;		/* timers of the last standby time are put right; 0 = no */
	nsec_t settle_at;		/* packets may pass here until now, though we stand by:
					 * the kernel's table is looked at again; 0 = no */
	bool settles;			/* that look is due, or under way */
	nsec_t chores_at;
	nsec_t expire_at;		/* expectations are looked through */
	nsec_t both_since;		/* both routers forward; 0 = not */
	uint32_t flying_items;		/* flows in datagrams under way */
	struct flowsync_peer peer;
	struct flowsync_dump dump;
	struct flowsync_walk walk;
	struct flowsync_repair repair;
	struct flowsync_compare compare;
	struct flowsync_shift shift;
	struct flowtally tally;
	struct flowtable table;
	struct flowexpect expect;
	struct flowlink link;
	uint8_t datagram[FLOWSYNC_DATAGRAM_MAX];
	uint8_t message[FLOWWIRE_MESSAGE_MAX];
	uint16_t set[FLOWSYNC_SET];
};

/* Epochs go round: whatever a partner claimed once, there is always a newer one. */
static inline bool
flowsync_is_newer(uint32_t epoch, uint32_t than)
{
	return (int32_t)(epoch - than) > 0;
}

static inline uint32_t
flowsync_tick(nsec_t now)
{
	return (uint32_t)(now >> 14);	/* 16.4 us; back where it was after 19 hours */
}
#define FLOWSYNC_TICK ((nsec_t)1 << 14)

static inline void
flowsync_count(struct flowsync *f, enum flow_count count)
{
	f->tally.counts[count]++;
}

static inline bool
flowsync_bit(const uint8_t *map, unsigned bit)
{
	return map[bit / 8] >> bit % 8 & 1;
}

static inline void
flowsync_set_bit(uint8_t *map, unsigned bit)
{
	map[bit / 8] |= (uint8_t)(1u << bit % 8);
}

static inline void
flowsync_clear_bit(uint8_t *map, unsigned bit)
{
	map[bit / 8] &= (uint8_t)~(1u << bit % 8);
}

/* Do our changes go to the peer? */
static inline bool
flowsync_is_telling(const struct flowsync *f)
{
	return f->role == FLOWSYNC_ACTIVE && f->peer.greeted && !f->peer.claim.active;
}

/* ... or to one that forwards already, and listens to what we forward still? */
static inline bool
flowsync_may_tell(const struct flowsync *f)
{
	return flowsync_is_telling(f) ||
	       (f->role == FLOWSYNC_ACTIVE && f->peer.greeted && f->now < f->shift.tell_until);
}

/* flowsync.c */
void flowsync_raise(struct flowsync *f, enum flowsync_alarm alarm, bool raised);
void flowsync_set_epoch(struct flowsync *f, uint32_t epoch, bool own);
/* Look whether both routers forward.  In a planned handover they do for a moment, which is nothing
 * to be alarmed about. */
void flowsync_judge_roles(struct flowsync *f, nsec_t now);
void flowsync_judge_readiness(struct flowsync *f, nsec_t now);
/* Another record or message of the peer changed nothing. */
void flowsync_fault(struct flowsync *f, enum flow_fault fault);
struct flowwire_claim flowsync_claim(const struct flowsync *f);

/* flowtalk.c: the control stream */
void flowtalk_connect(struct flowsync *f, uint64_t nonce, nsec_t now);
void flowtalk_disconnect(struct flowsync *f, nsec_t now);
void flowtalk_on_bytes(struct flowsync *f, const uint8_t *bytes, size_t length, nsec_t now);
void flowtalk_on_time(struct flowsync *f, nsec_t now);
nsec_t flowtalk_deadline(const struct flowsync *f);
/* Our role or epoch changed. */
void flowtalk_tell_claim(struct flowsync *f);
/* A message written into f->message. */
void flowtalk_send(struct flowsync *f, const struct writer *message);

/* flowtell.c: what our kernel says goes to the peer */
#define FLOWTELL_LOOKS 64u	/* in vain, and few flows are looked at before they are told */
/* Is it a connection that is closed? */
bool flowtell_is_over(const struct flowtable_entry *e);
void flowtell_on_looked(struct flowsync *f, const struct flow *flow, nsec_t now);
void flowtell_on_news(struct flowsync *f, enum flow_op op, const struct flow *flow, bool fresh,
                      nsec_t now);
void flowtell_on_expectation(struct flowsync *f, enum flow_op op,
                             const struct flow_expectation *expectation, nsec_t now);
/* Expectations of which the kernel did not say that they ended. */
void flowtell_expire_expectations(struct flowsync *f, nsec_t now);
/* This flow died, or is not in the kernel any more. */
void flowtell_gone(struct flowsync *f, uint32_t number, nsec_t now);
void flowtell_on_ack(struct flowsync *f, const struct flowwire_head *head, struct reader map,
                     nsec_t now);
void flowtell_pump(struct flowsync *f, nsec_t now);
void flowtell_on_time(struct flowsync *f, nsec_t now);
/* Young flows are told, too: no time is left to see whether they live. */
void flowtell_release_all(struct flowsync *f, nsec_t now);
/* Before we are active no more: all that is marked leaves, as far as the link lets it. */
void flowtell_last_words(struct flowsync *f, nsec_t now);
nsec_t flowtell_deadline(const struct flowsync *f);
struct flowlink_settle flowtell_settler(struct flowsync *f);
/* A dead entry that nobody needs to know of: forget it, when no dump could show it again. */
void flowtell_bury(struct flowsync *f, uint32_t number);
uint64_t flowtell_unsafe(const struct flowsync *f);

/* flowhear.c: what the peer says goes to our kernel */
void flowhear_on_datagram(struct flowsync *f, unsigned path, const uint8_t *bytes, size_t length,
                          nsec_t arrival, nsec_t now);
void flowhear_apply(struct flowsync *f, uint32_t number);
/* As if our kernel had never had it: so the kernel forgets TCP's windows. */
void flowhear_renew(struct flowsync *f, uint32_t number);
void flowhear_remove(struct flowsync *f, uint32_t number, uint32_t version);
/* Rid our kernel of what nobody else was told of. */
void flowhear_discard(struct flowsync *f, uint32_t number);
void flowhear_remove_expectation(struct flowsync *f, uint32_t number, uint32_t version);
void flowhear_on_refused(struct flowsync *f, enum flow_op op, const struct flow_key *key,
                         int error, nsec_t now);
void flowhear_count_refusal(struct flowsync *f, int error);
void flowhear_acknowledge(struct flowsync *f, nsec_t now);
/* Flows that wait for their master: is it there now? */
void flowhear_unpark(struct flowsync *f, nsec_t now);
void flowhear_chores(struct flowsync *f, nsec_t now);
/* May data of this epoch be believed? */
bool flowhear_is_fenced(const struct flowsync *f, uint32_t epoch);

/* flowrepair.c: sums, and what differs */
void flowrepair_restart(struct flowsync *f, nsec_t now);
void flowrepair_on_time(struct flowsync *f, nsec_t now);
nsec_t flowrepair_deadline(const struct flowsync *f);
/* Nothing waits to be told: go on with what the peer wants. */
void flowrepair_refill(struct flowsync *f, nsec_t now);
bool flowrepair_can_refill(const struct flowsync *f);
enum flow_fault flowrepair_on_digest(struct flowsync *f, struct reader body, nsec_t now);
enum flow_fault flowrepair_on_want(struct flowsync *f, struct reader body, nsec_t now);
enum flow_fault flowrepair_on_list(struct flowsync *f, struct reader body, nsec_t now);
enum flow_fault flowrepair_on_keys(struct flowsync *f, struct reader body, nsec_t now);
/* Does the peer lack this flow, whose bucket is to be sent altogether?  And how many such? */
bool flowrepair_is_waiting(const struct flowsync *f, uint32_t number);
uint64_t flowrepair_waiting(const struct flowsync *f);
/* Is it known what the peer, to whom we tell, does not have? */
bool flowrepair_is_known(const struct flowsync *f);
/* Datagrams came: is a digest that waited due? */
void flowrepair_compare(struct flowsync *f, nsec_t now);

/* flowshift.c: what outlives a change of masters */
enum flowshift_belief {
	FLOWSHIFT_NOTHING,
	FLOWSHIFT_ADDITIONS,		/* what it says there is; it cannot know what ended since */
	FLOWSHIFT_ALL,
};
/* Numbers go on already; "followed": the peer was active until now, in this epoch, and heard. */
void flowshift_on_promotion(struct flowsync *f, bool followed, uint32_t epoch, nsec_t now);
void flowshift_on_demotion(struct flowsync *f, nsec_t now);
/* What our kernel did is not known, or the session ended: no late news any more. */
void flowshift_close(struct flowsync *f);
/* From here on are versions of what our kernel ended while late news may come, one a promotion.
 * Like those of lone flows they are older than any datagram's: below FLOWLINK_GAP there is none. */
#define FLOWSHIFT_OURS 1001u
#define FLOWSHIFT_OURS_MOST 20u

/* Is it the version of what our kernel ended after a promotion? */
static inline bool
flowshift_is_ours(uint32_t version)
{
	return version - FLOWSHIFT_OURS < FLOWSHIFT_OURS_MOST;
}

/* May late news come at all?  Then dead flows stay known, or they would be revived. */
bool flowshift_is_open(const struct flowsync *f);
/* Does the peer's forwarding count? */
bool flowshift_listens(const struct flowsync *f);
/* May an active router believe this datagram?  For flows that are not touched. */
enum flowshift_belief flowshift_belief(const struct flowsync *f, const struct flowwire_head *head,
                                       nsec_t arrival);
/* Did our kernel tell something of it since the promotion? */
bool flowshift_is_touched(const struct flowsync *f, uint32_t number);
/* The new master listens: tell it what we still forward. */
void flowshift_part(struct flowsync *f, nsec_t now);
/* That took long enough. */
bool flowshift_has_parted(const struct flowsync *f);
/* Nobody listens any more. */
void flowshift_stop_telling(struct flowsync *f);
/* The peer forwarded, too, and does so no more.  What ended here before may have begun anew there:
 * its end is not told any more, or it would hit that.  A comparison finds what the peer still has
 * of it. */
void flowshift_forget_ends(struct flowsync *f);
/* From now on nobody hears of what changes; and: the peer knows all. */
void flowshift_begin_lone(struct flowsync *f);
void flowshift_on_agreement(struct flowsync *f);
bool flowshift_is_lone(const struct flowsync *f, uint32_t number);
/* The listing does not have it: into the offer, if there is room. */
void flowshift_offer(struct flowsync *f, uint32_t number, struct writer *out);
enum flow_fault flowshift_on_offer(struct flowsync *f, struct reader body, nsec_t now);

/* flowsweep.c: our own kernel's table */
void flowsweep_want_dump(struct flowsync *f, nsec_t earliest);
/* The peer forwards and we do not, but not everybody has noticed yet. */
void flowsweep_look_again(struct flowsync *f, nsec_t now);
void flowsweep_on_dump(struct flowsync *f, const struct flow *flow, nsec_t now);
void flowsweep_on_dump_done(struct flowsync *f, bool whole, nsec_t now);
void flowsweep_on_role(struct flowsync *f, nsec_t now);
void flowsweep_on_time(struct flowsync *f, nsec_t now);
nsec_t flowsweep_deadline(const struct flowsync *f);

#endif
