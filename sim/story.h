/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A story: a world, what happens to it, and what must come of it, told line by line.  The words are
 * in docs/simulator.md.  Random lives are stories, too: author.h writes them.
 */
#ifndef TANDEM_SIM_STORY_H
#define TANDEM_SIM_STORY_H

#include "base/base.h"
#include "sim/check.h"

enum story_outcome {
	STORY_AS_TOLD = 0,
	STORY_OTHERWISE = 1,		/* not as told, or a rule was broken */
	STORY_UNREADABLE = 2,
};

struct story_result {
	enum story_outcome outcome;
	uint64_t hash;			/* of the history */
	nsec_t simulated;
	struct check check;
};

enum story_manner {
	STORY_QUIET,			/* nothing is printed */
	STORY_TOLD,			/* what went wrong, and how long "within" took */
	STORY_VERBOSE,			/* everything that happens */
};

/* Tells it; the text is cut into words on the way.  The name is for messages. */
void story_tell(const char *name, char *text, enum story_manner manner,
                struct story_result *ret_result);

#endif
