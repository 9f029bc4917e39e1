/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks blocks by tables.  A word that no table has is always a finding; what a word means is with
 * the readers.
 */
#include "import/keyword.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct said
keyword_said(const struct statement *statement, size_t index)
{
	return (struct said){ statement_word(statement, index), statement->place };
}

struct said
keyword_below(const struct statement *statement)
{
	return (struct said){
		statement->first ? statement_word(statement->first, 0) : "", statement->place,
	};
}

bool
keyword_is_off(const char *word)
{
	return strcmp(word, "off") == 0 || strcmp(word, "no") == 0 || strcmp(word, "false") == 0;
}

/* Does the statement change nothing? */
static bool
is_off(const struct keyword *row, const struct statement *s)
{
	const char *word = statement_word(s, 1);

	return row->use == KEYWORD_LEFT_IF_ON &&
	       (keyword_is_off(word) || (row->off && strcmp(row->off, word) == 0));
}

void
keyword_find(struct model *model, enum finding_kind kind, const struct statement *statement,
             const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	findings_add(model->findings, kind, statement->place, statement_word(statement, 0), "%s",
	             text);
}

static const struct keyword *
find(const struct keyword table[], const char *word)
{
	for (; table; table = table->more) {
		for (; table->word; table++) {
			if (strcmp(table->word, word) == 0)
				return table;
		}
	}
	return NULL;
}

void
keyword_walk(struct model *model, const struct statement *block, const struct keyword table[],
             void *into, const char *where)
{
	for (const struct statement *s = block->first; s; s = s->next) {
		const struct keyword *row = find(table, statement_word(s, 0));

		if (!row)
			keyword_find(model, FINDING_LEFT, s, "is no word of %s that is known here; "
			             "read what it does and whether it is missed", where);
		else if (row->use == KEYWORD_SAID)
			*(struct said *)((char *)into + row->offset) = keyword_said(s, 1);
		else if (row->use == KEYWORD_BELOW)
			*(struct said *)((char *)into + row->offset) = keyword_below(s);
		else if (row->use == KEYWORD_CALL)
			row->read(model, s, into);
		else if (row->use != KEYWORD_QUIET && !is_off(row, s))
			keyword_find(model, row->use == KEYWORD_UNNEEDED ? FINDING_UNNEEDED
			                                                 : FINDING_LEFT,
			             s, "%s", row->text);
	}
}
