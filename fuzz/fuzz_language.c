/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text at the configuration language: it must be read or refused without harm, what was read
 * must print, in every form, to a text that reads back as the same, and what passes the check must
 * lift, to the same block each time.
 */
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/language.h"
#include "config/lift.h"
#include "config/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Both trees must print the same, remarks included, and differ in nothing. */
static void
expect_equal(const struct lyd_node *tree, const struct lyd_node *again)
{
	char *before = language_print_braces(tree, false);
	char *after = language_print_braces(again, false);
	char *difference = language_compare(tree, again, false);

	if (strcmp(before, after) != 0 || difference[0] != '\0' ||
	    language_count_changes(tree, again) != 0)
		abort();
	free(before);
	free(after);
	free(difference);
}

static void
expect_same(struct ly_ctx *schema, const struct lyd_node *tree, const char *text)
{
	struct problems problems = { 0 };
	struct lyd_node *again = NULL;

	if (language_read(schema, text, &again, &problems) < 0)
		abort();
	expect_equal(tree, again);
	lyd_free_siblings(again);
	problems_done(&problems);
}

/* JSON is how a candidate gets to the service. */
static void
expect_same_json(struct ly_ctx *schema, const struct lyd_node *tree)
{
	struct lyd_node *again = NULL;
	char *json = NULL;

	if (tree && lyd_print_mem(&json, tree, LYD_JSON, LYD_PRINT_WITHSIBLINGS) != LY_SUCCESS)
		abort();
	if (json && lyd_parse_data_mem(schema, json, LYD_JSON, LYD_PARSE_ONLY | LYD_PARSE_STRICT,
	                               0, &again) != LY_SUCCESS)
		abort();
	expect_equal(tree, again);
	lyd_free_siblings(again);
	free(json);
}

/* The limits of a struct settings are far beyond what a fuzzer writes. */
static void
expect_lift(const struct lyd_node *tree, struct problems *problems)
{
	struct settings *first = lift_settings(tree, 1, NULL, problems);
	struct settings *again = lift_settings(tree, 1, first, problems);

	if (!first || !again || first->size != again->size ||
	    memcmp(first, again, first->size) != 0)
		abort();
	free(first);
	free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ly_ctx *schema;
	struct problems problems = { 0 };
	struct lyd_node *tree = NULL;
	char *text, *printed;

	if (!schema)
		schema = schema_new(NULL, NULL);
	assert(schema);

	text = malloc(size + 1);
	assert(text);
	memcpy(text, data, size);
	text[size] = '\0';
	if (language_read(schema, text, &tree, &problems) == 0) {
		printed = language_print_set(tree, false);
		expect_same(schema, tree, printed);
		free(printed);
		printed = language_print_braces(tree, false);
		expect_same(schema, tree, printed);
		free(printed);
		expect_same_json(schema, tree);
		if (check_tree(schema, &tree, &problems) == 0)
			expect_lift(tree, &problems);
	}
	free(text);
	lyd_free_siblings(tree);
	problems_done(&problems);
	return 0;
}
