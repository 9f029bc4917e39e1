/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one user of the command line has open: the way to the service, the schema, where output
 * goes, and the candidate while in configuration mode.  Runs a line of words in the right table.
 */
#ifndef TANDEM_SESSION_H
#define TANDEM_SESSION_H

#include <stdio.h>

#include <libyang/libyang.h>

#include "base/base.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/tree.h"
#include "config/problem.h"

struct candidate;
struct pipes;

struct session {
	struct client *client;		/* owned */
	struct ly_ctx *schema;		/* owned */
	FILE *out;			/* answers; borrowed */
	FILE *err;			/* refusals and warnings; borrowed */
	struct candidate *candidate;	/* not NULL in configuration mode; owned (configure.c) */
	bool always_json;		/* --json before the command */
	bool json;			/* the command being run shall answer in JSON */
	bool commands;			/* ... in set commands, if it shows a configuration */
	bool secrets;			/* ... and may show passwords */
	const struct pipes *pipes;	/* ... and its answer goes through these; NULL: none */
	unsigned width;			/* ... and its sentences fold at this column; 0: never */
	bool leave;			/* "exit": the shell ends after this command */
	bool interactive;		/* a person reads and answers: a shell on a terminal */
	bool page;			/* out is a terminal: long answers go through a pager */
};

/* 0, or negative errno with *error when the schema cannot be loaded. */
int session_open(struct session *session, const char *socket_path, const char *yang_dir,
                 struct error *error) MUST_USE;
void session_close(struct session *session);

/* Run one command, with the pipes behind it; a line of no words is done.  Quotes are understood
 * in a line; words are taken as they are. */
enum outcome session_run_words(struct session *session, char *const words[], size_t count);
enum outcome session_run_line(struct session *session, const char *line);

/* What may follow the line, whose last, incomplete word is start. */
void session_complete(struct session *session, const char *line, const char *start,
                      struct possibilities *possibilities);
void session_complete_words(struct session *session, char *const words[], size_t count,
                            const char *start, struct possibilities *possibilities);

/* Say what went wrong on the way to the service; returns OUTCOME_FAILED. */
enum outcome session_tell(struct session *session, const struct error *error);
/* Behind a command that is none: that the other mode has it, if so, and how to get there. */
void session_tell_elsewhere(struct session *session, const char *word);
/* Print every problem, one a line, after prefix. */
void session_tell_problems(struct session *session, const char *prefix,
                           const struct problems *problems);
/* Say why an answer was a refusal, and release it; returns OUTCOME_FAILED. */
enum outcome session_tell_refusal(struct session *session, struct answer *answer);

/* Print a data tree as JSON; options are more of libyang's LYD_PRINT_*. */
void session_print_json(struct session *session, const struct lyd_node *tree, uint32_t options);

#endif
