/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VRRP engine as pure code: events and the time come in, effects go out.  It makes no system
 * call, reads no clock, writes no log, and allocates only in engine_new(), engine_prepare(),
 * engine_adopt() and engine_free().  The daemon and the simulator run this very code.
 *
 * Groups and links are named by their index in the settings last adopted.
 *
 * Every call that takes "now" may be given any time not earlier than in the call before.  Each
 * first checks how long the engine was not called at all: after a pause longer than a party's
 * down interval that party listens before it speaks (design: stalls).  The same after a shorter
 * pause by which a master's last advertisement became that old.  So the caller must call
 * engine_on_time() at least every engine_tick() even when no deadline asks for it, and after a long
 * pause must hand in what it received meanwhile before anything is sent.
 *
 * Effects are appended to *out in the order in which they must be carried out.
 */
#ifndef TANDEM_ENGINE_H
#define TANDEM_ENGINE_H

#include "base/base.h"
#include "base/bytes.h"
#include "base/inet.h"
#include "base/nsec.h"
#include "core/settings.h"
#include "core/status.h"

enum effect_kind {
	/* Send the group's advertisement, all packets of engine_advert(e, group, resign). */
	EFFECT_SEND_ADVERT,
	/* Configure all virtual addresses of the group (and raise its virtual link), leased. */
	EFFECT_TAKE_ADDRESSES,
	/* Prolong the lease of the group's virtual addresses. */
	EFFECT_RENEW_ADDRESSES,
	/* Remove all virtual addresses of the group (or lower its virtual link). */
	EFFECT_DROP_ADDRESSES,
	/* Send one gratuitous ARP or neighbour advertisement per virtual address of the group. */
	EFFECT_ANNOUNCE,
	/* The group went from one state to another: log, tell subscribers. */
	EFFECT_TRANSITION,
	/* Send the group's router advertisement, engine_router_advert(). */
	EFFECT_ADVERTISE_ROUTER,
	/* An alarm of the group was raised or cleared. */
	EFFECT_ALARM,
	EFFECT_KINDS,
};

struct effect {
	enum effect_kind kind;
	uint32_t group;
	bool resign;			/* SEND_ADVERT: the priority-0 form */
	bool raised;			/* ALARM */
	uint8_t from;			/* TRANSITION: enum vrouter_state */
	uint8_t to;
	uint8_t detail;			/* TRANSITION: vrouter_reason; ALARM: vrouter_alarm */
	nsec_t lease;			/* TAKE, RENEW: how long the addresses may outlive us */
};

/* A list of effects owned by the caller, who empties it after carrying it out. */
struct effects {
	struct effect *list;
	size_t count;
	size_t capacity;		/* at least engine_effects_needed() when a call begins */
};

/* What the engine must know about an interface with groups. */
struct link_input {
	bool usable;			/* administratively up, running, and lower layer up */
	bool exists;			/* false: not in the kernel (deleted, other namespace) */
	struct mac mac;			/* its own */
	uint32_t mtu;
	struct ip source4;		/* its primary IPv4 address, family 0 = none */
	struct ip source6;		/* its link-local address, family 0 = none */
};

enum engine_answer {
	ENGINE_DONE,
	ENGINE_NO_GROUP,
	ENGINE_NOT_MASTER,
};

struct engine;

/* An engine without groups.  NULL when out of memory. */
struct engine *engine_new(void) MUST_USE;
void engine_free(struct engine *engine);	/* NULL is fine */

/*
 * What engine_adopt() with the same settings will need is made now, so that it takes less time then
 * and does not fail; nothing else changes.  May be left out, and may be called for other settings
 * without adopting these.  0, or -ENOMEM.
 */
int engine_prepare(struct engine *engine, const struct settings *settings, nsec_t now) MUST_USE;

/*
 * The first half of adopting: groups that these settings no longer hold leave.  Masters among them
 * resign, their addresses are dropped.  The effects are in the old numbering and must be carried
 * out before engine_adopt() with the same settings, which must follow at once.
 */
void engine_retire(struct engine *engine, const struct settings *settings, nsec_t now,
                   struct effects *out);

