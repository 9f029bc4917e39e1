/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A party is what decides: a sync group, or a group that is in none.  All its members are in the
 * same state at all times; a fault of one is a fault of all, one stronger master sends all to
 * backup, and only when every member has heard nothing for its down interval do all take over, so
 * that one cut segment never makes the others flap.  Inside core only; the world sees engine.h.
 */
#ifndef TANDEM_PARTY_H
#define TANDEM_PARTY_H

#include "base/base.h"
#include "core/deadlines.h"
#include "core/vrouter.h"

enum party_event {
	PARTY_READY,			/* all that the members need is there */
	PARTY_OWNER,			/* ... and they own their addresses */
	PARTY_LOST,			/* something is not: an interface, or what is tracked */
	PARTY_SILENCE,			/* no member has heard a master for its down interval */
	PARTY_STRONGER,			/* as master: a member heard one that outranks us */
	PARTY_RESET,			/* the operator wants another router to be master */
	PARTY_LEAVE,			/* so does the service, which is about to stop */
	PARTY_STALLED,			/* we stood still for longer than the down interval */
	PARTY_JOINED,			/* the configuration brought members of other states */
	PARTY_RESUMED,			/* after a crash: not fit to go on as before */
	PARTY_STOP,
	PARTY_EVENTS,
};

/* Two queues: what is sent is due when it is due, silence only after all is heard. */
struct timers {
	struct deadlines members;	/* by group */
	struct deadlines parties;
	nsec_t shortest;		/* interval, configured or learned: see engine_tick() */
	struct lateness *lateness;
};

struct party {
	uint32_t number;
	int32_t sync;			/* index of its sync group, or -1 */
	struct timers *timers;
	struct vrouter **members;
	uint32_t count;
	nsec_t down_interval;		/* at most the shortest of its members */

	enum vrouter_state state;
	uint8_t priority;		/* of all its members: the lowest of theirs */
	bool stirred;			/* a member changed: party_settle() comes */
	uint32_t unknown;		/* members whose interface nobody told us about */
	uint32_t untold;		/* members that wait for word on what they track */
	uint32_t cut;			/* members whose interface cannot be used */
	uint32_t lost;			/* the same, and those that lost what they track */
	nsec_t start_at;		/* INIT: not before */
	nsec_t listening_since;		/* BACKUP: what came earlier shortens nothing */
	bool resigned;			/* BACKUP: priority 0 heard, and nobody else since; then,
					 * as it takes over: because of that */
	bool lingering;			/* BACKUP after a reset: addresses are kept ... */
	nsec_t leave_by;		/* lingering before a stop: at most until then; NSEC_NEVER =
					 * no stop is coming */
	nsec_t linger_until;		/* ... until then; NSEC_NEVER = no master heard yet */
};

/* A configuration makes or changes it: add up what its members say. */
void party_count(struct party *p);
/*
 * Its members share the lowest of their priorities, so that two routers with crossing priorities
 * agree on every segment about who is stronger.  Returns whether that is another one than before.
 */
bool party_share_priority(struct party *p);
/* The member's interface changed; call party_settle() after all members on it were told. */
void party_set_link(struct vrouter *v, const struct link_input *input);
/* The member hears of what it tracks, or its time has come; again, party_settle() comes after. */
void party_track(struct vrouter *v, uint32_t index, bool up, nsec_t now);
void party_track_on_time(struct vrouter *v, nsec_t now);
/* The member owns its addresses, or does so no longer; again, party_settle() comes after. */
void party_set_owner(struct vrouter *v, bool owner);
/* If members changed: follow what became of them and of their priority. */
void party_settle(struct party *p, nsec_t now, struct effects *out);
/* A configuration put members of other states here: all follow the party. */
void party_adopt(struct party *p, nsec_t now, struct effects *out);
/* Go on after a crash with what was restored into the members' records. */
void party_resume(struct party *p, nsec_t now, struct effects *out);

/* Something happened: go where the table sends it. */
void party_handle(struct party *p, enum party_event event, nsec_t now, struct effects *out);
/* The member learned the interval of its master. */
void party_learned(struct vrouter *v);
/* Silence counts only up to heard. */
void party_on_time(struct party *p, nsec_t heard, nsec_t now, struct effects *out);
/* Did a pause up to now last so long that others may have acted? */
bool party_is_overdue(const struct party *p, nsec_t now);
/* It did; true when the party listens now. */
bool party_stalled(struct party *p, nsec_t now, struct effects *out);

/* False when it is not master. */
bool party_reset(struct party *p, nsec_t now, struct effects *out);
/* The service is about to stop: hand over, and never be master again. */
void party_leave(struct party *p, nsec_t now, struct effects *out);
void party_stop(struct party *p, nsec_t now, struct effects *out);
/* One member leaves for good; the rest of the party goes on. */
void party_retire(struct vrouter *v, nsec_t now, struct effects *out);
/*
 * All that leave have left.  The others take a resignation for that of the whole party: members
 * that stay master tell them that it was not.
 */
void party_retired(struct party *p, nsec_t now, struct effects *out);

/* Put the member's and the party's next deadline into the queues. */
void party_schedule_member(struct vrouter *v);
void party_schedule(struct party *p);

#endif
