/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a Vyatta has and Tandem has not, and what to do about each.
 */
#ifndef TANDEM_VYATTA_LEFT_H
#define TANDEM_VYATTA_LEFT_H

#include "import/finding.h"

struct vyatta_left {
	const char *path;		/* a pattern of words, without keys of lists: glob(7) */
	enum finding_kind kind;		/* LEFT or UNNEEDED */
	const char *text;		/* a sentence without final dot */
};

/* The row of a path that the schema does not have ("system login"); NULL: nothing is known. */
const struct vyatta_left *vyatta_left_find(const char *path);

/* Is the path only a place for others that have rows, so that they are told one by one? */
bool vyatta_left_is_place(const char *path);

#endif