/*
 * Adopt settings (copied).  Groups are recognised by interface name, VRID and family, tracked
 * objects by kind and name.  A group whose settings are equal keeps state, timers
 * and counters untouched.  A changed group keeps its state where the change permits: a new
 * priority, interval, password or address list of a master causes no transition (added addresses
 * are taken, removed ones dropped by the TAKE effect that follows, adverts go out in the new
 * form).  Groups that disappear have left in engine_retire().  All effects are in the new
 * numbering.  A group added to a sync group that is master becomes master with it, without a
 * transition of the others; one removed keeps its state.  Groups that meet in a sync group for the
 * first time take the lowest of their states.
 * A new group begins in INIT and goes to BACKUP or FAULT with the first engine_on_link().
 * out needs room for engine_adopt_needed() effects, which is enough for engine_retire() too.
 * 0, or -ENOMEM (nothing changed).
 */
int engine_adopt(struct engine *engine, const struct settings *settings, nsec_t now,
                 struct effects *out) MUST_USE;
size_t engine_adopt_needed(const struct engine *engine, const struct settings *settings);

/* Room in effects that any call other than engine_retire() and engine_adopt() may need. */
size_t engine_effects_needed(const struct engine *engine);

/*
 * After a crash: hand in the records found in the supervisor's memory, once, after the first
 * engine_adopt() and before anything else.  A party (sync group, or group without one) all of
 * whose members were master, and whose silence is shorter than the down interval of its members,
 * goes on as master on the old schedule without a transition (links count as usable until the
 * first engine_on_link() says otherwise); counters and times of last transition are kept for all.
 * Parties whose members disagree begin as backup.
 * Emits RENEW_ADDRESSES for groups that go on as master.
 */
void engine_resume(struct engine *engine, const struct vrouter_status *records, size_t count,
                   nsec_t now, struct effects *out);

/*
 * The state of an interface with groups, or with addresses of groups of another one: at start once
 * for each, then at every change.
 */
void engine_on_link(struct engine *engine, uint32_t link, const struct link_input *input,
                    nsec_t now, struct effects *out);

/*
 * Is one of the group's virtual addresses a real address of this router: the interface's primary
 * address (IPv4) or any global address of the interface (IPv6)?  Then the group runs at priority
 * 255 and becomes master at once, whatever preempt says (RFC 9568 6.4.1); when the address goes,
 * its configured priority is back.  In a sync group the lowest priority of all members counts.
 * Told at start and at every change; until told, a group is no owner.
 */
void engine_on_owner(struct engine *engine, uint32_t group, bool owner, nsec_t now,
                     struct effects *out);

/*
 * What became of a tracked object (index into the settings' objects).  The delays of each group
 * that tracks it are applied here.  Until told about an object, a group that tracks it without a
 * weight waits in INIT at start (at most ENGINE_TRACK_PATIENCE, then it counts as down), and a
 * weight counts nothing.  An engine that resumed keeps what the record said until told.
 */
void engine_on_track(struct engine *engine, uint32_t object, bool up, nsec_t now,
                     struct effects *out);
#define ENGINE_TRACK_PATIENCE (10 * NSEC_PER_SEC)

/*
 * A frame received on a link, from its Ethernet header on (as a packet socket delivers it, VLAN
 * tag removed).  arrival is when the kernel received it, not later than now.  Frames that are not
 * VRRP are ignored without a count.  Returns why it was not accepted; ADVERT_VRID for a group that
 * the link does not have; ADVERT_OK for what was accepted, or is not VRRP.
 */
enum advert_fault engine_on_frame(struct engine *engine, uint32_t link, struct reader frame,
                                  nsec_t arrival, nsec_t now, struct effects *out);

/*
 * Time passes.  Advertisements due by now are sent.  Silence becomes a takeover only for deadlines
 * not later than heard_until: the time up to which the caller has handed in everything that
 * arrived on every link (so a packet that arrived before a deadline is judged before it fires).
 */
void engine_on_time(struct engine *engine, nsec_t now, nsec_t heard_until, struct effects *out);

/*
 * More arrives on this link than the caller can hand in: what came after heard is not judged yet.
 * Until told otherwise (NSEC_NEVER: all was handed in), silence on this link counts up to heard
 * only, whatever heard_until says; parties on other links are not delayed.  heard never goes back
 * on a link with a backlog.
 */
void engine_on_backlog(struct engine *engine, uint32_t link, nsec_t heard);

/*
 * When engine_on_time() must be called next, or NSEC_NEVER.  May be earlier than the next thing to
 * do, at most once in a down interval.
 */
nsec_t engine_deadline(const struct engine *engine);

/*
 * How long engine_on_time() may wait when no deadline asks for it: a little more than the shortest
 * advertisement interval, so that a router that advertises or listens regularly needs no call for
 * its own sake, and half as long as would take the others' patience.
 */
