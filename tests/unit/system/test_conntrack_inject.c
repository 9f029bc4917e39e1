/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is put into a table meets what is there already, or lacks what it needs; what is refused,
 * and what becomes of the rest.
 */
#include "conntrack_tables.h"

#include <errno.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>
#include <string.h>

static void
on_renewed(void *owner UNUSED, const struct flow *flow)
{
	assert_int_equal(conntrack_inject_renew(tables.inject, flow, 500), 0);
}

/* The flow of this port, with a source that is translated, as the first heard of it. */
static struct flow
translated(uint16_t port, const char *address, uint16_t translated_port)
{
	struct nf_conntrack *ct = tables_tcp(port);

	tables_translate(ct, true, address, translated_port);
	tables_make(ct);
	tables_carry();
	return tables.last;
}

static void
put_in(const struct flow *flow, bool known)
{
	assert_int_equal(conntrack_inject_flow(tables.inject, flow, 500, known), 0);
	assert_int_equal(conntrack_inject_flush(tables.inject), 0);
}

static void
test_flow_translated_otherwise_is_replaced(void **state UNUSED)
{
	struct flow flow;

	tables_need_root();
	flow = translated(1, "203.0.113.1", 40001);
	flow.source_nat.port = 40002;
	put_in(&flow, false);
	assert_int_equal(tables.refusals, 0);
	assert_int_equal(conntrack_inject_counts(tables.inject)->replaced, 1);
	oracle_look(&tables.two, tables.second);
	assert_int_equal(tables.two.count, 1);
	assert_non_null(oracle_find(&tables.two, "dport=40002"));
}

static void
test_flow_that_has_anothers_way_back_makes_room(void **state UNUSED)
{
	struct flow flow;

	tables_need_root();
	flow = translated(1, "203.0.113.1", 40001);
	flow.key.source_port = 2;		/* another flow, the same translation */
	put_in(&flow, false);
	assert_int_equal(tables.refusals, 0);
	oracle_look(&tables.two, tables.second);
	assert_int_equal(tables.two.count, 1);
	assert_non_null(oracle_find(&tables.two, "sport=2 "));
	assert_non_null(oracle_find(&tables.two, "dport=40001"));
}

static void
test_flow_younger_than_what_is_there_replaces_it(void **state UNUSED)
{
	struct flow flow;

	tables_need_root();
	tables_make(tables_tcp(1));
	tables_carry();
	flow = tables.last;
	flow.status = 0;
	flow.tcp.state = TCP_CONNTRACK_SYN_SENT;
	put_in(&flow, false);
	assert_int_equal(tables.refusals, 0);
	oracle_look(&tables.two, tables.second);
	assert_non_null(oracle_find(&tables.two, "SYN_SENT"));
	assert_non_null(oracle_find(&tables.two, "[UNREPLIED]"));
}

static void
test_new_flow_yields_to_one_that_is_there(void **state UNUSED)
{
	struct flow flow;

	tables_need_root();
	tables_make(tables_tcp(1));
	tables_carry();
	flow = tables.last;
	flow.has |= FLOW_HAS_MARK;
	flow.mark = 77;
	assert_int_equal(conntrack_inject_new(tables.inject, &flow, 500), 0);
	assert_int_equal(conntrack_inject_flush(tables.inject), 0);
	assert_int_equal(tables.refusals, 1);
	assert_int_equal(tables.refusal.error, -EEXIST);
	oracle_look(&tables.two, tables.second);
	assert_null(oracle_find(&tables.two, "mark=77"));
	oracle_flush(tables.second);
	assert_int_equal(conntrack_inject_new(tables.inject, &flow, 500), 0);
	assert_int_equal(conntrack_inject_flush(tables.inject), 0);
	assert_int_equal(tables.refusals, 1);
	oracle_look(&tables.two, tables.second);
	assert_non_null(oracle_find(&tables.two, "mark=77"));
}

