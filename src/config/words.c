/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text to words and words to text.  Reading takes bytes from an operator's file and must stand
 * anything; whatever words_print() writes, words_next() reads back as the same word.
 */
#include "config/words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct words_scanner
words_over(const char *text)
{
	return (struct words_scanner){ .at = text, .line = 1 };
}

void
words_done(struct words_scanner *scanner)
{
	free(scanner->word);
	scanner->word = NULL;
	scanner->room = 0;
}

static void
put(struct words_scanner *scanner, size_t *length, char c)
{
	if (*length + 1 >= scanner->room) {
		scanner->room = scanner->room ? 2 * scanner->room : 64;
		scanner->word = realloc(scanner->word, scanner->room);
		assert(scanner->word);
	}
	scanner->word[(*length)++] = c;
	scanner->word[*length] = '\0';
}

static enum words_token
fault(struct words_scanner *scanner, const char *sentence)
{
	scanner->fault = sentence;
	scanner->at += strcspn(scanner->at, "\n");
	return WORDS_FAULT;
}

/* Behind an opening double quote, up to and over the closing one. */
static bool
scan_double_quoted(struct words_scanner *scanner, size_t *length)
{
	for (; *scanner->at != '"'; scanner->at++) {
		char c = *scanner->at;

		if (c == '\0' || c == '\n')
			return false;
		if (c == '\\') {
			c = *++scanner->at;
			if (c == '\0' || c == '\n')
				return false;
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
		}
		put(scanner, length, c);
	}
	scanner->at++;
	return true;
}

static bool
scan_single_quoted(struct words_scanner *scanner, size_t *length)
{
	for (; *scanner->at != '\''; scanner->at++) {
		if (*scanner->at == '\0' || *scanner->at == '\n')
			return false;
		put(scanner, length, *scanner->at);
	}
	scanner->at++;
	return true;
}

static enum words_token
scan_word(struct words_scanner *scanner)
{
	size_t length = 0;

	put(scanner, &length, ' ');	/* there is a buffer, even for the word '' */
	length = 0;
	scanner->word[0] = '\0';

	while (*scanner->at != '\0' && !strchr(" \t\r\n", *scanner->at)) {
		char c = *scanner->at++;

		if (c == '\'') {
			if (!scan_single_quoted(scanner, &length))
				return fault(scanner, "a quote (') is opened and not closed on "
				                      "this line");
		} else if (c == '"') {
			if (!scan_double_quoted(scanner, &length))
				return fault(scanner,
				             "a quote (\") is opened and not closed on this line");
		} else if (c == '\\') {
			if (*scanner->at == '\0' || *scanner->at == '\n')
				return fault(scanner, "nothing follows the backslash");
			put(scanner, &length, *scanner->at++);
		} else {
			put(scanner, &length, c);
		}
	}
	return WORDS_WORD;
}

/* Behind the opening of a comment whose end is known: its text as one line.  A line of the text
 * may begin with a star, as is usual. */
static enum words_token
scan_comment(struct words_scanner *scanner, const char *end)
{
	size_t length = 0;

	put(scanner, &length, ' ');
	length = 0;
	scanner->at += 2;
	scanner->at += strspn(scanner->at, " \t\r\n");
	while (scanner->at < end) {
		size_t blank = strspn(scanner->at, " \t\r\n");
		const char *line = memchr(scanner->at, '\n', blank);

		if (scanner->at + blank >= end)
			break;
		if (!line) {
			put(scanner, &length, *scanner->at++);
			continue;
		}
		scanner->at += blank;
		if (*scanner->at == '*')
			scanner->at += 1 + strspn(scanner->at + 1, " \t");
		put(scanner, &length, ' ');
	}
	scanner->word[length] = '\0';
	scanner->at = end + 2;
	return WORDS_COMMENT;
}

/* Over blanks and comments, counting lines in comments.  False when a comment is not closed. */
static bool
skip_blanks(struct words_scanner *scanner)
{
	for (;;) {
		scanner->at += strspn(scanner->at, " \t\r");
		if (scanner->at[0] == '#' || strncmp(scanner->at, "//", 2) == 0) {
			scanner->at += strcspn(scanner->at, "\n");
		} else if (strncmp(scanner->at, "/*", 2) == 0) {
			const char *end = strstr(scanner->at + 2, "*/");

			if (!end)
				return false;
			if (scanner->comments)
				return true;
			for (; scanner->at < end; scanner->at++)
				scanner->line += *scanner->at == '\n';
			scanner->at = end + 2;
		} else {
			return true;
		}
	}
}

