/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides between a short lag and few wakes: to be woken costs more than to read an event, and who
 * is woken for each of 100,000 a second does little else.  Knows neither the clock nor the socket.
 */
#include "daemon/flowpace.h"

#define SAMPLE 64u			/* events: more than a moment of haste */
#define STORM_INTERVAL (25 * NSEC_PER_USEC)	/* between two of a storm, at most */
#define IDLE_DRAINS 4u			/* so many that found nothing, and it is over */

nsec_t
flowpace_next(struct flowpace *pace, nsec_t now, unsigned count, bool urgent)
{
	if (count == 0) {
		pace->storm = false;
		return ++pace->idle < IDLE_DRAINS ? FLOWPACE_NAP : 0;
	}
	pace->idle = 0;
	pace->count += count;
	if (pace->count >= SAMPLE) {
		pace->storm = pace->count * STORM_INTERVAL > now - pace->began;
		pace->began = now;
		pace->count = 0;
	}
	return pace->storm || !urgent ? FLOWPACE_NAP : 0;
}
