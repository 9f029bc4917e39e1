/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Columns, labelled lines, durations, help.  A stream, a text and a width are all it knows.
 */
#include "cli/print.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define HELP_COLUMN 24
#define HELP_WIDTH_MIN 20		/* of the help; a narrower terminal wraps it itself */
#define SENTENCE_INDENT 4u

static struct {
	FILE *out;
	unsigned width;
} later;				/* what print_shown_later() was told */

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

/* How many columns a text of bytes takes: those that begin a character (UTF-8). */
static size_t
columns(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

/* Words from column at on, and a newline: lines of less than width columns, all but the first with
 * an indent.  A word that is wider stands alone. */
static void
fold(FILE *out, const char *text, unsigned indent, size_t width, size_t at)
{
	bool begun = false;

	while (*text) {
		size_t length = strcspn(text, " ");
		size_t wide = columns(text, length);

		if (begun && at + 1 + wide >= width) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
			begun = false;
		}
		fprintf(out, "%s%.*s", begun ? " " : "", (int)length, text);
		at += begun + wide;
		begun = true;
		text += length;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

void
print_folded(FILE *out, const char *prefix, const char *text, unsigned width)
{
	size_t before = columns(prefix, strlen(prefix));

	if (width < SENTENCE_INDENT + HELP_WIDTH_MIN ||
	    before + columns(text, strlen(text)) < width) {
		fprintf(out, "%s%s\n", prefix, text);
		return;
	}
	fputs(prefix, out);
	fold(out, text, SENTENCE_INDENT, width, before);
}

void
print_sentence(FILE *out, const char *prefix, const char *text)
{
	print_folded(out, prefix, text, print_width(out));
}

void
print_said(FILE *out, const char *format, ...)
{
	va_list arguments;
	char *text;
	int r;

	va_start(arguments, format);
	r = vasprintf(&text, format, arguments);
	va_end(arguments);
	assert(r >= 0);
	print_sentence(out, "", text);
	free(text);
}

void
print_help_line(FILE *out, const char *word, const char *help, unsigned width)
{
	bool folds = width >= HELP_COLUMN + HELP_WIDTH_MIN;

	if (help[0] == '\0') {
		fprintf(out, "  %s\n", word);
		return;
	}
	fputs("  ", out);
	/* The help of a word too long for its column begins below it. */
	if (folds && columns(word, strlen(word)) >= HELP_COLUMN - 2)
		fprintf(out, "%s\n%*s", word, HELP_COLUMN, "");
	else
		print_column(out, word, HELP_COLUMN - 2);
	fold(out, help, HELP_COLUMN, folds ? width : SIZE_MAX, HELP_COLUMN);
}

unsigned
print_width(FILE *out)
{
	struct winsize size = { 0 };

	if (out == later.out)
		return later.width;
	if (isatty(fileno(out)) != 1)
		return 0;
	return ioctl(fileno(out), TIOCGWINSZ, &size) < 0 || size.ws_col == 0 ? 80 : size.ws_col;
}

void
print_shown_later(FILE *out, unsigned width)
{
	later.out = out;
	later.width = width;
}
