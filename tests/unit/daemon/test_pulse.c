/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pulse of a role: what one process says, another one reads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/pulse.h"

static struct pulse *
new_pulse(void)
{
	struct pulse *pulse;
	struct error error;

	assert_int_equal(pulse_new(&pulse, &error), 0);
	return pulse;
}

/* In a process of its own. */
static void
beat_elsewhere(struct pulse *pulse, nsec_t patience)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		pulse_beat(pulse, patience);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void
test_beat_of_a_child_is_seen(void **state)
{
	struct pulse *pulse = new_pulse();
	uint32_t first, second, third;

	(void)state;
	assert_int_equal(pulse_read(pulse, &first), 0);		/* nobody said that it beats */
	beat_elsewhere(pulse, 1262 * NSEC_PER_MSEC);
	assert_int_equal(pulse_read(pulse, &second), 1262 * NSEC_PER_MSEC);
	assert_int_not_equal(second, first);
	assert_int_equal(pulse_read(pulse, &third), 1262 * NSEC_PER_MSEC);
	assert_int_equal(third, second);
	beat_elsewhere(pulse, 0);
	assert_int_equal(pulse_read(pulse, &third), 0);
	assert_int_not_equal(third, second);
	pulse_free(pulse);
}

static void
test_patience_of_any_length_leaves_the_number_alone(void **state)
{
	struct pulse *pulse = new_pulse();
	uint32_t before, after;

	(void)state;
	pulse_beat(pulse, NSEC_PER_SEC);
	(void)pulse_read(pulse, &before);
	pulse_beat(pulse, NSEC_NEVER);
	assert_int_equal(pulse_read(pulse, &after), (nsec_t)UINT32_MAX * NSEC_PER_MSEC);
	assert_int_equal(after, before + 1);
	pulse_free(pulse);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beat_of_a_child_is_seen),
		cmocka_unit_test(test_patience_of_any_length_leaves_the_number_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
