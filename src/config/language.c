/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading: lines and braces become one change after the other of a data tree.  Everything about a
 * line is checked before the tree is touched, so that a refused line changes nothing; a refused
 * text changes nothing because it is read into a copy.
 */
#include "config/language.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/path.h"
#include "config/tree.h"
#include "config/value.h"
#include "config/words.h"

bool
language_is_secret(const struct lysc_node *node)
{
	return value_mark(node->exts, "secret") != NULL;
}

int
language_split(const char *line, char ***ret_words, size_t *ret_count)
{
	struct words_scanner scanner = words_over(line);
	struct words words = { 0 };
	enum words_token token;

	while ((token = words_next(&scanner)) != WORDS_TEXT_END && token != WORDS_FAULT) {
		if (token == WORDS_WORD)
			words_add(&words, scanner.word);
	}
	words_done(&scanner);
	if (token == WORDS_FAULT) {
		words_free(&words);
		return -EINVAL;
	}
	*ret_words = words.list;
	*ret_count = words.count;
	return 0;
}

void
language_free_words(char **words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(words[i]);
	free(words);
}

/* Values were checked, so that libyang cannot refuse. */
static struct lyd_node *
create(struct lyd_node *parent, const struct path_step *step)
{
	const struct lysc_node *node = step->node;
	const char *keys[PATH_KEYS_MAX] = { NULL };
	struct lyd_node *created = NULL;
	LY_ERR r;

	for (unsigned i = 0; i < step->count; i++)
		keys[i] = step->values[i];

	if (node->nodetype == LYS_CONTAINER)
		r = lyd_new_inner(parent, node->module, node->name, 0, &created);
	else if (node->nodetype == LYS_LIST)
		r = lyd_new_list(parent, node->module, node->name, 0, &created, keys[0], keys[1],
		                 keys[2], keys[3]);
	else
		r = lyd_new_term(parent, node->module, node->name, step->count ? keys[0] : "", 0,
		                 &created);
	assert(r == LY_SUCCESS);
	return created;
}

int
language_set(struct ly_ctx *schema, struct lyd_node **tree, char *const words[], size_t count,
             unsigned line, struct problems *problems)
{
	struct lyd_node *parent = NULL;
	struct path path;
	int r;

	r = path_resolve(schema, words, count, PATH_WHOLE, line, &path, problems);
	if (r < 0)
		return r;

	for (unsigned i = 0; i < path.count; i++) {
		const struct path_step *step = &path.steps[i];
		const struct lyd_node *siblings = parent ? lyd_child(parent) : *tree;
		struct lyd_node *node = path_find_step(siblings, step);

		if (!node) {
			node = create(parent, step);
			tree_set_line(node, line);
			if (!parent)
				(void)lyd_insert_sibling(*tree, node, tree);
		} else if (step->node->nodetype == LYS_LEAF && step->count) {
			(void)lyd_change_term(node, step->values[0]);
			tree_set_line(node, line);
		}
		parent = node;
	}
	return 0;
}

static void
remove_node(struct lyd_node **tree, struct lyd_node *node)
{
	if (*tree == node)
		*tree = node->next;
	lyd_free_tree(node);
}

/* A container that has become empty goes too: deleting both leaves of "authentication" disables
 * authentication, as deleting it does. */
static void
remove_emptied(struct lyd_node **tree, struct lyd_node *node)
{
	while (node && node->schema->nodetype == LYS_CONTAINER) {
		struct lyd_node *parent = node->parent ? &node->parent->node : NULL;

		for (struct lyd_node *child = lyd_child(node); child; child = child->next) {
			if (tree_is_explicit(child))
				return;
		}
		remove_node(tree, node);
		node = parent;
	}
}

