/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names keep their numbers, however many there are.
 */
#include <stdio.h>

#include "sample.h"
#include "config/nameset.h"

static void
test_names_are_numbered_in_their_order(void **state)
{
	struct nameset names = { 0 };
	char name[32];
	bool is_new;

	(void)state;
	assert_int_equal(nameset_find(&names, "0"), -1);
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "%u", i);
		assert_int_equal(nameset_add(&names, name, &is_new), i);
		assert_true(is_new);
	}
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "%u", i);
		assert_int_equal(nameset_find(&names, name), i);
		assert_int_equal(nameset_add(&names, name, &is_new), i);
		assert_false(is_new);
		assert_string_equal(names.list[i], name);
	}
	assert_int_equal(nameset_find(&names, "5000"), -1);
	assert_int_equal(nameset_find(&names, ""), -1);
	assert_int_equal(names.count, 5000);
	nameset_done(&names);
	assert_int_equal(nameset_find(&names, "0"), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_numbered_in_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
