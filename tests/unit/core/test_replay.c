/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The replay window against a set that forgets nothing: every order of few numbers, and long random
 * walks with jumps of every size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/replay.h"

#define SPAN 100000u			/* numbers of a walk */

/* What a window must say, from all that was noted before. */
struct oracle {
	uint64_t base;
	uint64_t next;
	bool seen[SPAN];
};

static enum replay_verdict
expected(const struct oracle *oracle, uint64_t number)
{
	if (number >= oracle->next)
		return REPLAY_FRESH;
	if (oracle->next - number > REPLAY_WINDOW)
		return REPLAY_OLD;
	return oracle->seen[number - oracle->base] ? REPLAY_SEEN : REPLAY_FRESH;
}

static void
offer(struct replay *replay, struct oracle *oracle, uint64_t number)
{
	enum replay_verdict verdict = replay_judge(replay, number);

	assert_int_equal(verdict, expected(oracle, number));
	if (verdict != REPLAY_FRESH)
		return;
	replay_note(replay, number);
	oracle->seen[number - oracle->base] = true;
	if (number >= oracle->next)
		oracle->next = number + 1;
	assert_int_equal(replay_judge(replay, number), REPLAY_SEEN);
}

static void
test_empty_window_takes_any_number_but_the_last(void **state UNUSED)
{
	struct replay replay = { 0 };

	assert_int_equal(replay_judge(&replay, 0), REPLAY_FRESH);
	assert_int_equal(replay_judge(&replay, UINT64_MAX - 1), REPLAY_FRESH);
	assert_int_equal(replay_judge(&replay, UINT64_MAX), REPLAY_OLD);
}

static void
test_window_is_at_least_what_two_paths_need(void **state UNUSED)
{
	assert_true(REPLAY_WINDOW >= 1024);
}

/* Every sequence of six numbers around the edges of words and of the window. */
static void
test_every_order_of_edge_numbers_is_judged_right(void **state UNUSED)
{
	static const uint64_t edges[] = { 0, 1, 63, 64, 65, REPLAY_WINDOW - 1, REPLAY_WINDOW,
	                                  REPLAY_WINDOW + 1, REPLAY_WINDOW + 63,
	                                  REPLAY_WINDOW + 64, 2 * REPLAY_WINDOW + 128 };
	static struct oracle oracle;
	const unsigned count = ARRAY_SIZE(edges);
	unsigned long orders = 1;

	for (unsigned i = 0; i < 6; i++)
		orders *= count;
	for (unsigned long order = 0; order < orders; order++) {
		struct replay replay = { 0 };
		unsigned long rest = order;
		uint64_t offered[6];

		oracle.next = 0;
		for (unsigned i = 0; i < 6; i++, rest /= count) {
			offered[i] = edges[rest % count];
			offer(&replay, &oracle, offered[i]);
		}
		for (unsigned i = 0; i < 6; i++)
			oracle.seen[offered[i]] = false;
	}
}

/* After one number, all others around it, each twice. */
static void
test_every_distance_from_the_newest_is_judged_right(void **state UNUSED)
{
	static struct oracle oracle;

	for (uint64_t newest = REPLAY_WINDOW + 64; newest < REPLAY_WINDOW + 200; newest++) {
		struct replay replay = { 0 };

		memset(&oracle, 0, sizeof(oracle));
		offer(&replay, &oracle, newest);
		for (uint64_t number = 0; number <= newest; number++)
			offer(&replay, &oracle, number);
		for (uint64_t number = 0; number <= newest; number++)
			offer(&replay, &oracle, number);
	}
}

static void
walk(uint64_t base, unsigned seed)
{
	static struct oracle oracle;
	struct replay replay = { 0 };
	uint64_t newest = base;

	memset(&oracle, 0, sizeof(oracle));
	oracle.base = base;
	srandom(seed);
	while (newest - base < SPAN - 3 * REPLAY_WINDOW) {
		uint64_t jump = (uint64_t)random() %
			(random() % 50 == 0 ? 2 * REPLAY_WINDOW : 130);
		uint64_t back = (uint64_t)random() %
			(random() % 4 == 0 ? 2 * REPLAY_WINDOW : 200);

		newest += jump;
		offer(&replay, &oracle, newest);
		offer(&replay, &oracle, newest - base > back ? newest - back : base);
	}
}

static void
test_random_walks_agree_with_a_set_that_forgets_nothing(void **state UNUSED)
{
	for (unsigned seed = 1; seed <= 40; seed++)
		walk(0, seed);
}

static void
test_numbers_near_the_end_of_64_bits_are_judged_right(void **state UNUSED)
{
	for (unsigned seed = 1; seed <= 10; seed++)
		walk(UINT64_MAX - SPAN, seed);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_window_takes_any_number_but_the_last),
		cmocka_unit_test(test_window_is_at_least_what_two_paths_need),
		cmocka_unit_test(test_every_order_of_edge_numbers_is_judged_right),
		cmocka_unit_test(test_every_distance_from_the_newest_is_judged_right),
		cmocka_unit_test(test_random_walks_agree_with_a_set_that_forgets_nothing),
		cmocka_unit_test(test_numbers_near_the_end_of_64_bits_are_judged_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
