/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a process hang that says by beats that it moves?  Whoever watches looks a few times a
 * second and hands in what it saw.  Only time in which the process could have moved counts: none in
 * which the watcher stood still itself (a machine that was suspended, a service that was frozen),
 * none in which the process waited for a processor, and little in which it was in the hands of the
 * kernel or of a debugger: to kill it then is of no help, unless it lasts.
 */
#ifndef TANDEM_VIGIL_H
#define TANDEM_VIGIL_H

#include "base/base.h"
#include "base/nsec.h"

#define VIGIL_GAP (500 * NSEC_PER_MSEC)	/* between two looks; after more, nothing counts */
#define VIGIL_HELD_SHARE 16		/* so much of the time in which it is held counts as one */

enum vigil_state {
	VIGIL_RUNS,			/* or would, if a processor were free */
	VIGIL_WAITS,			/* for something, or is stopped */
	VIGIL_HELD,			/* by the kernel or a debugger; or nobody knows */
};

struct vigil_sight {
	enum vigil_state state;
	nsec_t used;			/* of processors, since it began */
};

/* All zero: it begins with the next look. */
struct vigil {
	/* private */
	uint32_t beat;
	nsec_t looked;
	nsec_t used;
	nsec_t silent;			/* how long it could have moved since the last beat */
};

/*
 * A look at the process: beat is a number that its every beat changes, patience how long it may be
 * without (0 = it rests: it is not to be watched).  True: it hangs; then the vigil begins anew.
 */
bool vigil_look(struct vigil *vigil, uint32_t beat, nsec_t patience,
                const struct vigil_sight *sight, nsec_t now);

#endif