int
language_delete(struct ly_ctx *schema, struct lyd_node **tree, char *const words[], size_t count,
                unsigned line, struct problems *problems)
{
	struct lyd_node *node, *parent, *next;
	const struct path_step *last;
	struct path path;
	char *text;
	int r;

	if (count == 0) {
		problems_error(problems, "", line, "", NULL, "incomplete: say what to delete");
		return -EINVAL;
	}
	r = path_resolve(schema, words, count, PATH_PART, line, &path, problems);
	if (r < 0)
		return r;

	node = path_find(*tree, &path);
	last = &path.steps[path.count - 1];
	if (node && (!tree_is_explicit(node) ||
	             (node->schema->nodetype == LYS_LEAF && last->count &&
	              strcmp(lyd_get_value(node), last->values[0]) != 0)))
		node = NULL;
	if (!node) {
		bool hide = last->count && language_is_secret(last->node);

		text = words_join(words, hide ? count - 1 : count);
		problems_error(problems, "", line, text, NULL,
		               "nothing to delete, this is not configured");
		free(text);
		return -EINVAL;
	}

	parent = node->parent ? &node->parent->node : NULL;
	for (; node; node = next) {
		next = path_is_open(&path) && node->next && node->next->schema == node->schema
		               ? node->next : NULL;
		remove_node(tree, node);
	}
	remove_emptied(tree, parent);
	return 0;
}

static const struct lys_module *
comment_module(const struct ly_ctx *schema)
{
	const struct lys_module *module = ly_ctx_get_module_implemented(schema, "tandem-comment");

	assert(module);
	return module;
}

const char *
language_comment_of(const struct lyd_node *node)
{
	const struct lyd_meta *meta = node->meta && node->schema ?
		lyd_find_meta(node->meta, comment_module(LYD_CTX(node)), "comment") : NULL;

	return meta ? lyd_get_meta_value(meta) : NULL;
}

int
language_put_comment(struct lyd_node *node, const char *text)
{
	const struct lys_module *module = comment_module(LYD_CTX(node));
	struct lyd_meta *old = lyd_find_meta(node->meta, module, "comment");
	struct lyd_meta *fresh = NULL;

	if (!value_is_text(text))
		return -EINVAL;
	if (text[0] != '\0' &&
	    lyd_new_meta(NULL, node, module, "comment", text, 0, &fresh) != LY_SUCCESS)
		return -EINVAL;
	if (old)
		lyd_free_meta_single(old);
	return 0;
}

#define COMMENT_RULE \
	"a comment is one line of at most 1024 characters, without blanks around it and without */"

int
language_comment(struct ly_ctx *schema, struct lyd_node *tree, char *const words[], size_t count,
                 const char *text, unsigned line, struct problems *problems)
{
	struct lyd_node *node;
	struct path path;
	char *place;
	int r;

	r = path_resolve(schema, words, count, PATH_PART, line, &path, problems);
	if (r < 0)
		return r;

	node = path_find(tree, &path);
	place = words_join(words, count);
	if (!node || !tree_is_explicit(node)) {
		problems_error(problems, "", line, place, NULL, "only what is configured can have "
		                                                "a comment");
		r = -ENOENT;
	} else if (path_is_open(&path) && !(node->schema->nodetype & LYS_LEAF)) {
		problems_error(problems, "", line, place, NULL, "say which of them the comment is "
		                                                "for");
		r = -EINVAL;
	} else if (language_put_comment(node, text) < 0) {
		problems_error(problems, "", line, place, text, COMMENT_RULE);
		r = -EINVAL;
	}
	free(place);
	return r;
}

/* One statement of either form, with what stood before it in the braces around. */
struct reading {
	struct ly_ctx *schema;
	struct lyd_node *tree;		/* the copy that is changed */
	struct problems *problems;
	struct words words;		/* of the enclosing blocks, then of the statement */
};

static void
read_command(struct reading *reading, unsigned line)
{
	char **words = reading->words.list;
	size_t count = reading->words.count;

	if (count == 0)
		return;
	/* Faults are collected; the return value says nothing new. */
	if (strcmp(words[0], "set") == 0)
		(void)!language_set(reading->schema, &reading->tree, words + 1, count - 1, line,
		                    reading->problems);
	else if (strcmp(words[0], "delete") == 0)
		(void)!language_delete(reading->schema, &reading->tree, words + 1, count - 1, line,
		                       reading->problems);
	else if (strcmp(words[0], "comment") == 0 && count > 2)
		(void)!language_comment(reading->schema, reading->tree, words + 1, count - 2,
		                        words[count - 1], line, reading->problems);
	else
		problems_error(reading->problems, "", line, "", words[0],
		               "a line must begin with set, delete or comment");
	words_cut(&reading->words, 0);
}

