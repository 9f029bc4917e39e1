/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides what of the time between two looks counts against a process.  Must not know whose process
 * it is, nor what becomes of it.
 */
#include "core/vigil.h"

/* How much of this gap did it let pass?  One that runs has its own clock, that of what it used. */
static nsec_t
wasted(const struct vigil_sight *sight, nsec_t gap, nsec_t used)
{
	switch (sight->state) {
	case VIGIL_RUNS:
		return nsec_min(gap, used);
	case VIGIL_WAITS:
		return gap;
	case VIGIL_HELD:
		break;
	}
	return gap / VIGIL_HELD_SHARE;
}

bool
vigil_look(struct vigil *vigil, uint32_t beat, nsec_t patience, const struct vigil_sight *sight,
           nsec_t now)
{
	nsec_t gap = now - vigil->looked, used = sight->used - vigil->used;
	bool counts = patience > 0 && beat == vigil->beat && gap <= VIGIL_GAP;

	vigil->beat = beat;
	vigil->looked = now;
	vigil->used = sight->used;
	vigil->silent = counts ? vigil->silent + wasted(sight, gap, used) : 0;
	if (!counts || vigil->silent < patience)
		return false;
	*vigil = (struct vigil){ 0 };
	return true;
}
