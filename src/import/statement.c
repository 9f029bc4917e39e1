/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building and walking trees of statements.  No meaning, no limits but the depth that who builds
 * has to keep (STATEMENT_DEPTH_MAX), because freeing goes as deep.
 */
#include "import/statement.h"

#include <stdlib.h>
#include <string.h>

struct statement *
statement_new(struct statement *parent, struct place place, struct words *words)
{
	struct statement *statement = calloc(1, sizeof(*statement));

	assert(statement);
	statement->place = place;
	statement->parent = parent;
	if (words) {
		statement->words = *words;
		*words = (struct words){ 0 };
	}
	if (parent) {
		if (parent->last)
			parent->last->next = statement;
		else
			parent->first = statement;
		parent->last = statement;
	}
	return statement;
}

void
statement_free(struct statement *root)
{
	struct statement *next;

	if (!root)
		return;
	for (struct statement *child = root->first; child; child = next) {
		next = child->next;
		statement_free(child);
	}
	words_free(&root->words);
	free(root->comment);
	free(root);
}

const char *
statement_word(const struct statement *statement, size_t index)
{
	return index < statement->words.count ? statement->words.list[index] : "";
}

char *
statement_rest(const struct statement *statement, size_t index)
{
	size_t count = statement->words.count;

	return words_join(index < count ? statement->words.list + index : NULL,
	                  index < count ? count - index : 0);
}

bool
statement_is(const struct statement *statement, const char *word)
{
	return strcmp(statement_word(statement, 0), word) == 0;
}

struct statement *
statement_find(const struct statement *parent, const char *word)
{
	/* What is looked for is mostly what was read last. */
	if (parent->last && statement_is(parent->last, word))
		return parent->last;
	for (struct statement *child = parent->first; child; child = child->next) {
		if (statement_is(child, word))
			return child;
	}
	return NULL;
}
