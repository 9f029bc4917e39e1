/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two clocks we read, turned into nanoseconds; nothing is decided here. */
#include "system/clock.h"

#include <time.h>

static nsec_t
read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

nsec_t
clock_now(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

nsec_t
clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}
