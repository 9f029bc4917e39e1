/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many lines somebody else can cause.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "daemon/hush.h"

static void
test_lines_beyond_the_most_of_a_minute_are_counted_and_told_with_the_next(void **state)
{
	struct hush hush = { 0 };
	char text[HUSH_TEXT_SIZE] = "";
	unsigned written = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		written += hush_lets(&hush, NSEC_PER_SEC + i * NSEC_PER_MSEC, text);
	assert_int_equal(written, HUSH_LINES);
	assert_string_equal(text, "");
	assert_true(hush_lets(&hush, NSEC_PER_SEC + HUSH_PERIOD, text));
	assert_string_equal(text, " (988 such lines were left out)");
	assert_true(hush_lets(&hush, NSEC_PER_SEC + HUSH_PERIOD, text));
	assert_string_equal(text, "");
}

static void
test_line_now_and_then_is_always_written(void **state)
{
	struct hush hush = { 0 };
	char text[HUSH_TEXT_SIZE];

	(void)state;
	for (unsigned i = 1; i <= 100; i++) {
		assert_true(hush_lets(&hush, i * HUSH_PERIOD / 4, text));
		assert_string_equal(text, "");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_lines_beyond_the_most_of_a_minute_are_counted_and_told_with_the_next),
		cmocka_unit_test(test_line_now_and_then_is_always_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
