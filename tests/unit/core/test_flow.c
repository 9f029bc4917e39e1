/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys as people read them, news that adds to what is known, and what is counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/flow.h"
#include "core/flowtally.h"

static void
test_news_without_something_keeps_what_was_known(void **state)
{
	struct flow flow = {
		.has = FLOW_HAS_TCP | FLOW_HAS_MARK | FLOW_HAS_SOURCE_NAT | FLOW_HAS_LABELS |
		       FLOW_HAS_STATUS,
		.status = FLOW_SEEN_REPLY,
		.mark = 7,
		.tcp = { .state = 1 },
		.source_nat = { .port = 99 },
		.labels = { 1 },
	};
	struct flow news = {
		.has = FLOW_HAS_TCP | FLOW_HAS_STATUS | FLOW_HAS_TIMEOUT,
		.status = FLOW_ASSURED,
		.timeout = 300,
		.tcp = { .state = 3, .flags = { 1, 2 }, .scale = { 5, 6 } },
	};

	(void)state;
	flow_merge(&flow, &news);
	assert_int_equal(flow.mark, 7);
	assert_int_equal(flow.source_nat.port, 99);
	assert_int_equal(flow.labels[0], 1);
	assert_int_equal(flow.tcp.state, 3);
	assert_int_equal(flow.tcp.scale[1], 6);
	assert_int_equal(flow.timeout, 300);
	assert_int_equal(flow.status, FLOW_ASSURED);
	assert_true(flow.has & FLOW_HAS_TIMEOUT);
	assert_true(flow.has & FLOW_HAS_LABELS);
}

static void
test_news_replaces_every_part_it_names(void **state)
{
	struct flow flow = { 0 };
	struct flow news = {
		.has = FLOW_HAS_SCTP | FLOW_HAS_DCCP | FLOW_HAS_MARK | FLOW_HAS_LABELS |
		       FLOW_HAS_HELPER | FLOW_HAS_SEQADJ | FLOW_HAS_SYNPROXY | FLOW_HAS_MASTER |
		       FLOW_HAS_SOURCE_NAT | FLOW_HAS_DESTINATION_NAT | FLOW_HAS_TIMEOUT |
		       FLOW_HAS_STATUS | FLOW_HAS_TCP,
		.status = FLOW_ASSURED, .timeout = 1, .mark = 2, .tcp = { .state = 3 },
		.sctp = { 4, { 5, 6 } }, .dccp = { 7, 1, 8 }, .source_nat = { { 9 }, 10 },
		.destination_nat = { { 11 }, 12 }, .labels = { 13 }, .helper = "ftp",
		.seqadj = { { 14, 15, 16 }, { 17, 18, 19 } }, .synproxy = { 20, 21, 22 },
		.master = { .source_port = 23 },
	};

	(void)state;
	flow_merge(&flow, &news);
	assert_memory_equal(&flow, &news, sizeof(flow));
}

static void
test_key_is_told_apart_by_every_field(void **state)
{
	struct flow_key a = { .family = 4, .protocol = 6, .source_port = 1 }, b = a;

	(void)state;
	assert_true(flow_key_equal(&a, &b));
	b.zone = 1;
	assert_false(flow_key_equal(&a, &b));
	b = a;
	b.source[15] = 1;
	assert_false(flow_key_equal(&a, &b));
}

static void
test_key_reads_as_an_operator_writes_it(void **state)
{
	struct flow_key key = {
		.source = { 10, 0, 0, 1 }, .destination = { 192, 0, 2, 7 },
		.source_port = 1024, .destination_port = 443, .family = 4, .protocol = 6,
	};
	char text[FLOW_KEY_TEXT_SIZE];

	(void)state;
	assert_string_equal(flow_key_text(&key, text), "tcp 10.0.0.1:1024 > 192.0.2.7:443");
	key.protocol = 1;
	key.destination_port = 8 << 8;
	assert_string_equal(flow_key_text(&key, text),
	                    "icmp 10.0.0.1 > 192.0.2.7 type 8 code 0 id 1024");
	key.protocol = 50;
	key.source_port = key.destination_port = 0;
	assert_string_equal(flow_key_text(&key, text), "protocol 50 10.0.0.1 > 192.0.2.7");
	key = (struct flow_key){
		.source = { 0x20, 1, 0xd, 0xb8, [15] = 1 },
		.destination = { 0x20, 1, 0xd, 0xb8, [15] = 2 },
		.source_port = 5, .destination_port = 53, .family = 6, .protocol = 17,
	};
	assert_string_equal(flow_key_text(&key, text), "udp [2001:db8::1]:5 > [2001:db8::2]:53");
}

static void
test_quantiles_are_right_to_a_step(void **state)
{
	static struct flowtally_times times;

	(void)state;
	assert_int_equal(flowtally_quantile(&times, 500), 0);
	for (unsigned i = 1; i <= 1000; i++)
		flowtally_time(&times, i * NSEC_PER_USEC);
	assert_int_equal(times.count, 1000);
	assert_int_equal(times.longest, 1000 * NSEC_PER_USEC);
	/* The truth, and at most half as much again. */
	for (unsigned q = 10; q <= 1000; q += 10) {
		nsec_t told = flowtally_quantile(&times, q);

		assert_true(told >= q * NSEC_PER_USEC);
		assert_true(told <= q * NSEC_PER_USEC * 3 / 2);
	}
	/* Nothing and very much have their places, too. */
	flowtally_time(&times, 0);
	flowtally_time(&times, 3600 * NSEC_PER_SEC);
	assert_int_equal(flowtally_quantile(&times, 1000), 3600 * NSEC_PER_SEC);
}

static void
test_faults_and_counts_have_names_of_their_own(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FLOW_FAULTS; i++) {
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(flow_fault_name(i), flow_fault_name(k));
	}
	for (unsigned i = 0; i < FLOW_COUNTS; i++) {
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(flow_count_name(i), flow_count_name(k));
	}
	assert_string_equal(flow_fault_name(FLOW_FAULTS), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_news_without_something_keeps_what_was_known),
		cmocka_unit_test(test_news_replaces_every_part_it_names),
		cmocka_unit_test(test_key_is_told_apart_by_every_field),
		cmocka_unit_test(test_key_reads_as_an_operator_writes_it),
		cmocka_unit_test(test_quantiles_are_right_to_a_step),
		cmocka_unit_test(test_faults_and_counts_have_names_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
