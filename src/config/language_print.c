/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing: a tree as set commands or as braces, canonical: the same configuration is always the
 * same text.  What only a default says is not written.
 */
#include "config/language_print.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/language.h"
#include "config/path.h"
#include "config/tree.h"
#include "config/words.h"

static bool
has_value(const struct lyd_node *node)
{
	if (!(node->schema->nodetype & LYD_NODE_TERM))
		return false;
	return ((const struct lyd_node_term *)node)->value.realtype->basetype != LY_TYPE_EMPTY;
}

static const char *
shown_value(const struct lyd_node *node, bool hide_secrets)
{
	return hide_secrets && language_is_secret(node->schema) ? LANGUAGE_HIDDEN
	                                                        : lyd_get_value(node);
}

void
language_print_name(FILE *out, const struct lyd_node *node)
{
	words_print(out, node->schema->name);
	for (const struct lyd_node *key = tree_first_key(node); key; key = tree_next_key(key)) {
		fputc(' ', out);
		words_print(out, lyd_get_value(key));
	}
}

static void
begin_line(FILE *out, const char *mark, unsigned depth)
{
	static const char blanks[] = "                                ";	/* 8 levels */

	fputs(mark, out);
	for (; depth > 8; depth--)
		fputs("    ", out);
	fputs(blanks + sizeof(blanks) - 1 - 4 * (size_t)depth, out);
}

void
language_print_comment(FILE *out, const struct lyd_node *node, const char *mark, unsigned depth)
{
	const char *comment = language_comment_of(node);

	if (!comment)
		return;
	begin_line(out, mark, depth);
	fprintf(out, "/* %s */\n", comment);
}

void
language_print_head(FILE *out, const struct lyd_node *node, const char *mark, unsigned depth,
                    bool hide_secrets)
{
	bool term = node->schema->nodetype & LYD_NODE_TERM;

	begin_line(out, mark, depth);
	language_print_name(out, node);
	if (has_value(node)) {
		fputc(' ', out);
		words_print(out, shown_value(node, hide_secrets));
	}
	fputs(term ? "\n" : " {\n", out);
}

void
language_print_node(FILE *out, const struct lyd_node *node, const char *mark, unsigned depth,
                    bool hide_secrets)
{
	const struct lyd_node **children;
	size_t count;

	language_print_comment(out, node, mark, depth);
	language_print_head(out, node, mark, depth, hide_secrets);
	if (node->schema->nodetype & LYD_NODE_TERM)
		return;

	children = tree_children(lyd_child(node), &count);
	for (size_t i = 0; i < count; i++)
		language_print_node(out, children[i], mark, depth + 1, hide_secrets);
	free(children);
	begin_line(out, mark, depth);
	fputs("}\n", out);
}

/*
 * The last word of a command is in quotes, be it a value, the name of a leaf without one, or the
 * key of an entry that holds nothing: set ... vrrp-group 1 'rfc-compatibility'.
 */
static void
print_command(FILE *out, const char *before, const struct lyd_node *node, bool hide_secrets)
{
	const struct lyd_node *key = tree_first_key(node);

	fprintf(out, "set%s ", before);
	if (has_value(node)) {
		words_print(out, node->schema->name);
		fputc(' ', out);
		words_print_quoted(out, shown_value(node, hide_secrets));
	} else if (!key) {
		words_print_quoted(out, node->schema->name);
	} else {
		words_print(out, node->schema->name);
		for (; key; key = tree_next_key(key)) {
			fputc(' ', out);
			if (tree_next_key(key))
				words_print(out, lyd_get_value(key));
			else
				words_print_quoted(out, lyd_get_value(key));
		}
	}
	fputc('\n', out);
}

/* The remark on a node, behind the commands that make the node. */
static void
print_comment_command(FILE *out, const char *before, const struct lyd_node *node,
                      bool hide_secrets)
{
	const char *comment = language_comment_of(node);

	if (!comment)
		return;
	fprintf(out, "comment%s ", before);
	language_print_name(out, node);
	if (node->schema->nodetype == LYS_LEAFLIST) {
		fputc(' ', out);
		words_print(out, shown_value(node, hide_secrets));
	}
	fputc(' ', out);
	words_print_quoted(out, comment);
	fputc('\n', out);
}

