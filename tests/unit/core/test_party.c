/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is master, as laws: RFC 3768 6.4 for a whole sync group.  Down interval at priority 100 and
 * one second: 3,609,375 us; skew 609,375 us.
 */
#include "rig.h"

#include <string.h>

#define DOWN (3609375 * NSEC_PER_USEC)
#define SKEW (609375 * NSEC_PER_USEC)

static const struct rig_group alone[] = { { .interface = "eth0" } };
static const struct rig_group alone_no_preempt[] = { { .interface = "eth0", .no_preempt = true } };
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

/* ---- reset ---------------------------------------------------------------------------------- */

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
		cmocka_unit_test(test_lost_link_of_a_master_faults_all_and_resigns_where_it_can),
		cmocka_unit_test(test_resignation_goes_out_before_addresses_are_dropped),
		cmocka_unit_test(test_party_recovers_as_backup_only_when_all_links_are_back),
		cmocka_unit_test(test_link_without_address_to_send_from_is_a_fault),
		cmocka_unit_test(test_adverts_heard_in_fault_change_nothing),
		cmocka_unit_test(test_start_delay_of_one_member_holds_the_party_in_init),
		cmocka_unit_test(test_link_down_at_start_is_a_fault),
		cmocka_unit_test(test_reset_resigns_the_party_and_keeps_its_addresses),
		cmocka_unit_test(test_after_reset_addresses_go_once_any_member_heard_a_master),
		cmocka_unit_test(test_reset_that_nobody_answers_ends_as_master_again),
		cmocka_unit_test(test_reset_that_another_reset_answers_ends_by_its_resignation),
		cmocka_unit_test(test_after_reset_weaker_master_is_accepted_for_one_down_interval),
		cmocka_unit_test(test_after_reset_without_preempt_the_new_master_stays),
		cmocka_unit_test(test_link_lost_while_lingering_drops_the_addresses),
		cmocka_unit_test(test_resignation_is_no_master_to_hand_over_to),
		cmocka_unit_test(test_reset_is_refused_unless_master),
		cmocka_unit_test(test_table_of_states_and_events),
		cmocka_unit_test(test_after_stop_nothing_starts_again),
		cmocka_unit_test(test_moved_deadline_is_not_judged_before_all_is_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
