/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The differences of two configurations as Vyatta's "compare" shows them: below the path that they
 * share, what went with "-" and what came with "+"; a remark that changed, below the path of its
 * node.  Also how many differences there are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/language.h"
#include "config/language_print.h"
#include "config/tree.h"

struct comparison {
	FILE *out;			/* NULL: only count */
	bool hide_secrets;
	size_t *changes;
};

static void
print_path(FILE *out, const struct lyd_node *node)
{
	if (node->parent)
		print_path(out, &node->parent->node);
	fputc(' ', out);
	language_print_name(out, node);
}

/* Print a node that went or came, below the head of its parent, which is printed once. */
static void
print_change(const struct comparison *c, const struct lyd_node *node, const char *sign,
             bool *headed)
{
	if (!c->out)
		return;
	if (!*headed) {
		fputs("[edit", c->out);
		if (node->parent)
			print_path(c->out, &node->parent->node);
		fputs("]\n", c->out);
		*headed = true;
	}
	language_print_node(c->out, node, sign, 0, c->hide_secrets);
}

/* Same node, other remark. */
static void
compare_comments(const struct comparison *c, const struct lyd_node *old,
                 const struct lyd_node *new)
{
	const char *was = language_comment_of(old), *is = language_comment_of(new);

	if (was == is || (was && is && strcmp(was, is) == 0))
		return;
	++*c->changes;
	if (!c->out)
		return;
	fputs("[edit", c->out);
	print_path(c->out, new);
	fputs("]\n", c->out);
	language_print_comment(c->out, old, "-", 0);
	language_print_comment(c->out, new, "+", 0);
}

static bool
same_value(const struct lyd_node *a, const struct lyd_node *b)
{
	return a->schema->nodetype != LYS_LEAF || strcmp(lyd_get_value(a), lyd_get_value(b)) == 0;
}

/* Entries that the other list, sorted, has not, or all; how many there are of those. */
static size_t
print_entries(const struct comparison *c, const struct lyd_node **entries, size_t count,
              const struct lyd_node **others, size_t other_count, bool all, const char *sign,
              bool *headed)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		bool missing = !tree_same(others, other_count, entries[i]);

		if (all || missing)
			print_change(c, entries[i], sign, headed);
		found += missing;
	}
	return found;
}

/* What of a user-ordered list stays is found by value; if that is all and only the order
 * changed, it went and came whole. */
static void
compare_ordered(const struct comparison *c, const struct lyd_node **old, size_t old_count,
                const struct lyd_node **new, size_t new_count, bool *headed)
{
	const struct lyd_node **before = tree_sorted(old, old_count);
	const struct lyd_node **after = tree_sorted(new, new_count);
	bool moved = false;
	size_t changes;

	changes = print_entries(c, old, old_count, after, new_count, false, "-", headed) +
	          print_entries(c, new, new_count, before, old_count, false, "+", headed);
	for (size_t i = 0; changes == 0 && i < old_count && !moved; i++)
		moved = tree_same(&new[i], 1, old[i]) == NULL;
	if (moved) {
		print_entries(c, old, old_count, after, new_count, true, "-", headed);
		print_entries(c, new, new_count, before, old_count, true, "+", headed);
	}
	*c->changes += changes + moved;
	free(before);
	free(after);
}

static void compare_siblings(const struct comparison *c, const struct lyd_node *old_first,
                             const struct lyd_node *new_first);

/* Beside and below a node that is in both. */
static void
compare_deeper(const struct comparison *c, const struct lyd_node *old, const struct lyd_node *new)
{
	compare_comments(c, old, new);
	if (!(old->schema->nodetype & LYD_NODE_TERM))
		compare_siblings(c, lyd_child(old), lyd_child(new));
}

static void
compare_ordered_deeper(const struct comparison *c, const struct lyd_node **old, size_t old_count,
                       const struct lyd_node **new, size_t new_count)
{
	const struct lyd_node **before = tree_sorted(old, old_count);

	for (size_t i = 0; i < new_count; i++) {
		const struct lyd_node *was = tree_same(before, old_count, new[i]);

		if (was)
			compare_deeper(c, was, new[i]);
	}
	free(before);
}

static void
compare_siblings(const struct comparison *c, const struct lyd_node *old_first,
                 const struct lyd_node *new_first)
{
	size_t old_count, new_count, i = 0, j = 0;
	const struct lyd_node **old = tree_children(old_first, &old_count);
	const struct lyd_node **new = tree_children(new_first, &new_count);
	bool headed = false;

	/* First what changed here, so that it stands below one head; then what changed deeper. */
	while (i < old_count || j < new_count) {
		int order = i == old_count ? 1 : j == new_count ? -1 : tree_order(old[i], new[j]);

		if (order == 0 && (old[i]->schema->flags & LYS_ORDBY_USER)) {
			size_t old_run = tree_entries(old + i, old_count - i);
			size_t new_run = tree_entries(new + j, new_count - j);

			compare_ordered(c, old + i, old_run, new + j, new_run, &headed);
			i += old_run;
			j += new_run;
		} else if (order == 0) {
			if (!same_value(old[i], new[j])) {
				print_change(c, old[i], "-", &headed);
				print_change(c, new[j], "+", &headed);
				++*c->changes;
			}
			i++;
			j++;
		} else if (order < 0) {
			print_change(c, old[i++], "-", &headed);
			++*c->changes;
		} else {
			print_change(c, new[j++], "+", &headed);
			++*c->changes;
		}
	}

	for (i = 0, j = 0; i < old_count && j < new_count;) {
		int order = tree_order(old[i], new[j]);

		if (order == 0 && (old[i]->schema->flags & LYS_ORDBY_USER)) {
			size_t old_run = tree_entries(old + i, old_count - i);
			size_t new_run = tree_entries(new + j, new_count - j);

			compare_ordered_deeper(c, old + i, old_run, new + j, new_run);
			i += old_run;
			j += new_run;
			continue;
		}
		if (order == 0)
			compare_deeper(c, old[i], new[j]);
		i += order <= 0;
		j += order >= 0;
	}
	free(old);
	free(new);
}

char *
language_compare(const struct lyd_node *old_tree, const struct lyd_node *new_tree,
                 bool hide_secrets)
{
	char *text = NULL;
	size_t size, changes = 0;
	struct comparison c = {
		.out = open_memstream(&text, &size),
		.hide_secrets = hide_secrets,
		.changes = &changes,
	};

	assert(c.out);
	compare_siblings(&c, old_tree, new_tree);
	fclose(c.out);
	assert(text);
	return text;
}

size_t
language_count_changes(const struct lyd_node *old_tree, const struct lyd_node *new_tree)
{
	size_t changes = 0;
	const struct comparison c = { .changes = &changes };

	compare_siblings(&c, old_tree, new_tree);
	return changes;
}
