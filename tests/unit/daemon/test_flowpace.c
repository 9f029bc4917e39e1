/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How soon events are read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "daemon/flowpace.h"

#define START (100 * NSEC_PER_SEC)

/* A second of events, one in so long, each drain as late as the pace says; how many drains. */
static unsigned
second_of(nsec_t interval, bool urgent)
{
	struct flowpace pace = { 0 };
	nsec_t told = START;		/* of the last event that was read */
	unsigned drains = 0;

	for (nsec_t now = START + interval; now < START + NSEC_PER_SEC; drains++) {
		unsigned count = (unsigned)((now - told) / interval);
		nsec_t nap = flowpace_next(&pace, now, count, urgent);

		told += count * interval;
		now = nap > 0 ? now + nap : told + interval;
	}
	return drains;
}

static void
test_urgent_events_that_are_few_are_read_one_by_one(void **state)
{
	(void)state;
	assert_in_range(second_of(5 * NSEC_PER_MSEC, true), 195, 200);
	assert_in_range(second_of(50 * NSEC_PER_USEC, true), 19900, 20000);
}

static void
test_storm_is_read_in_heaps(void **state)
{
	(void)state;
	assert_in_range(second_of(10 * NSEC_PER_USEC, true), 990, 1150);
}

static void
test_events_without_hurry_are_read_in_heaps(void **state)
{
	(void)state;
	assert_in_range(second_of(100 * NSEC_PER_USEC, false), 990, 1010);
}

static void
test_storm_that_ends_is_noticed_by_its_rate(void **state)
{
	struct flowpace pace = { 0 };
	nsec_t now = START;

	(void)state;
	assert_int_equal(flowpace_next(&pace, now, 100, true), 0);	/* since when is unknown */
	now += FLOWPACE_NAP;
	assert_int_equal(flowpace_next(&pace, now, 100, true), FLOWPACE_NAP);
	now += FLOWPACE_NAP;
	assert_int_equal(flowpace_next(&pace, now, 20, true), FLOWPACE_NAP);
	now += FLOWPACE_NAP;
	assert_int_equal(flowpace_next(&pace, now, 20, true), FLOWPACE_NAP);
	now += FLOWPACE_NAP;
	assert_int_equal(flowpace_next(&pace, now, 20, true), FLOWPACE_NAP);
	now += FLOWPACE_NAP;
	assert_int_equal(flowpace_next(&pace, now, 20, true), 0);
}

static void
test_moment_of_haste_is_no_storm(void **state)
{
	struct flowpace pace = { 0 };
	nsec_t now = START;

	(void)state;
	for (unsigned i = 0; i < 100; i++, now += 3 * NSEC_PER_MSEC) {
		for (unsigned k = 0; k < 30; k++)
			assert_int_equal(flowpace_next(&pace, now += NSEC_PER_USEC, 1, true), 0);
	}
}

static void
test_silence_is_waited_out_awake_only_after_several_naps(void **state)
{
	struct flowpace pace = { 0 };

	(void)state;
	assert_int_equal(flowpace_next(&pace, START, 1, false), FLOWPACE_NAP);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(flowpace_next(&pace, START + i, 0, false), FLOWPACE_NAP);
	assert_int_equal(flowpace_next(&pace, START + 3, 0, false), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urgent_events_that_are_few_are_read_one_by_one),
		cmocka_unit_test(test_storm_is_read_in_heaps),
		cmocka_unit_test(test_events_without_hurry_are_read_in_heaps),
		cmocka_unit_test(test_storm_that_ends_is_noticed_by_its_rate),
		cmocka_unit_test(test_moment_of_haste_is_no_storm),
		cmocka_unit_test(test_silence_is_waited_out_awake_only_after_several_naps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
