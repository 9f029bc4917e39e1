/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A party whose master is told to hand over: it resigns, keeps its addresses until another is
 * there, and is master again when there is none.  Down interval at priority 100 and one second:
 * 3,609,375 us.
 */
#include "rig.h"

#define DOWN (3609375 * NSEC_PER_USEC)

static const struct rig_group alone[] = { { .interface = "eth0" } };
static const struct rig_group alone_no_preempt[] = { { .interface = "eth0", .no_preempt = true } };
static const struct rig_group pair[] = {
	{ .interface = "eth0", .sync = "S" },
	{ .interface = "eth1", .sync = "S" },
};

static void
reset(struct rig *rig)
{
	assert_int_equal(engine_reset_master(rig->engine, 0, rig->now, &rig->out), ENGINE_DONE);
	rig_carry_out(rig);
}

static void
test_reset_resigns_the_party_and_keeps_its_addresses(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	reset(&rig);
	for (uint32_t i = 0; i < 2; i++) {
		assert_state(&rig, i, VROUTER_BACKUP);
		assert_reason(&rig, i, REASON_RESET);
		assert_true(rig_status(&rig, i)->lingering);
		assert_int_equal(rig_resigned(&rig, i), 1);
	}
	rig_run(&rig, 2 * SEC);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, RIG_GROUPS), 0);
	assert_true(rig_count(&rig, EFFECT_RENEW_ADDRESSES, 0) >= 2);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, RIG_GROUPS), 0);
	rig_done(&rig);
}

static void
test_after_reset_addresses_go_once_any_member_heard_a_master(void **state UNUSED)
{
	struct rig rig;
	nsec_t heard;

	rig_start_master(&rig, pair, 2);
	reset(&rig);
	rig_run(&rig, 50 * MSEC);
	heard = rig.now;
	rig_hear(&rig, 1, 90);
	rig_run(&rig, 30 * MSEC);
	rig_hear(&rig, 0, 90);		/* does not put it off */
	rig_run_until(&rig, heard + ENGINE_LINGER - 1);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, RIG_GROUPS), 0);
	rig_run_until(&rig, heard + ENGINE_LINGER);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, RIG_GROUPS), 2);
	assert_false(rig_status(&rig, 0)->lingering);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

static void
test_reset_that_nobody_answers_ends_as_master_again(void **state UNUSED)
{
	struct rig rig;
	nsec_t begin;

	rig_start_master(&rig, pair, 2);
	reset(&rig);
	begin = rig.now;
	rig_forget(&rig);
	rig_run_until(&rig, begin + DOWN);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_reason(&rig, 0, REASON_NOBODY_TOOK_OVER);
	assert_int_equal(rig_count(&rig, EFFECT_TAKE_ADDRESSES, 0), 1);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, 0), 0);
	rig_done(&rig);
}

/* The router that took over is reset itself, before we have dropped our addresses. */
static void
test_reset_that_another_reset_answers_ends_by_its_resignation(void **state UNUSED)
{
	static const struct rig_group strong[] = { { .interface = "eth0", .priority = 254 } };
	struct rig rig;

	rig_start_master(&rig, strong, 1);
	reset(&rig);
	rig_run(&rig, 20 * MSEC);
	rig_hear(&rig, 0, 90);
	rig_run(&rig, 10 * MSEC);
	assert_true(rig_status(&rig, 0)->lingering);
	rig_hear(&rig, 0, ADVERT_PRIORITY_RESIGN);
	rig_run(&rig, 10 * MSEC);	/* the skew of priority 254 is 8 ms */
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_reason(&rig, 0, REASON_PEER_RESIGNED);
	rig_done(&rig);
}

static void
test_after_reset_weaker_master_is_accepted_for_one_down_interval(void **state UNUSED)
{
	struct rig rig;
	nsec_t begin;

	rig_start_master(&rig, alone, 1);
	reset(&rig);
	begin = rig.now;
	while (rig.now < begin + DOWN - SEC) {
		rig_run(&rig, SEC);
		rig_hear(&rig, 0, 50);
		assert_int_equal(rig_status(&rig, 0)->down_deadline, rig.now + DOWN);
	}
	/* Then preempt may bring it back, but within two down intervals. */
	while (rig.now < begin + 2 * DOWN) {
		rig_run(&rig, SEC / 2);
		if (rig_status(&rig, 0)->state == VROUTER_BACKUP)
			rig_hear(&rig, 0, 50);
	}
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_after_reset_without_preempt_the_new_master_stays(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, alone_no_preempt, 1);
	reset(&rig);
	for (int i = 0; i < 20; i++) {
		rig_run(&rig, SEC);
		rig_hear(&rig, 0, 50);
	}
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

static void
test_link_lost_while_lingering_drops_the_addresses(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	reset(&rig);
	rig_link(&rig, 0, false);
	assert_state(&rig, 1, VROUTER_FAULT);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, RIG_GROUPS), 2);
	rig_done(&rig);
}

static void
test_resignation_is_no_master_to_hand_over_to(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	reset(&rig);
	rig_hear(&rig, 0, 0);
	rig_run(&rig, 2 * ENGINE_LINGER);
	assert_true(rig_status(&rig, 0)->lingering);
	rig_done(&rig);
}

static void
test_reset_is_refused_unless_master(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, pair, 2);
	assert_int_equal(engine_reset_master(rig.engine, 0, rig.now, &rig.out),
	                 ENGINE_NOT_MASTER);
	assert_int_equal(engine_reset_master(rig.engine, 2, rig.now, &rig.out),
	                 ENGINE_NO_GROUP);
	rig_done(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset_resigns_the_party_and_keeps_its_addresses),
		cmocka_unit_test(test_after_reset_addresses_go_once_any_member_heard_a_master),
		cmocka_unit_test(test_reset_that_nobody_answers_ends_as_master_again),
		cmocka_unit_test(test_reset_that_another_reset_answers_ends_by_its_resignation),
		cmocka_unit_test(test_after_reset_weaker_master_is_accepted_for_one_down_interval),
		cmocka_unit_test(test_after_reset_without_preempt_the_new_master_stays),
		cmocka_unit_test(test_link_lost_while_lingering_drops_the_addresses),
		cmocka_unit_test(test_resignation_is_no_master_to_hand_over_to),
		cmocka_unit_test(test_reset_is_refused_unless_master),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