nsec_t engine_tick(const struct engine *engine);

/*
 * "reset vrrp master": the whole sync group of a master group resigns (priority 0), becomes backup
 * and keeps forwarding until another master is heard on it, plus ENGINE_LINGER for its
 * announcements to arrive; if none is heard within our own down interval we are master again.
 * The new master is accepted for one down interval even with preempt, and may be preempted later.
 */
enum engine_answer engine_reset_master(struct engine *engine, uint32_t group, nsec_t now,
                                       struct effects *out);
#define ENGINE_LINGER (50 * NSEC_PER_MSEC)

/* "update vrrp garp": announce the addresses of a master once more. */
enum engine_answer engine_announce(struct engine *engine, uint32_t group, nsec_t now,
                                   struct effects *out);

/*
 * Before a stop: masters resign and keep forwarding until another master is heard, as after a
 * reset, but for no longer than any healthy router of the group needs to follow a resignation; and
 * nobody becomes master any more.  engine_has_left() says when no addresses are held, which is so
 * by engine_leaves_by() at the latest (0 = there is nobody to wait for), and engine_stop() ends it.
 */
void engine_leave(struct engine *engine, nsec_t now, struct effects *out);
bool engine_has_left(const struct engine *engine);
nsec_t engine_leaves_by(const struct engine *engine);

/* Stop: masters resign, all addresses are dropped, all groups go to INIT. */
void engine_stop(struct engine *engine, nsec_t now, struct effects *out);

/*
 * The outcome of a SEND_ADVERT effect: error 0, or the positive errno the kernel gave.  Emits
 * nothing but alarms: a pause is noticed by the next of the other calls.
 */
void engine_on_sent(struct engine *engine, uint32_t group, bool resign, int error, nsec_t now,
                    struct effects *out);

/* The settings last adopted; NULL before. */
const struct settings *engine_settings(const struct engine *engine);

/* What concerns all groups; the same rules. */
const struct engine_status *engine_overall(const struct engine *engine);

/* The record of a group, valid until the next call that changes it. */
const struct vrouter_status *engine_status(const struct engine *engine, uint32_t group);
/* Grows with every change of the record of this number; compare to know whether to publish it. */
uint64_t engine_status_version(const struct engine *engine, uint32_t group);

/* Does the group hold its addresses now (master, or lingering after a reset)? */
bool engine_holds_addresses(const struct engine *engine, uint32_t group);

/* Packets for groups that do not exist on a link; who sent them: engine_overall(). */
uint64_t engine_unknown_vrids(const struct engine *engine, uint32_t link);

/*
 * One packet of an advertisement, borrowed until the next call that is neither engine_on_sent()
 * nor a question.  For multicast it is a whole Ethernet frame for the group's link.  For a unicast
 * peer it is an IP packet, header included, for that address, to be sent through the routing table
 * from the group's link.
 */
struct frame {
	const uint8_t *bytes;
	size_t length;
	struct ip unicast;		/* family 0 = an Ethernet frame */
};

/*
 * An advertisement is so many packets: one, or one for each unicast peer, twice as many where both
 * versions are spoken; 0 while the link has no address to send from.  AH numbers its packets: the
 * call for packet 0 begins a new sequence number.  Packets with AH are borrowed until the next but
 * one advertisement of the group is asked for.
 */
#define ENGINE_PACKETS_MAX (2 * GROUP_PEERS_MAX)
uint32_t engine_advert_count(const struct engine *engine, uint32_t group, bool resign);
struct frame engine_advert(struct engine *engine, uint32_t group, bool resign, uint32_t index);

/* Bytes of the largest announcement frame. */
#define ANNOUNCE_FRAME_MAX 86
/*
 * Write the frame that announces virtual address number index (of all that are held) of the group,
 * and return its length; *ret_link is the link it is for.  From the virtual MAC when the group has
 * rfc-compatibility and the address lives on its link, otherwise from that link's own; 0 when that
 * link is not there.
 */
size_t engine_announcement(const struct engine *engine, uint32_t group, uint32_t index,
                           uint8_t bytes[ANNOUNCE_FRAME_MAX], uint32_t *ret_link);

/* The group's router advertisement, a whole Ethernet frame for its link; 0 when it has none. */
#define ROUTER_ADVERT_MAX 1500
size_t engine_router_advert(const struct engine *engine, uint32_t group,
                            uint8_t bytes[ROUTER_ADVERT_MAX]);

#endif
