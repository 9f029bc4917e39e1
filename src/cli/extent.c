/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both trees are walked side by side.  Where siblings differ in more than one place, or one of them
 * came, went, moved, or changed its value or remark, their parent is what has to be sent.
 */
#include "cli/extent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "config/language.h"

/* What was found among siblings. */
enum reach {
	REACH_NOTHING,			/* they are the same */
	REACH_BELOW,			/* all differences are below one of them */
	REACH_ALL,			/* it takes their parent */
};

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* The same value and remark? */
static bool
is_same(const struct lyd_node *a, const struct lyd_node *b)
{
	bool term = a->schema->nodetype & LYD_NODE_TERM;

	return (!term || strcmp(lyd_get_value(a), lyd_get_value(b)) == 0) &&
	       same_text(language_comment_of(a), language_comment_of(b));
}

static size_t
count_siblings(const struct lyd_node *node)
{
	size_t count = 0;

	for (; node; node = node->next)
		count++;
	return count;
}

/* Does an entry of a list with an order stand behind the same one as before? */
static bool
is_in_place(const struct lyd_node *old, const struct lyd_node *new)
{
	const struct lyd_node *before = new->prev->next ? new->prev : NULL;
	const struct lyd_node *was = old->prev->next ? old->prev : NULL;
	bool first = !before || before->schema != new->schema;

	if (!lysc_is_userordered(new->schema))
		return true;
	if (first || !was || was->schema != old->schema)
		return first && (!was || was->schema != old->schema);
	return lyd_compare_single(was, before, 0) == LY_SUCCESS;
}

static enum reach find_below(const struct lyd_node *old_first, const struct lyd_node *new_first,
                             const struct lyd_node **ret_node);

/* A node that both have. */
static enum reach
look_into(const struct lyd_node *old, const struct lyd_node *new, const struct lyd_node **ret_node)
{
	enum reach reach;

	if (!is_same(old, new) || !is_in_place(old, new))
		return REACH_ALL;
	if (new->schema->nodetype & LYD_NODE_TERM)
		return REACH_NOTHING;
	reach = find_below(lyd_child(old), lyd_child(new), ret_node);
	if (reach == REACH_ALL) {
		*ret_node = new;
		reach = REACH_BELOW;
	}
	return reach;
}

static enum reach
find_below(const struct lyd_node *old_first, const struct lyd_node *new_first,
           const struct lyd_node **ret_node)
{
	enum reach found = REACH_NOTHING;

	if (count_siblings(old_first) != count_siblings(new_first))
		return REACH_ALL;
	for (const struct lyd_node *new = new_first; new; new = new->next) {
		struct lyd_node *old = NULL;
		enum reach reach = REACH_ALL;

		if (lyd_find_sibling_first(old_first, new, &old) == LY_SUCCESS)
			reach = look_into(old, new, ret_node);
		if (reach == REACH_ALL || (reach == REACH_BELOW && found == REACH_BELOW))
			return REACH_ALL;
		if (reach == REACH_BELOW)
			found = REACH_BELOW;
	}
	return found;
}

bool
extent_find(const struct lyd_node *running, const struct lyd_node *tree,
            const struct lyd_node **ret_node)
{
	enum reach reach = find_below(running, tree, ret_node);

	if (reach == REACH_ALL)
		*ret_node = NULL;
	return reach != REACH_NOTHING;
}

static void
print_segments(FILE *out, const struct lyd_node *node)
{
	const struct lyd_node *parent = lyd_parent(node);
	const char *mark = "=";

	if (parent)
		print_segments(out, parent);
	fputc('/', out);
	if (!parent || parent->schema->module != node->schema->module)
		fprintf(out, "%s:", node->schema->module->name);
	fputs(LYD_NAME(node), out);
	if (node->schema->nodetype != LYS_LIST)
		return;
	for (const struct lyd_node *key = lyd_child(node); key && lysc_is_key(key->schema);
	     key = key->next) {
		char *escaped = client_escape(lyd_get_value(key));

		fprintf(out, "%s%s", mark, escaped);
		mark = ",";
		free(escaped);
	}
}

char *
extent_path(const struct lyd_node *node)
{
	char *path = NULL;
	size_t size;
	FILE *out = open_memstream(&path, &size);

	assert(out);
	print_segments(out, node);
	fclose(out);
	assert(path);
	return path;
}
