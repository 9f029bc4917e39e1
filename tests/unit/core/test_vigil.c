/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that is watched: what counts against it, and what does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/vigil.h"

#define PATIENCE NSEC_PER_SEC
#define LOOKS (250 * NSEC_PER_MSEC)

/* A watcher and whom it watches. */
struct scene {
	struct vigil vigil;
	struct vigil_sight sight;
	uint32_t beat;
	nsec_t now;
};

static struct scene
begin(void)
{
	struct scene s = { .beat = 1, .now = 1000 * NSEC_PER_SEC };

	assert_false(vigil_look(&s.vigil, s.beat, PATIENCE, &s.sight, s.now));
	return s;
}

/* Time passes in such a state, looked at every so often; after how long is it judged to hang? */
static nsec_t
pass(struct scene *s, enum vigil_state state, unsigned percent, nsec_t gap, nsec_t time)
{
	for (nsec_t passed = gap; passed <= time; passed += gap) {
		s->now += gap;
		s->sight.state = state;
		s->sight.used += gap * percent / 100;
		if (vigil_look(&s->vigil, s->beat, PATIENCE, &s->sight, s->now))
			return passed;
	}
	return NSEC_NEVER;
}

static void
test_one_that_is_stopped_hangs_after_the_patience(void **state)
{
	struct scene s = begin();

	(void)state;
	assert_int_equal(pass(&s, VIGIL_WAITS, 0, LOOKS, 10 * PATIENCE), PATIENCE);
	/* Not killed, it is given the whole patience again. */
	s = begin();
	assert_int_equal(pass(&s, VIGIL_WAITS, 0, 50 * NSEC_PER_MSEC, 10 * PATIENCE), PATIENCE);
	assert_int_equal(pass(&s, VIGIL_WAITS, 0, 50 * NSEC_PER_MSEC, PATIENCE), NSEC_NEVER);
}

static void
test_a_beat_puts_everything_off(void **state)
{
	struct scene s = begin();

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(pass(&s, VIGIL_WAITS, 0, LOOKS, PATIENCE - LOOKS), NSEC_NEVER);
		s.beat++;
		assert_int_equal(pass(&s, VIGIL_WAITS, 0, LOOKS, LOOKS), NSEC_NEVER);
	}
	assert_int_equal(pass(&s, VIGIL_WAITS, 0, LOOKS, PATIENCE), PATIENCE);
}

static void
test_one_that_runs_in_circles_hangs_by_its_own_clock(void **state)
{
	struct scene s = begin();

	(void)state;
	assert_int_equal(pass(&s, VIGIL_RUNS, 100, LOOKS, 10 * PATIENCE), PATIENCE);
	s = begin();
	assert_int_equal(pass(&s, VIGIL_RUNS, 25, LOOKS, 10 * PATIENCE), 4 * PATIENCE);
	/* A tick of its clock more than passed does not make time. */
	s = begin();
	assert_int_equal(pass(&s, VIGIL_RUNS, 400, LOOKS, 10 * PATIENCE), PATIENCE);
}

static void
test_one_that_gets_no_processor_does_not_hang(void **state)
{
	struct scene s = begin();

	(void)state;
	assert_int_equal(pass(&s, VIGIL_RUNS, 0, LOOKS, 100 * PATIENCE), NSEC_NEVER);
}

static void
test_one_that_the_kernel_holds_is_given_longer(void **state)
{
	struct scene s = begin();

	(void)state;
	assert_int_equal(pass(&s, VIGIL_HELD, 100, LOOKS, 100 * PATIENCE),
	                 VIGIL_HELD_SHARE * PATIENCE);
}

/* The machine was suspended, or the whole service was frozen: at once, or several times. */
static void
test_time_in_which_the_watcher_stood_still_does_not_count(void **state)
{
	struct scene s = begin();

	(void)state;
	assert_int_equal(pass(&s, VIGIL_WAITS, 0, LOOKS, PATIENCE - LOOKS), NSEC_NEVER);
	assert_int_equal(pass(&s, VIGIL_WAITS, 0, 3 * PATIENCE, 3 * PATIENCE), NSEC_NEVER);
	/* Nor does what was before: it has its patience to come to itself. */
	assert_int_equal(pass(&s, VIGIL_WAITS, 0, LOOKS, PATIENCE - LOOKS), NSEC_NEVER);
	assert_int_equal(pass(&s, VIGIL_WAITS, 0, VIGIL_GAP + 1, 100 * PATIENCE), NSEC_NEVER);
	assert_int_equal(pass(&s, VIGIL_WAITS, 0, VIGIL_GAP, 100 * PATIENCE), PATIENCE);
}

static void
test_one_that_rests_is_not_watched(void **state)
{
	struct scene s = begin();

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		s.now += LOOKS;
		s.sight.state = VIGIL_WAITS;
		assert_false(vigil_look(&s.vigil, s.beat, 0, &s.sight, s.now));
	}
	assert_int_equal(pass(&s, VIGIL_WAITS, 0, LOOKS, 10 * PATIENCE), PATIENCE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_that_is_stopped_hangs_after_the_patience),
		cmocka_unit_test(test_a_beat_puts_everything_off),
		cmocka_unit_test(test_one_that_runs_in_circles_hangs_by_its_own_clock),
		cmocka_unit_test(test_one_that_gets_no_processor_does_not_hang),
		cmocka_unit_test(test_one_that_the_kernel_holds_is_given_longer),
		cmocka_unit_test(test_time_in_which_the_watcher_stood_still_does_not_count),
		cmocka_unit_test(test_one_that_rests_is_not_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
