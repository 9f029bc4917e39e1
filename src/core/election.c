/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Election arithmetic; pure functions of numbers.  It knows no state and no group.
 */
#include "core/election.h"

bool
election_outranks(const struct claim *sender, const struct claim *own)
{
	/* 1. higher priority */
	if (sender->priority != own->priority)
		return sender->priority > own->priority;

	/* 2. higher primary address: unsigned, network order */
	return ip_compare(&sender->source, &own->source) > 0;
}

nsec_t
election_skew(uint8_t version, uint8_t priority, nsec_t interval)
{
	nsec_t unit = version == 2 ? NSEC_PER_SEC : interval;

	return (256 - priority) * unit / 256;
}

nsec_t
election_down_interval(uint8_t version, uint8_t priority, nsec_t interval)
{
	return 3 * interval + election_skew(version, priority, interval);
}

nsec_t
election_lease(uint8_t version, nsec_t interval)
{
	nsec_t skew = version == 2 ? NSEC_PER_SEC : nsec_min(interval, NSEC_PER_SEC);
	nsec_t patience = 3 * interval + skew;

	return (patience + NSEC_PER_SEC - 1) / NSEC_PER_SEC * NSEC_PER_SEC;
}
