/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connection synchronisation as pure code: what two routers tell each other so that the one that
 * does not forward holds, in its kernel, the flows of the one that does.  Events and the time come
 * in, wishes go out through hooks.  No system call, clock or log, and no memory but the region
 * handed in at creation.  The daemon and the simulator run this very code.
 *
 * One router is ACTIVE (its kernel is the truth), the other STANDBY (its kernel follows).  Each
 * keeps a shadow of its own kernel's table.  What changes on the active router is marked; marked
 * flows are sent in datagrams as they are at the moment of sending, so a busy or lossy link makes
 * changes coalesce, never queue.  Sums over 4,096 buckets of both shadows find whatever differs for
 * any reason, and only that is listed and repaired; a first synchronisation is nothing else.
 * Promotion does no work per flow.  The wire: docs/protocol-connsync.md.
 *
 * How to drive it:
 *  - Hand in events as they come, and call flowsync_flush() once after each batch of them: it sends
 *    what should leave now.  Call flowsync_on_time() at flowsync_deadline().
 *  - Hooks are called inside those calls and must not call back.  Pointers they get are borrowed.
 *  - "now" never goes back between two calls.
 *  - Ours (asserted): NULL hooks, a time that goes back, memory too small.  The peer's: a counted
 *    fault with a name, and nothing changes.  The kernel's: flowsync_on_refused().
 */
#ifndef TANDEM_FLOWSYNC_H
#define TANDEM_FLOWSYNC_H

#include "base/base.h"
#include "base/nsec.h"
#include "core/flow.h"
#include "core/flowtally.h"

#define FLOWSYNC_NODE_SIZE 32u
#define FLOWSYNC_PATHS 2u
#define FLOWSYNC_DATAGRAM_MAX 9000u	/* bytes before sealing; less if the path's size is less */
#define FLOWSYNC_DATAGRAM_MIN 512u
/* Bytes of control messages that the caller may have to keep until the stream takes them; a caller
 * that has no room for them left closes the connection. */
#define FLOWSYNC_CONTROL_QUEUE (512u << 10)

enum flowsync_role {
	FLOWSYNC_STANDBY,		/* somebody else forwards, or nobody */
	FLOWSYNC_ACTIVE,		/* this router forwards: its sync group is master */
};

/* How far the standby's copy may be trusted.  An active router shows what its peer says. */
enum flowsync_readiness {
	FLOWSYNC_INIT,			/* no peer yet, and not waited long enough */
	FLOWSYNC_BULK,			/* connected; not all buckets were seen equal yet */
	FLOWSYNC_SYNCED,
	FLOWSYNC_STALE,			/* was synced; lost the peer, memory, or agreement */
	FLOWSYNC_ALONE,			/* there is no peer to be synchronous with */
	FLOWSYNC_READINESSES,
};

enum flowsync_alarm {
	FLOWSYNC_BOTH_ACTIVE,		/* both routers forward, for a second now */
	FLOWSYNC_FULL,			/* our table is full: new flows are not synchronised */
	FLOWSYNC_PEER_SMALLER,		/* the peer's table holds fewer flows than ours */
	FLOWSYNC_REFUSALS,		/* our kernel refuses flows of the peer */
	FLOWSYNC_DISAGREE,		/* repaired again and again, and still different */
	FLOWSYNC_PATH_DEAD,		/* nothing comes through a path (of two or one) */
	FLOWSYNC_FOREIGN,		/* the peer is none of ours, or of another version */
	FLOWSYNC_ALARMS,
};

/* Why flowsync asks for the control connection to be closed. */
enum flowsync_hangup {
	FLOWSYNC_SILENT,		/* nothing heard for FLOWSYNC_PATIENCE */
	FLOWSYNC_MALFORMED,		/* a message that cannot be read, or not in this order */
	FLOWSYNC_INCOMPATIBLE,		/* see FLOWSYNC_FOREIGN */
};
#define FLOWSYNC_PATIENCE (3 * NSEC_PER_SEC)

struct flowsync_options {
	uint8_t node[FLOWSYNC_NODE_SIZE];	/* own: fingerprint, or anything unique */
	/*
	 * Seeds the hashes of the table.  Equal on both routers, and better not known to others
	 * (who could choose flows that collide): e.g. made of both fingerprints, sorted.
	 */
	uint64_t seed[2];
	uint32_t capacity;		/* flows; fixed at creation, 1 to 2^26 */
	uint32_t expectations;		/* fixed at creation, 1 to 65,535 */
	nsec_t hold_down;		/* a new flow without NAT is told only when this old */
	uint64_t rate;			/* bytes per second at most, with headers; 0 = any */
	nsec_t digest_period;		/* between comparisons of sums, when nothing asks for one */
	nsec_t verify_period;		/* between dumps of our own kernel's table; 0 = never */
	nsec_t startup_wait;		/* for a peer, before INIT becomes ALONE */
	nsec_t sweep_time;		/* over which timers are put right after a change of role */
	uint32_t long_timer;		/* seconds added to a flow's timer on a standby router */
	uint32_t idle_limit;		/* seconds a flow lives after promotion without packets */
	uint32_t epoch;			/* that was kept from an earlier life, or 0 */
	uint32_t sequence;		/* highest number of a datagram in an earlier life, or 0 */
	unsigned paths;			/* 1 or 2 */
	uint16_t payload[FLOWSYNC_PATHS]; /* bytes of a datagram of this path, before sealing */
	uint16_t overhead;		/* bytes that sealing, UDP, IP and the link add */
};
/* Everything but node, seed, epoch and sequence, with the defaults of the product. */
void flowsync_options_init(struct flowsync_options *options);

