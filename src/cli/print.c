/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Columns, labelled lines, durations.  Pure: a stream, a text and a width are all it knows.
 */
#include "cli/print.h"

#include <inttypes.h>
#include <string.h>

#define HELP_COLUMN 24

void
print_column(FILE *out, const char *text, int width)
{
	if ((int)strlen(text) < width)
		fprintf(out, "%-*s", width, text);
	else
		fprintf(out, "%s ", text);
}

void
print_label(FILE *out, int indent, const char *label, const char *value)
{
	fprintf(out, "%*s", indent, "");
	print_column(out, label, PRINT_VALUE_COLUMN - indent);
	fprintf(out, "%s\n", value);
}

void
print_number(FILE *out, int indent, const char *label, uint64_t number, const char *unit)
{
	fprintf(out, "%*s", indent, "");
	print_column(out, label, PRINT_VALUE_COLUMN - indent);
	fprintf(out, "%" PRIu64 "%s\n", number, unit);
}

const char *
print_elapsed(uint64_t seconds, char text[ELAPSED_TEXT_SIZE])
{
	static const struct {
		uint64_t seconds;
		char letter;
	} parts[] = { { 604800, 'w' }, { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' } };
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		uint64_t n = seconds / parts[i].seconds;

		seconds %= parts[i].seconds;
		if (n > 0)
			used += (size_t)snprintf(text + used, ELAPSED_TEXT_SIZE - used,
			                         "%" PRIu64 "%c", n, parts[i].letter);
	}
	snprintf(text + used, ELAPSED_TEXT_SIZE - used, "%" PRIu64 "s", seconds);
	return text;
}

void
print_help_line(FILE *out, const char *word, const char *help)
{
	if (help[0] == '\0') {
		fprintf(out, "  %s\n", word);
		return;
	}
	fputs("  ", out);
	print_column(out, word, HELP_COLUMN - 2);
	fprintf(out, "%s\n", help);
}
