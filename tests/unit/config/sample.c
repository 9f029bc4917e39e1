/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Schema, trees and problems for the tests of src/config.
 */
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/language.h"
#include "config/lift.h"
#include "config/schema.h"

struct ly_ctx *schema;

int
sample_setup(void **state)
{
	struct error error = { 0 };

	(void)state;
	schema = schema_new(TANDEM_SOURCE_YANG_DIR, &error);
	if (!schema)
		fprintf(stderr, "%s\n", error.text);
	return schema ? 0 : -1;
}

int
sample_teardown(void **state)
{
	(void)state;
	schema_free(schema);
	return 0;
}

char *
sample_lines(struct problems *problems)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < problems->count; i++) {
		char *line = problem_text(&problems->list[i]);

		fprintf(out, "%c %s\n", problems->list[i].warning ? 'W' : 'E', line);
		free(line);
	}
	fclose(out);
	problems_done(problems);
	return text;
}

struct lyd_node *
sample_tree(const char *text)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = NULL;
	int r = language_read(schema, text, &tree, &problems);
	char *lines = sample_lines(&problems);

	if (r < 0)
		print_error("%s", lines);
	assert_int_equal(r, 0);
	free(lines);
	return tree;
}

char *
sample_problems(const char *text)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = NULL;
	int r = language_read(schema, text, &tree, &problems);

	if (r == 0)
		r = check_tree(schema, &tree, &problems);
	assert_int_equal(r < 0, problems.errors > 0);
	lyd_free_siblings(tree);
	return sample_lines(&problems);
}

void
sample_expect(const char *text, const char *start, const char *part)
{
	char *lines = sample_problems(text), *rest = lines, *line;
	bool found = false;
	char *copy = strdup(lines);

	while ((line = strsep(&rest, "\n")))
		found = found || (strncmp(line, start, strlen(start)) == 0 && strstr(line, part));
	if (!found)
		print_error("expected \"%s\" ... \"%s\" among:\n%s\n", start, part, copy);
	free(copy);
	free(lines);
	assert_true(found);
}

void
sample_expect_none(const char *text, const char *part)
{
	char *lines = sample_problems(text);
	bool found = strstr(lines, part) != NULL;

	if (found)
		print_error("did not expect \"%s\" among:\n%s\n", part, lines);
	free(lines);
	assert_false(found);
}

char *
sample_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		print_error("%s cannot be opened\n", path);
	assert_non_null(file);
	if (getdelim(&text, &size, '\0', file) < 0)
		text[0] = '\0';
	fclose(file);
	return text;
}

struct settings *
sample_settings(const char *text, const struct settings *previous)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = sample_tree(text);
	struct settings *s;
	struct error error = { 0 };

	if (check_tree(schema, &tree, &problems) < 0) {
		char *lines = sample_lines(&problems);

		fail_msg("%s", lines);
	}
	s = lift_settings(tree, 7, previous, &problems);
	lyd_free_siblings(tree);
	problems_done(&problems);
	assert_non_null(s);
	if (settings_check(s, s->size, &error) < 0)
		fail_msg("%s", error.text);
	return s;
}
