/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Roles: a promotion costs nothing and raises the epoch; who speaks of an older one is not
 * believed, and of two that forward the one that stays active is; the timers of a copy are long
 * while it is one, and are put right, without haste, once its router forwards.
 */
#include "flowsync_rig.h"

/* ---- epochs --------------------------------------------------------------------------------- */

static void
test_promotion_subscribes_raises_the_epoch_and_asks_nothing_of_the_kernel(void **state UNUSED)
{
	uint32_t epoch;

	tell_many(1000, 3);
	pass(100 * NSEC_PER_MSEC);
	epoch = status(1).epoch;
	routers[1].puts = routers[1].removals = 0;
	become(1, FLOWSYNC_ACTIVE);
	assert_true(routers[1].subscribed);
	assert_int_equal(status(1).epoch, epoch + 1);
	assert_int_equal(routers[1].puts + routers[1].removals + routers[1].retimed, 0);
	assert_int_equal(held_by(1), 1000);
}

static void
test_no_dump_begins_together_with_a_promotion(void **state UNUSED)
{
	become(1, FLOWSYNC_ACTIVE);
	flowsync_on_overrun(routers[1].sync, now);
	flowsync_on_time(routers[1].sync, now);
	assert_false(routers[1].dump_wanted);
	now += 99 * NSEC_PER_MSEC;
	flowsync_on_time(routers[1].sync, now);
	assert_false(routers[1].dump_wanted);
	now += NSEC_PER_MSEC;
	assert_true(flowsync_deadline(routers[1].sync) <= now);
	flowsync_on_time(routers[1].sync, now);
	assert_true(routers[1].dump_wanted);
}

static void
test_returning_old_master_is_fenced(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	become(1, FLOWSYNC_ACTIVE);
	pass(10 * NSEC_PER_MSEC);
	/* In a planned handover both forward for a moment. */
	assert_int_equal(routers[0].alarms, 0);
	assert_int_equal(routers[0].readiness, FLOWSYNC_SYNCED);
	pass(NSEC_PER_SEC);
	assert_true(routers[0].alarms & 1u << FLOWSYNC_BOTH_ACTIVE);
	assert_int_equal(routers[0].readiness, FLOWSYNC_ALONE);
	/* It speaks as if nothing had been: nobody believes it, then or after the other gave in. */
	news(0, &flow);
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[1].has, 0);
	become(0, FLOWSYNC_STANDBY);
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(status(0).epoch, status(1).epoch);
	assert_int_equal(count(1, FLOW_LATE_NEWS), 0);
	assert_int_equal(routers[0].alarms & 1u << FLOWSYNC_BOTH_ACTIVE, 0);
}

static void
test_router_that_stays_active_wins_whatever_its_epoch(void **state UNUSED)
{
	struct flow ours = flow_of(1), theirs = flow_of(2);
	uint32_t epoch;

	become(1, FLOWSYNC_ACTIVE);
	pass(10 * NSEC_PER_MSEC);
	news(0, &ours);
	news(1, &theirs);
	pass(10 * NSEC_PER_MSEC);
	assert_true(status(1).epoch > status(0).epoch);
	become(1, FLOWSYNC_STANDBY);
	pass(5 * NSEC_PER_SEC);
	assert_true(status(0).epoch == status(1).epoch);
	assert_int_not_equal(routers[1].kernel[1].has, 0);
	assert_int_not_equal(routers[0].kernel[2].has, 0);
	assert_int_equal(held_by(0), 2);
	assert_int_equal(held_by(1), 2);
	/* No oscillation: the epoch stays. */
	epoch = status(0).epoch;
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(status(0).epoch, epoch);
}

static void
test_datagram_of_an_older_epoch_changes_nothing(void **state UNUSED)
{
	struct flow flow = flow_of(1);
	struct datagram old;

	news(0, &flow);
	old = intercept(0);
	become(1, FLOWSYNC_ACTIVE);
	hear(1, &old);
	assert_int_equal(fault(1, FLOW_EPOCH), 1);
	become(1, FLOWSYNC_STANDBY);
	hear(1, &old);
	assert_int_equal(fault(1, FLOW_EPOCH), 2);
	assert_int_equal(routers[1].kernel[1].has, 0);
}

