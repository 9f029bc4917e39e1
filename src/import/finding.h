/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an import has to say: of each statement of the source, by file and line, what became of it.
 * It keeps and prints sentences; which sentence is due is for those who read and write.
 */
#ifndef TANDEM_FINDING_H
#define TANDEM_FINDING_H

#include <stdio.h>

#include "base/base.h"

/* Where the source says something. */
struct place {
	unsigned file;			/* of findings_file() */
	unsigned line;			/* from 1; 0: the file as a whole */
};

enum finding_kind {
	FINDING_TAKEN,			/* what it is called now */
	FINDING_DIFFERS,		/* taken over, or added, and not quite the same */
	FINDING_LEFT,			/* has no equal and is left out */
	FINDING_UNNEEDED,		/* left out, and nothing is lost by that */
	FINDING_FAULT,			/* the source cannot be read */
	FINDING_KINDS,
};

struct finding {
	enum finding_kind kind;
	struct place place;
	size_t number;			/* in the order they were found */
	char *what;			/* the statement in the source's words; heap */
	char *text;			/* a sentence without final dot; heap */
	char *alike;			/* what makes it the same as others; NULL: both; heap */
};

struct findings {
	struct finding *list;
	size_t count;
	size_t room;
	size_t counts[FINDING_KINDS];
	char **files;			/* heap */
	unsigned file_count;
};

/* The number of a file by the name it is told to the user; the same name is the same number. */
unsigned findings_file(struct findings *findings, const char *path);

/* what may be NULL.  Both texts are copied. */
void findings_add(struct findings *findings, enum finding_kind kind, struct place place,
                  const char *what, const char *format, ...) PRINTF_LIKE(5, 6);

/* The finding that was added last is the same as others of its kind that are said to be like this,
 * though its texts differ. */
void findings_alike(struct findings *findings, const char *alike);

/*
 * Print all of them, one a line, in the order of the source, and what they add up to:
 *   keepalived.conf:12: no equal: smtp_alert: mails are not sent; ...
 * What is said very often is said a few times only, and how often more.
 */
void findings_print(const struct findings *findings, FILE *out);

void findings_done(struct findings *findings);

#endif
