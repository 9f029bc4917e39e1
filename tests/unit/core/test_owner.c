/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners of their addresses: priority 255, master at once, and back again.
 */
#include "rig.h"

#include <string.h>

static const struct rig_group alone[] = {
	{ .interface = "eth0", .priority = 100, .no_preempt = true, .preempt_delay = 60 * SEC },
};

static const struct rig_group pair[] = {
	{ .interface = "eth0", .sync = "S", .priority = 100 },
	{ .interface = "eth1", .sync = "S", .priority = 120 },
};

static void
test_backup_that_turns_owner_is_master_at_once(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, alone, 1);
	rig_hear(&rig, 0, 254);
	rig_owner(&rig, 0, true);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_reason(&rig, 0, REASON_OWNER);
	assert_int_equal(rig_status(&rig, 0)->effective_priority, 255);
	assert_true(rig_status(&rig, 0)->owner);
	assert_int_equal(rig_sent(&rig, 0, false, 0).priority, 255);
	rig_hear(&rig, 0, 254);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_owner_starts_as_master_without_listening(void **state UNUSED)
{
	struct rig rig;

	rig_init(&rig);
	rig_adopt(&rig, alone, 1);
	rig_owner(&rig, 0, true);
	assert_state(&rig, 0, VROUTER_INIT);
	rig_link(&rig, 0, true);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_link(&rig, 0, false);
	assert_state(&rig, 0, VROUTER_FAULT);
	rig_link(&rig, 0, true);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_reason(&rig, 0, REASON_OWNER);
	rig_done(&rig);
}

static void
test_configured_priority_is_back_when_the_address_is_gone(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, alone, 1);
	rig_owner(&rig, 0, true);
	rig_forget(&rig);
	rig_owner(&rig, 0, false);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, 0), 0);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
	assert_int_equal(rig_status(&rig, 0)->effective_priority, 100);
	rig_hear(&rig, 0, 101);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

static void
test_same_news_twice_says_nothing_twice(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, alone, 1);
	rig_owner(&rig, 0, false);
	assert_int_equal(rig.out.count, 1);	/* of the start */
	rig_owner(&rig, 0, true);
	rig_forget(&rig);
	rig_owner(&rig, 0, true);
	assert_int_equal(rig.out.count, 0);
	rig_done(&rig);
}

static void
test_sync_group_owns_only_when_all_its_members_do(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, pair, 2);
	rig_owner(&rig, 0, true);
	assert_state(&rig, 0, VROUTER_BACKUP);
	assert_int_equal(rig_status(&rig, 0)->effective_priority, 120);
	rig_owner(&rig, 1, true);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_state(&rig, 1, VROUTER_MASTER);
	rig_owner(&rig, 1, false);
	assert_int_equal(rig_status(&rig, 0)->effective_priority, 120);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_of_two_owners_the_higher_address_stays_and_both_are_told(void **state UNUSED)
{
	struct rig rig;

	for (uint8_t host = 0; host <= 2; host += 2) {
		rig_start(&rig, alone, 1);
		rig_owner(&rig, 0, true);
		rig_hear_from(&rig, 0, 255, host);
		assert_state(&rig, 0, host > 1 ? VROUTER_BACKUP : VROUTER_MASTER);
		assert_alarm(&rig, 0, ALARM_TWO_OWNERS, true);
		assert_int_equal(rig_status(&rig, 0)->rival.bytes[3], host);
		assert_int_equal(rig_status(&rig, 0)->rival_mac.bytes[5], host);
		assert_int_equal(rig_status(&rig, 0)->rival_priority, 255);
		rig_link(&rig, 0, true);	/* no news: it does not fight */
		assert_state(&rig, 0, host > 1 ? VROUTER_BACKUP : VROUTER_MASTER);
		rig_run(&rig, 5 * SEC);
		assert_state(&rig, 0, VROUTER_MASTER);
		assert_alarm(&rig, 0, ALARM_TWO_OWNERS, false);
		rig_done(&rig);
	}
}

static void
test_owner_ignores_weights_but_not_faults(void **state UNUSED)
{
	static const struct rig_group tracking[] = {
		{ .interface = "eth0", .track = { { .object = "w", .weight = -50 },
		                                  { .object = "f" } } },
	};
	struct rig rig;

	rig_start(&rig, tracking, 1);
	rig_owner(&rig, 0, true);
	rig_track(&rig, 0, false);
	rig_track(&rig, 1, true);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_int_equal(rig_status(&rig, 0)->effective_priority, 255);
	rig_track(&rig, 1, false);
	assert_state(&rig, 0, VROUTER_FAULT);
	rig_done(&rig);
}

static void
test_owner_that_stood_still_listens_and_then_claims(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, alone, 1);
	rig_owner(&rig, 0, true);
	rig_run(&rig, 10 * SEC);
	rig_wake(&rig, rig.now + 20 * SEC);
	assert_state(&rig, 0, VROUTER_BACKUP);
	for (int i = 0; i < 4; i++) {	/* a preempt-delay of a minute is nothing to an owner */
		rig_hear(&rig, 0, 200);
		rig_run(&rig, SEC);
	}
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_configuration_that_leaves_owners_only_makes_master(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, pair, 2);
	rig_owner(&rig, 0, true);
	rig_hear(&rig, 0, 200);
	rig_adopt(&rig, pair, 1);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_reason(&rig, 0, REASON_OWNER);
	rig_forget(&rig);
	rig_adopt(&rig, pair, 1);
	assert_int_equal(rig.out.count, 0);
	rig_done(&rig);
}

static void
test_restarted_owner_goes_on_as_owner(void **state UNUSED)
{
	struct vrouter_status record;
	struct rig rig;
	nsec_t now;

	rig_start(&rig, alone, 1);
	rig_owner(&rig, 0, true);
	record = *rig_status(&rig, 0);
	now = rig.now;
	rig_done(&rig);
	rig_init(&rig);
	rig.now = now + 100 * MSEC;
	rig_adopt(&rig, alone, 1);
	rig.held[0] = true;
	engine_resume(rig.engine, &record, 1, rig.now, &rig.out);
	rig_carry_out(&rig);
	rig_link(&rig, 0, true);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_int_equal(rig_sent(&rig, 0, false, 0).priority, 255);
	rig_done(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backup_that_turns_owner_is_master_at_once),
		cmocka_unit_test(test_owner_starts_as_master_without_listening),
		cmocka_unit_test(test_configured_priority_is_back_when_the_address_is_gone),
		cmocka_unit_test(test_same_news_twice_says_nothing_twice),
		cmocka_unit_test(test_sync_group_owns_only_when_all_its_members_do),
		cmocka_unit_test(test_of_two_owners_the_higher_address_stays_and_both_are_told),
		cmocka_unit_test(test_owner_ignores_weights_but_not_faults),
		cmocka_unit_test(test_owner_that_stood_still_listens_and_then_claims),
		cmocka_unit_test(test_configuration_that_leaves_owners_only_makes_master),
		cmocka_unit_test(test_restarted_owner_goes_on_as_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
