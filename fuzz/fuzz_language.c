/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text at the configuration language: it must be read or refused without harm, what was read
 * must print to a text that reads back as the same, and what passes the check must lift, to the
 * same block each time.
 */
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/language.h"
#include "config/lift.h"
#include "config/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
expect_same(struct ly_ctx *schema, const struct lyd_node *tree, const char *text)
{
	struct problems problems = { 0 };
	struct lyd_node *again = NULL;
	char *before, *after;

	if (language_read(schema, text, &again, &problems) < 0)
		abort();
	before = language_print_set(tree, false);
	after = language_print_set(again, false);
	if (strcmp(before, after) != 0)
		abort();
	free(before);
	free(after);
	lyd_free_siblings(again);
	problems_done(&problems);
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
		if (check_tree(schema, &tree, &problems) == 0)
			expect_lift(tree, &problems);
	}
	free(text);
	lyd_free_siblings(tree);
	problems_done(&problems);
	return 0;
}
