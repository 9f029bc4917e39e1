/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One virtual router: one group on one interface, one address family.  It keeps the group's record,
 * its frames and its own deadlines, and turns them into effects.  It never decides its state: that
 * is its party's (party.h).  Inside core only; the world sees engine.h.
 */
#ifndef TANDEM_VROUTER_H
#define TANDEM_VROUTER_H

#include "base/base.h"
#include "core/advert.h"
#include "core/engine.h"

struct party;

/* What is known of the interface, as far as the group can use it. */
enum vrouter_condition {
	CONDITION_UNKNOWN,		/* nobody told us yet */
	CONDITION_DOWN,
	CONDITION_NO_ADDRESS,		/* up, but no address to send from */
	CONDITION_GOOD,
};

/* What a new configuration changed in a group that goes on; bits. */
enum vrouter_change {
	CHANGE_ADDRESSES = 1,		/* the list, or the link they are on */
	CHANGE_FRAME = 2,		/* what our advertisements say */
	CHANGE_TIMING = 4,		/* interval or priority */
};

struct vrouter {
	/* From the settings. */
	uint32_t group;
	const struct group_settings *settings;
	const struct prefix *addresses;
	struct party *party;
	nsec_t down_interval;
	nsec_t lease;
	nsec_t offset;			/* of its place in the interval among all groups */
	unsigned changes;		/* enum vrouter_change, while adopting */
	const struct party *before;	/* while adopting: its party until now, NULL = new */

	/* What is true now. */
	struct vrouter_status status;
	uint64_t version;
	enum vrouter_condition condition;
	enum vrouter_state from;	/* the state before the last vrouter_enter() */
	bool holds;			/* its addresses: told to take, not yet told to drop */
	nsec_t appeared;		/* when the group was first configured */

	/* Deadlines that are not in the record. */
	nsec_t weaker_since;		/* preempt-delay: first weaker advert, NSEC_NEVER = none */
	nsec_t yield_until;		/* after a reset: until then a weaker master is accepted */
	nsec_t renewed;			/* lease: last taken or renewed */
	nsec_t renew_at;		/* lingering: next renewal; NSEC_NEVER otherwise */
	nsec_t answer_at;		/* not before: next answer to a weaker master ... */
	nsec_t assert_at;		/* ... next advert because of a resignation ... */
	nsec_t reannounce_at;		/* ... and next announcement because of it */
	nsec_t announce_start;
	unsigned announced;		/* of ANNOUNCEMENTS, since announce_start */
	nsec_t alarm_until[VROUTER_ALARMS];

	struct mac mac;			/* our frames' source */
	size_t frame_length;		/* 0 = not built yet */
	uint8_t frames[2][ADVERT_FRAME_MAX];	/* [resign] */
};

void vrouter_init(struct vrouter *v, const struct settings *settings, uint32_t group, nsec_t now);
/* Go on as old did, under the settings of v; notes what differs in v->changes. */
void vrouter_carry(struct vrouter *v, const struct vrouter *old);
/* Tell the world what vrouter_carry() noted, unless a transition has done so. */
void vrouter_revise(struct vrouter *v, nsec_t now, struct effects *out);
/* Take over the record that an earlier engine left, as far as it makes sense. */
void vrouter_restore(struct vrouter *v, const struct vrouter_status *record, nsec_t now);

/* What it advertises, and with it how long it waits: its sync group's priority. */
void vrouter_set_priority(struct vrouter *v, uint8_t priority);
/*
 * Has it, as a master, said nothing for so long that others may have taken over, or have the
 * addresses it holds outlived their lease?  Only after a pause: call it when one was noticed.
 */
bool vrouter_is_overdue(const struct vrouter *v, nsec_t now);
/* How long after its last advertisement a master surely is one and has its addresses. */
static inline nsec_t
vrouter_patience(const struct vrouter *v)
{
	return nsec_min(v->down_interval, v->lease - ENGINE_TICK);
}

/* The interface is like this now: condition, source and frames follow. */
void vrouter_set_link(struct vrouter *v, const struct link_input *input);

/*
 * Write state and reason into the record and set the deadlines that belong to the state; nothing
 * but v->from changes when that is the state already.  For party.c only.
 */
void vrouter_enter(struct vrouter *v, enum vrouter_state state, enum vrouter_reason reason,
                   nsec_t now);
static inline bool
vrouter_moved(const struct vrouter *v)
{
	return v->from != v->status.state;
}

/* Effects; each keeps the record true. */
struct effect *vrouter_effect(struct vrouter *v, enum effect_kind kind, struct effects *out);
/* An advertisement, and with it the renewal of the lease. */
void vrouter_send(struct vrouter *v, nsec_t now, struct effects *out);
void vrouter_resign(struct vrouter *v, struct effects *out);
void vrouter_take(struct vrouter *v, nsec_t now, struct effects *out);
void vrouter_drop(struct vrouter *v, struct effects *out);
void vrouter_renew(struct vrouter *v, nsec_t now, struct effects *out);
/* After a crash: renew for what is left of the lease that the last advertisement bought. */
void vrouter_renew_rest(struct vrouter *v, nsec_t now, struct effects *out);
/* Announce now, and begin the series of repeats. */
void vrouter_announce(struct vrouter *v, nsec_t now, struct effects *out);
void vrouter_raise(struct vrouter *v, enum vrouter_alarm alarm, nsec_t until, struct effects *out);
void vrouter_clear(struct vrouter *v, enum vrouter_alarm alarm, struct effects *out);

/* Does a sound advert fit our configuration?  RFC 3768 7.1, the part that needs it. */
enum advert_fault vrouter_judge(const struct vrouter *v, const struct advert *ad);
/* Count a packet that was not accepted; touches no timer but that of an alarm. */
void vrouter_reject(struct vrouter *v, enum advert_fault fault, const struct advert *ad, nsec_t now,
                    struct effects *out);
/* Count a packet that was accepted and compare its address list with ours. */
void vrouter_accept(struct vrouter *v, const struct advert *ad, nsec_t now, struct effects *out);
/* Its sender is our master: wait for its next advert. */
void vrouter_rearm(struct vrouter *v, const struct advert *ad, nsec_t arrival);

/* Carry out what is due, and the next time something is. */
void vrouter_on_time(struct vrouter *v, nsec_t now, struct effects *out);
nsec_t vrouter_deadline(const struct vrouter *v);

#endif
