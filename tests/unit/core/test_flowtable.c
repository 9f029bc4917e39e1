/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shadow against a plain model of it: what is put in comes out, lists and sums hold through
 * thousands of random changes, and both routers compute the same numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/flowexpect.h"
#include "core/flowtable.h"

static const uint64_t seed[2] = { 0x0123456789abcdef, 0xfedcba9876543210 };

static struct flowtable *
new_table(uint32_t capacity)
{
	struct flowtable *table = calloc(1, sizeof(*table));

	flowtable_init(table, calloc(1, flowtable_size(capacity)), capacity, seed);
	return table;
}

static void
free_table(struct flowtable *table)
{
	free(table->entries);		/* the first thing in the region */
	free(table);
}

static struct flow
flow_of(unsigned number)
{
	struct flow flow = {
		.key = {
			.source = { 10, 1, (uint8_t)(number >> 8), (uint8_t)number },
			.destination = { 192, 0, 2, 1 },
			.source_port = (uint16_t)(1000 + number), .destination_port = 80,
			.family = number % 4 == 3 ? 6 : 4, .protocol = 6,
		},
		.has = FLOW_HAS_TCP | FLOW_HAS_STATUS | FLOW_HAS_TIMEOUT,
		.status = FLOW_ASSURED | FLOW_SEEN_REPLY,
		.timeout = 432000,
		.tcp = { .state = 3, .flags = { 3, 3 }, .scale = { 7, 9 } },
	};

	if (flow.key.family == 6)
		flow.key.destination[15] = 9;
	return flow;
}

static uint32_t
put(struct flowtable *table, const struct flow *flow)
{
	uint64_t hash = flowtable_hash(table, &flow->key);
	uint32_t number = flowtable_find(table, &flow->key, hash);

	if (!number)
		number = flowtable_add(table, &flow->key, hash);
	if (number)
		flowtable_set(table, number, flow);
	return number;
}

static void
expect_back(struct flowtable *table, const struct flow *flow)
{
	uint32_t number = put(table, flow);
	struct flow back;

	assert_int_not_equal(number, 0);
	flowtable_get(table, number, &back);
	assert_memory_equal(&back, flow, sizeof(back));
}

static void
test_every_attribute_comes_back(void **state)
{
	struct flowtable *table = new_table(100);
	struct flow flow = flow_of(1);

	(void)state;
	expect_back(table, &flow);
	flow.has |= FLOW_HAS_MARK | FLOW_HAS_SOURCE_NAT | FLOW_HAS_DESTINATION_NAT;
	flow.mark = 0xdeadbeef;
	flow.source_nat = (struct flow_nat_end){ { 203, 0, 113, 5 }, 40000 };
	flow.destination_nat = (struct flow_nat_end){ { 10, 9, 8, 7 }, 8080 };
	expect_back(table, &flow);
	flow.has |= FLOW_HAS_LABELS | FLOW_HAS_HELPER | FLOW_HAS_SEQADJ | FLOW_HAS_SYNPROXY |
	            FLOW_HAS_MASTER;
	flow.labels[15] = 0x80;
	memcpy(flow.helper, "ftp", 4);
	flow.seqadj[1] = (struct flow_seqadj){ 1, 2, 3 };
	flow.synproxy.offset = 9;
	flow.master = flow_of(2).key;
	expect_back(table, &flow);
	/* ... and goes again. */
	flow = flow_of(1);
	expect_back(table, &flow);

	flow = flow_of(3);
	flow.has |= FLOW_HAS_SOURCE_NAT;
	flow.source_nat = (struct flow_nat_end){ { 0x20, [15] = 1 }, 3 };
	expect_back(table, &flow);
	flow = flow_of(4);
	flow.key.protocol = 132;
	flow.has = FLOW_HAS_SCTP | FLOW_HAS_STATUS | FLOW_HAS_TIMEOUT;
	memset(&flow.tcp, 0, sizeof(flow.tcp));
	flow.sctp.state = 4;
	flow.sctp.tag[0] = 1;
	flow.sctp.tag[1] = 0xffffffff;
	expect_back(table, &flow);
	flow = flow_of(5);
	flow.key.protocol = 33;
	flow.has = FLOW_HAS_DCCP | FLOW_HAS_STATUS | FLOW_HAS_TIMEOUT;
	memset(&flow.tcp, 0, sizeof(flow.tcp));
	flow.dccp.state = 2;
	flow.dccp.role = 1;
	flow.dccp.handshake = UINT64_MAX;
	expect_back(table, &flow);
	free_table(table);
}

