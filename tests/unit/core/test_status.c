/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every state, reason, fault and alarm has a name of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/status.h"

/* Every value has a name of its own, and values beyond the last have one too. */
#define assert_named(function, type, count) \
	for (unsigned i = 0; i < (count); i++) { \
		assert_non_null(function((enum type)i)); \
		assert_string_not_equal(function((enum type)i), "unknown"); \
		for (unsigned j = 0; j < i; j++) \
			assert_string_not_equal(function((enum type)i), function((enum type)j)); \
	} \
	assert_string_equal(function((enum type)(count)), "unknown")

static void
test_every_value_has_its_own_name(void **state UNUSED)
{
	assert_named(vrouter_state_name, vrouter_state, VROUTER_STATES);
	assert_named(vrouter_reason_text, vrouter_reason, VROUTER_REASONS);
	assert_named(advert_fault_name, advert_fault, ADVERT_FAULTS);
	assert_named(vrouter_alarm_name, vrouter_alarm, VROUTER_ALARMS);
}

static void
test_states_are_spelled_as_in_yang(void **state UNUSED)
{
	assert_string_equal(vrouter_state_name(VROUTER_INIT), "INIT");
	assert_string_equal(vrouter_state_name(VROUTER_BACKUP), "BACKUP");
	assert_string_equal(vrouter_state_name(VROUTER_MASTER), "MASTER");
	assert_string_equal(vrouter_state_name(VROUTER_FAULT), "FAULT");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_value_has_its_own_name),
		cmocka_unit_test(test_states_are_spelled_as_in_yang),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
