/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A queue of deadlines: one point in time per item, and always the earliest at hand.  Items are
 * numbered from 0; each is in the queue at all times, with NSEC_NEVER when it waits for nothing.
 */
#ifndef TANDEM_DEADLINES_H
#define TANDEM_DEADLINES_H

#include "base/base.h"
#include "base/nsec.h"

struct deadlines {
	uint32_t count;
	nsec_t *when;			/* by item */
	uint32_t *heap;			/* items, the earliest first */
	uint32_t *place;		/* by item: where it is in the heap */
};

/* All items begin with NSEC_NEVER.  0 or -ENOMEM. */
int deadlines_init(struct deadlines *queue, uint32_t count) MUST_USE;
void deadlines_done(struct deadlines *queue);	/* a zeroed one is fine */

/* In place of what the item waited for; NSEC_NEVER: it waits no longer. */
void deadlines_set(struct deadlines *queue, uint32_t item, nsec_t when);

/* The earliest deadline, NSEC_NEVER when nothing waits; the item it belongs to is *ret_item. */
nsec_t deadlines_first(const struct deadlines *queue, uint32_t *ret_item);

#endif
