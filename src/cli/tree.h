/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of commands, and the one way to walk it: running, "?" and Tab all follow the same rows.
 *
 * A row's words name its place: "show vrrp interface <interface>" stands below the row "show vrrp
 * interface".  A word in <> is an argument; one ending in "..." takes all words that follow.  A
 * keyword may be shortened as long as it stays unique, and is no value that an argument in its
 * place has.  Rows stand in the order help shows them, every prefix of a row is a row, and the
 * table ends with a row without words.
 */
#ifndef TANDEM_CLI_TREE_H
#define TANDEM_CLI_TREE_H

#include "base/base.h"

struct session;

/* Exit statuses of a command, and of the program. */
enum outcome {
	OUTCOME_DONE = 0,
	OUTCOME_FAILED = 1,		/* refused by the service, or nothing there to show */
	OUTCOME_USAGE = 2,		/* no such command */
	OUTCOME_WARNED = 3,		/* checked, and there are warnings but no errors; a script
					 * goes on */
};

struct possibility {
	char *word;			/* what Tab inserts; NULL: only the user knows */
	char *shown;			/* what "?" shows in its place */
	char *help;
};

struct possibilities {
	struct possibility *list;
	size_t count;
};

/* Add one; the texts are copied.  word may be NULL (then shown says what kind of value). */
void possibilities_add(struct possibilities *possibilities, const char *word, const char *shown,
                       const char *help);
void possibilities_done(struct possibilities *possibilities);

/* arguments: the words that stood for <...>, in order.  NULL in a row: more words must follow. */
typedef enum outcome command_run(struct session *session, char *const arguments[], size_t count);
/* Add the values an argument may have now, given the arguments before it and how it begins;
 * without any, "?" shows the argument's name. */
typedef void command_complete(struct session *session, char *const arguments[], size_t count,
                              const char *start, struct possibilities *possibilities);

/* What a command shows; it says which pipes may follow. */
enum shows {
	SHOWS_NOTHING,			/* a sentence about what was done, or a talk; never paged */
	SHOWS_TEXT,
	SHOWS_DATA,			/* as text or as JSON */
	SHOWS_CONFIGURATION,		/* as braces, as set commands or as JSON */
	SHOWS_EVENTS,			/* as they happen, as text or as JSON; never paged */
	SHOWS_AS_RUN,			/* what the command in its arguments shows */
};

struct command {
	const char *words;
	const char *help;
	command_run *run;
	command_complete *complete;	/* of a row that ends in an argument; may be NULL */
	enum shows shows;
};

/* What "?" says of the | behind a command that shows something. */
#define TREE_PIPE_HELP "Filter, count or page what is shown"

/* The row these words lead to, or NULL. */
const struct command *tree_find(const struct command table[], char *const words[], size_t count);

/* Run the command these words name; what is wrong with them is told to the session's user. */
enum outcome tree_run(struct session *session, const struct command table[], char *const words[],
                      size_t count);

/* What may stand after these complete words, as far as it begins with start. */
void tree_complete(struct session *session, const struct command table[], char *const words[],
                   size_t count, const char *start, struct possibilities *possibilities);

#endif
