/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of a story's line, and those verbs that say what there is: routers, segments, clocks,
 * groups.  What happens is in story.c.
 */
#ifndef TANDEM_SIM_STAGE_H
#define TANDEM_SIM_STAGE_H

#include "sim/story.h"
#include "sim/world.h"

#define WORDS_MAX 96u

struct story {
	struct world world;
	const char *name;
	unsigned line;
	enum story_manner manner;
	enum story_outcome outcome;
	unsigned count;			/* of words, the verb is the first */
	char *words[WORDS_MAX];
	unsigned marks[ROUTERS_MAX][PLAN_GROUPS_MAX];	/* transitions until "mark" */
};

/* The story ends here; prints why, unless it is told quietly. */
void story_fail(struct story *story, enum story_outcome outcome, const char *what,
                const char *word);

/* Word number i, as what it must be; a word that is missing or wrong ends the story. */
double stage_number(struct story *story, unsigned i, double least, double most);
nsec_t stage_seconds(struct story *story, unsigned i);
struct router *stage_router(struct story *story, unsigned i);	/* "1" is the first */
unsigned stage_segment(struct story *story, unsigned i);	/* "lan0" */
/* All words from this on, "lan0/10" or "lan0/10/6": bits of groups; "all" or nothing: all. */
unsigned stage_groups(struct story *story, unsigned from);
unsigned stage_group(struct story *story, unsigned i);
enum vrouter_state stage_state(struct story *story, unsigned i);
bool stage_up(struct story *story, unsigned i);			/* "up" or "down" */

/* Verbs. */
void stage_tell_routers(struct story *story);
void stage_tell_seed(struct story *story);
void stage_tell_trunk(struct story *story);
void stage_tell_objects(struct story *story);
void stage_tell_clock(struct story *story);
void stage_tell_queue(struct story *story);
void stage_tell_group(struct story *story);
/* New words about a group that there is; the routers do not know yet. */
void stage_tell_change(struct story *story);

#endif