static void
test_known_flow_that_is_gone_is_created(void **state UNUSED)
{
	struct flow flow;

	tables_need_root();
	flow = translated(1, "203.0.113.1", 40001);
	oracle_flush(tables.second);
	put_in(&flow, true);
	tables_assert_same(1);
}

static void
test_known_flow_is_changed_without_asking(void **state UNUSED)
{
	struct flow flow;
	uint64_t sends;

	tables_need_root();
	flow = translated(1, "203.0.113.1", 40001);
	sends = conntrack_inject_counts(tables.inject)->sends;
	flow.tcp.state = TCP_CONNTRACK_FIN_WAIT;
	put_in(&flow, true);
	assert_int_equal(conntrack_inject_counts(tables.inject)->sends, sends + 1);
	oracle_look(&tables.two, tables.second);
	assert_non_null(oracle_find(&tables.two, "FIN_WAIT"));
	assert_non_null(oracle_find(&tables.two, "dport=40001"));
}

static void
test_change_of_a_flow_that_is_gone_does_not_make_it_anew(void **state UNUSED)
{
	struct flow plain, flow;

	tables_need_root();
	flow = translated(1, "203.0.113.1", 40001);
	plain = flow;
	plain.has &= ~(uint32_t)(FLOW_HAS_SOURCE_NAT | FLOW_HAS_DESTINATION_NAT);
	plain.key.source_port++;
	oracle_flush(tables.second);
	assert_int_equal(conntrack_inject_change(tables.inject, &flow, 500), 0);
	assert_int_equal(conntrack_inject_change(tables.inject, &plain, 500), 0);
	assert_int_equal(conntrack_inject_flush(tables.inject), 0);
	assert_int_equal(tables.refusals, 0);
	assert_int_equal(conntrack_inject_counts(tables.inject)->already_gone, 2);
	oracle_look(&tables.two, tables.second);
	assert_null(oracle_find(&tables.two, "dport="));
}

/* It has seen an answer, and cannot have seen none again. */
static void
test_change_of_a_flow_that_got_further_leaves_it_alone(void **state UNUSED)
{
	struct flow flow;

	tables_need_root();
	flow = translated(1, "203.0.113.1", 40001);
	flow.status &= ~(uint32_t)(FLOW_SEEN_REPLY | FLOW_ASSURED);
	flow.has |= FLOW_HAS_MARK;
	flow.mark = 77;
	assert_int_equal(conntrack_inject_change(tables.inject, &flow, 500), 0);
	assert_int_equal(conntrack_inject_flush(tables.inject), 0);
	assert_int_equal(tables.refusals, 0);
	oracle_look(&tables.two, tables.second);
	assert_non_null(oracle_find(&tables.two, "ASSURED"));
	assert_null(oracle_find(&tables.two, "mark=77"));
	/* Where it got no further, it is changed. */
	flow.status |= FLOW_SEEN_REPLY | FLOW_ASSURED;
	assert_int_equal(conntrack_inject_change(tables.inject, &flow, 500), 0);
	assert_int_equal(conntrack_inject_flush(tables.inject), 0);
	oracle_look(&tables.two, tables.second);
	assert_non_null(oracle_find(&tables.two, "mark=77"));
	assert_non_null(oracle_find(&tables.two, "dport=40001"));
}

static void
test_flow_that_began_anew_from_its_other_end_replaces_the_old_one(void **state UNUSED)
{
	struct flow flow;
	struct flow_key old;

	tables_need_root();
	tables_make(oracle_flow(IPPROTO_UDP, "10.0.0.1", 4500, "192.0.2.7", 4501));
	tables_carry();
	flow = tables.last;
	old = flow.key;
	memcpy(flow.key.source, old.destination, sizeof(flow.key.source));
	memcpy(flow.key.destination, old.source, sizeof(flow.key.destination));
	flow.key.source_port = 4501;
	flow.key.destination_port = 4500;
	put_in(&flow, false);
	oracle_look(&tables.two, tables.second);
	assert_int_equal(tables.two.count, 1);
	assert_non_null(oracle_find(&tables.two,
	                            "src=192.0.2.7 dst=10.0.0.1 sport=4501 dport=4500 ["));
	/* The end of the old one comes late, and must not hit the new one. */
	assert_int_equal(conntrack_inject_delete(tables.inject, &old), 0);
	assert_int_equal(conntrack_inject_flush(tables.inject), 0);
	oracle_look(&tables.two, tables.second);
	assert_int_equal(tables.two.count, 1);
	/* But the end of the new one does. */
	assert_int_equal(conntrack_inject_delete(tables.inject, &flow.key), 0);
	assert_int_equal(conntrack_inject_flush(tables.inject), 0);
	oracle_look(&tables.two, tables.second);
	assert_int_equal(tables.two.count, 0);
	assert_int_equal(tables.refusals, 0);
}

