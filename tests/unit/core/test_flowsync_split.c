/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A split: both routers forward without hearing each other, then one of them gives in.  What began
 * or changed at the loser meanwhile lives on at both, once; where the two contradict each other the
 * winner is right; what ended stays ended, and nothing else counts as a split.
 */
#include "flowsync_rig.h"

#include <errno.h>

/* ---- merging -------------------------------------------------------------------------------- */

/* Both forward; then one gives in. */
static void
test_flows_of_a_split_are_merged_and_conflicts_go_to_the_winner(void **state UNUSED)
{
	struct flow old = flow_of(1), ended = flow_of(2), ours = flow_of(3), theirs = flow_of(4);
	struct flow both = flow_of(5);

	news(0, &old);
	news(0, &ended);
	pass(NSEC_PER_SEC);
	disconnect_both();
	become(1, FLOWSYNC_ACTIVE);
	gone(0, 2);
	news(0, &ours);
	news(1, &theirs);
	both.tcp.state = 5;
	news(0, &both);
	both.tcp.state = 6;
	news(1, &both);
	pass(30 * NSEC_PER_SEC);
	become(1, FLOWSYNC_STANDBY);
	pass(100 * NSEC_PER_MSEC);
	connect_both();
	pass(5 * NSEC_PER_SEC);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_not_equal(routers[i].kernel[1].has, 0);
		/* The loser had it from the winner, where it ended: it is not revived. */
		assert_int_equal(routers[i].kernel[2].has, 0);
		assert_int_not_equal(routers[i].kernel[3].has, 0);
		assert_int_not_equal(routers[i].kernel[4].has, 0);
		assert_int_equal(routers[i].kernel[5].tcp.state, 5);
	}
	assert_int_equal(count(0, FLOW_MERGED), 1);
	assert_int_equal(count(1, FLOW_OFFERED), 1);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
	assert_int_equal(routers[0].kernel[4].timeout, 300);
	/* It is offered once: ended at the winner, it is over. */
	gone(0, 4);
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(routers[1].kernel[4].has, 0);
	assert_int_equal(count(0, FLOW_MERGED), 1);
}

/* The loser's kernel changed a flow, and its news were not read before the role was gone. */
static void
test_change_in_a_split_that_only_a_dump_shows_is_offered(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	news(0, &flow);
	pass(NSEC_PER_SEC);
	disconnect_both();
	become(1, FLOWSYNC_ACTIVE);
	gone(0, 1);
	routers[1].kernel[1].tcp.state = 5;
	become(1, FLOWSYNC_STANDBY);
	pass(100 * NSEC_PER_MSEC);
	connect_both();
	pass(5 * NSEC_PER_SEC);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(tcp_state(i, 1), 5);
	assert_int_equal(count(0, FLOW_MERGED), 1);
}

/* The winner told the end of a flow before the split, in vain; the same addresses began to talk
 * anew at the loser.  All of that reaches the winner at once. */
