/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Columns, labels and durations: the widths and spellings that scripts out there rely on.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "cli/print.h"

static void
test_elapsed_leaves_out_zero_parts_but_never_seconds(void **state UNUSED)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = {
		{ 0, "0s" },
		{ 3, "3s" },
		{ 59, "59s" },
		{ 60, "1m0s" },
		{ 3600, "1h0s" },
		{ 3661, "1h1m1s" },
		{ 86399, "23h59m59s" },
		{ 86400, "1d0s" },
		{ 187207, "2d4h7s" },
		{ 604800, "1w0s" },
		{ 788645, "1w2d3h4m5s" },
		{ 604800ull * 60 + 1, "60w1s" },
		{ UINT64_MAX, "30500568904943w7h15s" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[ELAPSED_TEXT_SIZE];

		assert_string_equal(print_elapsed(cases[i].seconds, text), cases[i].text);
	}
}

static void
assert_column(const char *text, int width, const char *expected)
{
	char *printed;
	size_t length;
	FILE *out = open_memstream(&printed, &length);

	print_column(out, text, width);
	fclose(out);
	assert_string_equal(printed, expected);
	free(printed);
}

static void
test_column_keeps_one_blank_after_a_text_too_long(void **state UNUSED)
{
	assert_column("ab", 4, "ab  ");
	assert_column("abc", 4, "abc ");
	assert_column("abcd", 4, "abcd ");
	assert_column("abcdef", 4, "abcdef ");
	assert_column("", 2, "  ");
}

static void
test_label_puts_the_value_at_one_column_for_every_indent(void **state UNUSED)
{
	char *printed;
	size_t length;
	FILE *out = open_memstream(&printed, &length);

	print_label(out, 2, "State:", "MASTER");
	print_number(out, 4, "Sent:", 5, " sec");
	fclose(out);
	assert_string_equal(printed, "  State:                        MASTER\n"
	                             "    Sent:                       5 sec\n");
	free(printed);
}

static void
assert_help(const char *word, const char *help, unsigned width, const char *expected)
{
	char *printed;
	size_t length;
	FILE *out = open_memstream(&printed, &length);

	print_help_line(out, word, help, width);
	fclose(out);
	assert_string_equal(printed, expected);
	free(printed);
}

static void
test_help_goes_on_below_itself_where_the_line_ends(void **state UNUSED)
{
	assert_help("word", "", 80, "  word\n");
	assert_help("word", "one two three", 0, "  word                  one two three\n");
	assert_help("word", "one two three four five", 45,
	            "  word                  one two three four\n"
	            "                        five\n");
	assert_help("word", "12345678901234567890x 12345678901234567890", 45,
	            "  word                  12345678901234567890x\n"
	            "                        12345678901234567890\n");
	/* Characters count, not bytes. */
	assert_help("word", "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4 12345678901", 44,
	            "  word                  \u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4 "
	            "12345678901\n");
}

static void
test_help_of_a_word_too_long_begins_below_it(void **state UNUSED)
{
	assert_help("<a-very-long-value-form>", "one two", 80,
	            "  <a-very-long-value-form>\n                        one two\n");
	assert_help("<a-very-long-value-form>", "one two", 0,
	            "  <a-very-long-value-form> one two\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elapsed_leaves_out_zero_parts_but_never_seconds),
		cmocka_unit_test(test_column_keeps_one_blank_after_a_text_too_long),
		cmocka_unit_test(test_label_puts_the_value_at_one_column_for_every_indent),
		cmocka_unit_test(test_help_goes_on_below_itself_where_the_line_ends),
		cmocka_unit_test(test_help_of_a_word_too_long_begins_below_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
