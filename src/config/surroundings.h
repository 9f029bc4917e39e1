/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the check of a configuration is told of the router that shall run it, beyond the
 * configuration.  It reads nothing of that itself: a file may be checked anywhere.
 */
#ifndef TANDEM_SURROUNDINGS_H
#define TANDEM_SURROUNDINGS_H

#include "base/base.h"

struct surroundings {
	bool forwards4;			/* does the kernel forward packets? true if nobody knows */
	bool forwards6;
	bool vmware;			/* it is a machine of VMware's */
	/* What a connsync that runs there found out. */
	bool events_off;		/* nf_conntrack_events is not 1, and cannot be set */
	bool table_smaller;		/* nf_conntrack_max is less than the partner's ... */
	bool table_larger;		/* ... or more */
};

#endif