/* before: the words above, each with a blank before it. */
static void
print_commands(FILE *out, const char *before, const struct lyd_node *node, bool hide_secrets)
{
	const struct lyd_node **children = NULL;
	size_t count = 0, size;
	char *words = NULL;
	FILE *longer;

	if (!(node->schema->nodetype & LYD_NODE_TERM))
		children = tree_children(lyd_child(node), &count);
	if (count == 0) {
		print_command(out, before, node, hide_secrets);
		print_comment_command(out, before, node, hide_secrets);
		return;
	}

	longer = open_memstream(&words, &size);
	assert(longer);
	fprintf(longer, "%s ", before);
	language_print_name(longer, node);
	fclose(longer);
	assert(words);
	for (size_t i = 0; i < count; i++)
		print_commands(out, words, children[i], hide_secrets);
	print_comment_command(out, before, node, hide_secrets);
	free(words);
	free(children);
}

static char *
print_siblings(const struct lyd_node *siblings, const char *before, bool as_set,
               bool hide_secrets)
{
	const struct lyd_node **children;
	size_t count, size;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	assert(out);
	children = tree_children(siblings, &count);
	for (size_t i = 0; i < count; i++) {
		if (as_set)
			print_commands(out, before, children[i], hide_secrets);
		else
			language_print_node(out, children[i], "", 0, hide_secrets);
	}
	free(children);
	fclose(out);
	assert(text);
	return text;
}

char *
language_print_set(const struct lyd_node *tree, bool hide_secrets)
{
	return print_siblings(tree, "", true, hide_secrets);
}

char *
language_print_braces(const struct lyd_node *tree, bool hide_secrets)
{
	return print_siblings(tree, "", false, hide_secrets);
}

/* The words of a path as they stand in a command, each with a blank before it. */
static char *
path_words(const struct path *path, unsigned steps)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert(out);
	for (unsigned i = 0; i < steps; i++) {
		fputc(' ', out);
		words_print(out, path->steps[i].node->name);
		for (unsigned j = 0; j < path->steps[i].count; j++) {
			fputc(' ', out);
			words_print(out, path->steps[i].values[j]);
		}
	}
	fclose(out);
	assert(text);
	return text;
}

/* A leaf, or all entries of a list named without key: the nodes themselves, not what is below. */
static char *
print_instances(const struct lyd_node *node, const char *before, bool all, bool as_set,
                bool hide_secrets)
{
	const struct lysc_node *schema = node->schema;
	const struct lyd_node **children;
	size_t count, size;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	assert(out);
	children = tree_children(all ? lyd_first_sibling(node) : node, &count);
	for (size_t i = 0; i < count; i++) {
		if (all ? children[i]->schema != schema : children[i] != node)
			continue;
		if (as_set)
			print_commands(out, before, children[i], hide_secrets);
		else
			language_print_node(out, children[i], "", 0, hide_secrets);
	}
	free(children);
	fclose(out);
	assert(text);
	return text;
}

char *
language_print_below(struct ly_ctx *schema, const struct lyd_node *tree, char *const words[],
                     size_t count, bool as_set, bool hide_secrets, struct problems *problems)
{
	const struct lyd_node *node;
	struct path path;
	char *before, *text;
	bool open;

	if (path_resolve(schema, words, count, PATH_PART, 0, &path, problems) < 0)
		return NULL;
	if (path.count == 0)
		return print_siblings(tree, "", as_set, hide_secrets);
	node = path_find(tree, &path);
	if (!node || !tree_is_explicit(node))
		return strdup("");

	open = path_is_open(&path);
	if (open || (node->schema->nodetype & LYD_NODE_TERM)) {
		before = path_words(&path, path.count - 1);
		text = print_instances(node, before, open, as_set, hide_secrets);
	} else {
		before = path_words(&path, path.count);
		text = print_siblings(lyd_child(node), before, as_set, hide_secrets);
	}
	free(before);
	return text;
}