static void
test_expected_flow_without_its_master_is_refused_until_it_is_there(void **state UNUSED)
{
	struct flow flow;

	tables_need_root();
	(void)tables_make_laden();
	tables_carry();
	tables.last.key.source_port = 3005;
	assert_int_equal(conntrack_dump_get(tables.look, &tables.last.key, &flow), 0);
	oracle_flush(tables.second);
	put_in(&flow, false);
	assert_int_equal(tables.refusals, 1);
	assert_int_equal(tables.refusal.what, CONNTRACK_REFUSED_FLOW);
	assert_int_equal(tables.refusal.error, -ENOENT);
	tables_carry_by_dump(NULL);
	tables.refusals = 0;
	put_in(&flow, false);
	tables_assert_same(7);
}

static void
test_changed_flow_stays_expected(void **state UNUSED)
{
	struct flow flow;

	tables_need_root();
	(void)tables_make_laden();
	tables_carry();
	tables.last.key.source_port = 3005;
	assert_int_equal(conntrack_dump_get(tables.look, &tables.last.key, &flow), 0);
	flow.mark = 9;
	flow.has |= FLOW_HAS_MARK;
	put_in(&flow, true);
	flow.mark = 10;
	put_in(&flow, false);
	flow.mark = 11;
	flow.has &= ~FLOW_HAS_MASTER;		/* as an event tells it that is not the first */
	put_in(&flow, false);
	assert_int_equal(tables.refusals, 0);
	assert_int_equal(conntrack_inject_counts(tables.inject)->replaced, 0);
	oracle_look(&tables.two, tables.second);
	assert_non_null(strstr(oracle_find(&tables.two, "mark=b"), "master="));
}

static void
test_helper_that_is_unknown_here_is_left_out(void **state UNUSED)
{
	struct flow flow;

	tables_need_root();
	tables_make(tables_tcp(1));
	tables_carry();
	flow = tables.last;
	flow.has |= FLOW_HAS_HELPER;
	memcpy(flow.helper, "strange", sizeof("strange"));
	oracle_flush(tables.second);
	put_in(&flow, false);
	assert_int_equal(conntrack_inject_counts(tables.inject)->unhelped, 1);
	put_in(&flow, true);
	tables_assert_same(1);
}

static void
test_time_left_is_set_without_touching_anything_else(void **state UNUSED)
{
	struct flow flow;

	tables_need_root();
	(void)tables_make_laden();
	(void)tables_make_translated();
	tables_carry();
	flow = tables.last;
	assert_int_equal(conntrack_inject_retime(tables.inject, &flow.key, 77), 0);
	assert_int_equal(conntrack_inject_flush(tables.inject), 0);
	assert_int_equal(conntrack_dump_get(tables.look, &flow.key, &flow), 0);
	assert_in_range(flow.timeout, 70, 77);
	tables_assert_same(7 + 8);
	oracle_flush(tables.second);
	assert_int_equal(conntrack_inject_retime(tables.inject, &flow.key, 77), 0);
	assert_int_equal(conntrack_inject_flush(tables.inject), 0);
	assert_int_equal(tables.refusals, 0);
	oracle_look(&tables.two, tables.second);
	assert_int_equal(tables.two.count, 0);
}

