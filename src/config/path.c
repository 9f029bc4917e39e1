/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resolves the operator's words against the schema.  Its refusals are what an operator sees most:
 * they name the word, and what could stand in its place.
 */
#include "config/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/language.h"
#include "config/tree.h"
#include "config/value.h"
#include "config/words.h"

static bool
begins(const char *name, const char *start)
{
	return strncmp(name, start, strlen(start)) == 0;
}

/* How many of these nodes' names begin so; *ret_found is the last of them. */
static size_t
count_beginning(const struct lysc_node **children, size_t count, const char *start,
                const struct lysc_node **ret_found)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (!begins(children[i]->name, start))
			continue;
		*ret_found = children[i];
		found++;
	}
	return found;
}

/* "a, b and c": those of the names that begin so. */
static void
print_names(FILE *out, const struct lysc_node **children, size_t count, const char *start)
{
	const struct lysc_node *last = NULL;
	size_t left = count_beginning(children, count, start, &last);

	for (size_t i = 0; i < count; i++) {
		if (!begins(children[i]->name, start))
			continue;
		left--;
		fprintf(out, "%s%s", children[i]->name, left > 1 ? ", " : left == 1 ? " and " : "");
	}
}

/* What is wrong with the word, and what could stand there: all that begins so, or else the nearest
 * alone when one is near. */
static char *
suggest(const struct ly_ctx *schema, const struct lysc_node *parent, const char *word)
{
	size_t count, size;
	const struct lysc_node **children = tree_schema_children(schema, parent, &count);
	unsigned limit = strlen(word) > 4 ? 3 : 2, nearest = limit;
	const struct lysc_node *begun = NULL;
	const char *near = NULL;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	assert(out);
	if (word[0] != '\0' && count_beginning(children, count, word, &begun) == 1)
		near = begun->name;
	for (size_t i = 0; word[0] != '\0' && !begun && i < count; i++) {
		unsigned distance = words_distance(word, children[i]->name, limit);

		if (distance < nearest) {
			nearest = distance;
			near = children[i]->name;
		}
	}
	if (near) {
		fprintf(out, "did you mean '%s'?", near);
	} else {
		fputs("possible words are ", out);
		print_names(out, children, count, begun ? word : "");
	}
	fclose(out);
	free(children);
	assert(text);
	return text;
}

/* Does the word begin the names of several nodes? */
static bool
is_ambiguous(const struct ly_ctx *schema, const struct lysc_node *parent, const char *word)
{
	const struct lysc_node *found = NULL;
	size_t count;
	const struct lysc_node **children = tree_schema_children(schema, parent, &count);
	bool many = word[0] != '\0' && count_beginning(children, count, word, &found) > 1;

	free(children);
	return many;
}

static int
refuse_word(const struct ly_ctx *schema, const struct lysc_node *parent, char *const words[],
            size_t at, unsigned line, struct problems *problems)
{
	char *before = words_join(words, at);
	char *hint = suggest(schema, parent, words[at]);

	problems_error(problems, "", line, before, words[at], "%s word; %s",
	               is_ambiguous(schema, parent, words[at]) ? "ambiguous" : "unknown", hint);
	free(hint);
	free(before);
	return -EINVAL;
}

static int
refuse_value(const struct lysc_node *leaf, char *const words[], size_t at, unsigned line,
             const char *rule, struct problems *problems)
{
	char *before = words_join(words, at);

	problems_error(problems, "", line, before,
	               language_is_secret(leaf) ? LANGUAGE_HIDDEN : words[at], "%s", rule);
	free(before);
	return -EINVAL;
}

static int
refuse_end(const struct ly_ctx *schema, const struct lysc_node *node, const struct lysc_node *leaf,
           char *const words[], size_t count, unsigned line, struct problems *problems)
{
	char *before = words_join(words, count);

	if (leaf) {
		char *form = value_form(leaf);

		problems_error(problems, "", line, before, NULL, "incomplete: %s (%s) must follow",
		               lysc_is_key(leaf) ? leaf->name : "a value",
		               form);
		free(form);
	} else {
		char *hint = suggest(schema, node, "");

		problems_error(problems, "", line, before, NULL, "incomplete: %s", hint);
		free(hint);
	}
	free(before);
	return -EINVAL;
}

/* The values that belong to a node: keys of a list, value of a leaf. */
static int
take_values(const struct ly_ctx *schema, struct path_step *step, char *const words[],
            size_t count, size_t *at, enum path_use use, unsigned line, struct problems *problems)
{
	bool is_list = step->node->nodetype == LYS_LIST;
	const struct lysc_node *leaf = is_list ? lysc_node_child(step->node) : step->node;
	unsigned wanted = is_list ? tree_key_count(step->node) : 1;
	char *rule;

	assert(wanted <= PATH_KEYS_MAX);
	step->values = &words[*at];
	if (*at == count && use == PATH_PART)
		return 0;
	for (; step->count < wanted; step->count++, (*at)++) {
		if (*at == count)
			return refuse_end(schema, step->node, leaf, words, count, line, problems);
		if (!value_check(leaf, words[*at], &rule)) {
			int r = refuse_value(leaf, words, *at, line, rule, problems);

			free(rule);
			return r;
		}
		leaf = leaf->next;
	}
	return 0;
}

static bool
takes_values(const struct lysc_node *node)
{
	return node->nodetype == LYS_LIST || node->nodetype == LYS_LEAFLIST ||
	       (node->nodetype == LYS_LEAF && value_type(node)->basetype != LY_TYPE_EMPTY);
}

