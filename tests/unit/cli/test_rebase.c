/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carrying changes over to what runs now, over random configurations: what one side alone changed
 * is carried over whole, remarks included, and the result does not depend on who was first.
 */
#include <stdlib.h>
#include <string.h>

#include "grown.h"
#include "sample.h"
#include "cli/rebase.h"

#define TREES 500			/* unless $TANDEM_TREES says otherwise */

/* The tree (taken) as the service sends it: without containers that hold nothing, too. */
static struct lyd_node *
received(struct lyd_node *tree)
{
	struct lyd_node *back = NULL;
	char *json = NULL;

	if (!tree)
		return NULL;
	assert_int_equal(lyd_print_mem(&json, tree, LYD_JSON, LYD_PRINT_WITHSIBLINGS), LY_SUCCESS);
	assert_int_equal(lyd_parse_data_mem(schema, json, LYD_JSON,
	                                    LYD_PARSE_ONLY | LYD_PARSE_STRICT, 0, &back),
	                 LY_SUCCESS);
	lyd_free_all(tree);
	free(json);
	return back;
}

static struct lyd_node *
rebased(const char *what, const struct lyd_node *base, const struct lyd_node *ours,
        const struct lyd_node *theirs)
{
	struct lyd_node *tree = NULL;

	if (!rebase_tree(base, ours, theirs, &tree))
		grown_expect_text(what, "a collision", "");
	return tree;
}

static void
expect_rebased(const char *what, const struct lyd_node *base, const struct lyd_node *ours,
               const struct lyd_node *theirs, const struct lyd_node *wanted)
{
	struct lyd_node *tree = rebased(what, base, ours, theirs);

	grown_expect_same(what, tree, wanted);
	lyd_free_all(tree);
}

/* Diff and apply: the difference of two configurations makes the one of the other. */
static void
test_changes_of_one_side_are_carried_over_whole(void **state)
{
	(void)state;
	for (unsigned run = 0; run < grown_count(TREES, 1); run++) {
		uint64_t seed = grown_seed(run);
		struct lyd_node *base = received(grown_tree(seed));
		struct lyd_node *near = received(grown_variant(base, seed));
		struct lyd_node *far = received(grown_tree(~seed));

		expect_rebased("nothing changed", base, base, base, base);
		expect_rebased("we changed a little", base, near, base, near);
		expect_rebased("they changed a little", base, base, near, near);
		expect_rebased("we changed all", base, far, base, far);
		expect_rebased("they changed all", base, base, far, far);
		expect_rebased("we began", NULL, far, NULL, far);
		expect_rebased("we deleted all", base, NULL, base, NULL);
		lyd_free_all(base);
		lyd_free_all(near);
		lyd_free_all(far);
	}
}

/* The top-level node of this name taken from one tree, the others from the other. */
static struct lyd_node *
mixed(const struct lyd_node *one, const struct lyd_node *others, const char *name)
{
	const struct lyd_node *const trees[] = { one, others };
	struct lyd_node *tree = NULL, *copy;

	for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
		for (const struct lyd_node *node = trees[i]; node; node = node->next) {
			if ((strcmp(node->schema->name, name) == 0) != (i == 0))
				continue;
			assert_int_equal(lyd_dup_single(node, NULL, LYD_DUP_RECURSIVE, &copy),
			                 LY_SUCCESS);
			assert_int_equal(lyd_insert_sibling(tree, copy, &tree), LY_SUCCESS);
		}
	}
	return tree;
}

static void
test_changes_in_different_places_come_together(void **state)
{
	(void)state;
	for (unsigned run = 0; run < grown_count(TREES, 1); run++) {
		uint64_t seed = grown_seed(run);
		struct lyd_node *base = received(grown_tree(seed));
		struct lyd_node *changed = received(grown_variant(base, seed));
		struct lyd_node *ours = mixed(changed, base, "interfaces");
		struct lyd_node *theirs = mixed(base, changed, "interfaces");

		expect_rebased("ours onto theirs", base, ours, theirs, changed);
		expect_rebased("theirs onto ours", base, theirs, ours, changed);
		lyd_free_all(base);
		lyd_free_all(changed);
		lyd_free_all(ours);
		lyd_free_all(theirs);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes_of_one_side_are_carried_over_whole),
		cmocka_unit_test(test_changes_in_different_places_come_together),
	};

	return cmocka_run_group_tests(tests, grown_setup, sample_teardown);
}
