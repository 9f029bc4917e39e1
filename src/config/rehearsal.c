/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A group that resigned cannot take that back, so a commit that may still fail must not have made
 * one resign.  What the kernel may refuse is tried first, beside groups that are as before.
 */
#include "config/rehearsal.h"

#include <string.h>

#include "config/tree.h"

/* A container of groups, or something that holds one. */
static bool
is_vrrp(const struct lyd_node *node)
{
	return node->schema->nodetype == LYS_CONTAINER && strcmp(LYD_NAME(node), "vrrp") == 0;
}

static bool
has_groups(const struct lyd_node *node)
{
	if (is_vrrp(node))
		return tree_child(node, "vrrp-group") != NULL;
	for (const struct lyd_node *child = lyd_child(node); child; child = child->next)
		if (!(child->schema->nodetype & LYD_NODE_TERM) && has_groups(child))
			return true;
	return false;
}

static struct lyd_node *
duplicate(const struct lyd_node *node)
{
	struct lyd_node *copy = NULL;

	if (lyd_dup_single(node, NULL, LYD_DUP_RECURSIVE | LYD_DUP_WITH_FLAGS, &copy) != LY_SUCCESS)
		assert(!"a tree can be duplicated as long as there is memory");
	return copy;
}

/* The node of the same place among siblings, or NULL. */
static struct lyd_node *
find_same(const struct lyd_node *siblings, const struct lyd_node *node)
{
	struct lyd_node *same = NULL;

	if (siblings && lyd_find_sibling_first(siblings, node, &same) == LY_SUCCESS)
		return same;
	return NULL;
}

static void
insert(struct lyd_node *parent, struct lyd_node *node)
{
	if (lyd_insert_child(parent, node) != LY_SUCCESS)
		assert(!"what one tree has can be in another");
}

/* Addresses that the new form of the group has, and the old one lacks. */
static void
gain_addresses(struct lyd_node *group, const struct lyd_node *new)
{
	for (const struct lyd_node *child = lyd_child(new); child; child = child->next)
		if (child->schema->nodetype == LYS_LEAFLIST &&
		    strcmp(LYD_NAME(child), "virtual-address") == 0 &&
		    !find_same(lyd_child(group), child))
			insert(group, duplicate(child));
}

/* Put the groups of one interface back, or what service vrrp says of them; true when that changed
 * anything. */
static bool
keep_groups(const struct lyd_node *running, struct lyd_node *vrrp)
{
	const struct lyd_node *disable = tree_child(vrrp, "disable");
	bool changed = false;

	if (disable && !tree_child(running, "disable")) {
		lyd_free_tree((struct lyd_node *)disable);
		changed = true;
	}
	for (const struct lyd_node *old = lyd_child(running); old; old = old->next) {
		struct lyd_node *new, *kept;

		if (old->schema->nodetype != LYS_LIST)
			continue;
		new = find_same(lyd_child(vrrp), old);
		if (new && lyd_compare_single(old, new, LYD_COMPARE_FULL_RECURSION) == LY_SUCCESS)
			continue;
		kept = duplicate(old);
		if (new) {
			gain_addresses(kept, new);
			changed |= lyd_compare_single(kept, new, LYD_COMPARE_FULL_RECURSION) !=
			           LY_SUCCESS;
			lyd_free_tree(new);
		} else {
			changed = true;
		}
		insert(vrrp, kept);
	}
	return changed;
}

/* Below two nodes of the same place; true when the second was changed. */
static bool
keep_below(const struct lyd_node *running, struct lyd_node *tree)
{
	bool changed = false;

	if (is_vrrp(running))
		return keep_groups(running, tree);
	for (const struct lyd_node *old = lyd_child(running); old; old = old->next) {
		struct lyd_node *new;

		if (old->schema->nodetype & LYD_NODE_TERM)
			continue;
		new = find_same(lyd_child(tree), old);
		if (new) {
			changed |= keep_below(old, new);
		} else if (has_groups(old)) {
			insert(tree, duplicate(old));
			changed = true;
		}
	}
	return changed;
}

struct lyd_node *
rehearsal_make(const struct lyd_node *running, const struct lyd_node *candidate)
{
	struct lyd_node *tree = NULL;
	bool changed = false;

	if (!running || !candidate)
		return NULL;
	if (lyd_dup_siblings(candidate, NULL, LYD_DUP_RECURSIVE | LYD_DUP_WITH_FLAGS, &tree) !=
	    LY_SUCCESS)
		assert(!"a tree can be duplicated as long as there is memory");
	for (const struct lyd_node *old = running; old; old = old->next) {
		struct lyd_node *new = find_same(tree, old);

		if (new && !(old->schema->nodetype & LYD_NODE_TERM))
			changed |= keep_below(old, new);
	}
	if (changed)
		return tree;
	lyd_free_all(tree);
	return NULL;
}
