/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who outranks whom, and the standard's worked values of skew and down interval.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/election.h"

static struct claim
claim(uint8_t priority, uint8_t a, uint8_t d)
{
	return (struct claim){ priority, ip_from_v4((const uint8_t[]){ a, 0, 0, d }) };
}

static void
assert_outranks(struct claim sender, struct claim own, bool expected)
{
	assert_int_equal(election_outranks(&sender, &own), expected);
}

static void
test_higher_priority_outranks_whatever_the_address(void **state UNUSED)
{
	assert_outranks(claim(101, 10, 1), claim(100, 200, 9), true);
	assert_outranks(claim(99, 200, 9), claim(100, 10, 1), false);
}

/* Unsigned and in network order: 200.0.0.1 is more than 10.0.0.9, and 10.0.0.200 than 10.0.0.9. */
static void
test_equal_priority_goes_to_higher_address(void **state UNUSED)
{
	assert_outranks(claim(100, 200, 1), claim(100, 10, 9), true);
	assert_outranks(claim(100, 10, 9), claim(100, 200, 1), false);
	assert_outranks(claim(100, 10, 200), claim(100, 10, 9), true);
	assert_outranks(claim(100, 10, 9), claim(100, 10, 9), false);
}

/* The worked values of RFC 3768 6.1 and RFC 9568 6.1 in microseconds, rounded down. */
static void
test_down_interval_has_the_standards_values(void **state UNUSED)
{
	static const struct {
		uint8_t version;
		nsec_t interval;
		uint8_t priority;
		nsec_t expected_usec;
	} cases[] = {
		{ 2, NSEC_PER_SEC, 1, 3996093 },
		{ 2, NSEC_PER_SEC, 90, 3648437 },
		{ 2, NSEC_PER_SEC, 100, 3609375 },
		{ 2, NSEC_PER_SEC, 253, 3011718 },
		{ 2, NSEC_PER_SEC, 254, 3007812 },
		{ 2, 10 * NSEC_PER_SEC, 100, 30609375 },
		{ 3, 10 * NSEC_PER_MSEC, 100, 36093 },
		{ 3, 100 * NSEC_PER_MSEC, 254, 300781 },
		{ 3, NSEC_PER_SEC, 1, 3996093 },
		{ 3, 10 * NSEC_PER_SEC, 100, 36093750 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(election_down_interval(cases[i].version, cases[i].priority,
		                                        cases[i].interval) / NSEC_PER_USEC,
		                 cases[i].expected_usec);
}

static void
test_skew_of_version_2_does_not_grow_with_the_interval(void **state UNUSED)
{
	assert_int_equal(election_skew(2, 100, NSEC_PER_SEC), 609375000);
	assert_int_equal(election_skew(2, 100, 10 * NSEC_PER_SEC), 609375000);
	assert_int_equal(election_skew(3, 100, 100 * NSEC_PER_MSEC), 60937500);
}

static void
test_lease_lasts_until_any_router_may_have_taken_over(void **state UNUSED)
{
	assert_int_equal(election_lease(2, NSEC_PER_SEC), 4 * NSEC_PER_SEC);
	assert_int_equal(election_lease(2, 5 * NSEC_PER_SEC), 16 * NSEC_PER_SEC);
	assert_int_equal(election_lease(3, 10 * NSEC_PER_MSEC), NSEC_PER_SEC);
	assert_int_equal(election_lease(3, 300 * NSEC_PER_MSEC), 2 * NSEC_PER_SEC);
	assert_int_equal(election_lease(3, 40 * NSEC_PER_SEC), 121 * NSEC_PER_SEC);
	for (nsec_t interval = NSEC_PER_SEC; interval <= 255 * NSEC_PER_SEC;
	     interval += NSEC_PER_SEC) {
		assert_true(election_lease(2, interval) >= election_down_interval(2, 1, interval));
		assert_true(interval > 40 * NSEC_PER_SEC || election_lease(3, interval) >=
		            election_down_interval(3, 254, interval));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_higher_priority_outranks_whatever_the_address),
		cmocka_unit_test(test_equal_priority_goes_to_higher_address),
		cmocka_unit_test(test_down_interval_has_the_standards_values),
		cmocka_unit_test(test_skew_of_version_2_does_not_grow_with_the_interval),
		cmocka_unit_test(test_lease_lasts_until_any_router_may_have_taken_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
