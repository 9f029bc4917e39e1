/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handover: after a planned change of masters, and for two seconds, the new one hears what the
 * old one still forwards, unless its own kernel knows better; after any other it hears nothing but
 * what arrived before.  All that whatever the numbers of the datagrams are, which go round.
 */
#include "flowsync_rig.h"

#include <errno.h>

static void
hand_over(void)
{
	flowsync_expect_handover(routers[1].sync, now);
	become(1, FLOWSYNC_ACTIVE);
	pass(NSEC_PER_MSEC);
}

/* ---- before ---------------------------------------------------------------------------------- */

/* Connections that were closed before they were told of: router 0 keeps them to itself. */
static void
close_young_flows(unsigned flows)
{
	hold_new_flows();
	tell_many(flows, 3);
	pass(210 * NSEC_PER_MSEC);
	for (unsigned i = 0; i < flows; i++) {
		routers[0].kernel[i].tcp.state = FLOW_TCP_TIME_WAIT;
		flowsync_on_looked(routers[0].sync, &routers[0].kernel[i], now);
	}
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(held_by(1), 0);
}

/* ---- planned -------------------------------------------------------------------------------- */

static void
test_planned_handover_hears_what_the_old_master_still_forwards(void **state UNUSED)
{
	struct flow known = flow_of(1), young = flow_of(2), both = flow_of(3);
	struct flow gone_here = flow_of(4);

	news(0, &known);
	news(0, &both);
	news(0, &gone_here);
	pass(NSEC_PER_SEC);
	hand_over();
	both.tcp.state = 4;
	news(1, &both);
	gone(1, 4);
	pass(NSEC_PER_MSEC);
	known.tcp.state = both.tcp.state = gone_here.tcp.state = 7;
	news(0, &known);
	news(0, &young);
	news(0, &both);
	news(0, &gone_here);
	pass(10 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[1].tcp.state, 7);
	assert_int_equal(routers[1].kernel[2].tcp.state, 3);
	/* Its own timer, not a standby router's. */
	assert_int_equal(routers[1].kernel[2].timeout, 300);
	assert_int_equal(routers[1].kernel[3].tcp.state, 4);
	assert_int_equal(routers[1].kernel[4].has, 0);
	assert_int_equal(count(1, FLOW_LATE_NEWS), 2);
	/* It forwards no more, and follows: nothing is removed, and nothing differs. */
	become(0, FLOWSYNC_STANDBY);
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(held_by(0), 3);
	assert_int_equal(routers[0].kernel[3].tcp.state, 4);
	assert_int_equal(routers[0].readiness, FLOWSYNC_SYNCED);
}

/* They are of no use to anybody; but one began anew, of which the news were not read. */
static void
test_closed_connections_are_dropped_and_not_offered(void **state UNUSED)
{
	close_young_flows(50);
	routers[0].kernel[7].tcp.state = 3;
	hand_over();
	become(0, FLOWSYNC_STANDBY);
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(count(0, FLOW_OFFERED), 1);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(held_by(i), 1);
		assert_int_equal(tcp_state(i, 7), 3);
		assert_int_equal(status(i).flows, 1);
		assert_int_equal(routers[i].readiness, FLOWSYNC_SYNCED);
	}
}

/* The other one forwards for a moment only. */
static void
test_closed_connections_stay_private_through_two_handovers(void **state UNUSED)
{
	close_young_flows(50);
	hand_over();
	become(0, FLOWSYNC_STANDBY);
	become(1, FLOWSYNC_STANDBY);
	become(0, FLOWSYNC_ACTIVE);
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(routers[1].puts, 0);
	for (unsigned i = 0; i < 50; i++)
		gone(0, i);
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(status(0).flows, 0);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

static void
test_end_told_in_a_handover_ends_nothing(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	news(0, &flow);
	pass(NSEC_PER_SEC);
	hand_over();
	gone(0, 1);
	pass(10 * NSEC_PER_MSEC);
	/* A packet may have gone through here meanwhile, of which no kernel tells. */
	assert_int_not_equal(routers[1].kernel[1].has, 0);
}

static void
test_end_of_an_earlier_handover_does_not_count_in_the_next_one(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	news(0, &flow);
	pass(NSEC_PER_SEC);
	hand_over();
	gone(1, 1);
	flush(1);
	become(1, FLOWSYNC_STANDBY);
	/* No repair comes between. */
	lossy = true;
	pass(NSEC_PER_MSEC);
	hand_over();
	lossy = false;
	flow.tcp.state = 5;
	news(0, &flow);
	pass(10 * NSEC_PER_MSEC);
	assert_int_equal(tcp_state(1, 1), 5);
}

static void
test_handover_is_over_after_two_seconds(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	hand_over();
	pass(2 * NSEC_PER_SEC);
	news(0, &flow);
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[1].has, 0);
	assert_int_equal(count(1, FLOW_LATE_NEWS), 0);
}

