/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is master, as laws: RFC 3768 6.4 for a whole sync group.  What silence, links, and every
 * event in every state do; adverts and reset have files of their own.  Down interval at priority
 * 100 and one second: 3,609,375 us.
 */
#include "rig.h"

#define DOWN (3609375 * NSEC_PER_USEC)

static const struct rig_group alone[] = { { .interface = "eth0" } };
static const struct rig_group pair[] = {
	{ .interface = "eth0", .sync = "S" },
	{ .interface = "eth1", .sync = "S" },
};

/* ---- start and silence ---------------------------------------------------------------------- */

static void
test_start_is_backup_and_never_straight_master(void **state UNUSED)
{
	struct rig rig;

	rig_init(&rig);
	rig_adopt(&rig, alone, 1);
	assert_state(&rig, 0, VROUTER_INIT);
	rig_run(&rig, 10 * SEC);
	assert_state(&rig, 0, VROUTER_INIT);
	rig_link(&rig, 0, true);
	assert_state(&rig, 0, VROUTER_BACKUP);
	assert_reason(&rig, 0, REASON_STARTED);
	assert_int_equal(rig_count(&rig, EFFECT_TAKE_ADDRESSES, 0), 0);
	rig_done(&rig);
}

static void
test_silence_for_the_down_interval_makes_master_and_not_earlier(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, alone, 1);
	assert_int_equal(engine_deadline(rig.engine), RIG_BEGIN + DOWN);
	rig_run_until(&rig, RIG_BEGIN + DOWN - 1);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_run_until(&rig, RIG_BEGIN + DOWN);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_reason(&rig, 0, REASON_NO_ADVERT);
	assert_int_equal(rig_status(&rig, 0)->counters.became_master, 1);
	rig_done(&rig);
}

static void
test_takeover_does_each_step_for_all_members_before_the_next(void **state UNUSED)
{
	static const enum effect_kind order[] = {
		EFFECT_SEND_ADVERT, EFFECT_SEND_ADVERT,
		EFFECT_TAKE_ADDRESSES, EFFECT_TAKE_ADDRESSES,
		EFFECT_ANNOUNCE, EFFECT_ANNOUNCE,
		EFFECT_TRANSITION, EFFECT_TRANSITION,
	};
	struct rig rig;

	rig_start(&rig, pair, 2);
	rig_forget(&rig);
	rig_run_until(&rig, RIG_BEGIN + DOWN);
	assert_int_equal(rig.out.count, ARRAY_SIZE(order));
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		assert_int_equal(rig.list[i].kind, order[i]);
		assert_int_equal(rig.list[i].group, i % 2);
	}
	rig_done(&rig);
}

/* A frame from a virtual MAC turns switches towards us: the addresses must be there before it. */
static void
test_member_with_virtual_mac_takes_its_addresses_before_it_speaks(void **state UNUSED)
{
	static const struct rig_group mixed[] = {
		{ .interface = "eth0", .sync = "S", .rfc = true },
		{ .interface = "eth1", .sync = "S" },
	};
	static const struct { enum effect_kind kind; uint32_t group; } order[] = {
		{ EFFECT_SEND_ADVERT, 1 },
		{ EFFECT_TAKE_ADDRESSES, 0 }, { EFFECT_TAKE_ADDRESSES, 1 },
		{ EFFECT_SEND_ADVERT, 0 },
		{ EFFECT_ANNOUNCE, 0 }, { EFFECT_ANNOUNCE, 1 },
		{ EFFECT_TRANSITION, 0 }, { EFFECT_TRANSITION, 1 },
	};
	struct rig rig;

	rig_start(&rig, mixed, 2);
	rig_forget(&rig);
	rig_run_until(&rig, RIG_BEGIN + DOWN);
	assert_int_equal(rig.out.count, ARRAY_SIZE(order));
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		assert_int_equal(rig.list[i].kind, order[i].kind);
		assert_int_equal(rig.list[i].group, order[i].group);
	}
	rig_done(&rig);
}

