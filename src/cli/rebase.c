/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Differences are libyang's: trees whose nodes carry an operation.  libyang applies a difference to
 * any tree and overwrites what it meets, so collisions are looked for here first, and in doubt
 * there is one.  Nothing is merged by guessing.
 */
#include "cli/rebase.h"

#include <string.h>

#include "config/language.h"

/* Does the node itself change, or does it only lead to nodes that do? */
static bool
is_changed(const struct lyd_node *node)
{
	const struct lyd_meta *operation = lyd_find_meta(node->meta, NULL, "yang:operation");

	return operation && strcmp(lyd_get_meta_value(operation), "none") != 0;
}

/* The node of the same place among siblings: of the same keys or, in a leaf-list, value. */
static struct lyd_node *
find_same(const struct lyd_node *siblings, const struct lyd_node *node)
{
	struct lyd_node *same = NULL;
	LY_ERR r;

	if (node->schema->nodetype & (LYS_LIST | LYS_LEAFLIST))
		r = lyd_find_sibling_first(siblings, node, &same);
	else
		r = lyd_find_sibling_val(siblings, node->schema, NULL, 0, &same);
	return r == LY_SUCCESS ? same : NULL;
}

/* Is there a node that both differences change, or one changes below what the other does? */
static bool
collide(const struct lyd_node *ours, const struct lyd_node *theirs)
{
	for (; ours; ours = ours->next) {
		const struct lyd_node *same = find_same(theirs, ours);

		if (!same || lysc_is_key(ours->schema))
			continue;
		if ((ours->schema->nodetype & LYD_NODE_TERM) || is_changed(ours) ||
		    is_changed(same) || collide(lyd_child(ours), lyd_child(same)))
			return true;
	}
	return false;
}

/* Do both say the same of a node, or nothing? */
static bool
same_comment(const struct lyd_node *a, const struct lyd_node *b)
{
	const char *x = a ? language_comment_of(a) : NULL;
	const char *y = b ? language_comment_of(b) : NULL;

	return (!x && !y) || (x && y && strcmp(x, y) == 0);
}

static struct lyd_node *
find_in(const struct lyd_node *siblings, const struct lyd_node *node)
{
	return siblings ? find_same(siblings, node) : NULL;
}

/* Remarks are no part of libyang's differences: carry ours over by hand.  False when both wrote
 * different ones beside the same node. */
static bool
carry_comments(const struct lyd_node *base, const struct lyd_node *ours,
               const struct lyd_node *theirs, struct lyd_node *tree)
{
	for (; ours; ours = ours->next) {
		const struct lyd_node *was = find_in(base, ours), *is = find_in(theirs, ours);
		struct lyd_node *node = find_in(tree, ours);
		const char *comment = language_comment_of(ours);

		if (!node || lysc_is_key(ours->schema))
			continue;
		if (!same_comment(was, ours)) {
			if (is && !same_comment(was, is) && !same_comment(ours, is))
				return false;
			if (language_put_comment(node, comment ? comment : "") < 0)
				return false;
		}
		if (!carry_comments(lyd_child(was), lyd_child(ours), lyd_child(is),
		                    lyd_child(node)))
			return false;
	}
	return true;
}

bool
rebase_tree(const struct lyd_node *base, const struct lyd_node *ours,
            const struct lyd_node *theirs, struct lyd_node **ret_tree)
{
	struct lyd_node *our_edits = NULL;
	struct lyd_node *their_edits = NULL;
	struct lyd_node *tree = NULL;
	bool done = false;

	if (lyd_diff_siblings(base, ours, 0, &our_edits) != LY_SUCCESS ||
	    lyd_diff_siblings(base, theirs, 0, &their_edits) != LY_SUCCESS ||
	    collide(our_edits, their_edits))
		goto out;
	if (theirs && lyd_dup_siblings(theirs, NULL, LYD_DUP_RECURSIVE, &tree) != LY_SUCCESS)
		goto out;
	if (our_edits && lyd_diff_apply_all(&tree, our_edits) != LY_SUCCESS)
		goto out;
	if (!carry_comments(base, ours, theirs, tree))
		goto out;
	*ret_tree = tree;
	tree = NULL;
	done = true;
out:
	lyd_free_all(tree);
	lyd_free_all(their_edits);
	lyd_free_all(our_edits);
	return done;
}
