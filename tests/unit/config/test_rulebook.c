/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The book of rules holds the numbers that the sources use, and no other; the manual is made from
 * it.  (P and F, what "check" says of two routers, are no rules of a commit.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <glob.h>
#include <regex.h>

#include "config/nameset.h"
#include "config/rulebook.h"

/* In C a number stands for itself; in YANG it is a rule's, or begins what has no effect yet. */
#define IN_C "\"([BCIVTHUMRQLSWNK][0-9]+b?)\""
#define IN_YANG "\"([BCIVTHUMRQLSWNK][0-9]+b?)[ \"]"

static void
collect(struct nameset *numbers, const char *path, const char *pattern)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	regmatch_t found[2];
	regex_t regex;

	assert_non_null(file);
	assert_true(getdelim(&text, &size, '\0', file) > 0);
	fclose(file);
	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED), 0);
	for (const char *at = text; regexec(&regex, at, 2, found, 0) == 0; at += found[0].rm_eo) {
		char number[8];
		bool is_new;

		snprintf(number, sizeof(number), "%.*s", (int)(found[1].rm_eo - found[1].rm_so),
		         at + found[1].rm_so);
		(void)nameset_add(numbers, number, &is_new);
	}
	regfree(&regex);
	free(text);
}

static void
collect_all(struct nameset *numbers, const char *files, const char *pattern)
{
	glob_t paths;

	assert_int_equal(glob(files, 0, NULL, &paths), 0);
	for (size_t i = 0; i < paths.gl_pathc; i++) {
		if (!strstr(paths.gl_pathv[i], "/rulebook.c"))
			collect(numbers, paths.gl_pathv[i], pattern);
	}
	globfree(&paths);
}

static void
test_book_holds_the_numbers_of_the_sources(void **state)
{
	struct nameset used = { 0 }, listed = { 0 };
	bool is_new;

	(void)state;
	collect_all(&used, SOURCE_DIR "/src/config/*.c", IN_C);
	collect_all(&used, SOURCE_DIR "/yang/*.yang", IN_YANG);
	for (size_t i = 0; i < rulebook_count; i++) {
		(void)nameset_add(&listed, rulebook[i].number, &is_new);
		if (!is_new)
			fail_msg("%s stands twice in the book", rulebook[i].number);
		if (nameset_find(&used, rulebook[i].number) < 0)
			fail_msg("no rule has the number %s", rulebook[i].number);
	}
	for (uint32_t i = 0; i < used.count; i++) {
		if (nameset_find(&listed, used.list[i]) < 0)
			fail_msg("%s is not in src/config/rulebook.c", used.list[i]);
	}
	assert_true(used.count > 60);
	nameset_done(&used);
	nameset_done(&listed);
}

static void
test_book_tells_errors_from_warnings_and_ends_sentences(void **state)
{
	bool warnings = false;

	(void)state;
	for (size_t i = 0; i < rulebook_count; i++) {
		const char *text = rulebook[i].text;

		assert_true(rulebook_is_warning(&rulebook[i]) || !warnings);
		warnings = rulebook_is_warning(&rulebook[i]);
		assert_int_equal(text[strlen(text) - 1], '.');
	}
	assert_true(warnings);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_book_holds_the_numbers_of_the_sources),
		cmocka_unit_test(test_book_tells_errors_from_warnings_and_ends_sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
