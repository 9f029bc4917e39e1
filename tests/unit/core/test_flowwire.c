/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of connection synchronisation: golden ones written by hand after
 * docs/protocol-connsync.md, sizes that are promised, and what must be refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/flowwire.h"

static size_t
from_hex(const char *hex, uint8_t *bytes)
{
	size_t length = 0;

	for (; *hex; hex++) {
		char digits[3] = { hex[0], hex[1] };

		if (*hex == ' ')
			continue;
		bytes[length++] = (uint8_t)strtoul(digits, NULL, 16);
		hex++;
	}
	return length;
}

static struct flow
tcp4(void)
{
	return (struct flow){
		.key = {
			.source = { 10, 0, 0, 1 }, .destination = { 192, 0, 2, 7 },
			.source_port = 1024, .destination_port = 443, .family = 4, .protocol = 6,
		},
		.has = FLOW_HAS_TCP | FLOW_HAS_STATUS | FLOW_HAS_TIMEOUT,
		.status = FLOW_SEEN_REPLY | FLOW_ASSURED,
		.timeout = 432000,
		.tcp = { .state = 3, .flags = { 3, 3 }, .scale = { 7, 9 } },
	};
}

static struct flow
everything(void)
{
	struct flow flow = tcp4();

	flow.key = (struct flow_key){
		.source = { 0x20, 1, 0xd, 0xb8, [15] = 1 },
		.destination = { 0x20, 1, 0xd, 0xb8, [15] = 2 },
		.source_port = 1024, .destination_port = 443, .zone = 9, .family = 6,
		.protocol = 99,
	};
	flow.has |= FLOW_HAS_SCTP | FLOW_HAS_DCCP | FLOW_HAS_MARK | FLOW_HAS_LABELS |
	            FLOW_HAS_HELPER | FLOW_HAS_SEQADJ | FLOW_HAS_SYNPROXY | FLOW_HAS_MASTER |
	            FLOW_HAS_SOURCE_NAT | FLOW_HAS_DESTINATION_NAT;
	flow.timeout = UINT32_MAX;
	flow.mark = 0x01020304;
	flow.sctp.state = 3;
	flow.sctp.tag[0] = 5;
	flow.sctp.tag[1] = 6;
	flow.dccp.state = 1;
	flow.dccp.role = 1;
	flow.dccp.handshake = 0x1122334455667788;
	flow.source_nat = (struct flow_nat_end){ { 0x20, [15] = 3 }, 5000 };
	flow.destination_nat = (struct flow_nat_end){ { 0x20, [15] = 4 }, 6000 };
	memset(flow.labels, 0xa5, sizeof(flow.labels));
	memcpy(flow.helper, "netbios-ns-long", 16);
	flow.seqadj[0] = (struct flow_seqadj){ 1, 2, 3 };
	flow.seqadj[1] = (struct flow_seqadj){ 4, 5, 6 };
	flow.synproxy.initial = 7;
	flow.synproxy.timestamp = 8;
	flow.synproxy.offset = 9;
	flow.master = flow.key;
	flow.master.zone = 0;
	flow.master.protocol = 17;
	return flow;
}

static struct flow_expectation
expectation(void)
{
	struct flow flow = everything();
	struct flow_expectation x = {
		.master = tcp4().key, .expected = tcp4().key,
		.mask = { .family = 4, .protocol = 6, .destination_port = 0xffff },
		.timeout = 300, .class = 1, .flags = 5, .helper = "ftp",
		.function = "nat-follow-master", .nat_direction = 1, .has_nat = true,
		.nat = flow.key,
	};

	memset(x.mask.source, 0xff, 4);
	return x;
}

static size_t
encode(const struct flow *flow, uint8_t bytes[FLOWWIRE_RECORD_MAX])
{
	struct writer out = writer_over(bytes, FLOWWIRE_RECORD_MAX);

	flowwire_write_upsert(&out, flow);
	assert_false(out.overflow);
	return writer_length(&out);
}

static void
expect_bytes(const struct flow *flow, const char *hex)
{
	uint8_t bytes[FLOWWIRE_RECORD_MAX], expected[FLOWWIRE_RECORD_MAX];
	size_t length = encode(flow, bytes);

	assert_int_equal(length, from_hex(hex, expected));
	assert_memory_equal(bytes, expected, length);
}

