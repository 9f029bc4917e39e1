/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs an import for a test and keeps all that came of it as texts.
 */
#include "imported.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/language.h"
#include "config/lift.h"

static char *
report_of(const struct findings *findings)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	findings_print(findings, out);
	fclose(out);
	return text;
}

/* Errors only: warnings are for the operator to judge. */
static char *
errors_of(struct lyd_node **tree)
{
	struct problems problems = { 0 };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	if (check_tree(schema, tree, &problems) == 0)
		free(lift_settings(*tree, 1, NULL, &problems));
	for (size_t i = 0; i < problems.count; i++) {
		char *line = problem_text(&problems.list[i]);

		if (!problems.list[i].warning)
			fprintf(out, "%s\n", line);
		free(line);
	}
	fclose(out);
	problems_done(&problems);
	return text;
}

struct imported
imported(imported_program *program, const struct source *source)
{
	struct findings findings = { 0 };
	struct lyd_node *tree = NULL;
	struct imported imported = { .result = program(schema, source, &tree, &findings) };

	imported.set = language_print_set(tree, false);
	imported.report = report_of(&findings);
	imported.problems = errors_of(&tree);
	memcpy(imported.counts, findings.counts, sizeof(imported.counts));
	findings_done(&findings);
	lyd_free_all(tree);
	return imported;
}

struct imported
imported_text(imported_program *program, const char *text)
{
	struct source source = {
		.path = "test.conf", .text = text, .id = "here.example.net", .alone = true,
	};

	return imported(program, &source);
}

void
imported_done(struct imported *imported)
{
	free(imported->set);
	free(imported->report);
	free(imported->problems);
}

void
imported_expect(const char *text, const char *set)
{
	struct imported i = imported_text(import_keepalived, text);

	if (i.result < 0)
		print_error("%s", i.report);
	assert_int_equal(i.result, 0);
	assert_string_equal(i.set, set);
	imported_done(&i);
}

void
imported_expect_report(const char *text, const char *part)
{
	struct imported i = imported_text(import_keepalived, text);

	if (!strstr(i.report, part))
		fail_msg("expected \"%s\" in:\n%s", part, i.report);
	imported_done(&i);
}

void
imported_expect_no_report(const char *text, const char *part)
{
	struct imported i = imported_text(import_keepalived, text);

	if (strstr(i.report, part))
		fail_msg("did not expect \"%s\" in:\n%s", part, i.report);
	imported_done(&i);
}

void
imported_expect_fault(imported_program *program, const char *text, const char *start)
{
	struct imported i = imported_text(program, text);

	assert_true(i.result < 0);
	assert_string_equal(i.set, "");
	if (strncmp(i.report, start, strlen(start)) != 0)
		fail_msg("expected \"%s\" before:\n%s", start, i.report);
	assert_string_equal(strchr(i.report, '\n') + 1, "Nothing was imported\n");
	imported_done(&i);
}