static void
test_end_from_before_a_split_does_not_end_what_began_in_it(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	news(0, &flow);
	pass(NSEC_PER_SEC);
	lossy = true;
	gone(0, 1);
	flush(0);
	become(1, FLOWSYNC_ACTIVE);
	gone(1, 1);
	flow.tcp.state = 5;
	news(1, &flow);
	flush(1);
	become(1, FLOWSYNC_STANDBY);
	deliver();
	/* The stream is faster than datagrams that get lost. */
	pass(2 * NSEC_PER_MSEC);
	assert_int_equal(count(1, FLOW_OFFERED), 1);
	lossy = false;
	pass(10 * NSEC_PER_SEC);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(tcp_state(i, 1), 5);
	assert_int_equal(count(0, FLOW_MERGED), 1);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

/* Demoted with unread news, promoted again while the dump ran that should have found out. */
static void
test_dump_that_a_promotion_interrupted_does_not_make_the_table_known(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	news(0, &flow);
	pass(NSEC_PER_SEC);
	disconnect_both();
	routers[0].kernel[1].has = 0;
	become(0, FLOWSYNC_STANDBY);
	flowsync_on_time(routers[0].sync, now);
	assert_true(routers[0].dump_wanted);
	become(0, FLOWSYNC_ACTIVE);
	dump(0);
	/* The flow begins anew at the other one: the winner knows nothing that is younger. */
	become(1, FLOWSYNC_ACTIVE);
	gone(1, 1);
	flow.tcp.state = 5;
	news(1, &flow);
	pass(10 * NSEC_PER_MSEC);
	become(1, FLOWSYNC_STANDBY);
	connect_both();
	pass(5 * NSEC_PER_SEC);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(tcp_state(i, 1), 5);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

/* Demoted with unread news and promoted again, while a dump runs that shows what ended here, or
 * just after it.  All of that begins anew at the other one, which gives in then. */
static void
split_with_unread_ends(unsigned flows, bool dumped)
{
	tell_many(flows, 3);
	pass(NSEC_PER_SEC);
	assert_int_equal(held_by(1), flows);
	disconnect_both();
	now += NSEC_PER_SEC;
	for (unsigned i = 0; i < flows; i++)
		routers[0].kernel[i].has = 0;
	become(0, FLOWSYNC_STANDBY);
	flowsync_on_time(routers[0].sync, now);
	if (dumped) {
		dump(0);
		flowsync_on_time(routers[0].sync, now);
	}
	become(0, FLOWSYNC_ACTIVE);
	if (!dumped)
		dump(0);
	become(1, FLOWSYNC_ACTIVE);
	for (unsigned i = 0; i < flows; i++) {
		struct flow flow = flow_of(i);

		gone(1, i);
		flow.tcp.state = 5;
		news(1, &flow);
	}
	pass(100 * NSEC_PER_MSEC);
	become(1, FLOWSYNC_STANDBY);
	pass(100 * NSEC_PER_MSEC);
}

static void
expect_flows_of_the_loser(unsigned flows)
{
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(held_by(i), flows);
		for (unsigned k = 0; k < flows; k++)
			assert_int_equal(tcp_state(i, k), 5);
	}
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

/* Told, it would get lost, and come again when the other one has offered its flow. */
static void
test_end_of_before_a_split_that_only_a_dump_shows_is_not_told(void **state UNUSED)
{
	uint64_t dumps;

	split_with_unread_ends(1, false);
	connect_both();
	for (dumps = count(0, FLOW_DUMPS); count(0, FLOW_DUMPS) == dumps;)
		pass(100 * NSEC_PER_USEC);
	lossy = true;
	pass(2 * NSEC_PER_MSEC);
	lossy = false;
	assert_int_equal(count(1, FLOW_OFFERED), 1);
	pass(5 * NSEC_PER_SEC);
	expect_flows_of_the_loser(1);
}

/* It takes a while to see to all that a dump did not show; nothing is compared before. */
static void
test_flows_that_a_dump_did_not_show_are_not_listed(void **state UNUSED)
{
	split_with_unread_ends(2000, false);
	connect_both();
	pass(10 * NSEC_PER_SEC);
	expect_flows_of_the_loser(2000);
}

static void
test_promotion_before_ends_of_a_dump_were_seen_to_does_not_revive_them(void **state UNUSED)
{
	split_with_unread_ends(2000, true);
	connect_both();
	pass(10 * NSEC_PER_SEC);
	expect_flows_of_the_loser(2000);
}

/* The winner reads too late that a flow ended before the split; the same key began anew at the
 * loser, which offered it to nobody yet. */
static void
test_another_seed_exposes_no_flow_of_a_split(void **state UNUSED)
{
	const uint64_t seed[2] = { 0x1234, 0x5678 };
	struct flow flow = flow_of(1);

	news(0, &flow);
	pass(NSEC_PER_SEC);
	disconnect_both();
	become(1, FLOWSYNC_ACTIVE);
	gone(1, 1);
	flow.tcp.state = 5;
	news(1, &flow);
	pass(10 * NSEC_PER_MSEC);
	become(1, FLOWSYNC_STANDBY);
	pass(100 * NSEC_PER_MSEC);
	flowsync_reseed(routers[0].sync, seed);
	flowsync_reseed(routers[1].sync, seed);
	connect_both();
	deliver();
	gone(0, 1);
	flush(0);
	pass(5 * NSEC_PER_SEC);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(tcp_state(i, 1), 5);
	assert_int_equal(count(0, FLOW_MERGED), 1);
}

/* ---- what is not merged --------------------------------------------------------------------- */

static void
test_flow_of_a_split_that_the_winners_kernel_refuses_is_given_up(void **state UNUSED)
{
	struct flow theirs = flow_of(1);

	live_apart(&theirs);
	routers[0].refuse = EEXIST;
	connect_both();
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(held_by(0), 0);
	assert_int_equal(held_by(1), 0);
	assert_int_equal(status(0).flows, 0);
	assert_int_equal(count(0, FLOW_REFUSED_CLASH), 1);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

static void
test_closed_flow_of_a_split_is_removed(void **state UNUSED)
{
	struct flow theirs = flow_of(1);

	theirs.tcp.state = FLOW_TCP_TIME_WAIT;
	live_apart(&theirs);
	connect_both();
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(count(1, FLOW_OFFERED), 0);
	assert_int_equal(held_by(0), 0);
	assert_int_equal(held_by(1), 0);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

static void
test_flows_of_a_split_long_ago_are_removed(void **state UNUSED)
{
	struct flow theirs = flow_of(1);

	live_apart(&theirs);
	pass(100 * NSEC_PER_MSEC);
	now += 600 * NSEC_PER_SEC;
	connect_both();
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(held_by(0), 0);
	assert_int_equal(held_by(1), 0);
}

/* Both agreed since: what the winner has no more when they meet again has ended. */
static void
test_flow_of_a_split_is_not_offered_once_both_agreed(void **state UNUSED)
{
	struct flow theirs = flow_of(1);

	live_apart(&theirs);
	connect_both();
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(count(0, FLOW_MERGED), 1);
	disconnect_both();
	gone(0, 1);
	pass(NSEC_PER_SEC);
	connect_both();
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(held_by(0), 0);
	assert_int_equal(held_by(1), 0);
}

/* The stream held an answer back from before: it says nothing of the tables of today. */
static void
test_answer_to_an_earlier_digest_is_no_agreement(void **state UNUSED)
{
	uint8_t all_is_equal[2 + 1 + 4 + 2 * 513] = { 4, 7, 5, 0, 0, 4, 1 };
	struct flow flow = flow_of(1);

	disconnect_both();
	news(0, &flow);
	pass(NSEC_PER_SEC);
	connect_both();
	deliver();
	/* The comparison that would find the flow does not arrive. */
	deaf = true;
	flowsync_on_time(routers[0].sync, now);
	flowsync_on_control(routers[0].sync, all_is_equal, sizeof(all_is_equal), now);
	disconnect_both();
	deaf = false;
	become(1, FLOWSYNC_ACTIVE);
	become(0, FLOWSYNC_STANDBY);
	pass(100 * NSEC_PER_MSEC);
	connect_both();
	pass(5 * NSEC_PER_SEC);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(held_by(i), 1);
	assert_int_equal(count(1, FLOW_MERGED), 1);
}

static void
test_offer_that_nobody_asked_for_is_refused(void **state UNUSED)
{
	static const uint8_t offer[] = { 0, 7, 9, 0, 0, 0, 1, 0, 0 };

	flowsync_on_control(routers[0].sync, offer, sizeof(offer), now);
	flowsync_on_control(routers[1].sync, offer, sizeof(offer), now);
	assert_int_equal(fault(0, FLOW_ORDER), 1);
	assert_int_equal(fault(1, FLOW_ORDER), 1);
}

static void
test_claim_of_a_dead_partner_is_no_split(void **state UNUSED)
{
	deaf = lossy = true;
	pass(500 * NSEC_PER_MSEC);
	become(1, FLOWSYNC_ACTIVE);
	pass(1500 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].alarms, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(test_flows_of_a_split_are_merged_and_conflicts_go_to_the_winner),
		PAIR(test_change_in_a_split_that_only_a_dump_shows_is_offered),
		PAIR(test_end_from_before_a_split_does_not_end_what_began_in_it),
		PAIR(test_dump_that_a_promotion_interrupted_does_not_make_the_table_known),
		PAIR(test_end_of_before_a_split_that_only_a_dump_shows_is_not_told),
		PAIR(test_flows_that_a_dump_did_not_show_are_not_listed),
		PAIR(test_promotion_before_ends_of_a_dump_were_seen_to_does_not_revive_them),
		PAIR(test_another_seed_exposes_no_flow_of_a_split),
		PAIR(test_flow_of_a_split_that_the_winners_kernel_refuses_is_given_up),
		PAIR(test_closed_flow_of_a_split_is_removed),
		PAIR(test_flows_of_a_split_long_ago_are_removed),
		PAIR(test_flow_of_a_split_is_not_offered_once_both_agreed),
		PAIR(test_answer_to_an_earlier_digest_is_no_agreement),
		PAIR(test_offer_that_nobody_asked_for_is_refused),
		PAIR(test_claim_of_a_dead_partner_is_no_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
