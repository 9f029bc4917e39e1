/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a party makes of adverts, RFC 3768 6.4: in backup, of a resignation (priority 0), as master.
 * Down interval at priority 100 and one second: 3,609,375 us; skew 609,375 us.
 */
#include "rig.h"

#define DOWN (3609375 * NSEC_PER_USEC)
#define SKEW (609375 * NSEC_PER_USEC)

static const struct rig_group alone[] = { { .interface = "eth0" } };
static const struct rig_group alone_no_preempt[] = { { .interface = "eth0", .no_preempt = true } };
static const struct rig_group pair[] = {
	{ .interface = "eth0", .sync = "S" },
	{ .interface = "eth1", .sync = "S" },
};

/* ---- backup --------------------------------------------------------------------------------- */

static void
test_backup_with_preempt_ignores_weaker_and_its_deadline_runs_on(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, alone, 1);
	for (int i = 0; i < 3; i++) {
		rig_run(&rig, SEC);
		rig_hear(&rig, 0, 99);
	}
	assert_int_equal(rig_status(&rig, 0)->down_deadline, RIG_BEGIN + DOWN);
	assert_int_equal(rig_status(&rig, 0)->master_source.family, 0);
	rig_run(&rig, SEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_backup_without_preempt_follows_weaker(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, alone_no_preempt, 1);
	for (int i = 0; i < 10; i++) {
		rig_run(&rig, SEC);
		rig_hear(&rig, 0, 1);
		assert_state(&rig, 0, VROUTER_BACKUP);
		assert_int_equal(rig_status(&rig, 0)->master_priority, 1);
	}
	rig_done(&rig);
}

static void
test_backup_follows_equal_priority_from_any_address(void **state UNUSED)
{
	static const char *const sources[] = { "192.0.2.200", "10.0.0.1" };

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		struct rig rig;
		struct advert ad;

		rig_start(&rig, alone, 1);
		rig_run(&rig, SEC);
		ad = rig_advert(&rig, 0, 100);
		assert_true(ip_parse(sources[i], &ad.source));
		rig_hear_advert(&rig, 0, &ad);
		assert_int_equal(rig_status(&rig, 0)->down_deadline, rig.now + DOWN);
		assert_true(ip_equal(&rig_status(&rig, 0)->master_source, &ad.source));
		rig_done(&rig);
	}
}

static const struct rig_group patient[] = {
	{ .interface = "eth0", .preempt_delay = 10 * SEC },
};

static void
test_preempt_delay_follows_weaker_until_it_is_over(void **state UNUSED)
{
	struct rig rig;
	nsec_t first;

	rig_start(&rig, patient, 1);
	rig_run(&rig, SEC);
	first = rig.now;
	while (rig.now < first + 10 * SEC) {
		rig_hear(&rig, 0, 50);
		assert_int_equal(rig_status(&rig, 0)->down_deadline,
		                 nsec_min(rig.now + DOWN, first + 10 * SEC));
		rig_run(&rig, SEC - 1);
		assert_state(&rig, 0, VROUTER_BACKUP);
		rig_run(&rig, 1);
	}
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

/* A delay that ran when preempt was turned off takes over from no healthy master. */
static void
test_preempt_turned_off_forgets_the_preempt_delay(void **state UNUSED)
{
	struct rig_group group = patient[0];
	struct rig rig;

	rig_start(&rig, &group, 1);
	for (int i = 0; i < 5; i++) {
		rig_run(&rig, SEC);
		rig_hear(&rig, 0, 50);
	}
	group.no_preempt = true;
	rig_adopt(&rig, &group, 1);
	for (int i = 0; i < 20; i++) {
		rig_run(&rig, SEC);
		rig_hear(&rig, 0, 50);
		assert_state(&rig, 0, VROUTER_BACKUP);
	}
	rig_done(&rig);
}

static void
test_stronger_advert_forgets_the_preempt_delay(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, patient, 1);
	rig_hear(&rig, 0, 50);
	for (int i = 0; i < 9; i++) {
		rig_run(&rig, SEC);
		rig_hear(&rig, 0, 50);
	}
	rig_hear(&rig, 0, 150);
	rig_run(&rig, SEC);
	rig_hear(&rig, 0, 50);		/* a new delay begins */
	rig_run(&rig, SEC);
	rig_hear(&rig, 0, 50);
	assert_int_equal(rig_status(&rig, 0)->down_deadline, rig.now + DOWN);
	rig_done(&rig);
}

/* ---- priority 0 ----------------------------------------------------------------------------- */

static void
test_resignation_on_one_member_shortens_all_to_their_skew(void **state UNUSED)
{
	struct rig rig;
	nsec_t heard;

	rig_start(&rig, pair, 2);
	rig_hear(&rig, 0, 200);
	rig_hear(&rig, 1, 200);
	rig_run(&rig, SEC);
	heard = rig.now;
	rig_hear(&rig, 1, 0);
	rig_run_until(&rig, heard + SKEW - 1);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_run_until(&rig, heard + SKEW);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_reason(&rig, 0, REASON_PEER_RESIGNED);
	assert_int_equal(rig_status(&rig, 1)->counters.priority_zero_received, 1);
	rig_done(&rig);
}

