/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one time type: nanoseconds.  A point in time counts from an arbitrary origin that never
 * jumps (CLOCK_BOOTTIME in the daemon, the simulated clock in the simulator); a duration is a
 * difference of two.  NSEC_NEVER is later than every time and absorbs addition.
 */
#ifndef TANDEM_NSEC_H
#define TANDEM_NSEC_H

#include <stdint.h>

typedef int64_t nsec_t;

#define NSEC_NEVER INT64_MAX
#define NSEC_PER_USEC ((nsec_t)1000)
#define NSEC_PER_MSEC ((nsec_t)1000000)
#define NSEC_PER_SEC ((nsec_t)1000000000)

/* a + b, saturating at NSEC_NEVER; a may be NSEC_NEVER, b must not be negative. */
static inline nsec_t
nsec_add(nsec_t a, nsec_t b)
{
	return a > NSEC_NEVER - b ? NSEC_NEVER : a + b;
}

static inline nsec_t
nsec_min(nsec_t a, nsec_t b)
{
	return a < b ? a : b;
}

static inline nsec_t
nsec_max(nsec_t a, nsec_t b)
{
	return a > b ? a : b;
}

#endif
