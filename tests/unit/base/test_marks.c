/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of numbers: what is in it comes in order, at the edges of words, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/marks.h"

static void
test_marks_come_in_order_and_once(void **state)
{
	static const uint32_t numbers[] = { 129, 0, 63, 64, 199, 127, 64 };
	static const uint32_t sorted[] = { 0, 63, 64, 127, 129, 199 };
	struct marks marks;
	uint32_t at = 0;

	(void)state;
	assert_int_equal(marks_init(&marks, 200), 0);
	assert_int_equal(marks_next(&marks, 0), 200);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		marks_put(&marks, numbers[i]);
	assert_int_equal(marks.count, ARRAY_SIZE(sorted));
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++, at++) {
		at = marks_next(&marks, at);
		assert_int_equal(at, sorted[i]);
	}
	assert_int_equal(marks_next(&marks, at), 200);
	marks_done(&marks);
}

static void
test_a_mark_that_is_taken_is_gone(void **state)
{
	struct marks marks;

	(void)state;
	assert_int_equal(marks_init(&marks, 64), 0);
	marks_put(&marks, 63);
	assert_true(marks_have(&marks, 63));
	marks_take(&marks, 63);
	marks_take(&marks, 62);
	assert_false(marks_have(&marks, 63));
	assert_int_equal(marks.count, 0);
	assert_int_equal(marks_next(&marks, 0), 64);
	marks_done(&marks);
}

static void
test_a_set_of_nothing_is_empty(void **state)
{
	struct marks marks;

	(void)state;
	assert_int_equal(marks_init(&marks, 0), 0);
	assert_int_equal(marks_next(&marks, 0), 0);
	marks_done(&marks);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks_come_in_order_and_once),
		cmocka_unit_test(test_a_mark_that_is_taken_is_gone),
		cmocka_unit_test(test_a_set_of_nothing_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
