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
};

#endif
