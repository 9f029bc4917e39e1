/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue of deadlines against a plain table, in every order of setting and clearing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/deadlines.h"

#define ITEMS 64u

static void
test_new_queue_waits_for_nothing(void **state UNUSED)
{
	struct deadlines queue;
	uint32_t item;

	assert_int_equal(deadlines_init(&queue, ITEMS), 0);
	assert_true(deadlines_first(&queue, &item) == NSEC_NEVER);
	deadlines_done(&queue);
	assert_int_equal(deadlines_init(&queue, 0), 0);
	assert_true(deadlines_first(&queue, &item) == NSEC_NEVER);
	deadlines_done(&queue);
}

/* After each of many moves the first is the least of all, found by looking at each. */
static void
test_first_is_always_the_least(void **state UNUSED)
{
	nsec_t when[ITEMS];
	struct deadlines queue;
	uint32_t chance = 1;

	assert_int_equal(deadlines_init(&queue, ITEMS), 0);
	for (uint32_t i = 0; i < ITEMS; i++)
		when[i] = NSEC_NEVER;
	for (int turn = 0; turn < 20000; turn++) {
		nsec_t least = NSEC_NEVER;
		uint32_t item;

		chance = chance * 1664525u + 1013904223u;
		item = chance >> 16 & (ITEMS - 1);
		when[item] = chance % 7 == 0 ? NSEC_NEVER : (nsec_t)(chance >> 20);
		deadlines_set(&queue, item, when[item]);
		for (uint32_t i = 0; i < ITEMS; i++)
			least = nsec_min(least, when[i]);
		assert_true(deadlines_first(&queue, &item) == least);
		assert_true(when[item] == least);
	}
	deadlines_done(&queue);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_queue_waits_for_nothing),
		cmocka_unit_test(test_first_is_always_the_least),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
