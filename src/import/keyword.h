/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of the words that may begin a statement, and the one way to walk a block by them: no
 * statement is passed over in silence.
 */
#ifndef TANDEM_KEYWORD_H
#define TANDEM_KEYWORD_H

#include "import/model.h"
#include "import/statement.h"

enum keyword_use {
	KEYWORD_QUIET,			/* changes nothing, and nobody misses it */
	KEYWORD_SAID,			/* its first argument goes to a struct said */
	KEYWORD_BELOW,			/* the same of the first word of its block */
	KEYWORD_CALL,
	KEYWORD_LEFT,			/* findings with this text */
	KEYWORD_LEFT_IF_ON,		/* the same, unless its argument turns it off */
	KEYWORD_UNNEEDED,
};

struct keyword;
typedef void keyword_read(struct model *model, const struct statement *statement, void *into);

struct keyword {
	const char *word;
	enum keyword_use use;
	size_t offset;			/* SAID: of the struct said in what is filled */
	keyword_read *read;		/* CALL */
	const char *text;		/* LEFT, LEFT_IF_ON, UNNEEDED */
	const char *off;		/* LEFT_IF_ON: an argument that changes nothing */
	const struct keyword *more;	/* of the last row: a table that goes on */
};

#define KEYWORD_INTO(word, type, member) { word, KEYWORD_SAID, .offset = offsetof(type, member) }

#define KEYWORD_FROM_BELOW(word, type, member) \
	{ word, KEYWORD_BELOW, .offset = offsetof(type, member) }

/* Read every statement of a block into what the table fills; where says which block, for words
 * that the table does not have.  The table ends with a row without word. */
void keyword_walk(struct model *model, const struct statement *block,
                  const struct keyword table[], void *into, const char *where);

/* A statement's argument; "" when it has none. */
struct said keyword_said(const struct statement *statement, size_t index);

/* Is this argument one of keepalived's words for off? */
bool keyword_is_off(const char *word);

/* The first word of its block; "" when it has none. */
struct said keyword_below(const struct statement *statement);

/* A finding about a statement. */
void keyword_find(struct model *model, enum finding_kind kind, const struct statement *statement,
                  const char *format, ...) PRINTF_LIKE(4, 5);

#endif
