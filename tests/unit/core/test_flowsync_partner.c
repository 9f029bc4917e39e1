/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The partner as it may be: it goes and comes back, falls silent, cannot be reached one way or the
 * other, is a stranger, or speaks nonsense.  What was proved of it counts while nothing says
 * otherwise, what is wrong with it has a name, and nothing damaged is believed.
 */
#include "flowsync_rig.h"

/* ---- it goes and comes ---------------------------------------------------------------------- */

static void
test_renewed_connection_changes_no_readiness(void **state UNUSED)
{
	tell_many(1000, 3);
	pass(NSEC_PER_SEC);
	routers[0].was = routers[1].was = 0;
	for (unsigned i = 0; i < 5; i++) {
		/* One of them hears the end of the old one first. */
		if (i % 2)
			flowsync_on_disconnected(routers[1].sync, now);
		connect_both();
		tell_many(100, (uint8_t)(4 + i % 2));
		pass(500 * NSEC_PER_MSEC);
	}
	assert_int_equal(routers[0].was | routers[1].was, 0);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
	assert_int_equal(routers[1].kernel[99].tcp.state, 4);
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(routers[0].was | routers[1].was, 0);
}

static void
test_standby_that_lost_its_partner_stays_ready_while_nothing_says_otherwise(void **state UNUSED)
{
	tell_many(3000, 3);
	pass(NSEC_PER_SEC);
	disconnect_both();
	pass(2 * NSEC_PER_SEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
	pass(1500 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_STALE);
	assert_int_equal(routers[0].readiness, FLOWSYNC_ALONE);
	tell_many(100, 4);
	routers[1].was = 0;
	connect_both();
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(routers[1].was, 1u << FLOWSYNC_SYNCED);
	/* Half of all buckets differ: that says otherwise. */
	disconnect_both();
	pass(4 * NSEC_PER_SEC);
	tell_many(3000, 5);
	routers[1].was = 0;
	connect_both();
	pass(5 * NSEC_PER_SEC);
	assert_true(routers[1].was & 1u << FLOWSYNC_BULK);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

static void
test_another_partner_proves_nothing_of_the_one_before(void **state UNUSED)
{
	pass(NSEC_PER_SEC);
	disconnect_both();
	options.node[1] = 1;
	start(0);
	become(0, FLOWSYNC_ACTIVE);
	routers[1].was = 0;
	connect_both();
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(routers[1].was, 1u << FLOWSYNC_BULK | 1u << FLOWSYNC_SYNCED);
}

static void
test_router_whose_partner_died_is_alone_when_promoted(void **state UNUSED)
{
	disconnect_both();
	pass(100 * NSEC_PER_MSEC);
	become(1, FLOWSYNC_ACTIVE);
	assert_int_equal(routers[1].readiness, FLOWSYNC_ALONE);
}

static void
test_standby_without_a_peer_is_alone_after_a_while(void **state UNUSED)
{
	start(0);
	start(1);
	become(1, FLOWSYNC_STANDBY);
	pass(NSEC_PER_SEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_INIT);
	now += options.startup_wait;
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_ALONE);
}

/* ---- faults on the wire --------------------------------------------------------------------- */

static void
test_stream_carries_flows_when_datagrams_do_not_pass(void **state UNUSED)
{
	lossy = true;
	tell_many(500, 3);
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(held_by(1), 500);
	assert_true(routers[0].alarms & 1u << FLOWSYNC_PATH_DEAD);
}

static void
test_full_stream_is_waited_for_and_not_looked_at_all_the_time(void **state UNUSED)
{
	lossy = true;
	tell_many(500, 3);
	pass(5 * NSEC_PER_SEC);
	assert_true(routers[0].alarms & 1u << FLOWSYNC_PATH_DEAD);
	/* The window grows again with what arrives through the stream. */
	for (unsigned i = 0; i < 60000; i++) {
		struct flow flow = flow_of(i % 2000);

		flow.tcp.state = 3 + i / 2000 % 2;
		news(0, &flow);
		if (i % 100 == 0)
			pass(200 * NSEC_PER_USEC);
	}
	deaf = true;
	tell_many(2900, 5);
	pass(10 * NSEC_PER_MSEC);
	flowsync_on_time(routers[0].sync, now);
	assert_in_range(status(0).lost_now, 2000, 2900);
	assert_true(flowsync_deadline(routers[0].sync) > now);
}

static void
test_dead_path_of_an_idle_pair_is_noticed_within_two_seconds(void **state UNUSED)
{
	pass(4500 * NSEC_PER_MSEC);
	assert_true(status(0).path_alive[0]);
	assert_true(status(1).path_alive[0]);
	lossy = true;
	pass(2 * NSEC_PER_SEC);
	assert_false(status(0).path_alive[0]);
	assert_true(routers[0].alarms & 1u << FLOWSYNC_PATH_DEAD);
	pass(NSEC_PER_SEC);
	assert_false(status(1).path_alive[0]);
	assert_true(status(0).path_heard[0] <= now - 3 * NSEC_PER_SEC);
	lossy = false;
	pass(200 * NSEC_PER_MSEC);
	assert_true(status(0).path_alive[0]);
	assert_true(status(1).path_alive[0]);
}

static void
test_silent_peer_is_hung_up_on(void **state UNUSED)
{
	deaf = lossy = true;
	pass(FLOWSYNC_PATIENCE + 100 * NSEC_PER_MSEC);
	assert_true(routers[0].closed);
	assert_true(routers[1].closed);
	assert_int_equal(routers[1].readiness, FLOWSYNC_STALE);
	assert_int_equal(routers[0].readiness, FLOWSYNC_ALONE);
}

/* ---- what must not be believed -------------------------------------------------------------- */

static void
test_foreign_peer_is_hung_up_on(void **state UNUSED)
{
	start(0);
	options.seed[0]++;
	start(1);
	take_roles();
	connect_both();
	pass(10 * NSEC_PER_MSEC);
	assert_true(routers[0].closed && routers[1].closed);
	assert_int_equal(fault(0, FLOW_FOREIGN), 1);
	assert_true(routers[0].alarms & 1u << FLOWSYNC_FOREIGN);
}

static void
test_other_version_is_hung_up_on(void **state UNUSED)
{
	const uint8_t hello[] = { 0, 4, 1, 2, 9, 0 };

	start(0);
	become(0, FLOWSYNC_ACTIVE);
	flowsync_on_connected(routers[0].sync, 1, now);
	flowsync_on_control(routers[0].sync, hello, 5, now);
	assert_false(routers[0].closed);
	flowsync_on_control(routers[0].sync, hello + 5, 1, now);
	assert_true(routers[0].closed);
	assert_int_equal(fault(0, FLOW_VERSION), 1);
}

static void
test_message_before_the_greeting_is_out_of_order(void **state UNUSED)
{
	const uint8_t role[] = { 0, 6, 2, 1, 0, 0, 0, 9 };

	start(0);
	become(0, FLOWSYNC_ACTIVE);
	flowsync_on_connected(routers[0].sync, 1, now);
	flowsync_on_control(routers[0].sync, role, sizeof(role), now);
	assert_true(routers[0].closed);
	assert_int_equal(fault(0, FLOW_ORDER), 1);
}

static void
test_every_damaged_byte_of_a_datagram_is_survived(void **state UNUSED)
{
	struct flow flow = flow_of(1);
	struct datagram datagram;
	size_t length;

	news(0, &flow);
	datagram = intercept(0);
	length = datagram.length;
	/* Cut short anywhere: a named fault, and nothing changes. */
	for (size_t cut = 0; cut < length; cut++) {
		datagram.length = cut;
		hear(1, &datagram);
		if (cut != 22)		/* an empty datagram is one, too */
			assert_int_equal(held_by(1), 0);
		if (cut == 21)
			assert_int_equal(fault(1, FLOW_SHORT), 22);
	}
	assert_int_equal(held_by(1), 0);
	datagram.length = length;
	/* Of another connection, of an epoch that is over: the same. */
	datagram.bytes[2] ^= 1;
	hear(1, &datagram);
	assert_int_equal(fault(1, FLOW_SESSION), 1);
	datagram.bytes[2] ^= 1;
	datagram.bytes[9]--;
	hear(1, &datagram);
	assert_int_equal(fault(1, FLOW_EPOCH), 1);
	assert_int_equal(held_by(1), 0);
}

static void
test_faults_by_half_change_nothing_of_a_datagram(void **state UNUSED)
{
	struct flow flow = flow_of(1);
	struct datagram datagram;

	news(0, &flow);
	flow = flow_of(2);
	news(0, &flow);
	datagram = intercept(0);
	/* The first record is sound, the last is not. */
	datagram.length--;
	hear(1, &datagram);
	assert_int_equal(held_by(1), 0);
	assert_int_equal(fault(1, FLOW_SHORT), 1);
	datagram.length++;
	hear(1, &datagram);
	assert_int_equal(held_by(1), 2);
	hear(1, &datagram);
	assert_int_equal(fault(1, FLOW_REPLAYED) + fault(1, FLOW_LATE), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(test_renewed_connection_changes_no_readiness),
		PAIR(test_standby_that_lost_its_partner_stays_ready_while_nothing_says_otherwise),
		PAIR(test_another_partner_proves_nothing_of_the_one_before),
		PAIR(test_router_whose_partner_died_is_alone_when_promoted),
		PLAIN(test_standby_without_a_peer_is_alone_after_a_while),
		PAIR(test_stream_carries_flows_when_datagrams_do_not_pass),
		PAIR(test_full_stream_is_waited_for_and_not_looked_at_all_the_time),
		PAIR(test_dead_path_of_an_idle_pair_is_noticed_within_two_seconds),
		PAIR(test_silent_peer_is_hung_up_on),
		PLAIN(test_foreign_peer_is_hung_up_on),
		PLAIN(test_other_version_is_hung_up_on),
		PLAIN(test_message_before_the_greeting_is_out_of_order),
		PAIR(test_every_damaged_byte_of_a_datagram_is_survived),
		PAIR(test_faults_by_half_change_nothing_of_a_datagram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