static void
test_party_takes_over_when_the_last_member_hears_nothing(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, pair, 2);
	/* The segment of member 1 is cut; member 0 hears its master. */
	for (int i = 0; i < 20; i++) {
		rig_run(&rig, SEC);
		rig_hear(&rig, 0, 200);
		assert_state(&rig, 1, VROUTER_BACKUP);
	}
	rig_run(&rig, DOWN - 1);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_run(&rig, 1);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_state(&rig, 1, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_deadline_counts_from_the_arrival_not_from_the_reading(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, alone, 1);
	rig_run(&rig, SEC);
	rig_hear_late(&rig, 0, 200, rig.now - 50 * MSEC);
	assert_int_equal(rig_status(&rig, 0)->down_deadline, rig.now - 50 * MSEC + DOWN);
	rig_done(&rig);
}

static void
test_old_advert_shortens_nothing(void **state UNUSED)
{
	struct rig rig;
	nsec_t deadline;

	rig_start(&rig, alone, 1);
	rig_run(&rig, SEC);
	rig_hear(&rig, 0, 200);
	deadline = rig_status(&rig, 0)->down_deadline;
	rig_hear_late(&rig, 0, 200, RIG_BEGIN);
	assert_int_equal(rig_status(&rig, 0)->down_deadline, deadline);
	rig_done(&rig);
}

static void
test_silence_is_not_judged_before_all_is_heard(void **state UNUSED)
{
	struct rig rig;
	struct effects *out = &rig.out;

	rig_start(&rig, alone, 1);
	rig_run_until(&rig, RIG_BEGIN + DOWN - 1);
	rig.now = RIG_BEGIN + DOWN + MSEC;
	engine_on_time(rig.engine, rig.now, RIG_BEGIN + DOWN - 1, out);
	rig_carry_out(&rig);
	assert_state(&rig, 0, VROUTER_BACKUP);
	/* It had arrived in time and is handed in only now. */
	rig_hear_late(&rig, 0, 200, RIG_BEGIN + DOWN - 1);
	rig_wake(&rig, rig.now);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

/* The same, when the queue still holds an earlier deadline that an advert has moved since. */
static void
test_moved_deadline_is_not_judged_before_all_is_heard(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, alone, 1);
	rig_run(&rig, SEC);
	rig_hear(&rig, 0, 200);
	rig_run_until(&rig, RIG_BEGIN + DOWN - 1);
	rig.now = RIG_BEGIN + SEC + DOWN;
	engine_on_time(rig.engine, rig.now, rig.now - 1, &rig.out);
	rig_carry_out(&rig);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_wake(&rig, rig.now);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

/* ---- links ---------------------------------------------------------------------------------- */

static void
test_lost_link_of_a_master_faults_all_and_resigns_where_it_can(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	rig_link(&rig, 0, false);
	assert_state(&rig, 0, VROUTER_FAULT);
	assert_state(&rig, 1, VROUTER_FAULT);
	assert_reason(&rig, 0, REASON_LINK_DOWN);
	assert_reason(&rig, 1, REASON_MEMBER_DOWN);
	assert_int_equal(rig_resigned(&rig, 0), 0);
	assert_int_equal(rig_resigned(&rig, 1), 1);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, RIG_GROUPS), 2);
	rig_run(&rig, 20 * SEC);
	assert_state(&rig, 1, VROUTER_FAULT);
	rig_done(&rig);
}

static void
test_resignation_goes_out_before_addresses_are_dropped(void **state UNUSED)
{
	struct rig rig;
	bool dropped = false;

	rig_start_master(&rig, pair, 2);
	engine_stop(rig.engine, rig.now, &rig.out);
	rig_carry_out(&rig);
	for (size_t i = 0; i < rig.out.count; i++) {
		dropped = dropped || rig.list[i].kind == EFFECT_DROP_ADDRESSES;
		if (rig.list[i].kind == EFFECT_SEND_ADVERT)
			assert_false(dropped);
	}
	assert_int_equal(rig_resigned(&rig, RIG_GROUPS), 2);
	rig_done(&rig);
}