enum words_token
words_next(struct words_scanner *scanner)
{
	if (scanner->line_ended)
		scanner->line++;
	scanner->line_ended = false;

	if (!skip_blanks(scanner)) {
		scanner->fault = "a comment (/*) is opened and never closed";
		scanner->at += strlen(scanner->at);
		return WORDS_FAULT;
	}
	if (*scanner->at == '\0')
		return WORDS_TEXT_END;
	if (*scanner->at == '\n') {
		scanner->at++;
		scanner->line_ended = true;
		return WORDS_LINE_END;
	}
	if (scanner->comments && strncmp(scanner->at, "/*", 2) == 0) {
		const char *end = strstr(scanner->at + 2, "*/");

		for (const char *c = scanner->at; c < end; c++)
			scanner->line += *c == '\n';
		return scan_comment(scanner, end);
	}
	if (scanner->braces && strchr("{}", scanner->at[0]) &&
	    (scanner->at[1] == '\0' || strchr(" \t\r\n", scanner->at[1])))
		return *scanner->at++ == '{' ? WORDS_OPEN : WORDS_CLOSE;
	if (scanner->pipes && scanner->at[0] == '|') {
		scanner->at++;
		return WORDS_PIPE;
	}
	return scan_word(scanner);
}

void
words_add(struct words *words, const char *word)
{
	if (words->count == words->room) {
		words->room = words->room ? 2 * words->room : 16;
		words->list = realloc(words->list, words->room * sizeof(char *));
		assert(words->list);
	}
	words->list[words->count] = strdup(word);
	assert(words->list[words->count]);
	words->count++;
}

void
words_cut(struct words *words, size_t count)
{
	while (words->count > count)
		free(words->list[--words->count]);
}

void
words_free(struct words *words)
{
	words_cut(words, 0);
	free(words->list);
	*words = (struct words){ 0 };
}

char *
words_join(char *const words[], size_t count)
{
	size_t size = 1;
	char *text, *at;

	for (size_t i = 0; i < count; i++)
		size += strlen(words[i]) + 1;
	text = malloc(size);
	assert(text);
	at = text;
	for (size_t i = 0; i < count; i++) {
		if (i)
			*at++ = ' ';
		at = stpcpy(at, words[i]);
	}
	*at = '\0';
	return text;
}

static bool
can_be_bare(const char *word)
{
	if (word[0] == '\0' || word[0] == '/')
		return false;
	for (const char *c = word; *c; c++) {
		if ((unsigned char)*c >= 0x80 ||
		    (!isalnum((unsigned char)*c) && !strchr("._:/@%+=,~*-", *c)))
			return false;
	}
	return true;
}

static void
print_double_quoted(FILE *out, const char *word)
{
	fputc('"', out);
	for (const char *c = word; *c; c++) {
		if (*c == '\n')
			fputs("\\n", out);
		else if (*c == '\r')
			fputs("\\r", out);
		else if (*c == '"' || *c == '\\')
			fprintf(out, "\\%c", *c);
		else
			fputc(*c, out);
	}
	fputc('"', out);
}

void
words_print(FILE *out, const char *word)
{
	if (can_be_bare(word))
		fputs(word, out);
	else
		print_double_quoted(out, word);
}

void
words_print_quoted(FILE *out, const char *word)
{
	if (strpbrk(word, "'\n\r"))
		print_double_quoted(out, word);
	else
		fprintf(out, "'%s'", word);
}

unsigned
words_distance(const char *a, const char *b, unsigned limit)
{
	unsigned rows[3][64];	/* of the letters of a: the last, the one before, and this one */
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];
	size_t length = strlen(b);

	if (length >= ARRAY_SIZE(rows[0]))
		return limit;
	for (unsigned j = 0; j <= length; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1] != '\0'; i++) {
		unsigned *free_row = before;

		before = last;
		last = row;
		row = free_row;
		row[0] = i;
		for (unsigned j = 1; j <= length; j++) {
			unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);
			bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			               a[i - 2] == b[j - 1];

			best = last[j] + 1 < best ? last[j] + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			row[j] = swapped && before[j - 2] + 1 < best ? before[j - 2] + 1 : best;
		}
	}
	return row[length] < limit ? row[length] : limit;
}
