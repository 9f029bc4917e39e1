/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telling: what changes in the kernel of the active router reaches the other one soon, once, and
 * as it is by then, whatever datagrams are lost or late; what would be over before it is of use is
 * not told at all; and nobody is told that a copy is there which is not.
 */
#include "flowsync_rig.h"

#include <errno.h>
#include <string.h>

static void
test_first_change_leaves_at_once_with_a_long_timer(void **state UNUSED)
{
	struct flow flow = flow_of(1);
	unsigned datagrams = routers[0].datagrams;

	news(0, &flow);
	flush(0);
	assert_int_equal(routers[0].datagrams, datagrams + 1);
	/* Head and one record. */
	assert_int_equal(last_datagram.length, 22 + 19);
	deliver();
	assert_int_equal(routers[1].kernel[1].tcp.state, 3);
	assert_int_equal(routers[1].kernel[1].timeout, 300 + options.long_timer);
	assert_true(status(0).lost_now == 1);
	pass(2 * NSEC_PER_MSEC);
	assert_true(status(0).lost_now == 0);
}

static void
test_changes_of_one_flow_coalesce_in_one_record(void **state UNUSED)
{
	struct flow flow = flow_of(1);
	uint64_t upserts = count(0, FLOW_UPSERTS_SENT);

	for (unsigned i = 0; i < 100; i++) {
		flow.tcp.state = (uint8_t)(1 + i % 8);
		news(0, &flow);
	}
	pass(5 * NSEC_PER_MSEC);
	assert_int_equal(count(0, FLOW_UPSERTS_SENT), upserts + 1);
	assert_int_equal(routers[1].kernel[1].tcp.state, flow.tcp.state);
}

static void
test_news_that_say_nothing_new_are_not_told(void **state UNUSED)
{
	struct flow flow = flow_of(1);
	uint64_t upserts;

	news(0, &flow);
	pass(5 * NSEC_PER_MSEC);
	upserts = count(0, FLOW_UPSERTS_SENT);
	flow.timeout = 17;
	flowsync_on_news(routers[0].sync, FLOW_UPSERT, &flow, false, now);
	pass(5 * NSEC_PER_MSEC);
	assert_int_equal(count(0, FLOW_UPSERTS_SENT), upserts);
}

static void
test_flow_with_other_nat_is_deleted_first(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	news(0, &flow);
	pass(5 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].removals, 0);
	flow.has |= FLOW_HAS_DESTINATION_NAT;
	flow.destination_nat.port = 8080;
	news(0, &flow);
	pass(5 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].removals, 1);
	assert_int_equal(routers[1].kernel[1].destination_nat.port, 8080);
}

/* ---- flows too young to be told ------------------------------------------------------------- */

static void
test_short_flow_without_nat_never_reaches_the_wire(void **state UNUSED)
{
	struct flow plain = flow_of(1), translated = flow_of(2);

	hold_new_flows();
	translated.has |= FLOW_HAS_SOURCE_NAT;
	translated.source_nat.port = 7;
	news(0, &plain);
	news(0, &translated);
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[1].has, 0);
	assert_int_not_equal(routers[1].kernel[2].has, 0);
	assert_int_equal(status(0).held, 1);
	gone(0, 1);
	pass(300 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].puts, 1);
	assert_int_equal(count(0, FLOW_CANCELLED), 1);
	/* One that lives is told in the end. */
	news(0, &plain);
	pass(300 * NSEC_PER_MSEC);
	assert_int_not_equal(routers[1].kernel[1].has, 0);
}

/* What the kernel has of the flows that were asked about. */
static void
answer(unsigned which)
{
	struct router *r = &routers[which];

	for (unsigned i = 0; i < r->look_count; i++) {
		const struct flow *flow = &r->kernel[number_of(&r->looks[i])];

		if (flow->has)
			flowsync_on_looked(r->sync, flow, now);
	}
	r->look_count = 0;
}

/* Old enough to be told, if it is alive. */
static void
let_flow_grow_old(const struct flow *flow)
{
	hold_new_flows();
	news(0, flow);
	pass(210 * NSEC_PER_MSEC);
}