static void
test_absent_and_empty_are_one_state(void **state)
{
	struct flowtable *table = new_table(10);
	struct flow flow = flow_of(1);
	uint32_t number = put(table, &flow);
	uint64_t plain = flowtable_state(table, number);

	(void)state;
	flow.has |= FLOW_HAS_MARK | FLOW_HAS_LABELS | FLOW_HAS_SEQADJ | FLOW_HAS_HELPER;
	flow.tcp.flags[0] |= 0x10;	/* "unacknowledged data" is no fact of the flow */
	flow.timeout = 5;
	put(table, &flow);
	assert_int_equal(flowtable_state(table, number), plain);
	flow.mark = 1;
	put(table, &flow);
	assert_int_not_equal(flowtable_state(table, number), plain);
	free_table(table);
}

/* What must make a difference to a state, one at a time. */
static void
test_states_differ_in_every_replicated_fact(void **state)
{
	struct flowtable *table = new_table(10);
	struct flow base = flow_of(1), flow;
	uint64_t seen[16];
	unsigned count = 0;

	(void)state;
#define TRY(change) do { \
		flow = base; \
		change; \
		seen[count++] = flowtable_state(table, put(table, &flow)); \
	} while (0)
	TRY((void)0);
	TRY(flow.tcp.state = 4);
	TRY(flow.tcp.flags[1] = 1);
	TRY(flow.tcp.scale[0] = 1);
	TRY(flow.tcp.scale[1] = 1);
	TRY(flow.status = FLOW_SEEN_REPLY);
	TRY((flow.has |= FLOW_HAS_MARK, flow.mark = 3));
	TRY((flow.has |= FLOW_HAS_SOURCE_NAT, flow.source_nat.port = 3));
	TRY((flow.has |= FLOW_HAS_DESTINATION_NAT, flow.destination_nat.port = 3));
	TRY((flow.has |= FLOW_HAS_SOURCE_NAT, flow.source_nat.address[3] = 3));
	TRY((flow.has |= FLOW_HAS_LABELS, flow.labels[0] = 3));
	TRY((flow.has |= FLOW_HAS_HELPER, flow.helper[0] = 'f'));
	TRY((flow.has |= FLOW_HAS_SEQADJ, flow.seqadj[0].after = 3));
	TRY((flow.has |= FLOW_HAS_SYNPROXY, flow.synproxy.initial = 3));
	TRY((flow.has |= FLOW_HAS_MASTER, flow.master.source_port = 3));
#undef TRY
	for (unsigned i = 0; i < count; i++) {
		for (unsigned k = 0; k < i; k++)
			assert_int_not_equal(seen[i], seen[k]);
	}
	free_table(table);
}

static void
test_two_routers_with_one_seed_agree(void **state)
{
	static const uint64_t other[2] = { 1, 2 };
	struct flowtable *a = new_table(50), *b = new_table(5000), *c = new_table(50);

	(void)state;
	memcpy(c->seed, other, sizeof(other));
	for (unsigned i = 0; i < 50; i++) {
		struct flow one = flow_of(i), two = flow_of(49 - i);
		uint32_t n = put(a, &one), m = put(b, &two);

		flowtable_tell(a, n, flowtable_state(a, n));
		flowtable_tell(b, m, flowtable_state(b, m));
		assert_int_not_equal(flowtable_hash(a, &one.key), flowtable_hash(c, &one.key));
	}
	/* In whatever order, in a table of whatever size. */
	assert_memory_equal(a->sums, b->sums, sizeof(a->sums));
	free_table(a);
	free_table(b);
	free_table(c);
}

