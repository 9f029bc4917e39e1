/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks blocks by tables.
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
		else if (row->use != KEYWORD_QUIET)
			keyword_find(model, row->use == KEYWORD_LEFT ? FINDING_LEFT
			                                             : FINDING_UNNEEDED,
			             s, "%s", row->text);
	}
}