static void
test_connection_that_is_closed_by_then_is_not_told(void **state UNUSED)
{
	struct flow flow = flow_of(1);
	uint64_t repaired = count(1, FLOW_REPAIRED);

	let_flow_grow_old(&flow);
	assert_int_equal(routers[0].look_count, 1);
	routers[0].kernel[1].tcp.state = FLOW_TCP_TIME_WAIT;
	answer(0);
	pass(10 * NSEC_PER_SEC);
	assert_int_equal(routers[1].puts, 0);
	assert_int_equal(count(1, FLOW_REPAIRED), repaired);
	assert_int_equal(status(0).lost_now, 0);
	gone(0, 1);
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].removals, 0);
	assert_int_equal(status(0).flows, 0);
}

static void
test_connection_that_is_open_is_told_when_the_kernel_answers(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	let_flow_grow_old(&flow);
	assert_int_equal(routers[1].puts, 0);
	assert_int_equal(status(0).lost_now, 1);
	answer(0);
	pass(NSEC_PER_MSEC);
	assert_int_equal(routers[1].puts, 1);
}

static void
test_connection_without_an_answer_is_told_soon(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	let_flow_grow_old(&flow);
	pass(20 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].puts, 0);
	pass(50 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].puts, 1);
}

static void
test_connection_that_begins_anew_after_its_close_is_told(void **state UNUSED)
{
	struct flow flow = flow_of(1), other = flow_of(2);

	let_flow_grow_old(&flow);
	news(0, &other);
	pass(210 * NSEC_PER_MSEC);
	routers[0].kernel[1].tcp.state = routers[0].kernel[2].tcp.state = FLOW_TCP_CLOSE;
	answer(0);
	/* The news of the one are heard, those of the other only a dump shows. */
	news(0, &flow);
	routers[0].kernel[2] = other;
	pass(210 * NSEC_PER_MSEC);
	answer(0);
	pass(NSEC_PER_MSEC);
	assert_int_not_equal(routers[1].kernel[1].has, 0);
	assert_int_equal(routers[1].kernel[2].has, 0);
	flowsync_on_overrun(routers[0].sync, now);
	pass(3 * NSEC_PER_SEC);
	assert_int_not_equal(routers[1].kernel[2].has, 0);
}

/* The news that it ended and began anew got lost, and the dump passed its place in between. */
static void
test_flow_that_a_look_found_is_not_gone_by_the_dump_that_runs(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	pass(NSEC_PER_SEC);
	let_flow_grow_old(&flow);
	assert_int_equal(routers[0].look_count, 1);
	flowsync_on_overrun(routers[0].sync, now);
	flowsync_on_time(routers[0].sync, now);
	assert_true(routers[0].dump_wanted);
	routers[0].dump_wanted = false;
	answer(0);
	flowsync_on_dump_done(routers[0].sync, true, now);
	pass(NSEC_PER_SEC);
	assert_int_equal(status(0).flows, 1);
	assert_int_not_equal(routers[1].kernel[1].has, 0);
}

static void
test_looks_become_few_where_no_connection_is_closed_so_soon(void **state UNUSED)
{
	unsigned looks = 0;

	hold_new_flows();
	for (unsigned i = 1; i <= 500; i++) {
		struct flow flow = flow_of(i);

		news(0, &flow);
		pass(NSEC_PER_MSEC);
		looks += routers[0].look_count;
		answer(0);
	}
	pass(300 * NSEC_PER_MSEC);
	looks += routers[0].look_count;
	assert_in_range(looks, 64, 64 + 500 / 16 + 1);
	assert_int_equal(held_by(1), 500);
}

/* ---- datagrams lost and late ---------------------------------------------------------------- */

static void
test_lost_datagrams_are_told_again_as_things_are_then(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	lossy = true;
	news(0, &flow);
	flush(0);
	flow.tcp.state = 5;
	news(0, &flow);
	pass(200 * NSEC_PER_MSEC);
	lossy = false;
	pass(1500 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[1].tcp.state, 5);
	assert_true(count(0, FLOW_DATAGRAMS_LOST) > 0);
}

