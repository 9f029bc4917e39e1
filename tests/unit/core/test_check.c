/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rise and fall, and the policies of paths.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/check.h"

#define MSEC NSEC_PER_MSEC

/* Feed tries, 'p'assed, 'f'ailed or 't'imed out; returns the states after each as u, d or ?. */
static const char *
states_of(struct check *check, uint8_t rise, uint8_t fall, const char *tries)
{
	static char states[64];
	size_t i;

	for (i = 0; tries[i]; i++) {
		uint8_t before = check->state;
		bool changed = check_note(check, rise, fall, tries[i] == 'p' ? CHECK_PASSED :
		                          tries[i] == 'f' ? CHECK_FAILED : CHECK_TIMED_OUT);

		assert_int_equal(changed, before != check->state);
		states[i] = "?ud"[check->state];
	}
	states[i] = '\0';
	return states;
}

static void
test_first_try_decides_at_once(void **state)
{
	struct check up = { 0 }, down = { 0 };

	(void)state;
	assert_string_equal(states_of(&up, 5, 5, "p"), "u");
	assert_string_equal(states_of(&down, 5, 5, "t"), "d");
}

static void
test_state_changes_after_so_many_in_a_row_only(void **state)
{
	struct check check = { 0 };

	(void)state;
	assert_string_equal(states_of(&check, 2, 3, "pffpfftppfpptpp"), "uuuuuudduuuuuuu");
}

static void
test_failure_and_timeout_fall_together_and_are_counted_apart(void **state)
{
	struct check check = { 0 };

	(void)state;
	assert_string_equal(states_of(&check, 1, 4, "pftft"), "uuuud");
	assert_int_equal(check.results[CHECK_PASSED], 1);
	assert_int_equal(check.results[CHECK_FAILED], 2);
	assert_int_equal(check.results[CHECK_TIMED_OUT], 2);
}

static void
test_every_series_of_tries_obeys_the_law(void **state)
{
	(void)state;
	/* Twelve tries, all 4096 series: a change needs a run of the right length before it. */
	for (unsigned series = 0; series < 4096; series++) {
		struct check check = { 0 };
		unsigned run = 0;

		for (unsigned i = 0; i < 12; i++) {
			bool pass = series >> i & 1, last = i > 0 && series >> (i - 1) & 1;
			uint8_t before = check.state;
			bool changed = check_note(&check, 2, 3, pass ? CHECK_PASSED : CHECK_FAILED);

			run = i > 0 && pass == last ? run + 1 : 1;
			if (before == CHECK_UNKNOWN)
				assert_int_equal(check.state, pass ? CHECK_UP : CHECK_DOWN);
			else if (before == (pass ? CHECK_UP : CHECK_DOWN))
				assert_false(changed);
			else
				assert_int_equal(changed, run >= (pass ? 2 : 3));
		}
	}
}

static void
test_path_loses_what_the_window_saw(void **state)
{
	struct path_limits limits = { .window = 4, .loss = 50 };
	struct path path = { 0 };

	(void)state;
	assert_int_equal(path_judge(&path, &limits), CHECK_PASSED);
	path_note(&path, 4, PATH_LOST);
	assert_int_equal(path_loss(&path), 100);
	assert_int_equal(path_judge(&path, &limits), CHECK_TIMED_OUT);
	path_note(&path, 4, 5 * MSEC);
	assert_int_equal(path_judge(&path, &limits), CHECK_PASSED);
	path_note(&path, 4, PATH_LOST);
	assert_int_equal(path_loss(&path), 66);
	assert_int_equal(path_judge(&path, &limits), CHECK_FAILED);
	path_note(&path, 4, 5 * MSEC);
	assert_int_equal(path_judge(&path, &limits), CHECK_PASSED);
	/* The fifth pushes the first, lost, out. */
	path_note(&path, 4, 5 * MSEC);
	assert_int_equal(path_loss(&path), 25);
}

static void
test_path_of_99_percent_fails_only_when_all_is_lost(void **state)
{
	struct path_limits limits = { .window = 100, .loss = 99 };
	struct path path = { 0 };

	(void)state;
	path_note(&path, 100, MSEC);
	for (unsigned i = 0; i < 99; i++) {
		path_note(&path, 100, PATH_LOST);
		assert_int_equal(path_judge(&path, &limits), CHECK_PASSED);
	}
	path_note(&path, 100, PATH_LOST);
	assert_int_equal(path_judge(&path, &limits), CHECK_TIMED_OUT);
}

static void
test_path_that_is_slow_on_average_fails(void **state)
{
	struct path_limits limits = { .window = 2, .loss = 50, .delay = 10 * MSEC };
	struct path path = { 0 };

	(void)state;
	path_note(&path, 2, 6 * MSEC);
	path_note(&path, 2, 14 * MSEC);
	assert_int_equal(path_delay(&path), 10 * MSEC);
	assert_int_equal(path_judge(&path, &limits), CHECK_PASSED);
	path_note(&path, 2, 7 * MSEC);
	assert_int_equal(path_judge(&path, &limits), CHECK_FAILED);
	/* What is lost has no round trip. */
	path_note(&path, 2, PATH_LOST);
	assert_int_equal(path_delay(&path), 7 * MSEC);
	assert_int_equal(path_judge(&path, &limits), CHECK_PASSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_try_decides_at_once),
		cmocka_unit_test(test_state_changes_after_so_many_in_a_row_only),
		cmocka_unit_test(test_failure_and_timeout_fall_together_and_are_counted_apart),
		cmocka_unit_test(test_every_series_of_tries_obeys_the_law),
		cmocka_unit_test(test_path_loses_what_the_window_saw),
		cmocka_unit_test(test_path_of_99_percent_fails_only_when_all_is_lost),
		cmocka_unit_test(test_path_that_is_slow_on_average_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
