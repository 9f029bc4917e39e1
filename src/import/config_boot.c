/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads braces or set commands; which of them is seen from the first word.  A set command does not
 * say which of its words are names of lists, so that both forms become the same only when every
 * word is a block of its own: "group WAN" of a block is "group" with "WAN" below it.  A comment
 * belongs to the node that it stands before, or that its command names.
 */
#include "import/config_boot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/language.h"
#include "config/words.h"

struct reader {
	struct findings *findings;
	const char *const *wanted;	/* NULL: all */
	struct words_scanner scanner;
	struct statement *root;
	struct words words;		/* of the statement being read */
	char *comment;			/* for the next statement; heap */
	struct place place;
	bool failed;
};

static void
fail(struct reader *reader, unsigned line, const char *text)
{
	struct place place = { reader->place.file, line };

	if (!reader->failed)
		findings_add(reader->findings, FINDING_FAULT, place, NULL, "%s", text);
	reader->failed = true;
}

static bool
is_wanted(const struct reader *reader, const struct statement *top)
{
	if (!reader->wanted)
		return true;
	for (const char *const *word = reader->wanted; *word; word++) {
		if (statement_is(top, *word))
			return true;
	}
	return false;
}

/* Of several comments before one node the last is its own. */
static void
keep_comment(struct reader *reader, const char *text)
{
	free(reader->comment);
	reader->comment = text ? strdup(text) : NULL;
	assert(reader->comment || !text);
}

static void
put_comment(struct statement *node, const char *text)
{
	free(node->comment);
	node->comment = strdup(text);
	assert(node->comment);
}

/* The words below a node, each below the one before it; returns the last. */
static struct statement *
add_path(struct reader *reader, struct statement *node, size_t from)
{
	for (size_t i = from; i < reader->words.count; i++) {
		struct words words = { 0 };
		struct statement *child;

		if (node->parent == reader->root && !is_wanted(reader, node))
			break;
		child = statement_find(node, reader->words.list[i]);
		if (!child) {
			words_add(&words, reader->words.list[i]);
			child = statement_new(node, reader->place, &words);
		}
		node = child;
	}
	if (reader->comment && reader->words.count > from)
		put_comment(node, reader->comment);
	keep_comment(reader, NULL);
	words_cut(&reader->words, 0);
	return node;
}

static void
take_word(struct reader *reader)
{
	if (reader->words.count == 0)
		reader->place.line = reader->scanner.line;
	if (reader->words.count == STATEMENT_DEPTH_MAX)
		fail(reader, reader->scanner.line, "the line has too many words");
	else
		words_add(&reader->words, reader->scanner.word);
}

/* "comment <path> <text>"; on a path that is not there it says nothing. */
static void
end_comment_command(struct reader *reader)
{
	struct statement *node = reader->root;
	size_t last = reader->words.count - 1;

	for (size_t i = 1; node && i < last; i++)
		node = statement_find(node, reader->words.list[i]);
	if (node)
		put_comment(node, reader->words.list[last]);
	words_cut(&reader->words, 0);
}

static void
end_command(struct reader *reader)
{
	const char *verb = reader->words.count ? reader->words.list[0] : "set";

	if (strcmp(verb, "set") == 0)
		add_path(reader, reader->root, 1);
	else if (strcmp(verb, "comment") == 0)
		end_comment_command(reader);
	else
		fail(reader, reader->place.line, "a command that is not 'set'; give the commands "
		                                 "that 'show configuration commands' prints");
}

static void
read_commands(struct reader *reader)
{
	enum words_token token = WORDS_LINE_END;

	while (token != WORDS_TEXT_END && !reader->failed) {
		token = words_next(&reader->scanner);
		if (token == WORDS_WORD)
			take_word(reader);
		else if (token == WORDS_FAULT)
			fail(reader, reader->scanner.line, reader->scanner.fault);
		else
			end_command(reader);
	}
}

/* Blocks that are open: the nodes into which they put, and where each began. */
struct open_blocks {
	struct statement *nodes[STATEMENT_DEPTH_MAX];
	unsigned lines[STATEMENT_DEPTH_MAX];
	unsigned count;
};

static unsigned
depth_of(const struct statement *node)
{
	unsigned depth = 0;

	for (; node->parent; node = node->parent)
		depth++;
	return depth;
}

static struct statement *
innermost(struct reader *reader, const struct open_blocks *open)
{
	return open->count ? open->nodes[open->count - 1] : reader->root;
}

static void
open_block(struct reader *reader, struct open_blocks *open)
{
	struct statement *node = innermost(reader, open);

	if (reader->words.count == 0)
		fail(reader, reader->scanner.line, "a block must have a name before its '{'");
	else if (open->count == STATEMENT_DEPTH_MAX ||
	         depth_of(node) + reader->words.count > STATEMENT_DEPTH_MAX)
		fail(reader, reader->scanner.line, "the blocks are nested too deeply");
	if (reader->failed)
		return;
	open->lines[open->count] = reader->place.line;
	open->nodes[open->count++] = add_path(reader, node, 0);
}

static void
end_node(struct reader *reader, const struct open_blocks *open)
{
	struct statement *node = innermost(reader, open);

	if (depth_of(node) + reader->words.count > STATEMENT_DEPTH_MAX)
		fail(reader, reader->scanner.line, "the blocks are nested too deeply");
	else
		add_path(reader, node, 0);
}

static void
read_braces(struct reader *reader)
{
	struct open_blocks open = { .count = 0 };
	enum words_token token = WORDS_LINE_END;

	reader->scanner.braces = true;
	reader->scanner.comments = true;
	while (token != WORDS_TEXT_END && !reader->failed) {
		token = words_next(&reader->scanner);
		if (token == WORDS_WORD) {
			take_word(reader);
		} else if (token == WORDS_FAULT) {
			fail(reader, reader->scanner.line, reader->scanner.fault);
		} else if (token == WORDS_OPEN) {
			open_block(reader, &open);
		} else if (token == WORDS_COMMENT) {
			keep_comment(reader, reader->scanner.word);
		} else {
			if (reader->words.count)
				end_node(reader, &open);
			if (token != WORDS_LINE_END)
				keep_comment(reader, NULL);
			if (token == WORDS_CLOSE && open.count == 0)
				fail(reader, reader->scanner.line,
				     "'}' closes a block that was not opened");
			else if (token == WORDS_CLOSE)
				open.count--;
		}
	}
	if (open.count)
		fail(reader, open.lines[open.count - 1],
		     "the block that begins here has no end");
}

struct statement *
config_boot_read(const struct source *source, const char *const wanted[],
                 struct findings *findings)
{
	struct reader reader = {
		.findings = findings, .wanted = wanted,
		.place.file = findings_file(findings, source->path),
	};
	const char *text = source->text;
	struct error error;
	char *read = NULL;

	if (!text && source_read(source->path, &read, &error) < 0) {
		fail(&reader, 0, error.text);
		return NULL;
	}
	text = text ? text : read;
	reader.root = statement_new(NULL, reader.place, NULL);
	reader.scanner = words_over(text);
	if (language_is_commands(text))
		read_commands(&reader);
	else
		read_braces(&reader);
	words_done(&reader.scanner);
	words_free(&reader.words);
	keep_comment(&reader, NULL);
	free(read);
	if (!reader.failed)
		return reader.root;
	statement_free(reader.root);
	return NULL;
}