static void
expect_back(const struct flow *flow)
{
	uint8_t bytes[FLOWWIRE_RECORD_MAX];
	struct reader in = reader_over(bytes, encode(flow, bytes));
	static struct flowwire_record record;

	assert_int_equal(flowwire_read_record(&in, &record), FLOW_OK);
	assert_int_equal(reader_left(&in), 0);
	assert_int_equal(record.kind, FLOWWIRE_UPSERT);
	assert_memory_equal(&record.flow, flow, sizeof(*flow));
}

static void
test_plain_upsert_is_twenty_bytes(void **state)
{
	struct flow flow = tcp4();

	(void)state;
	/* kind and key, addresses, ports, bits, timeout, TCP */
	expect_bytes(&flow, "00 0a000001 c0000207 0400 01bb 07 80af1a 03 33 97");
	expect_back(&flow);
}

static void
test_translated_upsert_names_the_new_ends(void **state)
{
	struct flow flow = tcp4();

	(void)state;
	flow.has |= FLOW_HAS_SOURCE_NAT | FLOW_HAS_MARK;
	flow.mark = 0x2a;
	flow.source_nat = (struct flow_nat_end){ { 203, 0, 113, 5 }, 40000 };
	expect_bytes(&flow, "00 0a000001 c0000207 0400 01bb 1f 80af1a 03 33 97 0000002a "
	             "cb007105 9c40");
	expect_back(&flow);
}

static void
test_udp_of_ipv6_in_a_zone_is_written_so(void **state)
{
	struct flow flow = {
		.key = {
			.source = { 0x20, 1, 0xd, 0xb8, [15] = 1 },
			.destination = { 0x20, 1, 0xd, 0xb8, [15] = 2 },
			.source_port = 5, .destination_port = 53, .zone = 7, .family = 6,
			.protocol = 17,
		},
		.has = FLOW_HAS_STATUS | FLOW_HAS_TIMEOUT,
		.timeout = 30,
	};

	(void)state;
	expect_bytes(&flow, "1c 0007 20010db8000000000000000000000001 "
	             "20010db8000000000000000000000002 0005 0035 00 1e");
	expect_back(&flow);
}

static void
test_everything_at_once_comes_back(void **state)
{
	struct flow flow = everything();

	(void)state;
	expect_back(&flow);
	/* Each rare part alone, too. */
	for (unsigned bit = 0; bit < 13; bit++) {
		struct flow whole = everything(), one = {
			.key = whole.key, .has = FLOW_HAS_STATUS | FLOW_HAS_TIMEOUT, .timeout = 1,
		};

		whole.has = 1u << bit;
		if (whole.has & (FLOW_HAS_STATUS | FLOW_HAS_TIMEOUT))
			continue;
		flow_merge(&one, &whole);
		expect_back(&one);
	}
}

static void
test_delete_is_a_kind_and_a_key(void **state)
{
	struct flow flow = tcp4();
	uint8_t bytes[64], expected[64];
	struct writer out = writer_over(bytes, sizeof(bytes));
	struct flowwire_record record;
	struct reader in;

	(void)state;
	flowwire_write_delete(&out, &flow.key);
	assert_int_equal(writer_length(&out), 13);
	assert_int_equal(from_hex("01 0a000001 c0000207 0400 01bb", expected), 13);
	assert_memory_equal(bytes, expected, 13);
	in = reader_over(bytes, 13);
	assert_int_equal(flowwire_read_record(&in, &record), FLOW_OK);
	assert_int_equal(record.kind, FLOWWIRE_DELETE);
	assert_true(flow_key_equal(&record.flow.key, &flow.key));
}

