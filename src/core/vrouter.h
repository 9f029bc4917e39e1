/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One virtual router: one group on one interface, one address family.  It keeps the group's record
 * and its own deadlines, and turns them into effects.  It never decides its state: that is its
 * party's (party.h).  What it says on the wire is in frames.h and herald.h, what it makes of what
 * it hears in judge.h, what it tracks in track.h.  Inside core only; the world sees engine.h.
 */
#ifndef TANDEM_VROUTER_H
#define TANDEM_VROUTER_H

#include "base/base.h"
#include "core/auth_header.h"
#include "core/engine.h"

struct party;

/* What is known of the interface, as far as the group can use it. */
enum vrouter_condition {
	CONDITION_UNKNOWN,		/* nobody told us yet */
	CONDITION_DOWN,
	CONDITION_NO_ADDRESS,		/* up, but no address to send from */
	CONDITION_GOOD,
};

/* The announcements that a master still owes the hosts; see herald.h. */
struct herald {
	nsec_t round_at;		/* next round of the burst that runs */
	nsec_t second_at;		/* begin of the burst that follows it */
	nsec_t refresh_at;
	nsec_t router_at;		/* router advertisement */
	nsec_t due;			/* the earliest of them; NSEC_NEVER = owes nothing */
	uint8_t rounds;			/* left of the burst that runs */
	uint8_t second_rounds;
	uint32_t routers;		/* router advertisements sent as this master */
};

/* One thing that the group tracks; see track.h. */
struct watch {
	const struct track_settings *settings;
	bool up;			/* as told last; counts after its delay */
	nsec_t due;			/* when it does; NSEC_NEVER = it does */
};

struct vrouter {
	/* From the settings. */
	uint32_t group;
	const struct settings *all;
	const struct group_settings *settings;
	const struct address_settings *addresses;	/* those advertised, then those excluded */
	const struct peer_settings *peers;
	struct party *party;
	nsec_t lease;
	nsec_t offset;			/* of its place in the interval among all groups */
	unsigned changes;		/* enum change, while adopting */
	const struct party *before;	/* while adopting: its party until now, NULL = new */
	struct vrouter *was;		/* while adopting: itself until now, NULL = new */
	bool stays;			/* while retiring: the next settings have it, too */

	/* What is true now. */
	struct vrouter_status status;
	uint64_t version;
	enum vrouter_condition condition;
	enum vrouter_state from;	/* the state before the last vrouter_enter() */
	bool holds;			/* its addresses: told to take, not yet told to drop */
	nsec_t appeared;		/* when the group was first configured */
	nsec_t heard;			/* all that came by then on its link: engine_on_backlog() */
	nsec_t down_interval;		/* what it waits for a master, at the master's interval */

	/* Deadlines that are not in the record. */
	nsec_t weaker_since;		/* preempt-delay: first weaker advert, NSEC_NEVER = none */
	bool resigned;			/* down_deadline is what a resignation left of it */
	nsec_t yield_until;		/* after a reset: until then a weaker master is accepted */
	nsec_t renewed;			/* lease: last taken or renewed */
	nsec_t renew_at;		/* lingering: next renewal; NSEC_NEVER otherwise */
	nsec_t answer_at;		/* not before: next answer to a weaker master ... */
	nsec_t assert_at;		/* ... next advert because of a resignation ... */
	nsec_t reannounce_at;		/* ... and next announcements because of the former */
	nsec_t rival_since;		/* a weaker master has been speaking; see hear.c */
	nsec_t alarm_until[VROUTER_ALARMS];
	nsec_t alarm_at;		/* the earliest of them */
	struct herald herald;

	/* What it hears. */
	struct ah_window window;
	struct ip newer_source;		/* both_versions: speaks version 3 ... */
	nsec_t newer_until;		/* ... and its version 2 need not be heard until then */
	nsec_t damaged_since;		/* ALARM_CHECKSUM: so many damaged packets since then */
	uint32_t damaged;

	/* What it tracks. */
	struct watch *watches;		/* settings->track_count */
	nsec_t track_at;		/* the earliest watch becomes due */
	nsec_t impatient_at;		/* until then it waits for the first word on each watch */
	int weight;			/* sum of what counts */
	bool track_lost;		/* something without weight is down */
	bool untold;			/* something without weight is not known yet */

	/* What it sends; see frames.h. */
	struct mac mac;			/* our frames' source */
	uint8_t *frames;		/* a slice of the roster's room; see frames.c */
	size_t frame_length[2];		/* in our version; in version 2 for both_versions */
	size_t frame_room;		/* for each; 0 length = not built yet */
};

void vrouter_init(struct vrouter *v, const struct settings *settings, uint32_t group, nsec_t now);
/* Go on as old did, under the settings of v; notes what differs in v->changes. */
void vrouter_carry(struct vrouter *v, const struct vrouter *old);
/* Tell the world what vrouter_carry() noted, unless a transition has done so. */
void vrouter_revise(struct vrouter *v, nsec_t now, struct effects *out);
/* Take over the record that an earlier engine left, as far as it makes sense. */
void vrouter_restore(struct vrouter *v, const struct vrouter_status *record, nsec_t now);

/* What it would advertise if it were alone: configured, owned, tracked. */
uint8_t vrouter_own_priority(const struct vrouter *v);
/* What it advertises, and with it how long it waits: its sync group's priority. */
void vrouter_set_priority(struct vrouter *v, uint8_t priority);
/* It waits for a master that speaks at this interval. */
void vrouter_learn(struct vrouter *v, nsec_t interval);
/*
 * Has it, as a master, said nothing for so long that others may have taken over, or have the
 * addresses it holds outlived their lease?  Only after a pause: call it when one was noticed.
 */
bool vrouter_is_overdue(const struct vrouter *v, nsec_t now);
/*
 * An address is renewed with an advert, but not more often than this; so its lease begins at most
 * so long before the last advert, and what is left of it outlasts the others' patience.
 */
nsec_t vrouter_renewal_pause(const struct vrouter *v);

/* How long after its last advertisement a master surely is one and has its addresses. */
nsec_t vrouter_patience(const struct vrouter *v);

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
/* After a reset, as backup: keep what it holds, and accept a weaker master for a down interval. */
void vrouter_linger(struct vrouter *v, nsec_t now);
/* After a crash: renew for what is left of the lease that the last advertisement bought. */
void vrouter_renew_rest(struct vrouter *v, nsec_t now, struct effects *out);
/* Until then; NSEC_NEVER = until cleared. */
void vrouter_raise(struct vrouter *v, enum vrouter_alarm alarm, nsec_t until, struct effects *out);
void vrouter_clear(struct vrouter *v, enum vrouter_alarm alarm, struct effects *out);

/* Carry out what is due, except for what is tracked, and the next time something is. */
void vrouter_on_time(struct vrouter *v, nsec_t now, struct lateness *lateness,
                     struct effects *out);
nsec_t vrouter_deadline(const struct vrouter *v);

#endif