static void
test_hash_of_a_key_never_changes(void **state)
{
	struct flowtable *table = new_table(1);
	struct flow flow = flow_of(1);

	(void)state;
	/* Routers of two releases must agree: these numbers are part of the protocol. */
	assert_true(flowtable_hash(table, &flow.key) == 0xd12a410a48c6292fu);
	assert_true(flowtable_state(table, put(table, &flow)) == 0xba922b66ec3ce723u);
	flow = flow_of(3);
	assert_true(flowtable_hash(table, &flow.key) == 0x31df8b1e905c8178u);
	free_table(table);
}

/* A table of 64 under random changes, beside a plain array that says what must be in it. */
static void
test_random_changes_keep_lists_chains_and_sums(void **state)
{
	enum { FLOWS = 200, CAPACITY = 64 };
	struct flowtable *table = new_table(CAPACITY);
	bool there[FLOWS] = { false };
	uint32_t numbers[FLOWS] = { 0 };
	unsigned count = 0;

	(void)state;
	srandom(1);
	for (unsigned step = 0; step < 20000; step++) {
		unsigned which = (unsigned)random() % FLOWS;
		struct flow flow = flow_of(which);
		uint64_t hash = flowtable_hash(table, &flow.key);

		assert_int_equal(flowtable_find(table, &flow.key, hash), numbers[which]);
		if (random() % 8 == 0) {
			flow.has |= FLOW_HAS_LABELS;
			flow.labels[0] = (uint8_t)(1 + step % 255);
		}
		if (!there[which]) {
			numbers[which] = flowtable_add(table, &flow.key, hash);
			assert_int_equal(numbers[which] == 0, count == CAPACITY);
			there[which] = numbers[which] != 0;
			count += there[which];
			if (there[which])
				flowtable_set(table, numbers[which], &flow);
		} else if (random() % 3 == 0) {
			flowtable_remove(table, numbers[which]);
			there[which] = false;
			numbers[which] = 0;
			count--;
		} else {
			flowtable_set(table, numbers[which], &flow);
			flowtable_tell(table, numbers[which], random() % 4 == 0 ? 0 :
			               flowtable_state(table, numbers[which]));
			flowtable_move(table, numbers[which],
			               (enum flowtable_list)(random() % FLOWTABLE_LISTS));
		}
		assert_int_equal(table->count, count);
		assert_int_equal(table->alive, count);
	}

	uint64_t sum = 0, all = 0;
	uint32_t listed = 0, in_lists = 0, walked = 0;

	for (unsigned i = 0; i < FLOWS; i++) {
		if (there[i]) {
			sum += flowtable_entry(table, numbers[i])->told;
			listed += flowtable_entry(table, numbers[i])->list != FLOWTABLE_NONE;
		}
	}
	for (unsigned b = 0; b < FLOWTABLE_BUCKETS; b++) {
		all += table->sums[b];
		for (uint32_t n = flowtable_next(table, b, 0); n; n = flowtable_next(table, b, n)) {
			assert_int_equal(flowtable_bucket(flowtable_entry(table, n)->hash), b);
			walked++;
		}
	}
	for (unsigned l = FLOWTABLE_NONE + 1; l < FLOWTABLE_LISTS; l++) {
		uint32_t before = 0, n = flowtable_first(table, l), length = 0;

		for (; n; before = n, n = flowtable_entry(table, n)->next, length++)
			assert_int_equal(flowtable_entry(table, n)->previous, before);
		assert_int_equal(length, flowtable_listed(table, l));
		in_lists += length;
	}
	assert_true(sum == all);
	assert_int_equal(listed, in_lists);
	assert_int_equal(walked, count);
	free_table(table);
}

