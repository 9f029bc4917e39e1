/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a group tracks: weights, faults, delays, the beginning, sync groups, configurations, crash.
 * Objects are numbered in order of first mention.
 */
#include "rig.h"

#include <stdlib.h>

static const struct rig_group plain[] = {
	{ .interface = "eth0", .track = { { .object = "up0" } } },
};

static const struct rig_group weighted[] = {
	{ .interface = "eth0", .priority = 100, .track = {
		{ .object = "bonus", .weight = 20 }, { .object = "malus", .weight = -50 } } },
};

static const struct rig_group damped[] = {
	{ .interface = "eth0", .track = {
		{ .object = "up0", .up_delay = 3 * SEC, .down_delay = 500 * MSEC } } },
};

static const struct rig_group pair[] = {
	{ .interface = "eth0", .sync = "S", .priority = 100, .track = {
		{ .object = "bonus", .weight = 20 }, { .object = "up0" } } },
	{ .interface = "eth1", .sync = "S", .priority = 110 },
};

/* ---- faults --------------------------------------------------------------------------------- */

static void
test_group_waits_in_init_until_all_it_tracks_is_known(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, plain, 1);
	rig_run(&rig, 9 * SEC);
	assert_state(&rig, 0, VROUTER_INIT);
	rig_track(&rig, 0, true);
	assert_state(&rig, 0, VROUTER_BACKUP);
	assert_int_equal(rig_status(&rig, 0)->tracks_known, 1);
	assert_int_equal(rig_status(&rig, 0)->tracks_up, 1);
	rig_done(&rig);
}

static void
test_what_nobody_knows_counts_as_down_after_ten_seconds(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, plain, 1);
	rig_run(&rig, 10 * SEC);
	assert_state(&rig, 0, VROUTER_FAULT);
	assert_reason(&rig, 0, REASON_TRACK_DOWN);
	assert_int_equal(rig_status(&rig, 0)->tracks_known, 0);
	rig_track(&rig, 0, true);
	assert_state(&rig, 0, VROUTER_BACKUP);
	assert_reason(&rig, 0, REASON_TRACK_UP);
	rig_done(&rig);
}

static void
test_down_without_weight_is_a_fault_with_resignation(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, plain, 1);
	rig_track(&rig, 0, true);
	rig_run(&rig, 4 * SEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_forget(&rig);
	rig_track(&rig, 0, false);
	assert_state(&rig, 0, VROUTER_FAULT);
	assert_reason(&rig, 0, REASON_TRACK_DOWN);
	assert_int_equal(rig_resigned(&rig, 0), 1);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, 0), 1);
	rig_track(&rig, 0, true);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

static void
test_link_and_track_must_both_be_back(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, plain, 1);
	rig_track(&rig, 0, false);
	rig_link(&rig, 0, false);
	assert_state(&rig, 0, VROUTER_FAULT);
	rig_track(&rig, 0, true);
	assert_state(&rig, 0, VROUTER_FAULT);
	rig_link(&rig, 0, true);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

static void
test_fault_of_one_member_faults_the_sync_group(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, pair, 2);
	rig_track(&rig, 0, true);
	rig_track(&rig, 1, true);
	assert_state(&rig, 1, VROUTER_BACKUP);
	rig_track(&rig, 1, false);
	assert_state(&rig, 1, VROUTER_FAULT);
	assert_reason(&rig, 0, REASON_TRACK_DOWN);
	assert_reason(&rig, 1, REASON_MEMBER_TRACK_DOWN);
	rig_track(&rig, 1, true);
	assert_state(&rig, 1, VROUTER_BACKUP);
	assert_reason(&rig, 1, REASON_TRACK_UP);
	rig_done(&rig);
}

/* ---- delays --------------------------------------------------------------------------------- */

static void
test_change_counts_when_it_lasted_for_its_delay(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, damped, 1);
	rig_track(&rig, 0, true);	/* the first word counts at once */
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_track(&rig, 0, false);
	rig_run(&rig, 500 * MSEC - 1);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_run(&rig, 1);
	assert_state(&rig, 0, VROUTER_FAULT);
	assert_int_equal(rig_status(&rig, 0)->tracks_up, 0);
	rig_track(&rig, 0, true);
	rig_run(&rig, 3 * SEC - 1);
	assert_state(&rig, 0, VROUTER_FAULT);
	rig_run(&rig, 1);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

static void
test_change_that_does_not_last_never_counts(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, damped, 1);
	rig_track(&rig, 0, true);
	for (int i = 0; i < 20; i++) {
		rig_track(&rig, 0, false);
		rig_run(&rig, 400 * MSEC);
		rig_track(&rig, 0, false);	/* said twice: the delay does not begin anew */
		rig_run(&rig, 99 * MSEC);
		rig_track(&rig, 0, true);
		rig_run(&rig, MSEC);
	}
	assert_int_equal(rig_status(&rig, 0)->tracks_up, 1);
	rig_track(&rig, 0, false);
	rig_run(&rig, 400 * MSEC);
	rig_track(&rig, 0, false);
	rig_run(&rig, 100 * MSEC);
	assert_state(&rig, 0, VROUTER_FAULT);
	rig_done(&rig);
}

