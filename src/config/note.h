/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of a configuration beside itself: its revision, who committed it, when, by what
 * means and why, and whether it is on trial.  It stands as comments at the head of the files that
 * the store and the history write, so that file and knowledge are one.
 */
#ifndef TANDEM_NOTE_H
#define TANDEM_NOTE_H

#include "base/base.h"

#define NOTE_USER_SIZE 64
#define NOTE_VIA_SIZE 16
#define NOTE_COMMENT_SIZE 256
#define NOTE_TEXT_MAX 1024		/* no head is longer */

/* A commit that has to be confirmed, else an earlier revision comes back. */
struct trial {
	unsigned seconds;		/* how long it was given; 0 = there is no trial */
	uint64_t returns_to;		/* the revision that was confirmed last */
	int64_t deadline;		/* seconds since boot */
};

struct note {
	uint64_t revision;
	int64_t time;			/* seconds since 1970 */
	char user[NOTE_USER_SIZE];
	char via[NOTE_VIA_SIZE];	/* "cli", "api"; of the service itself "start", "return" */
	char comment[NOTE_COMMENT_SIZE];	/* "" = none */
	struct trial trial;
};

/* The head's lines, each with its newline.  Whatever the texts hold, each stays on its line. */
void note_print(const struct note *note, char text[NOTE_TEXT_MAX]);

/* Read the head of a text; what it does not say is 0 or "".  False when there is no revision. */
bool note_parse(const char *text, struct note *ret_note);

#endif