static void
test_list_is_a_queue(void **state)
{
	struct flowtable *table = new_table(10);
	uint32_t n[4];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct flow flow = flow_of(i);

		n[i] = put(table, &flow);
		flowtable_move(table, n[i], FLOWTABLE_DIRTY);
	}
	flowtable_move(table, n[1], FLOWTABLE_HELD);	/* from the middle */
	flowtable_move(table, n[0], FLOWTABLE_DIRTY);	/* from the first to the last place */
	assert_int_equal(flowtable_first(table, FLOWTABLE_DIRTY), n[2]);
	flowtable_remove(table, n[2]);
	assert_int_equal(flowtable_first(table, FLOWTABLE_DIRTY), n[3]);
	flowtable_move(table, n[3], FLOWTABLE_NONE);
	assert_int_equal(flowtable_first(table, FLOWTABLE_DIRTY), n[0]);
	assert_int_equal(flowtable_listed(table, FLOWTABLE_DIRTY), 1);
	assert_int_equal(flowtable_first(table, FLOWTABLE_HELD), n[1]);
	free_table(table);
}

static void
test_plain_flow_takes_little_memory(void **state)
{
	(void)state;
	/* Entry and index of IPv4; of IPv6 32 bytes more. */
	assert_true(sizeof(struct flowtable_entry) + 2 * sizeof(uint32_t) <= 96);
}

static struct flow_expectation
expectation_of(unsigned number)
{
	return (struct flow_expectation){
		.master = flow_of(1).key,
		.expected = flow_of(number).key,
		.mask = { .family = 4, .protocol = 6, .destination_port = 0xffff },
		.timeout = 300, .helper = "ftp",
	};
}

static void
test_expectations_are_found_queued_and_summed(void **state)
{
	struct flowtable *table = new_table(1);
	void *region = calloc(1, flowexpect_size(3));
	struct flowexpect expect;
	struct flow_expectation x[4] = {
		expectation_of(4), expectation_of(5), expectation_of(6), expectation_of(8),
	};
	uint32_t n[4];

	(void)state;
	flowexpect_init(&expect, region, 3, table);
	for (unsigned i = 0; i < 4; i++) {
		n[i] = flowexpect_add(&expect, &x[i]);
		if (n[i])
			flowexpect_set(&expect, n[i], &x[i]);
	}
	assert_int_equal(n[3], 0);
	assert_int_equal(expect.alive, 3);
	flowexpect_queue(&expect, n[1]);
	flowexpect_queue(&expect, n[0]);
	flowexpect_queue(&expect, n[1]);
	assert_int_equal(expect.queued, 2);
	assert_int_equal(flowexpect_first(&expect), n[1]);
	flowexpect_unqueue(&expect);
	assert_int_equal(flowexpect_first(&expect), n[0]);
	for (unsigned i = 0; i < 3; i++)
		flowexpect_tell(&expect, n[i], flowexpect_state(&expect, n[i]));
	assert_true(expect.sum != 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(flowexpect_find(&expect, &x[i]), n[i]);
		flowexpect_remove(&expect, n[i]);
		assert_int_equal(flowexpect_find(&expect, &x[i]), 0);
	}
	assert_true(expect.sum == 0);
	/* A number still in the queue names nobody until it is used again. */
	assert_false(flowexpect_entry(&expect, flowexpect_first(&expect))->used);
	assert_int_not_equal(flowexpect_add(&expect, &x[3]), 0);
	free(region);
	free_table(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_attribute_comes_back),
		cmocka_unit_test(test_absent_and_empty_are_one_state),
		cmocka_unit_test(test_states_differ_in_every_replicated_fact),
		cmocka_unit_test(test_two_routers_with_one_seed_agree),
		cmocka_unit_test(test_hash_of_a_key_never_changes),
		cmocka_unit_test(test_random_changes_keep_lists_chains_and_sums),
		cmocka_unit_test(test_list_is_a_queue),
		cmocka_unit_test(test_plain_flow_takes_little_memory),
		cmocka_unit_test(test_expectations_are_found_queued_and_summed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
