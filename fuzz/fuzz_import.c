/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as another program's configuration: it must be read or refused without harm; what comes
 * of it must be printable and read back as the same; and rules may refuse it, but not fall over
 * it.  The first byte says whose configuration it is.
 */
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/language.h"
#include "config/lift.h"
#include "config/schema.h"
#include "import/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
expect_same(struct ly_ctx *schema, const struct lyd_node *tree)
{
	struct problems problems = { 0 };
	struct lyd_node *again = NULL;
	char *before = language_print_set(tree, false), *after;

	if (language_read(schema, before, &again, &problems) < 0)
		abort();
	after = language_print_set(again, false);
	if (strcmp(before, after) != 0)
		abort();
	free(before);
	free(after);
	lyd_free_siblings(again);
	problems_done(&problems);
}

/* A fault leaves the tree alone and says why; both ways every finding can be printed. */
static void
expect_report(const struct findings *findings, int result, const struct lyd_node *tree)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert(out);
	findings_print(findings, out);
	fclose(out);
	if (result < 0 && (tree || findings->counts[FINDING_FAULT] == 0))
		abort();
	if (result == 0 && findings->counts[FINDING_FAULT] > 0)
		abort();
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ly_ctx *schema;
	struct problems problems = { 0 };
	struct findings findings = { 0 };
	struct lyd_node *tree = NULL;
	struct source source = { .path = "fuzz", .id = "main", .alone = true };
	char *text;
	int r;

	if (!schema)
		schema = schema_new(NULL, NULL);
	assert(schema);
	if (size == 0)
		return 0;
	text = malloc(size);
	assert(text);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	source.text = text;
	r = data[0] == 'v' ? import_vyos(schema, &source, &tree, &findings)
	    : data[0] == 'b' ? import_vyatta(schema, &source, &tree, &findings)
	                     : import_keepalived(schema, &source, &tree, &findings);
	expect_report(&findings, r, tree);
	if (r == 0) {
		expect_same(schema, tree);
		if (check_tree(schema, &tree, &problems) == 0)
			free(lift_settings(tree, 1, NULL, &problems));
	}
	free(text);
	lyd_free_siblings(tree);
	findings_done(&findings);
	problems_done(&problems);
	return 0;
}
