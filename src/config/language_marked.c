/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration in braces with its differences from another marked in the first column, as
 * Vyatta's "show" does in configuration mode: both trees are walked at once, in canonical order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/language.h"
#include "config/language_print.h"
#include "config/path.h"
#include "config/tree.h"

struct marking {
	FILE *out;
	bool hide_secrets;
};

static void print_both(const struct marking *m, const struct lyd_node *old,
                       const struct lyd_node *new, unsigned depth);

/* A list that the user orders: what went, then the new order. */
static void
print_ordered(const struct marking *m, const struct lyd_node **old, size_t old_count,
              const struct lyd_node **new, size_t new_count, unsigned depth)
{
	const struct lyd_node **before = tree_sorted(old, old_count);
	const struct lyd_node **after = tree_sorted(new, new_count);

	for (size_t i = 0; i < old_count; i++) {
		if (!tree_same(after, new_count, old[i]))
			language_print_node(m->out, old[i], "-", depth, m->hide_secrets);
	}
	for (size_t j = 0; j < new_count; j++)
		print_both(m, tree_same(before, old_count, new[j]), new[j], depth);
	free(before);
	free(after);
}

/* Both lists in their canonical order, as one. */
static void
print_children(const struct marking *m, const struct lyd_node *old_first,
               const struct lyd_node *new_first, unsigned depth)
{
	size_t old_count, new_count, i = 0, j = 0;
	const struct lyd_node **old = tree_children(old_first, &old_count);
	const struct lyd_node **new = tree_children(new_first, &new_count);

	while (i < old_count || j < new_count) {
		int order = i == old_count ? 1 : j == new_count ? -1 : tree_order(old[i], new[j]);

		if (order == 0 && (old[i]->schema->flags & LYS_ORDBY_USER)) {
			size_t old_run = tree_entries(old + i, old_count - i);
			size_t new_run = tree_entries(new + j, new_count - j);

			print_ordered(m, old + i, old_run, new + j, new_run, depth);
			i += old_run;
			j += new_run;
		} else if (order == 0) {
			print_both(m, old[i++], new[j++], depth);
		} else if (order < 0) {
			language_print_node(m->out, old[i++], "-", depth, m->hide_secrets);
		} else {
			print_both(m, NULL, new[j++], depth);
		}
	}
	free(old);
	free(new);
}

/* A node of the new tree; old is the same in the old tree, NULL when it was not there. */
static void
print_both(const struct marking *m, const struct lyd_node *old, const struct lyd_node *new,
           unsigned depth)
{
	const char *was, *is;
	bool same;

	if (!old) {
		language_print_node(m->out, new, "+", depth, m->hide_secrets);
		return;
	}
	was = language_comment_of(old);
	is = language_comment_of(new);
	same = (!was && !is) || (was && is && strcmp(was, is) == 0);
	if (!same)
		language_print_comment(m->out, old, "-", depth);
	language_print_comment(m->out, new, same ? " " : "+", depth);
	if (new->schema->nodetype & LYD_NODE_TERM) {
		same = strcmp(lyd_get_value(old), lyd_get_value(new)) == 0;
		language_print_head(m->out, new, same ? " " : ">", depth, m->hide_secrets);
		return;
	}
	language_print_head(m->out, new, " ", depth, m->hide_secrets);
	print_children(m, lyd_child(old), lyd_child(new), depth + 1);
	fprintf(m->out, " %*s}\n", (int)(4 * depth), "");
}

char *
language_print_marked(const struct lyd_node *old_first, const struct lyd_node *new_first,
                      bool hide_secrets)
{
	char *text = NULL;
	size_t size;
	struct marking m = {
		.out = open_memstream(&text, &size),
		.hide_secrets = hide_secrets,
	};

	assert(m.out);
	print_children(&m, old_first, new_first, 0);
	fclose(m.out);
	assert(text);
	return text;
}

/* Only the instances that the path names, of the siblings that hold them. */
static struct lyd_node *
named_only(const struct lyd_node *node, bool all)
{
	struct lyd_node *copy = NULL;

	for (const struct lyd_node *n = node; n; n = all ? n->next : NULL) {
		struct lyd_node *one = NULL;

		if (n->schema != node->schema || !tree_is_explicit(n))
			continue;
		if (lyd_dup_single(n, NULL, LYD_DUP_RECURSIVE | LYD_DUP_WITH_FLAGS, &one) !=
		    LY_SUCCESS || lyd_insert_sibling(copy, one, &copy) != LY_SUCCESS)
			assert(!"a tree can be duplicated as long as there is memory");
	}
	return copy;
}

char *
language_print_marked_below(struct ly_ctx *schema, const struct lyd_node *old_tree,
                            const struct lyd_node *new_tree, char *const words[], size_t count,
                            bool hide_secrets, struct problems *problems)
{
	struct lyd_node *old_part, *new_part;
	const struct lyd_node *old, *new;
	struct path path;
	char *text;

	if (path_resolve(schema, words, count, PATH_PART, 0, &path, problems) < 0)
		return NULL;
	if (path.count == 0)
		return language_print_marked(old_tree, new_tree, hide_secrets);
	old = path_find(old_tree, &path);
	new = path_find(new_tree, &path);
	if (!path_is_open(&path) &&
	    !(path.steps[path.count - 1].node->nodetype & LYD_NODE_TERM))
		return language_print_marked(lyd_child(old), lyd_child(new), hide_secrets);

	old_part = old ? named_only(old, path_is_open(&path)) : NULL;
	new_part = new ? named_only(new, path_is_open(&path)) : NULL;
	text = language_print_marked(old_part, new_part, hide_secrets);
	lyd_free_all(old_part);
	lyd_free_all(new_part);
	return text;
}
