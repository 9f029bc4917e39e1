/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of a group's transition scripts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/errand.h"

static void
test_one_script_runs_at_a_time_and_the_last_state_always_runs(void **state)
{
	struct errand e;

	(void)state;
	errand_init(&e, ERRAND_NONE);
	errand_want(&e, SCRIPT_BACKUP, REASON_STARTED, 1);
	assert_int_equal(errand_next(&e), SCRIPT_BACKUP);
	errand_want(&e, SCRIPT_MASTER, REASON_NO_ADVERT, 2);
	assert_int_equal(errand_next(&e), ERRAND_NONE);
	errand_want(&e, SCRIPT_FAULT, REASON_LINK_DOWN, 3);
	errand_done(&e);
	assert_int_equal(errand_next(&e), SCRIPT_FAULT);
	assert_int_equal(e.reason, REASON_LINK_DOWN);
	assert_int_equal(e.sequence, 3);
	assert_int_equal(e.skipped, 1);
	errand_done(&e);
	assert_true(errand_is_idle(&e));
	assert_int_equal(e.recorded, SCRIPT_FAULT);
}

static void
test_repeat_of_the_recorded_state_runs_nothing(void **state)
{
	struct errand e;

	(void)state;
	errand_init(&e, SCRIPT_MASTER);		/* of a predecessor */
	errand_want(&e, SCRIPT_MASTER, REASON_RESUMED, 1);
	assert_int_equal(errand_next(&e), ERRAND_NONE);
	assert_true(errand_is_idle(&e));
}

static void
test_flap_back_to_the_running_state_runs_nothing_more(void **state)
{
	struct errand e;

	(void)state;
	errand_init(&e, ERRAND_NONE);
	errand_want(&e, SCRIPT_MASTER, REASON_NO_ADVERT, 1);
	assert_int_equal(errand_next(&e), SCRIPT_MASTER);
	errand_want(&e, SCRIPT_BACKUP, REASON_STRONGER_MASTER, 2);
	errand_want(&e, SCRIPT_MASTER, REASON_NO_ADVERT, 3);
	errand_done(&e);
	assert_int_equal(errand_next(&e), ERRAND_NONE);
	assert_int_equal(e.recorded, SCRIPT_MASTER);
}

static void
test_older_state_is_ignored(void **state)
{
	struct errand e;

	(void)state;
	errand_init(&e, ERRAND_NONE);
	errand_want(&e, SCRIPT_MASTER, REASON_NO_ADVERT, 9);
	errand_want(&e, SCRIPT_BACKUP, REASON_STARTED, 8);
	assert_int_equal(errand_next(&e), SCRIPT_MASTER);
}

static void
test_init_has_a_script_only_when_stopped(void **state)
{
	struct errand e;

	(void)state;
	assert_int_equal(errand_script(VROUTER_INIT, REASON_STOPPED), SCRIPT_STOP);
	assert_int_equal(errand_script(VROUTER_INIT, REASON_NONE), ERRAND_NONE);
	assert_int_equal(errand_script(VROUTER_FAULT, REASON_STOPPED), SCRIPT_FAULT);
	errand_init(&e, 77);
	assert_int_equal(e.recorded, ERRAND_NONE);
	errand_want(&e, ERRAND_NONE, REASON_NONE, 1);
	assert_true(errand_is_idle(&e));
}

/* Whatever comes between: what runs last was wanted last, and nothing runs twice in a row. */
static void
test_every_history_ends_with_the_last_state(void **state)
{
	(void)state;
	/* Seven events of four kinds each: want master, backup, fault, or the script ends. */
	for (unsigned path = 0; path < 1u << 14; path++) {
		struct errand e;
		uint8_t wanted = ERRAND_NONE, ran = ERRAND_NONE, now;

		errand_init(&e, ERRAND_NONE);
		for (unsigned i = 0, rest = path; i < 7; i++, rest >>= 2) {
			if ((rest & 3) == 3) {
				if (e.running != ERRAND_NONE)
					errand_done(&e);
			} else {
				wanted = (uint8_t)(rest & 3);
				errand_want(&e, wanted, REASON_NONE, i + 1);
			}
			now = errand_next(&e);
			if (now != ERRAND_NONE) {
				assert_int_not_equal(now, ran);
				ran = now;
			}
		}
		while (e.running != ERRAND_NONE) {
			errand_done(&e);
			now = errand_next(&e);
			ran = now != ERRAND_NONE ? now : ran;
		}
		assert_int_equal(ran, wanted);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_script_runs_at_a_time_and_the_last_state_always_runs),
		cmocka_unit_test(test_repeat_of_the_recorded_state_runs_nothing),
		cmocka_unit_test(test_flap_back_to_the_running_state_runs_nothing_more),
		cmocka_unit_test(test_older_state_is_ignored),
		cmocka_unit_test(test_init_has_a_script_only_when_stopped),
		cmocka_unit_test(test_every_history_ends_with_the_last_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