struct flowsync_hooks {
	void *owner;
	/*
	 * Make the kernel hold this flow, or no longer.  A delete has the key only.  flow->timeout
	 * is the one to give to the kernel: a standby router's long one, an active one's true one.
	 * "known": our kernel should hold the flow already, with the same NAT.  An active router
	 * only changes it then: one that is not there any more ended, which is no refusal.  If it
	 * should not, an active router must not touch one that it has (EEXIST): its own is the
	 * right one.
	 * May be gathered into batches; refusals come back through flowsync_on_refused().
	 */
	void (*apply)(void *owner, enum flow_op op, const struct flow *flow, bool known);
	/* Give a flow this timer (flow->timeout) if our kernel still has it; never create it. */
	void (*retime)(void *owner, const struct flow *flow);
	void (*apply_expectation)(void *owner, enum flow_op op,
	                          const struct flow_expectation *expectation);
	/* To the peer, in order to be sealed and sent now.  May be lost. */
	void (*send_datagram)(void *owner, unsigned path, const uint8_t *bytes, size_t length);
	/* To the peer through the stream, in order, nothing lost while it is connected. */
	void (*send_control)(void *owner, const uint8_t *bytes, size_t length);
	/* Close the stream.  flowsync_on_disconnected() need not follow, but may. */
	void (*close_control)(void *owner, enum flowsync_hangup why);
	/* Want news of the kernel, or want none.  Before "on" returns nothing may be missed. */
	void (*subscribe)(void *owner, bool on);
	/* Dump the kernel's table: flowsync_on_dump() for each flow, then flowsync_on_dump_done().
	 * Never asked for again before that.  Flows that are not to be synchronised are left out,
	 * and so is what the event mask of the kernel leaves out. */
	void (*dump)(void *owner);
	void (*readiness)(void *owner, enum flowsync_readiness readiness);
	void (*alarm)(void *owner, enum flowsync_alarm alarm, bool raised);
	/* The epoch rose: may be kept for options.epoch of a next life; may be NULL. */
	void (*epoch)(void *owner, uint32_t epoch);
	/*
	 * What has the kernel of this flow?  To be answered with flowsync_on_looked(), later; one
	 * without an answer counts as alive after 50 ms, and so does one for which this returns
	 * false: there is no room for the question.  May be NULL.
	 */
	bool (*look)(void *owner, const struct flow_key *key);
};

struct flowsync;

/*
 * Bytes of memory that flowsync_new() wants for these options, and where it may be got: zeroed,
 * aligned as malloc() does, and untouched pages need not exist (mmap): only what is used is
 * touched, about 96 bytes for an IPv4 flow and 128 for an IPv6 flow.
 */
size_t flowsync_size(const struct flowsync_options *options);
/* Nothing happens before the first flowsync_on_role().  The memory belongs to the caller, who may
 * give it up when done; it must not move. */
struct flowsync *flowsync_new(void *memory, const struct flowsync_options *options,
                              const struct flowsync_hooks *hooks, nsec_t now);
/* Take over what may change while running: all but node, seed, capacity, expectations, epoch,
 * sequence. */
void flowsync_adopt(struct flowsync *f, const struct flowsync_options *options, nsec_t now);
/* What both routers make of their keys became known; while nobody is connected.  All that is known
 * of connections stays. */
void flowsync_reseed(struct flowsync *f, const uint64_t seed[2]);

/*
 * Our role; the first call starts everything.  To become ACTIVE, the caller first hands in or drops
 * all datagrams that came; inside the call the subscription is asked for and the epoch rises; when
 * it returns addresses may be taken.  It takes the same few microseconds whatever the table holds.
 * A caller that is late (this router forwards already) calls flowsync_on_overrun() next: what its
 * kernel did meanwhile is not known.  A role that lasted while the caller hung is told, too.
 */
void flowsync_on_role(struct flowsync *f, enum flowsync_role role, nsec_t now);
/*
 * To be called right before flowsync_on_role(ACTIVE) when the partner is known to live: it
 * resigned, or has a lower priority and was heard just now.  It forwards for a moment longer; what
 * it tells in that time counts for flows that our own kernel says nothing about.
 */
void flowsync_expect_handover(struct flowsync *f, nsec_t now);

/*
 * The control connection is up and authenticated.  nonce: a random number, another one each time.
 * Datagrams of earlier connections are refused from now on, also if the caller could open them.
 */
