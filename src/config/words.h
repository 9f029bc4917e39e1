/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The language's spelling: how a text falls into words, and how a word is written so that it reads
 * back as itself.  Knows nothing of the schema.
 *
 * A word ends at a blank.  '...' keeps everything; "..." keeps everything but \" \\ \n \t; outside
 * quotes a backslash keeps the next character.  Comments begin where a word could: # and // to the
 * end of the line, and C's over several lines, which are tokens for who wants to keep them.
 */
#ifndef TANDEM_WORDS_H
#define TANDEM_WORDS_H

#include <stdio.h>

#include "base/base.h"

enum words_token {
	WORDS_WORD,
	WORDS_OPEN,			/* a { standing alone; only with braces */
	WORDS_CLOSE,
	WORDS_LINE_END,
	WORDS_PIPE,			/* a bare | where a word could begin; if asked for */
	WORDS_COMMENT,			/* C's, in one line, without blanks around; if asked for */
	WORDS_TEXT_END,
	WORDS_FAULT,			/* fault says what; the rest of the line is skipped */
};

struct words_scanner {
	const char *at;
	unsigned line;			/* of the token last returned */
	bool braces;			/* { and } are tokens, not words */
	bool pipes;			/* | is a token where a word could begin */
	bool comments;			/* C's comments are tokens, not blanks */
	bool line_ended;		/* the token last returned ended its line */
	char *word;			/* of WORDS_WORD, WORDS_COMMENT; reused by the next call */
	size_t room;
	const char *fault;		/* of WORDS_FAULT: a sentence without final dot */
};

/* Begin a text, which is borrowed, with none of the tokens to be asked for; words_done() may come
 * before the end. */
struct words_scanner words_over(const char *text);
enum words_token words_next(struct words_scanner *scanner);
void words_done(struct words_scanner *scanner);

/* A growing list of words; end it with words_clear() and free(list). */
struct words {
	char **list;
	size_t count;
	size_t room;
};

void words_add(struct words *words, const char *word);
/* Drop the words behind the first count. */
void words_cut(struct words *words, size_t count);
void words_free(struct words *words);

/* The words joined by single blanks, on the heap. */
char *words_join(char *const words[], size_t count);

/* Write a word: bare where it can be, or in quotes. */
void words_print(FILE *out, const char *word);
/* Write a word in quotes, single ones where they can be. */
void words_print_quoted(FILE *out, const char *word);

/* How many letters must change, come, go or change places with the next to make b of a, at most
 * limit. */
unsigned words_distance(const char *a, const char *b, unsigned limit);

#endif