static void
test_expectation_comes_back(void **state)
{
	struct flow_expectation x = expectation();
	uint8_t bytes[FLOWWIRE_RECORD_MAX];

	(void)state;
	for (unsigned kind = FLOWWIRE_EXPECT; kind <= FLOWWIRE_UNEXPECT; kind++) {
		struct writer out = writer_over(bytes, sizeof(bytes));
		static struct flowwire_record record;
		struct reader in;

		flowwire_write_expectation(&out, kind, &x);
		assert_false(out.overflow);
		in = reader_over(bytes, writer_length(&out));
		assert_int_equal(flowwire_read_record(&in, &record), FLOW_OK);
		assert_int_equal(record.kind, kind);
		assert_int_equal(reader_left(&in), 0);
		assert_memory_equal(&record.expectation, &x, sizeof(x));
		x.has_nat = false;
		memset(&x.nat, 0, sizeof(x.nat));
	}
}

static void
test_cut_record_is_short_at_every_length(void **state)
{
	struct flow flow = everything();
	struct flow_expectation x = expectation();
	uint8_t bytes[2][FLOWWIRE_RECORD_MAX];
	struct writer out = writer_over(bytes[1], FLOWWIRE_RECORD_MAX);
	size_t lengths[2];

	(void)state;
	lengths[0] = encode(&flow, bytes[0]);
	flowwire_write_expectation(&out, FLOWWIRE_EXPECT, &x);
	lengths[1] = writer_length(&out);
	for (unsigned i = 0; i < 2; i++) {
		for (size_t length = 0; length < lengths[i]; length++) {
			struct reader in = reader_over(bytes[i], length);
			struct flowwire_record record;

			assert_int_equal(flowwire_read_record(&in, &record), FLOW_SHORT);
		}
	}
}

static void
test_senseless_record_is_refused(void **state)
{
	static const char *const records[] = {
		/* unknown bits of the key, of the flow, of the rare ones */
		"40 0a000001 c0000207 0400 01bb 07 80af1a 03 33 97",
		"80 0a000001 c0000207 0400 01bb 07 80af1a 03 33 97",
		"00 0a000001 c0000207 0400 01bb 80 1e",
		"00 0a000001 c0000207 0400 01bb 40 1e 80",
		/* rare, and nothing rare; a zone that is none; a usual protocol in the long form */
		"00 0a000001 c0000207 0400 01bb 40 1e 00",
		"08 0000 0a000001 c0000207 0400 01bb 00 1e",
		"30 06 0a000001 c0000207 0400 01bb 00 1e",
		/* a number that never ends, one that is too large */
		"00 0a000001 c0000207 0400 01bb 00 ffffffffff",
		"00 0a000001 c0000207 0400 01bb 00 ffffffff7f",
		/* a helper without a name, too long, or not to be printed */
		"00 0a000001 c0000207 0400 01bb 40 1e 02 00",
		"00 0a000001 c0000207 0400 01bb 40 1e 02 10 61616161616161616161616161616161",
		"00 0a000001 c0000207 0400 01bb 40 1e 02 01 1b",
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(records); i++) {
		uint8_t bytes[128];
		struct reader in = reader_over(bytes, from_hex(records[i], bytes));
		struct flowwire_record record;

		if (flowwire_read_record(&in, &record) != FLOW_RECORD)
			fail_msg("accepted: %s", records[i]);
	}
}

static void
test_head_is_twenty_two_bytes(void **state)
{
	struct flowwire_head head = {
		.type = FLOWWIRE_DATA, .session = 0x01020304, .epoch = 5, .sequence = 0x11121314,
		.floor = 0x11121300, .time = 9,
	}, back;
	uint8_t bytes[64], expected[64];
	struct writer out = writer_over(bytes, sizeof(bytes));
	struct reader in = reader_over(bytes, FLOWWIRE_HEAD_SIZE);

	(void)state;
	flowwire_write_head(&out, &head);
	assert_int_equal(writer_length(&out), FLOWWIRE_HEAD_SIZE);
	assert_int_equal(from_hex("11 00 01020304 00000005 11121314 11121300 00000009", expected),
	                 FLOWWIRE_HEAD_SIZE);
	assert_memory_equal(bytes, expected, FLOWWIRE_HEAD_SIZE);
	assert_int_equal(flowwire_read_head(&in, &back), FLOW_OK);
	assert_memory_equal(&back, &head, sizeof(head));

	bytes[0] = 0x21;
	in = reader_over(bytes, FLOWWIRE_HEAD_SIZE);
	assert_int_equal(flowwire_read_head(&in, &back), FLOW_VERSION);
	bytes[0] = 0x13;
	in = reader_over(bytes, FLOWWIRE_HEAD_SIZE);
	assert_int_equal(flowwire_read_head(&in, &back), FLOW_TYPE);
	for (size_t length = 0; length < FLOWWIRE_HEAD_SIZE; length++) {
		in = reader_over(bytes, length);
		assert_int_equal(flowwire_read_head(&in, &back), FLOW_SHORT);
	}
}