/* ---- weights -------------------------------------------------------------------------------- */

static void
test_weights_add_up_and_count_nothing_until_known(void **state UNUSED)
{
	static const struct { int bonus, malus; uint8_t priority; } cases[] = {
		{ -1, -1, 100 }, { 1, -1, 120 }, { 0, -1, 100 }, { -1, 0, 50 }, { -1, 1, 100 },
		{ 1, 1, 120 }, { 1, 0, 70 }, { 0, 0, 50 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig rig;

		rig_start(&rig, weighted, 1);
		assert_state(&rig, 0, VROUTER_BACKUP);	/* nothing to wait for */
		if (cases[i].bonus >= 0)
			rig_track(&rig, 0, cases[i].bonus);
		if (cases[i].malus >= 0)
			rig_track(&rig, 1, cases[i].malus);
		assert_int_equal(rig_status(&rig, 0)->effective_priority, cases[i].priority);
		rig_done(&rig);
	}
}

static void
test_effective_priority_stays_between_1_and_254(void **state UNUSED)
{
	static const struct rig_group high[] = {
		{ .interface = "eth0", .priority = 250, .track = {
			{ .object = "bonus", .weight = 254 } } } };
	static const struct rig_group low[] = {
		{ .interface = "eth0", .priority = 2, .track = {
			{ .object = "malus", .weight = -254 } } } };
	struct rig rig;

	rig_start(&rig, high, 1);
	rig_track(&rig, 0, true);
	assert_int_equal(rig_status(&rig, 0)->effective_priority, 254);
	rig_done(&rig);
	rig_start(&rig, low, 1);
	rig_track(&rig, 0, false);
	assert_int_equal(rig_status(&rig, 0)->effective_priority, 1);
	rig_done(&rig);
}

static void
test_master_says_its_new_priority_at_once_and_stays(void **state UNUSED)
{
	nsec_t next;
	struct rig rig;

	rig_start_master(&rig, weighted, 1);
	next = rig_status(&rig, 0)->next_advert;
	rig_track(&rig, 1, false);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
	assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, 0), 0);
	assert_int_equal(rig_sent(&rig, 0, false, 0).priority, 50);
	assert_int_equal(rig_status(&rig, 0)->next_advert, next);
	rig_done(&rig);
}

/* 100 waits 3.609 s, 50 waits 3.805 s: the same silence, another patience. */
static void
test_backup_waits_by_its_new_priority(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, weighted, 1);
	rig_run(&rig, SEC);
	rig_track(&rig, 1, false);
	assert_int_equal(rig_status(&rig, 0)->down_deadline, RIG_BEGIN + 3804687500);
	rig_track(&rig, 1, true);
	assert_int_equal(rig_status(&rig, 0)->down_deadline, RIG_BEGIN + 3609375000);
	rig_done(&rig);
}

static void
test_backup_preempts_when_it_became_stronger(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, weighted, 1);
	rig_hear(&rig, 0, 110);
	rig_track(&rig, 0, true);	/* 120 */
	for (int i = 0; i < 3; i++) {
		rig_run(&rig, SEC);
		rig_hear(&rig, 0, 110);
	}
	rig_run(&rig, SEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_sync_group_speaks_with_the_lowest_of_its_members(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, pair, 2);
	rig_track(&rig, 1, true);
	rig_run(&rig, 4 * SEC);
	assert_int_equal(rig_status(&rig, 1)->effective_priority, 100);
	rig_forget(&rig);
	rig_track(&rig, 0, true);
	assert_int_equal(rig_status(&rig, 0)->effective_priority, 110);
	assert_int_equal(rig_status(&rig, 1)->effective_priority, 110);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 1), 1);
	assert_int_equal(rig_sent(&rig, 1, false, 0).priority, 110);
	rig_done(&rig);
}

/* ---- configurations and crashes ------------------------------------------------------------- */

static void
test_new_configuration_finds_objects_by_name(void **state UNUSED)
{
	static const struct rig_group turned[] = {
		{ .interface = "eth0", .priority = 100, .track = {
			{ .object = "new", .weight = 7 }, { .object = "malus", .weight = -50 },
			{ .object = "bonus", .weight = 30 } } },
		{ .interface = "eth1", .track = { { .object = "malus" } } },
	};
	struct rig rig;

	rig_start(&rig, weighted, 1);
	rig_track(&rig, 0, true);
	rig_track(&rig, 1, false);
	rig_adopt(&rig, turned, 2);
	assert_int_equal(rig_status(&rig, 0)->effective_priority, 100 - 50 + 30);
	assert_int_equal(rig_status(&rig, 0)->tracks_known, 6);
	assert_int_equal(rig_status(&rig, 0)->tracks_up, 4);
	rig_link(&rig, 0, true);
	rig_link(&rig, 1, true);
	assert_state(&rig, 1, VROUTER_FAULT);	/* knows what the other was told */
	rig_track(&rig, 1, true);
	assert_state(&rig, 1, VROUTER_BACKUP);
	rig_done(&rig);
}