static int
refuse_more(const struct lysc_node *leaf, char *const words[], size_t at, unsigned line,
            struct problems *problems)
{
	char *before = words_join(words, language_is_secret(leaf) ? at - 1 : at);

	problems_error(problems, "", line, before, language_is_secret(leaf) ? NULL : words[at],
	               takes_values(leaf) ? "nothing may follow the value; put quotes around a "
	                                    "value of several words"
	                                  : "nothing may follow, this word has no value");
	free(before);
	return -EINVAL;
}

/* The node below parent that the word names, or the only one whose name begins so. */
static const struct lysc_node *
find_begun(const struct ly_ctx *schema, const struct lysc_node *parent, const char *word)
{
	const struct lysc_node *found = tree_schema_child(schema, parent, word);
	const struct lysc_node **children;
	size_t count;

	if (found || word[0] == '\0')
		return found;
	children = tree_schema_children(schema, parent, &count);
	if (count_beginning(children, count, word, &found) != 1)
		found = NULL;
	free(children);
	return found;
}

void
path_expand(const struct ly_ctx *schema, char *words[], size_t count)
{
	const struct lysc_node *node = NULL;
	size_t at = 0;

	while (at < count && !(node && (node->nodetype & LYD_NODE_TERM))) {
		node = find_begun(schema, node, words[at]);
		if (!node)
			return;
		words[at++] = (char *)node->name;
		if (takes_values(node))
			at += node->nodetype == LYS_LIST ? tree_key_count(node) : 1;
	}
}

int
path_resolve(const struct ly_ctx *schema, char *const words[], size_t count, enum path_use use,
             unsigned line, struct path *ret_path, struct problems *problems)
{
	const struct lysc_node *node = NULL;
	size_t at = 0;
	int r;

	*ret_path = (struct path){ 0 };
	while (at < count) {
		struct path_step *step = &ret_path->steps[ret_path->count];

		if (node && (node->nodetype & LYD_NODE_TERM))
			return refuse_more(node, words, at, line, problems);
		step->node = tree_schema_child(schema, node, words[at]);
		if (!step->node)
			return refuse_word(schema, node, words, at, line, problems);
		ret_path->count++;
		assert(ret_path->count < PATH_STEPS_MAX);
		node = step->node;
		at++;

		if (!takes_values(node))
			continue;
		r = take_values(schema, step, words, count, &at, use, line, problems);
		if (r < 0)
			return r;
	}

	/* A container that is only a place for others says nothing by itself. */
	if (use == PATH_WHOLE &&
	    (!node || (node->nodetype == LYS_CONTAINER && !(node->flags & LYS_PRESENCE))))
		return refuse_end(schema, node, NULL, words, count, line, problems);
	return 0;
}

static bool
has_keys(const struct lyd_node *list, const struct path_step *step)
{
	const struct lyd_node *key = tree_first_key(list);

	for (unsigned i = 0; i < step->count; i++, key = tree_next_key(key)) {
		if (!key || strcmp(lyd_get_value(key), step->values[i]) != 0)
			return false;
	}
	return true;
}

/* [name='dp0bond0'], for libyang's hashed lookup; false when the keys cannot be written so. */
static bool
write_predicate(const struct path_step *step, char *text, size_t size)
{
	const struct lysc_node *key = lysc_node_child(step->node);
	size_t used = 0;

	for (unsigned i = 0; i < step->count; i++, key = key->next) {
		char quote = strchr(step->values[i], '\'') ? '"' : '\'';
		int length = snprintf(text + used, size - used, "[%s=%c%s%c]", key->name, quote,
		                      step->values[i], quote);

		if (strchr(step->values[i], quote) || length < 0 || (size_t)length >= size - used)
			return false;
		used += (size_t)length;
	}
	return true;
}

struct lyd_node *
path_find_step(const struct lyd_node *siblings, const struct path_step *step)
{
	struct lyd_node *found = NULL;
	char predicate[512];

	if (!siblings)
		return NULL;
	if (step->node->nodetype == LYS_LIST && step->count) {
		if (write_predicate(step, predicate, sizeof(predicate))) {
			(void)lyd_find_sibling_val(siblings, step->node, predicate,
			                           strlen(predicate), &found);
			return found;
		}
		LYD_LIST_FOR_INST(siblings, step->node, found) {
			if (has_keys(found, step))
				return found;
		}
		return NULL;
	}
	if (step->node->nodetype == LYS_LEAFLIST && step->count) {
		(void)lyd_find_sibling_val(siblings, step->node, step->values[0],
		                           strlen(step->values[0]), &found);
		return found;
	}
	(void)lyd_find_sibling_val(siblings, step->node, NULL, 0, &found);
	return found;
}

struct lyd_node *
path_find(const struct lyd_node *tree, const struct path *path)
{
	const struct lyd_node *siblings = tree;
	struct lyd_node *node = NULL;

	for (unsigned i = 0; i < path->count; i++) {
		node = path_find_step(siblings, &path->steps[i]);
		if (!node)
			return NULL;
		siblings = lyd_child(node);
	}
	return node;
}

bool
path_is_open(const struct path *path)
{
	const struct path_step *last;

	if (path->count == 0)
		return false;
	last = &path->steps[path->count - 1];
	return last->count == 0 && (last->node->nodetype & (LYS_LIST | LYS_LEAFLIST));
}
