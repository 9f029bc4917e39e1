/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened, one plain record an event, in the order in which it happened: transitions, alarms,
 * and, while somebody watches, packets as they were on the wire.  The engine's role writes them
 * into the memory that the supervisor keeps; "monitor vrrp" and subscribers read them there.
 */
#ifndef TANDEM_JOURNAL_H
#define TANDEM_JOURNAL_H

#include "base/base.h"
#include "base/nsec.h"

/* The largest advertisement with all its headers fits. */
#define JOURNAL_BYTES 440u

enum journal_kind {
	JOURNAL_TRANSITION = 1,		/* from, to, detail = enum vrouter_reason */
	JOURNAL_ALARM,			/* detail = enum vrouter_alarm, raised */
	JOURNAL_RECEIVED,		/* bytes, detail = enum advert_fault */
	JOURNAL_SENT,			/* bytes */
};

struct journal_entry {
	uint64_t sequence;		/* 1, 2, 3 ... since the memory was made; 0 = none */
	nsec_t at;			/* monotonic */
	nsec_t wall;			/* since 1970 */
	char interface[NAME_SIZE];
	uint8_t vrid;			/* RECEIVED: 0 when it could not be read */
	uint8_t family;
	uint8_t kind;			/* enum journal_kind */
	uint8_t from;			/* enum vrouter_state */
	uint8_t to;
	uint8_t detail;
	bool raised;
	uint16_t length;		/* of bytes */
	uint8_t bytes[JOURNAL_BYTES];	/* the frame, from its Ethernet header on, or, when raw
					 * says so, from its IP header on */
	bool raw;
};

#endif