/* A partner that was mad, or an enemy's, may have claimed any epoch: that ends with it. */
static void
test_no_epoch_is_the_last(void **state)
{
	static const uint32_t epochs[][2] = {
		{ 0x7fffffff, 0 }, { 0xffffffff, 0 }, { 0, 0x7fffffff }, { 0, 0x90000000 },
		{ 0x90000000, 5 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(epochs); i++) {
		struct flow one = flow_of(1), other = flow_of(2);

		set_up(state);
		for (unsigned k = 0; k < 2; k++) {
			options.epoch = epochs[i][k];
			start(k);
		}
		take_roles();
		connect_both();
		news(0, &one);
		pass(2 * NSEC_PER_SEC);
		assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
		assert_int_equal(held_by(1), 1);
		become(0, FLOWSYNC_STANDBY);
		become(1, FLOWSYNC_ACTIVE);
		news(1, &other);
		pass(2 * NSEC_PER_SEC);
		assert_int_equal(routers[0].readiness, FLOWSYNC_SYNCED);
		assert_int_equal(held_by(0), 2);
		tear_down(state);
	}
}

/* ---- timers --------------------------------------------------------------------------------- */

/* Both begun anew, and the users did not notice yet which of them forwards by now. */
static void
test_connections_whose_packets_passed_a_standby_are_made_anew_there(void **state UNUSED)
{
	struct flow touched = flow_of(1), quiet = flow_of(2);

	news(0, &touched);
	news(0, &quiet);
	pass(NSEC_PER_SEC);
	become(0, FLOWSYNC_STANDBY);
	pass(NSEC_PER_SEC);
	become(0, FLOWSYNC_ACTIVE);
	pass(NSEC_PER_SEC);
	routers[1].kernel[1].timeout = 300;
	routers[1].puts = routers[1].removals = 0;
	pass(2 * NSEC_PER_SEC);
	assert_int_equal(routers[1].removals, 1);
	assert_int_equal(routers[1].puts, 1);
	assert_int_not_equal(routers[1].kernel[1].has, 0);
	assert_int_equal(routers[1].kernel[1].timeout, routers[1].kernel[2].timeout);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

/* What follows a promotion of the peer is over with our own. */
static void
test_look_at_what_passed_is_of_this_role_only(void **state UNUSED)
{
	become(1, FLOWSYNC_ACTIVE);
	pass(20 * NSEC_PER_MSEC);
	become(0, FLOWSYNC_STANDBY);
	pass(NSEC_PER_SEC);
	become(0, FLOWSYNC_ACTIVE);
	assert_false(status(0).settling);
	pass(20 * NSEC_PER_MSEC);
	become(1, FLOWSYNC_STANDBY);
	pass(5 * NSEC_PER_SEC);
	assert_false(status(0).settling);
	assert_false(status(1).settling);
	/* Another connection to the same master: it forwarded all the time. */
	disconnect_both();
	connect_both();
	pass(NSEC_PER_SEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
	pass(5 * NSEC_PER_SEC);
	assert_false(status(1).settling);
}

/* As nearly always: the new master says so before the old one gives up its role. */
static void
test_connections_whose_packets_passed_the_old_master_are_made_anew_there(void **state UNUSED)
{
	struct flow touched = flow_of(1), quiet = flow_of(2);

	news(0, &touched);
	news(0, &quiet);
	pass(NSEC_PER_SEC);
	become(1, FLOWSYNC_ACTIVE);
	pass(20 * NSEC_PER_MSEC);
	become(0, FLOWSYNC_STANDBY);
	pass(NSEC_PER_SEC);
	assert_true(routers[0].kernel[1].timeout > options.long_timer);
	assert_int_equal(routers[0].readiness, FLOWSYNC_SYNCED);
	assert_true(status(0).settling);
	assert_false(status(1).settling);
	routers[0].kernel[1].timeout = 300;
	routers[0].puts = routers[0].removals = 0;
	pass(2 * NSEC_PER_SEC);
	assert_false(status(0).settling);
	assert_int_equal(routers[0].removals, 1);
	assert_int_equal(routers[0].puts, 1);
	assert_int_equal(routers[0].kernel[1].timeout, routers[0].kernel[2].timeout);
	assert_int_equal(routers[0].readiness, FLOWSYNC_SYNCED);
}

static void
test_timers_are_put_right_some_time_after_a_promotion(void **state UNUSED)
{
	struct flow idle = flow_of(1), busy = flow_of(2), forever = flow_of(3);

	forever.timeout = 432000;
	news(0, &idle);
	news(0, &busy);
	news(0, &forever);
	pass(100 * NSEC_PER_MSEC);
	disconnect_both();
	become(1, FLOWSYNC_ACTIVE);
	/* A packet gives a flow the kernel's own timer. */
	routers[1].kernel[2].timeout = 300;
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].retimed, 0);
	now += 19 * NSEC_PER_SEC;
	pass(2 * NSEC_PER_SEC);
	assert_int_equal(routers[1].retimed, 2);
	assert_in_range(routers[1].kernel[1].timeout, 270, 285);
	assert_int_equal(routers[1].kernel[2].timeout, 300);
	assert_int_equal(routers[1].kernel[3].timeout, options.idle_limit);
}

/* Told again as it was, its timer counts from then. */
static void
test_timer_that_is_told_again_counts_from_then(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	news(0, &flow);
	pass(NSEC_PER_SEC);
	now += 200 * NSEC_PER_SEC;
	disconnect_both();
	start(0);
	flow.timeout = 290;
	routers[0].kernel[1] = flow;
	become(0, FLOWSYNC_ACTIVE);
	connect_both();
	pass(NSEC_PER_SEC);
	/* A datagram that says it again, though nothing changed. */
	flow.tcp.state = 4;
	flowsync_on_news(routers[0].sync, FLOW_UPSERT, &flow, false, now);
	intercept(0);
	flow.tcp.state = 3;
	flowsync_on_news(routers[0].sync, FLOW_UPSERT, &flow, false, now);
	pass(100 * NSEC_PER_MSEC);
	assert_true(count(1, FLOW_SAME) > 0);
	become(1, FLOWSYNC_ACTIVE);
	pass(100 * NSEC_PER_MSEC);
	now += 20 * NSEC_PER_SEC;
	pass(options.sweep_time / 10);
	assert_int_equal(routers[1].retimed, 1);
	assert_in_range(routers[1].kernel[1].timeout, 240, 290);
}

static void
test_sweep_says_when_it_begins_and_what_is_left(void **state UNUSED)
{
	options.sweep_time = NSEC_PER_SEC;
	adopt(1);
	tell_many(2000, 3);
	pass(NSEC_PER_SEC);
	disconnect_both();
	become(1, FLOWSYNC_ACTIVE);
	assert_true(status(1).sweep_at > now);
	assert_false(status(1).sweeping);
	now += 20 * NSEC_PER_SEC;
	pass(100 * NSEC_PER_MSEC);
	assert_true(status(1).sweeping);
	assert_int_equal(status(1).sweep_at, 0);
	assert_in_range(status(1).sweep_left, 1, 1990);
	pass(2 * NSEC_PER_SEC);
	assert_false(status(1).sweeping);
	assert_int_equal(status(1).sweep_left, 0);
	assert_int_equal(routers[1].retimed, 2000);
}

static void
test_demoted_router_winds_its_timers_up(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	news(0, &flow);
	pass(100 * NSEC_PER_MSEC);
	become(0, FLOWSYNC_STANDBY);
	assert_false(routers[0].subscribed);
	become(1, FLOWSYNC_ACTIVE);
	pass(NSEC_PER_SEC);
	assert_true(routers[0].kernel[1].timeout > options.long_timer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(test_promotion_subscribes_raises_the_epoch_and_asks_nothing_of_the_kernel),
		PAIR(test_no_dump_begins_together_with_a_promotion),
		PAIR(test_returning_old_master_is_fenced),
		PAIR(test_router_that_stays_active_wins_whatever_its_epoch),
		PAIR(test_datagram_of_an_older_epoch_changes_nothing),
		PLAIN(test_no_epoch_is_the_last),
		PAIR(test_connections_whose_packets_passed_a_standby_are_made_anew_there),
		PAIR(test_connections_whose_packets_passed_the_old_master_are_made_anew_there),
		PAIR(test_look_at_what_passed_is_of_this_role_only),
		PAIR(test_timers_are_put_right_some_time_after_a_promotion),
		PAIR(test_timer_that_is_told_again_counts_from_then),
		PAIR(test_sweep_says_when_it_begins_and_what_is_left),
		PAIR(test_demoted_router_winds_its_timers_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