static void
test_messages_say_their_length_and_come_back(void **state)
{
	struct flowwire_hello hello = {
		.oldest = 1, .newest = 1, .node = { 1, 2, 3 }, .nonce = 4, .check = 5,
		.claim = { .active = true, .own = true, .epoch = 6 }, .capacity = 7, .flows = 8,
		.sequence = 9,
	}, hello_back;
	struct flowwire_status status = {
		.claim = { .active = false, .own = true, .epoch = 3 },
		.readiness = FLOWSYNC_SYNCED, .flows = 4, .refused = 5,
	}, status_back;
	struct flowwire_claim claim = { .active = true, .epoch = 77 }, claim_back;
	uint8_t bytes[256], expected[256];
	struct writer out = writer_over(bytes, sizeof(bytes));
	struct reader body;

	(void)state;
	flowwire_write_role(&out, &claim);
	assert_int_equal(from_hex("0006 02 01 0000004d", expected), writer_length(&out));
	assert_memory_equal(bytes, expected, writer_length(&out));
	body = reader_over(bytes + 3, writer_length(&out) - 3);
	assert_int_equal(flowwire_read_role(body, &claim_back), FLOW_OK);
	assert_int_equal(claim_back.epoch, 77);
	claim.listens = true;
	out = writer_over(bytes, sizeof(bytes));
	flowwire_write_role(&out, &claim);
	assert_int_equal(bytes[3], 5);
	assert_int_equal(flowwire_read_role(body, &claim_back), FLOW_OK);
	assert_true(claim_back.listens);
	bytes[3] = 8;
	assert_int_equal(flowwire_read_role(body, &claim_back), FLOW_TYPE);

	out = writer_over(bytes, sizeof(bytes));
	flowwire_write_hello(&out, &hello);
	assert_int_equal(bytes[0] << 8 | bytes[1], writer_length(&out) - 2);
	body = reader_over(bytes + 3, writer_length(&out) - 3);
	assert_int_equal(flowwire_read_hello(body, &hello_back), FLOW_OK);
	assert_memory_equal(&hello_back.node, &hello.node, sizeof(hello.node));
	assert_int_equal(hello_back.sequence, 9);
	assert_true(hello_back.claim.own);
	for (size_t i = 0; i < writer_length(&out) - 3; i++)
		assert_int_equal(flowwire_read_hello(reader_over(bytes + 3, i), &hello_back),
		                 FLOW_SHORT);

	out = writer_over(bytes, sizeof(bytes));
	flowwire_write_status(&out, &status);
	body = reader_over(bytes + 3, writer_length(&out) - 3);
	assert_int_equal(flowwire_read_status(body, &status_back), FLOW_OK);
	assert_int_equal(status_back.readiness, FLOWSYNC_SYNCED);
	assert_int_equal(status_back.refused, 5);
	/* What a later version adds is not looked at. */
	body = reader_over(bytes + 3, writer_length(&out) - 3 + 10);
	assert_int_equal(flowwire_read_status(body, &status_back), FLOW_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_upsert_is_twenty_bytes),
		cmocka_unit_test(test_translated_upsert_names_the_new_ends),
		cmocka_unit_test(test_udp_of_ipv6_in_a_zone_is_written_so),
		cmocka_unit_test(test_everything_at_once_comes_back),
		cmocka_unit_test(test_delete_is_a_kind_and_a_key),
		cmocka_unit_test(test_expectation_comes_back),
		cmocka_unit_test(test_cut_record_is_short_at_every_length),
		cmocka_unit_test(test_senseless_record_is_refused),
		cmocka_unit_test(test_head_is_twenty_two_bytes),
		cmocka_unit_test(test_messages_say_their_length_and_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
