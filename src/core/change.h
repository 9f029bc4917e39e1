/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a new configuration changes in a group that goes on.  Inside core only; the world sees
 * engine.h.
 */
#ifndef TANDEM_CHANGE_H
#define TANDEM_CHANGE_H

#include "core/vrouter.h"

/* Bits. */
enum change {
	CHANGE_ADDRESSES = 1,		/* the list, or the link they are on */
	CHANGE_FRAME = 2,		/* what our advertisements say, or to whom */
	CHANGE_TIMING = 4,		/* interval or priority */
	CHANGE_ROUTER = 8,		/* what our router advertisements say */
};

/* The settings of v against those of old, which is the same group; not its priority. */
unsigned change_found(const struct vrouter *v, const struct vrouter *old);

#endif
