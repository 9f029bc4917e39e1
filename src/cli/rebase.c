/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Differences are libyang's: trees whose nodes carry an operation.  libyang applies a difference to
 * any tree and overwrites what it meets, so collisions are looked for here first, and in doubt
 * there is one.  Nothing is merged by guessing.
 */
#include "cli/rebase.h"

#include <string.h>

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
	*ret_tree = tree;
	tree = NULL;
	done = true;
out:
	lyd_free_all(tree);
	lyd_free_all(their_edits);
	lyd_free_all(our_edits);
	return done;
}
