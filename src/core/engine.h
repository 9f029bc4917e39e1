/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VRRP engine as pure code: events and the time come in, effects go out.  It makes no system
 * call, reads no clock, writes no log, and allocates only in engine_new(), engine_adopt() and
 * engine_free().  The daemon and the simulator run this very code.
 *
 * Groups and links are named by their index in the settings last adopted.
 *
 * Every call that takes "now" may be given any time not earlier than in the call before.  Each
 * first checks how long the engine was not called at all: after a pause longer than a party's
 * down interval that party listens before it speaks (design: stalls).  The same after a shorter
 * pause by which a master's last advertisement became that old.  So the caller must call
 * engine_on_time() at least every ENGINE_TICK even when no deadline asks for it, and after a long
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

#define ENGINE_TICK (100 * NSEC_PER_MSEC)

enum effect_kind {
	/* Send the group's prebuilt advertisement, engine_advert(e, group, resign). */
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
	struct mac mac;			/* its own */
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
 * The first half of adopting: groups that these settings no longer hold leave.  Masters among them
 * resign, their addresses are dropped.  The effects are in the old numbering and must be carried
 * out before engine_adopt() with the same settings, which must follow at once.
 */
void engine_retire(struct engine *engine, const struct settings *settings, nsec_t now,
                   struct effects *out);

/*
 * Adopt settings (copied; version 2 and IPv4 groups only: the caller has refused others).  Groups
 * are recognised by interface name and VRID.  A group whose settings are equal keeps state, timers
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

/* The state of an interface with groups: at start once for each, then at every change. */
void engine_on_link(struct engine *engine, uint32_t link, const struct link_input *input,
                    nsec_t now, struct effects *out);

/*
 * A frame received on a link, from its Ethernet header on (as a packet socket delivers it, VLAN
 * tag removed).  arrival is when the kernel received it, not later than now.  Frames that are not
 * VRRP over IPv4 are ignored without a count.
 */
void engine_on_frame(struct engine *engine, uint32_t link, struct reader frame, nsec_t arrival,
                     nsec_t now, struct effects *out);

/*
 * Time passes.  Advertisements due by now are sent.  Silence becomes a takeover only for deadlines
 * not later than heard_until: the time up to which the caller has handed in everything that
 * arrived on every link (so a packet that arrived before a deadline is judged before it fires).
 */
void engine_on_time(struct engine *engine, nsec_t now, nsec_t heard_until, struct effects *out);

/*
 * When engine_on_time() must be called next, or NSEC_NEVER.  May be earlier than the next thing to
 * do, at most once in a down interval.
 */
nsec_t engine_deadline(const struct engine *engine);

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

/* The record of a group, valid until the next call that changes it. */
const struct vrouter_status *engine_status(const struct engine *engine, uint32_t group);
/* Grows with every change of the record of this number; compare to know whether to publish it. */
uint64_t engine_status_version(const struct engine *engine, uint32_t group);

/* Does the group hold its addresses now (master, or lingering after a reset)? */
bool engine_holds_addresses(const struct engine *engine, uint32_t group);

/* Packets for groups that do not exist on a link. */
uint64_t engine_unknown_vrids(const struct engine *engine, uint32_t link);

/* A complete Ethernet frame, borrowed until the next engine_adopt() or engine_on_link(). */
struct frame {
	const uint8_t *bytes;
	size_t length;
};

struct frame engine_advert(const struct engine *engine, uint32_t group, bool resign);

/* Bytes of the largest announcement frame. */
#define ANNOUNCE_FRAME_MAX 86
/*
 * Write the frame that announces virtual address number index of the group and return its length.
 * From the virtual MAC when the group has rfc-compatibility, otherwise from the link's own.
 */
size_t engine_announcement(const struct engine *engine, uint32_t group, uint32_t index,
                           uint8_t bytes[ANNOUNCE_FRAME_MAX]);

#endif
