/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to the kernel's flows, as it happens.
 *
 * The socket is not to be waited for while there is traffic: a reader that is woken by each event
 * takes the processor from the packets (66 k new flows a second instead of 93 k).  Drain it by a
 * timer, every 200 to 500 us while it finds something; a drain reads many events in one system
 * call.
 *
 * Events can get lost when nobody drains for long: then a drain says so, and what is in the tables
 * is to be compared (conntrack_dump).  It is never asked that the kernel keep what could not be
 * told ("reliable" delivery): a reader that hangs would fill the table with the dead.
 */
#ifndef TANDEM_CONNTRACK_EVENTS_H
#define TANDEM_CONNTRACK_EVENTS_H

#include "base/base.h"
#include "base/error.h"
#include "core/flow.h"

struct conntrack_events;

#define CONNTRACK_EVENTS_BUFFER (64u << 20)	/* bytes of receive buffer; 200 bytes an event are
						 * 700 to 1,000 of these */

enum conntrack_event {
	CONNTRACK_NEW,			/* forget what was known of this key, then as CHANGED */
	CONNTRACK_CHANGED,		/* merge (flow_merge): it says only part */
	CONNTRACK_GONE,			/* the key says it all */
};

/* Who is told.  What the pointers lead to is borrowed for the call. */
struct conntrack_hearer {
	void (*flow)(void *owner, enum conntrack_event event, const struct flow *flow);
	/* may be NULL */
	void (*expectation)(void *owner, enum conntrack_event event,
	                    const struct flow_expectation *expectation);
	void *owner;
};

struct conntrack_events_counts {
	uint64_t read;			/* events told to the hearer */
	uint64_t malformed;		/* left out: cut off, senseless, or of families and
					 * zones that we do not carry */
	uint64_t strange;		/* left out: no event */
	uint64_t overruns;		/* times that the kernel dropped some */
	uint64_t receives;		/* system calls made for it */
};

/*
 * Open the socket in the network namespace of the caller (and there it stays), subscribed to
 * nothing.  Where connection tracking is a module of the kernel that nobody needed yet, it is
 * loaded, so that its settings (conntrack_sysctl) are there.  buffer: bytes of its receive buffer,
 * 0 = CONNTRACK_EVENTS_BUFFER.  Without the power to force it, the kernel's limit holds: see
 * conntrack_events_buffer().
 */
int conntrack_events_open(size_t buffer, struct conntrack_events **ret, struct error *error)
	MUST_USE;
void conntrack_events_close(struct conntrack_events *events);	/* NULL is fine */

/* Readable when there are events.  To be waited for only while nothing happens, to notice that
 * something does; then drain by a timer. */
int conntrack_events_descriptor(const struct conntrack_events *events);
/* Bytes that the receive buffer really has. */
size_t conntrack_events_buffer(const struct conntrack_events *events);
const struct conntrack_events_counts *conntrack_events_counts(
	const struct conntrack_events *events);

/*
 * Hear of flows (and of expectations) from now on, or no longer.  A few microseconds; asking for
 * what is so already costs nothing.  0 or negative errno.
 */
int conntrack_events_subscribe(struct conntrack_events *events, bool flows, bool expectations)
	MUST_USE;

/* Never hear of what a request from this netlink port did: the injector's own (one port; 0 = all
 * are heard).  Done by the kernel, before it copies.  0 or negative errno. */
int conntrack_events_ignore(struct conntrack_events *events, uint32_t port) MUST_USE;

/*
 * Read at most max events (rounded up to what one system call brings, 128) without waiting and tell
 * the hearer of each.  Returns how many were read, so that "less than max" means empty; negative
 * errno when the socket is broken.  *ret_overrun becomes true when the kernel dropped events since
 * the last time; otherwise it is left alone.
 */
int conntrack_events_drain(struct conntrack_events *events, size_t max,
                           const struct conntrack_hearer *hearer, bool *ret_overrun) MUST_USE;

/* Forget unread what is there (before a dump that says it all), some max messages of it: a full
 * buffer holds 80,000.  True: nothing is left. */
bool conntrack_events_discard(struct conntrack_events *events, size_t max) MUST_USE;

#endif