static void
test_second_resignation_does_not_put_the_first_off(void **state UNUSED)
{
	struct rig rig;
	nsec_t heard;

	rig_start(&rig, pair, 2);
	heard = rig.now;
	rig_hear(&rig, 0, 0);
	rig_run(&rig, 10 * MSEC);
	rig_hear(&rig, 1, 0);
	rig_run_until(&rig, heard + SKEW);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_advert_after_resignation_makes_the_party_wait(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, pair, 2);
	rig_hear(&rig, 0, 0);
	rig_run(&rig, 100 * MSEC);
	rig_hear(&rig, 1, 200);
	rig_run(&rig, DOWN - 1);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_run(&rig, 1);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_reason(&rig, 0, REASON_NO_ADVERT);
	rig_done(&rig);
}

static void
test_resignation_after_resignation_and_advert_counts_again(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, pair, 2);
	rig_hear(&rig, 0, 0);
	rig_hear(&rig, 0, 200);
	rig_hear(&rig, 1, 0);
	rig_run(&rig, SKEW);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_master_answers_resignation_at_once_and_keeps_its_phase(void **state UNUSED)
{
	struct rig rig;
	nsec_t next;

	rig_start_master(&rig, alone, 1);
	next = rig_status(&rig, 0)->next_advert;
	rig_hear(&rig, 0, 0);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
	assert_int_equal(rig_status(&rig, 0)->next_advert, next);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

/* ---- master --------------------------------------------------------------------------------- */

static void
test_master_yields_with_its_whole_party_to_higher_priority(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	rig_hear(&rig, 1, 101);
	for (uint32_t i = 0; i < 2; i++) {
		assert_state(&rig, i, VROUTER_BACKUP);
		assert_reason(&rig, i, REASON_STRONGER_MASTER);
		assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, i), 1);
		assert_int_equal(rig_status(&rig, i)->counters.released_master, 1);
		assert_int_equal(rig_status(&rig, i)->down_deadline, rig.now + DOWN);
	}
	assert_int_equal(rig_resigned(&rig, RIG_GROUPS), 0);
	assert_int_equal(rig_status(&rig, 1)->master_priority, 101);
	rig_done(&rig);
}

static void
test_tie_goes_to_the_higher_address_as_unsigned_number(void **state UNUSED)
{
	static const struct {
		const char *source;
		bool yields;
	} cases[] = {
		{ "192.0.2.2", true }, { "192.0.2.0", false }, { "200.0.0.1", true },
		{ "10.255.255.255", false }, { "192.0.2.255", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig rig;
		struct advert ad;

		rig_start_master(&rig, alone, 1);
		ad = rig_advert(&rig, 0, 100);
		assert_true(ip_parse(cases[i].source, &ad.source));
		rig_hear_advert(&rig, 0, &ad);
		assert_state(&rig, 0, cases[i].yields ? VROUTER_BACKUP : VROUTER_MASTER);
		rig_done(&rig);
	}
}

static void
test_master_asserts_itself_to_weaker_but_is_no_amplifier(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, alone, 1);
	rig_run(&rig, rig_status(&rig, 0)->next_advert - rig.now + MSEC);
	rig_run(&rig, 7 * SEC);		/* past the announcements of the takeover */
	rig_forget(&rig);
	rig_hear(&rig, 0, 99);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
	assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 0), 1);
	assert_true(rig_status(&rig, 0)->alarms & 1u << ALARM_TWO_MASTERS);
	for (int i = 0; i < 900; i++) {	/* a flood, for 0.9 s, until the next of our own */
		rig_run(&rig, MSEC);
		rig_hear(&rig, 0, 99);
	}
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 4);
	assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 0), 5);	/* one burst */
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_two_masters_alarm_ends_three_intervals_after_the_last(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, alone, 1);
	rig_hear(&rig, 0, 99);
	assert_true(rig_last(&rig, EFFECT_ALARM, 0)->raised);
	rig_run(&rig, SEC);
	rig_hear(&rig, 0, 99);
	rig_run(&rig, 3 * SEC - 1);
	assert_true(rig_status(&rig, 0)->alarms & 1u << ALARM_TWO_MASTERS);
	assert_int_equal(rig_count(&rig, EFFECT_ALARM, 0), 1);
	rig_run(&rig, 1);
	assert_int_equal(rig_status(&rig, 0)->alarms, 0);
	assert_false(rig_last(&rig, EFFECT_ALARM, 0)->raised);
	rig_done(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backup_with_preempt_ignores_weaker_and_its_deadline_runs_on),
		cmocka_unit_test(test_backup_without_preempt_follows_weaker),
		cmocka_unit_test(test_backup_follows_equal_priority_from_any_address),
		cmocka_unit_test(test_preempt_delay_follows_weaker_until_it_is_over),
		cmocka_unit_test(test_preempt_turned_off_forgets_the_preempt_delay),
		cmocka_unit_test(test_stronger_advert_forgets_the_preempt_delay),
		cmocka_unit_test(test_resignation_on_one_member_shortens_all_to_their_skew),
		cmocka_unit_test(test_second_resignation_does_not_put_the_first_off),
		cmocka_unit_test(test_advert_after_resignation_makes_the_party_wait),
		cmocka_unit_test(test_resignation_after_resignation_and_advert_counts_again),
		cmocka_unit_test(test_master_answers_resignation_at_once_and_keeps_its_phase),
		cmocka_unit_test(test_master_yields_with_its_whole_party_to_higher_priority),
		cmocka_unit_test(test_tie_goes_to_the_higher_address_as_unsigned_number),
		cmocka_unit_test(test_master_asserts_itself_to_weaker_but_is_no_amplifier),
		cmocka_unit_test(test_two_masters_alarm_ends_three_intervals_after_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
