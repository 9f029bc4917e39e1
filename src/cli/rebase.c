/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Differences are libyang's: trees whose nodes carry an operation.  libyang applies a difference to
 * any tree and overwrites what it meets, so collisions are looked for here first, and in doubt
 * there is one.  Nothing is merged by guessing.
 */
#include "cli/rebase.h"

#include <stdlib.h>
#include <string.h>

#include "config/language.h"
#include "config/schema.h"
#include "config/tree.h"

#define CLASHES_TOLD 10

static const char *
operation_of(const struct lyd_node *node)
{
	const struct lyd_meta *operation = lyd_find_meta(node->meta, NULL, "yang:operation");

	return operation ? lyd_get_meta_value(operation) : "none";
}

/* Does the node itself change, or does it only lead to nodes that do? */
static bool
is_changed(const struct lyd_node *node)
{
	return strcmp(operation_of(node), "none") != 0;
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

static bool
is_same_place(const struct lyd_node *a, const struct lyd_node *b)
{
	const struct lyd_node *one, *other;

	if (a->schema != b->schema)
		return false;
	if (a->schema->nodetype == LYS_LEAFLIST)
		return strcmp(lyd_get_value(a), lyd_get_value(b)) == 0;
	if (a->schema->nodetype != LYS_LIST)
		return true;
	one = tree_first_key(a);
	other = tree_first_key(b);
	while (one && other && strcmp(lyd_get_value(one), lyd_get_value(other)) == 0) {
		one = tree_next_key(one);
		other = tree_next_key(other);
	}
	return !one && !other;
}

static void
note_clash(FILE *clashes, const struct lyd_node *node)
{
	char *words = schema_words(node);

	fprintf(clashes, "%s\n", words);
	free(words);
}

/* Is there nothing below but the keys by which it is found? */
static bool
leads_nowhere(const struct lyd_node *node)
{
	const struct lyd_node *child = lyd_child(node);

	while (child && lysc_is_key(child->schema))
		child = child->next;
	return !child && !(node->schema->nodetype & LYD_NODE_TERM);
}

static void find_clashes(struct lyd_node **ours, const struct lyd_node *theirs, FILE *clashes);

/* Two nodes of one place; true when nothing is left of ours. */
static bool
is_done(struct lyd_node *ours, const struct lyd_node *theirs, FILE *clashes)
{
	struct lyd_node *below = lyd_child(ours);

	if (!(ours->schema->nodetype & LYD_NODE_TERM) && !is_changed(ours) &&
	    !is_changed(theirs)) {
		find_clashes(&below, lyd_child(theirs), clashes);
		return leads_nowhere(ours);
	}
	if (strcmp(operation_of(ours), operation_of(theirs)) == 0 &&
	    lyd_compare_single(ours, theirs, LYD_COMPARE_FULL_RECURSION) == LY_SUCCESS)
		return true;
	note_clash(clashes, ours);
	return false;
}

/* Nodes that both differences change, or one changes below what the other does.  What both change
 * alike is done already, and taken out of ours.  A difference may lead to a place by several nodes,
 * and libyang's search does not find all of them. */
static void
find_clashes(struct lyd_node **ours, const struct lyd_node *theirs, FILE *clashes)
{
	struct lyd_node *next;

	for (struct lyd_node *node = *ours; node; node = next) {
		bool done = false;

		next = node->next;
		if (lysc_is_key(node->schema))
			continue;
		for (const struct lyd_node *same = theirs; same && !done; same = same->next)
			done = is_same_place(node, same) && is_done(node, same, clashes);
		if (done && node == *ours)
			*ours = next;
		if (done)
			lyd_free_tree(node);
	}
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

/* Remarks are no part of libyang's differences: carry ours over by hand.  Both may have written
 * different ones beside the same node. */
static void
carry_comments(const struct lyd_node *base, const struct lyd_node *ours,
               const struct lyd_node *theirs, struct lyd_node *tree, FILE *clashes)
{
	for (; ours; ours = ours->next) {
		const struct lyd_node *was = find_in(base, ours), *is = find_in(theirs, ours);
		struct lyd_node *node = find_in(tree, ours);
		const char *comment = language_comment_of(ours);

		if (!node || lysc_is_key(ours->schema))
			continue;
		if (!same_comment(was, ours) &&
		    ((is && !same_comment(was, is) && !same_comment(ours, is)) ||
		     language_put_comment(node, comment ? comment : "") < 0))
			note_clash(clashes, node);
		carry_comments(lyd_child(was), lyd_child(ours), lyd_child(is), lyd_child(node),
		               clashes);
	}
}

static struct lyd_node *
difference(const struct lyd_node *from, const struct lyd_node *to)
{
	struct lyd_node *edits = NULL;

	if ((from || to) && lyd_diff_siblings(from, to, 0, &edits) != LY_SUCCESS)
		assert(!"configurations of one model have a difference");
	return edits;
}

/* Their configuration with what only we changed; where both did, that is noted. */
static struct lyd_node *
carry(const struct lyd_node *base, const struct lyd_node *ours, const struct lyd_node *theirs,
      FILE *clashes)
{
	struct lyd_node *our_edits = difference(base, ours);
	struct lyd_node *their_edits = difference(base, theirs), *tree = NULL;

	find_clashes(&our_edits, their_edits, clashes);
	if (theirs && lyd_dup_siblings(theirs, NULL, LYD_DUP_RECURSIVE, &tree) != LY_SUCCESS)
		assert(!"there is memory for a copy");
	if (ftell(clashes) == 0 && our_edits &&
	    lyd_diff_apply_all(&tree, our_edits) != LY_SUCCESS)
		note_clash(clashes, our_edits);
	if (ftell(clashes) == 0)
		carry_comments(base, ours, theirs, tree, clashes);
	lyd_free_all(their_edits);
	lyd_free_all(our_edits);
	return tree;
}

bool
rebase_tree(const struct lyd_node *base, const struct lyd_node *ours,
            const struct lyd_node *theirs, struct lyd_node **ret_tree, char **ret_clashes)
{
	char *text = NULL;
	size_t length = 0;
	FILE *clashes = open_memstream(&text, &length);
	struct lyd_node *tree;

	assert(clashes);
	tree = carry(base, ours, theirs, clashes);
	fclose(clashes);
	assert(text);
	if (length > 0) {
		lyd_free_all(tree);
		*ret_clashes = text;
		return false;
	}
	free(text);
	*ret_tree = tree;
	return true;
}

void
rebase_print_clashes(FILE *out, char *clashes)
{
	char *rest = clashes, *path;
	unsigned more = 0;

	for (unsigned n = 0; (path = strsep(&rest, "\n")) && path[0]; n++) {
		if (n < CLASHES_TOLD)
			fprintf(out, "  %s\n", path);
		else
			more++;
	}
	if (more > 0)
		fprintf(out, "  and %u more\n", more);
	free(clashes);
}
