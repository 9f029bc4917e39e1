/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How soon the kernel's events of connections are read: each at once while they are few and the
 * partner shall have them, together while they are many or nothing has to be told now.
 */
#ifndef TANDEM_FLOWPACE_H
#define TANDEM_FLOWPACE_H

#include "base/base.h"
#include "base/nsec.h"

#define FLOWPACE_NAP (1 * NSEC_PER_MSEC)

/* Zero is a pace that has seen nothing. */
struct flowpace {
	nsec_t began;			/* of a sample ... */
	unsigned count;			/* ... and the events in it */
	unsigned idle;			/* drains in a row that found nothing */
	bool storm;			/* the last whole sample was one */
};

/*
 * A drain at `now` read so many events, and one of them is urgent: told at once.  Returns how long
 * to sleep before the next drain; 0 = wait for the next event.
 */
nsec_t flowpace_next(struct flowpace *pace, nsec_t now, unsigned count, bool urgent);

#endif