static void
test_last_news_leave_before_a_demotion(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	hold_new_flows();
	news(0, &flow);
	become(0, FLOWSYNC_STANDBY);
	deliver();
	assert_int_not_equal(routers[1].kernel[1].has, 0);
}

/* ---- unplanned ------------------------------------------------------------------------------ */

static void
test_unplanned_promotion_hears_nothing_of_the_old_master(void **state UNUSED)
{
	struct flow flow = flow_of(1);
	unsigned datagrams;

	become(1, FLOWSYNC_ACTIVE);
	pass(NSEC_PER_MSEC);
	datagrams = routers[0].datagrams;
	news(0, &flow);
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[1].has, 0);
	assert_int_equal(routers[0].datagrams, datagrams);
}

/* It hung while the other one took over, and speaks of then, in a new session or the old. */
static void
test_router_back_from_the_dead_tells_nobody(void **state UNUSED)
{
	struct flow flow = flow_of(1);
	struct datagram old;

	news(0, &flow);
	old = intercept(0);
	/* Even if the promotion was a planned one, as far as anybody knew. */
	flowsync_expect_handover(routers[1].sync, now);
	become(1, FLOWSYNC_ACTIVE);
	now += NSEC_PER_MSEC;
	flowsync_on_disconnected(routers[1].sync, now);
	hear(1, &old);
	disconnect_both();
	connect_both();
	deliver();
	hear(1, &old);
	assert_int_equal(fault(1, FLOW_SESSION), 2);
	assert_int_equal(routers[1].kernel[1].has, 0);
}

static void
test_datagrams_that_waited_at_a_promotion_count(void **state UNUSED)
{
	struct flow first = flow_of(1), second = flow_of(2), third = flow_of(3);
	nsec_t arrival;

	news(0, &first);
	pass(NSEC_PER_SEC);
	gone(0, 1);
	news(0, &second);
	flush(0);
	arrival = now;
	now += NSEC_PER_MSEC;
	become(1, FLOWSYNC_ACTIVE);
	now += NSEC_PER_MSEC;
	hear_late(1, &last_datagram, arrival);
	assert_int_equal(routers[1].kernel[1].has, 0);
	assert_int_not_equal(routers[1].kernel[2].has, 0);
	/* What arrived later is of a router that should be dead. */
	news(0, &third);
	flush(0);
	hear(1, &last_datagram);
	assert_int_equal(fault(1, FLOW_EPOCH), 1);
	assert_int_equal(routers[1].kernel[3].has, 0);
	/* So is all, when it is not known what our own kernel did. */
	flowsync_on_overrun(routers[1].sync, now);
	hear_late(1, &last_datagram, arrival);
	assert_int_equal(fault(1, FLOW_EPOCH), 2);
}

/* ---- numbers of datagrams ------------------------------------------------------------------- */