/* A path that swallows all: nothing is known of how long news take. */
static void
test_lag_is_not_known_before_anything_came_back(void **state UNUSED)
{
	const struct flowtally *tally;
	struct flow flow = flow_of(1);

	lossy = true;
	start_pair();
	pass(150 * NSEC_PER_MSEC);
	tally = flowsync_tally(routers[0].sync);
	news(0, &flow);
	pass(50 * NSEC_PER_MSEC);
	assert_true(routers[0].datagrams > 0);
	assert_int_equal(tally->lag.count, 0);
	/* But of what was told in vain it is known that it is late. */
	pass(200 * NSEC_PER_MSEC);
	assert_true(count(0, FLOW_DATAGRAMS_LOST) > 0);
	assert_in_range(tally->lag.longest, 50 * NSEC_PER_MSEC, 250 * NSEC_PER_MSEC);
}

static void
test_old_datagram_does_not_revive_a_dead_flow(void **state UNUSED)
{
	struct flow flow = flow_of(1);
	struct datagram birth;

	news(0, &flow);
	birth = intercept(0);
	now += NSEC_PER_MSEC;
	gone(0, 1);
	flush(0);
	deliver();
	/* The end came first, the birth comes late. */
	hear(1, &birth);
	assert_int_equal(routers[1].kernel[1].has, 0);
	pass(NSEC_PER_SEC);
	assert_int_equal(routers[1].kernel[1].has, 0);
	assert_int_equal(status(1).flows, 0);
}

static void
test_end_that_was_lost_is_told_though_the_flow_came_and_went_again(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	hold_new_flows();
	news(0, &flow);
	pass(300 * NSEC_PER_MSEC);
	assert_int_not_equal(routers[1].kernel[1].has, 0);
	/* Its end gets lost; it comes back, too young to be told, and ends once more. */
	lossy = true;
	gone(0, 1);
	pass(30 * NSEC_PER_MSEC);
	assert_true(count(0, FLOW_DATAGRAMS_LOST) > 0);
	news(0, &flow);
	gone(0, 1);
	lossy = false;
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[1].has, 0);
	assert_int_equal(status(0).flows + status(1).flows, 0);
}

/* ---- what belongs to another flow ----------------------------------------------------------- */

static void
test_related_flow_waits_for_its_master(void **state UNUSED)
{
	struct flow master = flow_of(1), child = flow_of(2), orphan = flow_of(3);

	child.has |= FLOW_HAS_MASTER;
	child.master = master.key;
	orphan.has |= FLOW_HAS_MASTER;
	orphan.master = flow_of(9).key;
	news(0, &child);
	news(0, &orphan);
	pass(10 * NSEC_PER_MSEC);
	assert_int_equal(held_by(1), 0);
	assert_int_equal(status(1).parked, 2);
	news(0, &master);
	pass(10 * NSEC_PER_MSEC);
	assert_int_equal(held_by(1), 2);
	assert_true(routers[1].kernel[2].has & FLOW_HAS_MASTER);
	pass(3 * NSEC_PER_SEC);
	/* Better without a master than not at all. */
	assert_int_equal(held_by(1), 3);
	assert_false(routers[1].kernel[3].has & FLOW_HAS_MASTER);
}

