/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows of every kind go from one table into another, by events and by dumps, and are there what
 * they were.
 */
#include "conntrack_tables.h"

#include <errno.h>

/* ---- round trips ---- */

static void
test_flows_of_every_protocol_arrive_as_they_were(void **state UNUSED)
{
	unsigned count;

	tables_need_root();
	count = tables_make_protocols();
	tables_carry();
	tables_assert_same(count);
}

static void
test_translated_flows_arrive_translated(void **state UNUSED)
{
	unsigned count;

	tables_need_root();
	count = tables_make_translated();
	tables_carry();
	tables_assert_same(count);
	assert_non_null(oracle_find(&tables.two, "dst=203.0.113.1"));
	assert_non_null(oracle_find(&tables.two, "src=10.9.0.1"));
	assert_non_null(oracle_find(&tables.two, "dst=2001:db8:1::1"));
}

/* The other library can not say it, so a real one. */
static void
test_echo_whose_identifier_is_translated_arrives_so(void **state UNUSED)
{
	tables_need_root();
	space_run(tables.first, "ip address add 10.9.9.9/32 dev lo && "
	          "ip route add 192.0.2.0/24 dev lo");
	space_run(tables.first, "nft add table ip n '{ chain c { "
	          "type nat hook postrouting priority 100; "
	          "meta l4proto icmp snat to 203.0.113.1 fully-random; }; }'");
	(void)space_try(tables.first, "ping -c1 -W0.1 192.0.2.9");
	tables_carry();
	assert_true(tables.last.has & FLOW_HAS_SOURCE_NAT);
	assert_int_not_equal(tables.last.source_nat.port, tables.last.key.source_port);
	tables_assert_same(1);
}

static void
test_everything_a_flow_carries_arrives(void **state UNUSED)
{
	unsigned count;

	tables_need_root();
	count = tables_make_laden();
	tables_carry();
	tables_assert_same(count);
	assert_non_null(oracle_find(&tables.two, "mark=abcd0001"));
	assert_non_null(oracle_find(&tables.two, "zone=7"));
	assert_non_null(oracle_find(&tables.two, "label=100"));
	assert_non_null(oracle_find(&tables.two, "helper=ftp"));
	assert_non_null(oracle_find(&tables.two, "master="));
	assert_non_null(oracle_find(&tables.two, "after0=5"));
	assert_non_null(oracle_find(&tables.two, "isn=b"));
}

static void
test_dump_brings_what_events_bring(void **state UNUSED)
{
	unsigned count;

	tables_need_root();
	count = tables_make_protocols() + tables_make_translated() + tables_make_laden();
	/* A dump has no order: who is expected may come before who expects it. */
	tables_carry_by_dump(NULL);
	if (tables.refusals) {
		assert_int_equal(tables.refusal.error, -ENOENT);
		tables.refusals = 0;
		tables_carry_by_dump(NULL);
	}
	tables_assert_same(count);
}

static void
test_what_is_put_in_twice_is_changed_not_replaced(void **state UNUSED)
{
	unsigned count;

	tables_need_root();
	count = tables_make_protocols() + tables_make_translated() + tables_make_laden();
	tables_carry();
	tables_carry_by_dump(NULL);
	tables_assert_same(count);
	assert_int_equal(conntrack_inject_counts(tables.inject)->replaced, 0);
}

static void
test_flows_that_end_are_deleted(void **state UNUSED)
{
	tables_need_root();
	(void)tables_make_protocols();
	(void)tables_make_translated();
	tables_carry();
	oracle_flush(tables.first);
	tables_carry();
	assert_int_equal(tables.last_event, CONNTRACK_GONE);
	tables_assert_same(0);
	assert_int_equal(conntrack_inject_counts(tables.inject)->already_gone, 0);
}

/* ---- dumps ---- */

static void
test_dump_shows_what_its_filter_lets_through(void **state UNUSED)
{
	struct conntrack_filter filter = { .family = 6 };

	tables_need_root();
	(void)tables_make_protocols();
	(void)tables_make_laden();
	tables.heard = 0;
	tables_carry_by_dump(&filter);
	assert_int_equal(tables.heard, 5);
	assert_int_equal(tables.last.key.family, 6);

	filter = (struct conntrack_filter){ .status = FLOW_ASSURED, .status_mask = FLOW_ASSURED };
	tables.heard = 0;
	tables_carry_by_dump(&filter);
	assert_int_equal(tables.heard, 8);

	filter = (struct conntrack_filter){ .mark = 1, .mark_mask = 0xffff };
	tables.heard = 0;
	tables_carry_by_dump(&filter);
	assert_int_equal(tables.heard, 1);
	assert_int_equal(tables.last.mark, 0xabcd0001);

	filter = (struct conntrack_filter){ .one_zone = true, .zone = 7 };
	tables.heard = 0;
	tables_carry_by_dump(&filter);
	assert_int_equal(tables.heard, 1);
	assert_int_equal(tables.last.key.zone, 7);

	filter = (struct conntrack_filter){ .status = CONNTRACK_STATUS_SEQADJ,
	                                    .status_mask = CONNTRACK_STATUS_SEQADJ };
	tables.heard = 0;
	tables_carry_by_dump(&filter);
	assert_int_equal(tables.heard, 1);
	assert_int_equal(tables.last.seqadj[0].after, 5);
}

static void
test_dump_begun_anew_forgets_the_one_before(void **state UNUSED)
{
	static const struct conntrack_dump_hearer hearer = { .flow = tables_on_record };

	tables_need_root();
	for (uint16_t port = 1; port <= 600; port++)
		tables_make(tables_tcp(port));
	assert_int_equal(conntrack_dump_flows(tables.dump, NULL), 0);
	assert_int_equal(conntrack_dump_step(tables.dump, 1, &hearer), 1);
	assert_in_range(tables.heard, 1, 400);
	tables.heard = 0;
	tables_carry_by_dump(NULL);
	assert_int_equal(tables.heard, 600);
	tables_carry_by_dump(NULL);
	assert_int_equal(tables.heard, 1200);
	assert_int_equal(conntrack_dump_step(tables.dump, 1, &hearer), 0);
}

static void
test_one_flow_can_be_asked_for(void **state UNUSED)
{
	struct flow flow;

	tables_need_root();
	(void)tables_make_laden();
	tables_carry();
	tables.last.key.source_port = 3003;
	assert_int_equal(conntrack_dump_get(tables.look, &tables.last.key, &flow), 0);
	assert_int_equal(flow.labels[12], 1 << 4);
	tables.last.key.source_port = 3999;
	assert_int_equal(conntrack_dump_get(tables.look, &tables.last.key, &flow), -ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		tables_test(test_flows_of_every_protocol_arrive_as_they_were),
		tables_test(test_translated_flows_arrive_translated),
		tables_test(test_echo_whose_identifier_is_translated_arrives_so),
		tables_test(test_everything_a_flow_carries_arrives),
		tables_test(test_dump_brings_what_events_bring),
		tables_test(test_what_is_put_in_twice_is_changed_not_replaced),
		tables_test(test_flows_that_end_are_deleted),
		tables_test(test_dump_shows_what_its_filter_lets_through),
		tables_test(test_dump_begun_anew_forgets_the_one_before),
		tables_test(test_one_flow_can_be_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
