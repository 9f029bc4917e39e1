/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A foreign configuration as it stands: statements of words, some of them with a block of further
 * ones.  What the words mean is for others.
 */
#ifndef TANDEM_STATEMENT_H
#define TANDEM_STATEMENT_H

#include "base/base.h"
#include "config/words.h"
#include "import/finding.h"

/* Deeper is no configuration. */
#define STATEMENT_DEPTH_MAX 64u

struct statement {
	struct place place;
	struct words words;		/* what stands before the block; owned */
	bool block;
	char *comment;			/* that stands before it; heap, NULL = none */
	struct statement *parent;	/* NULL: the root, which has no words */
	struct statement *first, *last;	/* of the block */
	struct statement *next;
};

/* A new last statement of a block, or with parent NULL a root.  The words are taken. */
struct statement *statement_new(struct statement *parent, struct place place,
                                struct words *words);
/* With everything below; NULL is fine. */
void statement_free(struct statement *root);

/* The word at this index, "" where there is none. */
const char *statement_word(const struct statement *statement, size_t index);
/* The words from this index on, joined; heap. */
char *statement_rest(const struct statement *statement, size_t index);
/* A statement of the block that begins with this word, or NULL. */
struct statement *statement_find(const struct statement *parent, const char *word);
/* Does it have this first word? */
bool statement_is(const struct statement *statement, const char *word);

#endif