static void
read_commands(struct reading *reading, struct words_scanner *scanner)
{
	for (;;) {
		enum words_token token = words_next(scanner);

		if (token == WORDS_WORD) {
			words_add(&reading->words, scanner->word);
			continue;
		}
		if (token == WORDS_FAULT) {
			problems_error(reading->problems, "", scanner->line, "", NULL, "%s",
			               scanner->fault);
			words_cut(&reading->words, 0);
			continue;
		}
		read_command(reading, scanner->line);
		if (token == WORDS_TEXT_END)
			return;
	}
}

/* A block's head: a list entry or a presence container exists even when its block is empty. */
static bool
open_block(struct reading *reading, unsigned line)
{
	struct words *words = &reading->words;
	const struct lysc_node *node;
	struct path path;

	if (path_resolve(reading->schema, words->list, words->count, PATH_PART, line, &path,
	                 reading->problems) < 0)
		return false;
	node = path.count ? path.steps[path.count - 1].node : NULL;
	if (!node || (node->nodetype & LYD_NODE_TERM)) {
		char *text = words_join(words->list, words->count);

		problems_error(reading->problems, "", line, text, "{",
		               "no block may stand here: %s",
			       node ? "this word has none" : "its name is missing");
		free(text);
		return false;
	}
	if (node->nodetype == LYS_CONTAINER && !(node->flags & LYS_PRESENCE))
		return true;
	return language_set(reading->schema, &reading->tree, words->list, words->count, line,
	                    reading->problems) == 0;
}

#define BLOCKS_MAX 64

/* words holds, for the open blocks, their heads one after the other; heads[] where each begins.
 * Comments are on the heap, NULL = none; that of a block is put down when its node exists. */
struct blocks {
	size_t heads[BLOCKS_MAX];
	char *comments[BLOCKS_MAX];
	char *comment;			/* for the next statement */
	unsigned count;
	unsigned skipping;		/* open blocks from a refused one on */
};

/* Several comments before one statement become one. */
static void
keep_comment(struct blocks *blocks, const char *text)
{
	char *longer = NULL;

	if (asprintf(&longer, "%s%s%s", blocks->comment ? blocks->comment : "",
	             blocks->comment ? " " : "", text) < 0)
		longer = NULL;
	assert(longer);
	free(blocks->comment);
	blocks->comment = longer;
}

/* Put a comment (taken) on what the words name, if that exists: a comment on nothing is nothing.
 * A text that cannot be kept is told, and no reason to refuse a configuration. */
static void
settle_comment(struct reading *reading, char *comment, unsigned line)
{
	struct problems ignored = { 0 };

	if (comment && comment[0] &&
	    language_comment(reading->schema, reading->tree, reading->words.list,
	                     reading->words.count, comment, 0, &ignored) == -EINVAL) {
		char *place = words_join(reading->words.list, reading->words.count);

		problems_warning(reading->problems, "", line, place, NULL,
		                 "its comment, of %zu bytes, is left out: " COMMENT_RULE,
		                 strlen(comment));
		free(place);
	}
	problems_done(&ignored);
	free(comment);
}

static void
end_statement(struct reading *reading, struct blocks *blocks, size_t start, unsigned line)
{
	if (reading->words.count == start)
		return;
	if (!blocks->skipping &&
	    language_set(reading->schema, &reading->tree, reading->words.list,
	                 reading->words.count, line, reading->problems) == 0) {
		settle_comment(reading, blocks->comment, line);
		blocks->comment = NULL;
	}
	free(blocks->comment);
	blocks->comment = NULL;
	words_cut(&reading->words, start);
}