static void
test_party_recovers_as_backup_only_when_all_links_are_back(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	rig_link(&rig, 0, false);
	rig_link(&rig, 1, false);
	rig_link(&rig, 0, true);
	assert_state(&rig, 0, VROUTER_FAULT);
	rig_run(&rig, 10 * SEC);
	rig_link(&rig, 1, true);
	assert_state(&rig, 0, VROUTER_BACKUP);
	assert_reason(&rig, 0, REASON_LINK_UP);
	assert_int_equal(rig_status(&rig, 0)->down_deadline, rig.now + DOWN);
	assert_int_equal(rig_status(&rig, 1)->down_deadline, rig.now + DOWN);
	rig_done(&rig);
}

static void
test_link_without_address_to_send_from_is_a_fault(void **state UNUSED)
{
	struct link_input input;
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	input = rig_link_input(&rig, true);
	input.source4 = (struct ip){ 0 };
	engine_on_link(rig.engine, 1, &input, rig.now, &rig.out);
	rig_carry_out(&rig);
	assert_state(&rig, 0, VROUTER_FAULT);
	assert_reason(&rig, 0, REASON_MEMBER_DOWN);
	assert_reason(&rig, 1, REASON_NO_ADDRESS);
	rig_done(&rig);
}

static void
test_adverts_heard_in_fault_change_nothing(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, pair, 2);
	rig_link(&rig, 0, false);
	rig_hear(&rig, 1, 0);
	rig_hear(&rig, 1, 254);
	rig_run(&rig, 10 * SEC);
	assert_state(&rig, 1, VROUTER_FAULT);
	assert_int_equal(rig_status(&rig, 1)->counters.adverts_received, 2);
	rig_done(&rig);
}

static void
test_start_delay_of_one_member_holds_the_party_in_init(void **state UNUSED)
{
	static const struct rig_group delayed[] = {
		{ .interface = "eth0", .sync = "S" },
		{ .interface = "eth1", .sync = "S", .start_delay = 30 * SEC },
	};
	struct rig rig;

	rig_start(&rig, delayed, 2);
	rig_run_until(&rig, RIG_BEGIN + 30 * SEC - 1);
	assert_state(&rig, 0, VROUTER_INIT);
	rig_run_until(&rig, RIG_BEGIN + 30 * SEC);
	assert_state(&rig, 0, VROUTER_BACKUP);
	assert_state(&rig, 1, VROUTER_BACKUP);
	rig_done(&rig);
}

static void
test_link_down_at_start_is_a_fault(void **state UNUSED)
{
	struct rig rig;

	rig_init(&rig);
	rig_adopt(&rig, pair, 2);
	rig_link(&rig, 0, false);
	assert_state(&rig, 0, VROUTER_INIT);
	rig_link(&rig, 1, true);
	assert_state(&rig, 0, VROUTER_FAULT);
	assert_state(&rig, 1, VROUTER_FAULT);
	rig_done(&rig);
}

/* ---- the table ------------------------------------------------------------------------------ */

static void
bring_to(struct rig *rig, enum vrouter_state state)
{
	rig_init(rig);
	rig_adopt(rig, pair, 2);
	if (state == VROUTER_INIT)
		return;
	rig_link(rig, 0, state != VROUTER_FAULT);
	rig_link(rig, 1, true);
	if (state == VROUTER_MASTER)
		rig_run(rig, DOWN);
	assert_state(rig, 0, state);
	rig_forget(rig);
}

enum stimulus { READY, LOST, SILENCE, STRONGER, RESET, STALLED, STOP, STIMULI };

