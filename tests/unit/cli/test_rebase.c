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
#include "config/language.h"

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
	char *clashes = NULL;

	if (!rebase_tree(base, ours, theirs, &tree, &clashes))
		grown_expect_text(what, clashes, "");
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
		expect_rebased("both changed a little alike", base, near, near, near);
		expect_rebased("both changed all alike", base, far, far, far);
		expect_rebased("both deleted all", base, NULL, NULL, NULL);
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
		expect_rebased("ours onto what has a part of it", base, changed, theirs, changed);
		expect_rebased("a part of what is there", base, ours, changed, changed);
		lyd_free_all(base);
		lyd_free_all(changed);
		lyd_free_all(ours);
		lyd_free_all(theirs);
	}
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Its set commands, whatever order of the user's they are in: sorted.  Heap. */
static char *
described(const struct lyd_node *tree)
{
	char *text = language_print_set(tree, false), *rest = text, *line;
	char **lines = calloc(strlen(text) + 1, sizeof(*lines)), *sorted = NULL;
	size_t count = 0, size;
	FILE *out = open_memstream(&sorted, &size);

	assert_true(lines && out);
	while ((line = strsep(&rest, "\n")))
		lines[count++] = line;
	qsort(lines, count, sizeof(*lines), by_text);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s\n", lines[i]);
	fclose(out);
	free(lines);
	free(text);
	return sorted;
}

static void
expect_equal(const struct lyd_node *one, const struct lyd_node *other)
{
	char *first = described(one), *second = described(other);

	grown_expect_text("the other way", first, second);
	free(first);
	free(second);
}

/* Nobody's change is lost: what comes of two is the same whoever was first, but for the order of
 * what both added; or there is a collision. */
static void
test_it_does_not_matter_who_was_first(void **state)
{
	unsigned merged = 0;

	(void)state;
	for (unsigned run = 0; run < grown_count(TREES, 1); run++) {
		uint64_t seed = grown_seed(run);
		struct lyd_node *base = received(grown_tree(seed));
		struct lyd_node *ours = received(grown_variant(base, seed));
		struct lyd_node *theirs = received(grown_variant(base, ~seed));
		struct lyd_node *one = NULL, *other = NULL;
		char *clashes = NULL, *others = NULL;

		if (rebase_tree(base, ours, theirs, &one, &clashes) &&
		    rebase_tree(base, theirs, ours, &other, &others)) {
			expect_equal(one, other);
			merged++;
		}
		free(clashes);
		free(others);
		lyd_free_all(one);
		lyd_free_all(other);
		lyd_free_all(base);
		lyd_free_all(ours);
		lyd_free_all(theirs);
	}
	assert_true(merged > 0);
}

/* A copy in which the leaf called "description" with this number has another value; NULL, there
 * are not so many. */
static struct lyd_node *
with_description(const struct lyd_node *tree, unsigned number, const char *value)
{
	struct lyd_node *copy = NULL, *node, *top;

	if (tree)
		assert_int_equal(lyd_dup_siblings(tree, NULL, LYD_DUP_RECURSIVE, &copy),
		                 LY_SUCCESS);
	LY_LIST_FOR(copy, top) {
		LYD_TREE_DFS_BEGIN(top, node) {
			if (strcmp(node->schema->name, "description") == 0 && number-- == 0) {
				(void)lyd_change_term(node, value);
				return copy;
			}
			LYD_TREE_DFS_END(top, node);
		}
	}
	lyd_free_all(copy);
	return NULL;
}

/* One leaf among many changes, which both have. */
static void
test_leaf_that_both_changed_is_found_among_others(void **state)
{
	unsigned found = 0;

	(void)state;
	for (unsigned run = 0; run < grown_count(TREES, 1); run++) {
		uint64_t seed = grown_seed(run);
		struct lyd_node *base = received(grown_tree(seed));
		struct lyd_node *near = received(grown_variant(base, seed));

		for (unsigned number = 0; number < 20; number++) {
			struct lyd_node *ours = with_description(near, number, "ours");
			struct lyd_node *theirs = with_description(near, number, "theirs");
			struct lyd_node *tree;
			char *clashes = NULL;

			if (ours && rebase_tree(base, ours, theirs, &tree, &clashes))
				grown_expect_text("overwritten", "theirs", "a collision");
			found += ours != NULL;
			free(clashes);
			lyd_free_all(ours);
			lyd_free_all(theirs);
		}
		lyd_free_all(base);
		lyd_free_all(near);
	}
	assert_true(found > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes_of_one_side_are_carried_over_whole),
		cmocka_unit_test(test_changes_in_different_places_come_together),
		cmocka_unit_test(test_it_does_not_matter_who_was_first),
		cmocka_unit_test(test_leaf_that_both_changed_is_found_among_others),
	};

	return cmocka_run_group_tests(tests, grown_setup, sample_teardown);
}