/* Returns where the statements of the new block begin in the words. */
static size_t
begin_block(struct reading *reading, struct blocks *blocks, size_t start, unsigned line)
{
	if (blocks->skipping || blocks->count == BLOCKS_MAX || reading->words.count == start ||
	    !open_block(reading, line)) {
		if (!blocks->skipping &&
		    (blocks->count == BLOCKS_MAX || reading->words.count == start))
			problems_error(reading->problems, "", line, "", "{",
			               "a block must have a name before it");
		blocks->skipping++;
		free(blocks->comment);
		blocks->comment = NULL;
		words_cut(&reading->words, start);
		return start;
	}
	blocks->comments[blocks->count] = blocks->comment;
	blocks->comment = NULL;
	blocks->heads[blocks->count++] = start;
	return reading->words.count;
}

static size_t
end_block(struct reading *reading, struct blocks *blocks, size_t start, unsigned line)
{
	free(blocks->comment);		/* nothing followed it */
	blocks->comment = NULL;
	if (blocks->skipping) {
		blocks->skipping--;
		return start;
	}
	if (blocks->count == 0) {
		problems_error(reading->problems, "", line, "", "}", "closes a block that was "
		                                                     "not opened");
		return start;
	}
	start = blocks->heads[--blocks->count];
	settle_comment(reading, blocks->comments[blocks->count], line);
	words_cut(&reading->words, start);
	return start;
}

static void
read_braces(struct reading *reading, struct words_scanner *scanner)
{
	struct blocks blocks = { 0 };
	size_t start = 0;

	scanner->braces = true;
	scanner->comments = true;
	for (;;) {
		enum words_token token = words_next(scanner);

		switch (token) {
		case WORDS_WORD:
			words_add(&reading->words, scanner->word);
			break;
		case WORDS_PIPE:	/* not asked for */
			break;
		case WORDS_OPEN:
			start = begin_block(reading, &blocks, start, scanner->line);
			break;
		case WORDS_CLOSE:
			end_statement(reading, &blocks, start, scanner->line);
			start = end_block(reading, &blocks, start, scanner->line);
			break;
		case WORDS_LINE_END:
			end_statement(reading, &blocks, start, scanner->line);
			break;
		case WORDS_COMMENT:
			keep_comment(&blocks, scanner->word);
			break;
		case WORDS_FAULT:
			problems_error(reading->problems, "", scanner->line, "", NULL, "%s",
			               scanner->fault);
			words_cut(&reading->words, start);
			break;
		case WORDS_TEXT_END:
			end_statement(reading, &blocks, start, scanner->line);
			if (blocks.count || blocks.skipping)
				problems_error(reading->problems, "", scanner->line, "", NULL,
				               "the text ends inside a block: %u closing '}' "
				               "missing",
				               blocks.count + blocks.skipping);
			while (blocks.count > 0)
				free(blocks.comments[--blocks.count]);
			free(blocks.comment);
			return;
		}
	}
}

bool
language_is_commands(const char *text)
{
	struct words_scanner scanner = words_over(text);
	enum words_token token;
	bool commands;

	do {
		token = words_next(&scanner);
	} while (token == WORDS_LINE_END);
	commands = token == WORDS_WORD &&
	           (strcmp(scanner.word, "set") == 0 || strcmp(scanner.word, "delete") == 0 ||
	            strcmp(scanner.word, "comment") == 0);
	words_done(&scanner);
	return commands;
}

int
language_read(struct ly_ctx *schema, const char *text, struct lyd_node **tree,
              struct problems *problems)
{
	struct reading reading = { .schema = schema, .problems = problems };
	struct words_scanner scanner = words_over(text);
	size_t errors_before = problems->errors;

	if (*tree) {
		LY_ERR r = lyd_dup_siblings(*tree, NULL, LYD_DUP_RECURSIVE | LYD_DUP_WITH_FLAGS,
		                            &reading.tree);

		assert(r == LY_SUCCESS);
	}
	if (language_is_commands(text))
		read_commands(&reading, &scanner);
	else
		read_braces(&reading, &scanner);
	words_done(&scanner);
	words_free(&reading.words);

	if (problems->errors > errors_before) {
		lyd_free_siblings(reading.tree);
		return -EINVAL;
	}
	lyd_free_siblings(*tree);
	*tree = reading.tree;
	return 0;
}