static void
test_expectation_follows_its_master(void **state UNUSED)
{
	struct flow master = flow_of(1);
	struct flow_expectation x = {
		.master = master.key, .expected = flow_of(2).key,
		.mask = { .family = 4, .protocol = 6 }, .timeout = 300, .helper = "ftp",
	};

	flowsync_on_expectation(routers[0].sync, FLOW_UPSERT, &x, now);
	pass(10 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].expected, 0);
	news(0, &master);
	pass(50 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].expected, 1);
	assert_int_equal(status(1).expectations, 1);
	flowsync_on_expectation(routers[0].sync, FLOW_DELETE, &x, now);
	pass(50 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].unexpected, 1);
	assert_int_equal(status(0).expectations + status(1).expectations, 0);
	pass(4 * NSEC_PER_SEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

static void
test_refused_expectation_is_counted_by_reason(void **state UNUSED)
{
	flowsync_on_refused_expectation(routers[1].sync, ENOENT, now);
	flowsync_on_refused_expectation(routers[1].sync, EOPNOTSUPP, now);
	assert_int_equal(count(1, FLOW_REFUSED_MASTER), 1);
	assert_int_equal(count(1, FLOW_REFUSED_UNSUPPORTED), 1);
	assert_int_equal(count(1, FLOW_REFUSED_OTHER), 0);
	assert_int_equal(count(1, FLOW_REFUSED_EXPECTATIONS), 2);
}

/* ---- what is said of it --------------------------------------------------------------------- */

static void
test_flows_can_be_walked_for_show(void **state UNUSED)
{
	struct flowsync_view view;
	uint32_t cursor = 0;
	unsigned count = 0;

	tell_many(10, 3);
	gone(0, 3);
	pass(20 * NSEC_PER_MSEC);
	while (flowsync_next(routers[0].sync, &cursor, now, &view)) {
		assert_true(view.told);
		assert_int_not_equal(number_of(&view.flow.key), 3);
		assert_in_range(view.age, 19 * NSEC_PER_MSEC, 21 * NSEC_PER_MSEC);
		count++;
	}
	assert_int_equal(count, 9);
}

/* Is the other router said to have the only flow of this one? */
static bool
is_told(unsigned which)
{
	struct flowsync_view view;
	uint32_t cursor = 0;

	assert_true(flowsync_next(routers[which].sync, &cursor, now, &view));
	return view.told;
}

/* What is said of a flow's copy is what is known of it. */
static void
test_flow_is_said_to_be_held_only_by_a_partner_that_has_it(void **state UNUSED)
{
	struct flow flow = flow_of(1);

	news(0, &flow);
	flush(0);
	assert_false(is_told(0));	/* under way */
	pass(20 * NSEC_PER_MSEC);
	assert_true(is_told(0));
	assert_true(is_told(1));
	disconnect_both();
	pass(20 * NSEC_PER_MSEC);
	assert_false(is_told(0));
	/* A partner that lost it, and did not say so yet; then it waits for repair. */
	memset(routers[1].kernel, 0, sizeof(routers[1].kernel));
	start(1);
	become(1, FLOWSYNC_STANDBY);
	connect_both();
	deliver();
	assert_true(status(0).connected);
	assert_int_equal(status(0).lost_now, 1);
	assert_false(is_told(0));
	lossy = true;
	pass(5 * NSEC_PER_MSEC);
	assert_false(is_told(0));
	lossy = false;
	pass(NSEC_PER_SEC);
	assert_true(is_told(0));
	assert_int_equal(status(0).lost_now, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(test_first_change_leaves_at_once_with_a_long_timer),
		PAIR(test_changes_of_one_flow_coalesce_in_one_record),
		PAIR(test_news_that_say_nothing_new_are_not_told),
		PAIR(test_flow_with_other_nat_is_deleted_first),
		PAIR(test_short_flow_without_nat_never_reaches_the_wire),
		PAIR(test_connection_that_is_closed_by_then_is_not_told),
		PAIR(test_connection_that_is_open_is_told_when_the_kernel_answers),
		PAIR(test_connection_without_an_answer_is_told_soon),
		PAIR(test_connection_that_begins_anew_after_its_close_is_told),
		PAIR(test_flow_that_a_look_found_is_not_gone_by_the_dump_that_runs),
		PAIR(test_looks_become_few_where_no_connection_is_closed_so_soon),
		PAIR(test_lost_datagrams_are_told_again_as_things_are_then),
		PLAIN(test_lag_is_not_known_before_anything_came_back),
		PAIR(test_old_datagram_does_not_revive_a_dead_flow),
		PAIR(test_end_that_was_lost_is_told_though_the_flow_came_and_went_again),
		PAIR(test_related_flow_waits_for_its_master),
		PAIR(test_expectation_follows_its_master),
		PAIR(test_refused_expectation_is_counted_by_reason),
		PAIR(test_flows_can_be_walked_for_show),
		PAIR(test_flow_is_said_to_be_held_only_by_a_partner_that_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
