/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What will happen in a simulated time: events in the order of their time, then of their making,
 * and the packets that travel with them.  What an event means is for who takes it out.
 */
#ifndef TANDEM_SIM_AGENDA_H
#define TANDEM_SIM_AGENDA_H

#include "base/base.h"
#include "base/nsec.h"

struct parcel {				/* a packet under way, to one or several */
	unsigned references;
	bool forged;			/* not sent by any router of this world, or damaged */
	size_t length;
	uint8_t bytes[];
};

enum request_kind { REQUEST_TAKE, REQUEST_RENEW, REQUEST_DROP };

/* What a kernel is asked for. */
struct request {
	enum request_kind kind;
	nsec_t expires;			/* on the router's clock */
	uint64_t list;			/* a hash of the addresses */
};

struct event {
	nsec_t time;
	uint64_t order;			/* the agenda's */
	unsigned kind;			/* an enum of who takes it out */
	uint8_t router;
	uint8_t group;
	uint32_t segment;
	unsigned process;
	struct parcel *parcel;		/* NULL, or owned by the event */
	struct request request;
};

struct agenda {
	struct event *events;		/* a heap, earliest first */
	size_t count;
	size_t capacity;
	uint64_t order;
};

void agenda_add(struct agenda *agenda, struct event event);
/* The earliest, with its parcel; there must be one. */
struct event agenda_take(struct agenda *agenda);
void agenda_done(struct agenda *agenda);

static inline bool
agenda_is_due(const struct agenda *agenda, nsec_t time)
{
	return agenda->count > 0 && agenda->events[0].time <= time;
}

/* With one reference, the caller's. */
struct parcel *parcel_new(const void *bytes, size_t length, bool forged);
/* Give one back; NULL is fine. */
void parcel_release(struct parcel *parcel);

#endif