static void
test_renewed_flows_are_as_they_were(void **state UNUSED)
{
	static const struct conntrack_dump_hearer hearer = { .flow = on_renewed };
	unsigned count;

	tables_need_root();
	count = tables_make_protocols() + tables_make_translated() + tables_make_laden();
	tables_carry();
	assert_int_equal(conntrack_dump_flows(tables.look, NULL), 0);
	while (conntrack_dump_step(tables.look, 1, &hearer) > 0)
		;
	assert_int_equal(conntrack_inject_flush(tables.inject), 0);
	assert_int_equal(conntrack_inject_counts(tables.inject)->already_gone, 0);
	assert_int_equal(conntrack_inject_counts(tables.inject)->deletes, count);
	tables_assert_same(count);
}

static void
test_refusals_of_a_batch_name_what_was_refused(void **state UNUSED)
{
	struct flow flow;

	tables_need_root();
	tables_make(tables_tcp(1));
	tables_carry();
	flow = tables.last;
	for (uint16_t i = 0; i < 8; i++) {	/* one whole batch */
		flow.key.source_port = (uint16_t)(10 + i);
		flow.tcp.state = i == 5 ? 200 : TCP_CONNTRACK_ESTABLISHED;
		assert_int_equal(conntrack_inject_flow(tables.inject, &flow, 500, false), 0);
	}
	assert_int_equal(conntrack_inject_flush(tables.inject), 0);
	assert_int_equal(tables.refusals, 1);
	assert_int_equal(tables.refusal.error, -ERANGE);
	oracle_look(&tables.two, tables.second);
	assert_int_equal(tables.two.count, 1 + 7);
	assert_null(oracle_find(&tables.two, "sport=15 "));
}

static void
test_deletes_of_what_is_not_there_are_counted_only(void **state UNUSED)
{
	tables_need_root();
	tables_make(tables_tcp(1));
	tables_carry();
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(conntrack_inject_delete(tables.inject, &tables.last.key), 0);
	assert_int_equal(conntrack_inject_flush(tables.inject), 0);
	assert_int_equal(tables.refusals, 0);
	assert_int_equal(conntrack_inject_counts(tables.inject)->already_gone, 2);
}

static void
test_flow_deleted_after_it_was_refused_is_not_mended(void **state UNUSED)
{
	struct flow flow;

	tables_need_root();
	flow = translated(1, "203.0.113.1", 40001);
	flow.key.source_port = 2;
	assert_int_equal(conntrack_inject_flow(tables.inject, &flow, 500, false), 0);
	assert_int_equal(conntrack_inject_delete(tables.inject, &flow.key), 0);
	assert_int_equal(conntrack_inject_flush(tables.inject), 0);
	tables_assert_same(1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		tables_test(test_flow_translated_otherwise_is_replaced),
		tables_test(test_flow_that_has_anothers_way_back_makes_room),
		tables_test(test_flow_younger_than_what_is_there_replaces_it),
		tables_test(test_new_flow_yields_to_one_that_is_there),
		tables_test(test_known_flow_that_is_gone_is_created),
		tables_test(test_known_flow_is_changed_without_asking),
		tables_test(test_change_of_a_flow_that_is_gone_does_not_make_it_anew),
		tables_test(test_change_of_a_flow_that_got_further_leaves_it_alone),
		tables_test(test_flow_that_began_anew_from_its_other_end_replaces_the_old_one),
		tables_test(test_expected_flow_without_its_master_is_refused_until_it_is_there),
		tables_test(test_changed_flow_stays_expected),
		tables_test(test_helper_that_is_unknown_here_is_left_out),
		tables_test(test_time_left_is_set_without_touching_anything_else),
		tables_test(test_renewed_flows_are_as_they_were),
		tables_test(test_refusals_of_a_batch_name_what_was_refused),
		tables_test(test_deletes_of_what_is_not_there_are_counted_only),
		tables_test(test_flow_deleted_after_it_was_refused_is_not_mended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