void flowsync_on_connected(struct flowsync *f, uint64_t nonce, nsec_t now);
void flowsync_on_disconnected(struct flowsync *f, nsec_t now);
/* Bytes of the stream as they come, cut anywhere. */
void flowsync_on_control(struct flowsync *f, const uint8_t *bytes, size_t length, nsec_t now);
/* A datagram that was opened and is authentic; arrival is when the kernel received it, if known.
 * One that arrived before our promotion counts after it, too, within limits. */
void flowsync_on_datagram(struct flowsync *f, unsigned path, const uint8_t *bytes, size_t length,
                          nsec_t arrival, nsec_t now);

/*
 * The kernel's news about a flow.  "fresh": it is a new flow, what was known of its key is of the
 * past (CONNTRACK_NEW); otherwise what the news does not say stays.  A delete needs the key only.
 * What our own apply() caused must not be handed in.
 */
void flowsync_on_news(struct flowsync *f, enum flow_op op, const struct flow *flow, bool fresh,
                      nsec_t now);
/* The kernel has the flow that was asked about by look().  That it has none is no answer: the news
 * says so. */
void flowsync_on_looked(struct flowsync *f, const struct flow *flow, nsec_t now);
void flowsync_on_expectation(struct flowsync *f, enum flow_op op,
                             const struct flow_expectation *expectation, nsec_t now);
/* News were lost, or could not be had.  What was queued when they were lost is handed in before, or
 * never: the dump that this leads to counts more than anything older. */
void flowsync_on_overrun(struct flowsync *f, nsec_t now);
void flowsync_on_dump(struct flowsync *f, const struct flow *flow, nsec_t now);
/* whole: every flow was handed in; otherwise the dump broke off and says nothing about the rest. */
void flowsync_on_dump_done(struct flowsync *f, bool whole, nsec_t now);
/* The kernel refused what apply() asked for; error is a positive errno. */
void flowsync_on_refused(struct flowsync *f, enum flow_op op, const struct flow_key *key, int error,
                         nsec_t now);
void flowsync_on_refused_expectation(struct flowsync *f, int error, nsec_t now);

/* End of a batch of events: send what is not worth waiting for more. */
void flowsync_flush(struct flowsync *f, nsec_t now);
void flowsync_on_time(struct flowsync *f, nsec_t now);
/* When flowsync_on_time() must be called next. */
nsec_t flowsync_deadline(const struct flowsync *f);

/* "reset connsync": our kernel's table is read anew and every bucket is repaired from scratch. */
void flowsync_reset(struct flowsync *f, nsec_t now);

struct flowsync_status {
	enum flowsync_role role;
	enum flowsync_readiness readiness;
	uint32_t alarms;		/* 1 << enum flowsync_alarm */
	uint32_t epoch;
	bool connected;			/* and the greeting was understood */
	nsec_t connected_since;
	uint8_t peer_node[FLOWSYNC_NODE_SIZE];
	enum flowsync_role peer_role;
	uint32_t peer_epoch;
	uint32_t peer_flows;
	uint32_t peer_capacity;
	uint32_t flows;			/* here */
	uint32_t capacity;
	uint32_t expectations;
	uint64_t lost_now;		/* flows the peer would not have, if we died now (active) */
	uint32_t held;			/* of those, too young to be told */
	uint32_t parked;		/* wait for the flow they belong to (standby) */
	uint32_t refused;		/* our kernel does not want them (standby) */
	uint32_t buckets_different;	/* at the last comparison */
	nsec_t agreed_at;		/* last time all buckets were equal; 0 = never */
	nsec_t round_trip;		/* 0 = not known */
	bool path_alive[FLOWSYNC_PATHS];
	nsec_t path_heard[FLOWSYNC_PATHS];	/* when a path last proved alive; 0 = not at all */
	bool sweeping;			/* timers are being put right */
	uint32_t sweep_left;		/* flows whose timer is known to be wrong still */
	nsec_t sweep_at;		/* when that begins, after a promotion; 0 = nothing waits */
	bool dumping;
	bool settling;			/* standby: packets may have passed here until a moment ago,
					 * and which did is not seen to yet */
};
void flowsync_status(const struct flowsync *f, nsec_t now, struct flowsync_status *ret_status);
const struct flowtally *flowsync_tally(const struct flowsync *f);

/*
 * Walk over the flows of the shadow for "show": begin with cursor 0; false at the end.  Flows that
 * come or go between the calls may be seen or not.
 */
struct flowsync_view {
	struct flow flow;		/* timeout: seconds that were left when it last changed */
	nsec_t age;			/* since it last changed here */
	bool told;			/* the peer has this state (or gave it), so far as known */
	bool held;
	bool parked;
	bool refused;
};
bool flowsync_next(const struct flowsync *f, uint32_t *cursor, nsec_t now,
                   struct flowsync_view *ret_view);

const char *flowsync_role_name(enum flowsync_role role);
const char *flowsync_readiness_name(enum flowsync_readiness readiness);
const char *flowsync_alarm_name(enum flowsync_alarm alarm);

#endif
