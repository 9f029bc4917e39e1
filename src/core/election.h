/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who outranks whom, and how long silence must last: the arithmetic of RFC 3768 6.1 and RFC 9568
 * 6.1, in nanoseconds.
 */
#ifndef TANDEM_ELECTION_H
#define TANDEM_ELECTION_H

#include "base/base.h"
#include "base/inet.h"
#include "base/nsec.h"

struct claim {
	uint8_t priority;
	struct ip source;
};

/* Must a master with the claim own give way to the sender?  RFC 3768 6.4.3. */
bool election_outranks(const struct claim *sender, const struct claim *own);

/* Skew_Time: favours high priority.  Version 2: a part of one second; 3: of the interval. */
nsec_t election_skew(uint8_t version, uint8_t priority, nsec_t interval);

/* Master_Down_Interval: three missed advertisements and the skew. */
nsec_t election_down_interval(uint8_t version, uint8_t priority, nsec_t interval);

/*
 * How long a master's addresses may outlive its last advertisement, in whole seconds as the kernel
 * counts lifetimes: until any router of the group may have taken over, but, with the long skew of
 * long intervals in version 3, not until the weakest has.
 */
nsec_t election_lease(uint8_t version, nsec_t interval);

#endif
