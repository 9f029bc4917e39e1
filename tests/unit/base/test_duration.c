/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Durations in sentences: parts that are zero are left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/base.h"
#include "base/duration.h"

static void
test_parts_that_are_zero_are_left_out(void **state UNUSED)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = {
		{ 0, "0 s" }, { 57, "57 s" }, { 60, "1 min" }, { 177, "2 min 57 s" },
		{ 604800, "10080 min" }, { UINT64_MAX, "307445734561825860 min 15 s" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[DURATION_TEXT_SIZE];

		assert_string_equal(duration_text(cases[i].seconds, text), cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_that_are_zero_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
