/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparison and repair: whatever differs, for any reason, is found and put right, and what is
 * equal is left alone and not told again; a router that cannot hold all says so, and heals.
 */
#include "flowsync_rig.h"

#include <errno.h>
#include <string.h>

/* ---- comparison ----------------------------------------------------------------------------- */

static void
test_first_synchronisation_brings_all_and_removes_the_rest(void **state UNUSED)
{
	for (unsigned i = 0; i < 2000; i++)
		routers[0].kernel[i] = flow_of(i);
	for (unsigned i = 1900; i < 2100; i++)
		routers[1].kernel[i] = flow_of(i);
	start(0);
	start(1);
	take_roles();
	assert_int_equal(routers[1].readiness, FLOWSYNC_INIT);
	connect_both();
	pass(20 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_BULK);
	pass(2 * NSEC_PER_SEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
	assert_int_equal(held_by(1), 2000);
	assert_int_equal(routers[1].removals, 100);
	assert_int_equal(status(1).flows, 2000);
	assert_true(status(0).agreed_at > 0);
}

/* What would be lost is said while it becomes less, not at the end. */
static void
test_first_synchronisation_says_how_far_it_is(void **state UNUSED)
{
	bool halfway = false;

	for (unsigned i = 0; i < 2900; i++)
		routers[0].kernel[i] = flow_of(i);
	options.rate = 200000;
	start_pair();
	for (unsigned turn = 0; turn < 5000; turn++) {
		struct flowsync_view view;
		uint32_t cursor = 0;
		unsigned told = 0;

		pass(100 * NSEC_PER_USEC);
		while (flowsync_next(routers[0].sync, &cursor, now, &view))
			told += view.told;
		assert_in_range(status(0).lost_now, 0, 2900);
		halfway = halfway || (status(0).lost_now > 1000 && status(0).lost_now < 2000 &&
		                      told > 900 && told < 1900);
	}
	assert_true(halfway);
	assert_int_equal(status(0).lost_now, 0);
}

/* What is told altogether is looked for in steps; one of them finds nothing but room. */
static void
test_flows_behind_many_that_ended_are_told_to_an_empty_standby(void **state UNUSED)
{
	const unsigned all = FLOWS, left = 2800;

	options.capacity = all;
	start_pair();
	pass(NSEC_PER_SEC);
	tell_many(all, 3);
	pass(NSEC_PER_SEC);
	assert_int_equal(held_by(1), all);
	for (unsigned i = 0; i < all - left; i++)
		gone(0, i);
	pass(NSEC_PER_SEC);
	assert_int_equal(held_by(1), left);
	disconnect_both();
	memset(routers[1].kernel, 0, sizeof(routers[1].kernel));
	start(1);
	become(1, FLOWSYNC_STANDBY);
	connect_both();
	pass(NSEC_PER_SEC);
	assert_int_equal(held_by(1), left);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

static void
test_restarted_standby_keeps_what_is_right(void **state UNUSED)
{
	tell_many(1000, 3);
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(held_by(1), 1000);
	disconnect_both();
	start(1);
	routers[1].puts = routers[1].removals = 0;
	become(1, FLOWSYNC_STANDBY);
	gone(0, 5);
	connect_both();
	pass(2 * NSEC_PER_SEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
	assert_int_equal(routers[1].puts, 0);
	assert_int_equal(routers[1].removals, 1);
}

static void
test_restarted_active_router_does_not_send_everything(void **state UNUSED)
{
	tell_many(1000, 3);
	pass(100 * NSEC_PER_MSEC);
	disconnect_both();
	/* While it was away, two flows ended and one began. */
	routers[0].kernel[1].has = routers[0].kernel[2].has = 0;
	routers[0].kernel[2000] = flow_of(2000);
	start(0);
	become(0, FLOWSYNC_ACTIVE);
	connect_both();
	pass(2 * NSEC_PER_SEC);
	assert_int_equal(held_by(1), 999);
	assert_int_equal(routers[1].kernel[1].has, 0);
	assert_int_not_equal(routers[1].kernel[2000].has, 0);
	assert_true(count(0, FLOW_UPSERTS_SENT) < 10);
}

/* A datagram that overtakes the comparison touches some of what is compared. */
static void
test_first_comparison_under_load_is_repeated_soon(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	disconnect_both();
	start(1);
	become(1, FLOWSYNC_STANDBY);
	connect_both();
	deliver();
	assert_true(status(0).connected && status(1).connected);
	lossy = true;
	flow.tcp.state = 4;
	news(0, &flow);
	flush(0);
	pass(49 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_BULK);
	lossy = false;
	flow.tcp.state = 5;
	news(0, &flow);
	pass(500 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
	assert_int_equal(routers[0].readiness, FLOWSYNC_SYNCED);
}

/* Nothing is told, and a cable is pulled: the stream goes another way, or does not notice yet. */
static void
test_another_seed_forgets_nothing(void **state UNUSED)
{
	const uint64_t seed[2] = { 0x1234, 0x5678 };
	const unsigned flows = 3000;
	uint64_t upserts, dumps;
	struct flow flow;

	tell_many(flows, 3);
	pass(NSEC_PER_SEC);
	assert_int_equal(held_by(1), flows);
	disconnect_both();
	gone(0, 7);
	dumps = count(0, FLOW_DUMPS);
	upserts = count(0, FLOW_UPSERTS_SENT);
	flowsync_reseed(routers[0].sync, seed);
	flowsync_reseed(routers[1].sync, seed);
	connect_both();
	pass(4 * NSEC_PER_SEC);
	assert_int_equal(held_by(1), flows - 1);
	assert_int_equal(routers[1].kernel[7].has, 0);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
	/* Found where they are, and equal: neither read nor told again. */
	assert_int_equal(count(0, FLOW_DUMPS), dumps);
	assert_int_equal(count(0, FLOW_UPSERTS_SENT), upserts);
	flow = flow_of(8);
	flow.mark = 5;
	flow.has |= FLOW_HAS_MARK;
	news(0, &flow);
	pass(5 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[8].mark, 5);
	assert_int_equal(status(0).flows, flows - 1);
}

/* ---- dumps ---------------------------------------------------------------------------------- */

static void
test_lost_news_are_found_by_a_dump(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	news(0, &flow);
	pass(2 * NSEC_PER_SEC);
	routers[0].kernel[1].has = 0;
	routers[0].kernel[2] = flow_of(2);
	flowsync_on_overrun(routers[0].sync, now);
	pass(NSEC_PER_SEC);
	assert_int_equal(routers[1].kernel[1].has, 0);
	assert_int_not_equal(routers[1].kernel[2].has, 0);
	assert_int_equal(count(0, FLOW_DUMP_CORRECTIONS), 2);
}

static void
test_late_dump_record_does_not_revive_a_dead_flow(void **state UNUSED)
{
	struct flow flow = flow_of(1), never = flow_of(2);

	news(0, &flow);
	pass(2 * NSEC_PER_SEC);
	flowsync_on_overrun(routers[0].sync, now);
	flowsync_on_time(routers[0].sync, now);
	assert_true(routers[0].dump_wanted);
	routers[0].dump_wanted = false;
	gone(0, 1);
	gone(0, 2);
	flowsync_on_dump(routers[0].sync, &flow, now);
	flowsync_on_dump(routers[0].sync, &never, now);
	flowsync_on_dump_done(routers[0].sync, true, now);
	pass(NSEC_PER_SEC);
	assert_int_equal(status(0).flows, 0);
	assert_int_equal(held_by(1), 0);
}

static void
test_standby_puts_back_what_its_kernel_lost(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	options.verify_period = 2 * NSEC_PER_SEC;
	adopt(1);
	news(0, &flow);
	pass(10 * NSEC_PER_MSEC);
	routers[1].kernel[1].has = 0;
	pass(3 * NSEC_PER_SEC);
	assert_int_not_equal(routers[1].kernel[1].has, 0);
}

/* A key died and began anew, and the news of both got lost: nothing is left of the one before. */
static void
test_dump_takes_away_what_a_flow_does_not_have(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	flow.has |= FLOW_HAS_SOURCE_NAT | FLOW_HAS_SEQADJ | FLOW_HAS_LABELS | FLOW_HAS_HELPER |
	            FLOW_HAS_MARK;
	flow.source_nat.port = 7;
	flow.seqadj[0].after = 9;
	flow.labels[3] = 1;
	flow.helper[0] = 'x';
	flow.mark = 8;
	news(0, &flow);
	pass(2 * NSEC_PER_SEC);
	assert_int_equal(routers[1].kernel[1].source_nat.port, 7);
	assert_int_equal(routers[1].kernel[1].seqadj[0].after, 9);
	routers[0].kernel[1] = flow_of(1);
	routers[0].kernel[1].status = 0;
	flowsync_on_overrun(routers[0].sync, now);
	pass(NSEC_PER_SEC);
	assert_int_not_equal(routers[1].kernel[1].has, 0);
	assert_int_equal(routers[1].kernel[1].has & (FLOW_HAS_SOURCE_NAT | FLOW_HAS_SEQADJ |
	                 FLOW_HAS_LABELS | FLOW_HAS_HELPER | FLOW_HAS_MARK), 0);
	assert_int_equal(routers[1].kernel[1].status, 0);
	assert_int_equal(routers[1].removals, 1);
}

/* ... and the first that is heard of the new one is that it changed. */
static void
test_change_with_another_nat_is_of_another_flow(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	flow.has |= FLOW_HAS_SOURCE_NAT | FLOW_HAS_HELPER;
	flow.source_nat.port = 7;
	flow.helper[0] = 'x';
	news(0, &flow);
	pass(2 * NSEC_PER_SEC);
	routers[0].kernel[1] = flow = flow_of(1);
	flowsync_on_news(routers[0].sync, FLOW_UPSERT, &flow, false, now);
	pass(NSEC_PER_SEC);
	assert_int_equal(routers[1].kernel[1].has & (FLOW_HAS_SOURCE_NAT | FLOW_HAS_HELPER), 0);
	assert_int_not_equal(routers[1].kernel[1].has & FLOW_HAS_TCP, 0);
}

/* The kernel shows neither timer nor state of it. */
static void
test_dump_of_a_flow_in_hardware_keeps_its_state(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	news(0, &flow);
	pass(2 * NSEC_PER_SEC);
	routers[0].kernel[1].has = FLOW_HAS_STATUS | FLOW_HAS_MARK;
	routers[0].kernel[1].timeout = 0;
	routers[0].kernel[1].mark = 5;
	memset(&routers[0].kernel[1].tcp, 0, sizeof(routers[0].kernel[1].tcp));
	flowsync_on_overrun(routers[0].sync, now);
	pass(NSEC_PER_SEC);
	assert_int_equal(routers[1].kernel[1].mark, 5);
	assert_int_equal(routers[1].kernel[1].tcp.state, 3);
	assert_int_equal(routers[1].kernel[1].timeout, 300 + options.long_timer);
}

/* ---- what cannot be held -------------------------------------------------------------------- */

static void
test_refused_flow_is_counted_and_asked_for_again(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	routers[1].refuse = ENOMEM;
	news(0, &flow);
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(status(1).refused, 1);
	assert_int_equal(count(1, FLOW_REFUSED_MEMORY), 1);
	assert_true(routers[1].alarms & 1u << FLOWSYNC_REFUSALS);
	pass(NSEC_PER_SEC);
	assert_true(status(0).lost_now == 1);
	assert_int_equal(routers[1].readiness, FLOWSYNC_STALE);
	routers[1].refuse = 0;
	pass(3 * NSEC_PER_SEC);
	assert_int_equal(held_by(1), 1);
	assert_int_equal(routers[1].alarms, 0);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

static void
test_refused_flow_is_dropped_by_who_is_promoted(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	routers[1].refuse = EEXIST;
	news(0, &flow);
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(status(1).refused, 1);
	become(1, FLOWSYNC_ACTIVE);
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(status(1).flows, 0);
	assert_int_equal(routers[1].alarms & 1u << FLOWSYNC_REFUSALS, 0);
}

static void
test_full_table_is_said_and_heals(void **state UNUSED)
{
	tear_down(state);
	set_up(state);
	options.capacity = 100;
	start_pair();
	pass(NSEC_PER_SEC);
	tell_many(150, 3);
	pass(NSEC_PER_SEC);
	assert_int_equal(held_by(1), 100);
	assert_true(routers[0].alarms & 1u << FLOWSYNC_FULL);
	assert_int_equal(routers[0].readiness, FLOWSYNC_STALE);
	assert_int_equal(count(0, FLOW_TABLE_FULL), 50);
	for (unsigned i = 0; i < 80; i++)
		gone(0, i);
	pass(4 * NSEC_PER_SEC);
	assert_int_equal(held_by(1), 70);
	assert_int_equal(routers[0].alarms, 0);
	assert_int_equal(routers[0].readiness, FLOWSYNC_SYNCED);
}

static void
test_partner_with_a_smaller_table_is_said(void **state UNUSED)
{
	start(0);
	options.capacity = 3000;
	start(1);
	take_roles();
	connect_both();
	pass(NSEC_PER_SEC);
	assert_int_equal(routers[0].alarms, 1u << FLOWSYNC_PEER_SMALLER);
	assert_int_equal(routers[1].alarms, 0);
	assert_int_equal(status(1).peer_capacity, 4000);
	/* It has as much room now. */
	disconnect_both();
	options.capacity = 4000;
	start(1);
	become(1, FLOWSYNC_STANDBY);
	connect_both();
	pass(NSEC_PER_SEC);
	assert_int_equal(routers[0].alarms, 0);
}

/* An answer that was under way while the roles changed there and back says nothing of now. */
static void
test_answer_to_another_digest_counts_for_nothing(void **state UNUSED)
{
	uint8_t want[3 + 4 + 2 * 513] = { (sizeof(want) - 2) >> 8, (sizeof(want) - 2) & 0xff, 5 };
	uint64_t digests = count(0, FLOW_DIGESTS);
	nsec_t agreed = status(0).agreed_at;

	disconnect_both();
	tell_many(100, 3);
	connect_both();
	deliver();
	deaf = true;
	pass(2 * NSEC_PER_MSEC);
	assert_int_equal(count(0, FLOW_DIGESTS), digests + 1);
	flowsync_on_control(routers[0].sync, want, sizeof(want), now);
	assert_int_equal(fault(0, FLOW_ORDER) + fault(0, FLOW_SHORT), 0);
	assert_int_equal(status(0).agreed_at, agreed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(test_first_synchronisation_brings_all_and_removes_the_rest),
		PLAIN(test_first_synchronisation_says_how_far_it_is),
		PLAIN(test_flows_behind_many_that_ended_are_told_to_an_empty_standby),
		PAIR(test_restarted_standby_keeps_what_is_right),
		PAIR(test_restarted_active_router_does_not_send_everything),
		PAIR(test_first_comparison_under_load_is_repeated_soon),
		PAIR(test_another_seed_forgets_nothing),
		PAIR(test_lost_news_are_found_by_a_dump),
		PAIR(test_late_dump_record_does_not_revive_a_dead_flow),
		PAIR(test_standby_puts_back_what_its_kernel_lost),
		PAIR(test_dump_takes_away_what_a_flow_does_not_have),
		PAIR(test_change_with_another_nat_is_of_another_flow),
		PAIR(test_dump_of_a_flow_in_hardware_keeps_its_state),
		PAIR(test_refused_flow_is_counted_and_asked_for_again),
		PAIR(test_refused_flow_is_dropped_by_who_is_promoted),
		PAIR(test_full_table_is_said_and_heals),
		PLAIN(test_partner_with_a_smaller_table_is_said),
		PAIR(test_answer_to_another_digest_counts_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