static void
stimulate(struct rig *rig, enum stimulus stimulus)
{
	switch (stimulus) {
	case READY:
		rig_link(rig, 0, true);
		rig_link(rig, 1, true);
		break;
	case LOST:
		rig_link(rig, 0, false);
		rig_link(rig, 1, true);
		break;
	case SILENCE:
		rig_run(rig, 2 * DOWN);
		break;
	case STRONGER:
		rig_hear(rig, 1, 254);
		break;
	case RESET:
		(void)engine_reset_master(rig->engine, 1, rig->now, &rig->out);
		rig_carry_out(rig);
		break;
	case STALLED:
		rig_wake(rig, rig->now + 60 * SEC);
		break;
	case STOP:
		engine_stop(rig->engine, rig->now, &rig->out);
		rig_carry_out(rig);
		break;
	case STIMULI:
		break;
	}
}

/* Every row and column, through the front door. */
static void
test_table_of_states_and_events(void **unused UNUSED)
{
	enum { I = VROUTER_INIT, B = VROUTER_BACKUP, M = VROUTER_MASTER, F = VROUTER_FAULT };
	static const uint8_t expected[VROUTER_STATES][STIMULI] = {
		/*      READY LOST SILENCE STRONGER RESET STALLED STOP */
		[I] = { B,    F,   I,      I,       I,    I,      I },
		[B] = { B,    F,   M,      B,       B,    B,      I },
		[M] = { M,    F,   M,      B,       B,    B,      I },
		[F] = { B,    F,   F,      F,       F,    F,      I },
	};

	for (int state = 0; state < VROUTER_STATES; state++)
		for (int stimulus = 0; stimulus < STIMULI; stimulus++) {
			struct rig rig;
			size_t transitions;

			bring_to(&rig, state);
			stimulate(&rig, stimulus);
			assert_state(&rig, 0, expected[state][stimulus]);
			assert_state(&rig, 1, expected[state][stimulus]);
			transitions = state != expected[state][stimulus];
			assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, 0), transitions);
			rig_done(&rig);
		}
}

static void
test_after_stop_nothing_starts_again(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	stimulate(&rig, STOP);
	assert_reason(&rig, 0, REASON_STOPPED);
	rig_link(&rig, 0, false);
	rig_link(&rig, 0, true);
	rig_hear(&rig, 0, 0);
	rig_run(&rig, 60 * SEC);
	assert_state(&rig, 0, VROUTER_INIT);
	rig_done(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_is_backup_and_never_straight_master),
		cmocka_unit_test(test_silence_for_the_down_interval_makes_master_and_not_earlier),
		cmocka_unit_test(test_takeover_does_each_step_for_all_members_before_the_next),
		cmocka_unit_test(test_member_with_virtual_mac_takes_its_addresses_before_it_speaks),
		cmocka_unit_test(test_party_takes_over_when_the_last_member_hears_nothing),
		cmocka_unit_test(test_deadline_counts_from_the_arrival_not_from_the_reading),
		cmocka_unit_test(test_old_advert_shortens_nothing),
		cmocka_unit_test(test_silence_is_not_judged_before_all_is_heard),
		cmocka_unit_test(test_moved_deadline_is_not_judged_before_all_is_heard),
		cmocka_unit_test(test_lost_link_of_a_master_faults_all_and_resigns_where_it_can),
		cmocka_unit_test(test_resignation_goes_out_before_addresses_are_dropped),
		cmocka_unit_test(test_party_recovers_as_backup_only_when_all_links_are_back),
		cmocka_unit_test(test_link_without_address_to_send_from_is_a_fault),
		cmocka_unit_test(test_adverts_heard_in_fault_change_nothing),
		cmocka_unit_test(test_start_delay_of_one_member_holds_the_party_in_init),
		cmocka_unit_test(test_link_down_at_start_is_a_fault),
		cmocka_unit_test(test_table_of_states_and_events),
		cmocka_unit_test(test_after_stop_nothing_starts_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
