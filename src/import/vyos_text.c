/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads braces or set commands; which of them is seen from the first word.  A set command does not
 * say which of its words are names of lists, so that both forms become the same only when every
 * word is a block of its own: "group WAN" of a block is "group" with "WAN" below it.
 */
#include "import/vyos_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/words.h"

struct reader {
	struct findings *findings;
	struct words_scanner scanner;
	struct statement *root;
	struct words words;		/* of the statement being read */
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

/* Of the parts that nobody asks for only the name is kept: some have very many nodes. */
static bool
is_wanted(const struct statement *top)
{
	static const char *const wanted[] = { "high-availability", "interfaces",
	                                     "protocols", "service" };

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (statement_is(top, wanted[i]))
			return true;
	}
	return false;
}

/* The words below a node, each below the one before it; returns the last. */
static struct statement *
add_path(struct reader *reader, struct statement *node, size_t from)
{
	for (size_t i = from; i < reader->words.count; i++) {
		struct words words = { 0 };
		struct statement *child;

		if (node->parent == reader->root && !is_wanted(node))
			break;
		child = statement_find(node, reader->words.list[i]);
		if (!child) {
			words_add(&words, reader->words.list[i]);
			child = statement_new(node, reader->place, &words);
		}
		node = child;
	}
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

static void
end_command(struct reader *reader)
{
	const char *verb = reader->words.count ? reader->words.list[0] : "set";

	if (strcmp(verb, "set") == 0)
		add_path(reader, reader->root, 1);
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
	while (token != WORDS_TEXT_END && !reader->failed) {
		token = words_next(&reader->scanner);
		if (token == WORDS_WORD) {
			take_word(reader);
		} else if (token == WORDS_FAULT) {
			fail(reader, reader->scanner.line, reader->scanner.fault);
		} else if (token == WORDS_OPEN) {
			open_block(reader, &open);
		} else {
			end_node(reader, &open);
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

static bool
is_commands(const char *text)
{
	struct words_scanner scanner = words_over(text);
	enum words_token token;
	bool commands;

	do {
		token = words_next(&scanner);
	} while (token == WORDS_LINE_END);
	commands = token == WORDS_WORD && strcmp(scanner.word, "set") == 0;
	words_done(&scanner);
	return commands;
}

struct statement *
vyos_text_read(const struct source *source, struct findings *findings)
{
	struct reader reader = {
		.findings = findings, .place.file = findings_file(findings, source->path),
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
	if (is_commands(text))
		read_commands(&reader);
	else
		read_braces(&reader);
	words_done(&reader.scanner);
	words_free(&reader.words);
	free(read);
	if (!reader.failed)
		return reader.root;
	statement_free(reader.root);
	return NULL;
}
