/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From lines to statements.  A statement ends with its line or with a brace; a brace opens the
 * block of the words before it, even if they stand on the line before.  The braces of ${NAME},
 * a parameter nobody defined, are part of a word.
 */
#include "import/blocks.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/lines.h"

struct blocks {
	struct findings *findings;
	struct statement *root;
	struct statement *current;	/* whose block is open */
	unsigned depth;
	struct words words;		/* of the statement being read */
	struct place place;		/* of its first word */
	bool failed;
};

static void
fail(struct blocks *blocks, struct place place, const char *text)
{
	if (!blocks->failed)
		findings_add(blocks->findings, FINDING_FAULT, place, NULL, "%s", text);
	blocks->failed = true;
}

static void
end_statement(struct blocks *blocks)
{
	if (blocks->words.count > 0)
		statement_new(blocks->current, blocks->place, &blocks->words);
}

static void
open_block(struct blocks *blocks, struct place place)
{
	struct statement *head;

	end_statement(blocks);
	head = blocks->current->last;
	if (!head || head->block) {
		fail(blocks, place, "a block must have a name before its '{'");
	} else if (++blocks->depth > STATEMENT_DEPTH_MAX) {
		fail(blocks, place, "the blocks are nested too deeply");
	} else {
		head->block = true;
		blocks->current = head;
	}
}

static void
close_block(struct blocks *blocks, struct place place)
{
	end_statement(blocks);
	if (!blocks->current->parent) {
		fail(blocks, place, "'}' closes a block that was not opened");
		return;
	}
	blocks->current = blocks->current->parent;
	blocks->depth--;
}

/* \n, \x41, \101, \cA; \ before anything else keeps it.  Moves *at behind it. */
static char
escaped(const char **at)
{
	static const char letters[] = "abEfnrtv", meant[] = "\a\b\033\f\n\r\t\v";
	const char *c = *at, *letter;
	unsigned value = 0;
	int length = 0;

	if (*c >= '0' && *c <= '7') {
		for (; length < 3 && *c >= '0' && *c <= '7'; length++)
			value = 8 * value + (unsigned)(*c++ - '0');
	} else if (*c == 'x' && isxdigit((unsigned char)c[1])) {
		for (c++; isxdigit((unsigned char)*c); c++)
			value = 16 * value + (unsigned)(isdigit((unsigned char)*c)
			                                ? *c - '0' : (*c | 0x20) - 'a' + 10);
	} else if (*c == 'c' && c[1]) {
		value = (unsigned)c[1] & 0x1f;
		c += 2;
	} else {
		letter = strchr(letters, *c);
		value = letter && *c ? (unsigned char)meant[letter - letters] : (unsigned char)*c;
		c++;
	}
	*at = c;
	/* There is no zero byte in a word. */
	return (value & 0xff) ? (char)(value & 0xff) : '?';
}

/* One word into room, which is as large as the line; moves *at behind it. */
static bool
read_word(const char **at, char *room)
{
	bool parameter = false;
	const char *c = *at;
	char quote = '\0';

	while (*c && (quote || parameter || (!isspace((unsigned char)*c) && !strchr("{}", *c)))) {
		if (c[0] == '\\' && c[1]) {
			c++;
			*room++ = escaped(&c);
			continue;
		}
		if (quote ? *c == quote : *c == '"' || *c == '\'') {
			quote = quote ? '\0' : *c;
			c++;
			continue;
		}
		if (c[0] == '$' && c[1] == '{' && strchr(c, '}'))
			parameter = true;
		else if (*c == '}')
			parameter = false;
		*room++ = *c++;
	}
	*room = '\0';
	*at = c;
	return !quote;
}

static void
take_line(void *owner, struct place place, char *text)
{
	struct blocks *blocks = owner;
	char *room = malloc(strlen(text) + 1);
	const char *at = text;

	assert(room);
	while (!blocks->failed) {
		at += strspn(at, " \t\r\n\v\f");
		if (*at == '\0')
			break;
		if (*at == '{') {
			open_block(blocks, place);
			at++;
		} else if (*at == '}') {
			close_block(blocks, place);
			at++;
		} else if (read_word(&at, room)) {
			if (blocks->words.count == 0)
				blocks->place = place;
			words_add(&blocks->words, room);
		} else {
			fail(blocks, place, "a quote is not closed");
		}
	}
	end_statement(blocks);
	free(room);
}

struct statement *
blocks_read(const struct source *source, struct findings *findings)
{
	struct blocks blocks = { .findings = findings };
	char text[128];
	int r;

	blocks.root = statement_new(NULL, (struct place){ 0 }, NULL);
	blocks.current = blocks.root;
	r = lines_read(source, findings, take_line, &blocks);
	words_free(&blocks.words);
	if (r == 0 && blocks.current != blocks.root) {
		snprintf(text, sizeof(text), "the block '%.80s' that begins here has no end",
		         statement_word(blocks.current, 0));
		fail(&blocks, blocks.current->place, text);
	}
	if (r == 0 && !blocks.failed)
		return blocks.root;
	statement_free(blocks.root);
	return NULL;
}