/* They go round; what our own kernel ended has none of them. */
static void
start_at(uint32_t sequence)
{
	tear_down(NULL);
	set_up(NULL);
	options.sequence = sequence;
	start_pair();
	pass(NSEC_PER_SEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

static uint32_t
sequence_told(void)
{
	return (uint32_t)last_datagram.bytes[10] << 24 | (uint32_t)last_datagram.bytes[11] << 16 |
	       (uint32_t)last_datagram.bytes[12] << 8 | last_datagram.bytes[13];
}

static void
test_ends_of_a_handover_keep_no_later_ends_whatever_the_numbers(void **state UNUSED)
{
	static const uint32_t places[] = { 0, UINT32_MAX / 2 - 2000, UINT32_MAX / 2 + 20000,
	                                   UINT32_MAX - 20000 };
	struct flow flow = flow_of(1);

	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		start_at(places[i]);
		news(0, &flow);
		pass(NSEC_PER_SEC);
		hand_over();
		gone(1, 1);
		pass(50 * NSEC_PER_MSEC);
		become(0, FLOWSYNC_STANDBY);
		pass(50 * NSEC_PER_MSEC);
		become(1, FLOWSYNC_STANDBY);
		become(0, FLOWSYNC_ACTIVE);
		pass(NSEC_PER_SEC);
		for (unsigned k = 0; k < 9000; k++) {
			struct flow other = flow_of(2 + k % 2900);

			news(0, &other);
			flush(0);
			deliver();
			gone(0, 2 + k % 2900);
			if (k % 20 == 0)
				pass(NSEC_PER_MSEC);
		}
		pass(NSEC_PER_SEC);
		assert_int_equal(routers[1].alarms, 0);
		assert_int_equal(count(1, FLOW_TABLE_FULL), 0);
		/* Nothing dead is left to be looked at now and then. */
		assert_true(flowsync_deadline(routers[1].sync) > now + 20 * NSEC_PER_MSEC);
	}
}

/* What the old master told long ago, or at another time than ours, is not what our kernel told. */
static void
test_late_news_count_whatever_the_numbers(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	/* Known from a dump: no datagram told of it; and from the other half of the circle. */
	start_at(UINT32_MAX - 20000);
	news(0, &flow);
	pass(NSEC_PER_SEC);
	hand_over();
	flow.tcp.state = 5;
	news(0, &flow);
	pass(10 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[1].tcp.state, 5);
	assert_int_equal(count(1, FLOW_LATE_NEWS), 1);
}

static void
test_lone_flow_that_the_kernel_refuses_is_dropped_whatever_the_numbers(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	start_at(UINT32_MAX - 20000);
	/* Lone here, in a time that is over. */
	live_apart(&flow);
	connect_both();
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(count(0, FLOW_MERGED), 1);
	become(0, FLOWSYNC_STANDBY);
	become(1, FLOWSYNC_ACTIVE);
	pass(NSEC_PER_SEC);
	assert_int_equal(status(1).flows, 1);
	flowsync_on_refused(routers[1].sync, FLOW_UPSERT, &flow.key, EEXIST, now);
	assert_int_equal(status(1).flows, 0);
}

/* Who begins anew knows of no number, and takes over those of the other one. */
static void
test_numbers_go_on_when_the_partner_begins_anew(void **state UNUSED)
{
	static const uint32_t places[] = { 0, UINT32_MAX / 2 + 20000, UINT32_MAX - 20000 };
	struct flow flow = flow_of(1);

	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		uint32_t before;

		start_at(places[i]);
		news(0, &flow);
		flush(0);
		deliver();
		before = sequence_told();
		assert_in_range(before - places[i], 1, 10000);
		disconnect_both();
		options.sequence = 0;
		start(1);
		become(1, FLOWSYNC_STANDBY);
		connect_both();
		pass(NSEC_PER_SEC);
		flow.tcp.state = (uint8_t)(4 + i);
		news(0, &flow);
		flush(0);
		assert_in_range(sequence_told() - before, 1, 10000);
		deliver();
		/* The other way round, too. */
		before = sequence_told();
		disconnect_both();
		start(0);
		become(0, FLOWSYNC_ACTIVE);
		connect_both();
		pass(NSEC_PER_SEC);
		news(0, &flow);
		flow.tcp.state = 7;
		news(0, &flow);
		flush(0);
		assert_in_range(sequence_told() - before, 1, 10000);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(test_planned_handover_hears_what_the_old_master_still_forwards),
		PAIR(test_closed_connections_are_dropped_and_not_offered),
		PAIR(test_closed_connections_stay_private_through_two_handovers),
		PAIR(test_end_told_in_a_handover_ends_nothing),
		PAIR(test_end_of_an_earlier_handover_does_not_count_in_the_next_one),
		PAIR(test_handover_is_over_after_two_seconds),
		PAIR(test_last_news_leave_before_a_demotion),
		PAIR(test_unplanned_promotion_hears_nothing_of_the_old_master),
		PAIR(test_router_back_from_the_dead_tells_nobody),
		PAIR(test_datagrams_that_waited_at_a_promotion_count),
		PLAIN(test_ends_of_a_handover_keep_no_later_ends_whatever_the_numbers),
		PLAIN(test_late_news_count_whatever_the_numbers),
		PLAIN(test_lone_flow_that_the_kernel_refuses_is_dropped_whatever_the_numbers),
		PLAIN(test_numbers_go_on_when_the_partner_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
