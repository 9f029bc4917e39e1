/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands behind a command: "| match MASTER | count".  Reads a line as a command and its pipes,
 * knows which pipe may follow which command, and what may be typed next.  What the pipes do to the
 * lines is filter.c's business.
 */
#ifndef TANDEM_PIPES_H
#define TANDEM_PIPES_H

#include <regex.h>
#include <stdio.h>

#include "base/base.h"
#include "cli/tree.h"
#include "config/words.h"

/* A line in parts: the command's words first, then those behind each "|". */
struct pipeline {
	struct words *parts;		/* never none */
	size_t count;
};

/* Only a bare "|" that begins a word divides: 'a|b' is a word.  False when a quote is open; then
 * *ret_fault says so, a sentence without final dot. */
bool pipeline_of_line(const char *line, struct pipeline *ret, const char **ret_fault) MUST_USE;
/* Words that somebody else divided: those that are "|" divide. */
struct pipeline pipeline_of_words(char *const words[], size_t count);
void pipeline_done(struct pipeline *pipeline);

enum pipe_kind {
	PIPE_MATCH,
	PIPE_NO_MATCH,
	PIPE_COUNT,
	PIPE_MORE,
	PIPE_NO_MORE,
	PIPE_JSON,
	PIPE_COMMANDS,
};

/* A pipe that lines go through: match, no-match or count. */
struct pipe_stage {
	enum pipe_kind kind;
	regex_t pattern;		/* of match and no-match */
};

enum paging {
	PAGING_AS_NEEDED,		/* on a terminal, when the screen is too small */
	PAGING_ALWAYS,			/* on a terminal */
	PAGING_NEVER,
};

struct pipes {
	struct pipe_stage *stages;	/* in order */
	size_t count;
	bool json;
	bool commands;
	enum paging paging;
};

/* Understand all parts but the first.  False when one makes no sense: to err goes why. */
bool pipes_read(const struct pipeline *pipeline, struct pipes *ret, FILE *err) MUST_USE;
void pipes_done(struct pipes *pipes);

/* May these follow a command that shows this?  If not, to err goes why.  pipes may be NULL. */
bool pipes_fit(const struct pipes *pipes, enum shows shows, const char *command, FILE *err)
	MUST_USE;

/* What may follow in the last part, as far as it begins with start, behind such a command. */
void pipes_complete(const struct pipeline *pipeline, enum shows shows, const char *start,
                    struct possibilities *possibilities);

#endif
