/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened in a run: every event is mixed into one hash (two runs of a seed must end with the
 * same), and the last ones are kept to be printed as sentences when a rule is broken.
 */
#ifndef TANDEM_SIM_HISTORY_H
#define TANDEM_SIM_HISTORY_H

#include <stdio.h>

#include "base/base.h"
#include "base/nsec.h"

#define HISTORY_LINES 60u

enum happening {
	/* of a group of a router */
	HAPPENED_TRANSITION,		/* a = from << 8 | to, b = reason */
	HAPPENED_SENT,			/* a = priority, b = errno of the kernel */
	HAPPENED_TAKE,			/* a = lease */
	HAPPENED_RENEW,			/* a = lease */
	HAPPENED_DROP,
	HAPPENED_ANNOUNCE,
	HAPPENED_ALARM,			/* a = alarm, b = raised */
	HAPPENED_RESET,			/* a = answer */
	HAPPENED_REFUSED,		/* a = enum request_kind */
	HAPPENED_FORGED,		/* a = what is wrong with it */
	/* of a port of a router; the "group" is the segment */
	HAPPENED_HEARD,			/* a = one of its bytes, b = enum advert_fault */
	HAPPENED_MISSED,		/* the queue of the socket was full */
	HAPPENED_PORT,			/* a = up */
	/* of a router */
	HAPPENED_BOOT,
	HAPPENED_POWER_CUT,
	HAPPENED_FREEZE,		/* a = for how long */
	HAPPENED_THAW,
	HAPPENED_CRASH,			/* a = for how long */
	HAPPENED_RESTART,
	HAPPENED_ADOPT,			/* a = revision */
	HAPPENED_STOP,
	HAPPENED_LEAVE,
	HAPPENED_SUSPEND,		/* a = for how long */
	HAPPENED_GO_ON,
	HAPPENED_OBJECT,		/* a = number, b = up */
	HAPPENED_MUTE,			/* a = percent */
	HAPPENED_KERNEL,		/* a = how slow, b = percent refused */
	/* of a segment; the "group" is the segment */
	HAPPENED_CUT,			/* router = from, a = to, b = cut or repaired */
	HAPPENED_WEATHER,		/* a = percent lost, damaged, doubled; b = greatest delay */
	HAPPENED_HEALED,
	HAPPENINGS,
};

struct history_line {
	nsec_t time;
	uint8_t what;			/* enum happening */
	uint8_t router;
	uint8_t segment;
	uint8_t vrid;
	int64_t a;
	int64_t b;
};

struct history {
	uint64_t hash;
	uint64_t count;
	bool verbose;			/* print every line as it comes */
	struct history_line lines[HISTORY_LINES];
};

void history_init(struct history *history, bool verbose);
void history_note(struct history *history, const struct history_line *line);
/* The kept lines, oldest first. */
void history_print(const struct history *history, FILE *to);

#endif