static void
test_object_of_another_kind_is_another_object(void **state UNUSED)
{
	struct settings *s;
	struct rig rig;

	rig_start(&rig, weighted, 1);
	rig_track(&rig, 0, true);
	rig_track(&rig, 1, true);
	s = settings_copy(rig.settings);
	settings_objects(s)[0].kind = OBJECT_ROUTE;
	assert_true(prefix_parse("0.0.0.0/0", &settings_objects(s)[0].prefix));
	engine_retire(rig.engine, s, rig.now, &rig.out);
	assert_int_equal(engine_adopt(rig.engine, s, rig.now, &rig.out), 0);
	assert_int_equal(rig_status(&rig, 0)->tracks_known, 2);
	assert_int_equal(rig_status(&rig, 0)->effective_priority, 100);
	free(s);
	rig_done(&rig);
}

static void
test_delay_under_way_goes_on_in_the_next_configuration(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, damped, 1);
	rig_track(&rig, 0, true);
	rig_track(&rig, 0, false);
	rig_run(&rig, 300 * MSEC);
	rig_adopt(&rig, damped, 1);
	rig_run(&rig, 199 * MSEC);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_run(&rig, MSEC);
	assert_state(&rig, 0, VROUTER_FAULT);
	rig_done(&rig);
}

static void
test_master_waits_for_word_on_what_a_configuration_adds(void **state UNUSED)
{
	static const struct rig_group bare[] = { { .interface = "eth0" } };
	struct rig rig;

	rig_start_master(&rig, bare, 1);
	rig_run(&rig, 60 * SEC);
	rig_adopt(&rig, plain, 1);
	rig_run(&rig, 9 * SEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_run(&rig, SEC);
	assert_state(&rig, 0, VROUTER_FAULT);
	rig_adopt(&rig, bare, 1);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

static void
test_restarted_engine_keeps_what_was_known(void **state UNUSED)
{
	struct vrouter_status record;
	struct rig rig;

	rig_start(&rig, weighted, 1);
	rig_track(&rig, 0, true);
	rig_run(&rig, 4 * SEC);
	record = *rig_status(&rig, 0);
	assert_int_equal(record.effective_priority, 120);
	rig_done(&rig);

	nsec_t now = rig.now;

	rig_init(&rig);
	rig.now = now + 100 * MSEC;
	rig_adopt(&rig, weighted, 1);
	rig.held[0] = true;
	engine_resume(rig.engine, &record, 1, rig.now, &rig.out);
	rig_carry_out(&rig);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_int_equal(rig_status(&rig, 0)->effective_priority, 120);
	rig_forget(&rig);
	rig_link(&rig, 0, true);
	assert_int_equal(rig_sent(&rig, 0, false, 0).priority, 120);
	rig_track(&rig, 0, true);
	rig_track(&rig, 1, true);
	assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, 0), 0);
	assert_int_equal(rig_status(&rig, 0)->effective_priority, 120);
	rig_done(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_group_waits_in_init_until_all_it_tracks_is_known),
		cmocka_unit_test(test_what_nobody_knows_counts_as_down_after_ten_seconds),
		cmocka_unit_test(test_down_without_weight_is_a_fault_with_resignation),
		cmocka_unit_test(test_link_and_track_must_both_be_back),
		cmocka_unit_test(test_fault_of_one_member_faults_the_sync_group),
		cmocka_unit_test(test_change_counts_when_it_lasted_for_its_delay),
		cmocka_unit_test(test_change_that_does_not_last_never_counts),
		cmocka_unit_test(test_weights_add_up_and_count_nothing_until_known),
		cmocka_unit_test(test_effective_priority_stays_between_1_and_254),
		cmocka_unit_test(test_master_says_its_new_priority_at_once_and_stays),
		cmocka_unit_test(test_backup_waits_by_its_new_priority),
		cmocka_unit_test(test_backup_preempts_when_it_became_stronger),
		cmocka_unit_test(test_sync_group_speaks_with_the_lowest_of_its_members),
		cmocka_unit_test(test_new_configuration_finds_objects_by_name),
		cmocka_unit_test(test_object_of_another_kind_is_another_object),
		cmocka_unit_test(test_delay_under_way_goes_on_in_the_next_configuration),
		cmocka_unit_test(test_master_waits_for_word_on_what_a_configuration_adds),
		cmocka_unit_test(test_restarted_engine_keeps_what_was_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
