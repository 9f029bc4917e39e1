/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of tests/golden/config: NAME.conf is read; NAME.set and NAME.boot are how it is printed,
 * NAME.problems what checking says.  A text that does not read has only problems.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "config/language.h"

static char *
golden(const char *name, const char *suffix)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s.%s", GOLDEN_DIR, name, suffix);
	return sample_file(path);
}

static void
expect_golden(const char *name, const char *suffix, const char *text)
{
	char *wanted = golden(name, suffix);

	assert_string_equal(text, wanted);
	free(wanted);
}

static void
expect_problems(const char *name)
{
	char *text = golden(name, "conf"), *problems = sample_problems(text);

	expect_golden(name, "problems", problems);
	free(problems);
	free(text);
}

/* Prints as the golden files, and so does what is read from either of them. */
static void
expect_prints(const char *name)
{
	static const char *const sources[] = { "conf", "set", "boot" };

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		char *text = golden(name, sources[i]);
		struct lyd_node *tree = sample_tree(text);
		char *set = language_print_set(tree, false), *boot = language_print_braces(tree,
											   false);

		expect_golden(name, "set", set);
		expect_golden(name, "boot", boot);
		free(text);
		free(set);
		free(boot);
		lyd_free_siblings(tree);
	}
}

static void
test_seed_prints_as_written(void **state)
{
	char *seed = golden("seed", "conf"), *set = golden("seed", "set");
	char *seed_rest = seed, *set_rest = set, *line, *printed;
	unsigned lines = 0;

	(void)state;
	expect_prints("seed");
	expect_problems("seed");

	/* The same lines in the same order; the three of connsync lack quotes in the seed. */
	while ((line = strsep(&seed_rest, "\n")) && line[0] != '\0') {
		char **words, **printed_words;
		size_t count, printed_count;

		printed = strsep(&set_rest, "\n");
		assert_non_null(printed);
		if (strncmp(line, "set service", 11) != 0)
			assert_string_equal(line, printed);
		assert_int_equal(language_split(line, &words, &count), 0);
		assert_int_equal(language_split(printed, &printed_words, &printed_count), 0);
		assert_int_equal(count, printed_count);
		for (size_t i = 0; i < count; i++)
			assert_string_equal(words[i], printed_words[i]);
		language_free_words(words, count);
		language_free_words(printed_words, printed_count);
		lines++;
	}
	assert_string_equal(set_rest, "");
	assert_int_equal(lines, 33);
	free(seed);
	free(set);
}

static void
test_all_kinds_of_nodes_print_canonically(void **state)
{
	(void)state;
	expect_prints("many");
	expect_problems("many");
}

static void
test_mistakes_are_named_with_line_and_rule(void **state)
{
	(void)state;
	expect_problems("mistakes");
}

static void
test_refused_configuration_names_every_rule(void **state)
{
	(void)state;
	expect_problems("refused");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seed_prints_as_written),
		cmocka_unit_test(test_all_kinds_of_nodes_print_canonically),
		cmocka_unit_test(test_mistakes_are_named_with_line_and_rule),
		cmocka_unit_test(test_refused_configuration_names_every_rule),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
